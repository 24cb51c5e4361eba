//! An address of an app. Fly deletes it with the app.

use async_trait::async_trait;

use super::app::{self, App};
use crate::cloud::fly::account::FlyAccount;
use crate::cloud::fly::errors::CallFailure;
use crate::cloud::fly::wire;
use crate::cloud::{CloudError, Observation, Resource, StepContext};
use crate::plan::{Facts, Stage, Step, StepId, StepKind, Undo, known_facts};
use crate::spec::{Role, Spec};

/// An address of this kind for the app of this role.
pub(in crate::cloud::fly) struct Address {
    step: &'static str,
    role: Role,
    kind: IpKind,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::cloud::fly) enum IpKind {
    /// Shared with other customers, and free.
    SharedV4,
    PublicV6,
    /// Reachable from the deployment's own network only, through Flycast.
    PrivateV6,
}

struct AddressFacts {
    ip: String,
}

impl AddressFacts {
    pub(in crate::cloud::fly) fn into_facts(self) -> Facts {
        known_facts([("ip", Some(self.ip))])
    }
}

impl IpKind {
    /// Flycast addresses stand in Fly's own private range.
    pub(in crate::cloud::fly) fn of(ip: &str) -> Self {
        if !ip.contains(':') {
            Self::SharedV4
        } else if ip.to_ascii_lowercase().starts_with("fd") {
            Self::PrivateV6
        } else {
            Self::PublicV6
        }
    }

    fn word(self) -> &'static str {
        match self {
            Self::SharedV4 => "shared_v4",
            Self::PublicV6 => "v6",
            Self::PrivateV6 => "private_v6",
        }
    }
}

impl Address {
    pub(in crate::cloud::fly) const RELAY_V4: Self =
        Self { step: "relay-ipv4", role: Role::Relay, kind: IpKind::SharedV4 };

    pub(in crate::cloud::fly) const RELAY_V6: Self =
        Self { step: "relay-ipv6", role: Role::Relay, kind: IpKind::PublicV6 };

    pub(in crate::cloud::fly) const RELAY_PRIVATE: Self =
        Self { step: "relay-private", role: Role::Relay, kind: IpKind::PrivateV6 };

    pub(in crate::cloud::fly) const VM_PRIVATE: Self =
        Self { step: "vm-private", role: Role::Vm, kind: IpKind::PrivateV6 };

    pub(in crate::cloud::fly) fn id(&self) -> StepId {
        StepId::new(self.step)
    }
}

#[async_trait]
impl Resource<FlyAccount> for Address {
    fn step(&self) -> Step {
        Step {
            id: self.id(),
            kind: StepKind::Resource {
                undo: Undo::With(App::id(self.role)),
                placed: false,
                costs: false,
                unique: self.kind == IpKind::SharedV4,
            },
            needs: vec![App::id(self.role)],
            role: Some(self.role),
            stage: Stage::Network,
        }
    }

    async fn observe(
        &self,
        account: &FlyAccount,
        here: &StepContext<'_>,
    ) -> Result<Observation, CloudError> {
        let app = account.app(here.spec, self.role);
        let answer = account.client.addresses(&account.token(), app.segment()?).await;
        let listed = app.found(answer)?.unwrap_or_default();
        let ips = listed.ips.into_iter().filter_map(|address| address.ip);
        let found: Vec<Facts> = ips
            .filter(|ip| IpKind::of(ip) == self.kind)
            .map(|ip| AddressFacts { ip }.into_facts())
            .collect();
        Ok(if found.is_empty() { Observation::Absent } else { Observation::Present(found) })
    }

    async fn create(
        &self,
        account: &FlyAccount,
        here: &StepContext<'_>,
    ) -> Result<Facts, CloudError> {
        let app = account.app(here.spec, self.role);
        let network = here.spec.network();
        let network = (self.kind == IpKind::PrivateV6).then_some(network.as_str());
        let request = wire::AssignAddress { kind: self.kind.word(), network };
        let answer =
            account.client.assign_address(&account.token(), app.segment()?, &request).await;
        let ip = app.settled(answer)?.ip.ok_or_else(|| CallFailure::fact_missing("ip"))?;
        Ok(AddressFacts { ip }.into_facts())
    }

    fn link(&self, spec: &Spec) -> String {
        app::page(spec, self.role)
    }
}
