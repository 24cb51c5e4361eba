//! Media of messages: Twilio redirects to their address.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};

use super::accounts::TwilioApiError;
use super::messages::date;
use super::{SimulatedTwilio, TwilioMessage};

const LISTED: &str = "/2010-04-01/Accounts/{AccountSid}/Messages/{MessageSid}/Media.json";
const DESCRIBED: &str = "/2010-04-01/Accounts/{AccountSid}/Messages/{MessageSid}/Media/{Sid}.json";
const THERE: &str = "/2010-04-01/Accounts/{AccountSid}/Messages/{MessageSid}/Media/{Sid}";

/// The media of a message.
pub async fn list(
    State(twilio): State<Arc<SimulatedTwilio>>,
    Path((_, message)): Path<(String, String)>,
    headers: HeaderMap,
) -> Result<Json<Value>, TwilioApiError> {
    twilio.credentials.admit(&headers)?;
    twilio.note("GET", LISTED, json!({}));
    let state = twilio.state();
    let message =
        state.messages.iter().find(|it| it.sid == message).ok_or_else(TwilioApiError::not_found)?;
    let of = |sid: &String| {
        let (kind, _) = state.media.get(sid)?;
        Some(as_json(&twilio, message, sid, kind))
    };
    let media: Vec<Value> = message.media.iter().filter_map(of).collect();
    Ok(Json(json!({
        "media_list": media, "page": 0, "page_size": 50, "start": 0, "end": media.len(),
        "next_page_uri": null, "previous_page_uri": null,
    })))
}

/// A medium, or with `.json` its description.
pub async fn show(
    State(twilio): State<Arc<SimulatedTwilio>>,
    Path((_, message, medium)): Path<(String, String, String)>,
    headers: HeaderMap,
) -> Result<Response, TwilioApiError> {
    twilio.credentials.admit(&headers)?;
    let sid = medium.trim_end_matches(".json");
    let is_described = sid.len() < medium.len();
    twilio.note("GET", if is_described { DESCRIBED } else { THERE }, json!({}));
    let host = headers.get(header::HOST).and_then(|it| it.to_str().ok()).unwrap_or_default();
    let state = twilio.state();
    let holds = |it: &&TwilioMessage| it.sid == message && it.media.iter().any(|it| it == sid);
    let message = state.messages.iter().find(holds).ok_or_else(TwilioApiError::not_found)?;
    let (kind, _) = state.media.get(sid).ok_or_else(TwilioApiError::not_found)?;
    if is_described {
        return Ok(Json(as_json(&twilio, message, sid, kind)).into_response());
    }
    let place = format!("http://{host}/media/{sid}");
    Ok((StatusCode::TEMPORARY_REDIRECT, [(header::LOCATION, place)]).into_response())
}

/// The address alone gives the file; a request with credentials is refused, because the real host
/// is another company's.
pub async fn download(
    State(twilio): State<Arc<SimulatedTwilio>>,
    Path(medium): Path<String>,
    headers: HeaderMap,
) -> Response {
    if headers.contains_key(header::AUTHORIZATION) {
        return StatusCode::BAD_REQUEST.into_response();
    }
    match twilio.state().media.get(&medium) {
        Some((kind, bytes)) => {
            ([(header::CONTENT_TYPE, kind.clone())], bytes.clone()).into_response()
        }
        None => StatusCode::NOT_FOUND.into_response(),
    }
}

fn as_json(twilio: &SimulatedTwilio, message: &TwilioMessage, sid: &str, kind: &str) -> Value {
    let account = &twilio.credentials.account_sid;
    json!({
        "sid": sid, "account_sid": account, "parent_sid": message.sid,
        "content_type": kind, "date_created": date(message.at_ms),
        "date_updated": date(message.at_ms),
        "uri": format!(
            "/2010-04-01/Accounts/{account}/Messages/{}/Media/{sid}.json", message.sid
        ),
    })
}
