//! Every sentence we can say, addressed by meaning. One module a language holds the words.

use adapters::chat::{MenuEntry, SecretForm};

use crate::plan::Stage;
use crate::secret::SecretKind;

use super::choice::{ChatCommand, Choice};
use super::{Progress, RunGoal};

mod english;
mod german;
mod locale;
mod message;

pub use locale::{Locale, locale_of};
pub use message::{DeploymentSummary, Message, PageLink};

/// The words of a message.
pub fn text(locale: Locale, message: &Message) -> String {
    match locale {
        Locale::English => english::text(message),
        Locale::German => german::text(message),
    }
}

/// The name of a stage of a run to this goal.
pub fn stage(locale: Locale, stage: Stage, goal: RunGoal) -> &'static str {
    match locale {
        Locale::English => english::stage_name(stage, goal),
        Locale::German => german::stage_name(stage, goal),
    }
}

/// The words on a button: at most 20 characters show everywhere, names of people's own excepted.
pub fn label(locale: Locale, choice: &Choice) -> String {
    match locale {
        Locale::English => english::label(choice),
        Locale::German => german::label(choice),
    }
}

/// The progress message.
pub fn board(locale: Locale, board: &Progress) -> String {
    match locale {
        Locale::English => english::board(board),
        Locale::German => german::board(board),
    }
}

/// The fields in which a credential of this kind is entered.
pub fn secret_form(locale: Locale, kind: SecretKind) -> SecretForm {
    match locale {
        Locale::English => english::secret_form(kind),
        Locale::German => german::secret_form(kind),
    }
}

/// The account that a form belongs to, in words that its owner recognises. The middle of a
/// telephone number is left out: the link may be in other hands.
pub fn account_on(channel: &str, person: &str) -> String {
    let service = channel.parse().map_or("", english::channel_name);
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
    let entry = |command: ChatCommand| MenuEntry {
        word: command.word().to_owned(),
        meanings: vec![
            ("en".to_owned(), english::meaning(command).to_owned()),
            ("de".to_owned(), german::meaning(command).to_owned()),
        ],
    };
    ChatCommand::ALL.into_iter().map(entry).collect()
}

/// A plain yes.
pub(super) fn is_yes(locale: Locale, text: &str) -> bool {
    match locale {
        Locale::English => english::is_yes(text),
        Locale::German => german::is_yes(text),
    }
}

fn page_link(page: &PageLink) -> String {
    match page {
        PageLink::FlyTokens => "https://fly.io/dashboard/personal/tokens".to_owned(),
        PageLink::AnthropicKeys => "https://console.anthropic.com/settings/keys".to_owned(),
        PageLink::BotFather => "https://t.me/BotFather".to_owned(),
        PageLink::DiscordApplications => "https://discord.com/developers/applications".to_owned(),
        PageLink::TwilioConsole => "https://console.twilio.com".to_owned(),
        PageLink::TwilioSandbox => {
            "https://console.twilio.com/us1/develop/sms/try-it-out/whatsapp-learn".to_owned()
        }
        PageLink::Relay(link) | PageLink::Vendor(link) => link.clone(),
    }
}

/// What stays on record after somebody is forgotten, and is told to them.
#[derive(Clone, Copy)]
struct RetainedRecords {
    /// Deployments that were begun and count for the limit of a day.
    begun: bool,
    /// That an invitation let somebody in.
    let_in: bool,
    /// Wrong codes that count for the limit of a day.
    wrong_codes: bool,
}

/// A moment, to the minute, in UTC.
fn date(at_ms: u64) -> String {
    let seconds = i64::try_from(at_ms / 1000).unwrap_or_default();
    let Ok(at) = time::OffsetDateTime::from_unix_timestamp(seconds) else { return String::new() };
    format!("{} {:02}:{:02} UTC", at.date(), at.hour(), at.minute())
}

/// The help: every command and what it does.
fn help(meaning: fn(ChatCommand) -> &'static str) -> String {
    let lines = ChatCommand::ALL.iter().filter(|command| **command != ChatCommand::Start);
    let line = |command: &ChatCommand| format!("/{} - {}", command.word(), meaning(*command));
    lines.map(line).collect::<Vec<_>>().join("\n")
}
