//! `textslash chat`: one's own relay, in this terminal.

use std::io::IsTerminal;
use textslash::phrase;

use adapters::chat::{AnswerKind, InboundContent, Outbound};
use adapters::console::{Terminal, Voice};
use adapters::web::client::{RelayLink, TalkEnd, WebClient, talk};
use anyhow::{Context, ensure};
use zeroize::Zeroizing;

use crate::exit::ExitReason;
use crate::report;
use crate::signals;

#[derive(clap::Args)]
pub struct ChatArguments {
    /// The link that you were given when your relay was deployed. Whoever has it owns the relay,
    /// and other people on this machine can read command lines: leave it out, and it is asked for
    /// without echo, or set TEXTSLASH_LINK.
    #[arg(env = "TEXTSLASH_LINK", hide_env_values = true)]
    link: Option<String>,
}

pub async fn run(arguments: ChatArguments) -> anyhow::Result<ExitReason> {
    let told = signals::shutdown_signal()?;
    let terminal = Terminal::of_stdio();
    let voice = terminal.voice("relay");
    tokio::select! {
        end = converse(&voice, arguments.link.map(Zeroizing::new)) => end,
        () = told => Ok(ExitReason::Interrupted),
    }
}

async fn converse(voice: &Voice, link: Option<Zeroizing<String>>) -> anyhow::Result<ExitReason> {
    let link = match link {
        Some(link) if !link.is_empty() => link,
        Some(_) | None => entered(voice).await?,
    };
    let client = WebClient::connect(RelayLink::parse(&link)?);
    Ok(match talk(voice, &client).await {
        TalkEnd::InputEnded => ExitReason::Done,
        TalkEnd::Unsent => ExitReason::Failed,
        TalkEnd::Refused => ExitReason::CredentialRefused,
    })
}

async fn entered(voice: &Voice) -> anyhow::Result<Zeroizing<String>> {
    ensure!(
        std::io::stdin().is_terminal(),
        phrase!(report::locale(), "cli-no-terminal", setting = "TEXTSLASH_LINK")
    );
    let question = phrase!(report::locale(), "cli-ask-link");
    voice.show("link", &Outbound::text("link", question).asking(AnswerKind::Secret));
    match voice.next().await.with_context(|| phrase!(report::locale(), "cli-no-link"))? {
        InboundContent::Secret(link) | InboundContent::Text(link) => Ok(link),
        InboundContent::Tap { .. } | InboundContent::File(_) | InboundContent::Unsupported => {
            Ok(Zeroizing::default())
        }
    }
}
