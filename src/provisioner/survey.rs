//! What can be told about a run from outside: its stages, what is gone, what remains.

use std::collections::{BTreeMap, BTreeSet};

use futures::future::join_all;
use tokio::sync::mpsc;

use super::Place;
use super::course::Course;
use super::report::{Progress, Receipt, ReceiptLine, Remaining, RemainingLine, Seen, StageState};
use crate::cloud::{Cause, Cloud, Here, Observation};
use crate::plan::{Facts, Stage, Step, StepId};

/// Tells the progress of a drive, each change once.
pub(super) struct Stages {
    told: BTreeMap<Stage, StageState>,
    to: mpsc::Sender<Progress>,
}

impl Stages {
    pub(super) fn new(to: mpsc::Sender<Progress>) -> Self {
        Self { told: BTreeMap::new(), to }
    }

    pub(super) fn show(&mut self, course: &Course) {
        let (busy, quiet) = match course.run().is_turned() {
            false => (StageState::Working, StageState::Done),
            true => (StageState::Removing, StageState::Removed),
        };
        let stages: BTreeSet<Stage> = course.plan().steps().iter().map(|step| step.stage).collect();
        for stage in stages {
            let mut steps = course.plan().steps().iter().filter(|step| step.stage == stage);
            let mut unsettled = steps.clone().filter(|step| !course.is_settled(step)).peekable();
            let state = if unsettled.peek().is_none() {
                quiet
            } else if unsettled.all(|step| course.may_still_come(step)) {
                StageState::Settling
            } else if steps.any(|step| course.is_begun(step)) {
                busy
            } else {
                continue;
            };
            if self.told.insert(stage, state) != Some(state) {
                // Nobody reads it, or nobody reads it fast enough: see `Progress::CHANNEL`.
                self.to.try_send(Progress { stage, state }).ok();
            }
        }
    }
}

/// The proof of a removal that has been observed to its end.
pub(super) fn receipt(course: &Course, gone: &BTreeMap<StepId, u64>) -> Receipt {
    let lines = course.touched().filter_map(|step| {
        let gone_at_ms = *gone.get(&step.id)?;
        Some(ReceiptLine { step: step.id.clone(), name: course.name_of(step), gone_at_ms })
    });
    Receipt { lines: lines.collect() }
}

/// What exists now, by looking. What was never made is not looked for.
pub(super) async fn remaining(course: &Course, cloud: &dyn Cloud, now_ms: u64) -> Remaining {
    let place = Place::of(course);
    let here = Here { spec: &place.spec, region: &place.region, known: &place.known };
    let looks = course.touched().map(async |step: &Step| {
        // A list lags behind what we made ourselves: that it is not shown does not make it gone.
        let was_made = course.run().known().contains_key(&step.id);
        let may_yet_appear = was_made || course.may_yet_appear(&step.id, now_ms);
        let seen = match cloud.observe(&here, &step.id).await {
            Ok(Observation::Present(all) | Observation::Outdated(all)) => Seen::There(all),
            Ok(Observation::Leaving) => Seen::Leaving,
            Ok(Observation::Absent) if may_yet_appear => Seen::Unknown,
            Ok(Observation::Absent) => return None,
            Err(error) if error.cause == Cause::Missing && !may_yet_appear => return None,
            Err(_) => Seen::Unknown,
        };
        let link = cloud.link(here.spec, &step.id);
        let (role, costs) = (step.role, step.costs());
        Some(RemainingLine { step: step.id.clone(), role, seen, costs, link })
    });
    Remaining { lines: join_all(looks).await.into_iter().flatten().collect() }
}

impl Course {
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
