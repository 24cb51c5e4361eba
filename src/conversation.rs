//! The onboarding chat as a state machine: [`advance`] decides, the shell around it does.
//!
//! This module is pure. Time, prices, offers and what a channel can do are arguments; what is to be
//! done comes back as [`Effect`]s. It knows no vendor's API and no channel by name, and its state
//! holds no secret: a credential is a [`SecretRef`] here.
//!
//! - [`choice`]: what can be tapped
//! - [`messages`]: every sentence we can say
//! - [`understand`]: what a written line means
//! - `turn`: one event, put through the machine, with `questions`, `credentials` and `deployments`

use std::collections::BTreeSet;

use adapters::channel::Capabilities;
use serde::{Deserialize, Serialize};

use crate::account::{Account, Cause};
use crate::intake::{Rejection, Vendor};
use crate::plan::Stage;
use crate::secret::{SecretKind, SecretRef};
use crate::spec::{
    AgentKind, CloudKind, DeploymentId, Images, Name, Region, RelayChannel, Role, Size, Spec,
};

pub mod choice;
mod credentials;
mod deployments;
pub mod messages;
mod questions;
#[cfg(test)]
mod tests;
mod turn;
pub mod understand;

use choice::Choice;
use messages::{Locale, Message};

/// How long an open question waits for the person, in milliseconds: long enough to make a token on
/// a phone with interruptions, short enough that no credential lies about for an afternoon.
pub const IDLE_MAX_MS: u64 = 30 * 60 * 1000;

/// Puts one event through the conversation.
pub fn advance(state: State, event: Event, context: &Context<'_>) -> (State, Vec<Effect>) {
    turn::Turn::new(state, context).take(event)
}

/// Where a conversation stands. It holds no secret, so it may be stored and logged.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct State {
    /// What we wait for.
    pub phase: Phase,
    /// What was answered so far, for the deployment that is being asked about.
    pub answers: Answers,
    /// Counts the questions, so that a button of an earlier one is known to be stale.
    pub serial: u32,
    /// When the person was last heard, in unix milliseconds.
    pub heard_at_ms: u64,
    /// The deployment whose link is not yet known to have reached the person.
    pub link_owed: Option<DeploymentId>,
}

/// What a conversation waits for. There is at most one open question.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(tag = "phase", rename_all = "snake_case")]
pub enum Phase {
    /// Nothing.
    #[default]
    Idle,
    /// The answer to a question.
    Asking {
        /// Which.
        question: Question,
        /// What it is needed for.
        purpose: Purpose,
        /// The credential that is being checked, if one is.
        checking: Option<Checking>,
    },
    /// A yes to the plan and its price.
    Review,
    /// Which answer to change.
    Changing,
    /// Which of several deployments to remove.
    ChoosingRun,
    /// A yes to the removal.
    ConfirmingTeardown {
        /// Of what.
        target: Target,
    },
    /// The account is being searched for deployments.
    Finding {
        /// With this token.
        token: SecretRef,
    },
    /// Which of the deployments that were found to remove.
    ChoosingFound {
        /// What was found.
        found: Vec<Found>,
    },
    /// A deployment is being made or removed.
    Running {
        /// How far it is.
        board: Board,
        /// The person was asked whether to stop.
        stopping: bool,
    },
    /// What to do after a failure.
    Failed {
        /// Of which deployment.
        run: DeploymentId,
        /// What was wanted.
        goal: Goal,
        /// Why it failed.
        cause: Cause,
        /// What is left.
        remaining: Vec<Remains>,
    },
}

/// A credential that is being checked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Checking {
    /// What it should open.
    pub kind: SecretKind,
    /// The credential.
    pub secret: SecretRef,
}

/// A question with one answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Question {
    /// Which cloud.
    Cloud,
    /// The cloud's token.
    Token,
    /// Which organisation of the account.
    Organisation,
    /// The account must be put in order before it can go on.
    Billing,
    /// The model key, or no model.
    Model,
    /// Which channel the relay speaks.
    Channel,
    /// What to call it.
    Name,
    /// Where.
    Region,
    /// How large.
    Size,
}

