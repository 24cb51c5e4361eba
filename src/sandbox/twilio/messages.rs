//! Messages: sent, listed, redacted, deleted; and contents with buttons.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Form, Path, Query, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use serde_json::{Value, json};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc2822;

use super::accounts::TwilioApiError;
use super::{SeenTwilioMessage, SimulatedTwilio, TwilioMessage, TwilioState};

/// Longest body, in characters.
const BODY_MAX: usize = 1600;

/// The time after a person's message in which a business may write freely, in milliseconds.
const WINDOW_MS: u64 = 24 * 60 * 60 * 1000;

type RequestFields = Vec<(String, String)>;

fn field<'a>(fields: &'a RequestFields, name: &str) -> Option<&'a str> {
    fields.iter().find(|(it, _)| it == name).map(|(_, value)| value.as_str())
}

fn as_object(fields: &RequestFields) -> Value {
    fields
        .iter()
        .map(|(name, value)| (name.clone(), json!(value)))
        .collect::<serde_json::Map<_, _>>()
        .into()
}

pub async fn create(
    State(twilio): State<Arc<SimulatedTwilio>>,
    headers: HeaderMap,
    Form(fields): Form<RequestFields>,
) -> Result<Response, TwilioApiError> {
    twilio.credentials.admit(&headers)?;
    twilio.note("POST", "/2010-04-01/Accounts/{AccountSid}/Messages.json", as_object(&fields));
    Ok(twilio.faults.apply(|| take(&twilio, &fields)))
}

fn take(
    twilio: &Arc<SimulatedTwilio>,
    fields: &RequestFields,
) -> Result<(StatusCode, Json<Value>), TwilioApiError> {
    let (from, to) =
        (field(fields, "From").unwrap_or_default(), field(fields, "To").unwrap_or_default());
    let (text, buttons) = text_of(&twilio.state(), fields)?;
    let medium = field(fields, "MediaUrl").map(str::to_owned);
    if text.is_empty() && medium.is_none() {
        return Err(TwilioApiError::bad(
            21619,
            "A text message body or media urls must be specified.",
        ));
    }
    if text.chars().count() > BODY_MAX {
        return Err(TwilioApiError::bad(
            21617,
            "The concatenated message body exceeds the 1600 character limit",
        ));
    }
    let number = from.strip_prefix("whatsapp:").unwrap_or_default();
    if !twilio.state().senders.contains_key(number) {
        let message = "Twilio could not find a Channel with the specified From address";
        return Err(TwilioApiError::bad(63007, message));
    }
    let person = to.strip_prefix("whatsapp:").filter(|it| it.starts_with('+'));
    let person = person.ok_or(TwilioApiError::bad(21211, "Invalid 'To' Phone Number"))?;
    let now_ms = twilio.clock.now_ms();
    let (message, is_delivered) = {
        let mut state = twilio.state();
        let phone = state.phones.entry((person.to_owned(), number.to_owned())).or_default();
        let is_delivered =
            phone.wrote_at_ms.is_some_and(|at_ms| now_ms.saturating_sub(at_ms) < WINDOW_MS);
        let message = TwilioMessage {
            sid: twilio.sid("SM"),
            from: from.to_owned(),
            to: to.to_owned(),
            body: text.clone(),
            inbound: false,
            status: "queued",
            error: None,
            at_ms: now_ms,
            media: medium.clone().into_iter().collect(),
        };
        if is_delivered {
            let shown =
                SeenTwilioMessage { mine: false, sid: message.sid.clone(), text, buttons, medium };
            phone.shown.push(shown);
        }
        let (status, error) =
            if is_delivered { ("delivered", None) } else { ("failed", Some(63016)) };
        state.messages.push(TwilioMessage { status, error, ..message.clone() });
        (message, is_delivered)
    };
    twilio.has_changed();
    if let Some(callback) = field(fields, "StatusCallback") {
        twilio.webhooks.post_status(callback, &message, is_delivered);
    }
    Ok((StatusCode::CREATED, Json(as_json(twilio, &message))))
}

/// The text of a message and its quick replies: label and payload.
fn text_of(
    state: &TwilioState,
    fields: &RequestFields,
) -> Result<(String, Vec<(String, String)>), TwilioApiError> {
    let Some(content) = field(fields, "ContentSid") else {
        return Ok((field(fields, "Body").unwrap_or_default().to_owned(), Vec::new()));
    };
    let content = state
        .contents
        .get(content)
        .ok_or(TwilioApiError::bad(21656, "The ContentSid is invalid"))?;
    let reply = &content["types"]["twilio/quick-reply"];
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let actions = reply["actions"].as_array().into_iter().flatten();
    let buttons = actions.map(|it| (text(&it["title"]), text(&it["id"]))).collect();
    Ok((text(&reply["body"]), buttons))
}

pub async fn list(
    State(twilio): State<Arc<SimulatedTwilio>>,
    headers: HeaderMap,
    Query(query): Query<RequestFields>,
) -> Result<Json<Value>, TwilioApiError> {
    twilio.credentials.admit(&headers)?;
    twilio.note("GET", "/2010-04-01/Accounts/{AccountSid}/Messages.json", as_object(&query));
    let size = field(&query, "PageSize").and_then(|it| it.parse().ok()).unwrap_or(50);
    let fits = |message: &&TwilioMessage| {
        field(&query, "From").is_none_or(|it| it == message.from)
            && field(&query, "To").is_none_or(|it| it == message.to)
    };
    let state = twilio.state();
    let found = state.messages.iter().rev().filter(fits).take(size);
    let found: Vec<Value> = found.map(|it| as_json(&twilio, it)).collect();
    Ok(Json(json!({ "messages": found, "page": 0, "page_size": size, "next_page_uri": null })))
}

