//! What an answer means: for this process, and for the journal.

use super::{
    CALLS_PER_PLAN_STEP_MAX, CALLS_PER_STEP_MAX, Course, GATE_POLL_MS, GATE_POLL_SLOW_MS,
    GATE_SLOW_AFTER_MS, Move, RETRY_AFTER_MAX_MS, SETTLE_MS, View, backoff_ms,
};
use crate::cloud::{Cause, Observation};
use crate::journal::{Action, Entry, NO_ROOM, StepState};
use crate::plan::{Facts, ID, Step, StepId, StepKind};

/// What a move came to.
pub(in crate::provisioner) enum Answer {
    Observed(Result<Observation, Cause>),
    Created(Result<Facts, Cause>),
    HandedOver(Result<Facts, Cause>),
    Deleted(Result<(), Cause>),
    Passed(Result<Option<Facts>, Cause>),
}

impl Answer {
    /// Whether it says that the resource is not there.
    pub(in crate::provisioner) fn says_absent(&self) -> bool {
        matches!(self, Self::Observed(Ok(Observation::Absent) | Err(Cause::Missing)))
    }
}

/// When an answer came, and a byte of chance for the pause after it.
#[derive(Clone, Copy)]
pub(in crate::provisioner) struct Moment {
    pub(in crate::provisioner) now_ms: u64,
    pub(in crate::provisioner) jitter: u8,
}

impl Course {
    /// What the journal must hold before this move goes out.
    pub(in crate::provisioner) fn intent(id: &StepId, what: &Move) -> Option<Entry> {
        let action = match what {
            Move::Create => Action::Create,
            Move::HandOver => Action::HandOver,
            Move::Delete(_) => Action::Delete,
            Move::Observe | Move::Pass => return None,
        };
        Some(Entry::Intended { step: id.clone(), action })
    }

    /// Every intent without an outcome, as in doubt.
    pub(in crate::provisioner) fn doubts(&self) -> Vec<Entry> {
        let open = self.run.open_intents();
        open.map(|(step, action)| Entry::InDoubt { step: step.clone(), action }).collect()
    }

