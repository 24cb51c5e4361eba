//! What can go wrong, and when.

use std::fmt;
use std::time::Duration;

use http::StatusCode;

use crate::sandbox::faults::Mode;

/// Something that goes wrong at one place of the story.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Trouble {
    /// At the so-manyth call (of the whole story), or entry of the journal, from 0.
    pub at: usize,
    /// What.
    pub way: Way,
}

/// A way to go wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Way {
    /// No connection.
    NotSent,
    /// 429 and nothing else.
    TooMany,
    /// 429, to be tried again in a minute.
    TooManyMinute,
    /// 429, to be tried again tomorrow.
    TooManyDay,
    /// 429, with a time that is none.
    TooManyGarbage,
    /// 503 from something on the way, without effect.
    Unavailable,
    /// Eight of them in a row.
    UnavailableBurst,
    /// 503 from something on the way, with effect.
    UnavailableDone,
    /// 408 although it was done.
    TimeoutDone,
    /// 408, and it was not.
    TimeoutNotDone,
    /// The answer is lost.
    LostReply,
    /// It arrives twice.
    Twice,
    /// It does not arrive, and no answer comes.
    Hang,
    /// It arrives, and no answer comes.
    HangDone,
    /// The connection breaks, and it arrives a minute and a half later.
    Late,
    /// It arrives, and the answer cannot be read.
    BadBody,
    /// The token is refused from here on; the person has another.
    TokenRefused,
    /// The process is killed before the call is sent.
    KilledBefore,
    /// The process is killed after its effect.
    KilledAfter,
    /// The disk is full for the entry of the journal, and the process dies of it.
    DiskFull,
    /// The first region has no room for machines from here on.
    NoRoom,
    /// Another process takes the run over.
    SecondWorker,
}

impl Way {
    /// Those that strike at a call.
    pub const AT_CALLS: [Self; 19] = [
        Self::NotSent,
        Self::TooMany,
        Self::TooManyMinute,
        Self::TooManyDay,
        Self::TooManyGarbage,
        Self::Unavailable,
        Self::UnavailableBurst,
        Self::UnavailableDone,
        Self::TimeoutDone,
        Self::TimeoutNotDone,
        Self::LostReply,
        Self::Twice,
        Self::Hang,
        Self::HangDone,
        Self::Late,
        Self::BadBody,
        Self::TokenRefused,
        Self::NoRoom,
        Self::SecondWorker,
    ];

    /// Those that kill the process at a call.
    pub const KILLS: [Self; 2] = [Self::KilledBefore, Self::KilledAfter];

    /// How the network shows it; `None` for what is done to the world instead.
    pub(super) fn mode(self) -> Option<(Mode, usize)> {
        const PAGE: &str = "<html>bad gateway</html>";
        let once = |mode| Some((mode, 1));
        match self {
            Self::NotSent => once(Mode::NotSent),
            Self::TooMany => once(Mode::Refused(StatusCode::TOO_MANY_REQUESTS, "")),
            Self::TooManyMinute => once(Mode::TooMany("60")),
            Self::TooManyDay => once(Mode::TooMany("86400")),
            Self::TooManyGarbage => once(Mode::TooMany("soon")),
            Self::Unavailable => once(Mode::Refused(StatusCode::SERVICE_UNAVAILABLE, PAGE)),
            Self::UnavailableBurst => {
                Some((Mode::Refused(StatusCode::SERVICE_UNAVAILABLE, PAGE), 8))
            }
            Self::UnavailableDone => {
                once(Mode::RefusedAfter(StatusCode::SERVICE_UNAVAILABLE, PAGE))
            }
            Self::TimeoutDone => once(Mode::RefusedAfter(StatusCode::REQUEST_TIMEOUT, "")),
            Self::TimeoutNotDone => once(Mode::Refused(StatusCode::REQUEST_TIMEOUT, "")),
            Self::LostReply => once(Mode::LostReply),
            Self::Twice => once(Mode::Twice),
            Self::Hang => once(Mode::Hang),
            Self::HangDone => once(Mode::HangAfter),
            Self::Late => once(Mode::Late(Duration::from_secs(90))),
            Self::BadBody => once(Mode::BadBody),
            Self::KilledBefore => once(Mode::KilledBefore),
            Self::KilledAfter => once(Mode::KilledAfter),
            Self::TokenRefused | Self::DiskFull | Self::NoRoom | Self::SecondWorker => None,
        }
    }

    /// As a table calls it.
    pub fn word(self) -> &'static str {
        match self {
            Self::NotSent => "request never sent",
            Self::TooMany => "429",
            Self::TooManyMinute => "429, Retry-After a minute",
            Self::TooManyDay => "429, Retry-After a day",
            Self::TooManyGarbage => "429, Retry-After garbage",
            Self::Unavailable => "5xx without effect",
            Self::UnavailableBurst => "eight 5xx in a row",
            Self::UnavailableDone => "5xx although done",
            Self::TimeoutDone => "408 although done",
            Self::TimeoutNotDone => "408, not done",
            Self::LostReply => "reply lost",
            Self::Twice => "delivered twice",
            Self::Hang => "no answer, no effect",
            Self::HangDone => "no answer although done",
            Self::Late => "done 90 s later",
            Self::BadBody => "unreadable answer",
            Self::TokenRefused => "token revoked from here on",
            Self::KilledBefore => "process killed before the call",
            Self::KilledAfter => "process killed after the call",
            Self::DiskFull => "journal entry not written",
            Self::NoRoom => "no room in the first region",
            Self::SecondWorker => "a second process takes over",
        }
    }
}

impl fmt::Display for Trouble {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let place = if self.way == Way::DiskFull { "entry" } else { "call" };
        write!(f, "{} at {place} {}", self.way.word(), self.at)
    }
}
