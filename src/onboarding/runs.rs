//! The run that a chat watches, and the link that its person is owed.

use std::sync::Arc;

use tokio::time::Instant;

use crate::deployments::{Deployments, RunEvent, RunWatch};
use crate::secret::Secret;
use crate::spec::Spec;

/// The run that a chat watches, if any.
#[derive(Default)]
pub(super) struct Runner {
    pub(super) watch: Option<RunWatch>,
    pub(super) owed: Option<PendingLink>,
}

/// The link that the person has not got yet.
pub(super) struct PendingLink {
    pub(super) spec: Spec,
    pub(super) owner_key: Arc<Secret>,
    /// When it is given up, like every credential that is held.
    pub(super) until: Instant,
}

impl Runner {
    pub(super) fn is_idle(&self) -> bool {
        self.watch.is_none()
    }

    /// How long a link waits for its person; `None` when none is owed.
    pub(super) fn owed_until(&self) -> Option<Instant> {
        self.owed.as_ref().map(|owed| owed.until)
    }

    /// No link is owed any more.
    pub(super) fn drop_pending_link(&mut self) {
        self.owed = None;
    }

    /// The next news of the run; pending while none is watched.
    pub(super) async fn event(&mut self) -> RunEvent {
        match &mut self.watch {
            Some(watch) => watch.next().await,
            None => std::future::pending().await,
        }
    }

    /// Stops the run that is watched, and returns when it has stopped.
    pub(super) async fn stop(&mut self, deployments: &Deployments) {
        if let Some(watch) = self.watch.take() {
            deployments.stop(&watch.run).await;
        }
    }
}
