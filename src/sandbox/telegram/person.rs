//! A person with a phone.

use std::sync::Arc;

use bytes::Bytes;
use hmac::{Hmac, KeyInit, Mac};
use serde_json::{Value, json};
use sha2::Sha256;
use url::form_urlencoded;

use super::{SimulatedTelegram, TelegramChat, TelegramMessage};
use crate::sandbox::patience::wait_until;

/// A message as the person saw it when it came or changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SeenTelegramMessage {
    /// The id of the message in its chat.
    pub id: i32,
    /// Whether the bot wrote it, not the person.
    pub by_bot: bool,
    /// The text.
    pub text: String,
    /// Buttons: the label, and the data of the tap or the page that opens.
    pub buttons: Vec<(String, String)>,
}

impl SeenTelegramMessage {
    pub(super) fn of(message: &TelegramMessage) -> Self {
        let keyboard = message.keyboard.as_ref().map(|it| &it["inline_keyboard"]);
        let rows = keyboard.and_then(Value::as_array).into_iter().flatten();
        let buttons = rows.filter_map(Value::as_array).flatten().map(|button| {
            let does = [&button["callback_data"], &button["web_app"]["url"], &button["url"]];
            let does = does.into_iter().find_map(Value::as_str).unwrap_or_default();
            (button["text"].as_str().unwrap_or_default().to_owned(), does.to_owned())
        });
        Self {
            id: message.id,
            by_bot: message.by_bot,
            text: message.text.clone(),
            buttons: buttons.collect(),
        }
    }
}

/// A person in a private chat with one bot.
pub struct TelegramPerson {
    telegram: Arc<SimulatedTelegram>,
    token: String,
    id: u64,
    read: usize,
}

impl TelegramPerson {
    pub(super) fn new(
        telegram: Arc<SimulatedTelegram>,
        token: &str,
        id: u64,
        language: &str,
    ) -> Self {
        if let Some(bot) = telegram.state().bots.get_mut(token) {
            bot.chats.entry(id).or_insert_with(|| TelegramChat {
                language: Some(language.to_owned()),
                name: "Ada".to_owned(),
                ..TelegramChat::default()
            });
        }
        Self { telegram, token: token.to_owned(), id, read: 0 }
    }

    /// Writes a line.
    pub fn says(&mut self, text: &str) {
        self.sends(text, None, |_| {});
    }

    /// Sends a document with a caption.
    pub fn sends_file(&mut self, name: &str, bytes: Bytes, caption: &str) {
        let size = bytes.len();
        let id = self.telegram.files.keep(bytes);
        let document = json!({
            "file_id": id, "file_unique_id": id, "file_name": name, "file_size": size,
        });
        self.sends(caption, Some(id), |message| message["document"] = document);
    }

    /// Forwards a text that others wrote; `origin` is a `MessageOrigin` of the Bot API.
    pub fn forwards(&mut self, origin: &Value, text: &str) {
        self.sends_with(text, &json!({ "forward_origin": origin }));
    }

    /// Sends a text in a message that has these fields besides.
    pub fn sends_with(&mut self, text: &str, fields: &Value) {
        self.sends(text, None, |message| add(message, fields));
    }

    /// Sends something that is no text: a venue, a contact, a poll, under its field.
    pub fn sends_kind(&mut self, fields: &Value) {
        self.sends(&fields.to_string(), None, |message| {
            add(message, fields);
            message["text"] = Value::Null;
            message["entities"] = json!([]);
        });
    }

    /// Gives the newest message of their own another text. With the same text it is an edit as
    /// Telegram makes one for a link preview.
    ///
    /// # Panics
    /// When there is none: a story went wrong.
    pub fn edits(&mut self, text: &str) {
        let from = self.from();
        let now_ms = self.telegram.clock.now_ms();
        let message_json = self.with_chat(|person, chat| {
            let place = chat.messages.iter().rposition(|it| !it.by_bot)?;
            text.clone_into(&mut chat.messages[place].text);
            let shown = SeenTelegramMessage::of(&chat.messages[place]);
            chat.shown.push(shown);
            let mut message_json = super::messages::as_json(&chat.messages[place], person, chat);
            (message_json["from"], message_json["edit_date"]) = (from, json!(now_ms / 1000));
            Some(message_json)
        });
        let message_json =
            message_json.flatten().unwrap_or_else(|| panic!("nothing to edit{}", self.story()));
        self.telegram.update(&self.token, "edited_message", message_json);
    }

