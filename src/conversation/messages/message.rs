//! What can be said, by meaning.

use crate::account::FailureCause;
use crate::credential_format::CredentialRejection;
use crate::deployment::{Goal, RemainingResource, RemovedResource, RunFailure};
use crate::pricing::Quote;
use crate::quota::QuotaExceeded;
use crate::secret::{SecretKind, SecretRef};
use crate::spec::{CloudKind, DeploymentId, MachineSize, RelayChannel, Spec};

use super::super::choice::ChatCommand;
use super::super::credential_entry::CredentialEntry;
use super::super::{DeploymentStatus, Exposure, PersonTraces, Question};

/// A page that the person needs, sent as a message of its own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PageLink {
    /// The page on which this cloud makes tokens.
    CloudTokens(CloudKind),
    /// Where the owner writes to the relay.
    Relay(String),
    /// A page of a vendor.
    Vendor(String),
}

/// A deployment in a list.
#[derive(Clone, Debug, PartialEq)]
pub struct DeploymentSummary {
    /// What was asked for.
    pub spec: Box<Spec>,
    /// How it stands.
    pub standing: DeploymentStatus,
    /// Since when, in unix milliseconds.
    pub opened_at_ms: u64,
    /// What it costs.
    pub quote: Quote,
}

/// What is said.
#[derive(Clone, Debug, PartialEq)]
pub enum Message {
    /// Who we are and what will happen.
    Welcome,
    /// Greets somebody who has a deployment.
    WelcomeBack,
    /// What can be asked for.
    Help,
    /// What is kept and where, and what this channel can forget.
    Privacy {
        /// How credentials come in.
        entry: CredentialEntry,
    },
    /// What is on record. Shall it be erased?
    ConfirmForget {
        /// All of it, beside the conversation.
        traces: PersonTraces,
    },
    /// What is on record is needed to remove these.
    NeededToRemove { runs: Vec<DeploymentSummary> },
    /// Nothing is on record.
    NothingOnRecord,
    /// Everything is erased.
    Forgotten {
        /// What there was, beside the conversation.
        traces: PersonTraces,
        /// The service that keeps the chat, if one does.
        service: Option<RelayChannel>,
        /// Deployments were begun that still count for the limit of a day.
        begun_counts: bool,
        /// An invitation has let the person in, which counts on.
        let_in: bool,
        /// Wrong codes of the person count for the limit of a day.
        wrong_codes: bool,
        /// When, in unix milliseconds.
        at_ms: u64,
    },
    /// Which language?
    AskLanguage,
    /// From here on this language is spoken.
    LanguageChosen,
    /// Pointer for a group: we only talk in private.
    PrivateOnly,
    /// Something of ours failed; nothing was lost.
    OurTrouble,
    /// So many messages came at once that some were not read.
    TooMuchAtOnce,
    /// Nothing is under way.
    NothingToCancel,
    /// What was under way is not any more.
    Cancelled {
        /// The person has deployments, whole or in part.
        deployed: bool,
    },
    /// There is no question before this one.
    NothingBefore,
    /// A button of an earlier question.
    StaleButton,
    /// A run or a search is under way.
    StillWorking,
    /// So many deployments were begun within a day that another one has to wait.
    EnoughToday {
        /// The quota that they have used up.
        used_up: QuotaExceeded,
    },
    /// Nobody begins a deployment here now.
    ClosedForNow,
    /// An invitation lets the person in.
    LetIn,
    /// A code lets nobody in.
    NotLetIn {
        /// It has let in as many people as it is for.
        used_up: bool,
    },
    /// So many wrong codes came that none of this person is looked at for now.
    TooManyCodes {
        /// From when on codes are looked at again, in unix milliseconds.
        until_ms: u64,
    },
    /// A credential is being checked.
    StillChecking,
    /// We were restarted while a credential was checked.
    CheckInterrupted,
    /// The question was open for too long.
    Expired {
        /// What leads back to it.
        again: ChatCommand,
    },
    /// A form is over, or never was.
    FormGone,
    /// A form was filled in before.
    FormUsed,
    /// What was entered was checked too often.
    FormTooOften,
    /// A form is shown to somebody else, or outside the service that vouches for its person.
    FormElsewhere,
    /// A form was used without its reader's word that the account is theirs.
    FormNotConfirmed,
    /// A form is closed, because its reader said that the account is not theirs.
    FormClosed,
    /// A reader of a form said that this chat's account is not theirs.
    FormDeclined,
    /// A form was taken.
    FormDone,
    /// The credentials were held for too long.
    SecretsExpired,
    /// A credential came in a way in which none is taken.
    SecretExposed {
        /// In which.
        exposure: Exposure,
    },
    /// What was forwarded is nobody's answer.
    ForwardedArrived,
    /// This kind of message cannot be read.
    UnsupportedArrived,
    /// The message was taken before it was edited.
    EditedTooLate,
    /// The message with the credential is deleted.
    PastedDeleted,
    /// The message with the credential could not be deleted.
    EraseFailed {
        /// The service did not answer; else it said no.
        unanswered: bool,
    },
    /// This chat keeps what is pasted.
    PastedStays,
    /// The service has forgotten what was pasted; the person's phone has not.
    PastedScrubbed,
    /// A one-time form was filled in twice: everything was forgotten.
    FormReused {
        /// A run is under way, and goes on.
        running: bool,
    },
    /// A credential came before it was asked for; it is used.
    EarlySecret {
        /// What it opens.
        kind: SecretKind,
    },
    /// A credential that nobody asked for; it is forgotten.
    UnexpectedSecret,
    /// A credential is no longer held.
    SecretLost {
        /// What it opened.
        kind: SecretKind,
    },
    /// A credential is being checked.
    Checking {
        /// What it should open.
        kind: SecretKind,
    },
    /// The model key is alive.
    KeyAccepted,
    /// The token is good.
    TokenAccepted {
        /// What it opens.
        organisations: Vec<String>,
    },
    /// The channel's key is good.
    ChatAccepted {
        /// What it opens.
        addresses: Vec<String>,
    },
    /// The account is a free trial.
    Trial,
    /// The account is a free trial, and nothing would wake a relay on this channel.
    TrialChannel,
    /// An answer is not taken.
    Rejected {
        /// To which question.
        asked: Option<Question>,
        rejection: CredentialRejection,
    },
    /// A page, alone in its message.
    Page(PageLink),
    /// The code of an invitation?
    AskInvitation,
    /// Which cloud?
    AskCloud,
    /// The token?
    AskToken {
        /// We can lend one.
        offered: bool,
        /// For a deployment (else for a removal).
        deploying: bool,
        /// How it gets in.
        entry: CredentialEntry,
    },
    /// Which organisation?
    AskOrganisation,
    /// Is the account in order now?
    AskBilling {
        /// The vendor holds the account for review (else a payment method is missing).
        held: bool,
        /// We may not write first after a day.
        window: bool,
    },
    /// The model key?
    AskModel {
        /// We can lend one.
        offered: bool,
        /// The shell agent can be had.
        shell: bool,
        /// How it gets in.
        entry: CredentialEntry,
    },
    /// Which channel?
    AskChannel,
    /// The channel's key?
    AskChannelKey {
        /// Which channel.
        channel: RelayChannel,
        /// We can lend one.
        offered: bool,
        /// The service can make a bot for the person.
        makes_bots: bool,
        /// How it gets in.
        entry: CredentialEntry,
        /// The bot or number that it must open: that of a deployment there is.
        expected: Option<String>,
    },
    /// Which of the channel's addresses?
    AskAddress,
    /// May the address be taken from what it serves?
    AskTakeOver {
        /// Which address.
        address: String,
        /// What it serves.
        host: String,
    },
    /// Which name?
    AskName,
    /// Which region?
    AskRegion {
        /// How many there are.
        count: usize,
    },
    /// Which size?
    AskSize {
        /// What each costs.
        quotes: Vec<(MachineSize, Quote)>,
    },
    /// The plan and its price. Deploy?
    Review {
        /// The plan.
        spec: Box<Spec>,
        /// Its price.
        quote: Quote,
    },
    /// Which answer should change?
    AskChange,
    /// There are deployments already.
    AlreadyDeployed { runs: Vec<DeploymentSummary> },
    /// What exists.
    Status {
        /// All of it.
        runs: Vec<DeploymentSummary>,
    },
    /// Nothing exists.
    NoDeployments,
    /// We know of no deployment; the account can be searched.
    NoRecord,
    /// Which deployment shall go?
    ChooseRun,
    /// Which of those found shall go?
    ChooseFound,
    /// The account is being searched.
    Searching,
    /// Nothing of ours is in the account.
    NothingFound,
    /// The account could not be searched.
    FindFailed { cause: FailureCause },
    /// This will go. Sure?
    ConfirmTeardown {
        /// What, if it is on record.
        spec: Option<Box<Spec>>,
    },
    /// Stop the deployment that is under way?
    AskStop,
    /// It goes on.
    KeptGoing,
    /// It failed. What now?
    Failed {
        /// What was wanted.
        goal: Goal,
        /// Why, and what is left.
        failure: RunFailure,
    },
    /// What is left stays.
    Kept {
        /// What is left; `None` when nobody has looked.
        remaining: Option<Vec<RemainingResource>>,
    },
    /// Deployed and proven.
    Ready,
    /// The link to the relay, alone in its message; it carries the owner's key.
    RelayLink {
        /// Which deployment.
        run: DeploymentId,
        /// The key.
        key: SecretRef,
    },
    /// What to do first.
    FirstSteps,
    /// A relay that speaks a chat service is deployed and proven.
    ChannelReady {
        /// Which service.
        channel: RelayChannel,
        /// Where it is found.
        address: Option<String>,
        /// The person must still point the address at it.
        by_hand: bool,
    },
    /// How an address is pointed at the relay by hand; [`Message::WebhookUrl`] follows.
    PointByHand,
    /// Where the relay takes messages from the channel, alone in its message. It is no secret, but
    /// only the shell knows it, and says it instead of these words.
    WebhookUrl {
        /// Which deployment.
        run: DeploymentId,
    },
    /// What to do first with a relay that speaks a chat service.
    ChannelFirstSteps {
        /// Which service.
        channel: RelayChannel,
    },
    /// The link did not reach the person.
    LinkLost {
        /// A new one takes the model key as well as the token.
        needs_key: bool,
    },
    /// Everything went while we were restarted.
    RemovedMeanwhile,
    /// Everything is gone, observed.
    Receipt {
        /// Each resource.
        gone: Vec<RemovedResource>,
    },
    /// We were restarted in the middle.
    Interrupted {
        /// Of what.
        goal: Goal,
    },
}
