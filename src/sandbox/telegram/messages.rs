//! Messages of a bot: sent, edited, deleted.

use std::sync::Arc;

use serde_json::{Value, json};

use super::errors::TelegramApiError;
use super::parameters::Parameters;
use super::{
    SeenTelegramMessage, SimulatedTelegram, TelegramBot, TelegramChat, TelegramMessage,
    TelegramState,
};

/// Longest text, in UTF-16 units.
const TEXT_MAX: usize = 4096;

/// Longest `callback_data`, in bytes.
const BUTTON_BYTES_MAX: usize = 64;

/// The time in which a message can be deleted, in milliseconds.
const DELETABLE_MS: u64 = 48 * 60 * 60 * 1000;

/// A message to send: the common part of all methods that send.
pub struct NewMessage {
    pub text: String,
    pub keyboard: Option<Value>,
    pub file: Option<String>,
}

pub fn send(
    telegram: &Arc<SimulatedTelegram>,
    token: &str,
    parameters: &Parameters,
) -> Result<Value, TelegramApiError> {
    let text = parameters.text("text").unwrap_or_default();
    check_text(&text)?;
    let keyboard = keyboard(parameters)?;
    put(telegram, token, parameters, NewMessage { text, keyboard, file: None })
}

/// Puts a message of the bot into the chat that is named.
pub fn put(
    telegram: &Arc<SimulatedTelegram>,
    token: &str,
    parameters: &Parameters,
    new: NewMessage,
) -> Result<Value, TelegramApiError> {
    let now_ms = telegram.clock.now_ms();
    let mut state = telegram.state();
    let (bot, person) = chat_of(&mut state, token, parameters)?;
    bot.rates.take(person, now_ms).map_err(TelegramApiError::TooFast)?;
    let (id, username) = (bot.id, bot.username.clone());
    let chat = bot.chats.get_mut(&person).ok_or_else(|| TelegramApiError::bad("chat not found"))?;
    let NewMessage { text, keyboard, file } = new;
    chat.next_message += 1;
    let message = TelegramMessage {
        id: chat.next_message,
        by_bot: true,
        at_ms: now_ms,
        text,
        keyboard,
        file,
    };
    chat.show(&message);
    let mut shown = as_json(&message, person, chat);
    shown["from"] = json!({ "id": id, "is_bot": true, "first_name": username });
    chat.messages.push(message);
    drop(state);
    telegram.has_changed();
    Ok(shown)
}

pub fn edit(
    telegram: &Arc<SimulatedTelegram>,
    token: &str,
    parameters: &Parameters,
) -> Result<Value, TelegramApiError> {
    let text = parameters.text("text").unwrap_or_default();
    check_text(&text)?;
    change(telegram, token, parameters, Some(text), keyboard(parameters)?)
}

pub fn edit_keyboard(
    telegram: &Arc<SimulatedTelegram>,
    token: &str,
    parameters: &Parameters,
) -> Result<Value, TelegramApiError> {
    change(telegram, token, parameters, None, keyboard(parameters)?)
}

fn change(
    telegram: &Arc<SimulatedTelegram>,
    token: &str,
    parameters: &Parameters,
    text: Option<String>,
    keyboard: Option<Value>,
) -> Result<Value, TelegramApiError> {
    let now_ms = telegram.clock.now_ms();
    let mut state = telegram.state();
    let (bot, person) = chat_of(&mut state, token, parameters)?;
    bot.rates.take(person, now_ms).map_err(TelegramApiError::TooFast)?;
    let chat = bot.chats.get_mut(&person).ok_or_else(|| TelegramApiError::bad("chat not found"))?;
    let id = parameters.number("message_id").unwrap_or_default();
    let place = chat.messages.iter().position(|it| i64::from(it.id) == id);
    let place = place.ok_or_else(|| TelegramApiError::bad("message to edit not found"))?;
    let message = &mut chat.messages[place];
    if !message.by_bot {
        return Err(TelegramApiError::bad("message can't be edited"));
    }
    let text = text.unwrap_or_else(|| message.text.clone());
    if message.text == text && message.keyboard == keyboard {
        return Err(TelegramApiError::bad(
            "message is not modified: specified new message content and reply markup are exactly \
             the same as a current content and reply markup of the message",
        ));
    }
    (message.text, message.keyboard) = (text, keyboard);
    let shown = SeenTelegramMessage::of(message);
    chat.shown.push(shown);
    let answer = as_json(&chat.messages[place], person, chat);
    drop(state);
    telegram.has_changed();
    Ok(answer)
}

pub fn delete(
    telegram: &Arc<SimulatedTelegram>,
    token: &str,
    parameters: &Parameters,
) -> Result<Value, TelegramApiError> {
    let id = parameters.number("message_id").unwrap_or_default();
    remove(telegram, token, parameters, id)?;
    Ok(json!(true))
}

pub fn delete_all(
    telegram: &Arc<SimulatedTelegram>,
    token: &str,
    parameters: &Parameters,
) -> Result<Value, TelegramApiError> {
    let ids = parameters.structure("message_ids").unwrap_or_default();
    for id in ids.as_array().into_iter().flatten().filter_map(Value::as_i64) {
        // Missing messages are skipped.
        let _ = remove(telegram, token, parameters, id);
    }
    Ok(json!(true))
}

