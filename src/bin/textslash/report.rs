//! What the roles without a conversation print: sentences on standard error, results on standard
//! output, as text or as JSON.

use std::io::{self, Write};

use serde_json::{Value, json};
use textslash::cloud::Cause;
use textslash::conversation::messages::{self, Locale, Message};
use textslash::conversation::{self, Failure, Gone, Remains};
use textslash::journal::End;
use textslash::plan::StepId;
use textslash::provisioner::{Progress, Receipt, Remaining, RunSummary, StageState};
use textslash::spec::{Role, Spec};
use tokio::sync::mpsc;

/// Tells the person something. Nothing ends because nobody listens any more.
pub fn say(text: &str) {
    writeln!(io::stderr(), "{text}").ok();
}

/// Prints a result. Nothing ends because its reader went away (`| head`).
pub fn print(text: &str) {
    writeln!(io::stdout(), "{text}").ok();
}

/// Tells each step of a run to this goal as it happens, until the run ends.
pub async fn tell_progress(goal: conversation::Goal, mut progress: mpsc::Receiver<Progress>) {
    while let Some(Progress { stage, state }) = progress.recv().await {
        let sign = match (goal, state) {
            (conversation::Goal::Deployed, StageState::Removing) => "[..] elsewhere:",
            (_, StageState::Settling) => "[..] making sure that nothing comes late:",
            (_, StageState::Working | StageState::Removing) => "[..]",
            (_, StageState::Done | StageState::Removed) => "[x]",
        };
        say(&format!("{sign} {}", messages::stage(Locale::English, stage, goal)));
    }
}

/// Says why a run stopped and what is left.
pub fn say_failed(
    goal: conversation::Goal,
    cause: Cause,
    step: StepId,
    spec: &Spec,
    remaining: &Remaining,
) {
    let remaining = Some(remaining.remains(spec));
    let failure = Failure { cause, step: Some(step), remaining };
    say(&messages::text(Locale::English, &Message::Failed { goal, failure }));
}

/// The proof that everything is gone.
pub fn receipt_text(receipt: &Receipt) -> String {
    messages::text(Locale::English, &Message::Receipt { gone: receipt.gone() })
}

/// The same for programs.
pub fn receipt_json(receipt: &Receipt) -> Value {
    let line = |it: Gone| json!({ "kind": it.kind, "name": it.name, "gone_at_ms": it.at_ms });
    receipt.gone().into_iter().map(line).collect()
}

/// What is left, for programs.
pub fn remaining_json(spec: &Spec, remaining: &Remaining) -> Value {
    let line =
        |it: Remains| json!({ "kind": it.kind, "name": it.name, "seen": it.seen, "link": it.link });
    remaining.remains(spec).into_iter().map(line).collect()
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

fn standing(end: Option<End>) -> &'static str {
    match end {
        None => "unfinished",
        Some(End::Deployed) => "deployed",
        Some(End::Removed) => "removed",
        Some(End::Stuck) => "stuck",
    }
}
