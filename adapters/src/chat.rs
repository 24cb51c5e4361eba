//! The words every chat service shares.

use std::fmt;

use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

/// A conversation on one channel, as that channel names it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ChatId(pub String);

/// A person on one channel: the immutable id the service vouches for, never a display name.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct UserId(pub String);

/// What makes two deliveries of one message the same message.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct InboundId(pub String);

/// A message we sent, so that it can be edited or deleted later.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct MessageRef {
    /// The chat it stands in.
    pub chat: ChatId,
    /// Its id within that chat, as the service names it.
    pub id: String,
}

/// Where a message was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Place {
    /// Only this person and us.
    Private,
    /// Others read along: answer with a pointer to the private chat and store nothing.
    Group,
}

/// Something a person did.
#[derive(Clone, PartialEq, Eq)]
pub struct Inbound {
    /// Unique per channel; a second delivery carries the same id.
    pub id: InboundId,
    /// Where to answer.
    pub chat: ChatId,
    /// Who did it.
    pub from: UserId,
    /// Who may read the answer.
    pub place: Place,
    /// The service's language hint (BCP 47), if it gives one.
    pub locale: Option<String>,
    /// What was done.
    pub content: Content,
}

/// What a person did.
#[derive(Clone, PartialEq, Eq)]
pub enum Content {
    /// Wrote a line in the chat. It may hold a pasted credential, so it is never printed.
    Text(Zeroizing<String>),
    /// Tapped a button of ours.
    Tap {
        /// The id the button was sent with.
        button: String,
        /// The message that carried it, where the service says so.
        message: Option<MessageRef>,
    },
    /// Filled in a field that the service does not keep: a hidden prompt, a modal, a form.
    Secret(Zeroizing<String>),
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

impl fmt::Debug for Content {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text(text) => write!(f, "Text({} bytes)", text.len()),
            Self::Tap { button, .. } => write!(f, "Tap({button:?})"),
            Self::Secret(_) => f.write_str("Secret"),
        }
    }
}

/// A message of ours.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Outbound {
    /// Chosen by the sender and unique per chat: sending the same key again is the same message
    /// wherever the channel can tell, so that a crash between sending and noting it doubles nothing.
    pub key: String,
    /// Plain text. Longer than [`Capabilities::text_max`](crate::channel::Capabilities) is refused:
    /// split it first with [`crate::text::split`].
    pub text: String,
    /// Offered answers, in order.
    pub buttons: Vec<Button>,
    /// What kind of answer is awaited.
    pub ask: Ask,
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
        Self { key: key.into(), text: text.into(), buttons: Vec::new(), ask: Ask::Anything }
    }

    /// The same message with these buttons.
    #[must_use]
    pub fn with_buttons(mut self, buttons: Vec<Button>) -> Self {
        self.buttons = buttons;
        self
    }

    /// The same message, awaiting this kind of answer.
    #[must_use]
    pub fn asking(mut self, ask: Ask) -> Self {
        self.ask = ask;
        self
    }
}

/// An offered answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Button {
    /// Comes back in [`Content::Tap`]; at most 64 bytes (Telegram's `callback_data`).
    pub id: String,
    /// What the person reads; at most 20 characters show everywhere (WhatsApp's quick replies).
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
pub enum Ask {
    /// Nothing in particular.
    #[default]
    Anything,
    /// A credential: the channel takes the safest way in that it has.
    Secret,
}
