//! Every sentence we can say, addressed by meaning. One module a language holds the words.

use adapters::channel::SecretEntry;

use crate::account::Cause;
use crate::intake::Rejection;
use crate::plan::Stage;
use crate::pricing::Quote;
use crate::secret::{SecretKind, SecretRef};
use crate::spec::{DeploymentId, RelayChannel, Size, Spec};

use super::choice::{Choice, Command};
use super::{Board, Failure, Goal, Gone, Question, Remains, RunStanding};

mod english;

/// A language that is spoken.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Locale {
    /// English.
    #[default]
    English,
}

impl Locale {
    /// The language for a service's hint (BCP 47): the one we speak that is nearest.
    pub fn of_hint(_hint: Option<&str>) -> Self {
        Self::English
    }
}

/// The words of a message.
pub fn text(locale: Locale, message: &Message) -> String {
    match locale {
        Locale::English => english::text(message),
    }
}

/// The name of a stage of a run to this goal.
pub fn stage(locale: Locale, stage: Stage, goal: Goal) -> &'static str {
    match locale {
        Locale::English => english::stage_name(stage, goal),
    }
}

/// The words on a button: at most 20 characters show everywhere, names of people's own excepted.
pub fn label(locale: Locale, choice: &Choice) -> String {
    match locale {
        Locale::English => english::label(choice),
    }
}

/// The progress message.
pub fn board(locale: Locale, board: &Board) -> String {
    match locale {
        Locale::English => english::board(board),
    }
}

/// A plain yes.
pub(super) fn is_yes(locale: Locale, text: &str) -> bool {
    match locale {
        Locale::English => english::is_yes(text),
    }
}

/// A page that the person needs, sent as a message of its own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Page {
    /// Where Fly.io tokens are made.
    FlyTokens,
    /// Where Anthropic keys are made.
    AnthropicKeys,
    /// Where Telegram bots are made.
    BotFather,
    /// Where Discord bots are made.
    DiscordDevelopers,
    /// Where Twilio accounts are looked after.
    TwilioConsole,
    /// A relay on a chat service.
    Chat {
        /// Which service.
        channel: RelayChannel,
        /// Where on it.
        address: String,
    },
    /// A page that the vendor named.
    Vendor(String),
}

/// A deployment in a list.
#[derive(Clone, Debug, PartialEq)]
pub struct Summary {
    /// What was asked for.
    pub spec: Box<Spec>,
    /// How it stands.
    pub standing: RunStanding,
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
        entry: SecretEntry,
        /// Pasted credentials can be deleted.
        deletes_theirs: bool,
    },
    /// Pointer for a group: we only talk in private.
    PrivateOnly,
    /// Something of ours failed; nothing was lost.
    OurTrouble,
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
    /// A credential is being checked.
    StillChecking,
    /// We were restarted while a credential was checked.
    CheckInterrupted,
    /// The question was open for too long.
    Expired {
        /// What leads back to it.
        again: Command,
    },
    /// The credentials were held for too long.
    SecretsExpired,
    /// The pasted credential could not be deleted.
    EraseFailed,
    /// This chat keeps what is pasted.
    PastedStays,
    /// This service's copy of what was pasted is deleted, the one on the person's phone stays.
    PastedScrubbed,
    /// A one-time form was filled in twice.
    FormReused,
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
    /// The key of the channel is good.
    ChannelKeyAccepted {
        /// Where it is reached.
        addresses: Vec<String>,
    },
    /// The token is good.
    TokenAccepted {
        /// What it opens.
        organisations: Vec<String>,
    },
    /// The account is a free trial.
    Trial,
    /// An answer is not taken.
    Rejected {
        /// To which question.
        asked: Option<Question>,
        /// Why.
        rejection: Rejection,
    },
    /// A page, alone in its message.
    Page(Page),
    /// Which cloud?
    AskCloud,
    /// The token?
    AskToken {
        /// We can lend one.
        offered: bool,
        /// For a deployment (else for a removal).
        deploying: bool,
    },
    /// Which organisation?
    AskOrganisation,
    /// Is the account in order now?
    AskBilling {
        /// The vendor holds the account for review (else a payment method is missing).
        held: bool,
    },
    /// The model key?
    AskModel {
        /// We can lend one.
        offered: bool,
        /// The shell agent can be had.
        shell: bool,
    },
    /// Which channel?
    AskChannel,
    /// The key of that channel?
    AskChannelKey {
        /// Which channel.
        channel: RelayChannel,
        /// How credentials come in here.
        entry: SecretEntry,
    },
    /// Which number?
    AskAddress,
    /// May it serve the relay instead of what it serves?
    AskTakeOver {
        /// The bot or number.
        address: String,
        /// The host that it serves.
        serves: String,
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
        quotes: Vec<(Size, Quote)>,
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
    AlreadyDeployed {
        /// Which.
        runs: Vec<Summary>,
    },
    /// What exists.
    Status {
        /// All of it.
        runs: Vec<Summary>,
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
    FindFailed {
        /// Why.
        cause: Cause,
    },
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
        failure: Failure,
    },
    /// What is left stays.
    Kept {
        /// What is left; `None` when nobody has looked.
        remaining: Option<Vec<Remains>>,
    },
    /// Deployed and proven.
    Ready,
    /// Deployed and proven, on a chat service.
    ReadyOn {
        /// Which.
        channel: RelayChannel,
        /// Where on it.
        address: String,
    },
    /// What to do first, on a chat service.
    FirstStepsOn,
    /// The link to the relay, alone in its message; it carries the owner's key.
    RelayLink {
        /// Which deployment.
        run: DeploymentId,
        /// The key.
        key: SecretRef,
    },
    /// What to do first.
    FirstSteps,
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
        gone: Vec<Gone>,
    },
    /// We were restarted in the middle.
    Interrupted {
        /// Of what.
        goal: Goal,
    },
}
