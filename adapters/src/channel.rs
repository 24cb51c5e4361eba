//! The interface of a chat service, and its capabilities as data.

use async_trait::async_trait;
use bytes::Bytes;

use crate::chat::{
    Attachment, ChatId, Inbound, InboundId, MenuEntry, MessageRef, Outbound, OutboundFile,
};
use crate::text::LengthUnit;

/// A chat service.
///
/// Implementations verify who a message is from before it leaves [`Channel::next`], and keep a
/// message until [`Channel::acknowledge`] says that it is safe on disk.
#[async_trait]
pub trait Channel: Send + Sync {
    /// The field's name of the service in lower case (`console`, `web`, `telegram`).
    fn name(&self) -> &'static str;

    /// The capabilities of the service. The core branches on them and never on the name.
    fn capabilities(&self) -> &Capabilities;

    /// The next event; `None` when the service has ended for good.
    async fn next(&self) -> Option<ChannelEvent>;

    /// Marks an inbound message as durable: the service need not deliver it again.
    async fn acknowledge(&self, id: &InboundId);

    /// Sends a message. A second call with the same [`Outbound::key`] sends no second message where
    /// the service can detect it.
    async fn send(&self, chat: &ChatId, message: &Outbound) -> Result<MessageRef, ChannelError>;

    /// Replaces the text and buttons of a message of ours.
    async fn edit(&self, message: &MessageRef, new: &Outbound) -> Result<(), ChannelError>;

    /// Removes a message: ours, or theirs where [`Capabilities::deletes_theirs`].
    async fn delete(&self, message: &MessageRef) -> Result<(), ChannelError>;

    /// Shows that an answer is on its way; does nothing where the service has no such sign.
    async fn typing(&self, chat: &ChatId);

    /// The bytes of a file that a person sent, at most [`Capabilities::files_in_bytes_max`].
    async fn fetch(&self, _: &Attachment) -> Result<Bytes, ChannelError> {
        Err(ChannelError::Refused("files cannot be received here"))
    }

    /// Sends a file of at most [`Capabilities::files_out_bytes_max`]. A second call with the same
    /// [`OutboundFile::key`] sends no second file where the service can detect it.
    /// [`OutboundFile::key`] again does not double it where the service lets us tell.
    async fn send_file(&self, _: &ChatId, _: &OutboundFile) -> Result<MessageRef, ChannelError> {
        Err(ChannelError::Refused("files cannot be sent here"))
    }

    /// Offers these commands in the service's menu, where it has one. Called once at the start; a
    /// second call changes nothing.
    async fn announce(&self, _: &[MenuEntry]) {}

    /// Asks for the messages that people wrote in these chats while no process listened, where the
    /// service does not deliver them by itself. Called once at the start; a message may come a
    /// second time.
    async fn recover(&self, _: &[ChatId]) {}

    /// Tells connected clients that this process ends until the next message, and returns when they
    /// know. Does nothing where the service itself calls us for every message.
    async fn sleep(&self) {}
}

/// An event of a channel.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(clippy::large_enum_variant, reason = "nearly every event is a message")]
pub enum ChannelEvent {
    /// An action of a person.
    Inbound(Inbound),
    /// The chat can be reached (again): messages that wait for it may be sent now.
    Reachable(ChatId),
}

/// The capabilities of a channel.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Capabilities {
    /// Messages of ours can be replaced in place.
    pub edits: bool,
    /// The person's own messages can be deleted by us (a pasted credential).
    pub deletes_theirs: bool,
    /// The service's copy of the person's message can be deleted by us, the one on their phone
    /// cannot.
    pub scrubs_theirs: bool,
    /// Buttons per message; zero means that choices are written as numbered text.
    pub buttons_max: usize,
    /// Longest text of one message, in [`Self::text_unit`].
    pub text_max: usize,
    /// The unit of `text_max`.
    pub text_unit: LengthUnit,
    /// Least time between two edits of one message, in milliseconds.
    pub edit_interval_ms: u64,
    /// The way in which a person enters a credential.
    pub secret_entry: SecretEntry,
    /// A button can open a page of ours within the service ([`Outbound::page`]).
    pub opens_pages: bool,
    /// The service lets us make a bot for the person, who then owns it.
    pub makes_bots: bool,
    /// Largest file that can be received, in bytes; zero where none can.
    pub files_in_bytes_max: u64,
    /// Largest file that can be sent, in bytes; zero where none can.
    pub files_out_bytes_max: u64,
}

/// The safest way of a channel to enter a credential.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SecretEntry {
    /// Typed into a field that the service does not keep (a terminal without echo, a modal).
    Hidden,
    /// Pasted into the chat and deleted by us at once.
    PastedThenDeleted,
    /// Only through a one-time form: the chat keeps every pasted text for good.
    Form,
}

/// The failure of a message, named after the next step.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ChannelError {
    /// Keep it and send it when the chat is [`ChannelEvent::Reachable`] again.
    #[error("the chat cannot be reached now")]
    Unreachable,
    /// Wait this long, then send it again.
    #[error("too fast; wait {retry_after_ms} ms")]
    RateLimited {
        /// The pause that the service asks for, in milliseconds.
        retry_after_ms: u64,
    },
    /// The message may have been sent; it is safe to send the same key again.
    #[error("the service did not answer")]
    InDoubt,
    /// The message to edit or delete is not there: send a new one.
    #[error("no such message")]
    NoSuchMessage,
    /// It can never be sent: too long, blocked for good, malformed.
    #[error("refused: {0}")]
    Refused(&'static str),
}
