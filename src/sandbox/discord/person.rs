//! A person who writes to a bot directly.

use std::sync::Arc;

use bytes::Bytes;
use serde_json::{Value, json};

use super::{DiscordChat, DiscordFile, DiscordMessage, SimulatedDiscord, as_event, time, user};
use crate::sandbox::patience::wait_until;

/// A message as the person saw it when it came or changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SeenDiscordMessage {
    /// The id of the message.
    pub id: u64,
    /// Whether the bot wrote it, not the person.
    pub by_bot: bool,
    /// The text.
    pub text: String,
    /// Buttons: label and `custom_id`.
    pub buttons: Vec<(String, String)>,
}

impl SeenDiscordMessage {
    pub(super) fn of(message: &DiscordMessage) -> Self {
        let rows = message.components.as_array().into_iter().flatten();
        let buttons = rows.filter_map(|row| row["components"].as_array()).flatten().map(|it| {
            let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
            (text(&it["label"]), text(&it["custom_id"]))
        });
        let buttons = buttons.collect();
        Self { id: message.id, by_bot: message.by_bot, text: message.text.clone(), buttons }
    }
}

/// The place in which a person uses a bot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum InstallContext {
    /// In a server.
    Server,
    /// In direct messages with the bot.
    Bot,
    /// In direct messages with others, or in a group of them.
    Others,
}

fn called(command: &str) -> Value {
    json!({ "id": "1", "name": command.trim_start_matches('/'), "type": 1 })
}

/// A person in direct messages with one bot.
pub struct DiscordPerson {
    discord: Arc<SimulatedDiscord>,
    token: String,
    channel: u64,
    read: usize,
}

impl DiscordPerson {
    pub(super) fn new(discord: Arc<SimulatedDiscord>, token: &str, id: u64) -> Self {
        let fresh = discord.snowflake();
        let mut channel = fresh;
        if let Some(bot) = discord.state().bots.get_mut(token) {
            let known = bot.chats.iter().find(|(_, chat)| chat.person == id).map(|(it, _)| *it);
            channel = known.unwrap_or(fresh);
            let chat =
                DiscordChat { person: id, messages: Vec::new(), closed: false, shown: Vec::new() };
            bot.chats.entry(channel).or_insert(chat);
        }
        Self { discord, token: token.to_owned(), channel, read: 0 }
    }

    /// Writes a line.
    pub fn says(&mut self, text: &str) {
        self.posts(text, Vec::new());
    }

    /// Sends files, with a line.
    pub fn sends_files(&mut self, files: &[(&str, Bytes)], caption: &str) {
        let files = files.iter().map(|(name, bytes)| DiscordFile {
            id: self.discord.snowflake(),
            name: (*name).to_owned(),
            media_type: Some("application/octet-stream".to_owned()),
            bytes: bytes.clone(),
        });
        let files = files.collect();
        self.posts(caption, files);
    }

    fn posts(&mut self, text: &str, files: Vec<DiscordFile>) {
        let message = self.message(text, files);
        self.with_chat(|chat| {
            chat.shown.push(SeenDiscordMessage::of(&message));
            chat.messages.push(message.clone());
        });
        self.deliver_message(&message, |_| {});
    }

    fn message(&self, text: &str, files: Vec<DiscordFile>) -> DiscordMessage {
        DiscordMessage {
            id: self.discord.snowflake(),
            by_bot: false,
            at_ms: self.discord.clock.now_ms(),
            text: text.to_owned(),
            components: json!([]),
            nonce: None,
            edited: false,
            files,
        }
    }

    /// Sends the bot a message event, after `change`.
    fn deliver_message(&self, message: &DiscordMessage, change: impl FnOnce(&mut Value)) {
        self.send_event("MESSAGE_CREATE", message, change);
    }

    fn send_event(
        &self,
        kind: &'static str,
        message: &DiscordMessage,
        change: impl FnOnce(&mut Value),
    ) {
        let mut event = Value::Null;
        self.gateway_message(message, |payload| {
            change(payload);
            event = payload.clone();
        });
        if let Some(bot) = self.discord.state().bots.get_mut(&self.token) {
            bot.events.push((kind, event));
        }
        self.discord.has_changed();
    }

    /// A message in the form of gateway events.
    fn gateway_message(&self, message: &DiscordMessage, read: impl FnOnce(&mut Value)) {
        let state = self.discord.state();
        if let Some(bot) = state.bots.get(&self.token) {
            read(&mut as_event(bot, self.channel, message, &state.host));
        }
    }

