//! The search for our deployments in an account without a record of them.

use std::collections::BTreeMap;

use super::client::{FlyClient, PathSegment};
use super::errors::CallFailure;
use super::resources::machine::config;
use super::wire;
use crate::cloud::Organisation;
use crate::deployment::FoundDeployment;
use crate::secret::Secret;
use crate::spec::{
    AgentKind, CloudKind, DeploymentId, DeploymentName, Images, MachineSize, Region, RelayChannel,
    Role, Spec,
};

#[cfg(test)]
mod tests;

/// Stands for the region of a deployment that has nothing in any. Nothing is made there.
const REGION_UNKNOWN: &str = "iad";

/// A look at everything that a token opens.
pub(super) struct DeploymentSearch<'a> {
    pub(super) client: &'a FlyClient,
    pub(super) token: &'a Secret,
}

impl DeploymentSearch<'_> {
    /// Apps whose name and network carry the same random id; nothing else is ever returned.
    pub(super) async fn run(&self) -> Result<Vec<FoundDeployment>, CallFailure> {
        let mut all = Vec::new();
        for Organisation { slug, .. } in self.client.opened_organisations(self.token).await? {
            let apps = self.client.apps(self.token, &slug).await?.apps;
            for ((id, name), roles) in grouped(&apps) {
                let spec = spec_of(id, name, slug.clone());
                let regions = self.regions_of(&spec, &roles).await?;
                let (channel, address) = self.channel_of(&spec, &roles).await?;
                let spec = Box::new(Spec { regions, channel, address, ..spec });
                all.push(FoundDeployment { spec, roles });
            }
        }
        Ok(all)
    }

    /// The region of a deployment's parts.
    async fn regions_of(&self, spec: &Spec, roles: &[Role]) -> Result<Vec<Region>, CallFailure> {
        let mut regions = Vec::new();
        for role in roles {
            let app = spec.app(*role);
            let volumes = listed(self.client.volumes(self.token, PathSegment::of(&app)?).await)?;
            regions.extend(
                volumes.into_iter().filter_map(|volume| Region::try_from(volume.region?).ok()),
            );
        }
        if regions.is_empty() {
            regions.extend(Region::try_from(REGION_UNKNOWN.to_owned()));
        }
        regions.sort_unstable();
        regions.dedup();
        Ok(regions)
    }

    /// The channel of the relay and its owner; the web where no machine of ours names one.
    async fn channel_of(
        &self,
        spec: &Spec,
        roles: &[Role],
    ) -> Result<(RelayChannel, Option<String>), CallFailure> {
        let unsaid = (spec.channel, None);
        if !roles.contains(&Role::Relay) {
            return Ok(unsaid);
        }
        let app = spec.app(Role::Relay);
        let machines = listed(self.client.machines(self.token, PathSegment::of(&app)?).await)?;
        let said = machines.iter().find_map(|machine| {
            machine.metadata(config::DEPLOYMENT).filter(|id| *id == spec.id.as_ref())?;
            let channel = machine.metadata(config::CHANNEL)?.parse().ok()?;
            Some((channel, machine.metadata(config::ADDRESS).map(str::to_owned)))
        });
        Ok(said.unwrap_or(unsaid))
    }
}

/// The list in an app that may be deleted meanwhile; empty when it is gone.
fn listed<T>(list: Result<Vec<T>, CallFailure>) -> Result<Vec<T>, CallFailure> {
    match list {
        Err(CallFailure { status: Some(http::StatusCode::NOT_FOUND), .. }) => Ok(Vec::new()),
        other => other,
    }
}

fn grouped(apps: &[wire::AppBody]) -> BTreeMap<(DeploymentId, DeploymentName), Vec<Role>> {
    let mut groups: BTreeMap<_, Vec<Role>> = BTreeMap::new();
    for (deployment, role) in apps.iter().filter_map(deployment_of) {
        groups.entry(deployment).or_default().push(role);
    }
    groups
}

/// The deployment and the role of an app, if its name and its network agree on them.
fn deployment_of(app: &wire::AppBody) -> Option<((DeploymentId, DeploymentName), Role)> {
    let id = DeploymentId::of_network(app.network.as_deref()?)?;
    let rest = app.name.as_deref()?.strip_suffix(id.as_ref())?.strip_suffix('-')?;
    Role::ALL.into_iter().find_map(|role| {
        let name = rest.strip_suffix(role.word())?.strip_suffix('-')?;
        Some(((id.clone(), DeploymentName::try_from(name.to_owned()).ok()?), role))
    })
}

/// A spec with the names that were found; values that matter only for new resources are the
/// smallest.
fn spec_of(id: DeploymentId, name: DeploymentName, organisation: String) -> Spec {
    Spec {
        id,
        name,
        cloud: CloudKind::Fly,
        organisation,
        regions: Vec::new(),
        size: MachineSize::Small,
        vm_volume_gb: 0,
        channel: RelayChannel::Web,
        owner: RelayChannel::link_holder(),
        address: None,
        locale: String::new(),
        agent: AgentKind::Shell,
        daily_tokens: Spec::DAILY_TOKENS,
        images: Images { relay: String::new(), vm: String::new() },
    }
}
