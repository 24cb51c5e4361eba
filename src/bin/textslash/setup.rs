//! `textslash setup`: the onboarding conversation in this terminal, against the real vendors.

use std::sync::Arc;

use adapters::console::{ConsoleChannel, Terminal};
use textslash::config::{Environment, daily_tokens, images};
use textslash::journal;
use textslash::onboarding::Catalogue;
use textslash::phrase;
use textslash::quota::Quotas;
use textslash::spec::{AgentKind, RelayChannel};

use crate::connections::Connections;
use crate::exit::ExitReason;
use crate::{report, signals};

#[derive(clap::Args)]
pub struct SetupArguments {}

pub async fn run(_: SetupArguments) -> anyhow::Result<ExitReason> {
    let told = signals::shutdown_signal()?;
    let environment = Environment::of_process();
    let images = images(&environment)?;
    let connections = Connections::of_environment(&environment).await?;
    let catalogue = Catalogue {
        channels: vec![RelayChannel::Web],
        agents: vec![AgentKind::Claude],
        images,
        daily_tokens: daily_tokens(&environment)?,
        quotas: Quotas::UNLIMITED,
        invitations: Vec::new(),
    };
    let onboarding = connections.onboarding(catalogue, Vec::new(), None);
    let terminal = Terminal::of_stdio();
    let console = Arc::new(ConsoleChannel::new(terminal.voice("bot")));
    report::say(&phrase!(report::locale(), "cli-setup-begin"));
    tokio::select! {
        ended = onboarding.run(console) => ended.map(|()| ExitReason::Done),
        () = told => {
            drop(terminal);
            say_unfinished(&connections).await?;
            Ok(ExitReason::Interrupted)
        }
    }
}

/// What is on record and neither finished nor gone.
async fn say_unfinished(connections: &Connections) -> anyhow::Result<()> {
    let runs = connections.deployments().list(None).await?;
    let unfinished =
        runs.iter().filter(|run| matches!(run.end, None | Some(journal::RunEnd::Stuck)));
    for run in unfinished {
        report::say(&phrase!(
            report::locale(),
            "cli-setup-unfinished",
            name = run.spec.name.as_ref(),
            id = run.id.as_ref(),
        ));
    }
    Ok(())
}
