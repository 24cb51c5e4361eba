//! The machine of an app. It holds the keys that it was made with.

use async_trait::async_trait;

use super::app;
use super::secrets::{AppSecrets, SecretsFacts};
use super::volume::{Volume, VolumeFacts};
use super::{is_gone, is_in, sorted};
use crate::cloud::fly::account::FlyAccount;
use crate::cloud::fly::client::PathSegment;
use crate::cloud::fly::errors::CallFailure;
use crate::cloud::fly::wire;
use crate::cloud::{CloudError, Observation, Resource, StepContext};
use crate::plan::{Facts, ID, Stage, Step, StepId, StepKind, Undo, known_facts};
use crate::spec::{Role, Spec};

use release::ChannelRelease;

pub(in crate::cloud::fly) mod config;
mod release;

/// The machine of this role.
pub(in crate::cloud::fly) struct Machine(pub Role);

pub(in crate::cloud::fly) struct MachineFacts {
    pub(in crate::cloud::fly) id: String,
    region: Option<String>,
    state: Option<String>,
    /// The version of its app's secrets with which it was made, as its metadata say.
    secrets: Option<String>,
}

const REGION: &str = "region";
const STATE: &str = "state";
const SECRETS: &str = "secrets";

impl MachineFacts {
    pub(in crate::cloud::fly) fn into_facts(self) -> Facts {
        known_facts([
            (ID, Some(self.id)),
            (REGION, self.region),
            (STATE, self.state),
            (SECRETS, self.secrets),
        ])
    }

    /// `None` where the body names no machine.
    fn of_body(body: wire::MachineBody) -> Option<Self> {
        let secrets = body.metadata(config::SECRETS).map(str::to_owned);
        Some(Self { id: body.id?, region: body.region, state: body.state, secrets })
    }

    fn of(facts: &Facts) -> Option<Self> {
        let fact = |name| facts.get(name).cloned();
        let (region, state, secrets) = (fact(REGION), fact(STATE), fact(SECRETS));
        Some(Self { id: fact(ID)?, region, state, secrets })
    }

    /// The facts of the machine of this role, once it is made.
    pub(in crate::cloud::fly) fn known(here: &StepContext<'_>, role: Role) -> Option<Self> {
        Self::of(here.facts.get(&Machine::id(role))?)
    }
}

impl Machine {
    pub(in crate::cloud::fly) fn id(role: Role) -> StepId {
        match role {
            Role::Relay => StepId::new("relay-machine"),
            Role::Vm => StepId::new("vm-machine"),
        }
    }

    fn is_ours(&self, spec: &Spec, machine: &wire::MachineBody) -> bool {
        machine.id.is_some()
            && machine.name.as_deref() == Some(self.0.word())
            && machine
                .metadata(config::DEPLOYMENT)
                .is_none_or(|deployment| deployment == spec.id.as_ref())
    }
}

#[async_trait]
impl Resource<FlyAccount> for Machine {
    fn step(&self) -> Step {
        Step {
            id: Self::id(self.0),
            kind: StepKind::Resource {
                undo: Undo::Delete,
                placed: true,
                costs: true,
                unique: true,
            },
            needs: vec![AppSecrets::id(self.0), Volume::id(self.0)],
            role: Some(self.0),
            stage: Stage::Machines,
        }
    }

    async fn observe(
        &self,
        account: &FlyAccount,
        here: &StepContext<'_>,
    ) -> Result<Observation, CloudError> {
        let app = account.app(here.spec, self.0);
        let answer = account.client.machines(&account.token(), app.segment()?).await;
        let mut machines = app.found(answer)?.unwrap_or_default();
        machines.retain(|machine| {
            self.is_ours(here.spec, machine) && machine.state.as_deref() != Some("destroyed")
        });
        let listed = machines.len();
        machines.retain(|machine| !machine.state.as_deref().is_some_and(is_gone));
        if machines.is_empty() && listed > 0 {
            return Ok(Observation::Leaving);
        }
        machines.sort_by_key(|machine| machine.created_at.clone());
        let machines = machines.into_iter().filter_map(MachineFacts::of_body).collect();
        let volume = VolumeFacts::known(here, self.0);
        let region = region(here, volume.as_ref());
        let version = SecretsFacts::known(here, self.0).map(|keys| keys.version.to_string());
        // A machine whose metadata name no keys, or other keys, cannot be proven with the keys of
        // this process.
        let fits = |machine: &MachineFacts| {
            is_in(machine.region.as_deref(), region)
                && version.is_some()
                && machine.secrets == version
        };
        Ok(sorted(machines, fits, MachineFacts::into_facts))
    }

    async fn create(
        &self,
        account: &FlyAccount,
        here: &StepContext<'_>,
    ) -> Result<Facts, CloudError> {
        let app = account.app(here.spec, self.0);
        let volume = VolumeFacts::known(here, self.0)
            .ok_or_else(|| CallFailure::our_fault("a machine without a volume"))?;
        let version = SecretsFacts::known(here, self.0).map(|keys| keys.version);
        let request = wire::CreateMachine {
            name: self.0.word(),
            region: region(here, Some(&volume)),
            min_secrets_version: version,
            config: config::of(here.spec, self.0, &account.client, &volume.id, version),
        };
        let answer =
            account.client.create_machine(&account.token(), app.segment()?, &request).await;
        let created = MachineFacts::of_body(app.settled(answer)?);
        Ok(created.ok_or_else(|| CallFailure::fact_missing(ID))?.into_facts())
    }

    async fn delete(
        &self,
        account: &FlyAccount,
        here: &StepContext<'_>,
        found: &Facts,
    ) -> Result<(), CloudError> {
        let app = account.app(here.spec, self.0);
        let machine = MachineFacts::of(found)
            .ok_or_else(|| CallFailure::our_fault("a machine without an id"))?;
        let (app, id) = (app.segment()?, PathSegment::of(&machine.id)?);
        let token = account.token();
        if self.0 == Role::Relay && release::has_set_webhook(here.spec) {
            let client = &account.client;
            ChannelRelease { client, token: &token, app, machine: id }.release().await;
        }
        Ok(account.client.delete_machine(&token, app, id).await?)
    }

    fn link(&self, spec: &Spec) -> String {
        format!("{}/machines", app::page(spec, self.0))
    }
}

/// The region of a machine, which is that of its volume.
fn region<'a>(here: &StepContext<'a>, volume: Option<&'a VolumeFacts>) -> &'a str {
    volume.and_then(|volume| volume.region.as_deref()).unwrap_or(here.region.as_ref())
}