/// What answers are collected for.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "purpose", rename_all = "snake_case")]
pub enum Purpose {
    /// A new deployment.
    Deploy,
    /// To go on with one: after a crash, after a failure, or for a new link.
    Resume {
        /// Which.
        run: DeploymentId,
    },
    /// To remove one.
    Teardown {
        /// Which.
        target: Target,
    },
    /// To search an account.
    Find,
}

/// A deployment to remove.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Target {
    /// One that we have a record of.
    Known(DeploymentId),
    /// One that was found in the account.
    Found(Found),
}

impl Target {
    /// Which deployment.
    pub fn id(&self) -> &DeploymentId {
        match self {
            Self::Known(id) => id,
            Self::Found(found) => &found.spec.id,
        }
    }
}

/// What was answered so far.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Answers {
    /// Which cloud.
    pub cloud: Option<CloudKind>,
    /// The token and what it opens.
    pub token: Option<Token>,
    /// The organisation's slug.
    pub organisation: Option<String>,
    /// The agent, and its key if it needs one.
    pub model: Option<Model>,
    /// The relay's channel.
    pub channel: Option<RelayChannel>,
    /// What it is called.
    pub name: Option<Name>,
    /// Where.
    pub region: Option<Region>,
    /// How large.
    pub size: Option<Size>,
}

/// A token that was checked, and what it opens.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Token {
    /// The token.
    pub secret: SecretRef,
    /// The account.
    pub account: Account,
}

/// Which agent answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Model {
    /// Claude Code with this key.
    Claude {
        /// The key.
        key: SecretRef,
    },
    /// The shell agent, which needs no key.
    Shell,
}

impl Model {
    /// The agent.
    pub fn agent(self) -> AgentKind {
        match self {
            Self::Claude { .. } => AgentKind::Claude,
            Self::Shell => AgentKind::Shell,
        }
    }
}

/// What happened.
#[derive(Clone, Debug, PartialEq)]
pub enum Event {
    /// The person wrote a line that is no credential (see [`understand::reading`]).
    Said(String),
    /// The person tapped a button with this id.
    Tapped(String),
    /// The person gave a credential.
    SecretArrived {
        /// Whose it looks like.
        vendor: Option<Vendor>,
        /// Where it is held.
        secret: SecretRef,
        /// It stands in the chat as a message.
        pasted: bool,
    },
    /// A pasted credential could not be deleted.
    EraseFailed,
    /// A credential was checked.
    Checked {
        /// Which.
        secret: SecretRef,
        /// What it opens, or why it is not taken.
        result: Result<Opened, Rejection>,
    },
    /// A run moved on.
    Progressed {
        /// Which.
        run: DeploymentId,
        /// On which stage.
        stage: Stage,
        /// How far that is now.
        mark: Mark,
    },
    /// A run ended.
    Ended {
        /// Which.
        run: DeploymentId,
        /// How.
        end: RunEnd,
    },
    /// The account was searched.
    Found(Result<Vec<Found>, Cause>),
    /// The link has reached the person.
    LinkTold,
    /// The link could not be told and is gone.
    LinkLost,
    /// This process started again; whatever was under way in the old one is not.
    Restarted,
    /// Nothing, for a while.
    TimePassed,
}

/// What a checked credential opens.
#[derive(Clone, Debug, PartialEq)]
pub enum Opened {
    /// A cloud account.
    Account(Account),
    /// A model.
    Model,
}

/// How a run ended.
#[derive(Clone, Debug, PartialEq)]
pub enum RunEnd {
    /// It is deployed and proven.
    Deployed {
        /// The key that the link to the relay carries.
        link: SecretRef,
    },
    /// Nothing is left.
    Removed(Vec<Gone>),
    /// It stopped; the person decides.
    Failed {
        /// Why.
        cause: Cause,
        /// What is left.
        remaining: Vec<Remains>,
    },
}

/// A resource that was observed gone.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Gone {
    /// What it was, in our words (`relay-app`).
    pub kind: String,
    /// Its name.
    pub name: String,
    /// When it was seen to be gone, in unix milliseconds.
    pub at_ms: u64,
}

/// A resource that is left.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Remains {
    /// What it is, in our words (`relay-app`).
    pub kind: String,
    /// Its name.
    pub name: String,
    /// Where the person can look at it.
    pub link: String,
}

