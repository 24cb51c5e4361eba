//! Drives that are under way in this process. No face owns them: a chat whose task ends leaves its
//! run driving, and the next task of the chat watches it again.

use std::panic::AssertUnwindSafe;
use std::sync::{Arc, Weak};
use std::time::Duration;

use dashmap::{DashMap, Entry};
use futures::FutureExt;
use tokio::sync::{Notify, mpsc, watch};
use tokio::task::JoinHandle;
use tracing::Instrument;

use crate::cloud::Cloud;
use crate::deployment::{Goal, Outcome, Progress, StageStatus, StageUpdate};
use crate::metrics::{self, RunEndLabel};
use crate::provisioner::{DriveError, Provisioner};
use crate::secret::Secret;
use crate::spec::DeploymentId;
use crate::vault::HOLD_MAX;

/// How long the end of a drive is kept for a watcher, with the key of the owner.
const END_KEPT: Duration = HOLD_MAX;

/// One drive, begun with its credentials.
pub struct NewDrive {
    /// The run; its journal says how far it is.
    pub run: DeploymentId,
    /// Where it goes.
    pub goal: Goal,
    /// The account, opened for this run.
    pub cloud: Arc<dyn Cloud>,
    /// The owner's key to the relay, for whoever is told of the end.
    pub owner_key: Option<Arc<Secret>>,
}

/// The drives of this process, one for each run at most. Two users of one account can find the same
/// deployment; without this map they would fence each other out forever.
#[derive(Clone, Default)]
pub(super) struct ActiveRuns(Arc<DashMap<DeploymentId, ActiveRun>>);

struct ActiveRun {
    goal: Goal,
    owner_key: Option<Arc<Secret>>,
    view: watch::Receiver<RunView>,
    collected: Arc<Notify>,
    task: JoinHandle<()>,
}

impl Drop for ActiveRun {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// How far a drive is.
#[derive(Clone, Default)]
struct RunView {
    /// Every update so far, [`StageUpdate::CHANNEL`] at most.
    updates: Vec<StageUpdate>,
    end: Option<RunResult>,
}

/// The end of a drive, for every watcher. The log has the details of an error.
pub type RunResult = Result<Outcome, DriveStop>;

/// Why a drive ended without an outcome. The run can be driven again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DriveStop {
    /// Another process drives this run now.
    Fenced,
    /// The journal could not be read or written, or the drive panicked or was stopped.
    Broken,
}

/// News of a drive.
pub enum RunEvent {
    /// A stage moved on.
    Progress(StageUpdate),
    /// The drive is over.
    Ended(RunResult),
}

/// One watcher of a drive. It sees every update from the beginning, whenever it begins to watch.
pub struct RunWatch {
    /// The run.
    pub run: DeploymentId,
    /// Where it goes.
    pub goal: Goal,
    /// The owner's key to the relay, if the drive makes one.
    pub owner_key: Option<Arc<Secret>>,
    view: watch::Receiver<RunView>,
    seen: usize,
    collected: Arc<Notify>,
}

impl RunWatch {
    /// Skips the updates that this progress message shows already.
    pub fn skip_shown(&mut self, shown: &Progress) {
        let view = self.view.borrow();
        let count = view.updates.len();
        let fits = |seen: &usize| is_shown(&view.updates[..*seen], shown);
        self.seen = (0..=count).rev().find(fits).unwrap_or(count);
    }

    /// The next news; the end again and again once it has come. Dropping the future loses nothing.
    pub async fn next(&mut self) -> RunEvent {
        loop {
            let (update, end) = {
                let view = self.view.borrow_and_update();
                (view.updates.get(self.seen).copied(), view.end.clone())
            };
            if let Some(update) = update {
                self.seen += 1;
                return RunEvent::Progress(update);
            }
            if let Some(end) = end {
                return RunEvent::Ended(end);
            }
            if self.view.changed().await.is_err() {
                return RunEvent::Ended(Err(DriveStop::Broken));
            }
        }
    }

    /// The end was told: it is kept no longer.
    pub fn collect(self) {
        self.collected.notify_one();
    }
}

/// Whether a progress message shows these updates and no others.
fn is_shown(updates: &[StageUpdate], shown: &Progress) -> bool {
    shown.stages.iter().all(|(stage, status)| {
        let last = updates.iter().rev().find(|update| update.stage == *stage);
        *status == last.map_or(StageStatus::Pending, |update| update.status)
    })
}

