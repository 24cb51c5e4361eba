//! `textslash channel release`: run in a relay's machine before it goes, by whoever removes it. The
//! relay holds the bot's key; nobody else does.

use textslash::config::{Environment, relay_channel, relay_settings};
use textslash::phrase;
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
        report::say(&phrase!(report::locale(), "cli-webhook-none"));
        return Ok(ExitReason::Done);
    };
    let said = match pointer.release().await? {
        ReleaseOutcome::Restored => phrase!(report::locale(), "cli-webhook-restored"),
        ReleaseOutcome::NotOurs => phrase!(report::locale(), "cli-webhook-elsewhere"),
        ReleaseOutcome::Refused => {
            phrase!(report::locale(), "cli-webhook-refused")
        }
    };
    report::say(&said);
    Ok(ExitReason::Done)
}
