//! The types that all chat services share.

use std::fmt;

use bytes::Bytes;
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

mod context;

pub use context::{Author, Citation, CitationKind, MessageContext, MessageEdit, SearchableText};

/// A conversation on one channel, as that channel names it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ChatId(pub String);

/// A person on one channel: the immutable id the service vouches for, never a display name.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct UserId(pub String);

/// The id of an inbound message: two deliveries of one message have the same.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct InboundId(pub String);

/// A message we sent, so that it can be edited or deleted later.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct MessageRef {
    /// The chat of the message.
    pub chat: ChatId,
    /// Its id within that chat, as the service names it.
    pub id: String,
}

/// The kind of chat in which a message was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum ChatType {
    /// Only the person and we read the messages.
    Private,
    /// Other people read the messages: the answer points to the private chat, and nothing is
    /// stored.
    Group,
}

/// An action of a person.
#[derive(Clone, PartialEq, Eq)]
pub struct Inbound {
    /// Unique per channel; a second delivery carries the same id.
    pub id: InboundId,
    /// The chat for the answer.
    pub chat: ChatId,
    /// The person.
    pub from: UserId,
    /// The kind of the chat, which says who reads an answer in it.
    pub place: ChatType,
    /// The service's language hint (BCP 47), if it gives one.
    pub locale: Option<String>,
    /// The person's own message, where the service names it. [`Channel::delete`] removes it when it
    /// held a credential.
    ///
    /// [`Channel::delete`]: crate::channel::Channel::delete
    pub message: Option<MessageRef>,
    /// The action itself, in the sender's own words only.
    pub content: InboundContent,
    /// The texts of other people that came with it.
    pub context: MessageContext,
}

/// The content of a person's action.
#[derive(Clone, PartialEq, Eq)]
pub enum InboundContent {
    /// Wrote a line in the chat. It may hold a pasted credential, so it is never printed.
    Text(Zeroizing<String>),
    /// Tapped a button of ours.
    Tap {
        /// The id the button was sent with.
        button: String,
        /// The message that carried it, where the service says so.
        message: Option<MessageRef>,
    },
    /// Filled in fields that the service does not keep: a hidden prompt, a modal, a form. The
    /// values of several fields (see [`SecretForm`]) stand in a line each.
    Secret(Zeroizing<String>),
    /// Sent a file: a photo, a document, a voice message.
    File(Box<Attachment>),
    /// Sent something of a kind that cannot be read here: a place, a contact, a poll, a sticker.
    Unsupported,
}

/// A file that a person sent. [`Channel::fetch`](crate::channel::Channel::fetch) gets its bytes.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attachment {
    /// The service's id of the file. It holds no credential, so it may be stored.
    pub id: String,
    /// As the person's device called it, or a name made from its kind (`photo.jpg`). Not to be
    /// trusted as a path.
    pub name: String,
    /// Its media type, if the service says so.
    pub media_type: Option<String>,
    /// Its size in bytes, if the service says so.
    pub bytes: Option<u64>,
    /// The caption, which may be empty. It may hold a pasted credential, so it is never printed.
    pub caption: String,
}

/// A file of ours.
#[derive(Clone, PartialEq, Eq)]
pub struct OutboundFile {
    /// Chosen by the sender and unique per chat, like [`Outbound::key`].
    pub key: String,
    /// The name on the person's device.
    pub name: String,
    /// Its media type.
    pub media_type: String,
    /// The bytes.
    pub bytes: Bytes,
    /// The caption, which may be empty.
    pub caption: String,
}

impl fmt::Debug for Inbound {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Inbound")
            .field("id", &self.id)
            .field("chat", &self.chat)
            .field("from", &self.from)
            .field("content", &self.content)
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for InboundContent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text(text) => write!(f, "Text({} bytes)", text.len()),
            Self::Tap { button, .. } => write!(f, "Tap({button:?})"),
            Self::Secret(_) => f.write_str("Secret"),
            Self::File(attachment) => write!(f, "{attachment:?}"),
            Self::Unsupported => f.write_str("Unsupported"),
        }
    }
}

