//! Somebody who writes to a bot directly.

use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};

use super::{Chat, Discord, Message, as_json};

/// Far longer than anything here takes: beyond it the story so far is told.
const PATIENCE: Duration = Duration::from_secs(90);

/// A message as the person saw it when it came or changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shown {
    /// Names the message.
    pub id: u64,
    /// By the bot, not by the person.
    pub by_bot: bool,
    /// Its words.
    pub text: String,
    /// Buttons: label and `custom_id`.
    pub buttons: Vec<(String, String)>,
}

impl Shown {
    pub(super) fn of(message: &Message) -> Self {
        let rows = message.components.as_array().into_iter().flatten();
        let buttons = rows.filter_map(|row| row["components"].as_array()).flatten().map(|it| {
            let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
            (text(&it["label"]), text(&it["custom_id"]))
        });
        let buttons = buttons.collect();
        Self { id: message.id, by_bot: message.by_bot, text: message.text.clone(), buttons }
    }
}

/// A person in direct messages with one bot.
pub struct Person {
    discord: Arc<Discord>,
    token: String,
    channel: u64,
    read: usize,
}

impl Person {
    pub(super) fn new(discord: Arc<Discord>, token: &str, id: u64) -> Self {
        let fresh = discord.snowflake();
        let mut channel = fresh;
        if let Some(bot) = discord.state().bots.get_mut(token) {
            let known = bot.chats.iter().find(|(_, chat)| chat.person == id).map(|(it, _)| *it);
            channel = known.unwrap_or(fresh);
            let chat = Chat { person: id, messages: Vec::new(), closed: false, shown: Vec::new() };
            bot.chats.entry(channel).or_insert(chat);
        }
        Self { discord, token: token.to_owned(), channel, read: 0 }
    }

    /// Writes a line.
    pub fn says(&mut self, text: &str) {
        let (id, at_ms) = (self.discord.snowflake(), self.discord.clock.now_ms());
        let text = text.to_owned();
        let components = json!([]);
        let message =
            Message { id, by_bot: false, at_ms, text, components, nonce: None, edited: false };
        let channel = self.channel;
        {
            let mut state = self.discord.state();
            let Some(bot) = state.bots.get_mut(&self.token) else { return };
            if let Some(chat) = bot.chats.get_mut(&channel) {
                chat.shown.push(Shown::of(&message));
                chat.messages.push(message.clone());
            }
            let told = as_json(bot, channel, &message);
            bot.events.push(("MESSAGE_CREATE", told));
        }
        self.discord.has_changed();
    }

    /// Runs a slash command.
    pub fn runs(&mut self, command: &str) {
        let data = json!({ "id": "1", "name": command.trim_start_matches('/'), "type": 1 });
        self.discord.interact(&self.token, self.channel, 2, data, 0);
    }

    /// Taps the newest button with this label.
    pub fn taps(&mut self, label: &str) {
        let (message, id) = self.button(label);
        let data = json!({ "custom_id": id, "component_type": 2 });
        self.discord.interact(&self.token, self.channel, 3, data, message);
    }

    /// Taps a button that opens a modal, and fills in its fields in order.
    ///
    /// # Panics
    /// When no modal opens, with the story so far.
    pub async fn fills_in(&mut self, label: &str, values: &[&str]) {
        let (message, id) = self.button(label);
        let mut changed = self.discord.changed.subscribe();
        let data = json!({ "custom_id": id, "component_type": 2 });
        let interaction = self.discord.interact(&self.token, self.channel, 3, data, message);
        let opened = tokio::time::timeout(PATIENCE, async {
            loop {
                changed.borrow_and_update();
                if let Some(modal) = self.discord.modal(&self.token, &interaction) {
                    return modal;
                }
                // The sender lives as long as we hold its Discord.
                let _ = changed.changed().await;
            }
        });
        let Ok(modal) = opened.await else { panic!("no modal opens{}", self.story()) };
        let rows = modal["components"].as_array().cloned().unwrap_or_default();
        assert_eq!(rows.len(), values.len(), "{modal}");
        let filled = rows.iter().zip(values).map(|(row, value)| {
            let id = &row["components"][0]["custom_id"];
            json!({ "type": 1, "components": [{ "type": 4, "custom_id": id, "value": value }] })
        });
        let filled: Vec<Value> = filled.collect();
        let data = json!({ "custom_id": modal["custom_id"], "components": filled });
        self.discord.interact(&self.token, self.channel, 5, data, message);
    }

    fn button(&self, label: &str) -> (u64, String) {
        let shown = self.screen();
        let found = shown.iter().rev().find_map(|it| {
            let button = it.buttons.iter().find(|(text, _)| text == label);
            button.map(|(_, id)| (it.id, id.clone()))
        });
        found.unwrap_or_else(|| panic!("no button {label:?}{}", self.story()))
    }

    /// Waits until a message of the bot, new or edited, says so, and passes over those before it.
    ///
    /// # Panics
    /// When none ever does, with the story so far.
    pub async fn reads(&mut self, expected: &str) -> String {
        let mut changed = self.discord.changed.subscribe();
        let found = tokio::time::timeout(PATIENCE, async {
            loop {
                changed.borrow_and_update();
                if let Some(text) = self.find(expected) {
                    return text;
                }
                // The sender lives as long as we hold its Discord.
                let _ = changed.changed().await;
            }
        });
        match found.await {
            Ok(text) => text,
            Err(_) => panic!("never read {expected:?}{}", self.story()),
        }
    }

    fn find(&mut self, expected: &str) -> Option<String> {
        let shown = self.with_chat(|chat| chat.shown.clone())?;
        let mut unread = shown.iter().enumerate().skip(self.read);
        let (place, found) = unread.find(|(_, it)| it.by_bot && it.text.contains(expected))?;
        self.read = place + 1;
        Some(found.text.clone())
    }

    /// What the bot said that was not read.
    pub fn unread(&self) -> Vec<String> {
        let shown = self.with_chat(|chat| chat.shown.clone()).unwrap_or_default();
        shown.into_iter().skip(self.read).filter(|it| it.by_bot).map(|it| it.text).collect()
    }

    /// The chat as it stands now.
    pub fn screen(&self) -> Vec<Shown> {
        self.with_chat(|chat| chat.messages.iter().map(Shown::of).collect()).unwrap_or_default()
    }

    /// Takes no more direct messages from the bot.
    pub fn closes_dms(&self) {
        self.with_chat(|chat| chat.closed = true);
    }

    fn with_chat<T>(&self, act: impl FnOnce(&mut Chat) -> T) -> Option<T> {
        let mut state = self.discord.state();
        Some(act(state.bots.get_mut(&self.token)?.chats.get_mut(&self.channel)?))
    }

    /// Everything that was shown so far, for a story that went wrong and for a transcript.
    pub fn story(&self) -> String {
        let shown = self.with_chat(|chat| chat.shown.clone()).unwrap_or_default();
        let lines = shown.iter().map(|it| {
            let who = if it.by_bot { "bot" } else { "Ada" };
            let buttons = it.buttons.iter().map(|(label, _)| format!("[{label}]"));
            let buttons = buttons.collect::<Vec<_>>().join(" ");
            format!("\n---- {who}\n{}\n{buttons}", it.text)
        });
        lines.collect()
    }
}
