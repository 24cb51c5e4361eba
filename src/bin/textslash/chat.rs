//! `textslash chat`: one's own relay, in this terminal.

use std::io::IsTerminal;

use adapters::chat::{Ask, Content, Outbound};
use adapters::console::{Terminal, Voice};
use adapters::web::client::{Client, Link, TalkEnd, talk};
use anyhow::{Context, ensure};
use zeroize::Zeroizing;

use crate::exit::End;
use crate::signals;

#[derive(clap::Args)]
pub struct Arguments {
    /// The link that you were given when your relay was deployed. Whoever has it owns the relay, and
    /// other people on this machine can read command lines: leave it out, and it is asked for without
    /// echo, or set TEXTSLASH_LINK.
    #[arg(env = "TEXTSLASH_LINK", hide_env_values = true)]
    link: Option<String>,
}

pub async fn run(arguments: Arguments) -> anyhow::Result<End> {
    let told = signals::told_to_end()?;
    let terminal = Terminal::of_stdio();
    let voice = terminal.voice("relay");
    tokio::select! {
        end = converse(&voice, arguments.link.map(Zeroizing::new)) => end,
        () = told => Ok(End::Interrupted),
    }
}

async fn converse(voice: &Voice, link: Option<Zeroizing<String>>) -> anyhow::Result<End> {
    let link = match link {
        Some(link) if !link.is_empty() => link,
        Some(_) | None => entered(voice).await?,
    };
    let client = Client::connect(Link::parse(&link)?);
    Ok(match talk(voice, &client).await {
        TalkEnd::InputEnded => End::Done,
        TalkEnd::Unsent => End::Failed,
        TalkEnd::Refused => End::CredentialRefused,
    })
}

async fn entered(voice: &Voice) -> anyhow::Result<Zeroizing<String>> {
    ensure!(
        std::io::stdin().is_terminal(),
        "TEXTSLASH_LINK is not set, and there is no terminal to ask at"
    );
    voice.show(
        "link",
        &Outbound::text("link", "Your relay's link (not shown):").asking(Ask::Secret),
    );
    match voice.next().await.context("no link was given")? {
        Content::Secret(link) | Content::Text(link) => Ok(link),
        Content::Tap { .. } | Content::File(_) | Content::Unsupported => Ok(Zeroizing::default()),
    }
}
