//! What can go wrong, and when.

use std::fmt;
use std::time::Duration;

use http::StatusCode;

use textslash::sandbox::faults::FaultMode;

/// Something that goes wrong at one place of the story.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fault {
    /// At the so-manyth call (of the whole story), or entry of the journal, from 0.
    pub at: usize,
    pub kind: FaultKind,
}

/// How much later than its error an effect comes: the fault matrix has up to two minutes.
pub(super) const LATE: Duration = Duration::from_secs(90);

/// What something on the way says.
const PAGE: &str = "<html>bad gateway</html>";

/// As if from another version of the API.
const OTHER: &str = r#"{"data":{"state":"levitating"},"next":null}"#;

/// Fly's words, near enough: see `sandbox/fly/errors.rs`.
const NO_CARD: &str = r#"{"error":"We need your payment information to continue!"}"#;
const HELD: &str = r#"{"error":"Your account has been marked as high risk."}"#;
const TAKEN: &str =
    r#"{"error":"Validation failed: Name has already been taken","status":"name_taken"}"#;
const LEASED: &str = r#"{"message":"machine ID 1 lease currently held by another"}"#;
const STALE: &str = r#"{"error":"failed_precondition: current_version is 2"}"#;

/// A way to go wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum FaultKind {
    /// No connection.
    NotSent,
    /// The connection breaks, and it has not arrived.
    Reset,
    /// It arrives, and the connection breaks.
    LostReply,
    /// It does not arrive, and no answer comes.
    Hang,
    /// It arrives, and no answer comes.
    HangDone,
    /// It arrives, and half of the answer comes.
    Stalled,
    /// 408 although it was done.
    TimeoutDone,
    /// 408, and it was not.
    TimeoutNotDone,
    /// 429 and nothing else.
    TooMany,
    /// 429, to be tried again in a minute.
    TooManyMinute,
    /// 429, to be tried again tomorrow.
    TooManyDay,
    /// 429, to be tried again at a date months away.
    TooManyDate,
    /// 429, with a time that is none.
    TooManyGarbage,
    /// 503 from something on the way, without effect.
    Unavailable,
    /// 503 from something on the way, with effect.
    UnavailableDone,
    /// Eight of them in a row, without effect.
    UnavailableBurst,
    /// Eight of them in a row, with effect.
    UnavailableBurstDone,
    /// It arrives twice.
    Twice,
    /// The connection breaks, and it arrives a minute and a half later.
    Late,
    /// It arrives, and the answer ends too early.
    BadBody,
    /// It arrives, and the answer is empty.
    EmptyBody,
    /// It arrives, and the answer is a page for people.
    PageBody,
    /// It arrives, and the answer is of another shape, with words that nobody knows.
    OtherBody,
    /// It arrives, and the answer is of twenty megabytes.
    HugeBody,
    /// The account has no card any more, says the answer.
    Capped,
    /// The account is held, says the answer.
    Held,
    /// The name is taken, says the answer.
    Taken,
    /// Somebody else holds the lease.
    Leased,
    /// The precondition failed.
    Stale,
    /// The process is killed before the call is sent.
    KilledBefore,
    /// The process is killed after its effect.
    KilledAfter,
    /// The token is refused from here on; the person has another.
    TokenRefused,
    /// The first region has no room for machines from here on.
    NoRoom,
    /// VMs that start from here on never answer.
    Unwell,
    /// VMs that start from here on are of another build.
    OtherBuild,
    /// VMs that start from here on exit at once.
    Flaps,
    /// The person removes the VM with its app by hand.
    GoneByHand,
    /// The clock of the process is a day ahead from here on.
    ClockAhead,
    /// The clock of the process is a day behind from here on.
    ClockBehind,
    /// Another process takes the run over.
    SecondWorker,
    /// The disk is full for the entry of the journal, and the process dies of it.
    DiskFull,
}

impl FaultKind {
    /// Those that strike at a call.
    pub const AT_CALLS: [Self; 38] = [
        Self::NotSent,
        Self::Reset,
        Self::LostReply,
        Self::Hang,
        Self::HangDone,
        Self::Stalled,
        Self::TimeoutDone,
        Self::TimeoutNotDone,
        Self::TooMany,
        Self::TooManyMinute,
        Self::TooManyDay,
        Self::TooManyDate,
        Self::TooManyGarbage,
        Self::Unavailable,
        Self::UnavailableDone,
        Self::UnavailableBurst,
        Self::UnavailableBurstDone,
        Self::Twice,
        Self::Late,
        Self::BadBody,
        Self::EmptyBody,
        Self::PageBody,
        Self::OtherBody,
        Self::HugeBody,
        Self::Capped,
        Self::Held,
        Self::Taken,
        Self::Leased,
        Self::Stale,
        Self::TokenRefused,
        Self::NoRoom,
        Self::Unwell,
        Self::OtherBuild,
        Self::Flaps,
        Self::GoneByHand,
        Self::ClockAhead,
        Self::ClockBehind,
        Self::SecondWorker,
    ];

    /// Those that kill the process at a call.
    pub const KILLS: [Self; 2] = [Self::KilledBefore, Self::KilledAfter];

