//! What the roles without a conversation print: sentences on standard error, results on standard
//! output, as text or as JSON.

use std::io::{self, Write};

use serde_json::{Value, json};
use textslash::conversation::messages::{self, Message};
use textslash::deployment::{
    Goal, RemainingResource, RemovedResource, RunFailure, StageStatus, StageUpdate,
};
use textslash::journal::RunEnd;
use textslash::messages::Locale;
use textslash::phrase;
use textslash::provisioner::RunSummary;
use textslash::spec::Role;
use tokio::sync::mpsc;

/// The language of the terminal, as `LC_ALL`, `LC_MESSAGES` or `LANG` names it.
pub fn locale() -> Locale {
    let named = ["LC_ALL", "LC_MESSAGES", "LANG"].into_iter();
    let named = named.filter_map(|name| std::env::var(name).ok()).find(|value| !value.is_empty());
    Locale::of_hint(named.as_deref())
}

/// Tells the person something. Nothing ends because nobody listens any more.
pub fn say(text: &str) {
    writeln!(io::stderr(), "{text}").ok();
}

/// Prints a result. Nothing ends because its reader went away (`| head`).
pub fn print(text: &str) {
    writeln!(io::stdout(), "{text}").ok();
}

/// Tells each step of a run to this goal as it happens, until the run ends.
pub async fn tell_progress(goal: Goal, mut progress: mpsc::Receiver<StageUpdate>) {
    while let Some(StageUpdate { stage, status }) = progress.recv().await {
        let stage = messages::stage(locale(), stage, goal);
        say(&match status {
            StageStatus::ChangingRegion => {
                phrase!(locale(), "cli-progress-elsewhere", stage = stage)
            }
            StageStatus::Unconfirmed => phrase!(locale(), "cli-progress-waiting", stage = stage),
            StageStatus::Pending | StageStatus::Running => {
                phrase!(locale(), "cli-progress", stage = stage)
            }
            StageStatus::Done => phrase!(locale(), "cli-progress-done", stage = stage),
        });
    }
}

/// Says why a run stopped and what is left.
pub fn say_failed(goal: Goal, failure: &RunFailure) {
    say(&messages::text(locale(), &Message::Failed { goal, failure: failure.clone() }));
}

/// The proof that everything is gone.
pub fn receipt_text(gone: Vec<RemovedResource>) -> String {
    messages::text(locale(), &Message::Receipt { gone })
}

/// The same for programs.
pub fn receipt_json(gone: &[RemovedResource]) -> Value {
    let line = |it: &RemovedResource| {
        let RemovedResource { step, name, gone_at_ms } = it;
        json!({ "kind": step, "name": name, "gone_at_ms": gone_at_ms })
    };
    gone.iter().map(line).collect()
}

/// What is left, for programs.
pub fn remaining_json(remaining: &[RemainingResource]) -> Value {
    let line = |it: &RemainingResource| {
        let RemainingResource { step, name, seen, link, .. } = it;
        json!({ "kind": step, "name": name, "seen": seen, "link": link })
    };
    remaining.iter().map(line).collect()
}

/// One line of a list.
pub fn summary_text(run: &RunSummary) -> String {
    format!(
        "{}  {}  {}  {}  {}  {}",
        run.id,
        run.spec.name,
        standing(run.end),
        run.spec.regions.first().map_or("", AsRef::as_ref),
        run.spec.size.word(),
        run.owner,
    )
}

/// The same for programs.
pub fn summary_json(run: &RunSummary) -> Value {
    json!({
        "id": run.id.to_string(),
        "name": run.spec.name.to_string(),
        "state": standing(run.end),
        "organisation": run.spec.organisation,
        "region": run.spec.regions.first().map(ToString::to_string),
        "size": run.spec.size.word(),
        "agent": run.spec.agent.word(),
        "channel": run.spec.channel.word(),
        "address": run.spec.address,
        "relay_app": run.spec.app(Role::Relay),
        "vm_app": run.spec.app(Role::Vm),
        "owner": run.owner,
        "opened_at_ms": run.opened_at_ms,
    })
}

fn standing(end: Option<RunEnd>) -> &'static str {
    match end {
        None => "unfinished",
        Some(RunEnd::Deployed) => "deployed",
        Some(RunEnd::Removed) => "removed",
        Some(RunEnd::Stuck) => "stuck",
    }
}
