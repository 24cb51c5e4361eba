//! `textslash sandbox`: the whole way on one machine. Vendors are simulated in this process; the
//! relay and the VM are processes of their own.

use std::future::Future;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use adapters::channel::Channel;
use adapters::console::{ConsoleChannel, Terminal};
use adapters::web::client::{RelayLink, WebClient, talk};
use clap::builder::{PossibleValue, PossibleValuesParser};
use textslash::config::{ALLOW_SANDBOX, Environment, VendorEndpoints};
use textslash::onboarding::{Catalogue, Onboarding};
use textslash::phrase;
use textslash::quota::Quotas;
use textslash::sandbox::fly::{FACES, nothing};
use textslash::sandbox::{Leftovers, Sandbox, SandboxOptions};
use textslash::secret::{Audience, Secret, SecretKind};
use textslash::spec::{AgentKind, Images, RelayChannel, Spec};
use tokio::sync::mpsc;

use crate::connections::Connections;
use crate::exit::ExitReason;
use crate::{report, signals};

mod link_observer;
mod script;

use link_observer::LinkObserver;
use script::TerminalScript;

/// How often it is looked whether the relay is gone, after which nobody is there to talk to.
const LOOK_INTERVAL: Duration = Duration::from_millis(200);

/// How long a script waits for a text: the slowest thing in a sandbox is a machine that wakes.
const PATIENCE_S: u64 = 60;

/// The longest that it may be told to wait for a text: a day.
const PATIENCE_MAX_S: u64 = 24 * 60 * 60;

/// A number that is nobody's: 555-01xx is kept for stories.
const WHATSAPP_NUMBER: &str = "+15550100199";

#[derive(clap::Args)]
pub struct SandboxArguments {
    /// Only run the simulated vendors, print their settings as NAME=value lines, and wait.
    #[arg(long, conflicts_with = "script")]
    serve: bool,
    /// Play a file: each line is typed, except those that start with `? `, which wait until that
    /// text was shown, and those that start with `#`.
    #[arg(long)]
    script: Option<PathBuf>,
    /// How long the script waits for a text before it gives up, in seconds.
    #[arg(long, value_name = "SECONDS", default_value_t = PATIENCE_S, requires = "script",
        value_parser = clap::value_parser!(u64).range(1..=PATIENCE_MAX_S))]
    patience: u64,
    /// What the simulated Fly.io account is like.
    #[arg(long, value_name = "NAME", default_value = "paid", value_parser = faces())]
    face: String,
}

fn faces() -> PossibleValuesParser {
    FACES.map(|(word, meaning)| PossibleValue::new(word).help(meaning)).into()
}

pub async fn run(arguments: SandboxArguments) -> anyhow::Result<ExitReason> {
    let told = signals::shutdown_signal()?;
    let patience = Duration::from_secs(arguments.patience);
    let script = arguments.script.map(|path| TerminalScript::read(&path, patience)).transpose()?;
    let sandbox = Sandbox::start(SandboxOptions::this_program()?).await?;
    sandbox.fly().organisations().set_face(&arguments.face);
    let end = if arguments.serve {
        serve(&sandbox, told).await
    } else {
        converse(&sandbox, script, told).await
    };
    let remains = sandbox.stop().await;
    say_remains(&remains);
    end
}

/// Prints what another program needs to take this sandbox for the real vendors, and waits.
async fn serve(sandbox: &Sandbox, told: impl Future<Output = ()>) -> anyhow::Result<ExitReason> {
    let images = images();
    let telegram = sandbox.telegram().mint_bot("textslash_sandbox_bot");
    sandbox.telegram().let_make_bots(&telegram);
    sandbox.twilio().add_sender(WHATSAPP_NUMBER);
    let credentials = [
        ("FLY_API_TOKEN", sandbox.fly_token().to_owned()),
        ("ANTHROPIC_API_KEY", sandbox.model_key().to_owned()),
        ("DISCORD_BOT_TOKEN", sandbox.discord().mint_bot("textslash_sandbox_bot")),
        ("TELEGRAM_BOT_TOKEN", telegram),
        ("TWILIO_ACCOUNT_SID", sandbox.twilio().account_sid().to_owned()),
        ("TWILIO_AUTH_TOKEN", sandbox.twilio().auth_token().to_owned()),
        ("TWILIO_WHATSAPP_NUMBER", WHATSAPP_NUMBER.to_owned()),
        ("TEXTSLASH_RELAY_IMAGE", images.relay),
        ("TEXTSLASH_VM_IMAGE", images.vm),
        (ALLOW_SANDBOX, "1".to_owned()),
    ];
    for (name, value) in sandbox.base_urls().into_iter().chain(credentials) {
        report::print(&format!("{name}={value}"));
    }
    report::say(&phrase!(report::locale(), "cli-sandbox-serving"));
    told.await;
    Ok(ExitReason::Interrupted)
}

