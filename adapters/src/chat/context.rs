//! Text that a message carries besides its sender's own words, and which message it replaces.

use std::fmt;

use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use super::{Inbound, InboundId, MessageRef};

/// Everything that comes with a message besides its sender's own words.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MessageContext {
    /// Text of other people: never an answer, a command or a credential of the sender.
    pub citations: Vec<Citation>,
    /// Set when the sender changed a message that they had sent before.
    pub edit: Option<MessageEdit>,
    /// All text that the message carries in any field (a contact's name, a place's title, a quoted
    /// line), for the search for credentials only.
    pub searchable: SearchableText,
}

/// Text that is searched for credentials and used for nothing else. It is never printed.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct SearchableText(pub Zeroizing<String>);

/// The message that an edit replaces.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MessageEdit {
    /// Id of the message in its first form.
    pub original: InboundId,
    /// When the message was sent in its first form, in unix milliseconds.
    pub sent_at_ms: u64,
}

/// Text of another person within a message. It may hold a credential, so it is never printed.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Citation {
    /// The way in which it came into the message.
    pub kind: CitationKind,
    /// The author, as far as the service names one.
    pub author: Author,
    /// The text; empty for a file without a caption.
    pub text: String,
    /// The cited message, where it is in the same chat and the service names it.
    #[serde(skip)]
    pub message: Option<MessageRef>,
}

/// The way in which text of another person comes into a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CitationKind {
    /// The sender forwarded a whole message.
    Forwarded,
    /// The sender replied to a message, or quoted a part of it.
    Quoted,
}

/// The author of a [`Citation`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Author {
    /// The person who sends the message now.
    Sender,
    /// Our own bot.
    Bot,
    /// A person, a group or a channel under this name, which they chose themselves.
    Named(String),
    /// A person that the service does not name.
    Hidden,
}

impl Citation {
    /// A citation whose message the service does not name.
    pub fn new(kind: CitationKind, author: Author, text: impl Into<String>) -> Self {
        Self { kind, author, text: text.into(), message: None }
    }
}

impl Inbound {
    /// Takes the form that an edit gives this message, as if it had been sent so; its id.
    pub fn replace_with(&mut self, edited: Self) -> InboundId {
        self.content = edited.content;
        self.context = MessageContext { edit: None, ..edited.context };
        self.id.clone()
    }

    /// Whether the sender forwarded a message of another person instead of writing one.
    pub fn is_forwarded(&self) -> bool {
        self.context.citations.iter().any(|it| it.kind == CitationKind::Forwarded)
    }
}

impl fmt::Debug for SearchableText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SearchableText({} bytes)", self.0.len())
    }
}

impl fmt::Debug for Citation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Citation({:?}, {} bytes)", self.kind, self.text.len())
    }
}
