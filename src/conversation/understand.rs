//! What a written line means: a command, an offered answer, a credential, or something else.

use super::choice::{ChatCommand, Choice};
use super::messages::{self, Locale};

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
    let text = text.trim();
    let numbered = || {
        let place: usize = text.parse().ok()?;
        choices.get(place.checked_sub(1)?)
    };
    let labelled = || {
        let wanted = text.to_lowercase();
        let is_label = |choice: &&Choice| {
            let mut labels = Locale::ALL.iter().map(|it| messages::label(*it, choice));
            labels.any(|label| label.to_lowercase() == wanted)
        };
        choices.iter().find(is_label)
    };
    let coded = || {
        let is_code = |code: &str| code.eq_ignore_ascii_case(text);
        choices.iter().find(|choice| choice.code().is_some_and(is_code))
    };
    let agreed = || {
        let yes = Locale::ALL.iter().any(|locale| messages::is_yes(*locale, text));
        choices.iter().find(|choice| yes && choice.is_yes())
    };
    labelled().or_else(coded).or_else(agreed).or_else(numbered).cloned()
}
