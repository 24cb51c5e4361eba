//! What is on record of a person, and what became of it.

use crate::spec::RelayChannel;

use super::super::super::PersonTraces;
use super::super::{DeploymentSummary, RetainedRecords, date};
use super::lists;

pub(super) const NOTHING: &str = "Nothing is on record of you. /deploy starts a deployment.";

pub(super) fn confirm(traces: PersonTraces) -> String {
    format!(
        "On record of you:\n\n{}\n\nShall I erase all of it? That cannot be undone. You get a \
         receipt.",
        list(traces)
    )
}

fn list(PersonTraces { removed, credentials }: PersonTraces) -> String {
    format!(
        "Conversation: 1, with your answers and language\n\
         Deployments that are gone: {removed}, each with its journal\n\
         Credentials, in memory only: {credentials}"
    )
}

pub(super) fn needed_to_remove(runs: &[DeploymentSummary]) -> String {
    format!(
        "This still stands in your account, and without what I have on record I could not remove \
         it:\n\n{}\n\n/teardown removes it. After that, /forget erases everything.",
        lists::list(runs)
    )
}

pub(super) fn receipt(
    traces: PersonTraces,
    service: Option<RelayChannel>,
    kept: RetainedRecords,
    at_ms: u64,
) -> String {
    let begun = match kept.begun {
        true => {
            "; for a day, how many deployments were begun, under a number that thousands of \
             people share, for the limit of a day"
        }
        false => "",
    };
    let invitations =
        if kept.let_in { "; how many people each invitation has let in, without whom" } else { "" };
    let wrong_codes = match kept.wrong_codes {
        true => {
            "; for a day, when wrong invitation codes came, under a number that many people \
             share, for the limit of a day"
        }
        false => "",
    };
    format!(
        "I have erased what was on record of you ({}):\n\
         \n\
         {}\n\
         \n\
         Where to send this is the last of it, and goes once it is sent.\n\
         \n\
         What I cannot erase: {}; what Fly.io keeps of your account, such as its activity and \
         invoices; copies of my disk, if whoever runs me makes any.\n\
         \n\
         What stays leads to nobody: for a week, a print of the number of each message, so that I \
         act on none twice{begun}{invitations}{wrong_codes}.\n\
         \n\
         When you write again, we begin anew.",
        date(at_ms),
        list(traces),
        chat_on(service),
    )
}

fn chat_on(service: Option<RelayChannel>) -> &'static str {
    match service {
        None | Some(RelayChannel::Web) => "what stands on your screen",
        Some(RelayChannel::Telegram) => {
            "this chat, which stays with Telegram until you delete it there (I can delete single \
             messages, for two days only)"
        }
        Some(RelayChannel::Discord) => {
            "this chat, which stays with Discord; your messages only you can delete there"
        }
        Some(RelayChannel::WhatsApp) => {
            "this chat on your phone, where only you can delete it, and the copies of Twilio, \
             which carries it, until whoever runs me deletes them"
        }
    }
}
