//! Discord, through a bot in direct messages.
//!
//! Messages and taps come over the gateway's connection, so whoever speaks Discord must stay up. An
//! interaction is answered at once, long before its three seconds are over; what there is to say follows as
//! messages, which have no such limit. Credentials are entered in modals, which Discord never keeps; a
//! person's own message can never be deleted by a bot (error 50003).

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use serde_json::{Value, json};
use serenity::all::{ChannelId, CreateAttachment, GatewayIntents, Http, HttpBuilder, MessageId};
use sha2::{Digest, Sha256};
use tokio::sync::Notify;
use tokio::task::AbortHandle;
use zeroize::Zeroizing;

use crate::channel::{Capabilities, Channel, ChannelError, Event, SecretEntry};
use crate::chat::{Attachment, ChatId, File, InboundId, MenuEntry, MessageRef, Outbound};
use crate::inbox::Inbox;
use crate::text::{Unit, length};

mod components;
mod errors;
mod gateway;
#[cfg(test)]
mod tests;

pub use errors::StartError;

use errors::meaning;

/// Longest content of a message (Discord's docs, "Create Message").
const TEXT_MAX: usize = 2000;

/// Five rows of five buttons.
const BUTTONS_MAX: usize = 24;

/// Largest file that a bot can send without a boosted server.
const FILES_OUT_BYTES_MAX: u64 = 10 * 1024 * 1024;

/// Largest file that is fetched.
const FILES_IN_BYTES_MAX: u64 = 25 * 1024 * 1024;

/// Edits share a bucket of five in five seconds.
const EDIT_INTERVAL_MS: u64 = 1_200;

/// Messages that are remembered by their key, so that the same one is not sent twice.
const KEYS_MAX: usize = 1_024;

/// Messages that are looked through after a restart, in one chat (Discord's limit is 100).
const RECOVERED_MAX: u8 = 50;

/// How far back they are looked through, in seconds: what is older would surprise.
const RECOVERED_AGE_S: i64 = 24 * 60 * 60;

/// How long the gateway may take to let us in: what is said before that would not be heard.
const READY_TIMEOUT: Duration = Duration::from_secs(30);

/// Longest nonce (Discord's docs, "Create Message").
const NONCE_CHARS: usize = 25;

/// How a Discord bot is started.
pub struct Settings {
    /// The bot's token.
    pub token: Zeroizing<String>,
    /// Another base than `https://discord.com`: a simulator.
    pub api_url: Option<String>,
}

/// A Discord bot.
pub struct Discord {
    http: Arc<Http>,
    name: String,
    application: u64,
    capabilities: Capabilities,
    inbox: Arc<Inbox>,
    sent: Mutex<VecDeque<(ChatId, String, MessageRef)>>,
    connection: AbortHandle,
}

impl Drop for Discord {
    fn drop(&mut self) {
        self.connection.abort();
    }
}

impl Discord {
    /// Asks who the bot is and connects to the gateway, for as long as the value lives. What is said
    /// from the moment this returns is heard.
    ///
    /// # Errors
    /// When the token is refused or Discord cannot be reached.
    pub async fn start(settings: Settings) -> Result<Arc<Self>, StartError> {
        let http = |settings: &Settings| {
            let builder = HttpBuilder::new(settings.token.as_str());
            match &settings.api_url {
                Some(url) => builder.proxy(url.trim_end_matches('/')).ratelimiter_disabled(true),
                None => builder,
            }
            .build()
        };
        let asks = http(&settings);
        let me = asks.get_current_user().await.map_err(|error| errors::at_start(&error))?;
        asks.set_application_id(me.id.get().into());
        let inbox = Arc::new(Inbox::new());
        let (listens, intents) = (http(&settings), GatewayIntents::DIRECT_MESSAGES);
        let ready = Arc::new(Notify::new());
        let listening = gateway::listen(listens, intents, inbox.clone(), ready.clone());
        let listening = tokio::spawn(listening);
        let connection = listening.abort_handle();
        if tokio::time::timeout(READY_TIMEOUT, ready.notified()).await.is_err() {
            connection.abort();
            return Err(StartError::OutOfReach);
        }
        Ok(Arc::new(Self {
            http: Arc::new(asks),
            name: me.name.clone(),
            application: me.id.get(),
            capabilities: capabilities(),
            inbox,
            sent: Mutex::default(),
            connection,
        }))
    }

