//! How far a run is, and what became of it.

use serde::{Deserialize, Serialize};

use crate::account::FailureCause;
use crate::plan::{Stage, StepId};
use crate::spec::{DeploymentId, Role, Spec};

/// A resource that was observed gone.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RemovedResource {
    /// What it was, as the plan calls it (`relay-app`).
    pub kind: String,
    /// Its name.
    pub name: String,
    /// When it was seen to be gone, in unix milliseconds.
    pub at_ms: u64,
}

/// Why a run stopped, and what is left of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunFailure {
    /// What to do about it.
    pub cause: FailureCause,
    /// The step of the plan that it stopped at, if it came to one.
    pub step: Option<StepId>,
    /// What is in the account; `None` when nobody has looked.
    pub remaining: Option<Vec<RemainingResource>>,
}

/// A resource that is left.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RemainingResource {
    /// What it is, as the plan calls it (`relay-app`).
    pub kind: String,
    /// Its name in the account, or that of the app it belongs to.
    pub name: String,
    /// It was seen; else it may be there.
    pub seen: bool,
    /// Where the person can look at it.
    pub link: String,
}

/// A deployment that was found in an account.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct OfferedDeployment {
    /// As far as names tell.
    pub spec: Box<Spec>,
    /// Which of its parts are there.
    pub roles: Vec<Role>,
}

/// What a run is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RunGoal {
    /// To be deployed and proven.
    Deployed,
    /// To be gone.
    Removed,
}

/// The progress message: one line a stage.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Progress {
    /// Which run.
    pub run: DeploymentId,
    /// What it is for.
    pub goal: RunGoal,
    /// How far each stage is, in order.
    pub stages: Vec<(Stage, StageStatus)>,
}

impl Progress {
    /// A stage is this far now.
    pub(in super::super) fn mark(&mut self, stage: Stage, mark: StageStatus) {
        match self.stages.iter_mut().find(|(shown, _)| *shown == stage) {
            Some((_, shown)) => *shown = mark,
            None => self.stages.push((stage, mark)),
        }
    }

    /// The same with every stage done.
    pub(in super::super) fn all_done(mut self) -> Self {
        self.stages.iter_mut().for_each(|(_, mark)| *mark = StageStatus::Done);
        self
    }
}

/// How far a stage is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StageStatus {
    /// Not begun.
    #[serde(rename = "ahead")]
    Pending,
    /// Under way.
    #[serde(rename = "started")]
    Running,
    Done,
    /// Taken back, to be made anew in a region that has room.
    #[serde(rename = "moving")]
    ChangingRegion,
    /// Not there, but a call that was never answered may yet have its effect: being watched.
    #[serde(rename = "settling")]
    Unconfirmed,
}