/// A deployment that was found in an account.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Found {
    /// As far as names tell.
    pub spec: Box<Spec>,
    /// Which of its parts are there.
    pub roles: Vec<Role>,
}

/// What a run is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Goal {
    /// To be deployed and proven.
    Deployed,
    /// To be gone.
    Removed,
}

/// The progress message: one line a stage.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Board {
    /// Which run.
    pub run: DeploymentId,
    /// What it is for.
    pub goal: Goal,
    /// How far each stage is, in order.
    pub stages: Vec<(Stage, Mark)>,
}

/// How far a stage is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Mark {
    /// Not begun.
    Ahead,
    /// Under way.
    Started,
    /// Done.
    Done,
    /// Taken back, to be made anew in a region that has room.
    Moving,
}

/// What is to be done. Nothing here is a secret or text.
#[derive(Clone, Debug, PartialEq)]
pub enum Effect {
    /// Say this.
    Say(Saying),
    /// Show how far the run is: in place where the channel can edit, else as a new message at milestones.
    Show {
        /// The progress message.
        board: Board,
        /// Something was completed since it was last shown.
        milestone: bool,
    },
    /// Delete the person's message: it holds a credential.
    EraseTheirs,
    /// Check this credential and report [`Event::Checked`].
    Check {
        /// What it should open.
        kind: SecretKind,
        /// The credential.
        secret: SecretRef,
        /// The organisation that it must open.
        organisation: Option<String>,
    },
    /// Forget this credential now.
    Forget(SecretRef),
    /// Make a deployment: the run is new.
    Deploy {
        /// What to make.
        spec: Box<Spec>,
        /// With what.
        with: Credentials,
    },
    /// Go on with a run.
    Resume {
        /// Which.
        run: DeploymentId,
        /// With what.
        with: Credentials,
    },
    /// Remove a deployment; a run that is under way is stopped first.
    Teardown {
        /// Which.
        target: Target,
        /// With this token.
        token: SecretRef,
    },
    /// Search the account for deployments of ours and report [`Event::Found`].
    Find {
        /// With this token.
        token: SecretRef,
    },
}

/// What a run is driven with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Credentials {
    /// The cloud's token.
    pub token: SecretRef,
    /// The model key, if the agent needs one.
    pub model_key: Option<SecretRef>,
}

/// A message, by meaning.
#[derive(Clone, Debug, PartialEq)]
pub struct Saying {
    /// What is said.
    pub message: Message,
    /// What can be tapped below it.
    pub choices: Vec<Choice>,
    /// The question that the choices belong to.
    pub serial: u32,
    /// The credential that is awaited.
    pub awaits: Option<SecretKind>,
}

/// All that a decision depends on beside state and event.
#[derive(Clone, Copy, Debug)]
pub struct Context<'a> {
    /// Now, in unix milliseconds.
    pub now_ms: u64,
    /// The language that is spoken.
    pub locale: Locale,
    /// What the channel can do.
    pub capabilities: &'a Capabilities,
    /// The clouds on offer, the usual one first; never empty.
    pub clouds: &'a [CloudKind],
    /// The channels that a relay can speak, the usual one first; never empty.
    pub channels: &'a [RelayChannel],
    /// The agents on offer.
    pub agents: &'a [AgentKind],
    /// Credentials that we can lend (the sandbox's).
    pub offers: &'a [(SecretKind, SecretRef)],
    /// The credentials that are still held.
    pub held: &'a BTreeSet<SecretRef>,
    /// This person's deployments, newest first, without those that are gone.
    pub runs: &'a [Run],
    /// What new machines run.
    pub images: &'a Images,
    /// The id of the next deployment, from chance.
    pub fresh: &'a DeploymentId,
}

/// A deployment that we have a record of.
#[derive(Clone, Debug, PartialEq)]
pub struct Run {
    /// What was asked for.
    pub spec: Spec,
    /// How it stands.
    pub standing: RunStanding,
    /// Since when, in unix milliseconds.
    pub opened_at_ms: u64,
}

/// How a deployment stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RunStanding {
    /// Neither deployed nor gone.
    Unfinished,
    /// Deployed and proven.
    Deployed,
    /// Observed gone.
    Removed,
    /// Something is left that could not be removed.
    Stuck,
}
