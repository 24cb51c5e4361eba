//! The frames of the web channel; [`super`] explains them.

use serde::{Deserialize, Serialize};

use super::log::{LogChange, LogEntry, PostedFile, PostedMessage};
use crate::chat::{AnswerKind, Button, Outbound};

/// A frame from a client.
#[derive(Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "lowercase")]
pub(super) enum ClientFrame {
    Hello {
        key: String,
        #[serde(default)]
        after: u64,
    },
    Say {
        id: String,
        text: String,
        #[serde(default)]
        secret: bool,
    },
    Tap {
        id: String,
        button: String,
        #[serde(default)]
        message: Option<String>,
    },
    File {
        id: String,
        file: String,
        name: String,
        #[serde(default)]
        media_type: Option<String>,
        #[serde(default)]
        caption: String,
    },
}

/// A frame from a server.
#[derive(Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "lowercase")]
pub(super) enum ServerFrame {
    Welcome {
        seq: u64,
    },
    Ack {
        id: String,
    },
    Message {
        seq: u64,
        id: String,
        text: String,
        #[serde(default)]
        buttons: Vec<WireButton>,
        #[serde(default)]
        ask: WireAnswerKind,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        file: Option<Box<PostedFile>>,
    },
    Delete {
        seq: u64,
        id: String,
    },
    Typing,
    Sleep,
    Refused {
        text: String,
        /// The `say` or `tap` that was refused; without one, the connection was.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        id: Option<String>,
    },
}

/// A button on the wire.
#[derive(Serialize, Deserialize)]
pub(super) struct WireButton {
    id: String,
    label: String,
}

#[derive(Clone, Copy, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum WireAnswerKind {
    #[default]
    Anything,
    Secret,
}

impl From<LogEntry> for ServerFrame {
    fn from(LogEntry { seq, change }: LogEntry) -> Self {
        match change {
            LogChange::Removed(id) => Self::Delete { seq, id },
            LogChange::Put(PostedMessage {
                message: Outbound { key, text, buttons, ask, .. },
                file,
            }) => Self::Message {
                seq,
                file,
                id: key,
                text,
                buttons: buttons
                    .into_iter()
                    .map(|Button { id, label }| WireButton { id, label })
                    .collect(),
                ask: match ask {
                    AnswerKind::Anything => WireAnswerKind::Anything,
                    AnswerKind::Secret => WireAnswerKind::Secret,
                },
            },
        }
    }
}

/// The message that a [`ServerFrame::Message`] carries.
pub(super) fn outbound(
    id: String,
    text: String,
    buttons: Vec<WireButton>,
    ask: WireAnswerKind,
    file: Option<&PostedFile>,
) -> Outbound {
    let text = match file {
        Some(file) => noted(&text, file),
        None => text,
    };
    let buttons = buttons.into_iter().map(|WireButton { id, label }| Button { id, label });
    let ask = match ask {
        WireAnswerKind::Anything => AnswerKind::Anything,
        WireAnswerKind::Secret => AnswerKind::Secret,
    };
    Outbound::text(id, text).with_buttons(buttons.collect()).asking(ask)
}

/// A terminal shows no files; it says that there is one.
fn noted(text: &str, file: &PostedFile) -> String {
    let note = format!(
        "[file: {}, {} kB; open the link in a browser]",
        file.name,
        file.bytes.div_ceil(1000)
    );
    if text.is_empty() { note } else { format!("{text}\n{note}") }
}

/// A frame as text. `None` cannot happen with these types; callers treat it as a broken connection.
pub(super) fn encode(frame: &impl Serialize) -> Option<String> {
    serde_json::to_string(frame).ok()
}
