//! A modelled chat service: deliveries come late, twice and in another order, and sends fail.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use adapters::channel::{Capabilities, Channel, ChannelError, ChannelEvent};
use adapters::chat::{
    Attachment, ChatId, Inbound, InboundContent, InboundId, MessageRef, Outbound, OutboundFile,
};
use async_trait::async_trait;
use bytes::Bytes;
use parking_lot::{Mutex, MutexGuard};
use tokio::sync::Notify;
use tokio::time::Instant;

use super::dice::RelayStoryDice;
use super::promise::RelayPromise;
use super::stage::{ProcessKind, StoryMonitor};

pub const CHAT: &str = "chat";
pub const OWNER: &str = "owner";

/// The latest that a second delivery comes.
const TWICE_MAX_MS: u64 = 10 * 60_000;

/// The longest that a chat cannot be reached.
const UNREACHABLE_MAX_MS: u64 = 100_000;

/// The words of every edited message.
pub const EDITED: &str = "edited say done";

/// An edit of a message that comes later than this is an edit of one that never came.
const ARRIVES_WITHIN_S: u64 = 60;

pub struct OwnerChat {
    pub stage: Arc<StoryMonitor>,
    pub dice: RelayStoryDice,
    pub capabilities: Capabilities,
    pub knows_keys: bool,
    pub refusals_percent: AtomicU64,
    pub twice_percent: AtomicU64,
    /// Whether the relay has this message on record.
    pub on_record: Box<dyn Fn(&InboundId) -> bool + Send + Sync>,
    pub state: Mutex<OwnerChatState>,
    pub changed: Notify,
}

#[derive(Default)]
pub struct OwnerChatState {
    queue: Vec<(Instant, u64, ChannelEvent)>,
    next: u64,
    unacknowledged: Vec<Inbound>,
    pub first_delivered: BTreeMap<String, Instant>,
    pub acknowledged: BTreeMap<String, Instant>,
    pub shown: Vec<OwnerChatMessage>,
}

/// A message in the chat.
#[derive(Clone, Debug)]
pub struct OwnerChatMessage {
    pub key: String,
    pub text: String,
    pub file: Option<(String, Bytes)>,
}

/// What is in the file of this id.
pub fn bytes_of(id: &str) -> Bytes {
    Bytes::from(format!("what is in {id} ").repeat(50))
}

impl OwnerChat {
    pub fn state(&self) -> MutexGuard<'_, OwnerChatState> {
        self.state.lock()
    }

    pub fn deliver(&self, inbound: Inbound, after: Duration) {
        self.queue(ChannelEvent::Inbound(inbound), after);
    }

    fn queue(&self, event: ChannelEvent, after: Duration) {
        let mut state = self.state();
        let number = state.next;
        state.next += 1;
        state.queue.push((Instant::now() + after, number, event));
        self.changed.notify_waiters();
    }

    /// Messages that were not acknowledged come again, in any order.
    pub fn deliver_again(&self) {
        let mut again = std::mem::take(&mut self.state().unacknowledged);
        while !again.is_empty() {
            let drawn = usize::try_from(self.dice.below(again.len() as u64)).unwrap();
            self.deliver(again.remove(drawn), Duration::ZERO);
        }
    }

    /// Nothing is to be delivered, now or later.
    pub fn is_quiet(&self) -> bool {
        let state = self.state();
        state.queue.is_empty() && state.unacknowledged.is_empty()
    }

    /// Returns when something is to be delivered.
    pub async fn due(&self) {
        loop {
            let changed = self.changed.notified();
            let at = self.state().queue.iter().map(|(at, _, _)| *at).min();
            match at {
                Some(at) if at <= Instant::now() => return,
                Some(at) => tokio::select! {
                    biased;
                    () = tokio::time::sleep_until(at) => return,
                    () = changed => {}
                },
                None => changed.await,
            }
        }
    }

    /// Whether a message came to the relay, now or soon.
    pub async fn has_delivered(&self, id: &str) -> bool {
        for _ in 0..ARRIVES_WITHIN_S {
            if self.state().first_delivered.contains_key(id) {
                return true;
            }
            tokio::time::sleep(Duration::from_secs(1)).await;
        }
        false
    }

    fn take_due(&self) -> Option<ChannelEvent> {
        let mut state = self.state();
        let now = Instant::now();
        let due = state.queue.iter().filter(|(at, _, _)| *at <= now);
        let number = due.min_by_key(|(at, number, _)| (*at, *number)).map(|(_, it, _)| *it)?;
        let place = state.queue.iter().position(|(_, it, _)| *it == number)?;
        let place = earlier_form(&state.queue, place).unwrap_or(place);
        let (_, _, event) = state.queue.remove(place);
        if let ChannelEvent::Inbound(inbound) = &event {
            state.first_delivered.entry(inbound.id.0.clone()).or_insert(now);
            state.unacknowledged.push(inbound.clone());
        }
        Some(event)
    }

    /// Why this send fails, and whether it has its effect all the same.
    fn failure(&self) -> Option<(ChannelError, bool)> {
        if !self.dice.percent(self.refusals_percent.load(Ordering::Relaxed)) {
            return None;
        }
        Some(match self.dice.below(10) {
            0..3 => (ChannelError::RateLimited { retry_after_ms: self.dice.below(30_000) }, false),
            3..6 => (ChannelError::InDoubt, true),
            6..8 => (ChannelError::InDoubt, false),
            _ => {
                let after = self.dice.up_to_ms(UNREACHABLE_MAX_MS);
                self.queue(ChannelEvent::Reachable(ChatId(CHAT.into())), after);
                (ChannelError::Unreachable, false)
            }
        })
    }

    fn put(&self, message: OwnerChatMessage) -> String {
        let mut state = self.state();
        let known = state.shown.iter().position(|it| self.knows_keys && it.key == message.key);
        let place = known.unwrap_or(state.shown.len());
        match state.shown.get_mut(place) {
            Some(shown) => *shown = message,
            None => state.shown.push(message),
        }
        place.to_string()
    }

    async fn send_shown(&self, message: OwnerChatMessage) -> Result<MessageRef, ChannelError> {
        let what = message.file.as_ref().map_or(message.text.clone(), |(name, bytes)| {
            format!("[{name}, {} bytes]", bytes.len())
        });
        self.stage.deed(ProcessKind::Relay, &format!("relay sends {}: {what}", message.key)).await;
        let failure = self.failure();
        let id = failure.as_ref().is_none_or(|(_, done)| *done).then(|| self.put(message));
        if let Some((error, _)) = failure {
            self.stage.trace(&format!("-> {error}"));
            return Err(error);
        }
        self.stage.deed(ProcessKind::Relay, "-> sent").await;
        Ok(MessageRef { chat: ChatId(CHAT.into()), id: id.unwrap() })
    }
}