pub async fn show(
    State(twilio): State<Arc<SimulatedTwilio>>,
    Path((_, message)): Path<(String, String)>,
    headers: HeaderMap,
) -> Result<Json<Value>, TwilioApiError> {
    twilio.credentials.admit(&headers)?;
    twilio.note("GET", "/2010-04-01/Accounts/{AccountSid}/Messages/{Sid}.json", json!({}));
    let sid = message.trim_end_matches(".json");
    let state = twilio.state();
    let found = state.messages.iter().find(|it| it.sid == sid);
    found.map(|it| Json(as_json(&twilio, it))).ok_or_else(TwilioApiError::not_found)
}

/// An empty body removes the text; other changes are refused.
pub async fn redact(
    State(twilio): State<Arc<SimulatedTwilio>>,
    Path((_, message)): Path<(String, String)>,
    headers: HeaderMap,
    Form(fields): Form<RequestFields>,
) -> Result<Json<Value>, TwilioApiError> {
    twilio.credentials.admit(&headers)?;
    let path = "/2010-04-01/Accounts/{AccountSid}/Messages/{Sid}.json";
    twilio.note("POST", path, as_object(&fields));
    if field(&fields, "Body") != Some("") {
        return Err(TwilioApiError::bad(20001, "Body must be empty"));
    }
    let sid = message.trim_end_matches(".json");
    let mut state = twilio.state();
    let found =
        state.messages.iter_mut().find(|it| it.sid == sid).ok_or_else(TwilioApiError::not_found)?;
    found.body.clear();
    Ok(Json(as_json(&twilio, found)))
}

pub async fn delete(
    State(twilio): State<Arc<SimulatedTwilio>>,
    Path((_, message)): Path<(String, String)>,
    headers: HeaderMap,
) -> Result<StatusCode, TwilioApiError> {
    twilio.credentials.admit(&headers)?;
    twilio.note("DELETE", "/2010-04-01/Accounts/{AccountSid}/Messages/{Sid}.json", json!({}));
    let sid = message.trim_end_matches(".json");
    let mut state = twilio.state();
    let place =
        state.messages.iter().position(|it| it.sid == sid).ok_or_else(TwilioApiError::not_found)?;
    state.messages.remove(place);
    drop(state);
    twilio.has_changed();
    Ok(StatusCode::NO_CONTENT)
}

pub async fn typing(
    State(twilio): State<Arc<SimulatedTwilio>>,
    headers: HeaderMap,
    Form(fields): Form<RequestFields>,
) -> Result<Json<Value>, TwilioApiError> {
    twilio.credentials.admit(&headers)?;
    twilio.note("POST", "/v2/Indicators/Typing.json", as_object(&fields));
    let known = field(&fields, "messageId");
    let is_known = twilio.state().messages.iter().any(|it| Some(it.sid.as_str()) == known);
    if is_known { Ok(Json(json!({ "success": true }))) } else { Err(TwilioApiError::not_found()) }
}

pub async fn create_content(
    State(twilio): State<Arc<SimulatedTwilio>>,
    headers: HeaderMap,
    Json(content): Json<Value>,
) -> Result<(StatusCode, Json<Value>), TwilioApiError> {
    twilio.credentials.admit(&headers)?;
    twilio.note("POST", "/v1/Content", content.clone());
    let reply = &content["types"]["twilio/quick-reply"];
    let actions = reply["actions"].as_array().map(Vec::as_slice).unwrap_or_default();
    let length = |value: &Value| value.as_str().unwrap_or_default().chars().count();
    let fits = (1..=1024).contains(&length(&reply["body"]))
        && (1..=3).contains(&actions.len())
        && actions
            .iter()
            .all(|it| (1..=20).contains(&length(&it["title"])) && length(&it["id"]) <= 200);
    if !fits || twilio.state().refuses_contents {
        return Err(TwilioApiError::bad(20001, "Invalid content"));
    }
    let sid = twilio.sid("HX");
    twilio.state().contents.insert(sid.clone(), content.clone());
    Ok((StatusCode::CREATED, Json(json!({ "sid": sid, "types": content["types"] }))))
}

fn as_json(twilio: &SimulatedTwilio, message: &TwilioMessage) -> Value {
    let account = &twilio.credentials.account_sid;
    let uri = format!("/2010-04-01/Accounts/{account}/Messages/{}", message.sid);
    let at = date(message.at_ms);
    json!({
        "sid": message.sid, "account_sid": account, "api_version": "2010-04-01",
        "from": message.from, "to": message.to, "body": message.body, "status": message.status,
        "direction": if message.inbound { "inbound" } else { "outbound-api" },
        "num_media": message.media.len().to_string(), "num_segments": "1",
        "date_created": at, "date_updated": at, "date_sent": at,
        "error_code": message.error, "error_message": null, "messaging_service_sid": null,
        "price": null, "price_unit": null, "uri": format!("{uri}.json"),
        "subresource_uris": { "media": format!("{uri}/Media.json") },
    })
}

/// A time in unix milliseconds as this API writes it (RFC 2822).
pub fn date(at_ms: u64) -> Option<String> {
    let at = OffsetDateTime::from_unix_timestamp(i64::try_from(at_ms / 1_000).ok()?).ok()?;
    at.format(&Rfc2822).ok()
}
