//! Where a conversation stands. Nothing here is secret: all of it may be stored and logged.

use serde::{Deserialize, Serialize};

use crate::account::{Account, ChatAccount, ChatAddress, Organisation};
use crate::deployment::{FoundDeployment, Goal, Progress, RunFailure};
use crate::secret::{SecretKind, SecretRef};
use crate::spec::{
    AgentKind, CloudKind, DeploymentId, DeploymentName, MachineSize, Region, RelayChannel,
};

use super::messages::Locale;

/// Where a conversation stands. It holds no secret, so it may be stored and logged.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct ConversationState {
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
    /// An invitation has let the person in.
    #[serde(default)]
    pub is_let_in: bool,
    /// The language that the person chose, if they did.
    #[serde(default)]
    pub locale: Option<Locale>,
    /// The language that was spoken last, for when the service gives no hint.
    #[serde(default)]
    pub spoken: Option<Locale>,
}

/// What a conversation waits for. There is at most one open question.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(tag = "phase", rename_all = "snake_case")]
pub enum Phase {
    #[default]
    Idle,
    /// The answer to a question.
    Asking {
        question: Question,
        /// What it is needed for.
        purpose: Purpose,
        /// The credential that is being checked, if one is.
        checking: Option<PendingCheck>,
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
        target: TeardownTarget,
    },
    /// A yes to being forgotten.
    ConfirmingForget,
    /// The account is being searched for deployments.
    Finding {
        /// With this token.
        token: SecretRef,
    },
    /// Which of the deployments that were found to remove.
    ChoosingFound {
        /// What was found.
        found: Vec<FoundDeployment>,
    },
    /// A deployment is being made or removed.
    Running {
        /// How far it is.
        board: Progress,
        /// The person was asked whether to stop.
        stopping: bool,
    },
    /// What to do after a failure.
    Failed {
        /// Of which deployment.
        run: DeploymentId,
        /// What was wanted.
        goal: Goal,
        /// Why, and what is left.
        failure: RunFailure,
    },
}

/// A credential that is being checked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PendingCheck {
    /// What it should open.
    pub kind: SecretKind,
    /// The credential.
    pub secret: SecretRef,
}

/// A question with one answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Question {
    /// What lets the person in.
    Invitation,
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
    /// The key of that channel.
    ChannelKey,
    /// Which of the channel's addresses the relay gets.
    Address,
    /// Whether that address may be taken from what it serves now.
    TakeOver,
    /// What to call it.
    Name,
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
    Resume { run: DeploymentId },
    /// To remove one.
    Teardown { target: TeardownTarget },
    /// To search an account.
    Find,
}

/// A deployment to remove.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TeardownTarget {
    /// One that we have a record of.
    Known(DeploymentId),
    /// One that was found in the account.
    Found(FoundDeployment),
}

impl TeardownTarget {
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
    pub token: Option<CheckedToken>,
    /// The organisation's slug.
    pub organisation: Option<String>,
    /// The agent, and its key if it needs one.
    pub model: Option<ModelChoice>,
    /// The relay's channel.
    pub channel: Option<RelayChannel>,
    /// The account with that channel's service.
    #[serde(default)]
    pub chat: Option<ChatSelection>,
    /// What it is called.
    pub name: Option<DeploymentName>,
    pub region: Option<Region>,
    /// How large.
    pub size: Option<MachineSize>,
}

impl Answers {
    /// The organisation that was chosen, or the only one there is.
    pub fn chosen_organisation(&self) -> Option<&Organisation> {
        let organisations = &self.token.as_ref()?.account.organisations;
        match (&organisations[..], &self.organisation) {
            ([only], None) => Some(only),
            (several, chosen) => several.iter().find(|it| Some(&it.slug) == chosen.as_ref()),
        }
    }
}

/// A token that was checked, and what it opens.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CheckedToken {
    /// The token.
    pub secret: SecretRef,
    /// The account.
    pub account: Account,
}

/// An account with a chat service: its key that was checked, and what was chosen of it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ChatSelection {
    /// Which service's.
    pub channel: RelayChannel,
    /// The key.
    pub key: SecretRef,
    /// What it opens.
    pub account: ChatAccount,
    /// The address that was chosen, where there are several.
    pub address: Option<String>,
    /// The address may be taken from what it serves now.
    pub taken_over: bool,
}

impl ChatSelection {
    /// The address that the relay gets.
    pub fn address(&self) -> Option<&ChatAddress> {
        let all = &self.account.addresses;
        match (&all[..], &self.address) {
            ([only], None) => Some(only),
            (several, chosen) => several.iter().find(|it| Some(&it.name) == chosen.as_ref()),
        }
    }
}

/// Which agent answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ModelChoice {
    /// Claude Code with this key.
    Claude {
        /// The key.
        key: SecretRef,
    },
    /// The shell agent, which needs no key.
    Shell,
}

impl ModelChoice {
    /// The agent.
    pub fn agent(self) -> AgentKind {
        match self {
            Self::Claude { .. } => AgentKind::Claude,
            Self::Shell => AgentKind::Shell,
        }
    }

    /// This agent, if it needs no key.
    pub fn without_key(agent: AgentKind) -> Option<Self> {
        match agent {
            AgentKind::Claude => None,
            AgentKind::Shell => Some(Self::Shell),
        }
    }
}
