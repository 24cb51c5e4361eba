//! What can be told about a run from outside: its stages, what is gone, what remains.

use std::collections::{BTreeMap, BTreeSet};

use futures::future::join_all;
use tokio::sync::mpsc;

use super::CallContext;
use super::reconciler::Reconciler;
use super::report::{
    Presence, Receipt, ReceiptLine, Remaining, RemainingLine, StageActivity, StageUpdate,
};
use crate::cloud::{Cloud, FailureCause, Observation, StepContext};
use crate::plan::{Facts, Stage, Step, StepId};

/// Tells the progress of a drive, each change once.
pub(super) struct ProgressReporter {
    reported: BTreeMap<Stage, StageActivity>,
    updates: mpsc::Sender<StageUpdate>,
}

impl ProgressReporter {
    pub(super) fn new(updates: mpsc::Sender<StageUpdate>) -> Self {
        Self { reported: BTreeMap::new(), updates }
    }

    pub(super) fn show(&mut self, course: &Reconciler) {
        let (busy, quiet) = match course.run().is_teardown() {
            false => (StageActivity::Working, StageActivity::Done),
            true => (StageActivity::Removing, StageActivity::Removed),
        };
        let stages: BTreeSet<Stage> = course.plan().steps().iter().map(|step| step.stage).collect();
        for stage in stages {
            let mut steps = course.plan().steps().iter().filter(|step| step.stage == stage);
            let mut unsettled = steps.clone().filter(|step| !course.is_at_goal(step)).peekable();
            let state = if unsettled.peek().is_none() {
                quiet
            } else if unsettled.all(|step| course.may_still_complete(step)) {
                StageActivity::Unconfirmed
            } else if steps.any(|step| course.is_started(step)) {
                busy
            } else {
                continue;
            };
            if self.reported.insert(stage, state) != Some(state) {
                // Nobody reads it, or nobody reads it fast enough: see `StageUpdate::CHANNEL`.
                self.updates.try_send(StageUpdate { stage, state }).ok();
            }
        }
    }
}

/// The proof of a removal that has been observed to its end.
pub(super) fn receipt(course: &Reconciler, gone: &BTreeMap<StepId, u64>) -> Receipt {
    let lines = course.started_resources().filter_map(|step| {
        let gone_at_ms = *gone.get(&step.id)?;
        Some(ReceiptLine { step: step.id.clone(), name: course.name_of(step), gone_at_ms })
    });
    Receipt { lines: lines.collect() }
}

/// What exists now, by looking. What was never made is not looked for.
pub(super) async fn remaining(course: &Reconciler, cloud: &dyn Cloud, now_ms: u64) -> Remaining {
    let place = CallContext::of(course);
    let here = StepContext { spec: &place.spec, region: &place.region, facts: &place.facts };
    let looks = course.started_resources().map(async |step: &Step| {
        // A list lags behind what we made ourselves: that it is not shown does not make it gone.
        let was_made = course.run().facts().contains_key(&step.id);
        let may_yet_appear = was_made || course.may_yet_appear(&step.id, now_ms);
        let seen = match cloud.observe(&here, &step.id).await {
            Ok(Observation::Present(all) | Observation::Outdated(all)) => Presence::Present(all),
            Ok(Observation::Leaving) => Presence::Leaving,
            Ok(Observation::Absent) if may_yet_appear => Presence::Unknown,
            Ok(Observation::Absent) => return None,
            Err(error) if error.cause == FailureCause::NotFound && !may_yet_appear => return None,
            Err(_) => Presence::Unknown,
        };
        let link = cloud.link(here.spec, &step.id);
        let (role, costs) = (step.role, step.costs_money());
        Some(RemainingLine { step: step.id.clone(), role, seen, costs, link })
    });
    Remaining { lines: join_all(looks).await.into_iter().flatten().collect() }
}

impl Reconciler {
    /// What a person knows a resource by.
    fn name_of(&self, step: &Step) -> String {
        let facts: Facts = self.last_facts(&step.id);
        let told = ["name", "id", "address"].into_iter().find_map(|key| facts.get(key).cloned());
        told.unwrap_or_else(|| match step.role {
            Some(role) => self.run().spec().app(role),
            None => step.id.to_string(),
        })
    }
}