    fn sends(&mut self, text: &str, file: Option<String>, more: impl FnOnce(&mut Value)) {
        let at_ms = self.telegram.clock.now_ms();
        let from = self.from();
        let message_json = self.with_chat(|person, chat| {
            chat.next_message += 1;
            let message = TelegramMessage {
                id: chat.next_message,
                by_bot: false,
                at_ms,
                text: text.to_owned(),
                keyboard: None,
                file,
            };
            chat.show(&message);
            let mut message_json = super::messages::as_json(&message, person, chat);
            message_json["from"] = from;
            chat.messages.push(message);
            message_json
        });
        let Some(mut message_json) = message_json else { return };
        more(&mut message_json);
        self.telegram.update(&self.token, "message", message_json);
    }

    /// Taps the newest button with this label.
    ///
    /// # Panics
    /// When there is none: a story went wrong.
    pub fn taps(&mut self, label: &str) {
        let found = self.screen().into_iter().rev().find_map(|shown| {
            let button = shown.buttons.iter().find(|(it, _)| it == label);
            button.map(|(_, data)| (shown.id, data.clone()))
        });
        let (message, data) =
            found.unwrap_or_else(|| panic!("no button {label:?}{}", self.story()));
        let query = hex::encode(self.telegram.random.bytes::<8>());
        let from = self.from();
        let tapped_message = self.with_chat(|person, chat| {
            let tapped_message = chat.messages.iter().find(|it| it.id == message)?;
            Some(super::messages::as_json(tapped_message, person, chat))
        });
        let tap = json!({
            "id": query, "from": from, "chat_instance": "1", "data": data,
            "message": tapped_message.flatten(),
        });
        self.telegram.update(&self.token, "callback_query", tap);
    }

    /// Follows the newest button with this label to Telegram's page and agrees there to a new bot.
    /// Returns the bot's token, which the person does not see.
    ///
    /// # Panics
    /// When no such button offers it: a story went wrong.
    pub fn creates_bot(&mut self, label: &str) -> String {
        let page = self.page(label).unwrap_or_default();
        let made = super::managed::agree(&self.telegram, &self.token, &page, &self.from());
        made.unwrap_or_else(|| panic!("no bot is offered by {label:?}{}", self.story()))
    }

    /// The page that the newest button with this label opens.
    pub fn page(&self, label: &str) -> Option<String> {
        let shown = self.screen();
        let mut buttons = shown.iter().rev().flat_map(|it| &it.buttons);
        buttons.find(|(it, _)| it == label).map(|(_, page)| page.clone())
    }

    /// Waits until a message of the bot, new or edited, contains `expected`, and skips those before
    /// it.
    ///
    /// # Panics
    /// When it never does, with the story so far.
    pub async fn reads(&mut self, expected: &str) -> String {
        let changed = self.telegram.changed.subscribe();
        let found = wait_until(changed, || self.find(expected)).await;
        found.unwrap_or_else(|| panic!("never read {expected:?}{}", self.story()))
    }

    /// Waits for a file of the bot and returns its bytes.
    ///
    /// # Panics
    /// When none ever comes, with the story so far.
    pub async fn gets_file(&mut self) -> Bytes {
        let changed = self.telegram.changed.subscribe();
        let found = wait_until(changed, || self.find_file()).await;
        found.unwrap_or_else(|| panic!("no file ever came{}", self.story()))
    }

    fn find_file(&self) -> Option<Bytes> {
        let file = self.with_chat(|_, chat| {
            let mut of_bot = chat.messages.iter().rev().filter(|it| it.by_bot);
            of_bot.find_map(|it| it.file.clone())
        })??;
        self.telegram.files.get(&file)
    }