impl fmt::Debug for Attachment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Attachment({:?}, {:?} bytes)", self.media_type, self.bytes)
    }
}

impl fmt::Debug for OutboundFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "File({:?}, {} bytes)", self.media_type, self.bytes.len())
    }
}

/// A message of ours.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Outbound {
    /// Chosen by the sender and unique per chat: sending the same key again is the same message
    /// wherever the channel can tell, so that a crash between sending and noting it doubles
    /// nothing.
    pub key: String,
    /// Plain text. Longer than [`Capabilities::text_max`](crate::channel::Capabilities) is refused:
    /// split it first with [`crate::text::split`].
    pub text: String,
    /// Offered answers, in order.
    pub buttons: Vec<Button>,
    /// The expected kind of answer.
    pub ask: AnswerKind,
    /// With [`AnswerKind::Secret`]: the fields, for a channel that shows fields of its own (a
    /// modal).
    #[serde(default)]
    pub fields: Option<SecretForm>,
    /// With [`AnswerKind::Secret`]: the address of a one-time form of ours, for a channel that can
    /// open a page from a button ([`Capabilities::opens_pages`](crate::channel::Capabilities)). It
    /// opens the person's question, so it is never stored.
    #[serde(skip)]
    pub page: Option<PageButton>,
}

/// The fields of a credential, with their labels.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SecretForm {
    /// On the button that opens them; at most 20 characters show everywhere.
    pub button: String,
    /// Above them; at most 45 characters (Discord's limit).
    pub title: String,
    /// At least one, at most five (Discord's limit).
    pub fields: Vec<SecretField>,
}

/// One field of a credential.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SecretField {
    /// The id of the field within its form.
    pub id: String,
    /// The label; at most 45 characters (Discord's limit).
    pub label: String,
    /// An example of a value; at most 100 characters (Discord's limit).
    pub example: String,
}

/// A page of ours that a button opens.
#[derive(Clone, PartialEq, Eq)]
pub struct PageButton {
    /// The label of the button.
    pub label: String,
    /// The address. It may open something once, so it is never printed.
    pub url: Zeroizing<String>,
}

impl fmt::Debug for Outbound {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Outbound")
            .field("key", &self.key)
            .field("text", &format_args!("{} bytes", self.text.len()))
            .field("buttons", &self.buttons.len())
            .field("ask", &self.ask)
            .finish()
    }
}

impl Outbound {
    /// A message that asks nothing.
    pub fn text(key: impl Into<String>, text: impl Into<String>) -> Self {
        Self {
            key: key.into(),
            text: text.into(),
            buttons: Vec::new(),
            ask: AnswerKind::Anything,
            fields: None,
            page: None,
        }
    }

    /// The same message with these buttons.
    #[must_use]
    pub fn with_buttons(mut self, buttons: Vec<Button>) -> Self {
        self.buttons = buttons;
        self
    }

    /// The same message, awaiting this kind of answer.
    #[must_use]
    pub fn asking(mut self, ask: AnswerKind) -> Self {
        self.ask = ask;
        self
    }
}

/// A command that a channel offers in its menu.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MenuEntry {
    /// The word behind the slash: small letters, at most 32 (Telegram's and Discord's limit).
    pub word: String,
    /// The description, by language (ISO 639-1, such as `en`), the usual language first; at most
    /// 100 characters each (Discord's limit).
    pub meanings: Vec<(String, String)>,
}

/// An offered answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Button {
    /// Comes back in [`InboundContent::Tap`]; at most 64 bytes (Telegram's `callback_data`).
    pub id: String,
    /// The label; at most 20 characters show everywhere (WhatsApp's quick replies).
    pub label: String,
}

impl Button {
    /// A button with this id and label.
    pub fn new(id: impl Into<String>, label: impl Into<String>) -> Self {
        Self { id: id.into(), label: label.into() }
    }
}

/// The kind of answer a message awaits.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum AnswerKind {
    /// Nothing in particular.
    #[default]
    Anything,
    /// A credential: the channel takes the safest way in that it has.
    Secret,
}
