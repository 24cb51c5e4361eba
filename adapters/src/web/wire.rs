//! The frames of the web channel; see [`super`] for what they mean.

use serde::{Deserialize, Serialize};

use super::log::{Change, Entry};
use crate::chat::{Ask, Button, Outbound};

/// What a client says.
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
}

/// What a server says.
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
        ask: WireAsk,
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
pub(super) enum WireAsk {
    #[default]
    Anything,
    Secret,
}

impl From<Entry> for ServerFrame {
    fn from(Entry { seq, change }: Entry) -> Self {
        match change {
            Change::Removed(id) => Self::Delete { seq, id },
            Change::Put(Outbound { key, text, buttons, ask, .. }) => Self::Message {
                seq,
                id: key,
                text,
                buttons: buttons
                    .into_iter()
                    .map(|Button { id, label }| WireButton { id, label })
                    .collect(),
                ask: match ask {
                    Ask::Anything => WireAsk::Anything,
                    Ask::Secret => WireAsk::Secret,
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
    ask: WireAsk,
) -> Outbound {
    let buttons = buttons.into_iter().map(|WireButton { id, label }| Button { id, label });
    let ask = match ask {
        WireAsk::Anything => Ask::Anything,
        WireAsk::Secret => Ask::Secret,
    };
    Outbound::text(id, text).with_buttons(buttons.collect()).asking(ask)
}

/// A frame as text. `None` cannot happen with these types; callers treat it as a broken connection.
pub(super) fn encode(frame: &impl Serialize) -> Option<String> {
    serde_json::to_string(frame).ok()
}
