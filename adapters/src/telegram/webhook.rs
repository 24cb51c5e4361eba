//! `POST /telegram`: the secret first, then the body, then the inbox; 200 only when it is durable.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::to_bytes;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, StatusCode};
use axum::routing::post;
use subtle::ConstantTimeEq;

use super::{TelegramChannel, TelegramStartError, UpdateSource};
use crate::channel::ChannelEvent;

/// Shows that a call is Telegram's (Bot API, `setWebhook`).
const SECRET_HEADER: &str = "x-telegram-bot-api-secret-token";

/// 32 characters of this alphabet hold more than 128 bits; 256 bit in hex or base64 pass.
const SECRET_CHARS_MIN: usize = 32;

/// The longest secret that Telegram takes.
const SECRET_CHARS_MAX: usize = 256;

/// An update is a message of 4096 characters with all that surrounds it; a forwarded one doubles
/// that.
const BODY_BYTES_MAX: usize = 256 * 1024;

/// The time that a body may take to arrive.
const BODY_TIMEOUT: Duration = Duration::from_secs(5);

pub(super) fn check_secret(secret: &str) -> Result<(), TelegramStartError> {
    let belongs = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
    let fits = (SECRET_CHARS_MIN..=SECRET_CHARS_MAX).contains(&secret.len());
    if fits && secret.chars().all(belongs) { Ok(()) } else { Err(TelegramStartError::WeakSecret) }
}

pub(super) fn router(telegram: Arc<TelegramChannel>) -> Router {
    Router::new().route("/telegram", post(take)).with_state(telegram)
}

async fn take(State(telegram): State<Arc<TelegramChannel>>, request: Request) -> StatusCode {
    if !telegram.updates.authenticates(request.headers()) {
        return StatusCode::UNAUTHORIZED;
    }
    let body = to_bytes(request.into_body(), BODY_BYTES_MAX);
    let Ok(Ok(body)) = tokio::time::timeout(BODY_TIMEOUT, body).await else {
        return StatusCode::PAYLOAD_TOO_LARGE;
    };
    // Telegram would send an unreadable update again for a day, and no person waits for it.
    let Ok(update) = serde_json::from_slice(&body) else { return StatusCode::OK };
    let taken = match telegram.read_update(&update).await {
        Ok(None) => return StatusCode::OK,
        Ok(Some(ChannelEvent::Reachable(chat))) => {
            telegram.inbox.reachable(chat);
            return StatusCode::OK;
        }
        Ok(Some(ChannelEvent::Inbound(inbound))) => match telegram.inbox.put(inbound) {
            Ok(delivery) => delivery.taken().await,
            Err(not_taken) => Err(not_taken),
        },
        Err(not_taken) => Err(not_taken),
    };
    match taken {
        Ok(()) => StatusCode::OK,
        Err(_) => StatusCode::SERVICE_UNAVAILABLE,
    }
}

impl UpdateSource {
    /// Whether a request to the webhook shows its secret.
    fn authenticates(&self, headers: &HeaderMap) -> bool {
        let Self::Webhook { secret } = self else { return false };
        let mut shown = headers.get_all(SECRET_HEADER).iter();
        match (shown.next(), shown.next()) {
            (Some(shown), None) => shown.as_bytes().ct_eq(secret.as_bytes()).into(),
            _ => false,
        }
    }
}
