//! `textslash channel release`: run in a relay's machine before it goes, by whoever removes it. The relay
//! holds the bot's key; nobody else does.

use textslash::config::{Environment, relay_channel, relay_settings};
use textslash::relay::ledger::Ledger;
use textslash::relay::pointing::Released;

use crate::exit::End;
use crate::relay::pointer;
use crate::report;

#[derive(clap::Args)]
pub struct Arguments {
    #[command(subcommand)]
    act: Act,
}

#[derive(clap::Subcommand)]
enum Act {
    /// Lead the owner's bot back to where it led before this relay.
    Release,
}

pub async fn run(arguments: Arguments) -> anyhow::Result<End> {
    let Act::Release = arguments.act;
    let environment = Environment::of_process();
    let settings = relay_settings(&environment)?;
    let channel = relay_channel(&environment)?;
    let ledger = Ledger::open(&settings.data_dir).await?;
    let Some(pointer) = pointer(&environment, &settings, &channel, ledger)? else {
        report::say("This relay's channel leads nowhere by itself.");
        return Ok(End::Done);
    };
    let said = match pointer.release().await? {
        Released::GivenBack => "The bot leads where it led before.",
        Released::NotOurs => "The bot leads elsewhere already and was left alone.",
        Released::Refused => "The service refuses the bot's key, so the bot was left as it is.",
    };
    report::say(said);
    Ok(End::Done)
}
