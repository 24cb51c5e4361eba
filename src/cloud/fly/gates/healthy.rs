//! The relay answers the internet.

use async_trait::async_trait;

use super::HEALTH_MS;
use super::relay_probe::RelayProbe;
use super::started::MachineStarted;
use crate::cloud::fly::account::FlyAccount;
use crate::cloud::fly::errors::CallFailure;
use crate::cloud::fly::resources::address::Address;
use crate::cloud::{CloudError, Gate, StepContext};
use crate::plan::{Facts, Stage, Step, StepId, StepKind, known_facts};
use crate::protocol::{Health, SKEW_MAX_MS};
use crate::spec::{Role, Spec};

/// The relay answers, and its clock agrees with ours: otherwise it would refuse every signed call.
pub(in crate::cloud::fly) struct RelayHealthy;

/// Largest difference between our clock and the relay's: half of the relay's own limit, so that
/// slow requests and a clock that drifts still pass.
const CLOCK_OFF_MAX_MS: u64 = SKEW_MAX_MS / 2;

/// The build that a relay or a VM runs.
#[derive(PartialEq, Eq)]
pub(super) struct BuildFacts {
    build: String,
}

const BUILD: &str = "build";

impl BuildFacts {
    pub(in crate::cloud::fly) fn into_facts(self) -> Facts {
        known_facts([(BUILD, Some(self.build))])
    }

    /// The facts of an answer from this deployment and this role; `None` for any other answer.
    pub(super) fn proven(spec: &Spec, role: Role, health: Health) -> Option<Self> {
        let is_ours = health.deployment == spec.id.as_ref() && health.role == role.word();
        is_ours.then_some(Self { build: health.build })
    }

    /// Those of the relay, once it is healthy.
    pub(super) fn of_relay(here: &StepContext<'_>) -> Option<Self> {
        let build = here.facts.get(&RelayHealthy::ID)?.get(BUILD)?.clone();
        Some(Self { build })
    }
}

impl RelayHealthy {
    pub(super) const ID: StepId = StepId::new("relay-healthy");
}

#[async_trait]
impl Gate<FlyAccount> for RelayHealthy {
    fn step(&self) -> Step {
        let addresses = [Address::RELAY_V4, Address::RELAY_V6].map(|address| address.id());
        Step {
            id: Self::ID,
            kind: StepKind::Gate { patience_ms: HEALTH_MS },
            needs: [vec![MachineStarted::id(Role::Relay)], addresses.to_vec()].concat(),
            role: Some(Role::Relay),
            stage: Stage::Proof,
        }
    }

    async fn poll(
        &self,
        account: &FlyAccount,
        here: &StepContext<'_>,
    ) -> Result<Option<Facts>, CloudError> {
        let probe = RelayProbe::of(account, here.spec);
        let Some((health, off_ms)) = probe.health().await else { return Ok(None) };
        let Some(facts) = BuildFacts::proven(here.spec, Role::Relay, health) else {
            return Ok(None);
        };
        match off_ms {
            Some(off_ms) if off_ms > CLOCK_OFF_MAX_MS => Err(CallFailure::clock_off(off_ms).into()),
            _ => Ok(Some(facts.into_facts())),
        }
    }
}
