//! What a written line means: a command, an offered answer, a credential, or something else.

use super::choice::{ChatCommand, Choice};
use super::messages::{self, Locale};
use crate::messages::answer;

/// The language that `/language de` names.
pub(super) fn language(text: &str) -> Option<Locale> {
    let (word, rest) = text.trim().strip_prefix('/')?.split_once(char::is_whitespace)?;
    let word = word.split_once('@').map_or(word, |(word, _)| word);
    let rest = rest.trim();
    let is_meant = |locale: &Locale| {
        rest.eq_ignore_ascii_case(locale.code()) || rest.eq_ignore_ascii_case(&locale.name())
    };
    let asks = named(word) == Some(ChatCommand::Language);
    Locale::ALL.into_iter().find(|locale| asks && is_meant(locale))
}

/// The code in `/start CODE`.
pub(super) fn invitation(text: &str) -> Option<&str> {
    let (word, code) = text.trim().strip_prefix('/')?.split_once(char::is_whitespace)?;
    let word = word.split_once('@').map_or(word, |(word, _)| word);
    (named(word) == Some(ChatCommand::Start)).then(|| code.trim())
}

/// The command that a line is: with a slash in any case, with the bot's name behind it.
pub(super) fn command(text: &str) -> Option<ChatCommand> {
    let word = text.trim().strip_prefix('/')?;
    let word = word.split_once('@').map_or(word, |(word, _)| word);
    named(word)
}

/// The command that a line names without a slash.
pub(super) fn bare_command(text: &str) -> Option<ChatCommand> {
    named(text.trim())
}

fn named(word: &str) -> Option<ChatCommand> {
    ChatCommand::ALL.into_iter().find(|command| word.eq_ignore_ascii_case(command.word()))
}

/// The offered answer that a line means: its number, its label, its code, or a plain yes, in any
/// language.
pub(super) fn matching_choice(text: &str, choices: &[Choice]) -> Option<Choice> {
    let as_written = text.trim().to_lowercase();
    let plain = answer::plain(text);
    let spellings = || std::iter::once(&as_written).chain(&plain);
    let named = spellings().find_map(|text| named_choice(text, choices));
    let agreed = || {
        let is_meant = |choice: &&Choice| match choice {
            Choice::Command(ChatCommand::Cancel) => answer::is_no(text),
            choice => choice.is_yes() && answer::is_yes(text),
        };
        let asks_for_a_yes = choices.iter().any(Choice::is_yes);
        choices.iter().find(is_meant).filter(|_| asks_for_a_yes)
    };
    let numbered = || {
        let (place, label) = answer::number(plain.as_deref()?)?;
        let choice = choices.get(place.checked_sub(1)?)?;
        (label.is_empty() || is_label(label, choice)).then_some(choice)
    };
    named.or_else(agreed).or_else(numbered).cloned()
}

/// The choice with this label or code, in lower case.
fn named_choice<'a>(text: &str, choices: &'a [Choice]) -> Option<&'a Choice> {
    let is_code = |choice: &&Choice| choice.code().is_some_and(|it| it.eq_ignore_ascii_case(text));
    let labelled = choices.iter().find(|choice| is_label(text, choice));
    labelled.or_else(|| choices.iter().find(is_code))
}

fn is_label(text: &str, choice: &Choice) -> bool {
    Locale::ALL.iter().any(|locale| {
        let label = messages::label(*locale, choice).to_lowercase();
        label == text || answer::plain(&label).is_some_and(|plain| plain == text)
    })
}
