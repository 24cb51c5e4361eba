//! The account, and who may ask.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::SimulatedTwilio;

/// A refusal as Twilio words it.
pub struct TwilioApiError {
    pub status: StatusCode,
    pub code: u32,
    pub message: &'static str,
}

impl TwilioApiError {
    pub fn bad(code: u32, message: &'static str) -> Self {
        Self { status: StatusCode::BAD_REQUEST, code, message }
    }

    pub fn not_found() -> Self {
        let message = "The requested resource was not found";
        Self { status: StatusCode::NOT_FOUND, code: 20404, message }
    }
}

impl IntoResponse for TwilioApiError {
    fn into_response(self) -> Response {
        let Self { status, code, message } = self;
        let more_info = format!("https://www.twilio.com/docs/errors/{code}");
        let body = json!({
            "code": code, "message": message, "more_info": more_info, "status": status.as_u16(),
        });
        (status, Json(body)).into_response()
    }
}

impl SimulatedTwilio {
    /// Basic authentication with the account's id and token.
    pub(super) fn admit(&self, headers: &HeaderMap) -> Result<(), TwilioApiError> {
        let shown = headers.get(header::AUTHORIZATION).and_then(|it| it.to_str().ok());
        let shown =
            shown.and_then(|it| it.strip_prefix("Basic ")).and_then(|it| STANDARD.decode(it).ok());
        let wanted = format!("{}:{}", self.account_sid, self.auth_token);
        match shown {
            Some(shown) if shown == wanted.as_bytes() => Ok(()),
            _ => Err(TwilioApiError {
                status: StatusCode::UNAUTHORIZED,
                code: 20003,
                message: "Authenticate",
            }),
        }
    }

    pub(super) fn note(&self, method: &str, path: &str, parameters: Value) {
        self.state().calls.push((method.to_owned(), path.to_owned(), parameters));
    }
}

pub async fn show(
    State(twilio): State<Arc<SimulatedTwilio>>,
    Path(account): Path<String>,
    headers: HeaderMap,
) -> Result<Json<Value>, TwilioApiError> {
    twilio.admit(&headers)?;
    twilio.note("GET", "/2010-04-01/Accounts/{Sid}.json", json!({}));
    if account.trim_end_matches(".json") != twilio.account_sid {
        return Err(TwilioApiError::not_found());
    }
    Ok(Json(json!({
        "sid": twilio.account_sid, "friendly_name": "Ada's account", "status": "active",
        "type": "Full",
    })))
}
