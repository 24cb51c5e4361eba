//! `textslash list`: all deployments made from here.

use serde_json::Value;
use textslash::config::Environment;
use textslash::phrase;

use crate::connections::Connections;
use crate::exit::ExitReason;
use crate::report;

#[derive(clap::Args)]
pub struct ListArguments {
    /// Print one JSON document: a list.
    #[arg(long)]
    json: bool,
}

pub async fn run(arguments: ListArguments) -> anyhow::Result<ExitReason> {
    let connections = Connections::of_environment(&Environment::of_process()).await?;
    let runs = connections.deployments().list(None).await?;
    if arguments.json {
        report::print(&Value::from_iter(runs.iter().map(report::summary_json)).to_string());
    } else if runs.is_empty() {
        report::say(&phrase!(report::locale(), "cli-list-empty"));
    } else {
        runs.iter().for_each(|run| report::print(&report::summary_text(run)));
    }
    Ok(ExitReason::Done)
}
