//! WhatsApp senders and their webhooks.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use serde_json::{Value, json};

use super::accounts::TwilioApiError;
use super::{SimulatedTwilio, TwilioSender};

pub async fn list(
    State(twilio): State<Arc<SimulatedTwilio>>,
    headers: HeaderMap,
) -> Result<Json<Value>, TwilioApiError> {
    twilio.credentials.admit(&headers)?;
    twilio.note("GET", "/v2/Channels/Senders", json!({}));
    let state = twilio.state();
    let senders: Vec<Value> =
        state.senders.iter().map(|(number, it)| as_json(number, it)).collect();
    let meta = json!({ "page": 0, "page_size": 50, "key": "senders", "next_page_url": null });
    Ok(Json(json!({ "senders": senders, "meta": meta })))
}

pub async fn show(
    State(twilio): State<Arc<SimulatedTwilio>>,
    Path(sender): Path<String>,
    headers: HeaderMap,
) -> Result<Json<Value>, TwilioApiError> {
    twilio.credentials.admit(&headers)?;
    let state = twilio.state();
    let found = state.senders.iter().find(|(_, it)| it.sid == sender);
    found.map(|(number, it)| Json(as_json(number, it))).ok_or_else(TwilioApiError::not_found)
}

pub async fn update(
    State(twilio): State<Arc<SimulatedTwilio>>,
    Path(sender): Path<String>,
    headers: HeaderMap,
    Json(change): Json<Value>,
) -> Result<(StatusCode, Json<Value>), TwilioApiError> {
    twilio.credentials.admit(&headers)?;
    twilio.note("POST", "/v2/Channels/Senders/{Sid}", change.clone());
    let mut state = twilio.state();
    let found = state.senders.iter_mut().find(|(_, it)| it.sid == sender);
    let (number, it) = found.ok_or_else(TwilioApiError::not_found)?;
    if let Some(url) = change["webhook"]["callback_url"].as_str() {
        it.callback_url = (!url.is_empty()).then(|| url.to_owned());
    }
    let mut shown = as_json(number, it);
    shown["status"] = json!("ONLINE:UPDATING");
    Ok((StatusCode::ACCEPTED, Json(shown)))
}

fn as_json(number: &str, sender: &TwilioSender) -> Value {
    json!({
        "sid": sender.sid, "status": "ONLINE", "sender_id": format!("whatsapp:{number}"),
        "webhook": { "callback_url": sender.callback_url, "callback_method": "POST" },
    })
}
