//! The meaning of Discord's errors.

use reqwest::StatusCode;

use crate::channel::ChannelError;

/// A failure to start a bot.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DiscordStartError {
    /// The token is not a bot's.
    #[error("Discord refuses the bot token; reset it under Bot in the developer portal")]
    TokenRefused,
    /// Discord did not answer.
    #[error("Discord cannot be reached")]
    Unreachable,
    /// This machine gives no thread or no way into the network.
    #[error("the connection to Discord cannot be set up on this machine")]
    Platform,
}

pub(super) fn meaning(status: StatusCode, code: u64) -> ChannelError {
    match (status.as_u16(), code) {
        // Unknown channel; no access to it; direct messages are closed.
        (_, 10003 | 50001 | 50007) => ChannelError::Unreachable,
        (_, 10008) => ChannelError::NoSuchMessage,
        (401, _) => ChannelError::Refused("Discord refuses the bot token"),
        (413, _) | (_, 40005) => ChannelError::Refused("the file is too large"),
        (500.., _) => ChannelError::InDoubt,
        _ => ChannelError::Refused("Discord refused it"),
    }
}
