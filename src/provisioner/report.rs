//! What a drive tells people: progress, the receipt of a removal, and the list of what remains.

use crate::cloud::FailureCause;
use crate::conversation::{RemainingResource, RemovedResource};
use crate::plan::{Facts, ID, Stage, StepFacts, StepId};
use crate::spec::{Role, Spec};

/// Where a run should go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Goal {
    /// Deployed and proven. A run that is deployed already hands over the new keys and is proven
    /// again.
    Deployed,
    /// Removed, and seen to be gone.
    Removed,
}

/// How a drive ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Deployed and proven; what is known of every step.
    Deployed(StepFacts),
    /// Nothing is left.
    Removed(Receipt),
    /// Stopped. Nothing is rolled back by itself: the person drives it again (to either goal) or
    /// keeps what remains.
    Failed {
        /// What to do about it.
        cause: FailureCause,
        /// Where it stopped.
        step: StepId,
        /// What exists now.
        remaining: Remaining,
    },
}

impl Outcome {
    /// Whether the run came to the goal of its drive.
    pub(super) fn is_goal(&self) -> bool {
        !matches!(self, Self::Failed { .. })
    }
}

/// A line of the progress message changed. A drive sends few of these: a channel of
/// [`StageUpdate::CHANNEL`] is never full.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StageUpdate {
    /// Which line.
    pub stage: Stage,
    /// What is true of it now.
    pub state: StageActivity,
}

impl StageUpdate {
    /// Six stages, five states, and as often again for each region that is full. Lines beyond it
    /// are dropped: they are for the eye, the outcome is what counts.
    pub const CHANNEL: usize = 64;
}

/// What is true of a stage.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StageActivity {
    /// Work on it has begun.
    Working,
    /// All of it is done.
    Done,
    /// It is being removed.
    Removing,
    /// It is not there, but a call that was never answered may yet have its effect: it is looked
    /// for until that cannot be any more, which takes two minutes.
    Unconfirmed,
    /// All of it is gone.
    Removed,
}

/// The proof of a removal: each line was looked for again when everything was gone.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Receipt {
    /// In the order of the plan.
    pub lines: Vec<ReceiptLine>,
}

impl Receipt {
    /// What is gone, as the conversation tells it.
    pub fn removed_resources(&self) -> Vec<RemovedResource> {
        let line = |line: &ReceiptLine| RemovedResource {
            kind: line.step.to_string(),
            name: line.name.clone(),
            at_ms: line.gone_at_ms,
        };
        self.lines.iter().map(line).collect()
    }
}

/// One resource that is gone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReceiptLine {
    /// What it was.
    pub step: StepId,
    /// Its name or id in the account.
    pub name: String,
    /// When it was last looked for and not there, in unix milliseconds.
    pub gone_at_ms: u64,
}

/// What exists of a run that stopped.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Remaining {
    /// In the order of the plan.
    pub lines: Vec<RemainingLine>,
}

impl Remaining {
    /// What remains of this deployment, as the conversation tells it.
    pub fn remaining_resources(&self, spec: &Spec) -> Vec<RemainingResource> {
        self.lines.iter().map(|line| line.remaining_resource(spec)).collect()
    }
}

/// One resource that exists, or may.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RemainingLine {
    /// What it is.
    pub step: StepId,
    /// The part of the deployment it belongs to.
    pub role: Option<Role>,
    /// Whether it was seen, and with what names and ids.
    pub seen: Presence,
    /// Whether it may cost money.
    pub costs: bool,
    /// Where the person can look at it.
    pub link: String,
}

impl RemainingLine {
    fn remaining_resource(&self, spec: &Spec) -> RemainingResource {
        let all: &[Facts] = match &self.seen {
            Presence::Present(all) => all,
            Presence::Leaving | Presence::Unknown => &[],
        };
        let names = all.iter().filter_map(|facts| facts.get("name").or(facts.get(ID)));
        let name = match names.map(String::as_str).collect::<Vec<_>>().as_slice() {
            [] => self.role.map_or_else(|| spec.network(), |role| spec.app(role)),
            names => names.join(", "),
        };
        let seen = matches!(self.seen, Presence::Present(_));
        RemainingResource { kind: self.step.to_string(), name, seen, link: self.link.clone() }
    }
}

/// What looking for a resource said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Presence {
    /// It is there: the facts of each that matches.
    Present(Vec<Facts>),
    /// It is on its way out.
    Leaving,
    /// The cloud would not say, or it may yet appear.
    Unknown,
}
