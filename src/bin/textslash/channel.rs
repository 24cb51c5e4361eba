//! `textslash channel release`: run in a relay's machine before it goes, by whoever removes it. The
//! relay holds the bot's key; nobody else does.

use textslash::config::{Environment, relay_channel, relay_settings};
use textslash::relay::relay_store::RelayStore;
use textslash::relay::webhook_registration::ReleaseOutcome;

use crate::exit::ExitReason;
use crate::relay::webhook_registration;
use crate::report;

#[derive(clap::Args)]
pub struct ChannelArguments {
    #[command(subcommand)]
    act: ChannelAction,
}

#[derive(clap::Subcommand)]
enum ChannelAction {
    /// Lead the owner's bot back to where it led before this relay.
    Release,
}

pub async fn run(arguments: ChannelArguments) -> anyhow::Result<ExitReason> {
    let ChannelAction::Release = arguments.act;
    let environment = Environment::of_process();
    let settings = relay_settings(&environment)?;
    let channel = relay_channel(&environment)?;
    let ledger = RelayStore::open(&settings.data_dir).await?;
    let Some(pointer) = webhook_registration(&environment, &settings, &channel, ledger)? else {
        report::say("This relay's channel leads nowhere by itself.");
        return Ok(ExitReason::Done);
    };
    let said = match pointer.release().await? {
        ReleaseOutcome::Restored => "The bot leads where it led before.",
        ReleaseOutcome::NotOurs => "The bot leads elsewhere already and was left alone.",
        ReleaseOutcome::Refused => {
            "The service refuses the bot's key, so the bot was left as it is."
        }
    };
    report::say(said);
    Ok(ExitReason::Done)
}