    /// Forwards a text that others wrote: a snapshot, which does not name its author.
    pub fn forwards(&mut self, text: &str) {
        self.posts_as(text, |payload| {
            payload["content"] = json!("");
            payload["message_reference"] =
                json!({ "type": 1, "channel_id": "78", "message_id": "79" });
            payload["message_snapshots"] = json!([{ "message": {
                "content": text, "timestamp": payload["timestamp"], "edited_timestamp": null,
                "mentions": [], "mention_roles": [], "attachments": [], "embeds": [], "type": 0,
                "flags": 0, "components": [],
            } }]);
        });
    }

    /// Replies to a message of another person, called `author`.
    pub fn replies(&mut self, text: &str, author: &str, replied_to: &str) {
        let other = self.message(replied_to, Vec::new());
        let mut replied_payload = Value::Null;
        self.gateway_message(&other, |payload| replied_payload = payload.clone());
        replied_payload["author"] = user(88, author, false);
        self.posts_as(text, |payload| {
            payload["type"] = json!(19);
            payload["referenced_message"] = replied_payload;
        });
    }

    /// Sends a poll.
    pub fn sends_poll(&mut self, question: &str, answers: &[&str]) {
        let answers = answers.iter().enumerate();
        let answers =
            answers.map(|(n, text)| json!({ "answer_id": n + 1, "poll_media": { "text": text } }));
        let answers: Vec<Value> = answers.collect();
        self.posts_as("", |payload| {
            payload["poll"] = json!({
                "question": { "text": question }, "answers": answers, "expiry": null,
                "allow_multiselect": false, "layout_type": 1,
            });
        });
    }

    /// Gives the newest message of their own another text.
    ///
    /// # Panics
    /// When there is none: a story went wrong.
    pub fn edits(&mut self, text: &str) {
        let at_ms = self.discord.clock.now_ms();
        let edited = self.with_chat(|chat| {
            let message = chat.messages.iter_mut().rfind(|it| !it.by_bot)?;
            text.clone_into(&mut message.text);
            message.edited = true;
            chat.shown.push(SeenDiscordMessage::of(message));
            Some(message.clone())
        });
        let edited = edited.flatten();
        let edited = edited.unwrap_or_else(|| panic!("nothing to edit{}", self.story()));
        self.send_event("MESSAGE_UPDATE", &edited, |payload| {
            payload["edited_timestamp"] = json!(time(at_ms))
        });
    }

    /// Discord adds the preview of a link to the newest message of their own, and says so.
    pub fn gets_a_preview(&self) {
        let newest = |chat: &mut DiscordChat| chat.messages.iter().rfind(|it| !it.by_bot).cloned();
        if let Some(message) = self.with_chat(newest).flatten() {
            self.send_event("MESSAGE_UPDATE", &message, |payload| {
                payload["edited_timestamp"] = Value::Null;
                payload["embeds"] = json!([{ "type": "link", "title": "A page" }]);
            });
        }
    }

    fn posts_as(&mut self, text: &str, change: impl FnOnce(&mut Value)) {
        let message = self.message(text, Vec::new());
        self.with_chat(|chat| {
            chat.shown.push(SeenDiscordMessage::of(&message));
            chat.messages.push(message.clone());
        });
        self.deliver_message(&message, change);
    }

    /// Writes a line in a server that the bot is in, too.
    pub fn says_in_a_server(&mut self, text: &str) {
        self.deliver_message(&self.message(text, Vec::new()), |payload| {
            payload["guild_id"] = json!("77");
            payload["channel_id"] = json!("78");
            payload["channel_type"] = json!(0);
        });
    }

    /// Another bot writes in this chat.
    pub fn hears_another_bot(&mut self, text: &str) {
        self.deliver_message(&self.message(text, Vec::new()), |payload| {
            payload["author"] = user(99, "other", true)
        });
    }

    /// Adds a notice to the chat that no person wrote: a call, a pinned message.
    pub fn causes_a_notice(&mut self) {
        self.deliver_message(&self.message("", Vec::new()), |payload| payload["type"] = json!(6));
    }

    /// Runs a slash command, in direct messages.
    pub fn runs(&mut self, command: &str) {
        self.discord.interact(
            &self.token,
            self.channel,
            2,
            called(command),
            0,
            InstallContext::Bot,
        );
    }

    /// Runs a slash command where others read along.
    pub fn runs_among_others(&mut self, command: &str, place: InstallContext) {
        self.discord.interact(&self.token, self.channel, 2, called(command), 0, place);
    }

