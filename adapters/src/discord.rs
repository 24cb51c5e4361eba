//! Discord, through a bot in direct messages.
//!
//! Messages and taps come over the gateway's connection, so the process must stay up. An
//! interaction is answered at once, long before its three seconds are over; the actual answer
//! follows as messages, which have no such limit. Credentials are entered in modals, which Discord
//! never keeps; a bot can never delete a person's own message (error 50003).

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use parking_lot::Mutex;
use serde_json::{Value, json};
use serenity::all::{HttpBuilder, UserId};
use sha2::{Digest, Sha256};
use tokio::sync::{oneshot, watch};
use zeroize::Zeroizing;

use crate::channel::{Capabilities, Channel, ChannelError, ChannelEvent, SecretEntry};
use crate::chat::{Attachment, ChatId, InboundId, MenuEntry, MessageRef, Outbound, OutboundFile};
use crate::client;
use crate::inbox::Inbox;
use crate::text::{LengthUnit, length};

mod cited;
mod components;
mod errors;
mod gateway;
mod inbound;
mod message_feed;
mod rest;
#[cfg(test)]
mod tests;

pub use errors::DiscordStartError;
pub use inbound::done_in;

use gateway::GatewayListener;
use message_feed::MissedMessages;
use rest::DiscordRest;

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

/// The time that the gateway has to let us in: messages before that would be missed.
const READY_TIMEOUT: Duration = Duration::from_secs(30);

/// Longest nonce (Discord's docs, "Create Message").
const NONCE_CHARS: usize = 25;

/// The settings of a Discord bot.
pub struct DiscordChannelSettings {
    /// The bot's token.
    pub token: Zeroizing<String>,
    /// Another base than `https://discord.com`: a simulator.
    pub api_url: Option<String>,
}

/// A Discord bot.
pub struct DiscordChannel {
    rest: Arc<DiscordRest>,
    name: String,
    application: UserId,
    capabilities: Capabilities,
    inbox: Arc<Inbox>,
    feed: Arc<MissedMessages>,
    sent: Mutex<VecDeque<(ChatId, String, MessageRef)>>,
    /// The gateway's connection ends with it.
    _connection: oneshot::Sender<()>,
}

impl DiscordChannel {
    /// Asks for the bot's profile and connects to the gateway, for as long as the value lives.
    /// Messages from the return of this function on are received.
    ///
    /// # Errors
    /// When the token is refused or Discord cannot be reached.
    pub async fn start(settings: DiscordChannelSettings) -> Result<Arc<Self>, DiscordStartError> {
        let rest = Arc::new(DiscordRest::new(&settings.token, settings.api_url.as_deref())?);
        let me = rest.me().await?;
        let client = client::direct().map_err(|_| DiscordStartError::Platform)?;
        let http = HttpBuilder::new(settings.token.as_str()).client(client);
        let http = match &settings.api_url {
            Some(url) => http.proxy(url.trim_end_matches('/')).ratelimiter_disabled(true),
            None => http,
        };
        let inbox = Arc::new(Inbox::default());
        let feed = Arc::new(MissedMessages::new(inbox.clone()));
        let (ready, mut is_ready) = watch::channel(false);
        let (connection, ended) = oneshot::channel();
        // Its connections live where the gateway's do.
        let asks = Arc::new(DiscordRest::new(&settings.token, settings.api_url.as_deref())?);
        let listener =
            GatewayListener { rest: asks, inbox: inbox.clone(), feed: feed.clone(), ready };
        gateway::begin(http.build(), listener, ended)?;
        let is_ready = tokio::time::timeout(READY_TIMEOUT, is_ready.wait_for(|it| *it)).await;
        if !matches!(is_ready, Ok(Ok(_))) {
            return Err(DiscordStartError::Unreachable);
        }
        Ok(Arc::new(Self {
            rest,
            name: me.username,
            application: me.id,
            capabilities: capabilities(),
            inbox,
            feed,
            sent: Mutex::default(),
            _connection: connection,
        }))
    }

    /// The bot's name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The address where people add the bot to their account, after which they can write to it.
    pub fn install_link(&self) -> String {
        format!("https://discord.com/oauth2/authorize?client_id={}", self.application)
    }

    fn sent_as(&self, chat: &ChatId, key: &str) -> Option<MessageRef> {
        let sent = self.sent.lock();
        let same = sent.iter().find(|(in_chat, sent_key, _)| in_chat == chat && sent_key == key);
        same.map(|(_, _, message)| message.clone())
    }

