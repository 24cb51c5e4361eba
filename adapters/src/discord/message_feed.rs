//! Messages of people, each passed on once: from the gateway, or from a look-up where the gateway
//! missed them.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use parking_lot::{Mutex, MutexGuard};
use serenity::all::{Message, Timestamp};

use super::inbound::of_message;
use super::rest::DiscordRest;
use crate::channel::ChannelError;
use crate::inbox::Inbox;

/// Messages that one look-up reads in a chat of which none is known.
const RECENT_MAX: usize = 50;

/// Messages that are looked up at once (Discord's limit).
const PAGE_MAX: usize = 100;

/// The age up to which messages are looked up, in seconds: an answer to an older one would
/// surprise.
const RECENT_AGE_S: i64 = 24 * 60 * 60;

/// Waits within one look-up before it is given up: the next one begins where it ended.
const WAITS_MAX: usize = 5;

/// Message ids that are remembered, so that a repeated message is passed on once.
const REMEMBERED_MAX: usize = 1_024;

pub(super) struct MissedMessages {
    inbox: Arc<Inbox>,
    known: Mutex<SeenMessages>,
    /// Held while messages are passed on: those from a look-up go before those that come meanwhile.
    turn: tokio::sync::Mutex<()>,
}

#[derive(Default)]
struct SeenMessages {
    /// Chats, and the newest message that was passed on in each.
    chats: HashMap<u64, Option<u64>>,
    messages: VecDeque<u64>,
}

impl MissedMessages {
    pub(super) fn new(inbox: Arc<Inbox>) -> Self {
        Self { inbox, known: Mutex::default(), turn: tokio::sync::Mutex::default() }
    }

    /// Passes on a message from the gateway.
    pub(super) async fn message(&self, message: &Message) {
        let _turn = self.turn.lock().await;
        self.pass_on(message);
    }

    /// Passes on a message that its author changed. A change that is not taken is dropped.
    pub(super) async fn edited(&self, message: &Message) {
        let _turn = self.turn.lock().await;
        for inbound in of_message(message) {
            let _ = self.inbox.put(inbound);
        }
    }

    /// Adds a chat to the known ones.
    pub(super) fn chat(&self, chat: u64) {
        self.known().chats.entry(chat).or_default();
    }

    /// Looks up the messages of every known chat that came while no gateway was connected.
    pub(super) async fn catch_up(&self, rest: &DiscordRest) {
        let _turn = self.turn.lock().await;
        let chats: Vec<_> = self.known().chats.iter().map(|(chat, it)| (*chat, *it)).collect();
        for (chat, newest) in chats {
            if let Err(error) = self.look_up(rest, chat, newest).await {
                tracing::warn!(%error, "what was said meanwhile could not be read");
            }
        }
    }

    /// Looks up the messages of a chat from before this process.
    pub(super) async fn recover(&self, rest: &DiscordRest, chat: u64) -> Result<(), ChannelError> {
        let _turn = self.turn.lock().await;
        self.chat(chat);
        self.look_up(rest, chat, None).await
    }

    async fn look_up(
        &self,
        rest: &DiscordRest,
        chat: u64,
        mut newest: Option<u64>,
    ) -> Result<(), ChannelError> {
        let page = if newest.is_some() { PAGE_MAX } else { RECENT_MAX };
        let mut waits = 0;
        loop {
            let found = match rest.messages(chat, page, newest).await {
                Err(ChannelError::RateLimited { retry_after_ms }) if waits < WAITS_MAX => {
                    waits += 1;
                    tokio::time::sleep(Duration::from_millis(retry_after_ms)).await;
                    continue;
                }
                other => other?,
            };
            let now_s = Timestamp::now().unix_timestamp();
            let is_recent = |it: &&Message| now_s - it.timestamp.unix_timestamp() < RECENT_AGE_S;
            found.iter().filter(is_recent).for_each(|it| self.pass_on(it));
            if newest.is_none() || found.len() < page {
                return Ok(());
            }
            newest = found.last().map(|it| it.id.get());
        }
    }

    /// A message that is not taken is not remembered either, so that the next look-up finds it
    /// again.
    fn pass_on(&self, message: &Message) {
        let (chat, id) = (message.channel_id.get(), message.id.get());
        let mut known = self.known();
        if known.messages.contains(&id) {
            return;
        }
        let inbound = of_message(message);
        if inbound.is_empty() || !inbound.into_iter().all(|it| self.inbox.put(it).is_ok()) {
            return;
        }
        if known.messages.len() == REMEMBERED_MAX {
            known.messages.pop_front();
        }
        known.messages.push_back(id);
        if message.guild_id.is_none() {
            let newest = known.chats.entry(chat).or_default();
            *newest = (*newest).max(Some(id));
        }
    }

    fn known(&self) -> MutexGuard<'_, SeenMessages> {
        self.known.lock()
    }
}
