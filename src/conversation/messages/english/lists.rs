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
        "This is the plan:\n\nName: {}\nCloud: {}, organisation {}\nRegion: {}\nRelay: 1 CPU, {} \
         MB, {} GB disk; you reach it by {}\nVM: {} CPU, {} GB, {} GB disk; agent: {}{}\n\nFor 30 \
         days:",
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
        true => "The VM stops when idle, the relay stays up",
        false => "Both machines stop when idle",
    };
    let _ = write!(
        text,
        "\n\n{awake}: about {} a month if you never use it, at most {} if both ran day and night. \
         Fly.io bills you directly (prices of {}, without traffic). Deploy?",
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
            format!("; at most {} tokens a day (UTC)", Locale::English.grouped(spec.daily_tokens))
        }
        AgentKind::Shell => String::new(),
    }
}

/// Where it goes, and where it goes when that is full.
fn regions(regions: &[Region]) -> String {
    let others =
        |others: &[Region]| others.iter().map(AsRef::as_ref).collect::<Vec<_>>().join(" or ");
    match regions {
        [] => String::new(),
        [only] => only.to_string(),
        [first, rest @ ..] => format!("{first}; if it is full, {}", others(rest)),
    }
}

fn item(item: CostItem) -> String {
    match item {
        CostItem::RelayRunning => "Relay, if it ran all the time".to_owned(),
        CostItem::VmRunning => "VM, if it ran all the time".to_owned(),
        CostItem::Volumes { gb } => format!("Disks, {gb} GB"),
        CostItem::StoppedRootfs => "Stopped machines' root filesystems".to_owned(),
        CostItem::Addresses => "Addresses".to_owned(),
    }
}

fn dollars(cents: u64) -> String {
    format!("${}.{:02}", cents / 100, cents % 100)
}

pub(super) fn ask_size(quotes: &[(MachineSize, Quote)]) -> String {
    let mut text = "How large should the VM be?\n".to_owned();
    for (size, quote) in quotes {
        let _ = write!(
            text,
            "\n{}: {} CPU, {} GB - at most {} a month",
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
        "This removes \"{}\" for good: both apps ({} and {}), their machines, disks, addresses \
         and keys, with everything the agent has on its disk. Remove it?",
        spec.name,
        spec.app(Role::Relay),
        spec.app(Role::Vm)
    )
}

pub(super) fn kept(remaining: Option<&[RemainingResource]>) -> String {
    match remaining {
        Some([]) => "All right. I saw nothing of it in your account.".to_owned(),
        Some(remaining) => format!(
            "All right, I leave it as it is. It may cost money until it is removed; /teardown \
             does that.\n{}",
            refusals::remains(remaining)
        ),
        None => format!("All right, I leave it as it is. {}", refusals::NOT_LOOKED),
    }
}

pub(super) fn receipt(gone: &[RemovedResource]) -> String {
    let mut text = "Everything is gone. I looked for each of these, and it is not there any \
                    more:\n"
        .to_owned();
    for it in gone {
        let _ =
            write!(text, "\n{}: {} - gone {}", resource_name(&it.kind), it.name, date(it.at_ms));
    }
    text.push_str("\n\nI have forgotten your token. You can revoke it now.");
    text
}

pub(super) fn list(runs: &[DeploymentSummary]) -> String {
    let lines = runs.iter().map(|run| {
        format!(
            "{} in {}, {}, {}\nsince {}, about {} a month when idle, at most {}",
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
        DeploymentStatus::InProgress => "not finished",
        DeploymentStatus::Deployed => "deployed",
        DeploymentStatus::Removed => "removed",
        DeploymentStatus::Stuck => "partly removed",
    }
}

pub(in super::super) fn board(board: &Progress) -> String {
    let title = match board.goal {
        RunGoal::Deployed => "Deploying",
        RunGoal::Removed => "Removing everything",
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
                text.push_str(" - no room there, moving to another region")
            }
            StageStatus::Unconfirmed => {
                text.push_str(" - making sure that nothing comes late, two minutes")
            }
            StageStatus::Pending | StageStatus::Running | StageStatus::Done => {}
        }
    }
    text
}

pub(in super::super) fn stage_name(stage: Stage, goal: RunGoal) -> &'static str {
    match (goal, stage) {
        (RunGoal::Deployed, Stage::Apps) => "Names reserved",
        (RunGoal::Deployed, Stage::Network) => "Network and addresses",
        (RunGoal::Deployed, Stage::Secrets) => "Keys handed over",
        (RunGoal::Deployed, Stage::Storage) => "Disks",
        (RunGoal::Deployed, Stage::Machines) => "Machines started",
        (RunGoal::Deployed, Stage::Proof) => "Tested: relay, VM, and a stranger refused",
        (RunGoal::Removed, Stage::Apps) => "Apps",
        (RunGoal::Removed, Stage::Network) => "Addresses",
        (RunGoal::Removed, Stage::Secrets) => "Keys",
        (RunGoal::Removed, Stage::Storage) => "Disks",
        (RunGoal::Removed, Stage::Machines) => "Machines",
        (RunGoal::Removed, Stage::Proof) => "Checked that all is gone",
    }
}
