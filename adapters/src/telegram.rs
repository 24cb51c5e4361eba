//! Telegram, through a bot.
//!
//! Private chats only. Updates come by long polling, or by a webhook whose secret is compared
//! before anything of the body is read. A pasted credential can be deleted within 48 hours (Bot
//! API). Neither texts nor tokens are printed here: errors of the client hold the URL and with it
//! the token, so each is turned into one of ours at once.

use std::collections::VecDeque;
use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use parking_lot::Mutex;
use teloxide::Bot;
use teloxide::payloads::{EditMessageTextSetters, SendMessageSetters, SetMyCommandsSetters};
use teloxide::requests::{HasPayload, Requester};
use teloxide::types::{BotCommand, ChatAction, LinkPreviewOptions, MessageId, ReplyMarkup};
use zeroize::Zeroizing;

use crate::channel::{Capabilities, Channel, ChannelError, ChannelEvent, SecretEntry};
use crate::chat::{Attachment, ChatId, InboundId, MenuEntry, MessageRef, Outbound, OutboundFile};
use crate::inbox::Inbox;
use crate::text::{LengthUnit, length};

mod calls;
mod errors;
mod init_data;
mod keyboard;
mod managed;
mod message;
mod polling;
mod updates;
mod webhook;

pub use errors::TelegramStartError;
pub use init_data::{InitData, InitDataError, verify_init_data};
pub use updates::UPDATE_KINDS;

use calls::ask;
use errors::{meaning, refused};

/// Longest text of a message, in UTF-16 units (Bot API, `sendMessage`).
const TEXT_MAX: usize = 4096;

/// Longest caption of a file, in UTF-16 units (Bot API, `sendDocument`).
const CAPTION_MAX: usize = 1024;

/// Largest file that a bot can fetch (Bot API, `getFile`).
const FILES_IN_BYTES_MAX: u64 = 20 * 1024 * 1024;

/// Largest file that a bot can send (Bot API, `sendDocument`).
const FILES_OUT_BYTES_MAX: u64 = 50 * 1024 * 1024;

/// Edits count like messages, one a second in a chat; a little less often is safe.
const EDIT_INTERVAL_MS: u64 = 1_500;

/// Buttons below one message: more than a phone shows.
const BUTTONS_MAX: usize = 30;

/// Messages that are remembered by their key, so that the same one is not sent twice.
const KEYS_MAX: usize = 1_024;

/// The settings of a Telegram bot.
pub struct TelegramChannelSettings {
    /// The bot's token.
    pub token: Zeroizing<String>,
    /// `https://api.telegram.org`, or a simulator.
    pub api_url: String,
    /// The way in which updates come.
    pub updates: UpdateSource,
}

/// The way in which updates come.
pub enum UpdateSource {
    /// We ask for them.
    Polling,
    /// Telegram calls `POST /telegram` of [`Telegram::router`].
    Webhook {
        /// The value of Telegram's header: 32 characters or more of `A-Z a-z 0-9 _ -`.
        secret: Zeroizing<String>,
    },
}

/// A Telegram bot.
pub struct TelegramChannel {
    bot: Bot,
    username: String,
    capabilities: Capabilities,
    inbox: Inbox,
    updates: UpdateSource,
    sent: Mutex<VecDeque<(ChatId, String, MessageRef)>>,
}

impl TelegramChannel {
    /// Asks for the bot's profile. With [`UpdateSource::Polling`], updates are asked for from now
    /// on, for as long as the value lives.
    ///
    /// # Errors
    /// When the token is refused, Telegram cannot be reached, or the webhook's secret is too weak.
    pub async fn start(settings: TelegramChannelSettings) -> Result<Arc<Self>, TelegramStartError> {
        if let UpdateSource::Webhook { secret } = &settings.updates {
            webhook::check_secret(secret)?;
        }
        let url = settings.api_url.parse().map_err(|_| TelegramStartError::ApiUrl)?;
        let bot = Bot::with_client(settings.token.as_str(), calls::client()?).set_api_url(url);
        let me = managed::me(&bot).await.map_err(|error| errors::at_start(&error))?;
        let telegram = Arc::new(Self {
            username: me.username,
            capabilities: capabilities(me.can_manage_bots),
            bot,
            inbox: Inbox::default(),
            updates: settings.updates,
            sent: Mutex::default(),
        });
        if let UpdateSource::Polling = telegram.updates {
            tokio::spawn(polling::poll(Arc::downgrade(&telegram)));
        }
        Ok(telegram)
    }

