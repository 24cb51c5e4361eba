//! The disk of an app. It keeps what the person wrote.

use async_trait::async_trait;

use super::app::{self, App};
use super::{guest, is_gone, is_in, sorted};
use crate::cloud::fly::account::FlyAccount;
use crate::cloud::fly::client::PathSegment;
use crate::cloud::fly::errors::CallFailure;
use crate::cloud::fly::wire;
use crate::cloud::{CloudError, Observation, Resource, StepContext};
use crate::plan::{Facts, ID, Stage, Step, StepId, StepKind, Undo, known_facts};
use crate::spec::{Role, Spec};

/// The volume of the app of this role.
pub(in crate::cloud::fly) struct Volume(pub Role);

/// The size of a relay's volume, in GB: the smallest is enough.
const RELAY_VOLUME_GB: u32 = 1;

pub(super) struct VolumeFacts {
    pub(super) id: String,
    /// The region, which Fly decides.
    pub(super) region: Option<String>,
    state: Option<String>,
}

const REGION: &str = "region";
const STATE: &str = "state";

impl VolumeFacts {
    pub(in crate::cloud::fly) fn into_facts(self) -> Facts {
        known_facts([(ID, Some(self.id)), (REGION, self.region), (STATE, self.state)])
    }

    /// `None` where the body names no volume.
    fn of_body(body: wire::VolumeBody) -> Option<Self> {
        Some(Self { id: body.id?, region: body.region, state: body.state })
    }

    fn of(facts: &Facts) -> Option<Self> {
        let fact = |name| facts.get(name).cloned();
        Some(Self { id: fact(ID)?, region: fact(REGION), state: fact(STATE) })
    }

    /// The facts of the volume of this role, once it is made.
    pub(super) fn known(here: &StepContext<'_>, role: Role) -> Option<Self> {
        Self::of(here.facts.get(&Volume::id(role))?)
    }
}

impl Volume {
    pub(super) fn id(role: Role) -> StepId {
        match role {
            Role::Relay => StepId::new("relay-volume"),
            Role::Vm => StepId::new("vm-volume"),
        }
    }

    fn name(&self) -> &'static str {
        match self.0 {
            Role::Relay => "relay_data",
            Role::Vm => "vm_data",
        }
    }

    fn is_ours(&self, volume: &wire::VolumeBody) -> bool {
        volume.name.as_deref() == Some(self.name()) && !volume.state.as_deref().is_some_and(is_gone)
    }
}

#[async_trait]
impl Resource<FlyAccount> for Volume {
    fn step(&self) -> Step {
        Step {
            id: Self::id(self.0),
            kind: StepKind::Resource {
                undo: Undo::Delete,
                placed: true,
                costs: true,
                unique: false,
            },
            needs: vec![App::id(self.0)],
            role: Some(self.0),
            stage: Stage::Storage,
        }
    }

    async fn observe(
        &self,
        account: &FlyAccount,
        here: &StepContext<'_>,
    ) -> Result<Observation, CloudError> {
        let app = account.app(here.spec, self.0);
        let answer = account.client.volumes(&account.token(), app.segment()?).await;
        let mut volumes = app.found(answer)?.unwrap_or_default();
        volumes.retain(|volume| self.is_ours(volume));
        volumes.sort_by_key(|volume| {
            (volume.attached_machine_id.is_none(), volume.created_at.clone())
        });
        let volumes = volumes.into_iter().filter_map(VolumeFacts::of_body).collect();
        let fits = |volume: &VolumeFacts| is_in(volume.region.as_deref(), here.region.as_ref());
        Ok(sorted(volumes, fits, VolumeFacts::into_facts))
    }

    async fn create(
        &self,
        account: &FlyAccount,
        here: &StepContext<'_>,
    ) -> Result<Facts, CloudError> {
        let app = account.app(here.spec, self.0);
        let request = wire::CreateVolume {
            name: self.name(),
            region: here.region.as_ref(),
            size_gb: match self.0 {
                Role::Relay => RELAY_VOLUME_GB,
                Role::Vm => here.spec.vm_volume_gb,
            },
            encrypted: true,
            compute: guest(here.spec, self.0),
        };
        let answer = account.client.create_volume(&account.token(), app.segment()?, &request).await;
        let created = VolumeFacts::of_body(app.settled(answer)?);
        Ok(created.ok_or_else(|| CallFailure::fact_missing(ID))?.into_facts())
    }

    async fn delete(
        &self,
        account: &FlyAccount,
        here: &StepContext<'_>,
        found: &Facts,
    ) -> Result<(), CloudError> {
        let app = account.app(here.spec, self.0);
        let volume = VolumeFacts::of(found)
            .ok_or_else(|| CallFailure::our_fault("a volume without an id"))?;
        let id = PathSegment::of(&volume.id)?;
        Ok(account.client.delete_volume(&account.token(), app.segment()?, id).await?)
    }

    fn link(&self, spec: &Spec) -> String {
        format!("{}/volumes", app::page(spec, self.0))
    }
}
