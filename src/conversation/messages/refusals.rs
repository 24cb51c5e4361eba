//! What is said when an answer is not taken or a run fails: what happened, and the next step.

use crate::account::FailureCause;
use crate::credential_format::CredentialRejection;
use crate::deployment::{Goal, RemainingResource, RunFailure};
use crate::phrase;
use crate::plan::StepId;
use crate::quota::{QuotaExceeded, QuotaScope};

use super::super::Question;
use super::labels::resource_name;
use super::{Locale, date};

/// Why an answer is not taken. The answer itself is never repeated.
pub(super) fn rejection(
    locale: Locale,
    asked: Option<Question>,
    rejection: &CredentialRejection,
) -> String {
    let asked = asked.map_or("other", Question::word);
    match rejection {
        CredentialRejection::Empty => phrase!(locale, "rejected-empty", asked = asked),
        CredentialRejection::TooLong => phrase!(locale, "rejected-too-long", asked = asked),
        CredentialRejection::Malformed => phrase!(locale, "rejected-malformed", asked = asked),
        CredentialRejection::OtherVendor { vendor } => {
            let credential = phrase!(locale, "a-secret", kind = vendor.credential().word());
            phrase!(locale, "rejected-other-vendor", credential = credential, asked = asked)
        }
        CredentialRejection::Truncated => phrase!(locale, "rejected-cut-off", asked = asked),
        CredentialRejection::DischargeMissing => phrase!(locale, "rejected-discharge-missing"),
        CredentialRejection::Expired { at_ms } => {
            phrase!(locale, "rejected-expired", date = date(*at_ms))
        }
        CredentialRejection::ReadOnly => phrase!(locale, "rejected-read-only"),
        CredentialRejection::AppScoped => phrase!(locale, "rejected-app-scoped"),
        CredentialRejection::NotNarrowable => phrase!(locale, "rejected-not-narrowable"),
        CredentialRejection::OtherOrganisation { expected } => {
            phrase!(locale, "rejected-other-organisation", expected = expected)
        }
        CredentialRejection::OtherAddress { expected } => {
            phrase!(locale, "rejected-other-address", expected = expected)
        }
        CredentialRejection::Subscription => phrase!(locale, "rejected-subscription"),
        CredentialRejection::RefusedByVendor => phrase!(locale, "rejected-refused", asked = asked),
        CredentialRejection::VendorUnreachable => {
            phrase!(locale, "rejected-out-of-reach", asked = asked)
        }
        CredentialRejection::NotOffered => phrase!(locale, "rejected-not-offered", asked = asked),
    }
}

/// Why a run ended, and what now.
pub(super) fn failed(locale: Locale, goal: Goal, failure: &RunFailure) -> String {
    let cause = cause(locale, failure.cause, failure.step.as_ref());
    let what = match goal {
        Goal::Deployed => phrase!(locale, "failed-deploy", cause = cause),
        Goal::Removed => phrase!(locale, "failed-removal", cause = cause),
    };
    let left = match failure.remaining.as_deref() {
        None => phrase!(locale, "not-looked"),
        Some([]) => phrase!(locale, "nothing-left"),
        Some(remaining) => {
            format!("{}\n{}", phrase!(locale, "still-there"), remains(locale, remaining))
        }
    };
    format!("{what}\n\n{left}\n\n{}", phrase!(locale, "failed-question"))
}

/// What stays in the account because the person wants it so.
pub(super) fn kept(locale: Locale, remaining: Option<&[RemainingResource]>) -> String {
    match remaining {
        Some([]) => phrase!(locale, "kept-nothing"),
        Some(remaining) => format!("{}\n\n{}", phrase!(locale, "kept"), remains(locale, remaining)),
        None => phrase!(locale, "kept-unknown", reason = phrase!(locale, "not-looked")),
    }
}

fn remains(locale: Locale, remaining: &[RemainingResource]) -> String {
    let line = |it: &RemainingResource| {
        let resource = resource_name(locale, it.step.0.as_ref());
        match it.seen {
            true => phrase!(
                locale,
                "resource-left",
                resource = resource,
                name = it.name,
                link = it.link,
            ),
            false => phrase!(
                locale,
                "resource-maybe-left",
                resource = resource,
                name = it.name,
                link = it.link,
            ),
        }
    };
    remaining.iter().map(line).collect::<Vec<_>>().join("\n")
}

/// Why, in words that fit the step at which it happened.
pub(super) fn cause(locale: Locale, cause: FailureCause, step: Option<&StepId>) -> String {
    let unopened = step.and_then(|step| unopened_gate(locale, &step.0));
    match (cause, unopened) {
        (FailureCause::RetryLater { .. } | FailureCause::InDoubt, Some(gate)) => gate,
        _ => any_cause(locale, cause),
    }
}

/// What a gate means that never opened; `None` for a step that makes something.
fn unopened_gate(locale: Locale, step: &str) -> Option<String> {
    Some(match step {
        "relay-started" => phrase!(locale, "gate-relay-started"),
        "vm-started" => phrase!(locale, "gate-vm-started"),
        "relay-healthy" | "stranger-refused" => phrase!(locale, "gate-relay-answers"),
        "agent-ready" => phrase!(locale, "gate-agent-ready"),
        "committed" => phrase!(locale, "gate-committed"),
        _ => return None,
    })
}

fn any_cause(locale: Locale, cause: FailureCause) -> String {
    match cause {
        FailureCause::TokenRefused => phrase!(locale, "cause-token-refused"),
        FailureCause::PaymentNeeded => phrase!(locale, "cause-payment-needed"),
        FailureCause::AccountHeld => phrase!(locale, "cause-account-held"),
        FailureCause::NoCapacity => phrase!(locale, "cause-no-room"),
        FailureCause::InDoubt => phrase!(locale, "cause-unconfirmed"),
        FailureCause::RetryLater { .. } => phrase!(locale, "cause-later"),
        FailureCause::NameTaken => phrase!(locale, "cause-taken"),
        FailureCause::NotFound => phrase!(locale, "cause-missing"),
        FailureCause::LockedByOther => phrase!(locale, "cause-elsewhere"),
        FailureCause::ClockSkew => phrase!(locale, "cause-clock-off"),
        FailureCause::InvalidRequest => phrase!(locale, "cause-our-fault"),
    }
}

/// Whose quota is used up, and until when.
pub(super) fn enough_today(locale: Locale, used_up: &QuotaExceeded) -> String {
    let QuotaExceeded { scope, max, from_ms } = *used_up;
    let from = date(from_ms);
    match scope {
        QuotaScope::Person => phrase!(locale, "quota-person", max = max, from = from),
        QuotaScope::Organisation => phrase!(locale, "quota-organisation", max = max, from = from),
        QuotaScope::All => phrase!(locale, "quota-all", from = from),
    }
}
