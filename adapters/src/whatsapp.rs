//! WhatsApp, through Twilio.
//!
//! Messages come by webhook, whose signature is checked against the *configured* public URL before
//! anything else. They are answered with empty TwiML once they are durable, and all our messages go
//! by REST.
//!
//! Three limits: a person's phone keeps their messages, even those that we delete at Twilio; a day
//! after their last message we may not write first (error 63016), so our messages wait until they
//! write again; a number of Twilio's sandbox receives from a person only for three days after they
//! sent it `join <two words>` (error 63015).

use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use parking_lot::{Mutex, MutexGuard};
use tokio::time::Instant;
use url::Url;
use zeroize::Zeroizing;

use crate::channel::{Capabilities, Channel, ChannelError, ChannelEvent, SecretEntry};
use crate::chat::{Attachment, ChatId, InboundId, MessageRef, Outbound, OutboundFile};
use crate::inbox::Inbox;
use crate::text::{LengthUnit, length};

mod content;
mod inbound;
mod media;
mod rest;
pub mod signature;
mod state;
mod status;
#[cfg(test)]
mod tests;
mod webhook;

use content::ContentTemplates;
use inbound::is_sid;
use media::MediaStore;
use rest::TwilioRest;
use state::WhatsAppState;
use webhook::WebhookVerifier;

/// Longest text of a message (Twilio error 21617).
const TEXT_MAX: usize = 1600;

/// Quick replies in a session message without approval (Content API, `twilio/quick-reply`).
const BUTTONS_MAX: usize = 3;

/// Largest medium (Twilio's limit for WhatsApp).
const FILES_BYTES_MAX: u64 = 16 * 1024 * 1024;

/// The settings of a WhatsApp number.
pub struct WhatsAppChannelSettings {
    /// The Twilio account (`AC…`).
    pub account_sid: String,
    /// Its Auth Token: signs webhooks and opens the REST API.
    pub auth_token: Zeroizing<String>,
    /// The number, as `+14155238886`.
    pub number: String,
    /// The public address of [`WhatsAppChannel::router`], for which webhooks are signed.
    pub public_url: Url,
    /// The addresses of Twilio.
    pub apis: TwilioApis,
}

/// The base URLs of Twilio's interfaces.
#[derive(Clone, Debug)]
pub struct TwilioApis {
    /// By default `https://api.twilio.com`.
    pub api: Url,
    /// By default `https://messaging.twilio.com`.
    pub messaging: Url,
    /// By default `https://content.twilio.com`.
    pub content: Url,
}

/// A WhatsApp number of a Twilio account.
pub struct WhatsAppChannel {
    account_sid: String,
    /// As `whatsapp:+` and the number.
    from: String,
    verifier: WebhookVerifier,
    capabilities: Capabilities,
    inbox: Inbox,
    rest: TwilioRest,
    contents: ContentTemplates,
    media: MediaStore,
    state: Mutex<WhatsAppState>,
}

/// A failure to start a number.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum WhatsAppStartError {
    /// The number is not one.
    #[error("a WhatsApp number is written as +14155238886")]
    Number,
    /// The account's id is not one.
    #[error("a Twilio account's id is AC and 32 hexadecimal digits")]
    Account,
    /// The client cannot be made.
    #[error("the platform offers no TLS roots or sockets")]
    Platform,
}

impl WhatsAppChannel {
    /// Starts a number. Twilio accepts or refuses the credentials with the first message.
    ///
    /// # Errors
    /// When the number or the account's id is malformed, or the platform offers no network.
    pub fn start(settings: WhatsAppChannelSettings) -> Result<Arc<Self>, WhatsAppStartError> {
        let WhatsAppChannelSettings { account_sid, auth_token, number, public_url, apis } =
            settings;
        let digits = number.strip_prefix('+').unwrap_or_default();
        if !(7..=15).contains(&digits.len()) || !digits.bytes().all(|b| b.is_ascii_digit()) {
            return Err(WhatsAppStartError::Number);
        }
        if !is_sid(&account_sid) {
            return Err(WhatsAppStartError::Account);
        }
        let rest = TwilioRest::new(&account_sid, auth_token.clone(), apis)?;
        Ok(Arc::new(Self {
            from: format!("whatsapp:{number}"),
            verifier: WebhookVerifier {
                public_url: public_url.as_str().trim_end_matches('/').to_owned(),
                auth_token,
            },
            account_sid,
            capabilities: capabilities(),
            inbox: Inbox::default(),
            rest,
            contents: ContentTemplates::default(),
            media: MediaStore::default(),
            state: Mutex::default(),
        }))
    }

    /// `POST /whatsapp`, `POST /whatsapp/status`, and the media that Twilio fetches from us.
    pub fn router(self: &Arc<Self>) -> axum::Router {
        webhook::router(self.clone())
    }