/// The service as one relay's process sees it.
pub struct OwnerChatConnection {
    pub service: Arc<OwnerChat>,
}

#[async_trait]
impl Channel for OwnerChatConnection {
    fn name(&self) -> &'static str {
        "modelled"
    }

    fn capabilities(&self) -> &Capabilities {
        &self.service.capabilities
    }

    async fn next(&self) -> Option<ChannelEvent> {
        loop {
            if let Some(event) = self.service.take_due() {
                if let ChannelEvent::Inbound(inbound) = &event {
                    let id = &inbound.id.0;
                    self.service.stage.deed(ProcessKind::Relay, &format!("relay takes {id}")).await;
                }
                return Some(event);
            }
            self.service.due().await;
        }
    }

    async fn acknowledge(&self, id: &InboundId) {
        let service = &self.service;
        service.stage.deed(ProcessKind::Relay, &format!("relay acknowledges {}", id.0)).await;
        if !id.0.starts_with("other-") {
            service.stage.expect(RelayPromise::Recorded, (service.on_record)(id), || id.0.clone());
        }
        let acknowledged = {
            let mut state = service.state();
            state.acknowledged.entry(id.0.clone()).or_insert_with(Instant::now);
            let place = state.unacknowledged.iter().position(|it| it.id == *id);
            place.map(|place| state.unacknowledged.remove(place))
        };
        let Some(inbound) = acknowledged else { return };
        if service.dice.percent(service.twice_percent.load(Ordering::Relaxed)) {
            service.deliver(inbound, service.dice.up_to_ms(TWICE_MAX_MS));
        }
    }

    async fn send(&self, _: &ChatId, message: &Outbound) -> Result<MessageRef, ChannelError> {
        let (key, text) = (message.key.clone(), message.text.clone());
        self.service.send_shown(OwnerChatMessage { key, text, file: None }).await
    }

    async fn edit(&self, message: &MessageRef, new: &Outbound) -> Result<(), ChannelError> {
        let service = &self.service;
        let told = format!("relay edits {}: {}", new.key, new.text);
        service.stage.deed(ProcessKind::Relay, &told).await;
        let failure = service.failure();
        if failure.as_ref().is_none_or(|(_, done)| *done) {
            let place: usize = message.id.parse().map_err(|_| ChannelError::NoSuchMessage)?;
            let mut state = service.state();
            let shown = state.shown.get_mut(place).ok_or(ChannelError::NoSuchMessage)?;
            shown.text.clone_from(&new.text);
        }
        failure.map_or(Ok(()), |(error, _)| Err(error))
    }

    async fn delete(&self, _: &MessageRef) -> Result<(), ChannelError> {
        Ok(())
    }

    async fn typing(&self, _: &ChatId) {}

    async fn fetch(&self, attachment: &Attachment) -> Result<Bytes, ChannelError> {
        let service = &self.service;
        service.stage.deed(ProcessKind::Relay, &format!("relay fetches {}", attachment.id)).await;
        match service.failure() {
            Some((ChannelError::Unreachable, _)) => Err(ChannelError::Refused("gone")),
            Some((error, _)) => Err(error),
            None => Ok(bytes_of(&attachment.id)),
        }
    }

    async fn send_file(&self, _: &ChatId, file: &OutboundFile) -> Result<MessageRef, ChannelError> {
        let shown = OwnerChatMessage {
            key: file.key.clone(),
            text: file.caption.clone(),
            file: Some((file.name.clone(), file.bytes.clone())),
        };
        self.service.send_shown(shown).await
    }
}

/// The first form of an edited message, where that is still to be delivered: forms keep their
/// order.
fn earlier_form(queue: &[(Instant, u64, ChannelEvent)], place: usize) -> Option<usize> {
    let (_, _, ChannelEvent::Inbound(edited)) = &queue[place] else { return None };
    let words = InboundContent::Text(EDITED.to_owned().into());
    let is_first = |event: &ChannelEvent| match event {
        ChannelEvent::Inbound(it) => it.id == edited.id && it.content != words,
        _ => false,
    };
    let is_edited = edited.content == words;
    is_edited.then(|| queue.iter().position(|(_, _, event)| is_first(event))).flatten()
}
