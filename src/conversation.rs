//! The onboarding chat as a state machine: [`advance`] decides, the shell around it does.
//!
//! This module is pure. Time, prices, offers and what a channel can do are arguments; what is to be
//! done comes back as [`Effect`]s. It knows no vendor's API and no channel by name, and its state
//! holds no secret: a credential is a [`SecretRef`] here.
//!
//! - [`choice`]: what can be tapped
//! - [`entry`]: how a credential is asked for on a channel
//! - [`messages`]: every sentence we can say
//! - [`understand`]: what a written line means
//! - `state`: where a conversation stands
//! - `turn`: one event, put through the machine; with `questions` (what is asked, in which order),
//!   `answers` (what is open and what a choice does), `commands`, `channels` (what a relay's
//!   channel needs), `credentials`, `deployments`, `invitations` and `forgetting`

use std::collections::BTreeSet;

use adapters::channel::Capabilities;

use crate::account::{ChatGuide, CheckedCredential, FailureCause};
use crate::credential_format::{CredentialRejection, Vendor};
use crate::deployment::{FoundDeployment, Progress, RemovedResource, RunFailure, StageUpdate};
use crate::invitation::{Invitation, InvitationUse, WrongCodes};
use crate::quota::{QuotaExceeded, Quotas, RecentStarts};
use crate::secret::{SecretKind, SecretRef};
use crate::spec::{AgentKind, CloudKind, DeploymentId, Images, RelayChannel, Spec};

mod answers;
mod channels;
pub mod choice;
mod commands;
pub mod credential_entry;
mod credentials;
mod deployments;
mod forgetting;
mod invitations;
pub mod messages;
mod questions;
pub mod reading;
mod state;
#[cfg(test)]
mod tests;
mod transition;
pub mod understand;

use choice::Choice;
use messages::{Locale, Message};

pub use credentials::question_of;
pub use state::{
    Answers, ChatSelection, CheckedToken, ConversationState, ModelChoice, PendingCheck, Phase,
    Purpose, Question, TeardownTarget,
};
pub use transition::receipt_of;

/// How long an open question waits for the person, in milliseconds: long enough to make a token on
/// a phone with interruptions, short enough that no credential lies about for an afternoon.
pub const IDLE_MAX_MS: u64 = 30 * 60 * 1000;

/// Puts one event through the conversation.
pub fn advance(
    state: ConversationState,
    event: Event,
    context: &ConversationContext<'_>,
) -> (ConversationState, Vec<Effect>) {
    transition::Transition::new(state, context).take(event)
}

/// What happened.
#[derive(Clone, Debug, PartialEq)]
pub enum Event {
    /// The person wrote a line that is no credential (see [`reading::reading`]).
    TextReceived(String),
    /// The person tapped a button with this id.
    ButtonTapped(String),
    /// The person gave a credential.
    SecretArrived {
        /// Whose it looks like.
        vendor: Option<Vendor>,
        /// Where it is held.
        secret: SecretRef,
        /// It stands in the chat as a message.
        pasted: bool,
    },
    /// A credential came in a way in which none is taken.
    SecretExposed(Exposure),
    /// The person forwarded a message of somebody else.
    ForwardedArrived,
    /// The person sent something of a kind that cannot be read.
    UnsupportedArrived,
    /// The person edited a message that was taken before.
    EditedTooLate,
    /// The deletion of a message with a credential has ended.
    MessageDeleted {
        /// Which message, as the channel names it.
        message: String,
        outcome: DeletionOutcome,
    },
    /// A credential was checked.
    CredentialChecked {
        secret: SecretRef,
        /// What it opens, or why it is not taken.
        result: Result<CheckedCredential, CredentialRejection>,
    },
    /// A run moved on.
    RunProgressed { run: DeploymentId, update: StageUpdate },
    /// A run ended.
    RunEnded { run: DeploymentId, end: RunOutcome },
    /// A run was not begun: others have used up a quota first.
    QuotaReached {
        run: DeploymentId,
        /// The quota.
        used_up: QuotaExceeded,
    },
    /// A one-time form was filled in twice, so somebody else may have its link.
    FormReused,
    /// A reader of a one-time form said that this chat's account is not theirs.
    FormDeclined,
    /// The account was searched.
    AccountSearched(Result<Vec<FoundDeployment>, FailureCause>),
    /// The link has reached the person.
    LinkSent,
    /// The link could not be told and is gone.
    LinkLost,
    /// Some of what the person wrote was left unread: it was too much at once.
    MessagesDropped,
    /// This process started again; whatever was under way in the old one is not.
    Restarted,
    /// Nothing, for a while.
    TimePassed,
}

/// What came of the deletion of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DeletionOutcome {
    /// It is gone, or was before.
    Deleted,
    /// The service does not delete it.
    Refused,
    /// The service did not answer for long.
    Unanswered,
}

/// Where a credential stood that is not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exposure {
    /// In a message of somebody else, which the person forwarded.
    Forwarded,
    /// In a message that the person quoted.
    Quoted,
    /// In the new form of a message that was taken before.
    Edited,
    /// In anything but the text of a message: a file's name, a contact, a poll.
    Elsewhere,
}

