//! Files of ours, which Twilio fetches from us by an unguessable address.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::{Path, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use parking_lot::{Mutex, MutexGuard};
use tokio::time::Instant;

use super::{FILES_BYTES_MAX, WhatsAppChannel};
use crate::channel::ChannelError;
use crate::chat::OutboundFile;

/// The time that Twilio has to fetch a file: it does so within seconds.
const SHELF_LIFE: Duration = Duration::from_secs(10 * 60);

/// Files at once: a few answers with pictures.
const FILES_MAX: usize = 8;

#[derive(Default)]
pub(super) struct MediaStore(Mutex<VecDeque<StoredMedia>>);

struct StoredMedia {
    id: String,
    since: Instant,
    media_type: String,
    bytes: Bytes,
}

impl MediaStore {
    /// Keeps a file for Twilio to fetch and returns its path.
    pub(super) fn put(&self, file: &OutboundFile) -> Result<String, ChannelError> {
        if file.bytes.len() as u64 > FILES_BYTES_MAX {
            return Err(ChannelError::Refused("the file is too large"));
        }
        let mut random = [0; 32];
        rustls::crypto::ring::default_provider()
            .secure_random
            .fill(&mut random)
            .map_err(|_| ChannelError::InDoubt)?;
        let id = hex::encode(random);
        let mut placed = self.placed();
        if placed.len() == FILES_MAX {
            placed.pop_front();
        }
        placed.push_back(StoredMedia {
            id: id.clone(),
            since: Instant::now(),
            media_type: file.media_type.clone(),
            bytes: file.bytes.clone(),
        });
        Ok(format!("/whatsapp/media/{id}"))
    }

    fn placed(&self) -> MutexGuard<'_, VecDeque<StoredMedia>> {
        let mut placed = self.0.lock();
        placed.retain(|file| file.since.elapsed() < SHELF_LIFE);
        placed
    }
}

pub(super) async fn serve(
    State(whatsapp): State<Arc<WhatsAppChannel>>,
    Path(id): Path<String>,
) -> Response {
    let placed = whatsapp.media.placed();
    match placed.iter().find(|file| file.id == id) {
        Some(file) => {
            let kind = [(header::CONTENT_TYPE, file.media_type.clone())];
            (kind, file.bytes.clone()).into_response()
        }
        None => StatusCode::NOT_FOUND.into_response(),
    }
}
