//! The meaning of Telegram's errors. None of them is printed: the client's own hold the URL, and so
//! the token.

use teloxide::{ApiError, RequestError};

use crate::channel::ChannelError;

/// A failure to start a bot.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TelegramStartError {
    /// The token is not a bot's.
    #[error("Telegram refuses the bot token; get one from @BotFather")]
    TokenRefused,
    /// Telegram did not answer.
    #[error("Telegram cannot be reached")]
    Unreachable,
    /// The client cannot be made.
    #[error("the platform offers no TLS roots or sockets")]
    Platform,
    /// The base URL is not one.
    #[error("the base URL of Telegram's API is not a URL")]
    ApiUrl,
    /// The webhook's secret is missing or weak.
    #[error("the webhook secret needs 32 or more letters, digits, _ or -")]
    WeakSecret,
}

pub(super) fn at_start(error: &RequestError) -> TelegramStartError {
    match error {
        RequestError::Api(ApiError::InvalidToken) => TelegramStartError::TokenRefused,
        _ => TelegramStartError::Unreachable,
    }
}

pub(super) fn refused(why: &'static str) -> ChannelError {
    ChannelError::Refused(why)
}

pub(super) fn is_not_modified(error: &RequestError) -> bool {
    matches!(error, RequestError::Api(ApiError::MessageNotModified))
}

pub(super) fn meaning(error: &RequestError) -> ChannelError {
    match error {
        RequestError::RetryAfter(wait) => {
            ChannelError::RateLimited { retry_after_ms: u64::from(wait.seconds()) * 1000 }
        }
        RequestError::Api(error) => meaning_of_refusal(error),
        // The answer was not Telegram's, or none came: it may have happened.
        _ => ChannelError::InDoubt,
    }
}

fn meaning_of_refusal(error: &ApiError) -> ChannelError {
    match error {
        ApiError::BotBlocked
        | ApiError::ChatNotFound
        | ApiError::UserDeactivated
        | ApiError::CantInitiateConversation
        | ApiError::CantTalkWithBots
        | ApiError::BotKicked
        | ApiError::BotKickedFromSupergroup => ChannelError::Unreachable,
        ApiError::MessageToEditNotFound
        | ApiError::MessageToDeleteNotFound
        | ApiError::MessageIdInvalid
        | ApiError::MessageCantBeEdited => ChannelError::NoSuchMessage,
        ApiError::MessageCantBeDeleted => refused("Telegram does not delete this message"),
        ApiError::MessageIsTooLong | ApiError::EditedMessageIsTooLong => refused("too long"),
        ApiError::InvalidToken => refused("the bot token was revoked"),
        ApiError::Unknown(text) if is_passing(text) => ChannelError::InDoubt,
        // Every 403 is about this chat and can end: the person lets us in again.
        ApiError::Unknown(text) if text.starts_with("Forbidden") => ChannelError::Unreachable,
        _ => refused("Telegram refused it"),
    }
}

/// Trouble on Telegram's side; its words are those of HTTP.
fn is_passing(text: &str) -> bool {
    ["Internal Server Error", "Bad Gateway", "Gateway Timeout", "Service Unavailable"]
        .iter()
        .any(|words| text.contains(words))
}
