//! The effect of an answer on this process and on the journal.

use super::{
    CALLS_PER_PLAN_STEP_MAX, CALLS_PER_STEP_MAX, GATE_POLL_MS, GATE_POLL_SLOW_MS,
    GATE_SLOW_AFTER_MS, LastObservation, RETRY_AFTER_MAX_MS, Reconciler, SETTLE_MS, StepCall,
    backoff_ms,
};
use crate::cloud::{FailureCause, Observation};
use crate::journal::{JournalEntry, StepAction, StepState};
use crate::plan::{Facts, ID, Step, StepId, StepKind};

/// The result of a move.
pub(in crate::provisioner) enum CallResult {
    Observed(Result<Observation, FailureCause>),
    Created(Result<Facts, FailureCause>),
    HandedOver(Result<Facts, FailureCause>),
    Deleted(Result<(), FailureCause>),
    GatePolled(Result<Option<Facts>, FailureCause>),
}

impl CallResult {
    /// Whether it says that the resource is not there.
    pub(in crate::provisioner) fn says_absent(&self) -> bool {
        matches!(self, Self::Observed(Ok(Observation::Absent) | Err(FailureCause::NotFound)))
    }
}

/// The time of an answer, and a random byte for the pause after it.
#[derive(Clone, Copy)]
pub(in crate::provisioner) struct ResultTime {
    pub(in crate::provisioner) now_ms: u64,
    pub(in crate::provisioner) jitter: u8,
}

impl Reconciler {
    /// The entry that the journal must hold before this move.
    pub(in crate::provisioner) fn intent(id: &StepId, call: &StepCall) -> Option<JournalEntry> {
        let action = match call {
            StepCall::Create => StepAction::Create,
            StepCall::HandOver => StepAction::HandOver,
            StepCall::Delete(_) => StepAction::Delete,
            StepCall::Observe | StepCall::PollGate => return None,
        };
        Some(JournalEntry::Intended { step: id.clone(), action })
    }

    /// Every intent without an outcome, as in doubt.
    pub(in crate::provisioner) fn unconfirmed_entries(&self) -> Vec<JournalEntry> {
        let open = self.run.open_intents();
        open.map(|(step, action)| JournalEntry::InDoubt { step: step.clone(), action }).collect()
    }