    async fn create(
        &self,
        chat: &ChatId,
        key: &str,
        mut message: Value,
        file: Option<&OutboundFile>,
    ) -> Result<MessageRef, ChannelError> {
        if let Some(sent) = self.sent_as(chat, key) {
            return Ok(sent);
        }
        message["nonce"] = json!(nonce(chat, key));
        message["enforce_nonce"] = json!(true);
        let channel = channel(chat)?;
        let id = self.rest.create(channel, &message, file).await?;
        self.feed.chat(channel);
        let message = MessageRef { chat: chat.clone(), id };
        let mut all = self.sent.lock();
        if all.len() == KEYS_MAX {
            all.pop_front();
        }
        all.push_back((chat.clone(), key.to_owned(), message.clone()));
        Ok(message)
    }
}

/// The capabilities of a Discord bot.
pub fn capabilities() -> Capabilities {
    Capabilities {
        edits: true,
        deletes_theirs: false,
        scrubs_theirs: false,
        buttons_max: BUTTONS_MAX,
        text_max: TEXT_MAX,
        text_unit: LengthUnit::Chars,
        edit_interval_ms: EDIT_INTERVAL_MS,
        secret_entry: SecretEntry::Hidden,
        opens_pages: false,
        makes_bots: false,
        files_in_bytes_max: FILES_IN_BYTES_MAX,
        files_out_bytes_max: FILES_OUT_BYTES_MAX,
    }
}

#[async_trait]
impl Channel for DiscordChannel {
    fn name(&self) -> &'static str {
        "discord"
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
        check(message)?;
        self.create(chat, &message.key, content(message), None).await
    }

    async fn edit(&self, message: &MessageRef, new: &Outbound) -> Result<(), ChannelError> {
        check(new)?;
        let (channel, id) = (channel(&message.chat)?, message_id(&message.id)?);
        self.rest.edit(channel, id, &content(new)).await
    }

    async fn delete(&self, message: &MessageRef) -> Result<(), ChannelError> {
        let (channel, id) = (channel(&message.chat)?, message_id(&message.id)?);
        self.rest.delete(channel, id).await
    }

    async fn typing(&self, chat: &ChatId) {
        let Ok(channel) = channel(chat) else { return };
        // A lost typing sign does no harm.
        let _ = self.rest.typing(channel).await;
    }

    async fn fetch(&self, attachment: &Attachment) -> Result<Bytes, ChannelError> {
        const GONE: ChannelError = ChannelError::Refused("the file is not there any more");
        // The address of a file expires, so its message is asked for anew.
        let [chat, message, id] =
            <[&str; 3]>::try_from(attachment.id.split('/').collect::<Vec<_>>())
                .map_err(|_| GONE)?;
        let (channel, message) = (channel(&ChatId(chat.to_owned()))?, message_id(message)?);
        let message = self.rest.message(channel, message).await?;
        let forwarded = message.message_snapshots.iter().flat_map(|it| &it.attachments);
        let mut files = message.attachments.iter().chain(forwarded);
        let found = files.find(|it| it.id.to_string() == id).ok_or(GONE)?;
        if u64::from(found.size) > FILES_IN_BYTES_MAX {
            return Err(ChannelError::Refused("the file is too large"));
        }
        self.rest.download(&found.url, FILES_IN_BYTES_MAX).await
    }

    async fn send_file(
        &self,
        chat: &ChatId,
        file: &OutboundFile,
    ) -> Result<MessageRef, ChannelError> {
        if file.bytes.len() as u64 > FILES_OUT_BYTES_MAX {
            return Err(ChannelError::Refused("the file is too large"));
        }
        let body = json!({ "content": file.caption, "allowed_mentions": { "parse": [] } });
        self.create(chat, &file.key, body, Some(file)).await
    }

    async fn announce(&self, menu: &[MenuEntry]) {
        let commands = menu.iter().map(components::command).collect();
        if let Err(error) = self.rest.register(self.application, &commands).await {
            tracing::warn!(%error, "the slash commands were not registered");
        }
    }

    async fn recover(&self, chats: &[ChatId]) {
        for chat in chats {
            let Ok(channel) = channel(chat) else { continue };
            if let Err(error) = self.feed.recover(&self.rest, channel).await {
                tracing::warn!(%error, "what was said meanwhile could not be read");
            }
        }
    }
}

fn check(message: &Outbound) -> Result<(), ChannelError> {
    if length(&message.text, LengthUnit::Chars) > TEXT_MAX {
        return Err(ChannelError::Refused("too long"));
    }
    if message.buttons.len() > BUTTONS_MAX || !components::fit(message) {
        return Err(ChannelError::Refused("its buttons do not fit"));
    }
    Ok(())
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

fn channel(chat: &ChatId) -> Result<u64, ChannelError> {
    let id = chat.0.parse().ok().filter(|id| *id != 0);
    id.ok_or(ChannelError::Refused("not a chat of Discord"))
}

fn message_id(id: &str) -> Result<u64, ChannelError> {
    id.parse().ok().filter(|id| *id != 0).ok_or(ChannelError::NoSuchMessage)
}
