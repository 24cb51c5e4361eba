//! `textslash bot`: the hosted onboarding bot, on every chat service whose credentials are in the
//! environment.

use std::sync::Arc;
use std::time::Duration;

use adapters::telegram::verify_init_data;
use anyhow::{Context, bail};
use axum::Router;
use textslash::clock::Clock;
use textslash::cloud::fly::CLIENT_HEADER;
use textslash::config::{
    ALLOW_SANDBOX, BotSettings, Environment, ListenAddress, daily_tokens, images,
};
use textslash::forms::Forms;
use textslash::metrics::Exposition;
use textslash::onboarding::{Catalogue, HostedForms, Onboarding};
use textslash::quota::Quotas;
use textslash::spec::{AgentKind, RelayChannel};
use textslash::web::bot::{
    self, AddressSource, BotServer, FormEndpoint, IdentityVerifiers, MetricsEndpoint,
};
use textslash::{store, telemetry};
use tokio::sync::oneshot;
use tokio::task::{JoinError, JoinHandle, JoinSet};

use crate::connections::{Connections, data_dir};
use crate::exit::ExitReason;
use crate::signals;

mod arguments;
mod services;

pub use arguments::BotArguments;

use services::ServiceStart;

/// How old what a Mini App was opened with may be: a form lives a quarter of an hour.
const INIT_DATA_AGE_MAX_MS: u64 = 15 * 60 * 1000;

/// How long what was acknowledged has to be answered when the process ends, after the 15 seconds of
/// requests in flight; fly.toml gives both 30 seconds.
const GRACE: Duration = Duration::from_secs(10);

/// The conversations on each channel, by its name.
type ChannelTasks = JoinSet<(&'static str, anyhow::Result<()>)>;

pub async fn run(arguments: BotArguments) -> anyhow::Result<ExitReason> {
    let told = signals::shutdown_signal()?;
    let environment = arguments.environment();
    let settings = BotSettings::read(&environment)?;
    let images = images(&environment)?;
    let _claim = store::claim(&data_dir(&environment)?)?;
    let exposition = Exposition::start()?;
    let connections = Connections::of_environment(&environment).await?;
    let listener = ListenAddress::read(&environment)?.open().await?;
    let connections = Arc::new(connections);
    let services = services::of(&settings);
    let routes = services.iter().map(ServiceStart::router).fold(Router::new(), Router::merge);
    let catalogue = Catalogue {
        channels: RelayChannel::ALL.to_vec(),
        agents: agents(&environment)?,
        images,
        daily_tokens: daily_tokens(&environment)?,
        quotas: Quotas { all: settings.deployments_a_day_max, ..Quotas::PUBLIC },
        invitations: settings.invitations.clone(),
    };
    let forms = settings.public_url.clone().map(|public_url| {
        let forms = Forms::new(connections.random.clone());
        HostedForms { forms, public_url }
    });
    let held = forms.as_ref().map(|at| at.forms.clone());
    let onboarding = connections.onboarding(catalogue, Vec::new(), forms);
    let forms = held.map(|forms| FormEndpoint {
        forms,
        onboarding: onboarding.clone(),
        identity_verifiers: vouchers(&settings, connections.clock.clone()),
    });
    let caller = if settings.behind_fly_proxy {
        AddressSource::Header(CLIENT_HEADER)
    } else {
        AddressSource::Peer
    };
    let metrics =
        MetricsEndpoint { exposition: exposition.clone(), token: settings.metrics_token.clone() };
    let integrity =
        connections.database.integrity().context("the database is not watched")?.clone();
    let door = BotServer { integrity: integrity.clone(), routes, forms, metrics, caller };
    let talks = talk(&onboarding, services, &connections);
    let (close, closed) = oneshot::channel::<()>();
    let server = tokio::spawn(bot::serve(door, listener, async { drop(closed.await) }));
    tokio::select! {
        end = until_over(told, talks, &onboarding, close, server) => end,
        never = exposition.upkeep() => match never {},
        damage = integrity.damaged() => {
            bail!("{damage}, so the bot ends: what it took from now on would be lost")
        }
    }
}

/// Waits until the process is told to end or a channel has ended, then ends in order: nothing more
/// is let in and what is in flight is answered; then what was acknowledged is answered.
async fn until_over(
    told: impl Future<Output = ()>,
    mut talks: ChannelTasks,
    onboarding: &Onboarding,
    close: oneshot::Sender<()>,
    server: JoinHandle<()>,
) -> anyhow::Result<ExitReason> {
    let end = tokio::select! {
        () = told => Ok(ExitReason::Interrupted),
        Some(ended) = talks.join_next() => Err(why_over(ended)),
    };
    // It waits for this or is gone itself.
    let _ = close.send(());
    server.await.map_err(|error| telemetry::ended(&error))?;
    onboarding.stop();
    // What takes longer is carried on by the next process from what is on disk.
    let finished = async { while talks.join_next().await.is_some() {} };
    let _ = tokio::time::timeout(GRACE, finished).await;
    end
}

fn why_over(ended: Result<(&'static str, anyhow::Result<()>), JoinError>) -> anyhow::Error {
    match ended {
        Ok((channel, Ok(()))) => anyhow::anyhow!(
            "{channel} has ended for good: its credential was revoked or is refused. Set a new \
             one and start the bot again"
        ),
        Ok((channel, Err(error))) => error.context(channel),
        Err(error) => telemetry::ended(&error),
    }
}

/// Telegram says who has opened a Mini App of its bot.
fn vouchers(settings: &BotSettings, clock: Clock) -> IdentityVerifiers {
    let mut vouchers = IdentityVerifiers::new();
    if let Some(telegram) = &settings.telegram {
        let token = telegram.token.clone();
        let voucher = move |init_data: &str| {
            let now_ms = clock.now_ms();
            let opened = verify_init_data(&token, init_data, now_ms, INIT_DATA_AGE_MAX_MS);
            opened.ok().map(|opened| opened.user)
        };
        vouchers.insert(RelayChannel::Telegram.word().to_owned(), Box::new(voucher));
    }
    vouchers
}

/// A simulated model needs no key, and neither does the shell agent.
fn agents(environment: &Environment<'_>) -> anyhow::Result<Vec<AgentKind>> {
    let is_sandbox = environment.flag(ALLOW_SANDBOX)?;
    let all = AgentKind::ALL.into_iter();
    Ok(all.filter(|agent| is_sandbox || agent.needs_model()).collect())
}

/// Talks on all of them.
fn talk(
    onboarding: &Onboarding,
    services: Vec<ServiceStart>,
    connections: &Arc<Connections>,
) -> ChannelTasks {
    let mut talks = JoinSet::new();
    for service in services {
        let (onboarding, connections) = (onboarding.clone(), connections.clone());
        talks.spawn(async move {
            let talked = service.talk(&onboarding, &connections).await;
            (service.word(), talked)
        });
    }
    talks
}