    /// Applies an entry to the run.
    pub(in crate::provisioner) fn apply(
        &mut self,
        entry: &JournalEntry,
    ) -> Result<(), &'static str> {
        self.run.apply(entry)?;
        if matches!(entry, JournalEntry::RegionChanged { .. }) {
            self.leaving_region = false;
        }
        Ok(())
    }

    /// Applies the answer to a move, and returns the entries for the journal.
    pub(in crate::provisioner) fn record_result(
        &mut self,
        id: &StepId,
        answer: CallResult,
        at: ResultTime,
    ) -> Vec<JournalEntry> {
        self.in_flight.remove(id);
        let entry = match answer {
            CallResult::Observed(Ok(seen)) => self.on_observed(id, seen, at),
            CallResult::Observed(Err(FailureCause::NotFound)) => self.on_absent(id, at),
            CallResult::Observed(Err(cause)) => self.on_observe_failed(id, cause, at),
            CallResult::Created(Ok(facts)) => {
                Some(self.on_created(id, StepAction::Create, facts, at.now_ms))
            }
            CallResult::HandedOver(Ok(facts)) => {
                Some(self.on_created(id, StepAction::HandOver, facts, at.now_ms))
            }
            CallResult::Created(Err(cause)) => {
                Some(self.on_call_failed(id, StepAction::Create, cause, at))
            }
            CallResult::HandedOver(Err(cause)) => {
                Some(self.on_call_failed(id, StepAction::HandOver, cause, at))
            }
            CallResult::Deleted(Ok(()) | Err(FailureCause::NotFound)) => self.on_deleted(id, at),
            CallResult::Deleted(Err(cause)) => {
                Some(self.on_call_failed(id, StepAction::Delete, cause, at))
            }
            CallResult::GatePolled(passed) => self.on_gate_polled(id, passed, at),
        };
        self.give_up_in_time(id);
        entry.into_iter().collect()
    }

    fn on_created(
        &mut self,
        id: &StepId,
        action: StepAction,
        facts: Facts,
        now_ms: u64,
    ) -> JournalEntry {
        let status = self.status_mut(id);
        status.in_place = Some(facts.clone());
        status.facts = facts.clone();
        status.observation = LastObservation::Present(vec![facts.clone()]);
        status.retries = 0;
        status.given_up = false;
        status.is_listed = false;
        status.unconfirmed_since_ms = now_ms;
        JournalEntry::Done { step: id.clone(), action, facts }
    }

    fn on_observed(
        &mut self,
        id: &StepId,
        seen: Observation,
        at: ResultTime,
    ) -> Option<JournalEntry> {
        let unmaking = self.is_deleting_id(id);
        let seen = if self.keeps_duplicates(id) { self.select_own(id, seen) } else { seen };
        match seen {
            Observation::Absent => return self.on_absent(id, at),
            Observation::Present(all) | Observation::Outdated(all) if all.is_empty() => {
                return self.on_absent(id, at);
            }
            Observation::Leaving => {
                self.status_mut(id).observation = LastObservation::Leaving;
                self.pause(id, at);
            }
            Observation::Outdated(all) if !unmaking => {
                self.status_mut(id).observation = LastObservation::Outdated(all);
            }
            Observation::Present(all) | Observation::Outdated(all) => {
                return self.on_present(id, all, at.now_ms);
            }
        }
        None
    }

    /// Whether others of its name may be a person's: a cloud may restore a volume by making a
    /// second one of the same name. Doubles of our own making were counted before the run was first
    /// proven.
    fn keeps_duplicates(&self, id: &StepId) -> bool {
        let may_double = self.plan.step(id).is_some_and(Step::can_duplicate);
        may_double && self.run.was_proven() && !self.is_deleting_id(id)
    }

    /// The resource in the journal, or else the first that is as it should be, as if it were the
    /// only one.
    fn select_own(&self, id: &StepId, seen: Observation) -> Observation {
        let known = self.run.facts().get(id).and_then(|facts| facts.get(ID));
        let is_known = |one: &&Facts| known.is_some() && one.get(ID) == known;
        let own = match &seen {
            Observation::Present(all) => all.iter().find(is_known).or(all.first()),
            Observation::Outdated(all) => all.iter().find(is_known),
            Observation::Absent | Observation::Leaving => return seen,
        };
        own.map_or(Observation::Absent, |own| Observation::Present(vec![own.clone()]))
    }

    fn on_present(&mut self, id: &StepId, all: Vec<Facts>, now_ms: u64) -> Option<JournalEntry> {
        let unmaking = self.is_deleting_id(id);
        let goes_with_another = self.plan.step(id).is_some_and(Step::is_deleted_with_another);
        let first = all.first().cloned().unwrap_or_default();
        self.status_mut(id).facts = first.clone();
        if !unmaking && (all.len() == 1 || goes_with_another) {
            let is_recorded = self.run.state(id) == StepState::Done(first.clone());
            let entry = self.on_created(id, StepAction::Create, first, now_ms);
            self.status_mut(id).is_listed = true;
            return (!is_recorded).then_some(entry);
        }
        self.status_mut(id).observation = LastObservation::Present(all);
        let found = unmaking && !self.run.facts().contains_key(id);
        let (step, action) = (id.clone(), StepAction::Create);
        found.then_some(JournalEntry::Done { step, action, facts: first })
    }

    fn on_absent(&mut self, id: &StepId, at: ResultTime) -> Option<JournalEntry> {
        let status = self.status_mut(id);
        status.observation = LastObservation::Absent { settled: false };
        status.in_place = None;
        let unmaking = self.is_deleting_id(id);
        if unmaking && !self.is_cleared(id) {
            return None;
        }
        let state = self.run.state(id);
        let unique = self.plan.step(id).is_some_and(Step::is_unique);
        if unique && !unmaking && matches!(state, StepState::Done(_)) {
            // A second create is refused if it is there all the same.
            return Some(JournalEntry::NotListed { step: id.clone() });
        }
        if self.may_yet_appear(id, at.now_ms) {
            let settled_ms = self.statuses[id].unconfirmed_since_ms + SETTLE_MS;
            self.pause(id, at);
            let status = self.status_mut(id);
            status.not_before_ms = status.not_before_ms.min(settled_ms);
            return None;
        }
        self.status_mut(id).observation = LastObservation::Absent { settled: true };
        let (step, action, facts) = (id.clone(), StepAction::Delete, Facts::new());
        (state != StepState::Absent).then_some(JournalEntry::Done { step, action, facts })
    }

    fn on_observe_failed(
        &mut self,
        id: &StepId,
        cause: FailureCause,
        at: ResultTime,
    ) -> Option<JournalEntry> {
        if needs_person(cause) {
            self.stop(id, cause);
        } else {
            self.pause_for(id, cause, at);
        }
        None
    }

    fn on_deleted(&mut self, id: &StepId, at: ResultTime) -> Option<JournalEntry> {
        let status = self.status_mut(id);
        status.observation = LastObservation::Unknown;
        status.in_place = None;
        status.given_up = true;
        self.pause(id, at);
        // An accepted deletion is not done: a look must confirm it.
        Some(JournalEntry::InDoubt { step: id.clone(), action: StepAction::Delete })
    }

    fn on_call_failed(
        &mut self,
        id: &StepId,
        action: StepAction,
        cause: FailureCause,
        at: ResultTime,
    ) -> JournalEntry {
        let removing = self.run.is_teardown() || self.leaving_region;
        let step = id.clone();
        if action != StepAction::Delete {
            self.status_mut(id).observation = LastObservation::Unknown;
        }
        // A name that is taken may have been taken by our own request, delivered twice or late.
        if matches!(cause, FailureCause::InDoubt | FailureCause::NameTaken) {
            if action == StepAction::Create {
                self.status_mut(id).unconfirmed_since_ms = at.now_ms;
            }
            self.pause_for(id, cause, at);
            return JournalEntry::InDoubt { step, action };
        }
        if cause == FailureCause::NoCapacity && action == StepAction::Create {
            if !removing {
                self.on_region_full(id);
            }
        } else if needs_person(cause) {
            self.stop(id, cause);
        } else {
            self.pause_for(id, cause, at);
        }
        JournalEntry::Failed { step, action, cause: cause.kind() }
    }

    fn on_gate_polled(
        &mut self,
        id: &StepId,
        passed: Result<Option<Facts>, FailureCause>,
        at: ResultTime,
    ) -> Option<JournalEntry> {
        let missing_since_ms = self.statuses[id].missing_since_ms.unwrap_or(at.now_ms);
        self.status_mut(id).missing_since_ms =
            (passed == Err(FailureCause::NotFound)).then_some(missing_since_ms);
        match passed {
            // The answer is about the region that the run leaves.
            _ if self.leaving_region => {}
            Ok(Some(facts)) => self.status_mut(id).in_place = Some(facts),
            Ok(None) => self.restart_gate(id, at.now_ms),
            Err(FailureCause::NoCapacity) => self.on_region_full(id),
            Err(cause) if needs_person(cause) => self.stop(id, cause),
            Err(FailureCause::NotFound) if at.now_ms > missing_since_ms + SETTLE_MS => {
                self.stop(id, FailureCause::NotFound);
            }
            // It may exist and not be known to every replica yet.
            Err(FailureCause::NotFound) => self.restart_gate(id, at.now_ms),
            Err(cause) => {
                self.restart_gate(id, at.now_ms);
                self.pause_for(id, cause, at);
            }
        }
        None
    }

    fn restart_gate(&mut self, id: &StepId, now_ms: u64) {
        let patience_ms = match self.plan.step(id).map(|step| &step.kind) {
            Some(StepKind::Gate { patience_ms }) => *patience_ms,
            _ => 0,
        };
        let status = self.status_mut(id);
        let waited_ms = now_ms - status.polling_since_ms.unwrap_or(now_ms);
        let slow = waited_ms > GATE_SLOW_AFTER_MS;
        status.not_before_ms = now_ms + if slow { GATE_POLL_SLOW_MS } else { GATE_POLL_MS };
        if waited_ms > patience_ms {
            self.stop(id, FailureCause::RetryLater { after_ms: None });
        }
    }

    /// A change of region deletes the volumes in the old one, so a run that was ever proven stays
    /// and waits.
    fn on_region_full(&mut self, id: &StepId) {
        if self.run.was_proven() {
            self.stop(id, FailureCause::NoCapacity);
        } else {
            self.leave_region();
        }
    }

    fn leave_region(&mut self) {
        self.leaving_region = true;
        self.full_regions.insert(self.run.region().clone());
        for step in self.plan.steps() {
            let starts_over = step.is_regional() || matches!(step.kind, StepKind::Gate { .. });
            if let Some(status) = self.statuses.get_mut(&step.id).filter(|_| starts_over) {
                status.in_place = None;
                status.polling_since_ms = None;
                status.observation = LastObservation::Unknown;
            }
        }
    }

    fn pause(&mut self, id: &StepId, at: ResultTime) {
        let status = self.status_mut(id);
        status.not_before_ms = at.now_ms + backoff_ms(status.retries, at.jitter);
        status.retries += 1;
    }

    fn pause_for(&mut self, id: &StepId, cause: FailureCause, at: ResultTime) {
        self.pause(id, at);
        let status = self.status_mut(id);
        status.last_cause = Some(cause);
        match cause {
            FailureCause::RetryLater { after_ms: Some(asked_ms) }
                if asked_ms > RETRY_AFTER_MAX_MS =>
            {
                self.stop(id, cause);
            }
            FailureCause::RetryLater { after_ms: Some(asked_ms) } => {
                status.not_before_ms = status.not_before_ms.max(at.now_ms + asked_ms);
            }
            _ => {}
        }
    }

    fn give_up_in_time(&mut self, id: &StepId) {
        let spent = self.statuses[id].calls >= CALLS_PER_STEP_MAX
            || self.calls >= CALLS_PER_PLAN_STEP_MAX * self.plan.steps().len();
        if spent && !self.plan.step(id).is_some_and(|step| self.is_at_goal(step)) {
            let cause = self.statuses[id].last_cause.unwrap_or(FailureCause::InDoubt);
            self.stop(id, cause);
        }
    }

    fn stop(&mut self, id: &StepId, cause: FailureCause) {
        self.stopped.get_or_insert_with(|| (id.clone(), cause));
    }
}

/// Whether no retry can succeed.
fn needs_person(cause: FailureCause) -> bool {
    match cause {
        FailureCause::TokenRefused
        | FailureCause::PaymentNeeded
        | FailureCause::AccountHeld
        | FailureCause::NameTaken
        | FailureCause::LockedByOther
        | FailureCause::ClockSkew
        | FailureCause::InvalidRequest => true,
        FailureCause::NoCapacity
        | FailureCause::InDoubt
        | FailureCause::RetryLater { .. }
        | FailureCause::NotFound => false,
    }
}