/// The conversation with the bot, and, once it is deployed, with one's own relay.
async fn converse(
    sandbox: &Sandbox,
    script: Option<TerminalScript>,
    told: impl Future<Output = ()>,
) -> anyhow::Result<ExitReason> {
    let connections = connections(sandbox).await?;
    let onboarding = onboarding(sandbox, &connections);
    let (terminal, played) = match script {
        Some(script) => script.play(),
        None => (Terminal::of_stdio(), None),
    };
    let (links, deployed) = mpsc::channel(1);
    let console = LinkObserver::new(ConsoleChannel::new(terminal.voice("bot")), links);
    terminal.notice(&phrase!(report::locale(), "cli-sandbox-welcome"));
    let conversation = onboarding.run(Arc::new(console) as Arc<dyn Channel>);
    let end = tokio::select! {
        ended = conversation => ended.map(|()| ExitReason::Done),
        () = accompany(sandbox, &terminal, deployed) => Ok(ExitReason::Done),
        () = told => Ok(ExitReason::Interrupted),
    };
    match played {
        Some(played) => played.verdict().and(end),
        None => end,
    }
}

/// Connects the terminal to each relay that is deployed, for as long as it exists.
async fn accompany(
    sandbox: &Sandbox,
    terminal: &Terminal,
    mut deployed: mpsc::Receiver<RelayLink>,
) {
    let relay = terminal.voice("relay");
    while let Some(link) = deployed.recv().await {
        let client = WebClient::connect(link);
        terminal.switch_to("relay");
        relay.notice(&phrase!(report::locale(), "cli-sandbox-relay"));
        tokio::select! {
            _ = talk(&relay, &client) => {}
            () = gone(sandbox) => {}
        }
        terminal.switch_to("bot");
    }
    std::future::pending().await
}

async fn gone(sandbox: &Sandbox) {
    while sandbox.inventory() != nothing() {
        tokio::time::sleep(LOOK_INTERVAL).await;
    }
}

async fn connections(sandbox: &Sandbox) -> anyhow::Result<Connections> {
    let urls = sandbox.base_urls();
    let mut settings: Vec<_> = urls.iter().map(|(name, url)| (*name, url.as_str())).collect();
    settings.push((ALLOW_SANDBOX, "1"));
    let directory = sandbox.directory().join("bot");
    Connections::open(VendorEndpoints::read(&Environment::of(&settings))?, &directory).await
}

fn onboarding(sandbox: &Sandbox, connections: &Connections) -> Onboarding {
    // Each is judged when it is used, and bound to its hosts then.
    let lent =
        |kind, value: &str| Arc::new(Secret::new(kind, value.to_owned(), Audience::nobody()));
    let token = lent(SecretKind::FlyToken, sandbox.fly_token());
    let model_key = lent(SecretKind::ModelKey, sandbox.model_key());
    let catalogue = Catalogue {
        channels: vec![RelayChannel::Web],
        agents: vec![AgentKind::Shell, AgentKind::Claude],
        images: images(),
        daily_tokens: Spec::DAILY_TOKENS,
        quotas: Quotas::UNLIMITED,
        invitations: Vec::new(),
    };
    connections.onboarding(catalogue, vec![token, model_key], None)
}

/// The simulated registry has every image that is pinned by digest.
fn images() -> Images {
    let digest = "0".repeat(64);
    Images {
        relay: format!("ghcr.io/textslash/relay@sha256:{digest}"),
        vm: format!("ghcr.io/textslash/vm@sha256:{digest}"),
    }
}

fn say_remains(remains: &Leftovers) {
    if remains.inventory == nothing() {
        report::say(&phrase!(report::locale(), "cli-sandbox-empty"));
    } else {
        let inventory = remains.inventory.to_string();
        report::say(&phrase!(report::locale(), "cli-sandbox-remains", inventory = inventory));
    }
}
