//! Drives a plan to deployed or to nothing. Recovery, retry, resume and teardown are one move: observe,
//! then act until the observation says what it should.
//!
//! What to do is decided by `course`, which is pure; this shell journals the intents, makes the
//! calls, and journals the outcomes. Dropping [`Provisioner::drive`] is a crash by design: a later
//! drive carries on from the journal.

use std::collections::BTreeMap;
use std::time::Duration;

use futures::stream::FuturesUnordered;
use futures::{FutureExt, StreamExt};
use tokio::sync::mpsc;
use tokio::time::Instant;

use crate::chance::Chance;
use crate::clock::Clock;
use crate::cloud::{Cloud, CloudError, Found, Here};
use crate::journal::{End, Entry, Illegal, Run};
use crate::plan::{Known, StepId};
use crate::quota::{Begun, UsedUp};
use crate::spec::{DeploymentId, Region, Spec};
use crate::store::Database;
use crate::store::runs::{AppendError, Beginning, Lease, Runs};

pub use crate::store::runs::{RunSummary, Within};
pub use report::{
    Goal, Outcome, Progress, Receipt, ReceiptLine, Remaining, RemainingLine, Seen, StageState,
};

use course::{Answer, Course, Moment, Move, Next};
use survey::{Stages, receipt, remaining};

mod course;
mod report;
mod survey;

/// How long a deployment that was removed stays on record: a month, in which its owner may ask what became of it.
pub const REMOVED_KEPT: Duration = Duration::from_secs(30 * 24 * 60 * 60);

/// Opens runs and drives them.
#[derive(Clone)]
pub struct Provisioner {
    runs: Runs,
    clock: Clock,
    chance: Chance,
}

/// Why a drive ended without an outcome. The run is as its journal says and can be driven again.
#[derive(Debug, thiserror::Error)]
pub enum DriveError {
    /// Somebody else drives this run now.
    #[error("another process drives this deployment now")]
    Fenced,
    /// There is no such run.
    #[error("no deployment {0} is known here")]
    Unknown(DeploymentId),
    /// It is being removed, so it cannot be deployed any more.
    #[error("deployment {0} is being removed; deploy a new one instead")]
    BeingRemoved(DeploymentId),
    /// The journal holds what no run can have written.
    #[error(transparent)]
    Illegal(#[from] Illegal),
    /// The journal could not be read or written; nothing was done that it does not hold.
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
    pub fn new(database: impl Into<Database>, clock: Clock, chance: Chance) -> Self {
        Self { runs: Runs::new(database), clock, chance }
    }

    /// Makes the run of a new deployment, before the first call.
    ///
    /// # Errors
    /// When the spec names no region, the id is in use, or the database fails.
    pub async fn open(&self, spec: &Spec, owner: &str) -> anyhow::Result<DeploymentId> {
        let opened = [Entry::Opened { spec: Box::new(spec.clone()) }];
        anyhow::ensure!(self.insert(spec, owner, &opened).await?, "deployment {} exists", spec.id);
        Ok(spec.id.clone())
    }

    /// The same within quotas; the one that is used up, if nothing was made.
    ///
    /// # Errors
    /// As [`Self::open`].
    pub async fn begin(
        &self,
        spec: &Spec,
        owner: &str,
        within: Within,
    ) -> anyhow::Result<Result<(), UsedUp>> {
        let opened = [Entry::Opened { spec: Box::new(spec.clone()) }];
        Run::replay(&opened)?;
        let now_ms = self.clock.now_ms();
        match self.runs.begin(&spec.id, owner, now_ms, &opened, within).await? {
            Beginning::Made => Ok(Ok(())),
            Beginning::UsedUp(used_up) => Ok(Err(used_up)),
            Beginning::Exists => anyhow::bail!("deployment {} exists", spec.id),
        }
    }

    /// When deployments were begun that count towards these quotas now, by whomever.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn begun(&self, within: Within) -> anyhow::Result<Begun> {
        self.runs.begun(within, self.clock.now_ms()).await
    }

    /// Makes the run of a deployment that was found in an account without any record of it. It can
    /// only be removed. A run that exists already is left as it is.
    ///
    /// # Errors
    /// When the spec names no region or the database fails.
    pub async fn adopt(&self, found: &Found, owner: &str) -> anyhow::Result<DeploymentId> {
        let spec = Box::new(found.spec.clone());
        self.insert(&found.spec, owner, &[Entry::Opened { spec }, Entry::Adopted]).await?;
        Ok(found.id.clone())
    }

    /// Erases what is on record of deployments that were removed [`REMOVED_KEPT`] ago or earlier, and that others
    /// were begun which count no longer.
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

    /// One run, as its journal tells it.
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
        progress: &mpsc::Sender<Progress>,
    ) -> Result<Outcome, DriveError> {
        let taken = self.runs.lease(id).await.map_err(DriveError::Store)?;
        let (lease, entries) = taken.ok_or_else(|| DriveError::Unknown(id.clone()))?;
        let run = Run::replay(&entries)?;
        if goal == Goal::Deployed && (run.is_turned() || run.is_adopted()) {
            return Err(DriveError::BeingRemoved(id.clone()));
        }
        let course = Course::new(cloud.plan(run.spec()), run);
        let stages = Stages::new(progress.clone());
        let mut drive = Drive {
            provisioner: self,
            lease,
            course,
            cloud,
            stages,
            unwritten: Vec::new(),
            gone: BTreeMap::new(),
        };
        drive.to(goal).await
    }

    async fn insert(&self, spec: &Spec, owner: &str, entries: &[Entry]) -> anyhow::Result<bool> {
        Run::replay(entries)?;
        self.runs.open(&spec.id, owner, self.clock.now_ms(), entries).await
    }
}

