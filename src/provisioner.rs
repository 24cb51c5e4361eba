//! Drives a plan to deployed or to nothing. Recovery, retry, resume and teardown are one move:
//! observe, then act until the observation says what it should.
//!
//! The pure [`Reconciler`] decides the next move; this module journals the intents, makes the
//! calls, and journals the outcomes. Dropping [`Provisioner::drive`] is a crash by design: a later
//! drive carries on from the journal.

use std::collections::BTreeMap;
use std::time::Duration;

use futures::stream::FuturesUnordered;
use futures::{FutureExt, StreamExt};
use tokio::sync::mpsc;
use tokio::time::Instant;
use tracing::Instrument;

use crate::clock::Clock;
use crate::cloud::{Cloud, CloudError, StepContext};
use crate::deployment::{FoundDeployment, Goal, Outcome, RunFailure, StageUpdate};
use crate::journal::{InvalidJournal, JournalEntry, Run, RunEnd};
use crate::plan::{StepFacts, StepId};
use crate::quota::{QuotaExceeded, RecentStarts};
use crate::random::Random;
use crate::spans;
use crate::spec::{DeploymentId, Region, Spec};
use crate::store::Database;
use crate::store::runs::{AppendError, Lease, Runs, StartOutcome};

pub use crate::store::runs::{QuotaKey, RunSummary};
use progress_reporter::{ProgressReporter, receipt, remaining};
use reconciler::{CallResult, Decision, Reconciler, ResultTime, StepCall};

mod progress_reporter;
mod reconciler;

/// The time that the record of a removed deployment is kept: a month, in which its owner may ask
/// about it.
pub const REMOVED_KEPT: Duration = Duration::from_secs(30 * 24 * 60 * 60);

/// Opens runs and drives them.
#[derive(Clone)]
pub struct Provisioner {
    runs: Runs,
    clock: Clock,
    random: Random,
}

/// A drive that ended without an outcome. The run is as its journal says and can be driven again.
#[derive(Debug, thiserror::Error)]
pub enum DriveError {
    /// Another process drives this run now.
    #[error("another process drives this deployment now")]
    Fenced,
    /// There is no such run.
    #[error("no deployment {0} is known here")]
    Unknown(DeploymentId),
    /// It is being removed, so it cannot be deployed any more.
    #[error("deployment {0} is being removed; deploy a new one instead")]
    BeingRemoved(DeploymentId),
    /// The journal holds entries that no run can have written.
    #[error(transparent)]
    Illegal(#[from] InvalidJournal),
    /// The journal could not be read or written; it holds every change that was made.
    #[error(transparent)]
    Store(anyhow::Error),
}

impl From<AppendError> for DriveError {
    fn from(error: AppendError) -> Self {
        match error {
            AppendError::Fenced => Self::Fenced,
            AppendError::Store(error) => Self::Store(error),
        }
    }
}

impl Provisioner {
    /// A provisioner with its runs in this database, whose schema is [`crate::store::SCHEMA`].
    pub fn new(database: impl Into<Database>, clock: Clock, random: Random) -> Self {
        Self { runs: Runs::new(database), clock, random }
    }

    /// Makes the run of a new deployment, before the first call.
    ///
    /// # Errors
    /// When the spec names no region, the id is in use, or the database fails.
    pub async fn open(&self, spec: &Spec, owner: &str) -> anyhow::Result<DeploymentId> {
        let opened = [JournalEntry::Created { spec: Box::new(spec.clone()) }];
        anyhow::ensure!(self.insert(spec, owner, &opened).await?, "deployment {} exists", spec.id);
        Ok(spec.id.clone())
    }

    /// The same within quotas; the one that is used up, if nothing was made.
    ///
    /// # Errors
    /// As [`Self::open`].
    pub async fn open_within_quota(
        &self,
        spec: &Spec,
        owner: &str,
        within: QuotaKey,
    ) -> anyhow::Result<Result<(), QuotaExceeded>> {
        let opened = [JournalEntry::Created { spec: Box::new(spec.clone()) }];
        Run::replay(&opened)?;
        let now_ms = self.clock.now_ms();
        match self.runs.start(&spec.id, owner, now_ms, &opened, within).await? {
            StartOutcome::Created => Ok(Ok(())),
            StartOutcome::QuotaExceeded(used_up) => Ok(Err(used_up)),
            StartOutcome::Exists => anyhow::bail!("deployment {} exists", spec.id),
        }
    }

    /// The start times of all deployments that count towards these quotas now.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn recent_starts(&self, within: QuotaKey) -> anyhow::Result<RecentStarts> {
        self.runs.recent_starts(within, self.clock.now_ms()).await
    }

    /// Makes the run of a deployment that was found in an account without any record of it. It can
    /// only be removed. A run that exists already is left as it is.
    ///
    /// # Errors
    /// When the spec names no region or the database fails.
    pub async fn adopt(
        &self,
        found: &FoundDeployment,
        owner: &str,
    ) -> anyhow::Result<DeploymentId> {
        let created = JournalEntry::Created { spec: found.spec.clone() };
        self.insert(&found.spec, owner, &[created, JournalEntry::Adopted]).await?;
        Ok(found.spec.id.clone())
    }