    /// How the network shows it, and at how many calls in a row; `None` for what is done to the
    /// world instead.
    pub(super) fn mode(self) -> Option<(FaultMode, usize)> {
        let once = |mode| Some((mode, 1));
        let eight = |mode| Some((mode, 8));
        match self {
            Self::NotSent => once(FaultMode::NotSent),
            Self::Reset => once(FaultMode::Reset),
            Self::LostReply => once(FaultMode::LostReply),
            Self::Hang => once(FaultMode::Hang),
            Self::HangDone => once(FaultMode::HangAfter),
            Self::Stalled => once(FaultMode::Stalled),
            Self::TimeoutDone => once(FaultMode::RefusedAfter(StatusCode::REQUEST_TIMEOUT, "")),
            Self::TimeoutNotDone => once(FaultMode::Refused(StatusCode::REQUEST_TIMEOUT, "")),
            Self::TooMany => once(FaultMode::Refused(StatusCode::TOO_MANY_REQUESTS, "")),
            Self::TooManyMinute => once(FaultMode::TooMany("60")),
            Self::TooManyDay => once(FaultMode::TooMany("86400")),
            Self::TooManyDate => once(FaultMode::TooMany("Thu, 31 Dec 2026 23:59:59 GMT")),
            Self::TooManyGarbage => once(FaultMode::TooMany("soon")),
            Self::Unavailable => once(FaultMode::Refused(StatusCode::SERVICE_UNAVAILABLE, PAGE)),
            Self::UnavailableDone => {
                once(FaultMode::RefusedAfter(StatusCode::SERVICE_UNAVAILABLE, PAGE))
            }
            Self::UnavailableBurst => {
                eight(FaultMode::Refused(StatusCode::SERVICE_UNAVAILABLE, PAGE))
            }
            Self::UnavailableBurstDone => {
                eight(FaultMode::RefusedAfter(StatusCode::BAD_GATEWAY, PAGE))
            }
            Self::Twice => once(FaultMode::Twice),
            Self::Late => once(FaultMode::Late(LATE)),
            Self::BadBody => once(FaultMode::BadBody("{\"id\": \"tru")),
            Self::EmptyBody => once(FaultMode::BadBody("")),
            Self::PageBody => once(FaultMode::BadBody(PAGE)),
            Self::OtherBody => once(FaultMode::BadBody(OTHER)),
            Self::HugeBody => once(FaultMode::Flood(20 << 20)),
            Self::Capped => once(FaultMode::Refused(StatusCode::FORBIDDEN, NO_CARD)),
            Self::Held => once(FaultMode::Refused(StatusCode::UNPROCESSABLE_ENTITY, HELD)),
            Self::Taken => once(FaultMode::Refused(StatusCode::UNPROCESSABLE_ENTITY, TAKEN)),
            Self::Leased => once(FaultMode::Refused(StatusCode::CONFLICT, LEASED)),
            Self::Stale => once(FaultMode::Refused(StatusCode::PRECONDITION_FAILED, STALE)),
            Self::KilledBefore => once(FaultMode::KilledBefore),
            Self::KilledAfter => once(FaultMode::KilledAfter),
            Self::TokenRefused
            | Self::NoRoom
            | Self::Unwell
            | Self::OtherBuild
            | Self::Flaps
            | Self::GoneByHand
            | Self::ClockAhead
            | Self::ClockBehind
            | Self::SecondWorker
            | Self::DiskFull => None,
        }
    }

    /// As a table calls it.
    pub fn word(self) -> &'static str {
        match self {
            Self::NotSent => "request never sent",
            Self::Reset => "connection reset, not done",
            Self::LostReply => "connection reset although done",
            Self::Hang => "no answer, not done",
            Self::HangDone => "no answer although done",
            Self::Stalled => "half an answer, then nothing",
            Self::TimeoutDone => "408 although done",
            Self::TimeoutNotDone => "408, not done",
            Self::TooMany => "429",
            Self::TooManyMinute => "429, Retry-After a minute",
            Self::TooManyDay => "429, Retry-After a day",
            Self::TooManyDate => "429, Retry-After a date",
            Self::TooManyGarbage => "429, Retry-After garbage",
            Self::Unavailable => "5xx, not done",
            Self::UnavailableDone => "5xx although done",
            Self::UnavailableBurst => "eight 5xx in a row, not done",
            Self::UnavailableBurstDone => "eight 5xx in a row although done",
            Self::Twice => "delivered twice",
            Self::Late => "done 90 s later",
            Self::BadBody => "answer cut off",
            Self::EmptyBody => "answer empty",
            Self::PageBody => "answer is a web page",
            Self::OtherBody => "answer of another shape",
            Self::HugeBody => "answer of 20 MB",
            Self::Capped => "no payment method",
            Self::Held => "account held",
            Self::Taken => "name taken",
            Self::Leased => "leased by another",
            Self::Stale => "precondition failed",
            Self::KilledBefore => "process killed before the call",
            Self::KilledAfter => "process killed after the call",
            Self::TokenRefused => "token revoked from here on",
            Self::NoRoom => "no room in the first region",
            Self::Unwell => "machine never healthy",
            Self::OtherBuild => "machine of another build",
            Self::Flaps => "machine starts and exits",
            Self::GoneByHand => "app removed by hand",
            Self::ClockAhead => "clock jumps a day ahead",
            Self::ClockBehind => "clock jumps a day back",
            Self::SecondWorker => "a second process takes over",
            Self::DiskFull => "journal entry not written",
        }
    }
}

impl Fault {
    /// Whether it strikes at this call.
    pub(super) fn strikes_at(&self, call: usize) -> bool {
        let times = self.kind.mode().map_or(1, |(_, times)| times);
        self.kind != FaultKind::DiskFull && (self.at..self.at + times).contains(&call)
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let place = if self.kind == FaultKind::DiskFull { "entry" } else { "call" };
        write!(f, "{} at {place} {}", self.kind.word(), self.at)
    }
}
