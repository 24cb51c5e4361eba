//! The meaning of Fly's refusals for the caller. Fly uses one status for many things (409 has four
//! meanings) and many statuses for one, so the words decide first and the status last.

use std::time::Duration;

use http::{HeaderMap, StatusCode};
use serde::Deserialize;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc2822;

use crate::cloud::{CloudError, FailureCause};
use crate::http::{HttpResponse, TransportError};

#[cfg(test)]
mod tests;

/// The longest wait that a `Retry-After` of Fly's is believed. Their limits refill within seconds.
const RETRY_AFTER_MAX: Duration = Duration::from_secs(300);

/// The difference between our clock and Fly's beyond which our clock is the cause of a refused
/// token: the windows that we cut into tokens begin five minutes early.
const CLOCK_OFF_MAX_MS: u64 = 5 * 60_000;

/// The longest run of token characters that may be an id; longer ones are taken for credentials.
/// Machine ids have 14, UUIDs 36.
const ID_MAX: usize = 39;

/// Whether a call changes something: then a lost answer leaves a doubt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum CallEffect {
    Read,
    Change,
}

impl CallEffect {
    fn unknown(self) -> FailureCause {
        match self {
            Self::Read => FailureCause::RetryLater { after_ms: None },
            Self::Change => FailureCause::InDoubt,
        }
    }
}

/// A failed call with its status, for callers that interpret it themselves.
#[derive(Debug)]
pub(super) struct CallFailure {
    pub(super) status: Option<StatusCode>,
    pub(super) error: CloudError,
}

impl From<CallFailure> for CloudError {
    fn from(failure: CallFailure) -> Self {
        failure.error
    }
}

impl CallFailure {
    /// No answer, or not all of it.
    pub(super) fn from_transport_error(effect: CallEffect, unanswered: TransportError) -> Self {
        let cause = match unanswered {
            TransportError::NotSent => FailureCause::RetryLater { after_ms: None },
            TransportError::ConnectionLost | TransportError::TimedOut | TransportError::TooLong => {
                effect.unknown()
            }
        };
        Self { status: None, error: CloudError { cause, detail: unanswered.to_string() } }
    }

    /// A success whose body is not what it should be.
    pub(super) fn unreadable(effect: CallEffect, answer: &HttpResponse) -> Self {
        let detail = detail(answer, "the answer is not as documented");
        Self { status: Some(answer.status), error: CloudError { cause: effect.unknown(), detail } }
    }

    /// A refusal of Fly.
    pub(super) fn from_response(effect: CallEffect, answer: &HttpResponse, now_ms: u64) -> Self {
        let words = ErrorText::of(&answer.body);
        let cause = if answer.status == StatusCode::TOO_MANY_REQUESTS {
            FailureCause::RetryLater { after_ms: retry_after_ms(&answer.headers, now_ms) }
        } else {
            words.cause(answer.status).unwrap_or_else(|| by_status(effect, answer.status))
        };
        let off_ms = clock_off_ms(answer, now_ms).filter(|off_ms| *off_ms > CLOCK_OFF_MAX_MS);
        if let (FailureCause::TokenRefused, Some(off_ms)) = (cause, off_ms) {
            return Self::clock_off(off_ms);
        }
        let detail = detail(answer, &words.message);
        Self { status: Some(answer.status), error: CloudError { cause, detail } }
    }

    /// The refusal of a token.
    pub(super) fn token_refused(detail: &str) -> Self {
        let error = CloudError { cause: FailureCause::TokenRefused, detail: detail.to_owned() };
        Self { status: None, error }
    }

    /// The refusal of a malformed request of ours.
    pub(super) fn our_fault(detail: &str) -> Self {
        Self { status: None, error: CloudError::our_fault(detail) }
    }

    /// A success that does not name a fact on which later steps depend. The change may have been
    /// made.
    pub(super) fn fact_missing(fact: &str) -> Self {
        let detail = format!("the answer to a change names no {fact}");
        Self { status: None, error: CloudError { cause: FailureCause::InDoubt, detail } }
    }

    /// Our clock and a relay's differ by `off_ms`.
    pub(super) fn clock_off(off_ms: u64) -> Self {
        let detail = format!("this machine's clock is off by {} s", off_ms / 1000);
        Self { status: None, error: CloudError { cause: FailureCause::ClockSkew, detail } }
    }
}

/// The text of a refusal. Errors stand in `error`, those about leases in `message`; the body of a
/// gateway can be anything.
struct ErrorText {
    message: String,
    code: String,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct ErrorEnvelope {
    error: Option<String>,
    message: Option<String>,
    status: Option<String>,
}

/// Parts of Fly's refusals, in lower case, with their meanings. The first match decides.
const PHRASES: [(&[&str], FailureCause); 6] = [
    (
        &["payment information", "payment method", "credit card", "buy credit", "trial has ended"],
        FailureCause::PaymentNeeded,
    ),
    (
        &[
            "high risk",
            "high-risk",
            "organization is suspended",
            "account is suspended",
            "reached the limit of machines",
        ],
        FailureCause::AccountHeld,
    ),
    (
        &[
            "insufficient_capacity",
            "could not reserve resource",
            "insufficient memory",
            "insufficient resources",
            "no capacity",
            "out of capacity",
            "over the allowed quota",
            "to this host are temporarily disabled",
        ],
        FailureCause::NoCapacity,
    ),
    // It exists already: ours after a lost answer, or one of another person. A look decides.
    (
        &[
            "name_taken",
            "already been taken",
            "already_exists",
            "already exists",
            "uniqueness constraint",
            "already has a shared ip",
            "already attached",
        ],
        FailureCause::InDoubt,
    ),
    // Replicas that lag, leases and newer versions.
    (
        &[
            "manifest_unknown",
            "volume not found",
            "secrets version",
            "lease currently held",
            "current_version",
            "machine_version",
            "invalid machine id",
            "failed_precondition",
            "is attached to a machine",
        ],
        FailureCause::RetryLater { after_ms: None },
    ),
    (&["manifest", "wrong region"], FailureCause::InvalidRequest),
];

impl ErrorText {
    fn of(body: &[u8]) -> Self {
        let envelope: ErrorEnvelope = serde_json::from_slice(body).unwrap_or_default();
        let raw = || String::from_utf8_lossy(body).into_owned();
        Self {
            message: envelope.error.or(envelope.message).unwrap_or_else(raw),
            code: envelope.status.unwrap_or_default(),
        }
    }