    /// Erases the records of deployments that were removed [`REMOVED_KEPT`] ago or earlier, and the
    /// starts that count no longer.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn erase_removed(&self) -> anyhow::Result<()> {
        let kept_ms = u64::try_from(REMOVED_KEPT.as_millis()).unwrap_or(u64::MAX);
        let now_ms = self.clock.now_ms();
        self.runs.erase_openings(now_ms).await?;
        self.runs.erase_removed(now_ms.saturating_sub(kept_ms)).await
    }

    /// Every run, or every run of one owner, oldest first.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn runs(&self, owner: Option<&str>) -> anyhow::Result<Vec<RunSummary>> {
        self.runs.list(owner).await
    }

    /// One run, in the state of its journal.
    ///
    /// # Errors
    /// When the database fails or holds what is not a journal.
    pub async fn run(&self, id: &DeploymentId) -> anyhow::Result<Option<Run>> {
        let entries = self.runs.journal(id).await?;
        if entries.is_empty() { Ok(None) } else { Ok(Some(Run::replay(&entries)?)) }
    }

    /// Drives a run to its goal with this credential, or until only the person can help.
    ///
    /// A run that is being removed can only be removed; a failed or deployed one can be driven to
    /// either goal. The keys that the cloud holds are handed over anew by every drive to
    /// [`Goal::Deployed`].
    ///
    /// # Errors
    /// See [`DriveError`]. After any of them the run can be driven again.
    pub async fn drive(
        &self,
        id: &DeploymentId,
        goal: Goal,
        cloud: &dyn Cloud,
        progress: &mpsc::Sender<StageUpdate>,
    ) -> Result<Outcome, DriveError> {
        let drive = async {
            tracing::info!(?goal, "a drive begins");
            let outcome = self.drive_to(id, goal, cloud, progress).await;
            let is_at_goal = outcome.as_ref().is_ok_and(Outcome::is_goal);
            tracing::info!(is_at_goal, "a drive has ended");
            outcome
        };
        drive.instrument(spans::run(id)).await
    }

    async fn drive_to(
        &self,
        id: &DeploymentId,
        goal: Goal,
        cloud: &dyn Cloud,
        progress: &mpsc::Sender<StageUpdate>,
    ) -> Result<Outcome, DriveError> {
        let taken = self.runs.lease(id).await.map_err(DriveError::Store)?;
        let (lease, entries) = taken.ok_or_else(|| DriveError::Unknown(id.clone()))?;
        let run = Run::replay(&entries)?;
        if goal == Goal::Deployed && (run.is_teardown() || run.is_adopted()) {
            return Err(DriveError::BeingRemoved(id.clone()));
        }
        let reconciler = Reconciler::new(cloud.plan(run.spec()), run);
        let stages = ProgressReporter::new(progress.clone());
        let mut drive = RunDriver {
            provisioner: self,
            lease,
            reconciler,
            cloud,
            reporter: stages,
            unwritten: Vec::new(),
            gone: BTreeMap::new(),
        };
        drive.run_to_goal(goal).await
    }

    async fn insert(
        &self,
        spec: &Spec,
        owner: &str,
        entries: &[JournalEntry],
    ) -> anyhow::Result<bool> {
        Run::replay(entries)?;
        self.runs.open(&spec.id, owner, self.clock.now_ms(), entries).await
    }
}

/// One drive of one run.
struct RunDriver<'a> {
    provisioner: &'a Provisioner,
    lease: Lease,
    reconciler: Reconciler,
    cloud: &'a dyn Cloud,
    reporter: ProgressReporter,
    /// Entries that the journal does not hold yet.
    unwritten: Vec<JournalEntry>,
    /// The time of the last look that did not find a resource, by step, in unix milliseconds.
    gone: BTreeMap<StepId, u64>,
}

