//! Files in multipart bodies, and their downloads.

use std::sync::Arc;

use axum::body::to_bytes;
use axum::extract::{FromRequest, Multipart, Path, Request, State};
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use serde_json::{Value, json};

use super::{DiscordApiError, DiscordFile, SimulatedDiscord};

/// The largest request of a bot, in bytes: files within its limit, and the rest of the body.
pub(super) const BODY_MAX: usize = 30 << 20;

/// The largest file of a bot, in bytes.
const FILE_BYTES_MAX: usize = 10 << 20;

const MALFORMED: DiscordApiError =
    DiscordApiError(400, 50109, "The request body contains invalid JSON.");

/// The body of a bot's request: JSON, alone or with files.
pub(super) struct PostedBody {
    pub body: Value,
    /// Name, media type, bytes.
    pub files: Vec<(String, Option<String>, Bytes)>,
}

impl<S: Send + Sync> FromRequest<S> for PostedBody {
    type Rejection = DiscordApiError;

    async fn from_request(request: Request, state: &S) -> Result<Self, DiscordApiError> {
        let kind = request.headers().get(CONTENT_TYPE).and_then(|it| it.to_str().ok());
        if !kind.unwrap_or_default().starts_with("multipart/form-data") {
            let bytes = to_bytes(request.into_body(), BODY_MAX).await.map_err(|_| MALFORMED)?;
            let body = serde_json::from_slice(&bytes).map_err(|_| MALFORMED)?;
            return Ok(Self { body, files: Vec::new() });
        }
        let mut parts = Multipart::from_request(request, state).await.map_err(|_| MALFORMED)?;
        let (mut body, mut files) = (json!({}), Vec::new());
        while let Some(part) = parts.next_field().await.map_err(|_| MALFORMED)? {
            let name = part.name().unwrap_or_default().to_owned();
            if name == "payload_json" {
                let text = part.text().await.map_err(|_| MALFORMED)?;
                body = serde_json::from_str(&text).map_err(|_| MALFORMED)?;
                continue;
            }
            let file = part.file_name().unwrap_or_default().to_owned();
            let media_type = part.content_type().map(str::to_owned);
            let bytes = part.bytes().await.map_err(|_| MALFORMED)?;
            if !name.starts_with("files[") || file.is_empty() {
                return Err(DiscordApiError(400, 50035, "Invalid Form Body"));
            }
            if bytes.len() > FILE_BYTES_MAX {
                return Err(DiscordApiError(413, 40005, "Request entity too large"));
            }
            files.push((file, media_type, bytes));
        }
        Ok(Self { body, files })
    }
}

/// A file in the form of the API.
pub(super) fn as_json(file: &DiscordFile, channel: u64, host: &str) -> Value {
    let name: String = url::form_urlencoded::byte_serialize(file.name.as_bytes()).collect();
    let url = format!("http://{host}/attachments/{channel}/{}/{name}", file.id);
    json!({
        "id": file.id.to_string(), "filename": file.name, "size": file.bytes.len(),
        "url": url, "proxy_url": url, "content_type": file.media_type,
    })
}

pub(super) async fn download(
    State(discord): State<Arc<SimulatedDiscord>>,
    Path((channel, id, _)): Path<(u64, u64, String)>,
) -> Response {
    let state = discord.state();
    let mut chats = state.bots.values().filter_map(|bot| bot.chats.get(&channel));
    let found = chats
        .find_map(|chat| chat.messages.iter().flat_map(|it| &it.files).find(|file| file.id == id));
    match found {
        Some(file) => file.bytes.clone().into_response(),
        None => http::StatusCode::NOT_FOUND.into_response(),
    }
}
