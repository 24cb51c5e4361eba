//! The goal, the progress and the end of a deployment's run, as every face of the program shows
//! them. This module is pure.

use serde::{Deserialize, Serialize};

use crate::account::FailureCause;
use crate::plan::{Stage, StepFacts, StepId};
use crate::spec::{DeploymentId, Role, Spec};

/// The state to which a run is driven.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Goal {
    /// Deployed and proven. A run that is deployed already hands over the new keys and is proven
    /// again.
    Deployed,
    /// Removed, and seen to be gone.
    Removed,
}

/// The end of a drive.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Deployed and proven; the facts of every step.
    Deployed(StepFacts),
    /// Nothing is left; each resource that was seen to be gone, in the order of the plan.
    Removed(Vec<RemovedResource>),
    /// Stopped. Nothing is rolled back by itself: the person drives it again (to either goal) or
    /// keeps the rest.
    Failed(RunFailure),
}

impl Outcome {
    /// Whether the run came to the goal of its drive.
    pub fn is_goal(&self) -> bool {
        !matches!(self, Self::Failed(_))
    }
}

/// The cause of a stop, and the resources that are left.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunFailure {
    /// What to do about it.
    pub cause: FailureCause,
    /// The step of the plan that it stopped at, if it came to one.
    pub step: Option<StepId>,
    /// What is in the account; `None` when nobody has looked.
    pub remaining: Option<Vec<RemainingResource>>,
}

/// A resource that was observed gone, when everything else was gone too.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RemovedResource {
    /// What it was, as the plan calls it (`relay-app`).
    #[serde(rename = "kind")]
    pub step: StepId,
    /// Its name or id in the account.
    pub name: String,
    /// When it was last looked for and not there, in unix milliseconds.
    #[serde(rename = "at_ms")]
    pub gone_at_ms: u64,
}

/// A resource that exists, or may.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RemainingResource {
    /// What it is, as the plan calls it (`relay-app`).
    #[serde(rename = "kind")]
    pub step: StepId,
    /// Its name in the account, or that of the app it belongs to.
    pub name: String,
    /// It was seen; else it may be there, or is on its way out.
    pub seen: bool,
    /// Whether it may cost money. An older record does not say, and most do.
    #[serde(default = "may_cost")]
    pub costs: bool,
    /// Where the person can look at it.
    pub link: String,
}

fn may_cost() -> bool {
    true
}

/// A deployment that was found in an account, by names and metadata alone.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct FoundDeployment {
    /// The spec as far as names and machines tell; enough to tear it down.
    pub spec: Box<Spec>,
    /// Its parts that are there.
    pub roles: Vec<Role>,
}

/// A stage of a run is this far now. A drive sends few of these: a channel of
/// [`StageUpdate::CHANNEL`] is never full.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StageUpdate {
    /// The stage, one line of the progress message.
    pub stage: Stage,
    /// How far it is.
    pub status: StageStatus,
}

impl StageUpdate {
    /// Six stages, five states, and as often again for each region that is full. Lines beyond it
    /// are dropped: they are for the eye, the outcome is what counts.
    pub const CHANNEL: usize = 64;
}

/// How far a stage is on the way to the goal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StageStatus {
    /// Not begun.
    #[serde(rename = "ahead")]
    Pending,
    /// Under way.
    #[serde(rename = "started")]
    Running,
    /// At the goal.
    Done,
    /// Taken back, to be made anew in a region that has room.
    #[serde(rename = "moving")]
    ChangingRegion,
    /// Not there, but a call that was never answered may yet have its effect: it is looked for
    /// until that cannot be any more, which takes two minutes.
    #[serde(rename = "settling")]
    Unconfirmed,
}

/// The progress message: one line a stage.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Progress {
    /// The run that it shows.
    pub run: DeploymentId,
    /// The goal of the run.
    pub goal: Goal,
    /// How far each stage is, in order.
    pub stages: Vec<(Stage, StageStatus)>,
}

impl Progress {
    /// Notes how far a stage is now.
    pub fn mark(&mut self, update: StageUpdate) {
        match self.stages.iter_mut().find(|(stage, _)| *stage == update.stage) {
            Some((_, status)) => *status = update.status,
            None => self.stages.push((update.stage, update.status)),
        }
    }

    /// The same with every stage done.
    pub fn all_done(mut self) -> Self {
        self.stages.iter_mut().for_each(|(_, status)| *status = StageStatus::Done);
        self
    }
}
