//! What stands on somebody's phone, and what they read in it.

use std::sync::Arc;

use adapters::chat::Button;
use tokio::sync::Notify;
use tokio::time::Instant;

use textslash::conversation::messages::{self, Locale, Message};
use textslash::quota::{QuotaExceeded, QuotaScope, Quotas};

/// A chat, as it stands on somebody's phone.
#[derive(Default)]
pub(super) struct SimulatedPhone {
    pub(super) shown: Vec<PhoneMessage>,
    /// Woken when something is shown.
    pub(super) changed: Arc<Notify>,
    /// When what is not answered yet was delivered.
    pub(super) unanswered: Vec<Instant>,
}

/// A message of the bot, as it stands on a phone.
#[derive(Clone, Debug)]
pub(super) struct PhoneMessage {
    pub(super) key: String,
    pub(super) text: String,
    pub(super) buttons: Vec<Button>,
    pub(super) asks_secret: bool,
}

impl PhoneMessage {
    /// Whether it says this.
    pub(super) fn says(&self, message: &Message) -> bool {
        says(&self.text, message)
    }
}

/// Whether a text says this. Where there are no buttons, the answers stand below what is said.
pub(super) fn says(text: &str, message: &Message) -> bool {
    let rest = text.strip_prefix(&messages::text(Locale::default(), message));
    rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('\n'))
}

/// An answer that is offered, and what taking it looks like.
pub(super) struct OfferedAnswer {
    pub(super) label: String,
    pub(super) answer: AnswerMethod,
}

pub(super) enum AnswerMethod {
    Tap(String),
    Number(usize),
}

/// Whether a message says that a code is not looked at after too many wrong ones.
pub(super) fn is_kept_from_guessing(shown: &PhoneMessage) -> bool {
    let text = messages::text(Locale::default(), &Message::TooManyCodes { until_ms: 0 });
    // From here on stands the moment, which is another one.
    text.split_once("1970").is_some_and(|(before, _)| shown.text.starts_with(before))
}

/// Whose quota keeps somebody from deploying, as they read it.
pub(super) fn quota_told(shown: &PhoneMessage) -> Option<QuotaScope> {
    let Quotas { person, organisation, all } = Quotas::PUBLIC;
    let scopes = [
        (QuotaScope::Person, person),
        (QuotaScope::Organisation, organisation),
        (QuotaScope::All, all),
    ];
    let told = scopes.into_iter().find(|(scope, max)| {
        let used_up = QuotaExceeded { scope: *scope, max: *max, from_ms: 0 };
        let text = messages::text(Locale::default(), &Message::EnoughToday { used_up });
        // From here on stands the moment, which is another one.
        let (before, _) = text.split_once("1970").unwrap_or((&text, ""));
        shown.text.starts_with(before)
    });
    told.map(|(scope, _)| scope)
}

pub(super) fn offered(shown: &PhoneMessage, label: &str) -> Option<OfferedAnswer> {
    offers(shown).into_iter().find(|it| it.label == label)
}

pub(super) fn asks(shown: &PhoneMessage) -> bool {
    shown.asks_secret || !offers(shown).is_empty()
}

pub(super) fn offers(shown: &PhoneMessage) -> Vec<OfferedAnswer> {
    let tapped = shown.buttons.iter().map(|button| OfferedAnswer {
        label: button.label.clone(),
        answer: AnswerMethod::Tap(button.id.clone()),
    });
    let numbered = shown.text.lines().filter_map(|line| {
        let (number, label) = line.split_once(". ")?;
        Some(OfferedAnswer {
            label: label.to_owned(),
            answer: AnswerMethod::Number(number.parse().ok()?),
        })
    });
    match shown.buttons.is_empty() {
        // The steps to a token are numbered too.
        true => numbered.filter(|it| label_is_short(&it.label)).collect(),
        false => tapped.collect(),
    }
}

fn label_is_short(label: &str) -> bool {
    const LABEL_MAX: usize = 40;
    label.chars().count() <= LABEL_MAX
}
