//! Which runs are driven from this process. Who shares an account may find the same deployment: were each to take
//! it from the other, as a new process takes it from one that died, none would get to the end.

use std::collections::BTreeSet;
use std::sync::Arc;

use parking_lot::Mutex;

use crate::spec::DeploymentId;

/// The runs that are driven; at most one for each chat.
#[derive(Clone, Debug, Default)]
pub(super) struct Driven(Arc<Mutex<BTreeSet<DeploymentId>>>);

/// The right to drive a run, until it is dropped.
#[derive(Debug)]
pub(super) struct Claim {
    driven: Driven,
    run: DeploymentId,
}

impl Driven {
    /// The right to drive this run; none while somebody else has it.
    pub(super) fn claim(&self, run: &DeploymentId) -> Option<Claim> {
        let is_free = self.0.lock().insert(run.clone());
        is_free.then(|| Claim { driven: self.clone(), run: run.clone() })
    }
}

impl Drop for Claim {
    fn drop(&mut self) {
        self.driven.0.lock().remove(&self.run);
    }
}