    /// Taps the newest button with this label.
    pub fn taps(&mut self, label: &str) {
        let (message, id) = self.button(label);
        let data = json!({ "custom_id": id, "component_type": 2 });
        self.discord.interact(&self.token, self.channel, 3, data, message, InstallContext::Bot);
    }

    /// Taps a button that opens a modal, and fills in its fields in order.
    ///
    /// # Panics
    /// When no modal opens, with the story so far.
    pub async fn fills_in(&mut self, label: &str, values: &[&str]) {
        let (message, id) = self.button(label);
        let changed = self.discord.changed.subscribe();
        let data = json!({ "custom_id": id, "component_type": 2 });
        let interaction =
            self.discord.interact(&self.token, self.channel, 3, data, message, InstallContext::Bot);
        let opened = wait_until(changed, || self.discord.modal(&self.token, &interaction)).await;
        let modal = opened.unwrap_or_else(|| panic!("no modal opens{}", self.story()));
        let rows = modal["components"].as_array().cloned().unwrap_or_default();
        assert_eq!(rows.len(), values.len(), "{modal}");
        let filled = rows.iter().zip(values).map(|(row, value)| {
            let id = &row["components"][0]["custom_id"];
            json!({ "type": 1, "components": [{ "type": 4, "custom_id": id, "value": value }] })
        });
        let filled: Vec<Value> = filled.collect();
        let data = json!({ "custom_id": modal["custom_id"], "components": filled });
        self.discord.interact(&self.token, self.channel, 5, data, message, InstallContext::Bot);
    }

    fn button(&self, label: &str) -> (u64, String) {
        let shown = self.screen();
        let found = shown.iter().rev().find_map(|it| {
            let button = it.buttons.iter().find(|(text, _)| text == label);
            button.map(|(_, id)| (it.id, id.clone()))
        });
        found.unwrap_or_else(|| panic!("no button {label:?}{}", self.story()))
    }

    /// Waits until a message of the bot, new or edited, contains `expected`, and skips those before
    /// it.
    ///
    /// # Panics
    /// When none ever does, with the story so far.
    pub async fn reads(&mut self, expected: &str) -> String {
        let changed = self.discord.changed.subscribe();
        let found = wait_until(changed, || self.find(expected)).await;
        found.unwrap_or_else(|| panic!("never read {expected:?}{}", self.story()))
    }

    fn find(&mut self, expected: &str) -> Option<String> {
        let shown = self.with_chat(|chat| chat.shown.clone())?;
        let mut unread = shown.iter().enumerate().skip(self.read);
        let (place, found) = unread.find(|(_, it)| it.by_bot && it.text.contains(expected))?;
        self.read = place + 1;
        Some(found.text.clone())
    }

    /// The bot's messages after the last one read.
    pub fn unread(&self) -> Vec<String> {
        let shown = self.with_chat(|chat| chat.shown.clone()).unwrap_or_default();
        shown.into_iter().skip(self.read).filter(|it| it.by_bot).map(|it| it.text).collect()
    }

    /// The messages in the chat now.
    pub fn screen(&self) -> Vec<SeenDiscordMessage> {
        self.with_chat(|chat| chat.messages.iter().map(SeenDiscordMessage::of).collect())
            .unwrap_or_default()
    }

    /// The files in the chat now: name and bytes.
    pub fn files(&self) -> Vec<(String, Bytes)> {
        let files = |chat: &mut DiscordChat| {
            let all = chat.messages.iter().flat_map(|it| &it.files);
            all.map(|it| (it.name.clone(), it.bytes.clone())).collect()
        };
        self.with_chat(files).unwrap_or_default()
    }

    /// Deletes the newest message of their own.
    pub fn deletes_own(&self) {
        self.with_chat(|chat| {
            if let Some(place) = chat.messages.iter().rposition(|it| !it.by_bot) {
                chat.messages.remove(place);
            }
        });
    }

    /// Takes direct messages from the bot again.
    pub fn opens_dms(&self) {
        self.with_chat(|chat| chat.closed = false);
    }

    /// The id of the chat.
    pub fn channel(&self) -> u64 {
        self.channel
    }

    /// Takes no more direct messages from the bot.
    pub fn closes_dms(&self) {
        self.with_chat(|chat| chat.closed = true);
    }

    fn with_chat<T>(&self, act: impl FnOnce(&mut DiscordChat) -> T) -> Option<T> {
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