fn remove(
    telegram: &SimulatedTelegram,
    token: &str,
    parameters: &Parameters,
    id: i64,
) -> Result<(), TelegramApiError> {
    let now_ms = telegram.clock.now_ms();
    let mut state = telegram.state();
    let (bot, person) = chat_of(&mut state, token, parameters)?;
    let chat = bot.chats.get_mut(&person).ok_or_else(|| TelegramApiError::bad("chat not found"))?;
    let place = chat.messages.iter().position(|it| i64::from(it.id) == id);
    let place = place.ok_or_else(|| TelegramApiError::bad("message to delete not found"))?;
    if now_ms.saturating_sub(chat.messages[place].at_ms) > DELETABLE_MS {
        return Err(TelegramApiError::bad("message can't be deleted"));
    }
    chat.messages.remove(place);
    drop(state);
    telegram.has_changed();
    Ok(())
}

pub fn chat(
    telegram: &SimulatedTelegram,
    token: &str,
    parameters: &Parameters,
) -> Result<Value, TelegramApiError> {
    let mut state = telegram.state();
    let (bot, person) = chat_of(&mut state, token, parameters)?;
    let name = bot.chats.get(&person).map_or("", |chat| chat.name.as_str());
    Ok(json!({
        "id": person, "type": "private", "first_name": name,
        "accent_color_id": 0, "max_reaction_count": 11,
        "accepted_gift_types": {
            "unlimited_gifts": false, "limited_gifts": false, "unique_gifts": false,
            "premium_subscription": false, "gifts_from_channels": false,
        },
    }))
}

fn chat_of<'a>(
    state: &'a mut TelegramState,
    token: &str,
    parameters: &Parameters,
) -> Result<(&'a mut TelegramBot, u64), TelegramApiError> {
    let bot = state.bots.get_mut(token).ok_or_else(|| TelegramApiError::bad("no such bot"))?;
    let person = parameters.number("chat_id").and_then(|id| u64::try_from(id).ok());
    let person = person.ok_or_else(|| TelegramApiError::bad("chat_id is empty"))?;
    match bot.chats.get(&person) {
        None => Err(TelegramApiError::bad("chat not found")),
        Some(chat) if chat.blocked => {
            Err(TelegramApiError::forbidden("bot was blocked by the user"))
        }
        Some(_) => Ok((bot, person)),
    }
}

fn check_text(text: &str) -> Result<(), TelegramApiError> {
    if text.trim().is_empty() {
        return Err(TelegramApiError::bad("message text is empty"));
    }
    if text.encode_utf16().count() > TEXT_MAX {
        return Err(TelegramApiError::bad("message is too long"));
    }
    Ok(())
}

fn keyboard(parameters: &Parameters) -> Result<Option<Value>, TelegramApiError> {
    let Some(keyboard) = parameters.structure("reply_markup") else { return Ok(None) };
    for button in keyboard["inline_keyboard"].as_array().into_iter().flatten() {
        for button in button.as_array().into_iter().flatten() {
            let data = button["callback_data"].as_str();
            if data.is_some_and(|data| data.len() > BUTTON_BYTES_MAX) {
                return Err(TelegramApiError::bad("BUTTON_DATA_INVALID"));
            }
            let page = button["web_app"]["url"].as_str();
            let is_local = |url: &str| url.contains("//localhost") || url.contains("//127.0.0.1");
            if page.is_some_and(|url| !url.starts_with("https://") && !is_local(url)) {
                return Err(TelegramApiError::bad("BUTTON_URL_INVALID"));
            }
            if button["text"].as_str().unwrap_or_default().is_empty() {
                return Err(TelegramApiError::bad(
                    "can't parse inline keyboard button: Text is empty",
                ));
            }
        }
    }
    Ok(Some(keyboard))
}

impl TelegramChat {
    pub fn show(&mut self, message: &TelegramMessage) {
        let shown = SeenTelegramMessage::of(message);
        self.shown.push(shown);
    }
}

/// The length of the command at the start of a person's message, in UTF-16 units: bot libraries
/// recognise a command by its entity.
fn command_units(message: &TelegramMessage) -> Option<usize> {
    if message.by_bot || message.file.is_some() {
        return None;
    }
    let word = message.text.strip_prefix('/')?;
    let belongs = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '@';
    let length = word.find(|c| !belongs(c)).unwrap_or(word.len());
    (length > 0).then_some(length + 1)
}

/// A message in the form of the Bot API.
pub fn as_json(message: &TelegramMessage, person: u64, chat: &TelegramChat) -> Value {
    let mut answer = json!({
        "message_id": message.id,
        "date": message.at_ms / 1000,
        "chat": { "id": person, "type": "private", "first_name": chat.name },
    });
    match &message.file {
        Some(_) => answer["caption"] = json!(message.text),
        None => answer["text"] = json!(message.text),
    }
    if let Some(units) = command_units(message) {
        answer["entities"] = json!([{ "type": "bot_command", "offset": 0, "length": units }]);
    }
    if let Some(keyboard) = message.keyboard.as_ref().filter(|it| it["inline_keyboard"].is_array())
    {
        answer["reply_markup"] = keyboard.clone();
    }
    answer
}
