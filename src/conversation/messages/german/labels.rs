//! The words on buttons, and the names of what can be chosen.

use crate::spec::{AgentKind, CloudKind, MachineSize, RelayChannel};

use super::super::super::Question;
use super::super::super::choice::{ChatCommand, Choice};

pub(in super::super) fn label(choice: &Choice) -> String {
    match choice {
        Choice::Command(command) => command_label(*command).to_owned(),
        Choice::Cloud(cloud) => cloud_name(*cloud).to_owned(),
        Choice::Offer => "Den der Sandbox".to_owned(),
        Choice::KeepAnswer => "Antwort behalten".to_owned(),
        Choice::Agent(agent) => agent_name(*agent).to_owned(),
        Choice::Organisation(_, slug) => slug.clone(),
        Choice::Channel(channel) => channel_name(*channel).to_owned(),
        Choice::MakeBot(_) => "Für mich anlegen".to_owned(),
        Choice::Address(_, name) => name.clone(),
        Choice::TakeOver => "Übernehmen".to_owned(),
        Choice::AnotherAddress => "Anderen nehmen".to_owned(),
        Choice::Language(locale) => locale.name().to_owned(),
        Choice::Region(region, name) => format!("{name} ({region})"),
        Choice::Size(size) => size_name(*size).to_owned(),
        Choice::CheckAgain => "Fertig, neu prüfen".to_owned(),
        Choice::Deploy => "Einrichten".to_owned(),
        Choice::Change => "Antwort ändern".to_owned(),
        Choice::Answer(question) => question_name(*question).to_owned(),
        Choice::Retry => "Noch einmal".to_owned(),
        Choice::Keep => "Stehen lassen".to_owned(),
        Choice::Remove => "Alles entfernen".to_owned(),
        Choice::KeepGoing => "Weitermachen".to_owned(),
        Choice::ConfirmTeardown => "Ja, entfernen".to_owned(),
        Choice::ConfirmForget => "Ja, vergiss mich".to_owned(),
        Choice::Run(_, name) => name.clone(),
        Choice::NewLink(_) => "Neuer Link".to_owned(),
        Choice::NewKeys(_) => "Neue Schlüssel".to_owned(),
        Choice::Resume(_) => "Fertig einrichten".to_owned(),
        Choice::DeployAnother => "Noch eins einrichten".to_owned(),
    }
}

fn command_label(command: ChatCommand) -> &'static str {
    match command {
        ChatCommand::Start => "Start",
        ChatCommand::Help => "Hilfe",
        ChatCommand::Deploy => "Jetzt einrichten",
        ChatCommand::Status => "Status",
        ChatCommand::Teardown => "Entfernen",
        ChatCommand::Cancel => "Abbrechen",
        ChatCommand::Back => "Zurück",
        ChatCommand::Privacy => "Datenschutz",
        ChatCommand::Forget => "Vergiss mich",
        ChatCommand::Language => "Sprache",
    }
}

/// What a command does; at most 100 characters.
pub(in super::super) fn meaning(command: ChatCommand) -> &'static str {
    match command {
        ChatCommand::Start => "anfangen",
        ChatCommand::Help => "diese Liste",
        ChatCommand::Deploy => "etwas einrichten",
        ChatCommand::Status => "was du hast, was es kostet, seit wann",
        ChatCommand::Teardown => "alles entfernen, mit Beleg",
        ChatCommand::Cancel => "abbrechen, was wir gerade tun",
        ChatCommand::Back => "die vorige Frage",
        ChatCommand::Privacy => "was ich wo aufbewahre",
        ChatCommand::Forget => "löschen, was ich über dich gespeichert habe, mit Beleg",
        ChatCommand::Language => "Deutsch oder Englisch sprechen",
    }
}

fn question_name(question: Question) -> &'static str {
    match question {
        Question::Invitation => "Einladung",
        Question::Cloud => "Cloud",
        Question::Token => "Token",
        Question::Organisation => "Organisation",
        Question::Billing => "Zahlung",
        Question::Model => "Agent und Schlüssel",
        Question::Channel => "Kanal",
        Question::ChannelKey => "Schlüssel des Kanals",
        Question::Address => "Nummer",
        Question::TakeOver => "Übernahme",
        Question::Name => "Name",
        Question::Region => "Region",
        Question::Size => "Größe",
    }
}

/// What a step of a plan makes; the step's own word for one that has none here.
pub(super) fn resource_name(step: &str) -> &str {
    match step {
        "relay-app" => "App des Relays",
        "vm-app" => "App der VM",
        "relay-ipv4" => "IPv4-Adresse des Relays",
        "relay-ipv6" => "IPv6-Adresse des Relays",
        "relay-private" => "private Adresse des Relays",
        "vm-private" => "private Adresse der VM",
        "relay-volume" => "Datenträger des Relays",
        "vm-volume" => "Datenträger der VM",
        "relay-machine" => "Maschine des Relays",
        "vm-machine" => "Maschine der VM",
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
        AgentKind::Shell => "Shell ohne Schlüssel",
    }
}

pub(super) fn channel_name(channel: RelayChannel) -> &'static str {
    match channel {
        RelayChannel::Web => "ein Web-Link",
        RelayChannel::Telegram => "Telegram",
        RelayChannel::Discord => "Discord",
        RelayChannel::WhatsApp => "WhatsApp",
    }
}

pub(super) fn size_name(size: MachineSize) -> &'static str {
    match size {
        MachineSize::Small => "Klein",
        MachineSize::Medium => "Mittel",
        MachineSize::Large => "Groß",
    }
}

pub(in super::super) fn is_yes(text: &str) -> bool {
    ["ja", "j", "ok", "klar", "gerne", "fertig"].iter().any(|yes| text.eq_ignore_ascii_case(yes))
}