    /// The bot's name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Where people add the bot to their account, after which they can write to it.
    pub fn install_link(&self) -> String {
        format!("https://discord.com/oauth2/authorize?client_id={}", self.application)
    }

    fn sent_as(&self, chat: &ChatId, key: &str) -> Option<MessageRef> {
        let sent = self.sent.lock().unwrap_or_else(PoisonError::into_inner);
        let same = sent.iter().find(|(in_chat, sent_key, _)| in_chat == chat && sent_key == key);
        same.map(|(_, _, message)| message.clone())
    }

    async fn create(
        &self,
        chat: &ChatId,
        key: &str,
        message: Value,
        files: Vec<CreateAttachment>,
    ) -> Result<MessageRef, ChannelError> {
        if let Some(sent) = self.sent_as(chat, key) {
            return Ok(sent);
        }
        let sent = self.http.send_message(channel(chat)?, files, &message).await;
        let sent = sent.map_err(|error| meaning(&error))?;
        let message = MessageRef { chat: chat.clone(), id: sent.id.to_string() };
        let mut all = self.sent.lock().unwrap_or_else(PoisonError::into_inner);
        if all.len() == KEYS_MAX {
            all.pop_front();
        }
        all.push_back((chat.clone(), key.to_owned(), message.clone()));
        Ok(message)
    }

    async fn recover_chat(&self, chat: &ChatId) -> Result<(), ChannelError> {
        let recent = self.http.get_messages(channel(chat)?, None, Some(RECOVERED_MAX)).await;
        let mut recent = recent.map_err(|error| meaning(&error))?;
        recent.reverse();
        let now_s = serenity::all::Timestamp::now().unix_timestamp();
        for message in recent {
            let age_s = now_s - message.timestamp.unix_timestamp();
            if age_s < RECOVERED_AGE_S
                && let Some(inbound) = gateway::of_message(&message)
            {
                // The core knows which of them it has seen.
                self.inbox.put(inbound).map_err(|_| ChannelError::InDoubt)?;
            }
        }
        Ok(())
    }
}

/// What a Discord bot can do.
pub fn capabilities() -> Capabilities {
    Capabilities {
        edits: true,
        deletes_theirs: false,
        scrubs_theirs: false,
        buttons_max: BUTTONS_MAX,
        text_max: TEXT_MAX,
        text_unit: Unit::Chars,
        edit_interval_ms: EDIT_INTERVAL_MS,
        secret_entry: SecretEntry::Hidden,
        opens_pages: false,
        makes_bots: false,
        files_in_bytes_max: FILES_IN_BYTES_MAX,
        files_out_bytes_max: FILES_OUT_BYTES_MAX,
    }
}