/// How a run ended.
#[derive(Clone, Debug, PartialEq)]
pub enum RunOutcome {
    /// It is deployed and proven.
    Deployed {
        /// The key that the link to the relay carries; none when the vault had no room for it.
        link: Option<SecretRef>,
    },
    /// Nothing is left.
    Removed(Vec<RemovedResource>),
    /// It stopped; the person decides.
    Failed(RunFailure),
}

/// What is to be done. Nothing here is a secret or text.
#[derive(Clone, Debug, PartialEq)]
pub enum Effect {
    /// Say this.
    Say(BotMessage),
    /// Show how far the run is: in place where the channel can edit, else as a new message at
    /// milestones.
    Show {
        /// The progress message.
        board: Progress,
        /// Something was completed since it was last shown.
        milestone: bool,
    },
    /// Delete the person's message: it holds a credential.
    DeleteMessage,
    /// Check this credential and report [`Event::CredentialChecked`].
    Check {
        /// What it should open.
        kind: SecretKind,
        /// The credential.
        secret: SecretRef,
        /// The organisation that it must open.
        organisation: Option<String>,
    },
    /// Forget this credential now.
    ForgetCredential(SecretRef),
    /// Make a deployment: the run is new.
    Deploy {
        /// What to make.
        spec: Box<Spec>,
        /// The number of its organisation, where that is known.
        organisation: Option<u64>,
        /// With what.
        with: RunCredentials,
    },
    /// Go on with a run.
    Resume {
        run: DeploymentId,
        /// With what.
        with: RunCredentials,
    },
    /// Remove a deployment; a run that is under way is stopped first.
    Teardown {
        target: TeardownTarget,
        /// With this token.
        token: SecretRef,
    },
    /// Search the account for deployments of ours and report [`Event::AccountSearched`].
    SearchAccount {
        /// With this token.
        token: SecretRef,
    },
    /// Count that this invitation has let the person in, in the step that lets them.
    CountInvitation { invitation: Invitation },
    /// Count that this person sent a wrong code, in the step that says so.
    CountWrongCode,
    /// Erase everything of this person; where to send what is said now is the last of it, and goes
    /// once that is sent.
    ErasePerson,
}

/// What a run is driven with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RunCredentials {
    /// The cloud's token.
    pub token: SecretRef,
    /// The model key, if the agent needs one.
    pub model_key: Option<SecretRef>,
    /// The key of the channel that the relay speaks, if it needs one.
    pub channel_key: Option<SecretRef>,
}

/// A message, by meaning.
#[derive(Clone, Debug, PartialEq)]
pub struct BotMessage {
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
pub struct ConversationContext<'a> {
    /// Now, in unix milliseconds.
    pub now_ms: u64,
    /// The language that is spoken.
    pub locale: Locale,
    /// What the channel can do.
    pub capabilities: &'a Capabilities,
    /// The clouds on offer, the usual one first; never empty.
    pub clouds: &'a [CloudKind],
    /// The channels that a relay can speak, the usual one first; never empty. Beside the web
    /// channel, only the one that this conversation is on: who its owner is has been vouched for
    /// there.
    pub channels: &'a [RelayChannel],
    /// The guides of the chat services.
    pub chat_guides: &'a [ChatGuide],
    /// Who is talking: their immutable id on this channel.
    pub person: &'a str,
    /// The agents on offer.
    pub agents: &'a [AgentKind],
    /// The page on which a model key is made.
    pub model_key_page: &'a str,
    /// Credentials that we can lend (the sandbox's).
    pub lent_secrets: &'a [(SecretKind, SecretRef)],
    /// The credentials that are still held.
    pub held_secrets: &'a BTreeSet<SecretRef>,
    /// This person's deployments, newest first, without those that are gone.
    pub runs: &'a [KnownDeployment],
    /// Something of this person was on record before what happens now.
    pub is_known: bool,
    /// How many of this person's deployments are gone and still on record.
    pub removed: usize,
    /// When deployments were begun, those that are gone too. What others have begun is looked up
    /// while the plan is open.
    pub recent_starts: &'a RecentStarts,
    /// How many may be begun within a day.
    pub quotas: Quotas,
    /// The invitations that let people in, where it takes one to begin; looked up until this person
    /// is let in.
    pub invitations: Option<&'a [InvitationUse]>,
    /// The wrong codes that count now.
    pub wrong_codes: WrongCodes,
    /// What new machines run.
    pub images: &'a Images,
    /// Tokens that the agent of a new deployment may use in a day.
    pub daily_tokens: u64,
    /// The id of the next deployment, from chance.
    pub fresh: &'a DeploymentId,
}

/// What there is of a person beside the conversation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PersonTraces {
    /// Deployments on record that are gone.
    pub removed: usize,
    /// Credentials in memory.
    pub credentials: usize,
}

/// A deployment that we have a record of.
#[derive(Clone, Debug, PartialEq)]
pub struct KnownDeployment {
    /// What was asked for.
    pub spec: Spec,
    /// How it stands.
    pub standing: DeploymentStatus,
    /// Since when, in unix milliseconds.
    pub opened_at_ms: u64,
}

/// How a deployment stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DeploymentStatus {
    /// Neither deployed nor gone.
    InProgress,
    /// Deployed and proven.
    Deployed,
    /// Observed gone.
    Removed,
    /// Something is left that could not be removed.
    Stuck,
}
