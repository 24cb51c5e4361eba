//! The account, and the authentication of calls.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::SimulatedTwilio;
use crate::random::Random;

/// A refusal in the wording of Twilio.
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

/// The account's id (`AC…`) and its Auth Token.
#[derive(Clone)]
pub(super) struct TwilioCredentials {
    pub account_sid: String,
    pub auth_token: String,
}

impl TwilioCredentials {
    pub fn new(random: &Random) -> Self {
        let hex = || hex::encode(random.bytes::<16>());
        Self { account_sid: format!("AC{}", hex()), auth_token: hex() }
    }

    /// Refuses a call without the account's id and token (basic authentication).
    pub fn admit(&self, headers: &HeaderMap) -> Result<(), TwilioApiError> {
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
}

pub async fn show(
    State(twilio): State<Arc<SimulatedTwilio>>,
    Path(account): Path<String>,
    headers: HeaderMap,
) -> Result<Json<Value>, TwilioApiError> {
    twilio.credentials.admit(&headers)?;
    twilio.note("GET", "/2010-04-01/Accounts/{Sid}.json", json!({}));
    if account.trim_end_matches(".json") != twilio.credentials.account_sid {
        return Err(TwilioApiError::not_found());
    }
    Ok(Json(json!({
        "sid": twilio.credentials.account_sid, "friendly_name": "Ada's account", "status": "active",
        "type": "Full",
    })))
}
