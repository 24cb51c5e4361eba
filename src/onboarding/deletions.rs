//! Messages with a credential are deleted one by one, beside the chat's task. What is to be deleted
//! is on record: a process that ends leaves it to the next one.

use std::collections::VecDeque;
use std::time::Duration;

use adapters::channel::ChannelError;
use adapters::chat::MessageRef;
use tokio::task::JoinSet;
use tracing::Instrument;

use super::BotChannel;
use crate::conversation::{DeletionOutcome, Event};
use crate::store::conversations::PendingDeletion;

/// Attempts before the person is asked to delete a message, however long it has waited: a process
/// that was down for long tries, too.
const TRIES_MIN: u32 = 4;

/// The first pause between two attempts; doubled each time.
const PAUSE: Duration = Duration::from_millis(500);

/// The longest such pause.
const PAUSE_MAX: Duration = Duration::from_secs(30);

/// How long a service may be silent before the person is asked to delete a message, in
/// milliseconds: while it is, they cannot be told either.
const PATIENCE_MS: u64 = 60 * 60 * 1000;

/// The deletions of one chat.
#[derive(Default)]
pub(super) struct Deletions {
    waiting: VecDeque<PendingDeletion>,
    running: JoinSet<Event>,
}

impl Deletions {
    pub(super) fn add(&mut self, deletions: impl IntoIterator<Item = PendingDeletion>) {
        self.waiting.extend(deletions);
    }

    pub(super) fn is_idle(&self) -> bool {
        self.waiting.is_empty() && self.running.is_empty()
    }

    /// Begins the next one unless one is under way.
    pub(super) fn begin_next(&mut self, line: &BotChannel) {
        if self.running.is_empty()
            && let Some(PendingDeletion { message, at_ms }) = self.waiting.pop_front()
        {
            let line = line.clone();
            let deletion = async move {
                let outcome = delete(&line, &message, at_ms).await;
                Event::MessageDeleted { message: message.id, outcome }
            };
            self.running.spawn(deletion.in_current_span());
        }
    }

    /// What came of the one that is under way. Nothing when none is, or it panicked, which the hook
    /// has logged: it stays on record.
    pub(super) async fn ended(&mut self) -> Option<Event> {
        self.running.join_next().await?.ok()
    }
}

async fn delete(line: &BotChannel, message: &MessageRef, at_ms: u64) -> DeletionOutcome {
    let (mut pause, mut tries) = (PAUSE, 0);
    loop {
        tries += 1;
        let wait = match line.channel.delete(message).await {
            Ok(()) | Err(ChannelError::NoSuchMessage) => return DeletionOutcome::Deleted,
            Err(ChannelError::Refused(why)) => {
                tracing::info!(why, "a message with a credential stays");
                return DeletionOutcome::Refused;
            }
            Err(ChannelError::RateLimited { retry_after_ms }) => {
                Duration::from_millis(retry_after_ms)
            }
            Err(ChannelError::InDoubt | ChannelError::Unreachable) => pause,
        };
        let waited_ms = line.shared.settings.clock.now_ms().saturating_sub(at_ms);
        if tries >= TRIES_MIN && waited_ms >= PATIENCE_MS {
            return DeletionOutcome::Unanswered;
        }
        tokio::time::sleep(wait.min(PAUSE_MAX)).await;
        pause = (pause * 2).min(PAUSE_MAX);
    }
}
