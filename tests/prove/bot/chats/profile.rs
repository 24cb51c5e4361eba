//! The service that people use. What its adapter says it can do decides how the bot talks.

use adapters::channel::Capabilities;
use adapters::{discord, telegram, whatsapp};

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
        match self {
            // The bot of these stories may not make others.
            Self::Telegram => telegram::capabilities(false),
            Self::Discord => discord::capabilities(),
            Self::WhatsApp => whatsapp::capabilities(),
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
