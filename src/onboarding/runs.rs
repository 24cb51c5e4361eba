//! Runs that a chat has under way: started, watched, stopped.

use std::sync::Arc;

use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio::time::Instant;
use tracing::Instrument;

use crate::cloud::Cloud;
use crate::deployment::{Goal, Outcome, StageUpdate};
use crate::deployments::Deployments;
use crate::metrics;
use crate::secret::Secret;
use crate::spec::{DeploymentId, Spec};

use super::active_runs::RunGuard;
use super::panics::catch_panic;

/// What a chat's runs have to tell.
pub(super) enum RunEvent {
    /// A stage moved on.
    Progress(u64, DeploymentId, StageUpdate),
    /// The drive is over.
    Ended(u64, DeploymentId, Box<anyhow::Result<Outcome>>),
}

/// The run that a chat has under way, if any.
pub(super) struct Runner {
    /// Tells the events of this drive from those of one that was stopped.
    pub(super) generation: u64,
    pub(super) task: Option<JoinHandle<()>>,
    pub(super) goal: Goal,
    pub(super) owner_key: Option<Arc<Secret>>,
    pub(super) owed: Option<PendingLink>,
    sender: mpsc::Sender<RunEvent>,
    events: mpsc::Receiver<RunEvent>,
}

/// The link that the person has not got yet.
pub(super) struct PendingLink {
    pub(super) spec: Spec,
    pub(super) owner_key: Arc<Secret>,
    /// When it is given up, like every credential that is held.
    pub(super) until: Instant,
}

impl Default for Runner {
    fn default() -> Self {
        let (sender, events) = mpsc::channel(StageUpdate::CHANNEL);
        Self {
            generation: 0,
            task: None,
            goal: Goal::Deployed,
            owner_key: None,
            owed: None,
            sender,
            events,
        }
    }
}

impl Drop for Runner {
    fn drop(&mut self) {
        if let Some(task) = &self.task {
            task.abort();
        }
    }
}

impl Runner {
    pub(super) fn is_idle(&self) -> bool {
        self.task.is_none()
    }

    /// How long a link waits for its person; `None` when none is owed.
    pub(super) fn owed_until(&self) -> Option<Instant> {
        self.owed.as_ref().map(|owed| owed.until)
    }

    /// No link is owed any more.
    pub(super) fn drop_pending_link(&mut self) {
        self.owed = None;
    }

    /// The next thing that a run has to tell.
    pub(super) async fn event(&mut self) -> Option<RunEvent> {
        self.events.recv().await
    }

    /// Stops what is under way, and returns when it has stopped. A stopped drive is like a crashed
    /// one: the next carries on from the journal.
    pub(super) async fn stop(&mut self) {
        self.generation += 1;
        self.owner_key = None;
        if let Some(task) = self.task.take() {
            task.abort();
            // It was told to end; how it ends does not matter.
            let _ = task.await;
        }
    }

    pub(super) fn start(
        &mut self,
        deployments: Deployments,
        guard: RunGuard,
        run: DeploymentId,
        goal: Goal,
        cloud: Arc<dyn Cloud>,
    ) {
        metrics::run_begun(goal == Goal::Removed);
        self.goal = goal;
        let drive = DriveTask {
            generation: self.generation,
            deployments,
            guard,
            run,
            goal,
            cloud,
            events: self.sender.clone(),
        };
        self.task = Some(tokio::spawn(drive.work().in_current_span()));
    }
}

struct DriveTask {
    generation: u64,
    deployments: Deployments,
    /// Nobody else drives this run from here.
    guard: RunGuard,
    run: DeploymentId,
    goal: Goal,
    cloud: Arc<dyn Cloud>,
    events: mpsc::Sender<RunEvent>,
}

impl DriveTask {
    async fn work(self) {
        let (sender, mut progress) = mpsc::channel(StageUpdate::CHANNEL);
        let outcome = {
            let drive = self.deployments.drive(&self.run, self.goal, &*self.cloud, &sender);
            let mut drive = std::pin::pin!(catch_panic(drive));
            loop {
                tokio::select! {
                    biased;
                    outcome = &mut drive => break outcome,
                    Some(line) = progress.recv() => self.send_progress(line),
                }
            }
        };
        while let Ok(line) = progress.try_recv() {
            self.send_progress(line);
        }
        let outcome = match outcome {
            Some(driven) => driven.map_err(anyhow::Error::from),
            None => Err(anyhow::anyhow!("it panicked")),
        };
        // Whoever is told of the end may drive it again.
        drop(self.guard);
        let ended = RunEvent::Ended(self.generation, self.run, Box::new(outcome));
        // The chat's task ends later than its runs, or stops them.
        let _ = self.events.send(ended).await;
    }

    /// Progress is for the eye: what does not fit is dropped, so that the drive never waits.
    fn send_progress(&self, line: StageUpdate) {
        let event = RunEvent::Progress(self.generation, self.run.clone(), line);
        let _ = self.events.try_send(event);
    }
}
