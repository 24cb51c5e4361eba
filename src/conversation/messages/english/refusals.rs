//! What is said when an answer is not taken or a run fails: what happened, and the next step.

use std::fmt::Write as _;

use crate::account::FailureCause;
use crate::credential_format::{CredentialRejection, Vendor};
use crate::plan::StepId;
use crate::quota::{QuotaExceeded, QuotaScope};

use super::super::super::{Question, RemainingResource, RunFailure, RunGoal};
use super::super::date;
use super::labels::resource_name;

/// Why an answer is not taken. The answer itself is never repeated.
pub(super) fn rejection(asked: Option<Question>, rejection: &CredentialRejection) -> String {
    let what = match asked {
        Some(Question::Token) => "Fly.io token",
        Some(Question::Model) => "Anthropic key",
        Some(Question::ChannelKey) => "key",
        Some(Question::Name) => "name",
        Some(Question::Region) => "region",
        _ => "answer",
    };
    match rejection {
        CredentialRejection::Empty => format!("That was empty. Please send the {what}."),
        CredentialRejection::TooLong => {
            format!(
                "That is longer than any {what}. Please copy just the {what} and send it again."
            )
        }
        CredentialRejection::Malformed => malformed(asked, what),
        CredentialRejection::OtherVendor { vendor } => format!(
            "That is {}, but I need the {what} here. I have forgotten it.",
            vendor_credential(*vendor)
        ),
        CredentialRejection::Truncated if asked == Some(Question::ChannelKey) => {
            format!("The end of that {what} is missing. Please copy all of it.")
        }
        CredentialRejection::Truncated => format!(
            "The end of that {what} is missing. Please copy all of it; it is several hundred \
             characters long."
        ),
        CredentialRejection::DischargeMissing => "Part of that token is missing: it has two parts \
                                                  with a comma between them. Please copy all of \
                                                  it, both parts."
            .to_owned(),
        CredentialRejection::Expired { at_ms } => {
            format!("That token expired on {}. Please create a new one and send it.", date(*at_ms))
        }
        CredentialRejection::ReadOnly => "That token may only read, so it cannot create anything. \
                                          Please create an organization token instead."
            .to_owned(),
        CredentialRejection::AppScoped => {
            "That token opens a single app only. Please create an organization token instead."
                .to_owned()
        }
        CredentialRejection::NotNarrowable => "That is an old kind of token that opens everything \
                                               you have and cannot be narrowed. Please create an \
                                               organization token instead; it starts with FlyV1."
            .to_owned(),
        CredentialRejection::OtherOrganisation { expected } => format!(
            "That token opens another organisation. Please send one for the organisation \
             {expected}."
        ),
        CredentialRejection::OtherAddress { expected } => {
            format!("That key opens another bot or number. Please send the one of {expected}.")
        }
        CredentialRejection::Subscription => "A subscription token (sk-ant-oat…) does not work \
                                              here: Anthropic allows only its own programs to use \
                                              one. Please use an API key instead. You can create \
                                              one at https://console.anthropic.com/settings/keys."
            .to_owned(),
        CredentialRejection::RefusedByVendor => format!(
            "The {what} has the right form, but it is refused: it may have been revoked. Please \
             create a new one and send it."
        ),
        CredentialRejection::VendorUnreachable => format!(
            "I could not reach the service to check the {what}; it may well be right. Please send \
             it again in a minute."
        ),
        CredentialRejection::NotOffered => not_offered(asked),
    }
}

fn malformed(asked: Option<Question>, what: &str) -> String {
    match asked {
        Some(Question::Token) => {
            "That is not a Fly.io token. A token starts with FlyV1 or fm2_ and is several hundred \
             characters long."
                .to_owned()
        }
        Some(Question::Model) => {
            "That is not an Anthropic key. A key starts with sk-ant-.".to_owned()
        }
        Some(Question::ChannelKey) => {
            "That is not the key that I asked for. Please copy it again where it was made, all of \
             it."
            .to_owned()
        }
        Some(Question::Name) => "That name does not work: up to 20 small letters, digits and \
                                 dashes, a letter first, no dash last."
            .to_owned(),
        _ => format!("I do not understand that {what}. Please choose one of these."),
    }
}

fn not_offered(asked: Option<Question>) -> String {
    match asked {
        Some(Question::Region) => "There is no such region. Tap one of these, or type a code such \
                                   as ams or iad."
            .to_owned(),
        _ => "Please choose one of these.".to_owned(),
    }
}

fn vendor_credential(vendor: Vendor) -> &'static str {
    match vendor {
        Vendor::Fly => "a Fly.io token",
        Vendor::Anthropic => "an Anthropic key",
        Vendor::Telegram => "a Telegram bot token",
        Vendor::Discord => "a Discord bot token",
        Vendor::Twilio => "a Twilio key",
    }
}

/// Why a code lets nobody in.
pub(super) fn not_let_in(used_up: bool) -> &'static str {
    if used_up {
        "That invitation has let in as many people as it is for. Please ask whoever gave it to \
         you for another one."
    } else {
        "I know no invitation with that code. Please compare it with what you were given, or ask \
         whoever gave it to you."
    }
}

/// Why a code is not looked at, and until when.
pub(super) fn too_many_codes(until_ms: u64) -> String {
    format!(
        "Too many wrong codes came, so for now I look at no more of yours. From {} on you can \
         send me your invitation again with /deploy; it stays valid. If you do not know the code, \
         ask whoever told you about me.",
        date(until_ms)
    )
}

