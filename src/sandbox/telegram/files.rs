//! Files that bots send, and files that they fetch.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::extract::{Path, State};
use axum::http::StatusCode;
use bytes::Bytes;
use parking_lot::Mutex;
use serde_json::{Value, json};

use super::errors::TelegramApiError;
use super::messages::{self, NewMessage};
use super::parameters::Parameters;
use super::{SimulatedTelegram, token_of};
use crate::random::Random;

/// Largest file that a bot can fetch.
const FETCH_BYTES_MAX: usize = 20 << 20;

/// Longest caption, in UTF-16 units.
const CAPTION_MAX: usize = 1024;

pub fn send(
    telegram: &Arc<SimulatedTelegram>,
    token: &str,
    kind: &str,
    parameters: &Parameters,
) -> Result<Value, TelegramApiError> {
    let caption = parameters.text("caption").unwrap_or_default();
    if caption.encode_utf16().count() > CAPTION_MAX {
        return Err(TelegramApiError::bad("message caption is too long"));
    }
    let wanted = parameters.text(kind);
    let named = wanted.as_deref().and_then(|it| it.strip_prefix("attach://")).unwrap_or(kind);
    let upload = parameters.files.iter().find(|file| file.part == named);
    let upload = upload.ok_or_else(|| TelegramApiError::bad("there is no file in the request"))?;
    let id = telegram.files.keep(upload.bytes.clone());
    let new = NewMessage { text: caption, keyboard: None, file: Some(id.clone()) };
    let mut sent = messages::put(telegram, token, parameters, new)?;
    let size = upload.bytes.len();
    sent[kind] = match kind {
        "photo" => json!([{
            "file_id": id, "file_unique_id": id, "width": 1, "height": 1, "file_size": size,
        }]),
        _ => json!({
            "file_id": id, "file_unique_id": id, "file_name": upload.name, "file_size": size,
        }),
    };
    Ok(sent)
}

/// The files that bots and people have sent, by id.
pub(super) struct StoredFiles {
    random: Random,
    files: Mutex<BTreeMap<String, Bytes>>,
}

impl StoredFiles {
    pub fn new(random: Random) -> Self {
        Self { random, files: Mutex::default() }
    }

    /// Keeps a file and returns its id.
    pub fn keep(&self, bytes: Bytes) -> String {
        let id = format!("AgAC{}", hex::encode(self.random.bytes::<12>()));
        self.files.lock().insert(id.clone(), bytes);
        id
    }

    pub fn get(&self, id: &str) -> Option<Bytes> {
        self.files.lock().get(id).cloned()
    }

    /// The answer to `getFile`.
    pub fn describe(&self, parameters: &Parameters) -> Result<Value, TelegramApiError> {
        let id = parameters.text("file_id").unwrap_or_default();
        let bytes = self.get(&id).ok_or_else(|| TelegramApiError::bad("wrong file id"))?;
        if bytes.len() > FETCH_BYTES_MAX {
            return Err(TelegramApiError::bad("file is too big"));
        }
        Ok(json!({
            "file_id": id, "file_unique_id": id, "file_size": bytes.len(),
            "file_path": format!("files/{id}"),
        }))
    }
}

pub async fn download(
    State(telegram): State<Arc<SimulatedTelegram>>,
    Path((bot, path)): Path<(String, String)>,
) -> Result<Bytes, StatusCode> {
    let is_bot = token_of(&bot).is_some_and(|token| telegram.state().bots.contains_key(token));
    let file = path.strip_prefix("files/").and_then(|id| telegram.files.get(id));
    file.filter(|_| is_bot).ok_or(StatusCode::NOT_FOUND)
}
