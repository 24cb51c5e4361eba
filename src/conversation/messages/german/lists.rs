//! What stands in several lines: plan and price, deployments, progress, receipt.

use std::fmt::Write as _;

use crate::plan::Stage;
use crate::pricing::{self, CostItem, Quote};
use crate::spec::{AgentKind, MachineSize, Region, Role, Spec};

use super::super::super::{
    DeploymentStatus, Progress, RemainingResource, RemovedResource, RunGoal, StageStatus,
};
use super::super::{DeploymentSummary, Locale, date};
use super::labels::{agent_name, channel_name, cloud_name, resource_name, size_name};
use super::refusals;

pub(super) fn review(spec: &Spec, quote: &Quote) -> String {
    let mut text = format!(
        "Das ist der Plan:\n\
         \n\
         Name: {}\n\
         Cloud: {}, Organisation {}\n\
         Region: {}\n\
         Relay: 1 CPU, {} MB, {} GB Datenträger; erreichbar über: {}\n\
         VM: {} CPU, {} GB, {} GB Datenträger; Agent: {}{}\n\
         \n\
         Für 30 Tage:",
        spec.name,
        cloud_name(spec.cloud),
        spec.organisation,
        regions(&spec.regions),
        pricing::RELAY_MEMORY_MB,
        pricing::RELAY_VOLUME_GB,
        channel_name(spec.channel),
        spec.size.cpus(),
        spec.size.memory_mb() / 1024,
        spec.vm_volume_gb,
        agent_name(spec.agent),
        daily_limit(spec),
    );
    for line in &quote.lines {
        let _ = write!(text, "\n{}: {}", item(line.what), dollars(line.cents));
    }
    let awake = match spec.channel.holds_connection() {
        true => "Die VM schläft, wenn du sie nicht brauchst, das Relay bleibt wach",
        false => "Beide Maschinen schlafen, wenn du sie nicht brauchst",
    };
    let _ = write!(
        text,
        "\n\n{awake}: etwa {} im Monat, wenn du sie nie benutzt, höchstens {}, wenn beide Tag und \
         Nacht laufen. Fly.io rechnet direkt mit dir ab (Preise vom {}, ohne Datenverkehr). \
         Einrichten?",
        dollars(quote.idle_cents),
        dollars(quote.always_on_cents),
        pricing::AS_OF
    );
    text
}

/// The limit of an agent that uses a model.
fn daily_limit(spec: &Spec) -> String {
    match spec.agent {
        AgentKind::Claude => {
            format!("; höchstens {} Tokens am Tag (UTC)", Locale::German.grouped(spec.daily_tokens))
        }
        AgentKind::Shell => String::new(),
    }
}

/// Where it goes, and where it goes when that is full.
fn regions(regions: &[Region]) -> String {
    let others =
        |others: &[Region]| others.iter().map(AsRef::as_ref).collect::<Vec<_>>().join(" oder ");
    match regions {
        [] => String::new(),
        [only] => only.to_string(),
        [first, rest @ ..] => format!("{first}; wenn dort kein Platz ist, {}", others(rest)),
    }
}

fn item(item: CostItem) -> String {
    match item {
        CostItem::RelayRunning => "Relay, wenn es immer liefe".to_owned(),
        CostItem::VmRunning => "VM, wenn sie immer liefe".to_owned(),
        CostItem::Volumes { gb } => format!("Datenträger, {gb} GB"),
        CostItem::StoppedRootfs => "Dateisysteme schlafender Maschinen".to_owned(),
        CostItem::Addresses => "Adressen".to_owned(),
    }
}

fn dollars(cents: u64) -> String {
    format!("{},{:02} $", cents / 100, cents % 100)
}

pub(super) fn ask_size(quotes: &[(MachineSize, Quote)]) -> String {
    let mut text = "Wie groß soll die VM sein?\n".to_owned();
    for (size, quote) in quotes {
        let _ = write!(
            text,
            "\n{}: {} CPU, {} GB - höchstens {} im Monat",
            size_name(*size),
            size.cpus(),
            size.memory_mb() / 1024,
            dollars(quote.always_on_cents)
        );
    }
    text
}