    /// An entry joins the run.
    pub(in crate::provisioner) fn apply(&mut self, entry: &Entry) -> Result<(), &'static str> {
        self.run.apply(entry)?;
        if matches!(entry, Entry::Placed { .. }) {
            self.leaving_region = false;
        }
        Ok(())
    }

    /// A move was answered: what it means for the journal.
    pub(in crate::provisioner) fn absorb(
        &mut self,
        id: &StepId,
        answer: Answer,
        at: Moment,
    ) -> Vec<Entry> {
        self.in_flight.remove(id);
        let entry = match answer {
            Answer::Observed(Ok(seen)) => self.observed(id, seen, at),
            Answer::Observed(Err(Cause::Missing)) => self.absent(id, at),
            Answer::Observed(Err(cause)) => self.not_seen(id, cause, at),
            Answer::Created(Ok(facts)) => Some(self.made(id, Action::Create, facts, at.now_ms)),
            Answer::HandedOver(Ok(facts)) => {
                Some(self.made(id, Action::HandOver, facts, at.now_ms))
            }
            Answer::Created(Err(cause)) => Some(self.not_done(id, Action::Create, cause, at)),
            Answer::HandedOver(Err(cause)) => Some(self.not_done(id, Action::HandOver, cause, at)),
            Answer::Deleted(Ok(()) | Err(Cause::Missing)) => self.deleted(id, at),
            Answer::Deleted(Err(cause)) => Some(self.not_done(id, Action::Delete, cause, at)),
            Answer::Passed(passed) => self.asked(id, passed, at),
        };
        self.give_up_in_time(id);
        entry.into_iter().collect()
    }

    fn made(&mut self, id: &StepId, action: Action, facts: Facts, now_ms: u64) -> Entry {
        let sight = self.sight_mut(id);
        sight.held = Some(facts.clone());
        sight.facts = facts.clone();
        sight.view = View::Present(vec![facts.clone()]);
        sight.streak = 0;
        sight.given_up = false;
        sight.counted = false;
        sight.doubt_since_ms = now_ms;
        Entry::Done { step: id.clone(), action, facts }
    }

    fn observed(&mut self, id: &StepId, seen: Observation, at: Moment) -> Option<Entry> {
        let unmaking = self.is_unmaking_id(id);
        let seen = if self.spares_others(id) { self.own(id, seen) } else { seen };
        match seen {
            Observation::Absent => return self.absent(id, at),
            Observation::Present(all) | Observation::Outdated(all) if all.is_empty() => {
                return self.absent(id, at);
            }
            Observation::Leaving => {
                self.sight_mut(id).view = View::Leaving;
                self.pause(id, at);
            }
            Observation::Outdated(all) if !unmaking => {
                self.sight_mut(id).view = View::Outdated(all);
            }
            Observation::Present(all) | Observation::Outdated(all) => {
                return self.present(id, all, at.now_ms);
            }
        }
        None
    }

    /// Whether others of its name may be a person's: Fly restores a volume by making a second one of
    /// the same name. Doubles of our own making were counted before the run was first proven.
    fn spares_others(&self, id: &StepId) -> bool {
        let may_double = self.plan.step(id).is_some_and(Step::may_double);
        may_double && self.run.was_proven() && !self.is_unmaking_id(id)
    }

    /// The one that the journal knows, or else the first that is as it should be, as if it were alone.
    fn own(&self, id: &StepId, seen: Observation) -> Observation {
        let known = self.run.known().get(id).and_then(|facts| facts.get(ID));
        let is_known = |one: &&Facts| known.is_some() && one.get(ID) == known;
        let own = match &seen {
            Observation::Present(all) => all.iter().find(is_known).or(all.first()),
            Observation::Outdated(all) => all.iter().find(is_known),
            Observation::Absent | Observation::Leaving => return seen,
        };
        own.map_or(Observation::Absent, |own| Observation::Present(vec![own.clone()]))
    }

    fn present(&mut self, id: &StepId, all: Vec<Facts>, now_ms: u64) -> Option<Entry> {
        let unmaking = self.is_unmaking_id(id);
        let goes_with_another = self.plan.step(id).is_some_and(Step::goes_with_another);
        let first = all.first().cloned().unwrap_or_default();
        self.sight_mut(id).facts = first.clone();
        if !unmaking && (all.len() == 1 || goes_with_another) {
            let told = self.run.state(id) == StepState::Done(first.clone());
            let entry = self.made(id, Action::Create, first, now_ms);
            self.sight_mut(id).counted = true;
            return (!told).then_some(entry);
        }
        self.sight_mut(id).view = View::Present(all);
        let found = unmaking && !self.run.known().contains_key(id);
        let (step, action) = (id.clone(), Action::Create);
        found.then_some(Entry::Done { step, action, facts: first })
    }

    fn absent(&mut self, id: &StepId, at: Moment) -> Option<Entry> {
        let sight = self.sight_mut(id);
        sight.view = View::Absent { settled: false };
        sight.held = None;
        let unmaking = self.is_unmaking_id(id);
        if unmaking && !self.is_out_of_the_way(id) {
            return None;
        }
        let state = self.run.state(id);
        let unique = self.plan.step(id).is_some_and(Step::is_unique);
        if unique && !unmaking && matches!(state, StepState::Done(_)) {
            // A second create is refused if it is there all the same.
            return Some(Entry::Missed { step: id.clone() });
        }
        if self.may_yet_appear(id, at.now_ms) {
            let settled_ms = self.sights[id].doubt_since_ms + SETTLE_MS;
            self.pause(id, at);
            let sight = self.sight_mut(id);
            sight.not_before_ms = sight.not_before_ms.min(settled_ms);
            return None;
        }
        self.sight_mut(id).view = View::Absent { settled: true };
        let (step, action, facts) = (id.clone(), Action::Delete, Facts::new());
        (state != StepState::Absent).then_some(Entry::Done { step, action, facts })
    }

    fn not_seen(&mut self, id: &StepId, cause: Cause, at: Moment) -> Option<Entry> {
        if needs_a_person(cause) {
            self.stop(id, cause);
        } else {
            self.pause_for(id, cause, at);
        }
        None
    }

    fn deleted(&mut self, id: &StepId, at: Moment) -> Option<Entry> {
        let sight = self.sight_mut(id);
        sight.view = View::Unseen;
        sight.held = None;
        sight.given_up = true;
        self.pause(id, at);
        // Accepted is not gone: that is for a look to say.
        Some(Entry::InDoubt { step: id.clone(), action: Action::Delete })
    }

    fn not_done(&mut self, id: &StepId, action: Action, cause: Cause, at: Moment) -> Entry {
        let removing = self.run.is_turned() || self.leaving_region;
        let step = id.clone();
        if action != Action::Delete {
            self.sight_mut(id).view = View::Unseen;
        }
        // A name that is taken may have been taken by our own request, delivered twice or late.
        if matches!(cause, Cause::InDoubt | Cause::Taken) {
            if action == Action::Create {
                self.sight_mut(id).doubt_since_ms = at.now_ms;
            }
            self.pause_for(id, cause, at);
            return Entry::InDoubt { step, action };
        }
        if cause == Cause::NoRoom && action == Action::Create {
            if !removing {
                self.no_room(id);
            }
        } else if needs_a_person(cause) {
            self.stop(id, cause);
        } else {
            self.pause_for(id, cause, at);
        }
        Entry::Failed { step, action, cause: word(cause).to_owned() }
    }

    fn asked(
        &mut self,
        id: &StepId,
        passed: Result<Option<Facts>, Cause>,
        at: Moment,
    ) -> Option<Entry> {
        let missing_since_ms = self.sights[id].missing_since_ms.unwrap_or(at.now_ms);
        self.sight_mut(id).missing_since_ms =
            (passed == Err(Cause::Missing)).then_some(missing_since_ms);
        match passed {
            // Whatever it says is of the region that the run leaves.
            _ if self.leaving_region => {}
            Ok(Some(facts)) => self.sight_mut(id).held = Some(facts),
            Ok(None) => self.ask_again(id, at.now_ms),
            Err(Cause::NoRoom) => self.no_room(id),
            Err(cause) if needs_a_person(cause) => self.stop(id, cause),
            Err(Cause::Missing) if at.now_ms > missing_since_ms + SETTLE_MS => {
                self.stop(id, Cause::Missing);
            }
            // It may be there, and not known everywhere yet.
            Err(Cause::Missing) => self.ask_again(id, at.now_ms),
            Err(cause) => {
                self.ask_again(id, at.now_ms);
                self.pause_for(id, cause, at);
            }
        }
        None
    }

    fn ask_again(&mut self, id: &StepId, now_ms: u64) {
        let patience_ms = match self.plan.step(id).map(|step| &step.kind) {
            Some(StepKind::Gate { patience_ms }) => *patience_ms,
            _ => 0,
        };
        let sight = self.sight_mut(id);
        let waited_ms = now_ms - sight.asked_since_ms.unwrap_or(now_ms);
        let slow = waited_ms > GATE_SLOW_AFTER_MS;
        sight.not_before_ms = now_ms + if slow { GATE_POLL_SLOW_MS } else { GATE_POLL_MS };
        if waited_ms > patience_ms {
            self.stop(id, Cause::Later { after_ms: None });
        }
    }

    /// Leaving a region unmakes the volumes in it, so a run that was ever proven stays and waits.
    fn no_room(&mut self, id: &StepId) {
        if self.run.was_proven() {
            self.stop(id, Cause::NoRoom);
        } else {
            self.leave_region();
        }
    }

    fn leave_region(&mut self) {
        self.leaving_region = true;
        self.full.insert(self.run.region().clone());
        for step in self.plan.steps() {
            let starts_over = step.is_placed() || matches!(step.kind, StepKind::Gate { .. });
            if let Some(sight) = self.sights.get_mut(&step.id).filter(|_| starts_over) {
                sight.held = None;
                sight.asked_since_ms = None;
                sight.view = View::Unseen;
            }
        }
    }

    fn pause(&mut self, id: &StepId, at: Moment) {
        let sight = self.sight_mut(id);
        sight.not_before_ms = at.now_ms + backoff_ms(sight.streak, at.jitter);
        sight.streak += 1;
    }

    fn pause_for(&mut self, id: &StepId, cause: Cause, at: Moment) {
        self.pause(id, at);
        let sight = self.sight_mut(id);
        sight.last = Some(cause);
        match cause {
            Cause::Later { after_ms: Some(asked_ms) } if asked_ms > RETRY_AFTER_MAX_MS => {
                self.stop(id, cause);
            }
            Cause::Later { after_ms: Some(asked_ms) } => {
                sight.not_before_ms = sight.not_before_ms.max(at.now_ms + asked_ms);
            }
            _ => {}
        }
    }

    fn give_up_in_time(&mut self, id: &StepId) {
        let spent = self.sights[id].calls >= CALLS_PER_STEP_MAX
            || self.calls >= CALLS_PER_PLAN_STEP_MAX * self.plan.steps().len();
        if spent && !self.plan.step(id).is_some_and(|step| self.is_settled(step)) {
            let cause = self.sights[id].last.unwrap_or(Cause::InDoubt);
            self.stop(id, cause);
        }
    }

    fn stop(&mut self, id: &StepId, cause: Cause) {
        self.stopped.get_or_insert_with(|| (id.clone(), cause));
    }
}

/// Whether no retry mends it.
fn needs_a_person(cause: Cause) -> bool {
    match cause {
        Cause::TokenRefused
        | Cause::PaymentNeeded
        | Cause::AccountHeld
        | Cause::Taken
        | Cause::Elsewhere
        | Cause::ClockOff
        | Cause::OurFault => true,
        Cause::NoRoom | Cause::InDoubt | Cause::Later { .. } | Cause::Missing => false,
    }
}

/// The word of a cause in the journal.
fn word(cause: Cause) -> &'static str {
    match cause {
        Cause::TokenRefused => "token_refused",
        Cause::PaymentNeeded => "payment_needed",
        Cause::AccountHeld => "account_held",
        Cause::NoRoom => NO_ROOM,
        Cause::InDoubt => "in_doubt",
        Cause::Later { .. } => "later",
        Cause::Taken => "taken",
        Cause::Missing => "missing",
        Cause::Elsewhere => "elsewhere",
        Cause::ClockOff => "clock_off",
        Cause::OurFault => "our_fault",
    }
}
