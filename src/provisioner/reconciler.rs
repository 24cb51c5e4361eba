//! The pure state machine of a run: it records observations, chooses the next move, and interprets
//! each answer. Time is an argument, in milliseconds since the drive began.

use std::collections::{BTreeMap, BTreeSet};

use crate::cloud::FailureCause;
use crate::journal::{Run, StepState};
use crate::plan::{Facts, Plan, Step, StepFacts, StepId, StepKind, Undo};
use crate::spec::Region;

pub(super) use results::{CallResult, ResultTime};

mod results;
mod schedule;

#[cfg(test)]
mod tests;

/// The time after an unanswered create in which its effect may still appear: effects up to 120 s
/// late are in the fault matrix, and a list may lag behind them.
pub(super) const SETTLE_MS: u64 = 130_000;

/// Calls spent on one step in one drive before a person is asked, gates aside: enough to poll with
/// [`backoff_ms`] for longer than [`SETTLE_MS`], and for eight refused creates, each looked after.
const CALLS_PER_STEP_MAX: u32 = 24;

/// Calls of one drive for each step of its plan, gates aside: a drive that needs more is not
/// getting anywhere.
const CALLS_PER_PLAN_STEP_MAX: usize = 6;

/// The first pause: a cloud's lists lag about that much behind its writes (flyctl waits as long).
const BACKOFF_MIN_MS: u64 = 500;

/// The longest pause that we choose ourselves: a person is waiting.
const BACKOFF_MAX_MS: u64 = 30_000;

/// The longest pause that a vendor may ask for; beyond it the person decides.
const RETRY_AFTER_MAX_MS: u64 = 120_000;

/// The interval between the first calls of a gate: short, so that a deploy is not longer than it
/// must be.
const GATE_POLL_MS: u64 = 100;

/// The interval between the calls of a gate after [`GATE_SLOW_AFTER_MS`].
const GATE_POLL_SLOW_MS: u64 = 2_000;

/// After this time a person does not notice a further second.
const GATE_SLOW_AFTER_MS: u64 = 20_000;

/// A call for one step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum StepCall {
    /// Look whether it is there.
    Observe,
    /// Make it.
    Create,
    /// Hand over the values that this process holds.
    HandOver,
    /// Delete the resource with these facts.
    Delete(Facts),
    /// Ask the gate.
    PollGate,
}

/// The next decision.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Decision {
    /// Do all of these, beside what is in flight.
    Start(Vec<(StepId, StepCall)>),
    /// Nothing before this time, unless something in flight answers.
    Wait {
        /// `None` when only an answer helps.
        until_ms: Option<u64>,
    },
    /// Everything in the full region is gone: go on in this one.
    ChangeRegion(Region),
    /// The goal is reached.
    Finished,
    /// It cannot be reached without the person.
    Stop { step: StepId, cause: FailureCause },
}

/// A run in motion.
pub(super) struct Reconciler {
    plan: Plan,
    run: Run,
    statuses: BTreeMap<StepId, StepStatus>,
    in_flight: BTreeSet<StepId>,
    calls: usize,
    /// Regions that had no room during this drive.
    full_regions: BTreeSet<Region>,
    /// The region in force has no room.
    leaving_region: bool,
    /// Everything was gone once; a second look confirms it.
    relisting: bool,
    stopped: Option<(StepId, FailureCause)>,
}

/// The observations of one step by this process.
#[derive(Default)]
struct StepStatus {
    observation: LastObservation,
    /// It is as this run needs it, seen by this process.
    in_place: Option<Facts>,
    /// It was looked for since it was made: see [`Reconciler::is_listed_since_create`].
    is_listed: bool,
    /// The facts that it last had.
    facts: Facts,
    calls: u32,
    /// Pauses since its last progress.
    retries: u32,
    not_before_ms: u64,
    /// The cloud accepted its deletion, or it was gone.
    given_up: bool,
    /// The time of the last create, done or in doubt: lists may not show it yet.
    unconfirmed_since_ms: u64,
    /// The cause of its last failure.
    last_cause: Option<FailureCause>,
    /// The time of the gate's first call.
    polling_since_ms: Option<u64>,
    /// The time since which every answer of the gate reports a missing dependency.
    missing_since_ms: Option<u64>,
}

/// The last look at a resource since the last attempt to change it.
#[derive(Default)]
enum LastObservation {
    #[default]
    Unknown,
    /// Not there; unless settled, it may yet appear.
    Absent {
        settled: bool,
    },
    Leaving,
    Present(Vec<Facts>),
    Outdated(Vec<Facts>),
}

impl Reconciler {
    /// A run in the state of its journal, before any observation.
    pub(super) fn new(plan: Plan, run: Run) -> Self {
        let initial = plan.steps().iter().map(|step| {
            let facts = run.facts().get(&step.id).cloned().unwrap_or_default();
            (step.id.clone(), StepStatus { facts, ..StepStatus::default() })
        });
        let statuses = initial.collect();
        let leaving_region = run.is_region_full() && !run.is_teardown() && !run.was_proven();
        Self {
            plan,
            run,
            statuses,
            in_flight: BTreeSet::new(),
            calls: 0,
            full_regions: BTreeSet::new(),
            leaving_region,
            relisting: false,
            stopped: None,
        }
    }

