//! A channel in memory, with somebody at its other end.

use std::collections::VecDeque;
use std::sync::Arc;

use adapters::channel::{Capabilities, Channel, ChannelError, ChannelEvent, SecretEntry};
use adapters::chat::{
    Attachment, ChatId, Inbound, InboundId, MenuEntry, MessageRef, Outbound, OutboundFile,
};
use adapters::text::LengthUnit;
use async_trait::async_trait;
use bytes::Bytes;
use parking_lot::Mutex;
use tokio::sync::{Notify, watch};

use super::{Breakpoint, CHAT, FILE_MAX, KillPoint, TEXT_MAX};

/// A channel that delivers again what was not acknowledged, and knows messages by their keys.
pub struct FakeChannel {
    capabilities: Capabilities,
    hold: Arc<Breakpoint>,
    queue: Mutex<VecDeque<ChannelEvent>>,
    unacknowledged: Mutex<Vec<Inbound>>,
    said: Notify,
    pub acknowledged: watch::Sender<usize>,
    pub(super) messages: watch::Sender<Vec<Outbound>>,
    /// What the next deliveries end with.
    failures: watch::Sender<VecDeque<ChannelError>>,
    sent: Mutex<usize>,
    fetched: Mutex<usize>,
    /// The words of the menu; none before it was offered.
    pub menu: watch::Sender<Vec<String>>,
}

impl FakeChannel {
    pub(super) fn new(edits: bool, hold: Arc<Breakpoint>) -> Self {
        Self {
            capabilities: Capabilities {
                edits,
                deletes_theirs: false,
                scrubs_theirs: false,
                buttons_max: 0,
                text_max: TEXT_MAX,
                text_unit: LengthUnit::Bytes,
                edit_interval_ms: 1,
                secret_entry: SecretEntry::Hidden,
                opens_pages: false,
                makes_bots: false,
                files_in_bytes_max: FILE_MAX,
                files_out_bytes_max: FILE_MAX,
            },
            hold,
            queue: Mutex::default(),
            unacknowledged: Mutex::default(),
            said: Notify::new(),
            acknowledged: watch::Sender::default(),
            messages: watch::Sender::default(),
            failures: watch::Sender::default(),
            sent: Mutex::default(),
            fetched: Mutex::default(),
            menu: watch::Sender::default(),
        }
    }

    pub fn says(&self, inbound: Inbound) {
        self.happens(ChannelEvent::Inbound(inbound));
    }

    pub fn becomes_reachable(&self) {
        self.happens(ChannelEvent::Reachable(ChatId(CHAT.into())));
    }

    fn happens(&self, event: ChannelEvent) {
        self.queue.lock().push_back(event);
        self.said.notify_one();
    }

    /// The next delivery that has no such end yet ends like this.
    pub fn fails_with(&self, failure: ChannelError) {
        self.failures.send_modify(|failures| failures.push_back(failure));
    }

    /// Waits until every failure has happened.
    pub async fn has_failed(&self) {
        self.failures.subscribe().wait_for(VecDeque::is_empty).await.unwrap();
    }

    fn failure(&self) -> Option<ChannelError> {
        let mut failure = None;
        self.failures.send_modify(|failures| failure = failures.pop_front());
        failure
    }

    /// Somebody clears the chat by hand.
    pub fn forgets_all(&self) {
        self.messages.send_replace(Vec::new());
    }

    /// How often a message was sent as a new one.
    pub fn sent(&self) -> usize {
        *self.sent.lock()
    }

    /// How often the bytes of a file were asked for.
    pub fn fetched(&self) -> usize {
        *self.fetched.lock()
    }

    pub fn texts(&self) -> Vec<String> {
        self.messages.borrow().iter().map(|message| message.text.clone()).collect()
    }

    pub(super) fn reconnected(&self) {
        let mut queue = self.queue.lock();
        for inbound in self.unacknowledged.lock().drain(..).rev() {
            queue.push_front(ChannelEvent::Inbound(inbound));
        }
        self.said.notify_one();
    }

    fn put(&self, message: &Outbound) {
        self.messages.send_modify(|messages| {
            match messages.iter_mut().find(|known| known.key == message.key) {
                Some(known) => *known = message.clone(),
                None => messages.push(message.clone()),
            }
        });
    }
}

#[async_trait]
impl Channel for FakeChannel {
    fn name(&self) -> &'static str {
        "fake"
    }

    fn capabilities(&self) -> &Capabilities {
        &self.capabilities
    }

    async fn next(&self) -> Option<ChannelEvent> {
        loop {
            let event = self.queue.lock().pop_front();
            if let Some(ChannelEvent::Inbound(inbound)) = &event {
                self.unacknowledged.lock().push(inbound.clone());
            }
            if event.is_some() {
                return event;
            }
            self.said.notified().await;
        }
    }

    async fn acknowledge(&self, id: &InboundId) {
        self.hold.here(KillPoint::BeforeAcknowledge).await;
        self.unacknowledged.lock().retain(|inbound| inbound.id != *id);
        self.acknowledged.send_modify(|count| *count += 1);
    }

    async fn send(&self, chat: &ChatId, message: &Outbound) -> Result<MessageRef, ChannelError> {
        self.hold.here(KillPoint::BeforeSend).await;
        let failure = self.failure();
        if failure.as_ref().is_none_or(|failure| *failure == ChannelError::InDoubt) {
            *self.sent.lock() += 1;
            self.put(message);
        }
        if let Some(failure) = failure {
            return Err(failure);
        }
        self.hold.here(KillPoint::AfterSend).await;
        Ok(MessageRef { chat: chat.clone(), id: message.key.clone() })
    }

    async fn edit(&self, message: &MessageRef, new: &Outbound) -> Result<(), ChannelError> {
        assert!(self.capabilities.edits);
        if self.messages.borrow().iter().all(|known| known.key != message.id) {
            return Err(ChannelError::NoSuchMessage);
        }
        self.put(new);
        Ok(())
    }

    async fn delete(&self, _: &MessageRef) -> Result<(), ChannelError> {
        Ok(())
    }

    async fn typing(&self, _: &ChatId) {}

    async fn fetch(&self, attachment: &Attachment) -> Result<Bytes, ChannelError> {
        *self.fetched.lock() += 1;
        match self.failure() {
            Some(failure) => Err(failure),
            None => Ok(Bytes::from(format!("bytes of {}", attachment.id))),
        }
    }

    async fn announce(&self, menu: &[MenuEntry]) {
        let words = menu.iter().map(|entry| entry.word.clone());
        self.menu.send_replace(words.collect());
    }

    /// A file stands among the messages as its name and what is in it.
    async fn send_file(
        &self,
        chat: &ChatId,
        file: &OutboundFile,
    ) -> Result<MessageRef, ChannelError> {
        let text = format!("[{} {}]", file.name, String::from_utf8_lossy(&file.bytes));
        self.send(chat, &Outbound::text(file.key.clone(), text)).await
    }
}
