//! What became of our messages. Callbacks come out of order and more than once; only a failure matters.

use super::WhatsApp;
use super::webhook::Form;

/// Outside the day after the person's last message only templates may be sent.
const WINDOW_CLOSED: &str = "63016";

/// What waits for one person to write again: beyond it the oldest is not worth waiting for.
const KEPT_MAX: usize = 20;

impl WhatsApp {
    pub(super) fn take_status(&self, form: &Form) {
        let field =
            |name: &str| form.iter().find(|(it, _)| it == name).map(|(_, value)| value.as_str());
        let (Some(sid), Some(status)) = (field("MessageSid"), field("MessageStatus")) else {
            return;
        };
        let mut state = self.state();
        let Some(place) = state.sent.iter().position(|(_, _, it, _)| it == sid) else { return };
        match (status, field("ErrorCode")) {
            ("failed" | "undelivered", Some(WINDOW_CLOSED)) => {
                let (chat, key, _, message) = &mut state.sent[place];
                let (chat, message) = (chat.clone(), message.take());
                // Sending the same key again is sending it for the first time.
                key.clear();
                let kept = state.closed.entry(chat).or_default();
                kept.extend(message.filter(|_| kept.len() < KEPT_MAX));
            }
            ("failed" | "undelivered", code) => {
                tracing::warn!(
                    code = code.and_then(|it| it.parse::<u32>().ok()),
                    "a message did not come"
                );
                state.sent[place].3 = None;
            }
            ("delivered" | "read", _) => state.sent[place].3 = None,
            _ => {}
        }
    }
}
