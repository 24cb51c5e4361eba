//! A body in pieces into events, one per line.

use futures::StreamExt;
use futures::stream::BoxStream;

use crate::http::TransportError;
use crate::protocol::TurnEvent;

/// Longest line: all the text a turn may have, escaped.
const LINE_BYTES_MAX: usize = 8 * 1024 * 1024;

pub(super) struct EventLines {
    body: BoxStream<'static, Result<bytes::Bytes, TransportError>>,
    buffer: Vec<u8>,
}

impl EventLines {
    pub(super) fn new(body: BoxStream<'static, Result<bytes::Bytes, TransportError>>) -> Self {
        Self { body, buffer: Vec::new() }
    }

    /// The next event; `None` when the stream ended, broke, or is not one of events. Dropping the
    /// future loses nothing.
    pub(super) async fn next(&mut self) -> Option<TurnEvent> {
        loop {
            if let Some(end) = self.buffer.iter().position(|byte| *byte == b'\n') {
                let line: Vec<u8> = self.buffer.drain(..=end).collect();
                return serde_json::from_slice(&line).ok();
            }
            let piece = self.body.next().await?.ok()?;
            if self.buffer.len() + piece.len() > LINE_BYTES_MAX {
                return None;
            }
            self.buffer.extend_from_slice(&piece);
        }
    }
}
