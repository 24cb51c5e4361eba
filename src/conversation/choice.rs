//! What can be tapped.

use crate::messages::Locale;
use crate::spec::{AgentKind, CloudKind, DeploymentId, MachineSize, Region, RelayChannel, Role};

use super::Question;

/// An offered answer. Its id tells it from all others, and an answer to an earlier question from
/// one to this question.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Choice {
    /// Do what the command does; works at any time.
    Command(ChatCommand),
    /// This cloud.
    Cloud(CloudKind),
    /// The credential that we lend.
    Offer,
    /// Leave the answer as it is.
    KeepAnswer,
    /// This agent, which needs no key.
    Agent(AgentKind),
    /// The organisation with this slug, at this place in the list.
    Organisation(usize, String),
    /// This channel.
    Channel(RelayChannel),
    /// A bot that the service makes for the person, with this suggested name. The service tells the
    /// credential by itself, so that nothing happens here when it is tapped.
    MakeBot(String),
    /// This address of the channel's, at this place in the list.
    Address(usize, String),
    /// Take the address from what it serves now.
    TakeOver,
    /// Use another address or another key.
    AnotherAddress,
    /// Speak this language; works at any time.
    Language(Locale),
    /// This region, and its name.
    Region(Region, String),
    /// This size.
    Size(MachineSize),
    /// The account is in order now: look again.
    CheckAgain,
    /// Yes, deploy.
    Deploy,
    /// Change an answer.
    Change,
    /// Change the answer to this question.
    Answer(Question),
    /// Try the run again.
    Retry,
    /// Leave what is there.
    Keep,
    /// Remove everything.
    Remove,
    /// Go on with the run.
    KeepGoing,
    /// Yes, remove it.
    ConfirmTeardown,
    /// Yes, erase what is on record.
    ConfirmForget,
    /// This deployment, and what it is called.
    Run(DeploymentId, String),
    /// A new link to this deployment.
    NewLink(DeploymentId),
    /// New keys for this deployment.
    NewKeys(DeploymentId),
    /// Go on with this deployment.
    Resume(DeploymentId),
    /// One more deployment.
    DeployAnother,
}

/// What can be asked for at any time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ChatCommand {
    Start,
    /// What can be asked for.
    Help,
    /// Make a deployment.
    Deploy,
    /// What exists.
    Status,
    /// Remove a deployment.
    Teardown,
    /// Stop what is going on.
    Cancel,
    /// The previous question.
    Back,
    /// What is kept and where.
    Privacy,
    /// Erase what is on record of the person.
    Forget,
    /// Which language is spoken.
    Language,
}

impl ChatCommand {
    /// All commands, in the order of the help.
    pub const ALL: [Self; 10] = [
        Self::Start,
        Self::Deploy,
        Self::Status,
        Self::Teardown,
        Self::Back,
        Self::Cancel,
        Self::Privacy,
        Self::Forget,
        Self::Language,
        Self::Help,
    ];

    /// The word behind the slash.
    pub fn word(self) -> &'static str {
        match self {
            Self::Start => "start",
            Self::Help => "help",
            Self::Deploy => "deploy",
            Self::Status => "status",
            Self::Teardown => "teardown",
            Self::Cancel => "cancel",
            Self::Back => "back",
            Self::Privacy => "privacy",
            Self::Forget => "forget",
            Self::Language => "language",
        }
    }
}

impl Choice {
    /// The button's id: at most 64 bytes. Commands and languages have the same id under every
    /// question; a bot to be made has the one that the channel looks for.
    pub fn id(&self, serial: u32) -> String {
        match self {
            Self::Command(command) => format!("/{}", command.word()),
            Self::Language(locale) => {
                format!("/{} {}", ChatCommand::Language.word(), locale.code())
            }
            Self::MakeBot(_) => self.word(),
            other => format!("{serial}:{}", other.word()),
        }
    }

    fn word(&self) -> String {
        match self {
            Self::Command(command) => command.word().to_owned(),
            Self::Cloud(cloud) => format!("cloud:{}", cloud.word()),
            Self::Offer => "offer".to_owned(),
            Self::KeepAnswer => "keep-answer".to_owned(),
            Self::Agent(agent) => format!("agent:{}", agent.word()),
            Self::Organisation(place, _) => format!("organisation:{place}"),
            Self::Channel(channel) => format!("channel:{}", channel.word()),
            Self::MakeBot(name) => format!("make-bot:{name}"),
            Self::Address(place, _) => format!("address:{place}"),
            Self::TakeOver => "take-over".to_owned(),
            Self::AnotherAddress => "another-address".to_owned(),
            Self::Language(locale) => format!("language:{}", locale.code()),
            Self::Region(region, _) => format!("region:{region}"),
            Self::Size(size) => format!("size:{}", size.word()),
            Self::CheckAgain => "check-again".to_owned(),
            Self::Deploy => "deploy".to_owned(),
            Self::Change => "change".to_owned(),
            Self::Answer(question) => format!("answer:{}", question.word()),
            Self::Retry => "retry".to_owned(),
            Self::Keep => "keep".to_owned(),
            Self::Remove => "remove".to_owned(),
            Self::KeepGoing => "keep-going".to_owned(),
            Self::ConfirmTeardown => "confirm-teardown".to_owned(),
            Self::ConfirmForget => "confirm-forget".to_owned(),
            Self::Run(run, _) => format!("run:{run}"),
            Self::NewLink(run) => format!("link:{run}"),
            Self::NewKeys(run) => format!("keys:{run}"),
            Self::Resume(run) => format!("resume:{run}"),
            Self::DeployAnother => "deploy-another".to_owned(),
        }
    }

    /// A plain yes means this one.
    pub(super) fn is_yes(&self) -> bool {
        matches!(
            self,
            Self::Deploy
                | Self::ConfirmTeardown
                | Self::ConfirmForget
                | Self::KeepAnswer
                | Self::CheckAgain
        )
    }

    /// Short words that mean this one, beside its label: codes, as people type them.
    pub(super) fn code(&self) -> Option<&str> {
        match self {
            Self::Region(region, _) => Some(region.as_ref()),
            Self::Size(size) => Some(size.word()),
            Self::Agent(agent) => Some(agent.word()),
            Self::Organisation(_, slug) => Some(slug),
            Self::Address(_, name) => Some(name),
            Self::Channel(channel) => Some(channel.word()),
            Self::Run(run, _) => Some(run.as_ref()),
            Self::Change => Some("change"),
            Self::Retry => Some("retry"),
            Self::Keep => Some("keep"),
            Self::Remove => Some("remove"),
            _ => None,
        }
    }
}

impl Question {
    /// The word in button ids.
    pub fn word(self) -> &'static str {
        match self {
            Self::Invitation => "invitation",
            Self::Cloud => "cloud",
            Self::Token => "token",
            Self::Organisation => "organisation",
            Self::Billing => "billing",
            Self::Model => "model",
            Self::Channel => "channel",
            Self::ChannelKey => "channel-key",
            Self::Address => "address",
            Self::TakeOver => "take-over",
            Self::Name => "name",
            Self::Region => "region",
            Self::Size => "size",
        }
    }
}

/// The parts of a deployment, as words.
pub(super) fn role_words(roles: &[Role]) -> String {
    roles.iter().map(|role| role.word()).collect::<Vec<_>>().join(" and ")
}
