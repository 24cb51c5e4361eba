//! What came in over a service's own calls and is not yet safe with us.
//!
//! A service delivers again what we do not take. So whoever carries a message in (a webhook's answer, a
//! poller's offset) waits here until [`Inbox::acknowledge`] says that it is durable.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::{mpsc, oneshot};

use crate::channel::Event;
use crate::chat::InboundId;

#[cfg(test)]
mod tests;

/// Messages that wait to be taken. Beyond it the service is told to come again later.
const WAITING_MAX: usize = 1_024;

/// How long a delivery waits to be taken. Twilio gives up after 15 seconds (its webhook's limits), Telegram
/// later: a refusal before that is counted as one and delivered again.
pub(crate) const PATIENCE: Duration = Duration::from_secs(10);

/// It was not taken: the service should deliver it again.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct NotTaken;

pub(crate) struct Inbox {
    /// Nothing once the service has ended.
    queue: Mutex<Option<mpsc::Sender<Event>>>,
    events: tokio::sync::Mutex<mpsc::Receiver<Event>>,
    awaited: Mutex<HashMap<InboundId, Vec<oneshot::Sender<()>>>>,
}

/// A message on its way in.
pub(crate) struct Delivery(oneshot::Receiver<()>);

impl Delivery {
    /// Waits until it is durable with us, [`PATIENCE`] at most.
    pub(crate) async fn taken(self) -> Result<(), NotTaken> {
        match tokio::time::timeout(PATIENCE, self.0).await {
            Ok(Ok(())) => Ok(()),
            _ => Err(NotTaken),
        }
    }
}

impl Inbox {
    pub(crate) fn new() -> Self {
        let (queue, events) = mpsc::channel(WAITING_MAX);
        let queue = Mutex::new(Some(queue));
        Self { queue, events: tokio::sync::Mutex::new(events), awaited: Mutex::default() }
    }

    /// Puts a message in line.
    pub(crate) fn put(&self, inbound: crate::chat::Inbound) -> Result<Delivery, NotTaken> {
        let (taken, delivery) = oneshot::channel();
        let mut awaited = self.awaited();
        awaited.retain(|_, waiting| {
            waiting.retain(|taken| !taken.is_closed());
            !waiting.is_empty()
        });
        let id = inbound.id.clone();
        self.send(Event::Inbound(inbound))?;
        awaited.entry(id).or_default().push(taken);
        Ok(Delivery(delivery))
    }

    /// Puts a message in line, or waits for the same one that is in line already.
    pub(crate) fn put_once(&self, inbound: crate::chat::Inbound) -> Result<Delivery, NotTaken> {
        if let Some(waiting) = self.awaited().get_mut(&inbound.id)
            && waiting.iter().any(|taken| !taken.is_closed())
        {
            let (taken, delivery) = oneshot::channel();
            waiting.push(taken);
            return Ok(Delivery(delivery));
        }
        self.put(inbound)
    }

    /// Tells that a chat can be reached. When nobody listens any more, nobody needs to know.
    pub(crate) fn reachable(&self, chat: crate::chat::ChatId) {
        let _ = self.send(Event::Reachable(chat));
    }

    /// Nothing comes any more: [`Self::next`] is `None` behind what is in line.
    pub(crate) fn end(&self) {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner).take();
    }

    fn send(&self, event: Event) -> Result<(), NotTaken> {
        let queue = self.queue.lock().unwrap_or_else(PoisonError::into_inner);
        queue.as_ref().ok_or(NotTaken)?.try_send(event).map_err(|_| NotTaken)
    }

    pub(crate) async fn next(&self) -> Option<Event> {
        self.events.lock().await.recv().await
    }

    pub(crate) fn acknowledge(&self, id: &InboundId) {
        for taken in self.awaited().remove(id).into_iter().flatten() {
            // Whoever waited may have given up.
            let _ = taken.send(());
        }
    }

    fn awaited(&self) -> MutexGuard<'_, HashMap<InboundId, Vec<oneshot::Sender<()>>>> {
        self.awaited.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
