//! What to do next.

use super::{Course, Move, Next, View};
use crate::cloud::Cause;
use crate::journal::StepState;
use crate::plan::{ID, Step, StepId, StepKind};
use crate::spec::Region;

impl Course {
    /// Everything that is ready, or what to wait for, or how it ends.
    pub(in crate::provisioner) fn next(&mut self, now_ms: u64) -> Next {
        if let Some((step, cause)) = &self.stopped {
            return if self.in_flight.is_empty() {
                Next::Stop { step: step.clone(), cause: *cause }
            } else {
                Next::Wait { until_ms: None }
            };
        }
        if self.in_flight.is_empty()
            && let Some(end) = self.arrived()
        {
            return end;
        }
        let (ready, later): (Vec<_>, Vec<_>) =
            self.wanted().into_iter().partition(|(id, _)| self.not_before_ms(id) <= now_ms);
        if ready.is_empty() {
            let until_ms = later.iter().map(|(id, _)| self.not_before_ms(id)).min();
            if until_ms.is_none() && self.in_flight.is_empty() {
                return self.no_way_on();
            }
            return Next::Wait { until_ms };
        }
        Next::Go(ready)
    }

    /// A move goes out.
    pub(in crate::provisioner) fn begin(&mut self, id: &StepId, what: &Move, now_ms: u64) {
        self.in_flight.insert(id.clone());
        let sight = self.sight_mut(id);
        if *what == Move::Pass {
            sight.asked_since_ms.get_or_insert(now_ms);
        } else {
            sight.calls += 1;
            self.calls += 1;
        }
    }

    fn not_before_ms(&self, id: &StepId) -> u64 {
        self.sights[id].not_before_ms
    }

    /// Nothing to do, nothing to wait for, and not there: an engine that waits for ever would be worse.
    fn no_way_on(&self) -> Next {
        let unsettled = self.plan.steps().iter().find(|step| !self.is_settled(step));
        match unsettled.or(self.plan.steps().first()) {
            Some(step) => Next::Stop { step: step.id.clone(), cause: Cause::OurFault },
            None => Next::Reached,
        }
    }

    fn arrived(&mut self) -> Option<Next> {
        if !self.run.is_turned() {
            if self.leaving_region {
                return self.next_region();
            }
            let holds = |step: &Step| self.is_held(&step.id) && self.is_counted(step);
            return self.plan.steps().iter().all(holds).then_some(Next::Reached);
        }
        if !self.touched().all(|step| self.is_gone(step)) {
            return None;
        }
        if self.relisting || self.touched().next().is_none() {
            return Some(Next::Reached);
        }
        self.look_again();
        None
    }

    fn look_again(&mut self) {
        self.relisting = true;
        let touched: Vec<StepId> = self.touched().map(|step| step.id.clone()).collect();
        for id in touched {
            let sight = self.sight_mut(&id);
            sight.view = View::Unseen;
            sight.not_before_ms = 0;
        }
    }

    fn next_region(&self) -> Option<Next> {
        let Some(region) = self.untried_region() else {
            let placed = self.plan.steps().iter().find(|step| step.is_placed())?;
            return Some(Next::Stop { step: placed.id.clone(), cause: Cause::NoRoom });
        };
        let empty = self.touched().filter(|step| step.is_placed()).all(|step| self.is_gone(step));
        empty.then_some(Next::Place(region))
    }

    /// The next region of the spec after the one in force that was not full during this drive.
    fn untried_region(&self) -> Option<Region> {
        let regions = &self.run.spec().regions;
        let here = regions.iter().position(|region| region == self.run.region()).unwrap_or(0);
        let mut around = regions.iter().cycle().skip(here + 1).take(regions.len());
        around.find(|region| !self.full.contains(*region)).cloned()
    }

    fn wanted(&self) -> Vec<(StepId, Move)> {
        let idle = self.plan.steps().iter().filter(|step| !self.in_flight.contains(&step.id));
        let wanted = idle.filter_map(|step| {
            let what = if self.is_unmaking(step) {
                self.unmake(step)
            } else if self.leaving_region {
                None
            } else {
                self.make(step)
            };
            Some((step.id.clone(), what?))
        });
        wanted.collect()
    }

    fn make(&self, step: &Step) -> Option<Move> {
        let ready = step.needs.iter().all(|need| self.is_held(need));
        if !ready || self.run.is_turned() {
            return None;
        }
        let sight = &self.sights[&step.id];
        if let Some(held) = &sight.held {
            return match &sight.view {
                View::Present(all) if all.len() > 1 && !step.goes_with_another() => {
                    let other = all.iter().find(|one| one.get(ID) != held.get(ID))?;
                    Some(Move::Delete(other.clone()))
                }
                _ if self.is_counted(step) || !self.is_used(step) => None,
                _ => Some(Move::Observe),
            };
        }
        match step.kind {
            StepKind::Handover { .. } => return Some(Move::HandOver),
            StepKind::Gate { .. } => return Some(Move::Pass),
            StepKind::Resource { .. } => {}
        }
        if self.run.state(&step.id) == StepState::Untouched {
            return Some(Move::Create);
        }
        Some(match &sight.view {
            View::Unseen | View::Leaving => Move::Observe,
            View::Present(all) => Move::Delete(all.get(1)?.clone()),
            View::Outdated(all) => Move::Delete(all.first()?.clone()),
            View::Absent { settled: false } if !step.is_unique() => Move::Observe,
            View::Absent { .. } => Move::Create,
        })
    }

    fn is_held(&self, id: &StepId) -> bool {
        self.sights[id].held.is_some()
    }

    /// Whether all that needs this step directly is there: by then, a look at it shows what is in use.
    fn is_used(&self, step: &Step) -> bool {
        let mut users = self.plan.steps().iter().filter(|user| user.needs.contains(&step.id));
        users.all(|user| self.is_held(&user.id))
    }

    fn unmake(&self, step: &Step) -> Option<Move> {
        match &self.sights[&step.id].view {
            View::Absent { .. } if self.run.state(&step.id) == StepState::Absent => None,
            View::Absent { .. } if !self.is_out_of_the_way(&step.id) => {
                // Made, and only not listed (yet): what is known of it is enough to unmake it.
                let facts = self.run.known().get(&step.id)?.clone();
                self.stands_free(step).then_some(Move::Delete(facts))
            }
            View::Unseen | View::Leaving | View::Absent { .. } => Some(Move::Observe),
            View::Present(all) | View::Outdated(all) if self.stands_free(step) => {
                Some(Move::Delete(all.first()?.clone()))
            }
            View::Present(_) | View::Outdated(_) => None,
        }
    }

    /// Whether nothing that needs this step is there any more.
    fn stands_free(&self, step: &Step) -> bool {
        self.touched()
            .filter(|other| self.plan.stands_on(&other.id, &step.id))
            .all(|other| self.is_out_of_the_way(&other.id))
    }
}
