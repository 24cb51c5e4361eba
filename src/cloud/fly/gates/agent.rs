//! The VM answers through the relay.

use async_trait::async_trait;

use super::HEALTH_MS;
use super::healthy::{BuildFacts, RelayHealthy};
use super::relay_probe::RelayProbe;
use super::started::MachineStarted;
use crate::cloud::fly::account::FlyAccount;
use crate::cloud::fly::resources::address::Address;
use crate::cloud::{CloudError, Gate, StepContext};
use crate::plan::{Facts, Stage, Step, StepId, StepKind};
use crate::spec::Role;

/// An answer of the VM. It must be of the same build as the relay: only then do both speak the same
/// protocol.
pub(in crate::cloud::fly) struct AgentReady;

impl AgentReady {
    pub(super) const ID: StepId = StepId::new("agent-ready");
}

#[async_trait]
impl Gate<FlyAccount> for AgentReady {
    fn step(&self) -> Step {
        Step {
            id: Self::ID,
            kind: StepKind::Gate { patience_ms: HEALTH_MS },
            needs: vec![
                RelayHealthy::ID,
                Address::RELAY_PRIVATE.id(),
                MachineStarted::id(Role::Vm),
                Address::VM_PRIVATE.id(),
            ],
            role: Some(Role::Vm),
            stage: Stage::Proof,
        }
    }

    async fn poll(
        &self,
        account: &FlyAccount,
        here: &StepContext<'_>,
    ) -> Result<Option<Facts>, CloudError> {
        let probe = RelayProbe::of(account, here.spec);
        let answer = probe.ready(&account.random, &account.keys()?.link_key).await;
        let vm = answer.and_then(|health| BuildFacts::proven(here.spec, Role::Vm, health));
        let relay = BuildFacts::of_relay(here);
        match vm {
            Some(vm) if relay.is_none_or(|relay| relay != vm) => {
                Err(CloudError::our_fault("relay and VM are of different builds"))
            }
            vm => Ok(vm.map(BuildFacts::into_facts)),
        }
    }
}
