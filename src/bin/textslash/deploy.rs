//! `textslash deploy`: one command per user, without a conversation.

use std::io::IsTerminal;

use anyhow::{Context, bail};
use serde_json::{Value, json};
use textslash::account::{Account, Standing};
use textslash::cloud::Keys;
use textslash::config::{self, Environment};
use textslash::conversation;
use textslash::conversation::messages::{self, Locale, Message};
use textslash::plan::{Known, StepId};
use textslash::pricing;
use textslash::provisioner::{Goal, Outcome, Progress};
use textslash::spec::{
    AgentKind, CloudKind, DeploymentId, Name, Region, RelayChannel, Role, Size, Spec,
};
use tokio::sync::mpsc;

use crate::connections::{Connections, HERE};
use crate::exit::End;
use crate::{credentials, report, signals};

/// The VM's volume when nothing is said: a few repositories and the agent's sessions.
const VOLUME_GB: u32 = 10;

#[derive(clap::Args)]
pub struct Arguments {
    /// What to call it: the readable part of its names.
    #[arg(long, default_value = "my")]
    name: String,
    /// For whom it is; shown by `textslash list`.
    #[arg(long)]
    email: Option<String>,
    /// The Fly.io organisation; needed when the token opens several.
    #[arg(long)]
    organisation: Option<String>,
    /// Where; the nearest region when nothing is said.
    #[arg(long)]
    region: Option<String>,
    /// The VM's machine: small, medium or large.
    #[arg(long, default_value = "medium", value_parser = size)]
    size: Size,
    /// The VM's volume.
    #[arg(long, default_value_t = VOLUME_GB, value_parser = clap::value_parser!(u32).range(1..=500))]
    volume_gb: u32,
    /// The agent: claude, or shell, which runs each line and needs no model.
    #[arg(long, default_value = "claude", value_parser = agent)]
    agent: AgentKind,
    /// What to do when it fails midway: `remove` everything, or `keep` what is there.
    #[arg(long, default_value = "remove", value_parser = ["remove", "keep"])]
    on_failure: String,
    /// Do not ask: the price has been seen.
    #[arg(long)]
    yes: bool,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

fn size(word: &str) -> Result<Size, &'static str> {
    let known = Size::ALL.into_iter().find(|size| size.word() == word);
    known.ok_or("small, medium or large")
}

fn agent(word: &str) -> Result<AgentKind, &'static str> {
    match word {
        "claude" => Ok(AgentKind::Claude),
        "shell" => Ok(AgentKind::Shell),
        _ => Err("claude or shell"),
    }
}

pub async fn run(arguments: Arguments) -> anyhow::Result<End> {
    let environment = Environment::of_process();
    let images = config::images(&environment)?;
    let connections = Connections::of_environment(&environment).await?;
    let Some((token, account)) = credentials::fly_token(&environment, &connections).await? else {
        return Ok(End::CredentialRefused);
    };
    let model_key = match arguments.agent {
        AgentKind::Claude => match credentials::model_key(&environment, &connections).await? {
            Some(key) => Some(key),
            None => return Ok(End::CredentialRefused),
        },
        AgentKind::Shell => None,
    };
    let id = DeploymentId::from_random(connections.chance.bytes());
    let spec = Spec { images, ..spec(&arguments, &account, id)? };
    if !agreed(&arguments, &spec).await? {
        return Ok(End::Failed);
    }
    let audience = connections.fly.endpoints().keys_audience();
    let keys = Keys::made_by(&connections.chance, model_key, &audience);
    let cloud = connections.fly.open(token, keys.clone());
    let provisioner = connections.provisioner();
    provisioner.open(&spec, arguments.email.as_deref().unwrap_or(HERE)).await?;

    let (progress, told) = mpsc::channel(Progress::CHANNEL);
    let telling = tokio::spawn(report::tell_progress(told));
    let outcome = tokio::select! {
        outcome = provisioner.drive(&spec.id, Goal::Deployed, &cloud, &progress) => outcome?,
        () = signals::told_to_end() => {
            report::say(&format!(
                "Interrupted. What was begun is on record; `textslash teardown {}` removes it.",
                spec.id
            ));
            return Ok(End::Interrupted);
        }
    };
    let end = match outcome {
        Outcome::Deployed(known) => {
            let relay = connections.fly.endpoints().public(&spec.app(Role::Relay));
            let link = format!("{relay}/chat#{}", keys.owner_key.expose_here());
            report::print(&if arguments.json {
                ready_json(&spec, &known, &link).to_string()
            } else {
                ready_text(&spec, &known, &link)
            });
            End::Done
        }
        Outcome::Failed { cause, remaining, .. } => {
            report::say_failed(conversation::Goal::Deployed, cause, &spec, &remaining);
            if arguments.on_failure == "keep" {
                report::say(&format!("`textslash teardown {}` removes it.", spec.id));
                return Ok(End::of_cause(cause));
            }
            match provisioner.drive(&spec.id, Goal::Removed, &cloud, &progress).await? {
                Outcome::Removed(receipt) => {
                    report::say(&report::receipt_text(&receipt));
                    End::of_cause(cause)
                }
                Outcome::Failed { cause, remaining, .. } => {
                    report::say_failed(conversation::Goal::Removed, cause, &spec, &remaining);
                    End::Remains
                }
                Outcome::Deployed(_) => bail!("a removal ended as a deployment"),
            }
        }
        Outcome::Removed(_) => bail!("a deployment ended as a removal"),
    };
    drop(progress);
    telling.await.context("tell the progress")?;
    Ok(end)
}

