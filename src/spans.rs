//! Spans of logs: a line names the conversation, the run and the turn that it belongs to.
//!
//! Each span has the level of errors, so that the quietest log has its context, too. A span names
//! no person: a chat is known by its pseudonym.

use std::fmt::Display;
use std::hash::{BuildHasher, RandomState};
use std::sync::LazyLock;

use adapters::chat::ChatId;
use tracing::{Span, error_span};

use crate::spec::DeploymentId;

#[cfg(test)]
mod tests;

/// The key of this process's pseudonyms. It is random and never leaves the process: an id of a chat
/// is short, so without a key everybody could try them all.
static KEY: LazyLock<RandomState> = LazyLock::new(RandomState::new);

/// The conversation in a chat of the service with this name.
pub fn conversation(channel: &str, chat: &ChatId) -> Span {
    error_span!("conversation", channel, conversation = pseudonym(channel, chat))
}

/// One drive of a run.
pub fn run(id: &DeploymentId) -> Span {
    error_span!("run", run = %id)
}

/// A turn at the relay, with the number of its message. The VM knows the turn by the same id.
pub fn relay_turn(id: &str, number: i64) -> Span {
    error_span!("turn", turn = id, number)
}

/// A turn at the VM, with its session where that is known.
pub fn vm_turn(id: &dyn Display, session: Option<&dyn Display>) -> Span {
    error_span!("turn", turn = %id, session = session.map(tracing::field::display))
}

/// The same for the same chat as long as this process lives.
fn pseudonym(channel: &str, chat: &ChatId) -> String {
    format!("{:016x}", KEY.hash_one((channel, chat)))
}
