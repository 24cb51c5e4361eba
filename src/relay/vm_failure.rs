//! Causes of a turn without a known end.

use http::StatusCode;

/// The cause of a turn without a known end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum VmFailure {
    /// The VM did not answer for long.
    Unreachable,
    /// Another turn of the session was running for long.
    SessionBusy,
    /// Too many turns were running for long.
    Full,
    /// The VM did not know our signature for long, or waits to be committed: both change while
    /// machines are replaced or a clock is set.
    Refused,
    /// The VM does not take this line; asking again would not help.
    Rejected,
    /// The VM is of a release that does not understand this relay.
    OtherRelease,
    /// The VM's disk is full or fails; that does not pass by itself.
    DiskFailed,
}

impl VmFailure {
    pub(super) fn of(status: StatusCode) -> Self {
        match status {
            StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => Self::Refused,
            StatusCode::CONFLICT => Self::SessionBusy,
            StatusCode::TOO_MANY_REQUESTS => Self::Full,
            StatusCode::INSUFFICIENT_STORAGE => Self::DiskFailed,
            StatusCode::UPGRADE_REQUIRED => Self::OtherRelease,
            StatusCode::BAD_REQUEST | StatusCode::NOT_FOUND | StatusCode::PAYLOAD_TOO_LARGE => {
                Self::Rejected
            }
            _ => Self::Unreachable,
        }
    }
}
