//! Runs that this process is driving. Two users of one account can find the same deployment;
//! without this set they would fence each other out forever.

use std::sync::Arc;

use dashmap::DashSet;

use crate::spec::DeploymentId;

/// The runs that are driven; at most one for each chat.
#[derive(Clone, Debug, Default)]
pub(super) struct ActiveRuns(Arc<DashSet<DeploymentId>>);

/// Exclusive right to drive one run; released on drop.
#[derive(Debug)]
pub(super) struct RunGuard {
    active: ActiveRuns,
    run: DeploymentId,
}

impl ActiveRuns {
    /// Returns `None` while the run is being driven already.
    pub(super) fn try_start(&self, run: &DeploymentId) -> Option<RunGuard> {
        let started = self.0.insert(run.clone());
        started.then(|| RunGuard { active: self.clone(), run: run.clone() })
    }
}

impl Drop for RunGuard {
    fn drop(&mut self) {
        self.active.0.remove(&self.run);
    }
}