impl ActiveRuns {
    /// Begins a drive; `None` while the run is being driven already.
    pub(super) fn start(&self, provisioner: Provisioner, drive: NewDrive) -> Option<RunWatch> {
        let (sender, view) = watch::channel(RunView::default());
        let entry = match self.0.entry(drive.run.clone()) {
            Entry::Occupied(active) if !active.get().is_over() => return None,
            entry => entry,
        };
        metrics::run_begun(drive.goal == Goal::Removed);
        let collected = Arc::<Notify>::default();
        let (goal, owner_key) = (drive.goal, drive.owner_key.clone());
        let task = DriveTask {
            active: Arc::downgrade(&self.0),
            provisioner,
            drive,
            view: sender,
            collected: collected.clone(),
        };
        let task = tokio::spawn(task.work().in_current_span());
        let active = ActiveRun { goal, owner_key, view, collected, task };
        let inserted = entry.insert(active);
        Some(inserted.watch(inserted.key()))
    }

    /// Watches the drive of a run from its beginning; `None` when there is none, or its end was
    /// collected.
    pub(super) fn watch(&self, run: &DeploymentId) -> Option<RunWatch> {
        self.0.get(run).map(|active| active.watch(run))
    }

    /// Stops a drive, and returns when it has stopped. A stopped drive is like a crashed one: the
    /// next carries on from the journal.
    pub(super) async fn stop(&self, run: &DeploymentId) {
        if let Some((_, mut active)) = self.0.remove(run) {
            active.task.abort();
            // It was told to end; how it ends does not matter.
            let _ = (&mut active.task).await;
        }
    }

    /// Waits until every drive that is under way now has ended.
    pub(super) async fn ended(&self) {
        let views: Vec<_> = self.0.iter().map(|active| active.view.clone()).collect();
        for mut view in views {
            // A drive that panicked has ended as well.
            let _ = view.wait_for(|view| view.end.is_some()).await;
        }
    }

    /// Stops every drive without waiting for it.
    pub(super) fn abandon(&self) {
        self.0.clear();
    }
}

impl ActiveRun {
    fn is_over(&self) -> bool {
        self.view.borrow().end.is_some()
    }

    fn watch(&self, run: &DeploymentId) -> RunWatch {
        RunWatch {
            run: run.clone(),
            goal: self.goal,
            owner_key: self.owner_key.clone(),
            view: self.view.clone(),
            seen: 0,
            collected: self.collected.clone(),
        }
    }
}

struct DriveTask {
    active: Weak<DashMap<DeploymentId, ActiveRun>>,
    provisioner: Provisioner,
    drive: NewDrive,
    view: watch::Sender<RunView>,
    collected: Arc<Notify>,
}

impl DriveTask {
    async fn work(self) {
        // Nothing half-done is seen afterwards: each drive reads the journal anew. The hook has
        // logged the panic.
        let end = AssertUnwindSafe(self.end()).catch_unwind().await;
        let end = end.unwrap_or(Err(DriveStop::Broken));
        metrics::run_ended(match &end {
            Ok(Outcome::Deployed(_)) => RunEndLabel::Deployed,
            Ok(Outcome::Removed(_)) => RunEndLabel::Removed,
            Ok(Outcome::Failed(_)) | Err(_) => RunEndLabel::Failed,
        });
        self.view.send_modify(|view| view.end = Some(end));
        // Whether it was collected or nobody came for it, it is let go of.
        let _ = tokio::time::timeout(END_KEPT, self.collected.notified()).await;
        if let Some(active) = self.active.upgrade() {
            let mine = self.view.subscribe();
            active.remove_if(&self.drive.run, |_, active| active.view.same_channel(&mine));
        }
    }

    async fn end(&self) -> RunResult {
        let NewDrive { run, goal, cloud, .. } = &self.drive;
        let (sender, mut progress) = mpsc::channel(StageUpdate::CHANNEL);
        let outcome = {
            let drive = self.provisioner.drive(run, *goal, &**cloud, &sender);
            let mut drive = std::pin::pin!(drive);
            loop {
                tokio::select! {
                    biased;
                    outcome = &mut drive => break outcome,
                    Some(update) = progress.recv() => self.note(update),
                }
            }
        };
        while let Ok(update) = progress.try_recv() {
            self.note(update);
        }
        match outcome {
            Ok(outcome) => Ok(outcome),
            Err(DriveError::Fenced) => Err(DriveStop::Fenced),
            Err(error) => {
                let error = anyhow::Error::from(error);
                tracing::error!(%run, "a run could not be driven: {error:#}");
                Err(DriveStop::Broken)
            }
        }
    }

    /// Updates beyond the bound are dropped: the outcome is what counts.
    fn note(&self, update: StageUpdate) {
        self.view.send_modify(|view| {
            if view.updates.len() < StageUpdate::CHANNEL {
                view.updates.push(update);
            }
        });
    }
}
