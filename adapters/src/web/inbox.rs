//! Lines on their way from a socket to durable storage.

use std::collections::HashSet;

use parking_lot::{Mutex, MutexGuard};
use tokio::sync::mpsc;

use crate::chat::{Inbound, InboundId};

/// Lines that may be in flight at once: more than a person types while they are stored.
pub(super) const UNACKNOWLEDGED_MAX: usize = 256;

/// A queue that holds each line once until it is acknowledged.
pub(super) struct WebInbox {
    queue: mpsc::Sender<Inbound>,
    in_flight: Mutex<HashSet<InboundId>>,
}

/// Too many lines are in flight: send it again later.
pub(super) struct InboxFull;

impl WebInbox {
    pub(super) fn new() -> (Self, mpsc::Receiver<Inbound>) {
        // The set is the smaller bound: what is in the queue is in the set.
        let (queue, lines) = mpsc::channel(UNACKNOWLEDGED_MAX);
        (Self { queue, in_flight: Mutex::default() }, lines)
    }

    /// Queues a line unless it is in flight already.
    pub(super) fn push(&self, inbound: Inbound) -> Result<(), InboxFull> {
        let mut in_flight = self.in_flight();
        if in_flight.contains(&inbound.id) {
            return Ok(());
        }
        if in_flight.len() == UNACKNOWLEDGED_MAX {
            return Err(InboxFull);
        }
        let id = inbound.id.clone();
        self.queue.try_send(inbound).map_err(|_| InboxFull)?;
        in_flight.insert(id);
        Ok(())
    }

    pub(super) fn acknowledge(&self, id: &InboundId) {
        self.in_flight().remove(id);
    }

    fn in_flight(&self) -> MutexGuard<'_, HashSet<InboundId>> {
        self.in_flight.lock()
    }
}
