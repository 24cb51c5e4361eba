//! `textslash deploy`: one command per user, without a conversation.

use std::cell::OnceCell;

use anyhow::bail;
use serde_json::json;
use textslash::account::OrganisationStatus;
use textslash::cloud::{Cloud, FailureCause};
use textslash::config::{self, Environment};
use textslash::conversation::messages::{self, Message};
use textslash::deployment::{Goal, Outcome, RemainingResource};
use textslash::deployments::{OpenedAccount, RunSecrets};
use textslash::phrase;
use textslash::pricing;
use textslash::spec::{DeploymentId, Spec};

use crate::connections::{Connections, HERE};
use crate::exit::ExitReason;
use crate::person::TerminalPrompt;
use crate::{credentials, report, signals};

mod arguments;
mod chat;
mod ready;
mod started;

use arguments::OnFailure;
pub use arguments::{DeployArguments, clouds};
use ready::RelayContact;
use started::StartedDeployment;

pub async fn run(arguments: DeployArguments) -> anyhow::Result<ExitReason> {
    let told = signals::shutdown_signal()?;
    let begun = OnceCell::new();
    tokio::select! {
        end = deploy(&arguments, &begun) => end,
        () = told => {
            report::say(&match begun.get() {
                Some(begun) => begun.interrupted().await?,
                None => phrase!(report::locale(), "cli-interrupted-untouched"),
            });
            Ok(ExitReason::Interrupted)
        }
    }
}

async fn deploy(
    arguments: &DeployArguments,
    begun: &OnceCell<StartedDeployment>,
) -> anyhow::Result<ExitReason> {
    let owner = match arguments.owner() {
        Ok(owner) => owner,
        Err(wrong) => {
            report::say(&format!("textslash: {wrong}"));
            return Ok(ExitReason::WrongUsage);
        }
    };
    let environment = Environment::of_process();
    let images = config::images(&environment)?;
    let daily_tokens = config::daily_tokens(&environment)?;
    let connections = Connections::of_environment(&environment).await?;
    let person = TerminalPrompt::default();
    let provider = connections.vendors.clouds.get(arguments.cloud)?;
    let token = credentials::cloud_token(&environment, &connections, provider, &person).await?;
    let Some((token, account)) = token else { return Ok(ExitReason::CredentialRefused) };
    let organisation = arguments.organisation(&account)?;
    if !may_deploy(&organisation.standing) {
        return Ok(ExitReason::AccountBlocked);
    }
    let model_key = if arguments.agent.needs_model() {
        let key = credentials::model_key(&environment, &connections, &person).await?;
        let Some(key) = key else { return Ok(ExitReason::CredentialRefused) };
        Some(key)
    } else {
        None
    };
    let chat = match chat::chosen(arguments, &environment, &connections).await? {
        Ok(chat) => chat,
        Err(end) => return Ok(end),
    };
    let id = DeploymentId::from_random(connections.random.bytes());
    let address = chat.as_ref().map(|chat| &chat.address);
    let spec =
        arguments.spec(id, (organisation, &account), (owner, address), (images, daily_tokens))?;
    if spec.channel.holds_connection() && organisation.standing == OrganisationStatus::Trial {
        report::say(&messages::text(report::locale(), &Message::TrialChannel));
    }
    if !confirmed(arguments, &spec, &person).await? {
        report::say(&phrase!(report::locale(), "cli-nothing-created"));
        return Ok(ExitReason::Failed);
    }
    let channel_key = chat.as_ref().map(|chat| chat.key.clone());
    let deployments = connections.deployments();
    let OpenedAccount { cloud, keys } =
        deployments.open(&spec, RunSecrets { token, model_key, channel_key })?;
    // On record, it may be; in the account, nothing is before it is on record.
    begun.get_or_init(|| StartedDeployment {
        deployments: deployments.clone(),
        id: spec.id.clone(),
        plan: cloud.plan(&spec),
    });
    let owner = arguments.email.as_deref().unwrap_or(HERE);
    if let Err(used_up) = deployments.begin(&spec, owner, None).await? {
        bail!("a quota is used up: {used_up:?}");
    }
    match connections.drive(&spec.id, Goal::Deployed, &*cloud).await? {
        Outcome::Deployed(known) => {
            let relay = provider.relay_url(&spec);
            let way = RelayContact::to(&spec, address, &relay, &keys);
            report::print(&if arguments.json {
                ready::json(&spec, &known, &way).to_string()
            } else {
                ready::text(&spec, &known, &way)
            });
            Ok(ExitReason::Done)
        }
        Outcome::Failed(failure) => {
            report::say_failed(Goal::Deployed, &failure);
            let cause = failure.cause;
            let remaining = match arguments.on_failure {
                OnFailure::Keep => failure.remaining,
                OnFailure::Remove => removed(&connections, &*cloud, &spec).await?,
            };
            Ok(failed(arguments, cause, &spec, &remaining.unwrap_or_default()))
        }
        Outcome::Removed(_) => bail!("a deployment ended as a removal"),
    }
}

/// Whether the account can create machines; if not, this is said.
fn may_deploy(standing: &OrganisationStatus) -> bool {
    match standing {
        OrganisationStatus::Active => true,
        OrganisationStatus::Trial => {
            report::say(&messages::text(report::locale(), &Message::Trial));
            true
        }
        OrganisationStatus::PaymentNeeded { link } => {
            report::say(&phrase!(report::locale(), "cli-payment-needed", link = link));
            false
        }
        OrganisationStatus::UnderReview { link } => {
            report::say(&phrase!(report::locale(), "cli-account-held", link = link));
            false
        }
    }
}

/// Shows the plan and its price, and asks unless `--yes` was given.
async fn confirmed(
    arguments: &DeployArguments,
    spec: &Spec,
    person: &TerminalPrompt,
) -> anyhow::Result<bool> {
    let plan = Message::Review { spec: Box::new(spec.clone()), quote: pricing::quote(spec) };
    report::say(&messages::text(report::locale(), &plan));
    if arguments.yes {
        return Ok(true);
    }
    if !person.is_interactive() {
        bail!(phrase!(report::locale(), "cli-nobody-agrees-to-price"));
    }
    Ok(person.confirms().await)
}

/// Removes what a failed deployment made. Returns the resources that still remain.
async fn removed(
    connections: &Connections,
    cloud: &dyn Cloud,
    spec: &Spec,
) -> anyhow::Result<Option<Vec<RemainingResource>>> {
    match connections.drive(&spec.id, Goal::Removed, cloud).await? {
        Outcome::Removed(gone) => {
            report::say(&report::receipt_text(gone));
            Ok(None)
        }
        Outcome::Failed(failure) => {
            report::say_failed(Goal::Removed, &failure);
            Ok(failure.remaining)
        }
        Outcome::Deployed(_) => bail!("a removal ended as a deployment"),
    }
}

fn failed(
    arguments: &DeployArguments,
    cause: FailureCause,
    spec: &Spec,
    remaining: &[RemainingResource],
) -> ExitReason {
    if arguments.json {
        report::print(
            &json!({
                "id": spec.id.to_string(),
                "name": spec.name.to_string(),
                "status": "failed",
                "cause": cause,
                "remaining": report::remaining_json(remaining),
            })
            .to_string(),
        );
    }
    if remaining.is_empty() {
        return ExitReason::of_cause(cause);
    }
    report::say(&phrase!(report::locale(), "cli-teardown-removes-rest", id = spec.id.as_ref()));
    ExitReason::ResourcesRemain
}
