//! Media of messages: Twilio redirects to where they lie.

use std::sync::Arc;

use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};

use super::Twilio;
use super::accounts::No;

pub async fn show(
    State(twilio): State<Arc<Twilio>>,
    Path((_, _, medium)): Path<(String, String, String)>,
    headers: HeaderMap,
) -> Result<Response, No> {
    twilio.admit(&headers)?;
    let host = headers.get(header::HOST).and_then(|it| it.to_str().ok()).unwrap_or_default();
    let place = format!("http://{host}/media/{medium}");
    let is_known = twilio.state().media.contains_key(&medium);
    match is_known {
        true => Ok((StatusCode::TEMPORARY_REDIRECT, [(header::LOCATION, place)]).into_response()),
        false => Err(No::not_found()),
    }
}

/// Whoever has the address has the file; credentials that are shown here are shown to a stranger.
pub async fn download(
    State(twilio): State<Arc<Twilio>>,
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
