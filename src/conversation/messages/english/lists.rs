//! What stands in several lines: plan and price, deployments, progress, receipt.

use std::fmt::Write as _;

use crate::plan::Stage;
use crate::pricing::{self, Item, Quote};
use crate::spec::{AgentKind, Region, Role, Size, Spec};

use super::super::super::{Board, Goal, Gone, Mark, Remains, RunStanding};
use super::super::{Locale, Summary, date};
use super::labels::{agent_name, channel_name, cloud_name, resource_name, size_name};
use super::refusals;

pub(super) fn review(spec: &Spec, quote: &Quote) -> String {
    let mut text = format!(
        "This is the plan:\n\nName: {}\nCloud: {}, organisation {}\nRegion: {}\nRelay: 1 CPU, {} MB, {} GB disk; \
         you reach it by {}\nVM: {} CPU, {} GB, {} GB disk; agent: {}{}\n\nFor 30 days:",
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
        "\n\n{awake}: about {} a month if you never use it, at most {} if both \
         ran day and night. Fly.io bills you directly (prices of {}, without traffic). Deploy?",
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

fn item(item: Item) -> String {
    match item {
        Item::RelayRunning => "Relay, if it ran all the time".to_owned(),
        Item::VmRunning => "VM, if it ran all the time".to_owned(),
        Item::Volumes { gb } => format!("Disks, {gb} GB"),
        Item::StoppedRootfs => "Stopped machines' root filesystems".to_owned(),
        Item::Addresses => "Addresses".to_owned(),
    }
}

fn dollars(cents: u64) -> String {
    format!("${}.{:02}", cents / 100, cents % 100)
}

pub(super) fn ask_size(quotes: &[(Size, Quote)]) -> String {
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
        "This removes \"{}\" for good: both apps ({} and {}), their machines, disks, addresses and keys, \
         with everything the agent has on its disk. Remove it?",
        spec.name,
        spec.app(Role::Relay),
        spec.app(Role::Vm)
    )
}

pub(super) fn kept(remaining: Option<&[Remains]>) -> String {
    match remaining {
        Some([]) => "All right. I saw nothing of it in your account.".to_owned(),
        Some(remaining) => format!(
            "All right, I leave it as it is. It may cost money until it is removed; /teardown does \
             that.\n{}",
            refusals::remains(remaining)
        ),
        None => format!("All right, I leave it as it is. {}", refusals::NOT_LOOKED),
    }
}

pub(super) fn receipt(gone: &[Gone]) -> String {
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

pub(super) fn list(runs: &[Summary]) -> String {
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

fn standing(standing: RunStanding) -> &'static str {
    match standing {
        RunStanding::Unfinished => "not finished",
        RunStanding::Deployed => "deployed",
        RunStanding::Removed => "removed",
        RunStanding::Stuck => "partly removed",
    }
}

pub(in super::super) fn board(board: &Board) -> String {
    let title = match board.goal {
        Goal::Deployed => "Deploying",
        Goal::Removed => "Removing everything",
    };
    let mut text = title.to_owned();
    for (stage, mark) in &board.stages {
        let sign = match mark {
            Mark::Ahead => "[ ]",
            Mark::Started | Mark::Moving | Mark::Settling => "[..]",
            Mark::Done => "[x]",
        };
        let _ = write!(text, "\n{sign} {}", stage_name(*stage, board.goal));
        match mark {
            Mark::Moving => text.push_str(" - no room there, moving to another region"),
            Mark::Settling => text.push_str(" - making sure that nothing comes late, two minutes"),
            Mark::Ahead | Mark::Started | Mark::Done => {}
        }
    }
    text
}

pub(in super::super) fn stage_name(stage: Stage, goal: Goal) -> &'static str {
    match (goal, stage) {
        (Goal::Deployed, Stage::Apps) => "Names reserved",
        (Goal::Deployed, Stage::Network) => "Network and addresses",
        (Goal::Deployed, Stage::Secrets) => "Keys handed over",
        (Goal::Deployed, Stage::Storage) => "Disks",
        (Goal::Deployed, Stage::Machines) => "Machines started",
        (Goal::Deployed, Stage::Proof) => "Tested: relay, VM, and a stranger refused",
        (Goal::Removed, Stage::Apps) => "Apps",
        (Goal::Removed, Stage::Network) => "Addresses",
        (Goal::Removed, Stage::Secrets) => "Keys",
        (Goal::Removed, Stage::Storage) => "Disks",
        (Goal::Removed, Stage::Machines) => "Machines",
        (Goal::Removed, Stage::Proof) => "Checked that all is gone",
    }
}
