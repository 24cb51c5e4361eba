//! What Discord's errors mean for us.

use serenity::all::{ErrorResponse, HttpError};

use crate::channel::ChannelError;

/// How long to wait when Discord is too busy and the client was not told how long.
const BUSY_MS: u64 = 2_000;

/// Why a bot cannot be started.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StartError {
    /// The token is not a bot's.
    #[error("Discord refuses the bot token; reset it under Bot in the developer portal")]
    TokenRefused,
    /// Discord did not answer.
    #[error("Discord cannot be reached")]
    OutOfReach,
}

pub(super) fn at_start(error: &serenity::Error) -> StartError {
    match refusal(error) {
        Some(refusal) if refusal.status_code.as_u16() == 401 => StartError::TokenRefused,
        _ => StartError::OutOfReach,
    }
}

fn refusal(error: &serenity::Error) -> Option<&ErrorResponse> {
    match error {
        serenity::Error::Http(HttpError::UnsuccessfulRequest(refusal)) => Some(refusal),
        _ => None,
    }
}

pub(super) fn meaning(error: &serenity::Error) -> ChannelError {
    let Some(refusal) = refusal(error) else { return ChannelError::InDoubt };
    match (refusal.status_code.as_u16(), refusal.error.code) {
        (429, _) => ChannelError::TooFast { retry_after_ms: BUSY_MS },
        // Unknown channel; direct messages are closed.
        (_, 10003 | 50007) => ChannelError::Unreachable,
        (_, 10008) => ChannelError::NoSuchMessage,
        (500.., _) => ChannelError::InDoubt,
        _ => ChannelError::Refused("Discord refused it"),
    }
}