    fn state(&self) -> MutexGuard<'_, WhatsAppState> {
        self.state.lock()
    }

    fn status_url(&self) -> String {
        format!("{}/whatsapp/status", self.verifier.public_url)
    }

    /// Posts a message and returns its id.
    async fn post(&self, chat: &ChatId, message: &Outbound) -> Result<String, ChannelError> {
        if let Some(content) = self.contents.of(&self.rest, message).await {
            match self.submit(chat, &[("ContentSid", &content)], &message.text).await {
                // The owner of the account may have deleted the content.
                Err(ChannelError::Refused(_)) => self.contents.forget(&content),
                done => return done,
            }
        }
        let mut text = content::numbered(message);
        if length(&text, LengthUnit::Chars) > TEXT_MAX {
            let words = Outbound::text(format!("{}/text", message.key), message.text.clone());
            self.send(chat, &words).await?;
            text = content::options(message);
        }
        self.submit(chat, &[("Body", &text)], &text).await
    }

    /// Posts a form. Twilio has no key that tells a second message from the first. So after a lost
    /// answer the newest message is read: it is this one when it has the same text and an unknown
    /// id.
    async fn submit(
        &self,
        chat: &ChatId,
        fields: &[(&str, &str)],
        body: &str,
    ) -> Result<String, ChannelError> {
        let status = self.status_url();
        let mut form = vec![
            ("From", self.from.as_str()),
            ("To", chat.0.as_str()),
            ("StatusCallback", status.as_str()),
        ];
        form.extend(fields);
        match self.rest.send(&form).await {
            Err(ChannelError::InDoubt) => {
                let newest = self.rest.newest(&self.from, &chat.0).await;
                let newest = newest.filter(|it| it.says(body) && !self.state().knows(&it.sid));
                newest.map(|it| it.sid).ok_or(ChannelError::InDoubt)
            }
            Err(ChannelError::Unreachable) => Err(self.unreachable(chat)),
            sent => sent,
        }
    }

    fn unreachable(&self, chat: &ChatId) -> ChannelError {
        self.state().is_unreachable(chat);
        ChannelError::Unreachable
    }
}

/// The capabilities of a WhatsApp number.
pub fn capabilities() -> Capabilities {
    Capabilities {
        edits: false,
        deletes_theirs: false,
        scrubs_theirs: true,
        buttons_max: BUTTONS_MAX,
        text_max: TEXT_MAX,
        text_unit: LengthUnit::Chars,
        edit_interval_ms: 0,
        secret_entry: SecretEntry::Form,
        opens_pages: false,
        makes_bots: false,
        files_in_bytes_max: FILES_BYTES_MAX,
        files_out_bytes_max: FILES_BYTES_MAX,
    }
}

#[async_trait]
impl Channel for WhatsAppChannel {
    fn name(&self) -> &'static str {
        "whatsapp"
    }

    fn capabilities(&self) -> &Capabilities {
        &self.capabilities
    }

    async fn next(&self) -> Option<ChannelEvent> {
        self.inbox.next().await
    }

    async fn acknowledge(&self, id: &InboundId) {
        let mut state = self.state();
        state.note_taken(id);
        self.inbox.acknowledge(id);
    }

    async fn send(&self, chat: &ChatId, message: &Outbound) -> Result<MessageRef, ChannelError> {
        if length(&message.text, LengthUnit::Chars) > TEXT_MAX {
            return Err(ChannelError::Refused("too long"));
        }
        let sent = self.state().sent_as(chat, &message.key);
        if let Some(sent) = sent {
            return Ok(sent);
        }
        if self.state().is_closed(chat) {
            return Err(self.unreachable(chat));
        }
        let at = Instant::now();
        let sid = self.post(chat, message).await?;
        Ok(self.state().note_sent(chat, &message.key, &sid, at, Some(message)))
    }

    async fn edit(&self, _: &MessageRef, _: &Outbound) -> Result<(), ChannelError> {
        Err(ChannelError::Refused("WhatsApp messages cannot be edited"))
    }

    async fn delete(&self, message: &MessageRef) -> Result<(), ChannelError> {
        self.rest.delete(&message.id).await
    }

    async fn typing(&self, chat: &ChatId) {
        let last_inbound = self.state().last_inbound_sid(chat);
        if let Some(sid) = last_inbound {
            self.rest.typing(&sid).await;
        }
    }

    async fn fetch(&self, attachment: &Attachment) -> Result<Bytes, ChannelError> {
        self.rest.medium(&attachment.id, FILES_BYTES_MAX).await
    }

    async fn send_file(
        &self,
        chat: &ChatId,
        file: &OutboundFile,
    ) -> Result<MessageRef, ChannelError> {
        if length(&file.caption, LengthUnit::Chars) > TEXT_MAX {
            return Err(ChannelError::Refused("too long"));
        }
        let sent = self.state().sent_as(chat, &file.key);
        if let Some(sent) = sent {
            return Ok(sent);
        }
        if self.state().is_closed(chat) {
            return Err(self.unreachable(chat));
        }
        let at = Instant::now();
        let medium = format!("{}{}", self.verifier.public_url, self.media.put(file)?);
        let mut fields = vec![("MediaUrl", medium.as_str())];
        if !file.caption.is_empty() {
            fields.push(("Body", &file.caption));
        }
        let sid = self.submit(chat, &fields, &file.caption).await?;
        Ok(self.state().note_sent(chat, &file.key, &sid, at, None))
    }
}
