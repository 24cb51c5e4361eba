//! `textslash teardown`: removes a deployment, and proves that nothing is left. It works from a
//! record of ours, or from nothing but a token.

use anyhow::bail;
use serde_json::{Value, json};
use textslash::cloud::Cloud;
use textslash::config::Environment;
use textslash::conversation::messages::{self, Message};
use textslash::deployment::{FoundDeployment, Goal, Outcome};
use textslash::phrase;
use textslash::spec::{CloudKind, Spec};

use crate::connections::{Connections, HERE};
use crate::deploy::clouds;
use crate::exit::ExitReason;
use crate::person::TerminalPrompt;
use crate::{credentials, report, signals, status};

#[derive(clap::Args)]
pub struct TeardownArguments {
    /// Its name or id. Without one, the account is searched for all deployments of ours.
    #[arg(value_name = "NAME")]
    deployment: Option<String>,
    /// The cloud to search.
    #[arg(long, default_value = CloudKind::default().word(), value_parser = clouds())]
    cloud: CloudKind,
    /// Do not ask.
    #[arg(long)]
    yes: bool,
    /// Print one JSON document on standard output, and nothing else there.
    #[arg(long)]
    json: bool,
}

pub async fn run(arguments: TeardownArguments) -> anyhow::Result<ExitReason> {
    let told = signals::shutdown_signal()?;
    tokio::select! {
        end = teardown(&arguments) => end,
        () = told => {
            report::say(&phrase!(report::locale(), "cli-teardown-interrupted"));
            Ok(ExitReason::Interrupted)
        }
    }
}

async fn teardown(arguments: &TeardownArguments) -> anyhow::Result<ExitReason> {
    let environment = Environment::of_process();
    let connections = Connections::of_environment(&environment).await?;
    let person = TerminalPrompt::default();
    let provider = connections.vendors.clouds.get(arguments.cloud)?;
    let token = credentials::cloud_token(&environment, &connections, provider, &person).await?;
    let Some((token, account)) = token else { return Ok(ExitReason::CredentialRefused) };
    let cloud = provider.open_for_teardown(token);
    let specs = target(&connections, &*cloud, arguments.deployment.as_deref()).await?;
    if !credentials::opens_all(&account, &specs) {
        return Ok(ExitReason::CredentialRefused);
    }
    if specs.is_empty() {
        report::say(&messages::text(report::locale(), &Message::NothingFound));
    }
    let mut end = ExitReason::Done;
    let mut told = Vec::new();
    for spec in specs {
        if !confirmed(arguments, &spec, &person).await? {
            report::say(&phrase!(report::locale(), "cli-left-as-it-is", id = spec.id.as_ref()));
            end = ExitReason::ResourcesRemain;
            continue;
        }
        let (removed, all_gone) = removed(arguments, &connections, &*cloud, &spec).await?;
        told.push(removed);
        if !all_gone {
            end = ExitReason::ResourcesRemain;
        }
    }
    if arguments.json {
        report::print(&json!({ "deployments": told }).to_string());
    }
    Ok(end)
}

/// What is to be removed. The record may be lost while the deployment is not: then the account is
/// searched.
async fn target(
    connections: &Connections,
    cloud: &dyn Cloud,
    wanted: Option<&str>,
) -> anyhow::Result<Vec<Spec>> {
    let Some(name) = wanted else { return found(connections, cloud, None).await };
    match status::find_run(connections, name).await {
        Ok(run) => Ok(vec![run.spec]),
        Err(unknown) => match found(connections, cloud, wanted).await? {
            specs if specs.is_empty() => Err(unknown),
            specs => Ok(specs),
        },
    }
}

/// Deployments of ours in the account, put on record so that they can be removed.
async fn found(
    connections: &Connections,
    cloud: &dyn Cloud,
    wanted: Option<&str>,
) -> anyhow::Result<Vec<Spec>> {
    let is_wanted = |found: &FoundDeployment| {
        wanted.is_none_or(|wanted| {
            found.spec.id.as_ref() == wanted || found.spec.name.as_ref() == wanted
        })
    };
    let mut specs = Vec::new();
    for found in cloud.find().await?.into_iter().filter(is_wanted) {
        connections.deployments().adopt(&found, HERE).await?;
        specs.push(*found.spec);
    }
    Ok(specs)
}

async fn confirmed(
    arguments: &TeardownArguments,
    spec: &Spec,
    person: &TerminalPrompt,
) -> anyhow::Result<bool> {
    if arguments.yes {
        return Ok(true);
    }
    if !person.is_interactive() {
        let deployment = spec.id.as_ref();
        bail!(phrase!(report::locale(), "cli-nobody-agrees-to-removal", deployment = deployment));
    }
    let question = Message::ConfirmTeardown { spec: Some(Box::new(spec.clone())) };
    report::say(&messages::text(report::locale(), &question));
    Ok(person.confirms().await)
}

/// Removes one; what is said of it to programs, and whether all of it is gone.
async fn removed(
    arguments: &TeardownArguments,
    connections: &Connections,
    cloud: &dyn Cloud,
    spec: &Spec,
) -> anyhow::Result<(Value, bool)> {
    let about = |what: &str, lines: Value| json!({ "id": spec.id, "name": spec.name, what: lines });
    match connections.drive(&spec.id, Goal::Removed, cloud).await? {
        Outcome::Removed(gone) => {
            let lines = report::receipt_json(&gone);
            if !arguments.json {
                report::print(&report::receipt_text(gone));
            }
            Ok((about("removed", lines), true))
        }
        Outcome::Failed(failure) => {
            report::say_failed(Goal::Removed, &failure);
            let remaining = failure.remaining.unwrap_or_default();
            Ok((about("remaining", report::remaining_json(&remaining)), false))
        }
        Outcome::Deployed(_) => bail!("a removal ended as a deployment"),
    }
}
