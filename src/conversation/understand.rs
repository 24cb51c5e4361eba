//! What a written line means: a command, an offered answer, a credential, or something else.

use crate::intake::{self, Vendor};

use super::choice::{Choice, Command};
use super::messages::{self, Locale};
use super::turn::Turn;
use super::{Context, Phase, Question, State};

/// How a line from the chat is to be treated before it is turned into an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reading {
    /// As a credential: hold it, and pass on a reference.
    Secret(Option<Vendor>),
    /// As a line.
    Line,
}

/// Whether a line must be treated as a credential: it looks like one, or one is awaited and the line
/// is neither a command nor an offered answer.
pub fn reading(state: &State, context: &Context<'_>, text: &str) -> Reading {
    if let Some(vendor) = intake::recognise(text) {
        return Reading::Secret(Some(vendor));
    }
    if !awaits_secret(state) || command(text).is_some() {
        return Reading::Line;
    }
    let choices = Turn::new(state.clone(), context).open_choices();
    match meant(text, &choices, context.locale) {
        Some(_) => Reading::Line,
        None => Reading::Secret(None),
    }
}

/// Whether the open question is answered with a credential.
pub fn awaits_secret(state: &State) -> bool {
    matches!(
        state.phase,
        Phase::Asking { question: Question::Token | Question::Model | Question::ChannelKey, .. }
    )
}

/// The command that a line is: with a slash in any case, with the bot's name behind it.
pub(super) fn command(text: &str) -> Option<Command> {
    let word = text.trim().strip_prefix('/')?;
    let word = word.split_once('@').map_or(word, |(word, _)| word);
    named(word)
}

/// The command that a line names without a slash.
pub(super) fn bare_command(text: &str) -> Option<Command> {
    named(text.trim())
}

fn named(word: &str) -> Option<Command> {
    Command::ALL.into_iter().find(|command| word.eq_ignore_ascii_case(command.word()))
}

/// The offered answer that a line means: its number, its label, its code, or a plain yes.
pub(super) fn meant(text: &str, choices: &[Choice], locale: Locale) -> Option<Choice> {
    let text = text.trim();
    let numbered = || {
        let place: usize = text.parse().ok()?;
        choices.get(place.checked_sub(1)?)
    };
    let labelled = || {
        let wanted = text.to_lowercase();
        choices.iter().find(|choice| messages::label(locale, choice).to_lowercase() == wanted)
    };
    let coded = || {
        let is_code = |code: &str| code.eq_ignore_ascii_case(text);
        choices.iter().find(|choice| choice.code().is_some_and(is_code))
    };
    let agreed = || {
        let yes = messages::is_yes(locale, text);
        choices.iter().find(|choice| yes && choice.is_yes())
    };
    labelled().or_else(coded).or_else(agreed).or_else(numbered).cloned()
}
