//! Messages that came by a service's own calls and are not durable yet.
//!
//! A service delivers a message again that we do not take. So its carrier (a webhook's answer, a
//! poller's offset) waits here until [`Inbox::acknowledge`] marks it as durable.

use std::collections::{HashMap, VecDeque};
use std::time::Duration;

use parking_lot::{Mutex, MutexGuard};
use tokio::sync::{Notify, oneshot};

use crate::channel::ChannelEvent;
use crate::chat::{ChatId, Inbound, InboundId};

#[cfg(test)]
mod tests;

/// Messages that wait to be taken; further ones are refused, so that the service delivers them
/// again later.
const WAITING_MAX: usize = 1_024;

/// The time that a delivery waits to be taken. Twilio gives up after 15 seconds (its webhook's
/// limits), Telegram later: a refusal before that is counted as one and delivered again.
pub(crate) const PATIENCE: Duration = Duration::from_secs(10);

/// The message was not taken: the service must deliver it again.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct RedeliveryNeeded;

#[derive(Default)]
pub(crate) struct Inbox {
    waiting: Mutex<InboxState>,
    /// Signalled when an event is queued and at the end.
    changed: Notify,
}

#[derive(Default)]
struct InboxState {
    queue: VecDeque<ChannelEvent>,
    /// The tasks that wait until a message is durable, by its id.
    awaited: HashMap<InboundId, Vec<oneshot::Sender<()>>>,
    /// The service has ended.
    ended: bool,
}

/// A message that waits to become durable.
pub(crate) struct Delivery(oneshot::Receiver<()>);

impl Delivery {
    /// Waits until it is durable with us, [`PATIENCE`] at most.
    pub(crate) async fn taken(self) -> Result<(), RedeliveryNeeded> {
        match tokio::time::timeout(PATIENCE, self.0).await {
            Ok(Ok(())) => Ok(()),
            _ => Err(RedeliveryNeeded),
        }
    }
}

impl Inbox {
    /// Puts a message in line. An edit takes the place of its original while that waits there.
    pub(crate) fn put(&self, inbound: Inbound) -> Result<Delivery, RedeliveryNeeded> {
        let delivery = self.waiting().put(inbound);
        self.changed.notify_one();
        delivery
    }

    /// Puts events in line before anybody takes one of them, as far as there is room. Only messages
    /// have a delivery.
    pub(crate) fn put_all(
        &self,
        events: Vec<ChannelEvent>,
    ) -> Vec<Result<Option<Delivery>, RedeliveryNeeded>> {
        let mut waiting = self.waiting();
        let mut is_full = false;
        let deliveries = events.into_iter().map(|event| {
            let delivery = match event {
                _ if is_full => Err(RedeliveryNeeded),
                ChannelEvent::Inbound(inbound) => waiting.put(inbound).map(Some),
                reachable @ ChannelEvent::Reachable(_) => waiting.push(reachable).map(|()| None),
            };
            is_full |= delivery.is_err();
            delivery
        });
        let deliveries = deliveries.collect();
        self.changed.notify_one();
        deliveries
    }

    /// Puts a message in line, or waits for the same one that is in line already.
    pub(crate) fn put_once(&self, inbound: Inbound) -> Result<Delivery, RedeliveryNeeded> {
        if let Some(waiting) = self.waiting().awaited.get_mut(&inbound.id)
            && waiting.iter().any(|taken| !taken.is_closed())
        {
            let (taken, delivery) = oneshot::channel();
            waiting.push(taken);
            return Ok(Delivery(delivery));
        }
        self.put(inbound)
    }

    /// Reports that a chat can be reached. The report is dropped when the receiver is gone.
    pub(crate) fn reachable(&self, chat: ChatId) {
        let _ = self.waiting().push(ChannelEvent::Reachable(chat));
        self.changed.notify_one();
    }

    /// Ends the queue: [`Self::next`] is `None` after the messages in it.
    pub(crate) fn end(&self) {
        self.waiting().ended = true;
        self.changed.notify_one();
    }

    pub(crate) async fn next(&self) -> Option<ChannelEvent> {
        loop {
            {
                let mut waiting = self.waiting();
                let next = waiting.queue.pop_front();
                if next.is_some() || waiting.ended {
                    // Others may wait for the rest.
                    self.changed.notify_one();
                    return next;
                }
            }
            self.changed.notified().await;
        }
    }

    pub(crate) fn acknowledge(&self, id: &InboundId) {
        let taken = self.waiting().awaited.remove(id);
        for taken in taken.into_iter().flatten() {
            // The waiting task may have given up.
            let _ = taken.send(());
        }
    }

    fn waiting(&self) -> MutexGuard<'_, InboxState> {
        self.waiting.lock()
    }
}

impl InboxState {
    fn put(&mut self, inbound: Inbound) -> Result<Delivery, RedeliveryNeeded> {
        let (taken, delivery) = oneshot::channel();
        self.awaited.retain(|_, waiting| {
            waiting.retain(|taken| !taken.is_closed());
            !waiting.is_empty()
        });
        let id = match self.original_of(&inbound) {
            Some(original) => original.replace_with(inbound),
            None => {
                let id = inbound.id.clone();
                self.push(ChannelEvent::Inbound(inbound))?;
                id
            }
        };
        self.awaited.entry(id).or_default().push(taken);
        Ok(Delivery(delivery))
    }

    /// The message in line that an edit replaces.
    fn original_of(&mut self, edited: &Inbound) -> Option<&mut Inbound> {
        let original = &edited.context.edit.as_ref()?.original;
        self.queue.iter_mut().find_map(|event| match event {
            ChannelEvent::Inbound(inbound) if inbound.id == *original => Some(inbound),
            _ => None,
        })
    }

    fn push(&mut self, event: ChannelEvent) -> Result<(), RedeliveryNeeded> {
        if self.ended || self.queue.len() >= WAITING_MAX {
            return Err(RedeliveryNeeded);
        }
        self.queue.push_back(event);
        Ok(())
    }
}
