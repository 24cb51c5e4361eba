//! People who want to be forgotten, and that they are.

use std::time::Duration;

use super::super::super::Promise;
use super::super::persona::Persona;
use super::super::phone::{PhoneMessage, asks, offers};
use super::super::proof::PersonTrace;
use super::{PATIENCE, READING, SimulatedPerson};
use textslash::conversation::messages::Message;

/// Of a hundred things that a whimsical person does, so many are this.
const NOW_PERCENT: u64 = 1;

/// Of a hundred people who are done, so many want to be forgotten.
const LAST_PERCENT: u64 = 40;

/// Longer than anything comes again, and than a database is left without being scrubbed.
const QUIET: Duration = Duration::from_secs(90);

const SURE: &str = "Yes, forget me";

impl SimulatedPerson {
    /// Whether to be forgotten in the middle of it.
    pub(super) fn has_had_enough(&self) -> bool {
        self.whims.percent(NOW_PERCENT)
    }

    /// Asks to be forgotten and looks what is left, whatever else is going wrong: where to send the
    /// receipt, at the most.
    pub(super) async fn wants_to_be_forgotten(&self) {
        if !self.is_told_to_be_forgotten().await {
            return;
        }
        self.stage.mark_checked([Promise::Forgotten]);
        if self.look() == PersonTrace::Record {
            self.stage.violation(Promise::Forgotten, format!("{} is still on record", self.chat.0));
        }
    }

    /// The same when nothing goes wrong any more: nothing is left, in no byte of any file.
    pub(super) async fn may_want_to_be_forgotten_at_last(&self) {
        if self.persona != Persona::Whimsical || !self.whims.percent(LAST_PERCENT) {
            return;
        }
        tokio::time::sleep(PATIENCE).await;
        if !self.is_told_to_be_forgotten().await {
            return self
                .stage
                .violation(Promise::Liveness, format!("{} is not forgotten", self.chat.0));
        }
        self.stage.mark_checked([Promise::Forgotten]);
        if self.look() != PersonTrace::Nothing {
            self.stage.violation(Promise::Forgotten, format!("{} is still on record", self.chat.0));
        }
        if let Some(trace) = self.service.proof.trace_of(&self.chat) {
            self.stage.violation(Promise::Forgotten, format!("{trace} is still in a file"));
        }
        self.stage.trace(&format!("{} is forgotten", self.chat.0));
        self.did(|did| did.is_forgotten = true);
    }

    /// Waits until nothing that was written before can overtake it, and says nothing more once the
    /// receipt has come.
    async fn is_told_to_be_forgotten(&self) -> bool {
        tokio::time::sleep(READING).await;
        let read = self.service.count_in(&self.chat);
        self.says("/forget");
        let new = self.reads_on(read).await;
        let question = new.iter().rev().find(|it| asks(it));
        let sure = question.and_then(|it| offers(it).into_iter().find(|it| it.label == SURE));
        if let Some(yes) = sure {
            let read = self.service.count_in(&self.chat);
            self.takes(&yes);
            if !self.reads_on(read).await.iter().any(is_receipt) {
                return false;
            }
        } else if !new.iter().any(is_receipt) {
            return false;
        }
        tokio::time::sleep(QUIET).await;
        true
    }

    async fn reads_on(&self, read: usize) -> Vec<PhoneMessage> {
        self.wait_for_more_than(read, PATIENCE).await;
        tokio::time::sleep(READING).await;
        let shown = self.service.shown_in(&self.chat);
        shown[read.min(shown.len())..].to_vec()
    }

    fn look(&self) -> PersonTrace {
        self.service.proof.left_of(&self.chat)
    }
}

fn is_receipt(shown: &PhoneMessage) -> bool {
    shown.says(&Message::NothingOnRecord) || shown.text.starts_with("I have erased ")
}
