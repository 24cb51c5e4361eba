//! `textslash chat LINK`: one's own relay, in this terminal.

use adapters::console::Terminal;
use adapters::web::client::{Client, Link, TalkEnd, talk};

use crate::exit::End;
use crate::signals;

#[derive(clap::Args)]
pub struct Arguments {
    /// The link that you were given when your relay was deployed. Whoever has it owns the relay.
    #[arg(env = "TEXTSLASH_LINK", hide_env_values = true)]
    link: String,
}

pub async fn run(arguments: Arguments) -> anyhow::Result<End> {
    let client = Client::connect(Link::parse(&arguments.link)?);
    let terminal = Terminal::of_stdio();
    let voice = terminal.voice("relay");
    tokio::select! {
        end = talk(&voice, &client) => Ok(match end {
            TalkEnd::InputEnded => End::Done,
            TalkEnd::Unsent => End::Failed,
            TalkEnd::Refused => End::CredentialRefused,
        }),
        () = signals::told_to_end() => Ok(End::Interrupted),
    }
}