/// Said instead of a list that nobody could make.
pub(super) const NOT_LOOKED: &str =
    "I could not look at what is in your account; /teardown finds and removes it.";

/// Why a run ended, and what now.
pub(super) fn failed(goal: RunGoal, failure: &RunFailure) -> String {
    let RunFailure { cause: because, step, remaining } = failure;
    let what = match goal {
        RunGoal::Deployed => "The deployment stopped.",
        RunGoal::Removed => "The removal stopped.",
    };
    let left = match remaining.as_deref() {
        None => NOT_LOOKED.to_owned(),
        Some([]) => "I see nothing of it in your account now.".to_owned(),
        Some(remaining) => format!("This is in your account now:{}", remains(remaining)),
    };
    format!("{what} {}\n\n{left}\n\nWhat should I do?", cause(*because, step.as_ref()))
}

/// Why, in words that fit the step at which it happened.
pub(super) fn cause(cause: FailureCause, step: Option<&StepId>) -> &'static str {
    let unopened = step.and_then(|step| unopened_gate(&step.0));
    match (cause, unopened) {
        (FailureCause::RetryLater { .. } | FailureCause::InDoubt, Some(gate)) => gate,
        _ => any_cause(cause),
    }
}

/// What a gate means that never opened; `None` for a step that makes something.
fn unopened_gate(step: &str) -> Option<&'static str> {
    Some(match step {
        "relay-started" => {
            "Fly.io did not start your relay's machine in time. Try again in a few minutes; if it \
             stays so, look at https://status.flyio.net."
        }
        "vm-started" => {
            "Fly.io did not start your VM's machine in time. Try again in a few minutes; if it \
             stays so, look at https://status.flyio.net."
        }
        "relay-healthy" | "stranger-refused" => {
            "Your relay did not answer in time: a new name can take minutes to be known. Try \
             again in a few minutes; if it stays so, remove everything and deploy again."
        }
        "agent-ready" => {
            "Your relay answered, but your VM did not in time. Try again in a few minutes; if it \
             stays so, remove everything and deploy again."
        }
        "committed" => {
            "Your relay and VM were ready, but did not answer to the end. Try again; it takes a \
             minute."
        }
        _ => return None,
    })
}

fn any_cause(cause: FailureCause) -> &'static str {
    match cause {
        FailureCause::TokenRefused => {
            "Fly.io refuses the token: it may have been revoked or have expired. Create a new \
             one; I ask for it when you try again."
        }
        FailureCause::PaymentNeeded => {
            "Fly.io asks for a payment method. Add one on the organisation's billing page \
             (https://fly.io/dashboard) and try again."
        }
        FailureCause::AccountHeld => {
            "Fly.io is reviewing your account and creates nothing until it is cleared. Ask them \
             at https://fly.io/high-risk-unlock and try again when they are done."
        }
        FailureCause::NoCapacity => {
            "Fly.io has no room in that region now. Try again later, or remove it and deploy \
             elsewhere."
        }
        FailureCause::InDoubt => {
            "Fly.io did not answer clearly, for a long time. Trying again looks at what exists \
             first, so nothing is made twice."
        }
        FailureCause::RetryLater { .. } => {
            "Fly.io was too busy, for a long time. Try again in a few minutes."
        }
        FailureCause::NameTaken => {
            "Fly.io does not let this token use an app of that name: somebody else took the name, \
             or the app belongs to an organisation that the token does not open. Try again with a \
             token of the right organisation, or deploy again: that takes a new name."
        }
        FailureCause::NotFound => {
            "Something that was there is gone; it may have been removed elsewhere. Trying again \
             makes it anew."
        }
        FailureCause::LockedByOther => {
            "Somebody else who can use that account is working on this deployment. Try again in a \
             few minutes."
        }
        FailureCause::ClockSkew => {
            "The clock of the computer that I run on is wrong, so Fly.io or your relay does not \
             believe me. Once that clock is set, try again."
        }
        FailureCause::InvalidRequest => {
            "That is a mistake of mine. Trying again may help; if not, remove everything, and \
             nothing is left."
        }
    }
}

pub(super) fn remains(remaining: &[RemainingResource]) -> String {
    let mut text = String::new();
    for it in remaining {
        let doubt = if it.seen { "" } else { " (may be there)" };
        let _ = write!(text, "\n{}: {}{doubt} {}", resource_name(&it.kind), it.name, it.link);
    }
    text
}

/// Whose quota is used up, and until when.
pub(super) fn enough_today(used_up: &QuotaExceeded) -> String {
    let QuotaExceeded { scope, max, from_ms } = *used_up;
    let from = date(from_ms);
    match scope {
        QuotaScope::Person => format!(
            "You have begun {max} deployments within a day, and I make no more than that. From \
             {from} on I can make another one; your answers stay until then only for half an \
             hour. /cancel ends this."
        ),
        QuotaScope::Organisation => format!(
            "Within a day {max} deployments were begun in this organisation, and I make no more \
             than that in one. From {from} on I can make another one in it; your answers stay \
             until then only for half an hour. Another organisation has its own limit. /cancel \
             ends this."
        ),
        QuotaScope::All => format!(
            "I make only so many deployments a day for all people together, and today's are used \
             up. Nothing is wrong with your answers, but they stay only for half an hour: please \
             write to me again from {from} on. /cancel ends this."
        ),
    }
}
