//! `textslash status NAME`: one deployment, from its journal and from its own mouth.

use std::time::Duration;

use anyhow::{Context, bail};
use bytes::Bytes;
use serde_json::json;
use textslash::config::Environment;
use textslash::http::call;
use textslash::journal;
use textslash::phrase;
use textslash::protocol::Health;
use textslash::provisioner::RunSummary;

use crate::connections::Connections;
use crate::exit::ExitReason;
use crate::report;

/// A stopped relay wakes on this call, which takes a few seconds.
const PATIENCE: Duration = Duration::from_secs(20);

/// A health answer is three short words.
const BODY_MAX: usize = 4096;

#[derive(clap::Args)]
pub struct StatusArguments {
    /// Its name or id; see `textslash list`.
    #[arg(value_name = "NAME")]
    deployment: String,
    /// Print one JSON document.
    #[arg(long)]
    json: bool,
}

pub async fn run(arguments: StatusArguments) -> anyhow::Result<ExitReason> {
    let connections = Connections::of_environment(&Environment::of_process()).await?;
    let run = find_run(&connections, &arguments.deployment).await?;
    let is_removed = run.end == Some(journal::RunEnd::Removed);
    let health = if is_removed { None } else { health(&connections, &run).await };
    let healthy = health.is_some();
    if arguments.json {
        let mut summary = report::summary_json(&run);
        summary["relay_healthy"] = json!(healthy);
        summary["build"] = json!(health.map(|health| health.build));
        report::print(&summary.to_string());
    } else {
        let relay = match &health {
            Some(health) => {
                phrase!(report::locale(), "cli-status-healthy", build = health.build)
            }
            None if is_removed => phrase!(report::locale(), "cli-status-removed"),
            None => phrase!(report::locale(), "cli-status-silent"),
        };
        report::print(&format!("{}\n{relay}", report::summary_text(&run)));
    }
    Ok(if healthy || is_removed { ExitReason::Done } else { ExitReason::Failed })
}

/// The one deployment of this name or id.
///
/// # Errors
/// When there is none, or several of this name: then their ids are listed.
pub async fn find_run(connections: &Connections, wanted: &str) -> anyhow::Result<RunSummary> {
    let mut runs = connections.deployments().list(None).await?;
    if let Some(at) = runs.iter().position(|run| run.id.as_ref() == wanted) {
        return Ok(runs.swap_remove(at));
    }
    let gone = Some(journal::RunEnd::Removed);
    runs.retain(|run| run.spec.name.as_ref() == wanted && run.end != gone);
    match runs.len() {
        0 => bail!(phrase!(report::locale(), "cli-no-such-deployment", name = wanted)),
        1 => runs.pop().context("one is left"),
        _ => {
            let ids: Vec<_> = runs.iter().map(|run| run.id.to_string()).collect();
            let ids = ids.join(", ");
            bail!(phrase!(report::locale(), "cli-several-deployments", name = wanted, ids = ids))
        }
    }
}

/// What the relay says of itself, if it is ours.
async fn health(connections: &Connections, run: &RunSummary) -> Option<Health> {
    let url = connections.deployments().relay_url(&run.spec)?;
    let request = http::Request::get(format!("{url}/health")).body(Bytes::new()).ok()?;
    let transport = connections.transport.as_ref();
    let answer = call(transport, request, PATIENCE, BODY_MAX).await.ok()?;
    let health: Health = serde_json::from_slice(&answer.body).ok()?;
    (answer.status.is_success() && health.deployment == run.id.as_ref()).then_some(health)
}
