//! Whether a written line must be held as a credential.

use crate::credential_format::{self, Vendor};
use crate::secret::SecretKind;

use super::transition::Transition;
use super::understand::{command, invitation, language, matching_choice};
use super::{ConversationContext, ConversationState, Phase, Question};

/// How a line from the chat is to be treated before it is turned into an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LineKind {
    /// As a credential: hold it, and pass on a reference.
    Secret(Option<Vendor>),
    /// As a line.
    Text,
}

/// Whether a line must be treated as a credential: it looks like one, or one is awaited and the
/// line is neither a command nor an offered answer.
pub fn reading(
    state: &ConversationState,
    context: &ConversationContext<'_>,
    text: &str,
) -> LineKind {
    if let Some(vendor) = credential_format::recognise(text) {
        return LineKind::Secret(Some(vendor));
    }
    let is_word = command(text).is_some() || language(text).is_some() || invitation(text).is_some();
    if is_word || !awaits_secret(state) {
        return LineKind::Text;
    }
    let choices = Transition::new(state.clone(), context).open_choices();
    match matching_choice(text, &choices) {
        Some(_) => LineKind::Text,
        None => LineKind::Secret(None),
    }
}

/// Whether the open question is answered with a credential.
pub fn awaits_secret(state: &ConversationState) -> bool {
    matches!(
        state.phase,
        Phase::Asking { question: Question::Token | Question::Model | Question::ChannelKey, .. }
    )
}

/// The credential that the open question awaits and that is not being checked.
pub fn awaited(state: &ConversationState, context: &ConversationContext<'_>) -> Option<SecretKind> {
    Transition::new(state.clone(), context).open_question()?.awaits
}
