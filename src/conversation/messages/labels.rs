//! The words on buttons, and the names of what can be chosen.

use crate::phrase;
use crate::spec::{AgentKind, CloudKind, MachineSize, RelayChannel};

use super::super::choice::{ChatCommand, Choice};
use super::Locale;

/// The words on a button: at most 20 characters show everywhere, names of people's own excepted.
pub fn label(locale: Locale, choice: &Choice) -> String {
    match choice {
        Choice::Command(command) => phrase!(locale, "button-command", command = command.word()),
        Choice::Cloud(cloud) => cloud_name(locale, *cloud),
        Choice::Offer => phrase!(locale, "button-offer"),
        Choice::KeepAnswer => phrase!(locale, "button-keep-answer"),
        Choice::Agent(agent) => agent_name(locale, *agent),
        Choice::Channel(channel) => channel_name(locale, *channel),
        Choice::MakeBot(_) => phrase!(locale, "button-make-bot"),
        Choice::TakeOver => phrase!(locale, "button-take-over"),
        Choice::AnotherAddress => phrase!(locale, "button-another-address"),
        Choice::Language(language) => language.name(),
        Choice::Region(region, name) => {
            phrase!(locale, "button-region", name = name, code = region.as_ref())
        }
        Choice::Size(size) => size_name(locale, *size),
        Choice::CheckAgain => phrase!(locale, "button-check-again"),
        Choice::Deploy => phrase!(locale, "button-deploy"),
        Choice::Change => phrase!(locale, "button-change"),
        Choice::Answer(question) => {
            phrase!(locale, "button-question", question = question.word())
        }
        Choice::Retry => phrase!(locale, "button-retry"),
        Choice::Keep => phrase!(locale, "button-keep"),
        Choice::Remove => phrase!(locale, "button-remove"),
        Choice::KeepGoing => phrase!(locale, "button-keep-going"),
        Choice::ConfirmTeardown => phrase!(locale, "button-confirm-teardown"),
        Choice::ConfirmForget => phrase!(locale, "button-confirm-forget"),
        Choice::NewLink(_) => phrase!(locale, "button-new-link"),
        Choice::NewKeys(_) => phrase!(locale, "button-new-keys"),
        Choice::Resume(_) => phrase!(locale, "button-resume"),
        Choice::DeployAnother => phrase!(locale, "button-deploy-another"),
        Choice::Organisation(_, name) | Choice::Address(_, name) | Choice::Run(_, name) => {
            name.clone()
        }
    }
}

/// What a command does; at most 100 characters.
pub(super) fn meaning(locale: Locale, command: ChatCommand) -> String {
    phrase!(locale, "command-meaning", command = command.word())
}

/// What a step of a plan makes; the step's own word for one that has none here.
pub(super) fn resource_name(locale: Locale, step: &str) -> String {
    phrase!(locale, "resource-name", resource = step)
}

pub(super) fn cloud_name(locale: Locale, cloud: CloudKind) -> String {
    phrase!(locale, "cloud-name", cloud = cloud.word())
}

pub(super) fn agent_name(locale: Locale, agent: AgentKind) -> String {
    phrase!(locale, "agent-name", agent = agent.word())
}

pub(super) fn channel_name(locale: Locale, channel: RelayChannel) -> String {
    phrase!(locale, "channel-name", channel = channel.word())
}

pub(super) fn size_name(locale: Locale, size: MachineSize) -> String {
    phrase!(locale, "size-name", size = size.word())
}