    /// The meaning of the words. A gateway's page is not from Fly, except about capacity.
    fn cause(&self, status: StatusCode) -> Option<FailureCause> {
        if status == StatusCode::UNAUTHORIZED {
            return None;
        }
        let text = format!("{} {}", self.code, self.message).to_lowercase();
        let (_, cause) = PHRASES
            .iter()
            .find(|(phrases, _)| phrases.iter().any(|phrase| text.contains(phrase)))?;
        (status.is_client_error() || *cause == FailureCause::NoCapacity).then_some(*cause)
    }
}

fn by_status(effect: CallEffect, status: StatusCode) -> FailureCause {
    match status {
        StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => FailureCause::TokenRefused,
        StatusCode::PAYMENT_REQUIRED => FailureCause::PaymentNeeded,
        StatusCode::NOT_FOUND => FailureCause::NotFound,
        StatusCode::REQUEST_TIMEOUT | StatusCode::CONFLICT => effect.unknown(),
        StatusCode::PRECONDITION_FAILED | StatusCode::LOCKED => {
            FailureCause::RetryLater { after_ms: None }
        }
        _ if status.is_server_error() => effect.unknown(),
        _ => FailureCause::InvalidRequest,
    }
}

/// `Retry-After` in seconds or as a date, never longer than [`RETRY_AFTER_MAX`].
fn retry_after_ms(headers: &HeaderMap, now_ms: u64) -> Option<u64> {
    let value = headers.get(http::header::RETRY_AFTER)?.to_str().ok()?.trim();
    let wait_ms = match value.parse::<u64>() {
        Ok(seconds) => seconds.saturating_mul(1000),
        Err(_) => {
            let at = OffsetDateTime::parse(value, &Rfc2822).ok()?.unix_timestamp();
            u64::try_from(at).ok()?.saturating_mul(1000).saturating_sub(now_ms)
        }
    };
    Some(wait_ms.min(u64::try_from(RETRY_AFTER_MAX.as_millis()).unwrap_or(u64::MAX)))
}

/// The milliseconds by which the `Date` of an answer (RFC 9110 section 6.6.1) is off our clock;
/// `None` for an answer without one.
pub(super) fn clock_off_ms(answer: &HttpResponse, now_ms: u64) -> Option<u64> {
    let date = answer.headers.get(http::header::DATE)?.to_str().ok()?;
    let at = OffsetDateTime::parse(date, &Rfc2822).ok()?;
    let at_ms = u64::try_from(at.unix_timestamp()).ok()?.checked_mul(1000)?;
    Some(at_ms.abs_diff(now_ms))
}

/// Status, request id and message for the log, without anything like a credential.
fn detail(answer: &HttpResponse, message: &str) -> String {
    let request_id = answer
        .headers
        .get("fly-request-id")
        .and_then(|id| id.to_str().ok())
        .map(|id| format!(" (fly-request-id {})", id.chars().take(64).collect::<String>()))
        .unwrap_or_default();
    let head = format!("{}{request_id}: ", answer.status.as_u16());
    let room = CloudError::DETAIL_MAX.saturating_sub(head.chars().count());
    head.chars().chain(redacted(message).chars().take(room)).collect()
}

/// The text without long runs of token characters, without what follows the label of a token or the
/// name of an authorization scheme, and on one line.
pub(super) fn redacted(text: &str) -> String {
    let mut clean = String::with_capacity(text.len().min(2 * CloudError::DETAIL_MAX));
    let mut after_scheme = false;
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let length = rest.find(|c| !is_token_character(c)).unwrap_or(rest.len());
        if length == 0 {
            clean.push(if first.is_control() { ' ' } else { first });
            rest = &rest[first.len_utf8()..];
            continue;
        }
        let (run, after) = rest.split_at(length);
        let secret = after_scheme || run.len() > ID_MAX || is_labelled(run);
        clean.push_str(if secret { "[hidden]" } else { run });
        after_scheme = ["flyv1", "bearer", "basic"].contains(&run.to_lowercase().as_str());
        rest = after;
    }
    clean
}

fn is_token_character(c: char) -> bool {
    c.is_ascii_alphanumeric() || "+/=_-".contains(c)
}

fn is_labelled(run: &str) -> bool {
    ["fm1r_", "fm1a_", "fm2_", "fo1_", "sk-ant-"].iter().any(|label| run.contains(label))
}
