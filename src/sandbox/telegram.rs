//! Telegram's Bot API, simulated: bots, private chats with people who hold a phone, updates by long
//! polling and by webhook.
//!
//! It enforces the documented rules of the Bot API: tokens, lengths in UTF-16 units, 64 bytes on a
//! button, the 48 hours within which a message can be deleted, one way of getting updates at a
//! time, the published rates. It delivers updates to a webhook in order, each until its answer is
//! 2xx. With duplicate deliveries, some come more than once and late.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::Router;
use axum::routing::{any, get};
use parking_lot::{Mutex, MutexGuard};
use serde_json::Value;
use tokio::sync::watch;

use crate::clock::Clock;
use crate::http::SharedTransport;
use crate::random::Random;

mod commands;
mod delivery;
mod errors;
mod files;
mod managed;
mod messages;
mod methods;
mod parameters;
mod person;
mod rates;
mod updates;

pub use person::{SeenTelegramMessage, TelegramPerson};

use commands::CommandMenus;
use files::StoredFiles;
use rates::TelegramRateLimits;
use updates::{RegisteredWebhook, UpdateQueue};

/// A simulated Telegram.
pub struct SimulatedTelegram {
    clock: Clock,
    random: Random,
    transport: SharedTransport,
    files: StoredFiles,
    state: Mutex<TelegramState>,
    /// Changes with every event.
    changed: watch::Sender<()>,
}

#[derive(Default)]
struct TelegramState {
    bots: BTreeMap<String, TelegramBot>,
    duplicates_deliveries: bool,
    calls: Vec<(String, Value)>,
}

#[derive(Default)]
struct TelegramBot {
    id: u64,
    username: String,
    chats: BTreeMap<u64, TelegramChat>,
    updates: UpdateQueue,
    commands: CommandMenus,
    rates: TelegramRateLimits,
    /// It may make bots for people.
    makes_bots: bool,
    /// The token of the bot that made this one.
    manager: Option<String>,
    /// Only its owner can write to it.
    restricted: bool,
}

/// A private chat of a bot with one person.
#[derive(Default)]
struct TelegramChat {
    messages: Vec<TelegramMessage>,
    next_message: i32,
    blocked: bool,
    language: Option<String>,
    name: String,
    /// Everything that the person's screen showed, in order.
    shown: Vec<SeenTelegramMessage>,
}

struct TelegramMessage {
    id: i32,
    by_bot: bool,
    at_ms: u64,
    text: String,
    keyboard: Option<Value>,
    file: Option<String>,
}

impl SimulatedTelegram {
    /// A Telegram without bots. Webhooks are called through `transport`.
    pub fn new(clock: Clock, random: Random, transport: SharedTransport) -> Arc<Self> {
        Arc::new(Self {
            clock,
            files: StoredFiles::new(random.clone()),
            random,
            transport,
            state: Mutex::default(),
            changed: watch::Sender::new(()),
        })
    }

    /// The Bot API: `/bot<token>/<method>` and `/file/bot<token>/<path>`.
    pub fn router(self: &Arc<Self>) -> Router {
        Router::new()
            .route("/{bot}/{method}", any(methods::call))
            .route("/file/{bot}/{*path}", get(files::download))
            .with_state(self.clone())
    }

    /// A new bot, as BotFather makes one; its token is worth nothing elsewhere.
    pub fn mint_bot(&self, username: &str) -> String {
        let number = u32::from_le_bytes(self.random.bytes());
        let id = 1_000_000_000 + u64::from(number);
        let secret: String = self.random.key().chars().take(33).collect();
        let token = format!("{id}:AA{secret}");
        let bot = TelegramBot { id, username: username.to_owned(), ..TelegramBot::default() };
        self.state().bots.insert(token.clone(), bot);
        token
    }

    /// This bot may make bots for people, as set with BotFather.
    pub fn let_make_bots(&self, token: &str) {
        if let Some(bot) = self.state().bots.get_mut(token) {
            bot.makes_bots = true;
        }
    }

    /// Whether only its owner can write to the bot of this name.
    pub fn is_restricted(&self, username: &str) -> bool {
        self.state().bots.values().any(|bot| bot.username == username && bot.restricted)
    }

    /// Makes the token worthless, as BotFather's `/revoke` does; a pending `getUpdates` fails.
    pub fn revoke(&self, token: &str) {
        self.state().bots.remove(token);
        self.has_changed();
    }

    /// Duplicates the deliveries of updates from now on, and delays some.
    pub fn duplicate_deliveries(&self) {
        self.state().duplicates_deliveries = true;
    }

    /// A person with a phone, in a private chat with this bot.
    pub fn person(self: &Arc<Self>, token: &str, id: u64, language: &str) -> TelegramPerson {
        TelegramPerson::new(self.clone(), token, id, language)
    }

    /// The URL of this bot's webhook, if it has one.
    pub fn webhook(&self, token: &str) -> Option<String> {
        let state = self.state();
        state.bots.get(token)?.updates.webhook.as_ref().map(|webhook| webhook.url.clone())
    }

    /// Sets the webhook of a bot that served another program before.
    pub fn set_webhook(&self, token: &str, url: &str) {
        if let Some(bot) = self.state().bots.get_mut(token) {
            let url = url.to_owned();
            bot.updates.webhook =
                Some(RegisteredWebhook { url, secret: None, max_connections: 40 });
        }
    }

    /// Every call of a method so far, with its parameters: for checks against the Bot API's
    /// description.
    pub fn calls(&self) -> Vec<(String, Value)> {
        self.state().calls.clone()
    }

    /// Everything that the service still keeps of all chats.
    pub fn stored_text(&self) -> String {
        let state = self.state();
        let chats = state.bots.values().flat_map(|bot| bot.chats.values());
        let texts = chats.flat_map(|chat| &chat.messages).map(|message| message.text.as_str());
        texts.collect::<Vec<_>>().join("\n")
    }

    fn state(&self) -> MutexGuard<'_, TelegramState> {
        self.state.lock()
    }

    fn has_changed(&self) {
        self.changed.send_replace(());
    }
}

/// The token in the first segment of a path (`bot<token>`).
fn token_of(segment: &str) -> Option<&str> {
    segment.strip_prefix("bot")
}
