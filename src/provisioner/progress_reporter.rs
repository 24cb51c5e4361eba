//! The progress of a run for its watchers: its stages, the resources that are gone, those that
//! remain.

use std::collections::{BTreeMap, BTreeSet};

use futures::future::join_all;
use tokio::sync::mpsc;

use super::CallContext;
use super::reconciler::Reconciler;
use crate::cloud::{Cloud, FailureCause, Observation, StepContext};
use crate::deployment::{RemainingResource, RemovedResource, StageStatus, StageUpdate};
use crate::plan::{Facts, ID, Stage, Step, StepId};
use crate::spec::Spec;

/// Reports the progress of a drive, each change once.
pub(super) struct ProgressReporter {
    reported: BTreeMap<Stage, StageStatus>,
    updates: mpsc::Sender<StageUpdate>,
}

impl ProgressReporter {
    pub(super) fn new(updates: mpsc::Sender<StageUpdate>) -> Self {
        Self { reported: BTreeMap::new(), updates }
    }

    pub(super) fn show(&mut self, reconciler: &Reconciler) {
        let stages: BTreeSet<Stage> =
            reconciler.plan().steps().iter().map(|step| step.stage).collect();
        for stage in stages {
            let mut steps = reconciler.plan().steps().iter().filter(|step| step.stage == stage);
            let mut unsettled =
                steps.clone().filter(|step| !reconciler.is_at_goal(step)).peekable();
            let status = if unsettled.peek().is_none() {
                StageStatus::Done
            } else if unsettled.clone().all(|step| reconciler.may_still_complete(step)) {
                StageStatus::Unconfirmed
            } else if unsettled.any(|step| reconciler.is_changing_region(step)) {
                StageStatus::ChangingRegion
            } else if steps.any(|step| reconciler.is_started(step)) {
                StageStatus::Running
            } else {
                continue;
            };
            if self.reported.insert(stage, status) != Some(status) {
                // The receiver is gone or too slow: see `StageUpdate::CHANNEL`.
                self.updates.try_send(StageUpdate { stage, status }).ok();
            }
        }
    }
}

/// The proof of a removal that has been observed to its end.
pub(super) fn receipt(
    reconciler: &Reconciler,
    gone: &BTreeMap<StepId, u64>,
) -> Vec<RemovedResource> {
    let line = |step: &Step| {
        let gone_at_ms = *gone.get(&step.id)?;
        Some(RemovedResource { step: step.id.clone(), name: name_of(reconciler, step), gone_at_ms })
    };
    reconciler.started_resources().filter_map(line).collect()
}

/// The resources that exist now, by looking. One that was never made is not looked for.
pub(super) async fn remaining(
    reconciler: &Reconciler,
    cloud: &dyn Cloud,
    now_ms: u64,
) -> Vec<RemainingResource> {
    let place = CallContext::of(reconciler);
    let here = StepContext { spec: &place.spec, region: &place.region, facts: &place.facts };
    let looks = reconciler.started_resources().map(async |step: &Step| {
        // A list lags behind what we made ourselves: that it is not shown does not make it gone.
        let was_made = reconciler.run().facts().contains_key(&step.id);
        let may_yet_appear = was_made || reconciler.may_yet_appear(&step.id, now_ms);
        let found = match cloud.observe(&here, &step.id).await {
            Ok(Observation::Present(all) | Observation::Outdated(all)) => Some(all),
            Ok(Observation::Leaving) => None,
            Ok(Observation::Absent) if may_yet_appear => None,
            Ok(Observation::Absent) => return None,
            Err(error) if error.cause == FailureCause::NotFound && !may_yet_appear => return None,
            Err(_) => None,
        };
        Some(RemainingResource {
            step: step.id.clone(),
            name: names_of(step, found.as_deref().unwrap_or_default(), here.spec),
            seen: found.is_some(),
            costs: step.costs_money(),
            link: cloud.link(here.spec, &step.id).unwrap_or_default(),
        })
    });
    join_all(looks).await.into_iter().flatten().collect()
}

/// The names of the resources that were found, else that of the app or network they belong to.
fn names_of(step: &Step, found: &[Facts], spec: &Spec) -> String {
    let names = found.iter().filter_map(|facts| facts.get("name").or(facts.get(ID)));
    match names.map(String::as_str).collect::<Vec<_>>().as_slice() {
        [] => step.role.map_or_else(|| spec.network(), |role| spec.app(role)),
        names => names.join(", "),
    }
}

/// The name by which a person knows a resource.
fn name_of(reconciler: &Reconciler, step: &Step) -> String {
    let facts: Facts = reconciler.last_facts(&step.id);
    let name = ["name", "id", "address"].into_iter().find_map(|key| facts.get(key).cloned());
    name.unwrap_or_else(|| match step.role {
        Some(role) => reconciler.run().spec().app(role),
        None => step.id.to_string(),
    })
}
