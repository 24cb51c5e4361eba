//! Lines that are not acknowledged yet.

use std::collections::VecDeque;
use std::hash::{BuildHasher, RandomState};
use std::sync::Arc;

use tokio::sync::watch;
use zeroize::Zeroizing;

use super::ClientCommand;
use crate::web::wire::{ClientFrame, encode};

/// Lines that may be on their way at once; fewer than the relay takes from all clients together.
const PENDING_MAX: usize = 64;

/// Frames in order, each with an id that stays the same however often it is sent.
pub(super) struct ClientOutbox {
    prefix: String,
    next: u64,
    pending: VecDeque<PendingFrame>,
    unacknowledged: UnacknowledgedCount,
}

/// The number of unacknowledged lines, counted from the moment they are queued.
pub(super) type UnacknowledgedCount = Arc<watch::Sender<usize>>;

struct PendingFrame {
    id: String,
    text: Zeroizing<String>,
}

impl ClientOutbox {
    pub(super) fn new(unacknowledged: UnacknowledgedCount) -> Self {
        let prefix = format!("{:016x}{:016x}", chance(), chance());
        Self { prefix, next: 0, pending: VecDeque::new(), unacknowledged }
    }

    pub(super) fn has_room(&self) -> bool {
        self.pending.len() < PENDING_MAX
    }

    pub(super) fn is_empty(&self) -> bool {
        self.pending.is_empty()
    }

    /// Queues a line and returns its frame.
    pub(super) fn queue(&mut self, command: ClientCommand) -> Option<Zeroizing<String>> {
        let id = format!("{}-{}", self.prefix, self.next);
        self.next += 1;
        let frame = match command {
            ClientCommand::Say { text, secret } => {
                ClientFrame::Say { id: id.clone(), text: text.to_string(), secret }
            }
            ClientCommand::Tap { button, message } => {
                ClientFrame::Tap { id: id.clone(), button, message }
            }
        };
        let text = Zeroizing::new(encode(&frame)?);
        self.pending.push_back(PendingFrame { id, text: text.clone() });
        Some(text)
    }

    pub(super) fn forget(&mut self, id: &str) {
        let before = self.pending.len();
        self.pending.retain(|frame| frame.id != id);
        let gone = before - self.pending.len();
        self.unacknowledged.send_modify(|left| *left = left.saturating_sub(gone));
    }

    pub(super) fn frames(&self) -> impl Iterator<Item = Zeroizing<String>> {
        self.pending.iter().map(|frame| frame.text.clone())
    }
}

/// A random number: the standard library seeds its hashers from the system.
pub(super) fn chance() -> u64 {
    RandomState::new().hash_one(())
}
