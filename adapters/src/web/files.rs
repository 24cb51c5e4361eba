//! Files of the web channel, by HTTP beside the socket: `POST /chat/files` takes one and `GET
//! /chat/files/{id}` gives one, with the owner's key as a bearer token.

use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::extract::rejection::BytesRejection;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use serde_json::json;
use sha2::{Digest, Sha256};
use tokio::time::Instant;

use super::admission::is_same_origin;
use super::socket::is_owner_key;
use super::{LogError, StoredFile, WebChannel, in_doubt};
use crate::channel::ChannelError;
use crate::chat::OutboundFile;

/// Largest file either way, in bytes: what the other services take at least, and what fits twice
/// into the memory of the smallest machine.
pub const FILE_BYTES_MAX: usize = 20 * 1024 * 1024;

/// The time that a file may take to arrive: 20 MB over a slow phone connection.
pub(super) const UPLOAD_TIMEOUT: Duration = Duration::from_secs(10 * 60);

/// Files that arrive at the same time, each of them in memory.
pub(super) const UPLOADS_MAX: usize = 2;

const NO_ROOM: &str =
    "There is no room for this file, and it was not stored. Send a smaller one.\n";

/// The id of a file is a digest of its content: a file that is sent twice is kept once.
fn id_of(bytes: &[u8]) -> String {
    hex::encode(&Sha256::digest(bytes)[..16])
}

fn is_id(id: &str) -> bool {
    id.len() == 32 && id.bytes().all(|byte| byte.is_ascii_hexdigit())
}

impl WebChannel {
    /// Keeps a file of ours and returns its id.
    pub(super) async fn keep(&self, file: &OutboundFile) -> Result<String, ChannelError> {
        if file.bytes.len() > FILE_BYTES_MAX {
            return Err(ChannelError::Refused("the file is too large"));
        }
        let id = id_of(&file.bytes);
        self.log.keep_file(&id, &file.bytes).await.map_err(|error| match error {
            LogError::NoRoom => ChannelError::Refused("there is no room for the file"),
            LogError::Unavailable => in_doubt(error),
        })?;
        Ok(id)
    }

    /// A file that was kept.
    pub(super) async fn kept(&self, id: &str) -> Result<Bytes, ChannelError> {
        if !is_id(id) {
            return Err(ChannelError::Refused("no such file"));
        }
        let file = self.log.file(id).await.map_err(in_doubt)?;
        file.ok_or(ChannelError::Refused("the file is not there any more"))
    }

    fn admits(&self, headers: &HeaderMap) -> bool {
        let shown = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
        let shown = shown.and_then(|value| value.strip_prefix("Bearer ")).unwrap_or_default();
        let admitted = is_same_origin(headers) && is_owner_key(shown, &self.key);
        if !admitted {
            self.door().count_wrong_key(Instant::now());
        }
        admitted
    }
}

/// The key is looked at before the body is read.
pub(super) async fn upload(
    State(web): State<Arc<WebChannel>>,
    request: axum::extract::Request,
) -> Result<Response, StatusCode> {
    if !web.admits(request.headers()) {
        return Err(StatusCode::UNAUTHORIZED);
    }
    let place = web.uploads.acquire().await;
    let _place = place.map_err(|_| StatusCode::SERVICE_UNAVAILABLE)?;
    let body = read(request);
    let body = tokio::time::timeout(UPLOAD_TIMEOUT, body).await;
    let body = body.map_err(|_| StatusCode::REQUEST_TIMEOUT)?.map_err(|error| error.status())?;
    let id = id_of(&body);
    match web.log.keep_file(&id, &body).await {
        Ok(()) => Ok(axum::Json(json!({ "id": id })).into_response()),
        Err(LogError::NoRoom) => Ok((StatusCode::INSUFFICIENT_STORAGE, NO_ROOM).into_response()),
        Err(LogError::Unavailable) => Err(StatusCode::SERVICE_UNAVAILABLE),
    }
}

async fn read(request: axum::extract::Request) -> Result<Bytes, BytesRejection> {
    use axum::extract::FromRequest;
    Bytes::from_request(request, &()).await
}

/// As bytes of no kind, so that no browser runs what is in them.
pub(super) async fn download(
    State(web): State<Arc<WebChannel>>,
    Path(id): Path<String>,
    headers: HeaderMap,
) -> Response {
    if !web.admits(&headers) {
        return StatusCode::UNAUTHORIZED.into_response();
    }
    if !is_id(&id) {
        return StatusCode::NOT_FOUND.into_response();
    }
    match web.log.open_file(&id).await {
        Ok(Some(StoredFile { bytes, pieces })) => {
            let headers = [
                (header::CONTENT_TYPE, "application/octet-stream"),
                (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
                (header::CONTENT_SECURITY_POLICY, "default-src 'none'; sandbox"),
                (header::CACHE_CONTROL, "private, no-store"),
            ];
            let length = [(header::CONTENT_LENGTH, bytes)];
            (headers, length, Body::from_stream(pieces)).into_response()
        }
        Ok(None) => StatusCode::NOT_FOUND.into_response(),
        Err(_) => StatusCode::SERVICE_UNAVAILABLE.into_response(),
    }
}