pub(super) fn confirm_teardown(spec: &Spec) -> String {
    format!(
        "Das entfernt \"{}\" endgültig: beide Apps ({} und {}), ihre Maschinen, Datenträger, \
         Adressen und Schlüssel, mit allem, was der Agent dort gespeichert hat. Entfernen?",
        spec.name,
        spec.app(Role::Relay),
        spec.app(Role::Vm)
    )
}

pub(super) fn kept(remaining: Option<&[RemainingResource]>) -> String {
    match remaining {
        Some([]) => "Gut. In deinem Konto habe ich nichts davon gesehen.".to_owned(),
        Some(remaining) => format!(
            "Gut, ich lasse es, wie es ist. Es kann Geld kosten, bis es entfernt ist; das macht \
             /teardown.\n{}",
            refusals::remains(remaining)
        ),
        None => format!("Gut, ich lasse es, wie es ist. {}", refusals::NOT_LOOKED),
    }
}

pub(super) fn receipt(gone: &[RemovedResource]) -> String {
    let mut text =
        "Alles ist weg. Ich habe nach jedem davon gesehen, und es ist nicht mehr da:\n".to_owned();
    for it in gone {
        let _ = write!(
            text,
            "\n{}: {} - weg seit {}",
            resource_name(&it.kind),
            it.name,
            date(it.at_ms)
        );
    }
    text.push_str("\n\nDeinen Token habe ich vergessen. Du kannst ihn jetzt widerrufen.");
    text
}

pub(super) fn list(runs: &[DeploymentSummary]) -> String {
    let lines = runs.iter().map(|run| {
        format!(
            "{} in {}, {}, {}\nseit {}, etwa {} im Monat im Schlaf, höchstens {}",
            run.spec.name,
            run.spec.regions.first().map_or("", AsRef::as_ref),
            size_name(run.spec.size).to_lowercase(),
            standing(run.standing),
            date(run.opened_at_ms),
            dollars(run.quote.idle_cents),
            dollars(run.quote.always_on_cents),
        )
    });
    lines.collect::<Vec<_>>().join("\n\n")
}

fn standing(standing: DeploymentStatus) -> &'static str {
    match standing {
        DeploymentStatus::InProgress => "nicht fertig",
        DeploymentStatus::Deployed => "eingerichtet",
        DeploymentStatus::Removed => "entfernt",
        DeploymentStatus::Stuck => "teilweise entfernt",
    }
}

pub(in super::super) fn board(board: &Progress) -> String {
    let title = match board.goal {
        RunGoal::Deployed => "Ich richte ein",
        RunGoal::Removed => "Ich entferne alles",
    };
    let mut text = title.to_owned();
    for (stage, mark) in &board.stages {
        let sign = match mark {
            StageStatus::Pending => "[ ]",
            StageStatus::Running | StageStatus::ChangingRegion | StageStatus::Unconfirmed => "[..]",
            StageStatus::Done => "[x]",
        };
        let _ = write!(text, "\n{sign} {}", stage_name(*stage, board.goal));
        match mark {
            StageStatus::ChangingRegion => {
                text.push_str(" - dort ist kein Platz, ich nehme eine andere Region")
            }
            StageStatus::Unconfirmed => {
                text.push_str(" - ich warte zwei Minuten, ob noch etwas nachkommt")
            }
            StageStatus::Pending | StageStatus::Running | StageStatus::Done => {}
        }
    }
    text
}

pub(in super::super) fn stage_name(stage: Stage, goal: RunGoal) -> &'static str {
    match (goal, stage) {
        (RunGoal::Deployed, Stage::Apps) => "Namen reserviert",
        (RunGoal::Deployed, Stage::Network) => "Netz und Adressen",
        (RunGoal::Deployed, Stage::Secrets) => "Schlüssel übergeben",
        (RunGoal::Deployed, Stage::Storage) => "Datenträger",
        (RunGoal::Deployed, Stage::Machines) => "Maschinen gestartet",
        (RunGoal::Deployed, Stage::Proof) => "Geprüft: Relay, VM, und Fremde abgewiesen",
        (RunGoal::Removed, Stage::Apps) => "Apps",
        (RunGoal::Removed, Stage::Network) => "Adressen",
        (RunGoal::Removed, Stage::Secrets) => "Schlüssel",
        (RunGoal::Removed, Stage::Storage) => "Datenträger",
        (RunGoal::Removed, Stage::Machines) => "Maschinen",
        (RunGoal::Removed, Stage::Proof) => "Geprüft, dass alles weg ist",
    }
}
