//! The choice of the next moves.

use super::{Decision, LastObservation, Reconciler, StepCall};
use crate::cloud::FailureCause;
use crate::journal::StepState;
use crate::plan::{ID, Step, StepId, StepKind};
use crate::spec::Region;

impl Reconciler {
    /// Everything that is ready, or what to wait for, or how it ends.
    pub(in crate::provisioner) fn next(&mut self, now_ms: u64) -> Decision {
        if let Some((step, cause)) = &self.stopped {
            return if self.in_flight.is_empty() {
                Decision::Stop { step: step.clone(), cause: *cause }
            } else {
                Decision::Wait { until_ms: None }
            };
        }
        if self.in_flight.is_empty()
            && let Some(end) = self.completed()
        {
            return end;
        }
        let (ready, later): (Vec<_>, Vec<_>) =
            self.ready_calls().into_iter().partition(|(id, _)| self.not_before_ms(id) <= now_ms);
        if ready.is_empty() {
            let until_ms = later.iter().map(|(id, _)| self.not_before_ms(id)).min();
            if until_ms.is_none() && self.in_flight.is_empty() {
                return self.blocked();
            }
            return Decision::Wait { until_ms };
        }
        Decision::Start(ready)
    }

    /// Records that a move is in flight.
    pub(in crate::provisioner) fn start_call(&mut self, id: &StepId, call: &StepCall, now_ms: u64) {
        self.in_flight.insert(id.clone());
        let status = self.status_mut(id);
        if *call == StepCall::PollGate {
            status.polling_since_ms.get_or_insert(now_ms);
        } else {
            status.calls += 1;
            self.calls += 1;
        }
    }

    fn not_before_ms(&self, id: &StepId) -> u64 {
        self.statuses[id].not_before_ms
    }

    /// The failure of a run that has no move, nothing to wait for, and is not at its goal: an
    /// endless wait would be worse.
    fn blocked(&self) -> Decision {
        let unsettled = self.plan.steps().iter().find(|step| !self.is_at_goal(step));
        match unsettled.or(self.plan.steps().first()) {
            Some(step) => {
                Decision::Stop { step: step.id.clone(), cause: FailureCause::InvalidRequest }
            }
            None => Decision::Finished,
        }
    }

    fn completed(&mut self) -> Option<Decision> {
        if !self.run.is_teardown() {
            if self.leaving_region {
                return self.next_region();
            }
            let holds =
                |step: &Step| self.is_in_place(&step.id) && self.is_listed_since_create(step);
            return self.plan.steps().iter().all(holds).then_some(Decision::Finished);
        }
        if !self.started_resources().all(|step| self.is_gone(step)) {
            return None;
        }
        if self.relisting || self.started_resources().next().is_none() {
            return Some(Decision::Finished);
        }
        self.observe_again();
        None
    }

    fn observe_again(&mut self) {
        self.relisting = true;
        let touched: Vec<StepId> = self.started_resources().map(|step| step.id.clone()).collect();
        for id in touched {
            let status = self.status_mut(&id);
            status.observation = LastObservation::Unknown;
            status.not_before_ms = 0;
        }
    }

    fn next_region(&self) -> Option<Decision> {
        let Some(region) = self.untried_region() else {
            let placed = self.plan.steps().iter().find(|step| step.is_regional())?;
            return Some(Decision::Stop {
                step: placed.id.clone(),
                cause: FailureCause::NoCapacity,
            });
        };
        let empty = self
            .started_resources()
            .filter(|step| step.is_regional())
            .all(|step| self.is_gone(step));
        empty.then_some(Decision::ChangeRegion(region))
    }

    /// The next region of the spec after the one in force that was not full during this drive.
    fn untried_region(&self) -> Option<Region> {
        let regions = &self.run.spec().regions;
        let here = regions.iter().position(|region| region == self.run.region()).unwrap_or(0);
        let mut around = regions.iter().cycle().skip(here + 1).take(regions.len());
        around.find(|region| !self.full_regions.contains(*region)).cloned()
    }

    fn ready_calls(&self) -> Vec<(StepId, StepCall)> {
        let idle = self.plan.steps().iter().filter(|step| !self.in_flight.contains(&step.id));
        let wanted = idle.filter_map(|step| {
            let call = if self.is_deleting(step) {
                self.call_to_delete(step)
            } else if self.leaving_region {
                None
            } else {
                self.call_to_create(step)
            };
            Some((step.id.clone(), call?))
        });
        wanted.collect()
    }

    fn call_to_create(&self, step: &Step) -> Option<StepCall> {
        let ready = step.needs.iter().all(|need| self.is_in_place(need));
        if !ready || self.run.is_teardown() {
            return None;
        }
        let status = &self.statuses[&step.id];
        if let Some(held) = &status.in_place {
            return match &status.observation {
                LastObservation::Present(all)
                    if all.len() > 1 && !step.is_deleted_with_another() =>
                {
                    let other = all.iter().find(|one| one.get(ID) != held.get(ID))?;
                    Some(StepCall::Delete(other.clone()))
                }
                _ if self.is_listed_since_create(step) || !self.is_used(step) => None,
                _ => Some(StepCall::Observe),
            };
        }
        match step.kind {
            StepKind::Handover { .. } => return Some(StepCall::HandOver),
            StepKind::Gate { .. } => return Some(StepCall::PollGate),
            StepKind::Resource { .. } => {}
        }
        if self.run.state(&step.id) == StepState::Untouched {
            return Some(StepCall::Create);
        }
        Some(match &status.observation {
            LastObservation::Unknown | LastObservation::Leaving => StepCall::Observe,
            LastObservation::Present(all) => StepCall::Delete(all.get(1)?.clone()),
            LastObservation::Outdated(all) => StepCall::Delete(all.first()?.clone()),
            LastObservation::Absent { settled: false } if !step.is_unique() => StepCall::Observe,
            LastObservation::Absent { .. } => StepCall::Create,
        })
    }

    fn is_in_place(&self, id: &StepId) -> bool {
        self.statuses[id].in_place.is_some()
    }

    /// Whether all that needs this step directly is there: by then, a look at it shows what is in
    /// use.
    fn is_used(&self, step: &Step) -> bool {
        let mut users = self.plan.steps().iter().filter(|user| user.needs.contains(&step.id));
        users.all(|user| self.is_in_place(&user.id))
    }

    fn call_to_delete(&self, step: &Step) -> Option<StepCall> {
        match &self.statuses[&step.id].observation {
            LastObservation::Absent { .. } if self.run.state(&step.id) == StepState::Absent => None,
            LastObservation::Absent { .. } if !self.is_cleared(&step.id) => {
                // Made but not listed (yet): its facts suffice to delete it.
                let facts = self.run.facts().get(&step.id)?.clone();
                self.has_no_dependents(step).then_some(StepCall::Delete(facts))
            }
            LastObservation::Unknown
            | LastObservation::Leaving
            | LastObservation::Absent { .. } => Some(StepCall::Observe),
            LastObservation::Present(all) | LastObservation::Outdated(all)
                if self.has_no_dependents(step) =>
            {
                Some(StepCall::Delete(all.first()?.clone()))
            }
            LastObservation::Present(_) | LastObservation::Outdated(_) => None,
        }
    }

    /// Whether nothing that needs this step is there any more.
    fn has_no_dependents(&self, step: &Step) -> bool {
        self.started_resources()
            .filter(|other| self.plan.depends_on(&other.id, &step.id))
            .all(|other| self.is_cleared(&other.id))
    }
}
