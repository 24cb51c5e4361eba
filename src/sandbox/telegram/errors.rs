//! Refusals of the Bot API.

use axum::Json;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde_json::json;

/// A refusal in the wording of the Bot API.
pub enum TelegramApiError {
    /// A status, and the words.
    Words(StatusCode, String),
    /// Too fast: in so many seconds again.
    TooFast(u64),
}

impl TelegramApiError {
    pub fn bad(words: &str) -> Self {
        Self::Words(StatusCode::BAD_REQUEST, format!("Bad Request: {words}"))
    }

    pub fn forbidden(words: &str) -> Self {
        Self::Words(StatusCode::FORBIDDEN, format!("Forbidden: {words}"))
    }

    pub fn unauthorised() -> Self {
        Self::Words(StatusCode::UNAUTHORIZED, "Unauthorized".to_owned())
    }

    pub fn conflict(words: &str) -> Self {
        Self::Words(StatusCode::CONFLICT, format!("Conflict: {words}"))
    }
}

impl IntoResponse for TelegramApiError {
    fn into_response(self) -> Response {
        match self {
            Self::Words(status, words) => (
                status,
                Json(json!({ "ok": false, "error_code": status.as_u16(), "description": words })),
            )
                .into_response(),
            Self::TooFast(seconds) => (
                StatusCode::TOO_MANY_REQUESTS,
                Json(json!({
                    "ok": false,
                    "error_code": 429,
                    "description": format!("Too Many Requests: retry after {seconds}"),
                    "parameters": { "retry_after": seconds },
                })),
            )
                .into_response(),
        }
    }
}
