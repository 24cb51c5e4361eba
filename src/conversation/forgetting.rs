//! What is on record of a person: shown, and erased on a yes, unless it is needed to remove what
//! still stands.

use crate::secret::SecretRef;
use crate::spec::RelayChannel;

use super::messages::Message;
use super::transition::Transition;
use super::{ConversationState, Effect, PersonTraces, Phase};

/// How long it counts that a deployment was begun, in milliseconds: a day, which is what the limit
/// is for.
const BEGUN_COUNTS_MS: u64 = 24 * 60 * 60 * 1000;

impl Transition<'_> {
    pub(super) fn forget(&mut self) {
        match self.state.phase {
            Phase::Running { .. } | Phase::Finding { .. } => {
                self.say_and_repeat(Message::StillWorking)
            }
            Phase::ConfirmingForget => self.repeat(),
            _ if !self.context.runs.is_empty() => self.keep_for_removal(),
            _ if !self.context.is_known => self.erase(Message::NothingOnRecord),
            _ => self.open(Phase::ConfirmingForget),
        }
    }

    /// Without a record of what stands, nothing could remove it.
    fn keep_for_removal(&mut self) {
        let choices = match self.state.phase {
            Phase::Idle => self.home(),
            _ => Vec::new(),
        };
        self.say_with(Message::NeededToRemove { runs: self.summaries() }, choices);
        self.repeat();
    }

    pub(super) fn forget_confirmed(&mut self) {
        if !self.context.runs.is_empty() {
            self.go_idle();
            return self.keep_for_removal();
        }
        let counts = |at_ms: &u64| self.context.now_ms < at_ms.saturating_add(BEGUN_COUNTS_MS);
        self.erase(Message::Forgotten {
            traces: self.traces(),
            service: self.service(),
            begun_counts: self.context.recent_starts.by_person_ms.iter().any(counts),
            let_in: self.state.is_let_in,
            wrong_codes: self.context.wrong_codes.by_person,
            at_ms: self.context.now_ms,
        });
    }

    fn erase(&mut self, receipt: Message) {
        self.forget_secrets();
        self.state = ConversationState::default();
        self.effect(Effect::ErasePerson);
        self.say(receipt);
    }

    pub(super) fn traces(&self) -> PersonTraces {
        let lent =
            |secret: &SecretRef| self.context.lent_secrets.iter().any(|(_, it)| it == secret);
        PersonTraces {
            removed: self.context.removed,
            credentials: self.context.held_secrets.iter().filter(|secret| !lent(secret)).count(),
        }
    }

    /// The chat service that this conversation is on, if it is on one.
    fn service(&self) -> Option<RelayChannel> {
        self.context.channels.iter().copied().find(|it| *it != RelayChannel::Web)
    }
}
