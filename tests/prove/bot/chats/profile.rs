//! The service that people use. What it can do decides how the bot talks.

use adapters::channel::{Capabilities, SecretEntry};
use adapters::text::LengthUnit;

/// The name of the service.
pub(super) const NAME: &str = "story";

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ServiceProfile {
    Telegram,
    Discord,
    /// Its messages may overtake each other.
    WhatsApp,
}

impl ServiceProfile {
    pub(super) const ALL: [Self; 3] = [Self::Telegram, Self::Discord, Self::WhatsApp];

    pub(super) fn capabilities(self) -> Capabilities {
        let rich = self != Self::WhatsApp;
        Capabilities {
            edits: rich,
            deletes_theirs: self == Self::Telegram,
            scrubs_theirs: self == Self::WhatsApp,
            buttons_max: if rich { 20 } else { 0 },
            text_max: match self {
                Self::Telegram => 4096,
                Self::Discord => 2000,
                Self::WhatsApp => 1600,
            },
            text_unit: LengthUnit::Utf16,
            edit_interval_ms: if rich { 1000 } else { 0 },
            secret_entry: match self {
                Self::Telegram => SecretEntry::PastedThenDeleted,
                Self::Discord => SecretEntry::Hidden,
                Self::WhatsApp => SecretEntry::Form,
            },
            opens_pages: false,
            makes_bots: false,
            files_in_bytes_max: 0,
            files_out_bytes_max: 0,
        }
    }

    /// Every choice of the bot is shown as buttons, and none as numbers.
    pub(super) fn has_buttons(self) -> bool {
        self != Self::WhatsApp
    }

    /// First deliveries come in the order in which they were written.
    pub(super) fn keeps_order(self) -> bool {
        self != Self::WhatsApp
    }
}