/// One drive of one run.
struct Drive<'a> {
    provisioner: &'a Provisioner,
    lease: Lease,
    course: Course,
    cloud: &'a dyn Cloud,
    stages: Stages,
    /// What the journal does not hold yet.
    unwritten: Vec<Entry>,
    /// When each resource was last looked for and not there, in unix milliseconds.
    gone: BTreeMap<StepId, u64>,
}

impl Drive<'_> {
    async fn to(&mut self, goal: Goal) -> Result<Outcome, DriveError> {
        let mut first = self.course.doubts();
        if goal == Goal::Removed {
            first.push(Entry::Turned);
        }
        self.record(first)?;

        let began = Instant::now();
        let cloud = self.cloud;
        let mut in_flight = FuturesUnordered::new();
        loop {
            let now_ms = elapsed_ms(began);
            match self.course.next(now_ms) {
                Next::Go(moves) => {
                    let intents = moves.iter().filter_map(|(id, what)| Course::intent(id, what));
                    self.record(intents.collect())?;
                    self.hold().await?;
                    for (id, what) in moves {
                        self.course.begin(&id, &what, now_ms);
                        in_flight.push(make(cloud, Place::of(&self.course), id, what));
                    }
                    self.stages.show(&self.course);
                }
                Next::Wait { until_ms } => {
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
                            self.learn(answers, elapsed_ms(began))?;
                        }
                        () = pause => {}
                    }
                }
                Next::Place(region) => self.record(vec![Entry::Placed { region }])?,
                Next::Reached => return self.reached(goal).await,
                Next::Stop { step, cause } => {
                    let remaining = remaining(&self.course, cloud, elapsed_ms(began)).await;
                    let mut last = self.course.doubts();
                    last.push(Entry::Ended { end: End::Stuck });
                    self.record(last)?;
                    self.flush().await?;
                    return Ok(Outcome::Failed { cause, step, remaining });
                }
            }
        }
    }

    /// Takes what came back: first into the course, then into the journal.
    fn learn(&mut self, answers: Vec<(StepId, Answer)>, now_ms: u64) -> Result<(), DriveError> {
        for (id, answer) in answers {
            if answer.says_absent() {
                self.gone.insert(id.clone(), self.provisioner.clock.now_ms());
            }
            let [jitter] = self.provisioner.chance.bytes();
            let entries = self.course.absorb(&id, answer, Moment { now_ms, jitter });
            self.record(entries)?;
        }
        self.stages.show(&self.course);
        Ok(())
    }

    async fn reached(&mut self, goal: Goal) -> Result<Outcome, DriveError> {
        let end = match goal {
            Goal::Deployed => End::Deployed,
            Goal::Removed => End::Removed,
        };
        self.record(vec![Entry::Ended { end }])?;
        self.flush().await?;
        Ok(match goal {
            Goal::Deployed => Outcome::Deployed(self.course.known()),
            Goal::Removed => Outcome::Removed(receipt(&self.course, &self.gone)),
        })
    }

    /// Takes entries into the run. They are durable after the next [`Drive::flush`].
    fn record(&mut self, entries: Vec<Entry>) -> Result<(), DriveError> {
        for entry in entries {
            let seq = self.lease.seq() + self.unwritten.len();
            self.course.apply(&entry).map_err(|why| Illegal { seq, why })?;
            self.unwritten.push(entry);
        }
        Ok(())
    }

    /// Before anything is called: the journal is durable, and the run is still ours.
    async fn hold(&mut self) -> Result<(), DriveError> {
        if self.unwritten.is_empty() {
            return Ok(self.lease.check().await?);
        }
        self.flush().await
    }

    /// Makes the journal durable. Nothing may be done on the strength of an entry, and nothing waited
    /// for, before this returns.
    async fn flush(&mut self) -> Result<(), DriveError> {
        self.lease.append(self.provisioner.clock.now_ms(), &self.unwritten).await?;
        self.unwritten.clear();
        Ok(())
    }
}

/// Where a call is made: what it may rely on, as it was when the call went out.
struct Place {
    spec: Spec,
    region: Region,
    known: Known,
}

impl Place {
    fn of(course: &Course) -> Self {
        let run = course.run();
        Self { spec: run.spec().clone(), region: run.region().clone(), known: course.known() }
    }
}

/// Makes one call. Its words go to the log, its cause to the course.
async fn make(cloud: &dyn Cloud, place: Place, id: StepId, what: Move) -> (StepId, Answer) {
    let here = Here { spec: &place.spec, region: &place.region, known: &place.known };
    let cause = |error: CloudError| {
        tracing::info!(deployment = %place.spec.id, step = %id, %error, "a call failed");
        error.cause
    };
    let answer = match &what {
        Move::Observe => Answer::Observed(cloud.observe(&here, &id).await.map_err(cause)),
        Move::Create => Answer::Created(cloud.create(&here, &id).await.map_err(cause)),
        Move::HandOver => Answer::HandedOver(cloud.create(&here, &id).await.map_err(cause)),
        Move::Delete(found) => {
            Answer::Deleted(cloud.delete(&here, &id, found).await.map_err(cause))
        }
        Move::Pass => Answer::Passed(cloud.pass(&here, &id).await.map_err(cause)),
    };
    (id, answer)
}

fn elapsed_ms(began: Instant) -> u64 {
    u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX)
}
