//! The messages of a conversation as text. The sentences stand in `src/messages/`; this module
//! chooses the sentence for a meaning.

use adapters::chat::MenuEntry;

use crate::deployment::Goal;
use crate::phrase;
use crate::plan::Stage;

use super::ConversationState;
use super::choice::ChatCommand;

mod credentials;
mod labels;
mod lists;
mod message;
mod refusals;
mod texts;

pub use crate::messages::Locale;
pub use credentials::secret_form;
pub use labels::label;
pub use lists::board;
pub use message::{DeploymentSummary, Message, PageLink};
pub use texts::text;

/// The language to speak: the one that the person chose; else the one that the service hints at now
/// (BCP 47); else the one that was spoken last.
pub fn locale_of(state: &ConversationState, hint: Option<&str>) -> Locale {
    let hinted = || hint.map(|hint| Locale::of_hint(Some(hint)));
    state.locale.or_else(hinted).or(state.spoken).unwrap_or_default()
}

/// The name of a stage of a run to this goal.
pub fn stage(locale: Locale, stage: Stage, goal: Goal) -> String {
    let word = match stage {
        Stage::Apps => "apps",
        Stage::Network => "network",
        Stage::Secrets => "secrets",
        Stage::Storage => "storage",
        Stage::Machines => "machines",
        Stage::Proof => "proof",
    };
    match goal {
        Goal::Deployed => phrase!(locale, "stage-deploying", stage = word),
        Goal::Removed => phrase!(locale, "stage-removing", stage = word),
    }
}

/// The account that a form belongs to, in words that its owner recognises. The middle of a
/// telephone number is left out: the link may be in other hands.
pub fn account_on(channel: &str, person: &str) -> String {
    let known = channel.parse();
    let service = known.map(|it| labels::channel_name(Locale::default(), it)).unwrap_or_default();
    format!("{service} {}", masked(person)).trim_start().to_owned()
}

/// Digits of a telephone number that are shown at its beginning and at its end, as payment pages
/// show them.
const DIGITS_SHOWN: (usize, usize) = (4, 3);

fn masked(person: &str) -> String {
    let Some(digits) = person.strip_prefix('+') else { return person.to_owned() };
    let (first, last) = DIGITS_SHOWN;
    if digits.len() <= first + last || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return person.to_owned();
    }
    let hidden = "•".repeat(digits.len() - first - last);
    format!("+{} {hidden} {}", &digits[..first], &digits[digits.len() - last..])
}

/// The commands, for the service's menu.
pub fn menu() -> Vec<MenuEntry> {
    let meaning =
        |locale: Locale, command| (locale.code().to_owned(), labels::meaning(locale, command));
    let entry = |command: ChatCommand| MenuEntry {
        word: command.word().to_owned(),
        meanings: Locale::ALL.map(|locale| meaning(locale, command)).into(),
    };
    ChatCommand::ALL.into_iter().map(entry).collect()
}

/// A moment, to the minute, in UTC.
fn date(at_ms: u64) -> String {
    let seconds = i64::try_from(at_ms / 1000).unwrap_or_default();
    let Ok(at) = time::OffsetDateTime::from_unix_timestamp(seconds) else { return String::new() };
    format!("{} {:02}:{:02} UTC", at.date(), at.hour(), at.minute())
}