fn spec(arguments: &Arguments, account: &Account, id: DeploymentId) -> anyhow::Result<Spec> {
    let organisation = match &arguments.organisation {
        Some(wanted) => account.organisations.iter().find(|known| known.slug == *wanted),
        None if account.organisations.len() > 1 => bail!("say which --organisation"),
        None => account.organisations.first(),
    };
    let organisation = organisation.context("the token does not open that organisation")?;
    match &organisation.standing {
        Standing::PaymentNeeded { link } | Standing::Held { link } => {
            bail!("Fly.io would not create machines in this account; see {link}")
        }
        Standing::Trial => report::say(&messages::text(Locale::English, &Message::Trial)),
        Standing::Good => {}
    }
    let name = match Name::try_from(arguments.name.clone()) {
        Ok(name) => name,
        Err(_) => {
            let near = Name::near(&arguments.name);
            bail!("a name is 1 to 20 of a-z, 0-9 and -, a letter first; {near:?} would do")
        }
    };
    Ok(Spec {
        id,
        name,
        cloud: CloudKind::Fly,
        organisation: organisation.slug.clone(),
        regions: regions(arguments.region.as_deref(), account)?,
        size: arguments.size,
        vm_volume_gb: arguments.volume_gb,
        channel: RelayChannel::Web,
        agent: arguments.agent,
        images: textslash::spec::Images { relay: String::new(), vm: String::new() },
    })
}

/// The wanted region (or the nearest), then the others in case it is full.
fn regions(wanted: Option<&str>, account: &Account) -> anyhow::Result<Vec<Region>> {
    let offered: Vec<_> = account.regions.iter().map(|offer| offer.region.clone()).collect();
    let first = match wanted {
        Some(code) => offered.iter().find(|region| region.as_ref() == code).with_context(|| {
            let codes: Vec<_> = offered.iter().map(AsRef::as_ref).collect();
            format!("no region {code}; there are {}", codes.join(", "))
        })?,
        None => account.nearest.as_ref().or(offered.first()).context("no region is on offer")?,
    };
    let others = offered.iter().filter(|region| *region != first);
    Ok([first].into_iter().chain(others).cloned().collect())
}

async fn agreed(arguments: &Arguments, spec: &Spec) -> anyhow::Result<bool> {
    let plan = Message::Review { spec: Box::new(spec.clone()), quote: pricing::quote(spec) };
    report::say(&messages::text(Locale::English, &plan));
    if arguments.yes {
        return Ok(true);
    }
    if !std::io::stdin().is_terminal() {
        bail!("nobody can say yes here; pass --yes when the price is all right");
    }
    Ok(crate::terminal::asks("yes or no").await == "yes")
}

fn fact<'a>(known: &'a Known, step: &'static str, name: &str) -> &'a str {
    let facts = known.get(&StepId::new(step));
    facts.and_then(|facts| facts.get(name)).map_or("", String::as_str)
}

fn ready_text(spec: &Spec, known: &Known, link: &str) -> String {
    format!(
        "Deployed and proven: {}\n\
         relay machine  {}\n\
         VM machine     {}\n\
         region         {}\n\
         status         ready\n\n\
         Your link. Whoever has it owns the relay; it is not stored anywhere:\n{link}\n\n\
         Next: `textslash chat LINK` talks to it, `textslash teardown {}` removes it.",
        spec.name,
        fact(known, "relay-machine", "id"),
        fact(known, "vm-machine", "id"),
        fact(known, "relay-machine", "region"),
        spec.id,
    )
}

fn ready_json(spec: &Spec, known: &Known, link: &str) -> Value {
    json!({
        "id": spec.id.to_string(),
        "name": spec.name.to_string(),
        "status": "ready",
        "link": link,
        "region": fact(known, "relay-machine", "region"),
        "relay": { "app": spec.app(Role::Relay), "machine": fact(known, "relay-machine", "id") },
        "vm": { "app": spec.app(Role::Vm), "machine": fact(known, "vm-machine", "id") },
    })
}
