//! The status of our messages. Callbacks come out of order and more than once; only a failure
//! matters.

use std::sync::Arc;

use super::WhatsAppChannel;
use super::inbound::is_sid;
use super::webhook::FormFields;
use crate::channel::{Channel, ChannelError};
use crate::chat::ChatId;

/// Outside the day after the person's last message only templates may be sent.
const WINDOW_CLOSED: &str = "63016";

impl WhatsAppChannel {
    pub(super) fn take_status(self: &Arc<Self>, form: &FormFields) {
        let field =
            |name: &str| form.iter().find(|(it, _)| it == name).map(|(_, value)| value.as_str());
        let sid = field("MessageSid").filter(|it| is_sid(it));
        let (Some(sid), Some(status)) = (sid, field("MessageStatus")) else { return };
        match (status, field("ErrorCode")) {
            ("failed" | "undelivered", Some(WINDOW_CLOSED)) => {
                let open_again = self.state().came_too_late(sid);
                if let Some(chat) = open_again {
                    self.catch_up(chat);
                }
            }
            ("failed" | "undelivered", code) => {
                let code = code.and_then(|it| it.parse::<u32>().ok());
                tracing::warn!(code, "a message did not come");
                self.state().is_final(sid);
            }
            ("delivered" | "read", _) => self.state().is_final(sid),
            _ => {}
        }
    }

    /// Sends the messages that a person missed while the window was closed.
    pub(super) fn catch_up(self: &Arc<Self>, chat: ChatId) {
        let missed = self.state().take_missed(&chat);
        if missed.is_empty() {
            return;
        }
        let whatsapp = self.clone();
        tokio::spawn(async move {
            let mut missed = missed.into_iter();
            while let Some(message) = missed.next() {
                match whatsapp.send(&chat, &message).await {
                    Ok(_) => {}
                    Err(ChannelError::Refused(why)) => {
                        tracing::warn!(why, "a message that came too late");
                    }
                    Err(_) => {
                        let rest = std::iter::once(message).chain(missed).collect();
                        whatsapp.state().put_back(&chat, rest);
                        return;
                    }
                }
            }
        });
    }
}
