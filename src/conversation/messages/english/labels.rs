//! The words on buttons, and the names of what can be chosen.

use crate::spec::{AgentKind, CloudKind, MachineSize, RelayChannel};

use super::super::super::Question;
use super::super::super::choice::{ChatCommand, Choice};

pub(in super::super) fn label(choice: &Choice) -> String {
    match choice {
        Choice::Command(command) => command_label(*command).to_owned(),
        Choice::Cloud(cloud) => cloud_name(*cloud).to_owned(),
        Choice::Offer => "Use sandbox one".to_owned(),
        Choice::KeepAnswer => "Keep my answer".to_owned(),
        Choice::Agent(agent) => agent_name(*agent).to_owned(),
        Choice::Organisation(_, slug) => slug.clone(),
        Choice::Channel(channel) => channel_name(*channel).to_owned(),
        Choice::MakeBot(_) => "Make it for me".to_owned(),
        Choice::Address(_, name) => name.clone(),
        Choice::TakeOver => "Take it over".to_owned(),
        Choice::AnotherAddress => "Use another one".to_owned(),
        Choice::Language(locale) => locale.name().to_owned(),
        Choice::Region(region, name) => format!("{name} ({region})"),
        Choice::Size(size) => size_name(*size).to_owned(),
        Choice::CheckAgain => "Done, check again".to_owned(),
        Choice::Deploy => "Deploy".to_owned(),
        Choice::Change => "Change an answer".to_owned(),
        Choice::Answer(question) => question_name(*question).to_owned(),
        Choice::Retry => "Try again".to_owned(),
        Choice::Keep => "Keep for inspection".to_owned(),
        Choice::Remove => "Remove everything".to_owned(),
        Choice::KeepGoing => "Keep going".to_owned(),
        Choice::ConfirmTeardown => "Yes, remove it".to_owned(),
        Choice::ConfirmForget => "Yes, forget me".to_owned(),
        Choice::Run(_, name) => name.clone(),
        Choice::NewLink(_) => "New link".to_owned(),
        Choice::NewKeys(_) => "New keys".to_owned(),
        Choice::Resume(_) => "Finish deploying".to_owned(),
        Choice::DeployAnother => "Deploy another one".to_owned(),
    }
}

fn command_label(command: ChatCommand) -> &'static str {
    match command {
        ChatCommand::Start => "Start",
        ChatCommand::Help => "Help",
        ChatCommand::Deploy => "Start deploying",
        ChatCommand::Status => "Status",
        ChatCommand::Teardown => "Tear down",
        ChatCommand::Cancel => "Cancel",
        ChatCommand::Back => "Back",
        ChatCommand::Privacy => "Privacy",
        ChatCommand::Forget => "Forget me",
        ChatCommand::Language => "Language",
    }
}

/// What a command does; at most 100 characters.
pub(in super::super) fn meaning(command: ChatCommand) -> &'static str {
    match command {
        ChatCommand::Start => "begin",
        ChatCommand::Help => "this list",
        ChatCommand::Deploy => "make a deployment",
        ChatCommand::Status => "what you have, what it costs, since when",
        ChatCommand::Teardown => "remove a deployment, with a receipt",
        ChatCommand::Cancel => "stop what we are doing",
        ChatCommand::Back => "the previous question",
        ChatCommand::Privacy => "what I keep and where",
        ChatCommand::Forget => "erase what I have on record of you, with a receipt",
        ChatCommand::Language => "speak English or German",
    }
}

fn question_name(question: Question) -> &'static str {
    match question {
        Question::Invitation => "Invitation",
        Question::Cloud => "Cloud",
        Question::Token => "Token",
        Question::Organisation => "Organisation",
        Question::Billing => "Billing",
        Question::Model => "Agent and key",
        Question::Channel => "Channel",
        Question::ChannelKey => "Channel's key",
        Question::Address => "Number",
        Question::TakeOver => "Take it over",
        Question::Name => "Name",
        Question::Region => "Region",
        Question::Size => "Size",
    }
}

/// What a step of a plan makes; the step's own word for one that has none here.
pub(super) fn resource_name(step: &str) -> &str {
    match step {
        "relay-app" => "Relay app",
        "vm-app" => "VM app",
        "relay-ipv4" => "Relay's IPv4 address",
        "relay-ipv6" => "Relay's IPv6 address",
        "relay-private" => "Relay's private address",
        "vm-private" => "VM's private address",
        "relay-volume" => "Relay's disk",
        "vm-volume" => "VM's disk",
        "relay-machine" => "Relay's machine",
        "vm-machine" => "VM's machine",
        other => other,
    }
}

pub(super) fn cloud_name(cloud: CloudKind) -> &'static str {
    match cloud {
        CloudKind::Fly => "Fly.io",
    }
}

pub(super) fn agent_name(agent: AgentKind) -> &'static str {
    match agent {
        AgentKind::Claude => "Claude Code",
        AgentKind::Shell => "Shell agent, no key",
    }
}

pub(in super::super) fn channel_name(channel: RelayChannel) -> &'static str {
    match channel {
        RelayChannel::Web => "a web link",
        RelayChannel::Telegram => "Telegram",
        RelayChannel::Discord => "Discord",
        RelayChannel::WhatsApp => "WhatsApp",
    }
}

pub(super) fn size_name(size: MachineSize) -> &'static str {
    match size {
        MachineSize::Small => "Small",
        MachineSize::Medium => "Medium",
        MachineSize::Large => "Large",
    }
}

pub(in super::super) fn is_yes(text: &str) -> bool {
    ["yes", "y", "ok", "sure", "done"].iter().any(|yes| text.eq_ignore_ascii_case(yes))
}
