//! `textslash teardown`: removes a deployment, and proves that nothing is left. It works from a record
//! of ours, or from nothing but a token.

use std::io::IsTerminal;

use anyhow::bail;
use textslash::cloud::{Cloud, Found};
use textslash::config::Environment;
use textslash::conversation;
use textslash::conversation::messages::{self, Locale, Message};
use textslash::provisioner::{Goal, Outcome, Progress};
use textslash::spec::Spec;
use tokio::sync::mpsc;

use crate::connections::{Connections, HERE};
use crate::exit::End;
use crate::{credentials, report, signals, status, terminal};

#[derive(clap::Args)]
pub struct Arguments {
    /// Its name or id. Without one, the account is searched for deployments of ours.
    deployment: Option<String>,
    /// Do not ask.
    #[arg(long)]
    yes: bool,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

pub async fn run(arguments: Arguments) -> anyhow::Result<End> {
    let environment = Environment::of_process();
    let connections = Connections::of_environment(&environment).await?;
    let known = match &arguments.deployment {
        Some(wanted) => status::named(&connections, wanted).await.map(Some),
        None => Ok(None),
    };
    let Some((token, _)) = credentials::fly_token(&environment, &connections).await? else {
        return Ok(End::CredentialRefused);
    };
    let cloud = connections.fly.open_for_teardown(token);
    let specs = match known {
        Ok(Some(run)) => vec![run.spec],
        Ok(None) => found(&connections, &cloud, None).await?,
        // The record may be lost while the deployment is not.
        Err(unknown) => match found(&connections, &cloud, arguments.deployment.as_deref()).await? {
            specs if specs.is_empty() => return Err(unknown),
            specs => specs,
        },
    };
    if specs.is_empty() {
        report::say(&messages::text(Locale::English, &Message::NothingFound));
        return Ok(End::Done);
    }
    let mut end = End::Done;
    for spec in specs {
        match removed(&arguments, &connections, &cloud, &spec).await? {
            End::Done => {}
            other => end = other,
        }
    }
    Ok(end)
}

/// Deployments of ours in the account, put on record so that they can be removed.
async fn found(
    connections: &Connections,
    cloud: &dyn Cloud,
    wanted: Option<&str>,
) -> anyhow::Result<Vec<Spec>> {
    let is_wanted = |found: &Found| {
        wanted
            .is_none_or(|wanted| found.id.as_ref() == wanted || found.spec.name.as_ref() == wanted)
    };
    let mut specs = Vec::new();
    for found in cloud.find().await?.into_iter().filter(is_wanted) {
        connections.provisioner().adopt(&found, HERE).await?;
        specs.push(found.spec);
    }
    Ok(specs)
}

async fn removed(
    arguments: &Arguments,
    connections: &Connections,
    cloud: &dyn Cloud,
    spec: &Spec,
) -> anyhow::Result<End> {
    let question = Message::ConfirmTeardown { spec: Some(Box::new(spec.clone())) };
    if !arguments.yes {
        if !std::io::stdin().is_terminal() {
            bail!("nobody can say yes here; pass --yes to remove {}", spec.id);
        }
        let answer = terminal::asks(&messages::text(Locale::English, &question)).await;
        if answer != "yes" && answer != "y" {
            return Ok(End::Failed);
        }
    }
    let (progress, told) = mpsc::channel(Progress::CHANNEL);
    let telling = tokio::spawn(report::tell_progress(told));
    let provisioner = connections.provisioner();
    let outcome = tokio::select! {
        outcome = provisioner.drive(&spec.id, Goal::Removed, cloud, &progress) => outcome?,
        () = signals::told_to_end() => {
            report::say(&format!("Interrupted. Run `textslash teardown {}` again.", spec.id));
            return Ok(End::Interrupted);
        }
    };
    drop(progress);
    telling.await?;
    match outcome {
        Outcome::Removed(receipt) if arguments.json => {
            report::print(&report::receipt_json(&receipt).to_string());
            Ok(End::Done)
        }
        Outcome::Removed(receipt) => {
            report::print(&report::receipt_text(&receipt));
            Ok(End::Done)
        }
        Outcome::Failed { cause, remaining, .. } => {
            report::say_failed(conversation::Goal::Removed, cause, spec, &remaining);
            Ok(End::Remains)
        }
        Outcome::Deployed(_) => bail!("a removal ended as a deployment"),
    }
}
