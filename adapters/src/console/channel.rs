//! A voice as a channel.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

use async_trait::async_trait;

use super::Voice;
use crate::channel::{Capabilities, Channel, ChannelError, ChannelEvent, SecretEntry};
use crate::chat::{
    ChatId, ChatType, Inbound, InboundId, MessageContext, MessageRef, Outbound, UserId,
};
use crate::text::{LengthUnit, length};

/// The one chat, the one person and the name of the channel.
const CONSOLE: &str = "console";

/// Longest message. A screen has no limit; this bounds what one message may scroll away.
const TEXT_MAX: usize = 64 * 1024;

/// Buttons of one message: a person does not read more.
const BUTTONS_MAX: usize = 30;

/// The least time between edits on a screen, in milliseconds: a person sees no faster changes.
const EDIT_INTERVAL_DRAWN_MS: u64 = 100;

/// The least time between edits on a pipe, in milliseconds: its output keeps every version.
const EDIT_INTERVAL_PIPED_MS: u64 = 1_000;

/// The channel of the person at the terminal.
pub struct ConsoleChannel {
    voice: Voice,
    capabilities: Capabilities,
    /// Distinguishes the lines of this start from those of an earlier one, whose ids may be
    /// remembered.
    began_ms: u128,
    lines: AtomicU64,
}

impl ConsoleChannel {
    /// The channel of this voice.
    pub fn new(voice: Voice) -> Self {
        let edit_interval_ms = match voice.is_interactive() {
            true => EDIT_INTERVAL_DRAWN_MS,
            false => EDIT_INTERVAL_PIPED_MS,
        };
        let capabilities = Capabilities {
            edits: true,
            deletes_theirs: false,
            scrubs_theirs: false,
            buttons_max: BUTTONS_MAX,
            text_max: TEXT_MAX,
            text_unit: LengthUnit::Bytes,
            edit_interval_ms,
            secret_entry: SecretEntry::Hidden,
            opens_pages: false,
            makes_bots: false,
            files_in_bytes_max: 0,
            files_out_bytes_max: 0,
        };
        let began_ms = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_millis();
        Self { voice, capabilities, began_ms, lines: AtomicU64::new(0) }
    }

    /// The chat of the person at the terminal.
    pub fn chat() -> ChatId {
        ChatId(CONSOLE.into())
    }

    fn refusal(&self, message: &Outbound) -> Option<ChannelError> {
        (length(&message.text, LengthUnit::Bytes) > TEXT_MAX)
            .then_some(ChannelError::Refused("too long"))
    }
}

#[async_trait]
impl Channel for ConsoleChannel {
    fn name(&self) -> &'static str {
        CONSOLE
    }

    fn capabilities(&self) -> &Capabilities {
        &self.capabilities
    }

    async fn next(&self) -> Option<ChannelEvent> {
        let content = self.voice.next().await?;
        let line = self.lines.fetch_add(1, Ordering::Relaxed);
        Some(ChannelEvent::Inbound(Inbound {
            id: InboundId(format!("{CONSOLE}-{}-{line}", self.began_ms)),
            chat: Self::chat(),
            from: UserId(CONSOLE.into()),
            place: ChatType::Private,
            locale: None,
            message: None,
            content,
            context: MessageContext::default(),
        }))
    }

    async fn acknowledge(&self, _: &InboundId) {}

    async fn send(&self, chat: &ChatId, message: &Outbound) -> Result<MessageRef, ChannelError> {
        if let Some(refusal) = self.refusal(message) {
            return Err(refusal);
        }
        self.voice.show(&message.key, message);
        Ok(MessageRef { chat: chat.clone(), id: message.key.clone() })
    }

    async fn edit(&self, message: &MessageRef, new: &Outbound) -> Result<(), ChannelError> {
        if let Some(refusal) = self.refusal(new) {
            return Err(refusal);
        }
        self.voice.edit(&message.id, new).then_some(()).ok_or(ChannelError::NoSuchMessage)
    }

    async fn delete(&self, message: &MessageRef) -> Result<(), ChannelError> {
        self.voice.delete(&message.id).then_some(()).ok_or(ChannelError::NoSuchMessage)
    }

    async fn typing(&self, _: &ChatId) {
        self.voice.typing();
    }
}
