//! What of a deployment is there.

use http::StatusCode;

use super::{FlyAccount, fact, facts, machine_facts, make, volume_facts};
use crate::cloud::fly::client::PathSegment;
use crate::cloud::fly::errors::CallFailure;
use crate::cloud::fly::plan::{self, FlyStep};
use crate::cloud::fly::wire;
use crate::cloud::{CloudError, FailureCause, Observation, StepContext};
use crate::plan::Facts;
use crate::spec::{Role, Spec};

/// States of a thing that needs no further call. A deleted volume stays listed for a day.
const GONE: [&str; 5] =
    ["destroyed", "destroying", "pending_destroy", "scheduling_destroy", "deleted"];

impl FlyAccount {
    pub(super) async fn look(
        &self,
        here: &StepContext<'_>,
        part: FlyStep,
        role: Role,
        app: &str,
    ) -> Result<Observation, CallFailure> {
        let looked = match part {
            FlyStep::App => self.look_at_app(here.spec, app).await,
            FlyStep::SharedV4 | FlyStep::PublicV6 | FlyStep::PrivateV6 => {
                self.look_at_addresses(part, app).await
            }
            FlyStep::Volume => self.look_at_volumes(here, role, app).await,
            FlyStep::Machine => self.look_at_machines(here, role, app).await,
            _ => Err(CallFailure::our_fault("nothing that can be observed")),
        };
        match looked {
            Err(CallFailure { status: Some(StatusCode::NOT_FOUND), .. })
                if !self.is_settling(app) =>
            {
                Ok(Observation::Absent)
            }
            other => other,
        }
    }

    async fn look_at_app(&self, spec: &Spec, app: &str) -> Result<Observation, CallFailure> {
        let found = match self.client.app(&self.token(), PathSegment::of(app)?).await {
            Err(failure) if failure.status == Some(StatusCode::FORBIDDEN) => {
                let error = CloudError { cause: FailureCause::NameTaken, ..failure.error };
                return Err(CallFailure { error, ..failure });
            }
            other => other?,
        };
        if !is_ours(spec, &found) {
            let detail = format!("{app} is not ours");
            let error = CloudError { cause: FailureCause::NameTaken, detail };
            return Err(CallFailure { status: None, error });
        }
        if found.status.as_deref().is_some_and(is_gone) {
            return Ok(Observation::Leaving);
        }
        let is_app = found.id.is_some() || found.name.is_some();
        if !is_app && found.internal_numeric_id.is_none() {
            let detail = format!("the answer to a look at {app} describes no app");
            let error = CloudError { cause: FailureCause::RetryLater { after_ms: None }, detail };
            return Err(CallFailure { status: None, error });
        }
        let numeric = found.internal_numeric_id.map(|id| id.to_string());
        let name = Some(app.to_owned());
        let found = facts([("id", found.id), ("name", name), ("numeric_id", numeric)]);
        Ok(Observation::Present(vec![found]))
    }

    async fn look_at_addresses(
        &self,
        part: FlyStep,
        app: &str,
    ) -> Result<Observation, CallFailure> {
        let found = self.client.addresses(&self.token(), PathSegment::of(app)?).await?;
        let all = found
            .ips
            .into_iter()
            .filter_map(|address| address.ip)
            .filter(|ip| kind_of_address(ip) == part)
            .map(|ip| facts([("ip", Some(ip))]));
        Ok(present(all.collect()))
    }

    async fn look_at_volumes(
        &self,
        here: &StepContext<'_>,
        role: Role,
        app: &str,
    ) -> Result<Observation, CallFailure> {
        let mut volumes = self.client.volumes(&self.token(), PathSegment::of(app)?).await?;
        volumes.retain(|volume| {
            volume.name.as_deref() == Some(make::volume_name(role))
                && volume.id.is_some()
                && !volume.state.as_deref().is_some_and(is_gone)
        });
        volumes.sort_by_key(|volume| {
            (volume.attached_machine_id.is_none(), volume.created_at.clone())
        });
        let fits =
            |volume: &&wire::VolumeBody| is_in(volume.region.as_deref(), here.region.as_ref());
        Ok(sorted(&volumes, fits, volume_facts))
    }

    async fn look_at_machines(
        &self,
        here: &StepContext<'_>,
        role: Role,
        app: &str,
    ) -> Result<Observation, CallFailure> {
        let mut machines = self.client.machines(&self.token(), PathSegment::of(app)?).await?;
        machines.retain(|machine| {
            let deployment = machine.metadata(make::DEPLOYMENT);
            machine.id.is_some()
                && machine.name.as_deref() == Some(role.word())
                && deployment.is_none_or(|deployment| deployment == here.spec.id.as_ref())
                && machine.state.as_deref() != Some("destroyed")
        });
        let listed = machines.len();
        machines.retain(|machine| !machine.state.as_deref().is_some_and(is_gone));
        if machines.is_empty() && listed > 0 {
            return Ok(Observation::Leaving);
        }
        machines.sort_by_key(|machine| machine.created_at.clone());
        let region = make::machine_region(here, role);
        let version = fact(here, &plan::keys_step(role), "version");
        // A machine holds the keys that it was made with. One that does not say which, or says
        // others, cannot be proven with the keys of this process.
        let fits = |machine: &&wire::MachineBody| {
            is_in(machine.region.as_deref(), region)
                && version.is_some()
                && machine.metadata(make::SECRETS) == version.map(String::as_str)
        };
        Ok(sorted(&machines, fits, machine_facts))
    }
}

/// An app of ours has our name, our network, and stands in the organisation that it was made in.
/// `personal` is Fly's alias for an organisation with a slug of its own.
fn is_ours(spec: &Spec, app: &wire::AppBody) -> bool {
    let slug = app.organization.as_ref().and_then(|organisation| organisation.slug.as_deref());
    app.network.as_deref().is_none_or(|network| network == spec.network())
        && slug.is_none_or(|slug| {
            slug == spec.organisation || [slug, &spec.organisation].contains(&"personal")
        })
}

fn is_gone(state: &str) -> bool {
    GONE.contains(&state)
}

/// A reply that names no region says nothing against it.
fn is_in(region: Option<&str>, wanted: &str) -> bool {
    region.is_none_or(|region| region == wanted)
}

/// Flycast addresses stand in Fly's own private range.
pub(super) fn kind_of_address(ip: &str) -> FlyStep {
    if !ip.contains(':') {
        FlyStep::SharedV4
    } else if ip.to_ascii_lowercase().starts_with("fd") {
        FlyStep::PrivateV6
    } else {
        FlyStep::PublicV6
    }
}

fn present(all: Vec<Facts>) -> Observation {
    if all.is_empty() { Observation::Absent } else { Observation::Present(all) }
}

/// What is as this run needs it, first, then the rest; outdated when nothing is.
fn sorted<T>(all: &[T], fits: impl Fn(&&T) -> bool, facts: impl Fn(&T) -> Facts) -> Observation {
    let (good, rest): (Vec<_>, Vec<_>) = all.iter().partition(fits);
    let outdated = good.is_empty() && !rest.is_empty();
    let all = good.into_iter().chain(rest).map(facts).collect();
    if outdated { Observation::Outdated(all) } else { present(all) }
}
