//! What stands in several lines: plan and price, deployments, progress, receipt.

use crate::deployment::{Goal, Progress, RemovedResource, StageStatus};
use crate::messages::{any_of, dollars};
use crate::phrase;
use crate::pricing::{self, CostItem, Quote};
use crate::spec::{MachineSize, Region, Role, Spec};

use super::super::DeploymentStatus;
use super::labels::{agent_name, channel_name, cloud_name, resource_name, size_name};
use super::{DeploymentSummary, Locale, date, stage};

pub(super) fn review(locale: Locale, spec: &Spec, quote: &Quote) -> String {
    let plan = phrase!(
        locale,
        "plan",
        name = spec.name.as_ref(),
        cloud = cloud_name(locale, spec.cloud),
        organisation = spec.organisation,
        region = regions(locale, &spec.regions),
        relay_mb = pricing::RELAY_MEMORY_MB,
        relay_disk = pricing::RELAY_VOLUME_GB,
        channel = channel_name(locale, spec.channel),
        cpus = spec.size.cpus(),
        gb = spec.size.memory_mb() / 1024,
        disk = spec.vm_volume_gb,
        agent = agent(locale, spec),
    );
    let costs = quote.lines.iter().map(|line| cost(locale, line.what, line.cents));
    let costs = [phrase!(locale, "plan-costs")].into_iter().chain(costs).collect::<Vec<_>>();
    let question = phrase!(
        locale,
        "plan-question",
        always_on = spec.channel.holds_connection(),
        idle = dollars(locale, quote.idle_cents),
        most = dollars(locale, quote.always_on_cents),
        date = pricing::AS_OF,
    );
    format!("{plan}\n\n{}\n\n{question}", costs.join("\n"))
}

/// The agent, and the limit of one that uses a model.
fn agent(locale: Locale, spec: &Spec) -> String {
    let agent = agent_name(locale, spec.agent);
    if !spec.agent.needs_model() {
        return agent;
    }
    let tokens = locale.grouped(spec.daily_tokens);
    phrase!(locale, "plan-agent-limit", agent = agent, tokens = tokens)
}

/// Where it goes, and where it goes when that is full.
fn regions(locale: Locale, regions: &[Region]) -> String {
    match regions {
        [] => String::new(),
        [only] => only.to_string(),
        [first, rest @ ..] => {
            let rest: Vec<_> = rest.iter().map(AsRef::as_ref).collect();
            let others = any_of(locale, &rest);
            phrase!(locale, "plan-region-fallback", first = first.as_ref(), others = others)
        }
    }
}

fn cost(locale: Locale, item: CostItem, cents: u64) -> String {
    let price = dollars(locale, cents);
    match item {
        CostItem::RelayRunning => phrase!(locale, "plan-cost-relay", price = price),
        CostItem::VmRunning => phrase!(locale, "plan-cost-vm", price = price),
        CostItem::Volumes { gb } => phrase!(locale, "plan-cost-disks", gb = gb, price = price),
        CostItem::StoppedRootfs => phrase!(locale, "plan-cost-stopped", price = price),
        CostItem::Addresses => phrase!(locale, "plan-cost-addresses", price = price),
    }
}

pub(super) fn ask_size(locale: Locale, quotes: &[(MachineSize, Quote)]) -> String {
    let line = |(size, quote): &(MachineSize, Quote)| {
        phrase!(
            locale,
            "ask-size-line",
            size = size_name(locale, *size),
            cpus = size.cpus(),
            gb = size.memory_mb() / 1024,
            price = dollars(locale, quote.always_on_cents),
        )
    };
    let lines: Vec<_> = quotes.iter().map(line).collect();
    format!("{}\n\n{}", phrase!(locale, "ask-size"), lines.join("\n"))
}

pub(super) fn confirm_teardown(locale: Locale, spec: &Spec) -> String {
    let (relay, vm) = (spec.app(Role::Relay), spec.app(Role::Vm));
    phrase!(locale, "confirm-teardown", name = spec.name.as_ref(), relay = relay, vm = vm)
}

pub(super) fn receipt(locale: Locale, gone: &[RemovedResource]) -> String {
    let line = |it: &RemovedResource| {
        let resource = resource_name(locale, it.step.0.as_ref());
        let date = date(it.gone_at_ms);
        phrase!(locale, "receipt-line", resource = resource, name = it.name, date = date)
    };
    let lines: Vec<_> = gone.iter().map(line).collect();
    let (begin, end) = (phrase!(locale, "receipt"), phrase!(locale, "receipt-end"));
    format!("{begin}\n\n{}\n\n{end}", lines.join("\n"))
}

pub(super) fn list(locale: Locale, runs: &[DeploymentSummary]) -> String {
    let line = |run: &DeploymentSummary| {
        phrase!(
            locale,
            "deployment",
            name = run.spec.name.as_ref(),
            region = run.spec.regions.first().map_or("", AsRef::as_ref),
            size = phrase!(locale, "size-name-inline", size = run.spec.size.word()),
            standing = standing(run.standing),
            date = date(run.opened_at_ms),
            idle = dollars(locale, run.quote.idle_cents),
            most = dollars(locale, run.quote.always_on_cents),
        )
    };
    runs.iter().map(line).collect::<Vec<_>>().join("\n\n")
}

fn standing(standing: DeploymentStatus) -> &'static str {
    match standing {
        DeploymentStatus::InProgress => "unfinished",
        DeploymentStatus::Deployed => "deployed",
        DeploymentStatus::Removed => "removed",
        DeploymentStatus::Stuck => "stuck",
    }
}

/// The progress message.
pub fn board(locale: Locale, board: &Progress) -> String {
    let title = match board.goal {
        Goal::Deployed => phrase!(locale, "progress-deploying"),
        Goal::Removed => phrase!(locale, "progress-removing"),
    };
    let lines = board.stages.iter().map(|(on, mark)| {
        let name = stage(locale, *on, board.goal);
        let sign = match mark {
            StageStatus::Pending => "[ ]",
            StageStatus::Running | StageStatus::ChangingRegion | StageStatus::Unconfirmed => "[..]",
            StageStatus::Done => "[x]",
        };
        match mark {
            StageStatus::ChangingRegion => {
                phrase!(locale, "progress-line-moving", sign = sign, stage = name)
            }
            StageStatus::Unconfirmed => {
                phrase!(locale, "progress-line-settling", sign = sign, stage = name)
            }
            StageStatus::Pending | StageStatus::Running | StageStatus::Done => {
                phrase!(locale, "progress-line", sign = sign, stage = name)
            }
        }
    });
    [title].into_iter().chain(lines).collect::<Vec<_>>().join("\n")
}
