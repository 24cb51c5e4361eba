//! The state of chats and messages: the chats that may be written to, the messages sent, and those
//! that wait.

use std::collections::{HashMap, HashSet, VecDeque};
use std::time::Duration;

use tokio::time::Instant;

use crate::chat::{ChatId, InboundId, MessageRef, Outbound};

/// The time after a person's last message in which we may write (WhatsApp's customer service
/// window).
const WINDOW: Duration = Duration::from_secs(24 * 60 * 60);

/// Messages that are remembered by their key or number, so that none is sent twice or lost.
const REMEMBERED_MAX: usize = 1_024;

/// Messages that wait for one person to write again; beyond it the newest are dropped.
const MISSED_MAX: usize = 20;

#[derive(Default)]
pub(super) struct WhatsAppState {
    /// The time and the id of a person's last message.
    last_inbound: HashMap<ChatId, (Instant, String)>,
    /// Chats whose window is closed, as Twilio says.
    closed: HashSet<ChatId>,
    /// Chats that the core believes unreachable until an event says otherwise.
    unreachable: HashSet<ChatId>,
    /// Messages that Twilio took after the window had closed.
    missed: HashMap<ChatId, Vec<Outbound>>,
    /// Newest last.
    sent: VecDeque<SentMessage>,
    /// Ids of messages that failed before the answer with their id came.
    failed: VecDeque<String>,
    /// Messages that are durable with us, newest last.
    taken: VecDeque<InboundId>,
}

struct SentMessage {
    chat: ChatId,
    key: String,
    sid: String,
    at: Instant,
    failed: bool,
    /// Kept until its delivery is known.
    message: Option<Outbound>,
}

fn push<T>(all: &mut VecDeque<T>, one: T) {
    if all.len() == REMEMBERED_MAX {
        all.pop_front();
    }
    all.push_back(one);
}

impl WhatsAppState {
    /// Notes a message of a person, which opens the window for a day. True when the core waits for
    /// that.
    pub(super) fn record_inbound(&mut self, chat: &ChatId, sid: &str) -> bool {
        if self.last_inbound.len() >= REMEMBERED_MAX {
            self.last_inbound.retain(|_, (at, _)| at.elapsed() < WINDOW);
        }
        self.last_inbound.insert(chat.clone(), (Instant::now(), sid.to_owned()));
        let was_closed = self.closed.remove(chat);
        self.unreachable.remove(chat) || was_closed
    }

    /// The id of a person's last message.
    pub(super) fn last_inbound_sid(&self, chat: &ChatId) -> Option<String> {
        self.last_inbound.get(chat).map(|(_, sid)| sid.clone())
    }

    pub(super) fn is_closed(&self, chat: &ChatId) -> bool {
        let gone_quiet = self.last_inbound.get(chat).is_some_and(|(at, _)| at.elapsed() >= WINDOW);
        gone_quiet || self.closed.contains(chat)
    }

    pub(super) fn is_unreachable(&mut self, chat: &ChatId) {
        self.unreachable.insert(chat.clone());
    }

    pub(super) fn sent_as(&self, chat: &ChatId, key: &str) -> Option<MessageRef> {
        let is_same = |it: &&SentMessage| !it.failed && it.chat == *chat && it.key == key;
        let same = self.sent.iter().find(is_same);
        same.map(|it| MessageRef { chat: it.chat.clone(), id: it.sid.clone() })
    }

    pub(super) fn knows(&self, sid: &str) -> bool {
        self.sent.iter().any(|it| it.sid == sid)
    }

    pub(super) fn note_sent(
        &mut self,
        chat: &ChatId,
        key: &str,
        sid: &str,
        at: Instant,
        message: Option<&Outbound>,
    ) -> MessageRef {
        let sent = SentMessage {
            chat: chat.clone(),
            key: key.to_owned(),
            sid: sid.to_owned(),
            at,
            failed: false,
            message: message.cloned(),
        };
        push(&mut self.sent, sent);
        if self.failed.iter().any(|it| it == sid) {
            self.came_too_late(sid);
        }
        MessageRef { chat: chat.clone(), id: sid.to_owned() }
    }

    /// Marks a message as delivered, or as failed for good.
    pub(super) fn is_final(&mut self, sid: &str) {
        let found = self.sent.iter_mut().find(|it| it.sid == sid);
        if let Some(sent) = found {
            sent.message = None;
        }
    }

    /// Marks a message that came after the window had closed. Returns the chat if the person has
    /// written since, so that the missed messages can be sent at once.
    pub(super) fn came_too_late(&mut self, sid: &str) -> Option<ChatId> {
        let Some(sent) = self.sent.iter_mut().find(|it| it.sid == sid) else {
            push(&mut self.failed, sid.to_owned());
            return None;
        };
        // Callbacks come more than once: the window that this one met may be open again.
        if std::mem::replace(&mut sent.failed, true) {
            return None;
        }
        let (chat, at, message) = (sent.chat.clone(), sent.at, sent.message.take());
        let missed = self.missed.entry(chat.clone()).or_default();
        match message {
            Some(message) if missed.len() < MISSED_MAX => missed.push(message),
            _ => tracing::warn!("a message came too late and cannot be kept"),
        }
        if self.last_inbound.get(&chat).is_some_and(|(last_inbound, _)| *last_inbound > at) {
            return Some(chat);
        }
        self.closed.insert(chat);
        None
    }

    pub(super) fn take_missed(&mut self, chat: &ChatId) -> Vec<Outbound> {
        self.missed.remove(chat).unwrap_or_default()
    }

    pub(super) fn put_back(&mut self, chat: &ChatId, missed: Vec<Outbound>) {
        let newer = self.take_missed(chat);
        self.missed.insert(chat.clone(), missed.into_iter().chain(newer).collect());
    }

    pub(super) fn note_taken(&mut self, id: &InboundId) {
        push(&mut self.taken, id.clone());
    }

    pub(super) fn is_taken(&self, id: &InboundId) -> bool {
        self.taken.contains(id)
    }
}