impl RunDriver<'_> {
    async fn run_to_goal(&mut self, goal: Goal) -> Result<Outcome, DriveError> {
        let mut first = self.reconciler.unconfirmed_entries();
        if goal == Goal::Removed {
            first.push(JournalEntry::TeardownStarted);
        }
        self.record(first)?;

        let began = Instant::now();
        let cloud = self.cloud;
        let mut in_flight = FuturesUnordered::new();
        loop {
            let now_ms = elapsed_ms(began);
            match self.reconciler.next(now_ms) {
                Decision::Start(moves) => {
                    let intents =
                        moves.iter().filter_map(|(id, what)| Reconciler::intent(id, what));
                    self.record(intents.collect())?;
                    self.confirm_lease().await?;
                    for (id, what) in moves {
                        self.reconciler.start_call(&id, &what, now_ms);
                        in_flight.push(call(cloud, CallContext::of(&self.reconciler), id, what));
                    }
                    self.reporter.show(&self.reconciler);
                }
                Decision::Wait { until_ms } => {
                    self.flush().await?;
                    let pause = async {
                        match until_ms {
                            Some(until) => {
                                tokio::time::sleep_until(began + Duration::from_millis(until))
                                    .await;
                            }
                            None => std::future::pending().await,
                        }
                    };
                    tokio::select! {
                        biased;
                        Some(first) = in_flight.next() => {
                            let mut answers = vec![first];
                            while let Some(Some(more)) = in_flight.next().now_or_never() {
                                answers.push(more);
                            }
                            self.apply_results(answers, elapsed_ms(began))?;
                        }
                        () = pause => {}
                    }
                }
                Decision::ChangeRegion(region) => {
                    self.record(vec![JournalEntry::RegionChanged { region }])?
                }
                Decision::Finished => return self.finish(goal).await,
                Decision::Stop { step, cause } => {
                    let remaining = remaining(&self.reconciler, cloud, elapsed_ms(began)).await;
                    let mut last = self.reconciler.unconfirmed_entries();
                    last.push(JournalEntry::Ended { end: RunEnd::Stuck });
                    self.record(last)?;
                    self.flush().await?;
                    let (step, remaining) = (Some(step), Some(remaining));
                    return Ok(Outcome::Failed(RunFailure { cause, step, remaining }));
                }
            }
        }
    }

    /// Applies an answer: first to the reconciler, then to the journal.
    fn apply_results(
        &mut self,
        answers: Vec<(StepId, CallResult)>,
        now_ms: u64,
    ) -> Result<(), DriveError> {
        for (id, answer) in answers {
            if answer.says_absent() {
                self.gone.insert(id.clone(), self.provisioner.clock.now_ms());
            }
            let [jitter] = self.provisioner.random.bytes();
            let entries = self.reconciler.record_result(&id, answer, ResultTime { now_ms, jitter });
            self.record(entries)?;
        }
        self.reporter.show(&self.reconciler);
        Ok(())
    }

    async fn finish(&mut self, goal: Goal) -> Result<Outcome, DriveError> {
        let end = match goal {
            Goal::Deployed => RunEnd::Deployed,
            Goal::Removed => RunEnd::Removed,
        };
        self.record(vec![JournalEntry::Ended { end }])?;
        self.flush().await?;
        Ok(match goal {
            Goal::Deployed => Outcome::Deployed(self.reconciler.facts()),
            Goal::Removed => Outcome::Removed(receipt(&self.reconciler, &self.gone)),
        })
    }

    /// Takes entries into the run. They are durable after the next [`RunDriver::flush`].
    fn record(&mut self, entries: Vec<JournalEntry>) -> Result<(), DriveError> {
        for entry in entries {
            let seq = self.lease.seq() + self.unwritten.len();
            self.reconciler.apply(&entry).map_err(|why| InvalidJournal { seq, why })?;
            self.unwritten.push(entry);
        }
        Ok(())
    }

    /// Makes sure before a call that the journal is durable and that the run is still ours.
    async fn confirm_lease(&mut self) -> Result<(), DriveError> {
        if self.unwritten.is_empty() {
            return Ok(self.lease.check().await?);
        }
        self.flush().await
    }

    /// Makes the journal durable. Nothing may be done on the strength of an entry, and nothing
    /// waited for, before this returns.
    async fn flush(&mut self) -> Result<(), DriveError> {
        self.lease.append(self.provisioner.clock.now_ms(), &self.unwritten).await?;
        self.unwritten.clear();
        Ok(())
    }
}

/// The state of the run at the time of a call.
struct CallContext {
    spec: Spec,
    region: Region,
    facts: StepFacts,
}

impl CallContext {
    fn of(reconciler: &Reconciler) -> Self {
        let run = reconciler.run();
        Self { spec: run.spec().clone(), region: run.region().clone(), facts: reconciler.facts() }
    }
}

/// Makes one call. The text of a failure goes to the log, its cause to the reconciler.
async fn call(
    cloud: &dyn Cloud,
    place: CallContext,
    id: StepId,
    what: StepCall,
) -> (StepId, CallResult) {
    let here = StepContext { spec: &place.spec, region: &place.region, facts: &place.facts };
    let cause = |error: CloudError| {
        tracing::info!(step = %id, %error, "a call failed");
        error.cause
    };
    let answer = match &what {
        StepCall::Observe => CallResult::Observed(cloud.observe(&here, &id).await.map_err(cause)),
        StepCall::Create => CallResult::Created(cloud.create(&here, &id).await.map_err(cause)),
        StepCall::HandOver => CallResult::HandedOver(cloud.create(&here, &id).await.map_err(cause)),
        StepCall::Delete(found) => {
            CallResult::Deleted(cloud.delete(&here, &id, found).await.map_err(cause))
        }
        StepCall::PollGate => {
            CallResult::GatePolled(cloud.poll_gate(&here, &id).await.map_err(cause))
        }
    };
    (id, answer)
}

fn elapsed_ms(began: Instant) -> u64 {
    u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX)
}