    /// The bot's name, without `@`.
    pub fn username(&self) -> &str {
        &self.username
    }

    /// `POST /telegram`, for updates that come by webhook.
    pub fn router(self: &Arc<Self>) -> axum::Router {
        webhook::router(self.clone())
    }

    fn sent_as(&self, chat: &ChatId, key: &str) -> Option<MessageRef> {
        let sent = self.sent.lock();
        let same = sent.iter().find(|(in_chat, sent_key, _)| in_chat == chat && sent_key == key);
        same.map(|(_, _, message)| message.clone())
    }

    fn note_sent(&self, chat: &ChatId, key: &str, id: MessageId) -> MessageRef {
        let message = MessageRef { chat: chat.clone(), id: id.0.to_string() };
        let mut sent = self.sent.lock();
        if sent.len() == KEYS_MAX {
            sent.pop_front();
        }
        sent.push_back((chat.clone(), key.to_owned(), message.clone()));
        message
    }
}

/// The capabilities of a Telegram bot.
pub fn capabilities(makes_bots: bool) -> Capabilities {
    Capabilities {
        edits: true,
        deletes_theirs: true,
        scrubs_theirs: false,
        buttons_max: BUTTONS_MAX,
        text_max: TEXT_MAX,
        text_unit: LengthUnit::Utf16,
        edit_interval_ms: EDIT_INTERVAL_MS,
        secret_entry: SecretEntry::PastedThenDeleted,
        opens_pages: true,
        makes_bots,
        files_in_bytes_max: FILES_IN_BYTES_MAX,
        files_out_bytes_max: FILES_OUT_BYTES_MAX,
    }
}

#[async_trait]
impl Channel for TelegramChannel {
    fn name(&self) -> &'static str {
        "telegram"
    }

    fn capabilities(&self) -> &Capabilities {
        &self.capabilities
    }

    async fn next(&self) -> Option<ChannelEvent> {
        self.inbox.next().await
    }

    async fn acknowledge(&self, id: &InboundId) {
        self.inbox.acknowledge(id);
    }

    async fn send(&self, chat: &ChatId, message: &Outbound) -> Result<MessageRef, ChannelError> {
        fits(&message.text, TEXT_MAX)?;
        if let Some(sent) = self.sent_as(chat, &message.key) {
            return Ok(sent);
        }
        let mut request =
            self.bot.send_message(chat_id(chat)?, &message.text).link_preview_options(NO_PREVIEW);
        if let Some(keyboard) = keyboard::of(message, &self.username)? {
            request = request.reply_markup(ReplyMarkup::InlineKeyboard(keyboard));
        }
        let sent = ask(&self.bot, request.payload_ref()).await;
        let sent = sent.map_err(|error| meaning(&error))?;
        Ok(self.note_sent(chat, &message.key, sent.id))
    }

    async fn edit(&self, message: &MessageRef, new: &Outbound) -> Result<(), ChannelError> {
        fits(&new.text, TEXT_MAX)?;
        let mut request = self
            .bot
            .edit_message_text(chat_id(&message.chat)?, message_id(message)?, &new.text)
            .link_preview_options(NO_PREVIEW);
        if let Some(keyboard) = keyboard::of(new, &self.username)? {
            request = request.reply_markup(keyboard);
        }
        match ask(&self.bot, request.payload_ref()).await {
            Ok(_) => Ok(()),
            Err(error) if errors::is_not_modified(&error) => Ok(()),
            Err(error) => Err(meaning(&error)),
        }
    }

    async fn delete(&self, message: &MessageRef) -> Result<(), ChannelError> {
        let request = self.bot.delete_message(chat_id(&message.chat)?, message_id(message)?);
        let done = ask(&self.bot, request.payload_ref()).await;
        done.map(|_| ()).map_err(|error| meaning(&error))
    }

    async fn typing(&self, chat: &ChatId) {
        let Ok(chat) = chat_id(chat) else { return };
        let sign = self.bot.send_chat_action(chat, ChatAction::Typing);
        // A lost typing sign does no harm.
        let _ = ask(&self.bot, sign.payload_ref()).await;
    }

    async fn fetch(&self, attachment: &Attachment) -> Result<Bytes, ChannelError> {
        let id = teloxide::types::FileId(attachment.id.clone());
        let file = ask(&self.bot, self.bot.get_file(id).payload_ref()).await;
        let file = file.map_err(|error| meaning(&error))?;
        if u64::from(file.size) > FILES_IN_BYTES_MAX {
            return Err(ChannelError::Refused("the file is too large"));
        }
        self.download(&file.path).await
    }

    async fn send_file(
        &self,
        chat: &ChatId,
        file: &OutboundFile,
    ) -> Result<MessageRef, ChannelError> {
        fits(&file.caption, CAPTION_MAX)?;
        if let Some(sent) = self.sent_as(chat, &file.key) {
            return Ok(sent);
        }
        let is_photo = file.media_type == "image/jpeg" || file.media_type == "image/png";
        let how = if is_photo { ("SendPhoto", "photo") } else { ("SendDocument", "document") };
        let sent = calls::send_file(&self.bot, how, chat_id(chat)?, file).await;
        let sent = sent.map_err(|error| meaning(&error))?;
        Ok(self.note_sent(chat, &file.key, sent.id))
    }

    async fn announce(&self, menu: &[MenuEntry]) {
        let mut languages: Vec<&str> =
            menu.iter().flat_map(|entry| &entry.meanings).map(|(it, _)| it.as_str()).collect();
        languages.sort_unstable();
        languages.dedup();
        for language in [""].into_iter().chain(languages) {
            let mut request = self.bot.set_my_commands(commands(menu, language));
            if !language.is_empty() {
                request = request.language_code(language);
            }
            if let Err(error) = ask(&self.bot, request.payload_ref()).await {
                tracing::warn!(error = ?meaning(&error), "the menu of commands was not set");
                return;
            }
        }
    }
}

