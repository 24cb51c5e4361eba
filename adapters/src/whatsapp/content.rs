//! Buttons: quick replies through the Content API, or numbers in the text where those do not fit.

use dashmap::DashMap;
use serde_json::{Value, json};

use super::BUTTONS_MAX;
use super::rest::TwilioRest;
use crate::chat::Outbound;

/// Longest text with quick replies, in characters (Content API, `twilio/quick-reply`).
const BODY_MAX: usize = 1024;

/// Longest label of a quick reply, in characters.
const TITLE_MAX: usize = 20;

/// Contents that are remembered: questions repeat, other messages do not.
const CONTENTS_MAX: usize = 256;

/// Contents that Twilio has, by a digest of their text and buttons.
#[derive(Default)]
pub(super) struct ContentTemplates(DashMap<String, String>);

impl ContentTemplates {
    /// The content of a message with buttons; none where it has none, they do not fit, or Twilio
    /// does not take it.
    pub(super) async fn of(&self, rest: &TwilioRest, message: &Outbound) -> Option<String> {
        let content = quick_reply(message)?;
        let key = content.to_string();
        if let Some(known) = self.0.get(&key).map(|known| known.clone()) {
            return Some(known);
        }
        let sid = rest.create_content(&content).await?;
        if self.0.len() >= CONTENTS_MAX {
            self.0.clear();
        }
        self.0.insert(key, sid.clone());
        Some(sid)
    }

    /// Forgets a content that Twilio has no more.
    pub(super) fn forget(&self, sid: &str) {
        self.0.retain(|_, known| known != sid);
    }
}

fn quick_reply(message: &Outbound) -> Option<Value> {
    let fits = (1..=BUTTONS_MAX).contains(&message.buttons.len())
        && message.text.chars().count() <= BODY_MAX
        && message.buttons.iter().all(|it| it.label.chars().count() <= TITLE_MAX)
        // `{{` would begin a variable.
        && !holds_variable(&message.text)
        && !message.buttons.iter().any(|it| holds_variable(&it.label) || holds_variable(&it.id));
    if !fits {
        return None;
    }
    let actions: Vec<Value> = message
        .buttons
        .iter()
        .map(|button| json!({ "title": button.label, "id": button.id }))
        .collect();
    Some(json!({
        "friendly_name": "textslash",
        "language": "en",
        "types": { "twilio/quick-reply": { "body": message.text, "actions": actions } },
    }))
}

fn holds_variable(text: &str) -> bool {
    text.contains("{{")
}

/// The text with its buttons as numbers: the core understands a number as the answer.
pub(super) fn numbered(message: &Outbound) -> String {
    match message.buttons.is_empty() {
        true => message.text.clone(),
        false => format!("{}\n{}", message.text, options(message)),
    }
}

/// The buttons alone, as numbers.
pub(super) fn options(message: &Outbound) -> String {
    let numbered = message.buttons.iter().enumerate();
    let lines = numbered.map(|(place, button)| format!("{}. {}", place + 1, button.label));
    lines.collect::<Vec<_>>().join("\n")
}