    pub(super) fn plan(&self) -> &Plan {
        &self.plan
    }

    pub(super) fn run(&self) -> &Run {
        &self.run
    }

    /// The facts of every step, from observations or from the journal.
    pub(super) fn facts(&self) -> StepFacts {
        let held = self
            .statuses
            .iter()
            .filter_map(|(id, status)| Some((id.clone(), status.in_place.clone()?)));
        self.run.facts().clone().into_iter().chain(held).collect()
    }

    /// Whether a step is as the goal needs it.
    pub(super) fn is_at_goal(&self, step: &Step) -> bool {
        if !self.run.is_teardown() && !self.leaving_region {
            return self.statuses[&step.id].in_place.is_some();
        }
        match &step.kind {
            StepKind::Resource { undo: Undo::Delete, .. } => self.is_gone(step),
            StepKind::Resource { undo: Undo::With(parent), .. } => {
                self.plan.step(parent).is_none_or(|parent| self.is_at_goal(parent))
            }
            StepKind::Handover { .. } | StepKind::Gate { .. } => true,
        }
    }

    /// Whether a look has proven that there is no second one.
    fn is_listed_since_create(&self, step: &Step) -> bool {
        !step.can_duplicate() || self.statuses[&step.id].is_listed
    }

    /// Whether a step is being undone: the run removes, or leaves a full region.
    fn is_deleting(&self, step: &Step) -> bool {
        let leaves = self.run.is_teardown() || self.leaving_region && step.is_regional();
        leaves && self.started_resources().any(|touched| touched.id == step.id)
    }

    /// Whether it is taken back although the run is to be deployed.
    pub(super) fn is_changing_region(&self, step: &Step) -> bool {
        self.is_deleting(step) && !self.run.is_teardown()
    }

    fn is_deleting_id(&self, id: &StepId) -> bool {
        self.plan.step(id).is_some_and(|step| self.is_deleting(step))
    }

    /// Whether it was never made, or is known to be gone and seen so by this process.
    fn is_gone(&self, step: &Step) -> bool {
        match self.run.state(&step.id) {
            StepState::Untouched => true,
            StepState::Absent => {
                matches!(self.statuses[&step.id].observation, LastObservation::Absent { .. })
            }
            _ => false,
        }
    }

    /// The resources that were ever touched and go away by a call of their own.
    pub(super) fn started_resources(&self) -> impl Iterator<Item = &Step> {
        self.plan.deletable().filter(|step| self.run.state(&step.id) != StepState::Untouched)
    }

    /// Whether this process has made a call for a step.
    pub(super) fn is_started(&self, step: &Step) -> bool {
        let status = &self.statuses[&step.id];
        status.calls > 0 || status.polling_since_ms.is_some()
    }

    /// The facts that a resource had when it was last seen or made; empty when it never was.
    pub(super) fn last_facts(&self, id: &StepId) -> Facts {
        self.statuses[id].facts.clone()
    }

    fn status_mut(&mut self, id: &StepId) -> &mut StepStatus {
        self.statuses.entry(id.clone()).or_default()
    }

    /// Whether every dependency of a step is observed to be gone, so that it can no longer appear.
    fn is_deleted_with_parent(&self, id: &StepId) -> bool {
        let mut under =
            self.plan.deletable().filter(|step| self.plan.depends_on(id, &step.id)).peekable();
        under.peek().is_some() && under.all(|step| self.is_gone(step))
    }

    /// Whether a resource that is not observed may still exist: a create may take effect late, and
    /// a new resource may not be listed yet. Where a name is unique the latter does no harm: a
    /// second create is refused.
    pub(super) fn may_yet_appear(&self, id: &StepId, now_ms: u64) -> bool {
        let made = self.run.facts().contains_key(id) && !self.statuses[id].given_up;
        let listed_late = made && !self.plan.step(id).is_some_and(Step::is_unique);
        (self.run.is_create_unconfirmed(id) || listed_late)
            && now_ms < self.statuses[id].unconfirmed_since_ms + SETTLE_MS
            && !self.is_deleted_with_parent(id)
    }

    /// Whether a look did not find it, and it may still appear.
    pub(super) fn may_still_complete(&self, step: &Step) -> bool {
        matches!(self.statuses[&step.id].observation, LastObservation::Absent { settled: false })
    }

    /// Whether its dependencies can be deleted: it is absent, and not only unlisted.
    fn is_cleared(&self, id: &StepId) -> bool {
        let status = &self.statuses[id];
        let made = self.run.facts().contains_key(id);
        matches!(status.observation, LastObservation::Absent { .. }) && (!made || status.given_up)
    }
}

/// The pause after this many in a row: doubled each time, with a random half so that many runs do
/// not call at once.
fn backoff_ms(streak: u32, jitter: u8) -> u64 {
    let whole = BACKOFF_MAX_MS.min(BACKOFF_MIN_MS << streak.min(16));
    whole / 2 + whole / 2 * u64::from(jitter) / u64::from(u8::MAX)
}