#[async_trait]
impl Channel for Discord {
    fn name(&self) -> &'static str {
        "discord"
    }

    fn capabilities(&self) -> &Capabilities {
        &self.capabilities
    }

    async fn next(&self) -> Option<Event> {
        self.inbox.next().await
    }

    async fn acknowledge(&self, id: &InboundId) {
        self.inbox.acknowledge(id);
    }

    async fn send(&self, chat: &ChatId, message: &Outbound) -> Result<MessageRef, ChannelError> {
        if length(&message.text, Unit::Chars) > TEXT_MAX {
            return Err(ChannelError::Refused("too long"));
        }
        let mut body = content(message);
        body["nonce"] = json!(nonce(chat, &message.key));
        body["enforce_nonce"] = json!(true);
        self.create(chat, &message.key, body, Vec::new()).await
    }

    async fn edit(&self, message: &MessageRef, new: &Outbound) -> Result<(), ChannelError> {
        if length(&new.text, Unit::Chars) > TEXT_MAX {
            return Err(ChannelError::Refused("too long"));
        }
        let (channel, id) = (channel(&message.chat)?, message_id(&message.id)?);
        let edited = self.http.edit_message(channel, id, &content(new), Vec::new()).await;
        edited.map(|_| ()).map_err(|error| meaning(&error))
    }

    async fn delete(&self, message: &MessageRef) -> Result<(), ChannelError> {
        let (channel, id) = (channel(&message.chat)?, message_id(&message.id)?);
        self.http.delete_message(channel, id, None).await.map_err(|error| meaning(&error))
    }

    async fn typing(&self, chat: &ChatId) {
        let Ok(channel) = channel(chat) else { return };
        // A sign that does not come is no loss.
        let _ = self.http.broadcast_typing(channel).await;
    }

    async fn fetch(&self, attachment: &Attachment) -> Result<Bytes, ChannelError> {
        const GONE: ChannelError = ChannelError::Refused("the file is not there any more");
        // The address of a file expires, so its message is asked for anew.
        let [chat, message, id] =
            <[&str; 3]>::try_from(attachment.id.split('/').collect::<Vec<_>>())
                .map_err(|_| GONE)?;
        let (channel, message) = (channel(&ChatId(chat.to_owned()))?, message_id(message)?);
        let message =
            self.http.get_message(channel, message).await.map_err(|error| meaning(&error))?;
        let found = message.attachments.iter().find(|it| it.id.to_string() == id).ok_or(GONE)?;
        if u64::from(found.size) > FILES_IN_BYTES_MAX {
            return Err(ChannelError::Refused("the file is too large"));
        }
        found.download().await.map(Bytes::from).map_err(|error| meaning(&error))
    }

    async fn send_file(&self, chat: &ChatId, file: &File) -> Result<MessageRef, ChannelError> {
        if file.bytes.len() as u64 > FILES_OUT_BYTES_MAX {
            return Err(ChannelError::Refused("the file is too large"));
        }
        let attachment = CreateAttachment::bytes(file.bytes.to_vec(), file.name.clone());
        let body = json!({ "content": file.caption, "allowed_mentions": { "parse": [] } });
        self.create(chat, &file.key, body, vec![attachment]).await
    }

    async fn announce(&self, menu: &[MenuEntry]) {
        let commands: Vec<Value> = menu.iter().map(components::command).collect();
        if let Err(error) = self.http.create_global_commands(&commands).await {
            tracing::warn!(error = ?meaning(&error), "the slash commands were not registered");
        }
    }

    async fn recover(&self, chats: &[ChatId]) {
        for chat in chats {
            if let Err(error) = self.recover_chat(chat).await {
                tracing::warn!(%error, "what was said meanwhile could not be read");
            }
        }
    }
}

fn content(message: &Outbound) -> Value {
    json!({
        "content": message.text,
        "components": components::rows(message),
        "allowed_mentions": { "parse": [] },
    })
}

/// Discord makes one message of two with the same nonce within a few minutes.
fn nonce(chat: &ChatId, key: &str) -> String {
    let hash = Sha256::digest(format!("{}/{key}", chat.0).as_bytes());
    hex::encode(hash).chars().take(NONCE_CHARS).collect()
}

fn channel(chat: &ChatId) -> Result<ChannelId, ChannelError> {
    let id = chat.0.parse::<u64>().ok().filter(|id| *id != 0);
    id.map(ChannelId::new).ok_or(ChannelError::Refused("not a chat of Discord"))
}

fn message_id(id: &str) -> Result<MessageId, ChannelError> {
    let id = id.parse::<u64>().ok().filter(|id| *id != 0);
    id.map(MessageId::new).ok_or(ChannelError::NoSuchMessage)
}