    fn find(&mut self, expected: &str) -> Option<String> {
        let shown = self.with_chat(|_, chat| chat.shown.clone())?;
        let unread = shown.iter().enumerate().skip(self.read);
        let found = unread.into_iter().find(|(_, it)| it.by_bot && it.text.contains(expected));
        let (place, SeenTelegramMessage { text, .. }) = found?;
        self.read = place + 1;
        Some(text.clone())
    }

    /// The bot's messages after the last one read.
    pub fn unread(&self) -> Vec<String> {
        let shown = self.with_chat(|_, chat| chat.shown.clone()).unwrap_or_default();
        shown.into_iter().skip(self.read).filter(|it| it.by_bot).map(|it| it.text).collect()
    }

    /// The messages in the chat now, without deleted ones and with edits applied.
    pub fn screen(&self) -> Vec<SeenTelegramMessage> {
        self.with_chat(|_, chat| chat.messages.iter().map(SeenTelegramMessage::of).collect())
            .unwrap_or_default()
    }

    /// Stops the bot from writing.
    pub fn blocks(&self) {
        self.set_blocked(true);
    }

    /// Lets the bot write again.
    pub fn unblocks(&self) {
        self.set_blocked(false);
    }

    fn set_blocked(&self, blocked: bool) {
        self.with_chat(|_, chat| chat.blocked = blocked);
        let now = if blocked { "kicked" } else { "member" };
        let member = |status: &str| {
            let bot = json!({ "id": 1, "is_bot": true, "first_name": "bot" });
            match status {
                "kicked" => json!({ "user": bot, "status": status, "until_date": 0 }),
                _ => json!({ "user": bot, "status": status }),
            }
        };
        let was = if blocked { "member" } else { "kicked" };
        let change = json!({
            "chat": { "id": self.id, "type": "private", "first_name": "Ada" },
            "from": self.from(), "date": self.telegram.clock.now_ms() / 1000,
            "old_chat_member": member(was), "new_chat_member": member(now),
        });
        self.telegram.update(&self.token, "my_chat_member", change);
    }

    /// The init data of a Mini App: signed for this bot, with the current time.
    pub fn init_data(&self) -> String {
        let user = json!({ "id": self.id, "first_name": "Ada", "language_code": "en" }).to_string();
        let at = (self.telegram.clock.now_ms() / 1000).to_string();
        let lines = format!("auth_date={at}\nquery_id=AAH\nuser={user}");
        let key = mac(b"WebAppData", self.token.as_bytes());
        let hash = hex::encode(mac(&key, lines.as_bytes()));
        let mut form = form_urlencoded::Serializer::new(String::new());
        let fields = [("query_id", "AAH"), ("user", &user), ("auth_date", &at), ("hash", &hash)];
        form.extend_pairs(fields).finish()
    }

    fn from(&self) -> Value {
        let language = self.with_chat(|_, chat| chat.language.clone()).flatten();
        json!({ "id": self.id, "is_bot": false, "first_name": "Ada", "language_code": language })
    }

    fn with_chat<T>(&self, act: impl FnOnce(u64, &mut TelegramChat) -> T) -> Option<T> {
        let mut state = self.telegram.state();
        let chat = state.bots.get_mut(&self.token)?.chats.get_mut(&self.id)?;
        Some(act(self.id, chat))
    }

    /// Everything that was shown so far, for a story that went wrong and for a transcript.
    pub fn story(&self) -> String {
        let shown = self.with_chat(|_, chat| chat.shown.clone()).unwrap_or_default();
        let lines = shown.iter().map(|it| {
            let who = if it.by_bot { "bot" } else { "Ada" };
            let buttons = it.buttons.iter().map(|(label, _)| format!("[{label}]"));
            let buttons = buttons.collect::<Vec<_>>().join(" ");
            format!("\n---- {who} (#{})\n{}\n{buttons}", it.id, it.text)
        });
        lines.collect()
    }
}

fn add(message: &mut Value, fields: &Value) {
    for (name, value) in fields.as_object().into_iter().flatten() {
        message[name] = value.clone();
    }
}

fn mac(key: &[u8], message: &[u8]) -> Vec<u8> {
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(key) else {
        unreachable!("HMAC takes keys of any length")
    };
    mac.update(message);
    mac.finalize().into_bytes().to_vec()
}