impl TelegramChannel {
    async fn download(&self, path: &str) -> Result<Bytes, ChannelError> {
        use futures::StreamExt;
        use teloxide::net::Download;
        let mut stream = self.bot.download_file_stream(path);
        let mut whole = Vec::new();
        while let Some(piece) = stream.next().await {
            // The error holds the URL, and with it the token.
            let piece = piece.map_err(|_| ChannelError::InDoubt)?;
            if (whole.len() + piece.len()) as u64 > FILES_IN_BYTES_MAX {
                return Err(ChannelError::Refused("the file is too large"));
            }
            whole.extend_from_slice(&piece);
        }
        Ok(whole.into())
    }
}

/// A link that opens something once must not be opened by a preview.
const NO_PREVIEW: LinkPreviewOptions = LinkPreviewOptions {
    is_disabled: true,
    url: None,
    prefer_small_media: false,
    prefer_large_media: false,
    show_above_text: false,
};

/// The menu in one language; in the usual one where that is empty or missing.
fn commands(menu: &[MenuEntry], language: &str) -> Vec<BotCommand> {
    let command = |entry: &MenuEntry| {
        let meanings = &entry.meanings;
        let wanted = meanings.iter().find(|(it, _)| it == language).or(meanings.first());
        BotCommand::new(&entry.word, wanted.map_or("", |(_, meaning)| meaning))
    };
    menu.iter().map(command).collect()
}

fn fits(text: &str, max: usize) -> Result<(), ChannelError> {
    if length(text, LengthUnit::Utf16) > max { Err(refused("too long")) } else { Ok(()) }
}

fn chat_id(chat: &ChatId) -> Result<teloxide::types::ChatId, ChannelError> {
    let id = chat.0.parse().map_err(|_| refused("not a chat of Telegram"))?;
    Ok(teloxide::types::ChatId(id))
}

fn message_id(message: &MessageRef) -> Result<MessageId, ChannelError> {
    message.id.parse().map(MessageId).map_err(|_| ChannelError::NoSuchMessage)
}
