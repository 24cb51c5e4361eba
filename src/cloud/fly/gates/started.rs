//! A machine has started.

use async_trait::async_trait;

use crate::cloud::fly::account::FlyAccount;
use crate::cloud::fly::client::PathSegment;
use crate::cloud::fly::errors::CallFailure;
use crate::cloud::fly::resources::machine::{Machine, MachineFacts};
use crate::cloud::{CloudError, FailureCause, Gate, StepContext};
use crate::plan::{Facts, Stage, Step, StepId, StepKind, known_facts};
use crate::spec::Role;

/// The start of the machine of this role. A machine that sleeps again counts as started; traffic
/// wakes it.
pub(in crate::cloud::fly) struct MachineStarted(pub Role);

/// The time limit, in milliseconds: a cold pull of two gigabytes was observed to take ten minutes.
const PULL_MS: u64 = 12 * 60_000;

impl MachineStarted {
    pub(super) fn id(role: Role) -> StepId {
        match role {
            Role::Relay => StepId::new("relay-started"),
            Role::Vm => StepId::new("vm-started"),
        }
    }
}

#[async_trait]
impl Gate<FlyAccount> for MachineStarted {
    fn step(&self) -> Step {
        Step {
            id: Self::id(self.0),
            kind: StepKind::Gate { patience_ms: PULL_MS },
            needs: vec![Machine::id(self.0)],
            role: Some(self.0),
            stage: Stage::Machines,
        }
    }

    async fn poll(
        &self,
        account: &FlyAccount,
        here: &StepContext<'_>,
    ) -> Result<Option<Facts>, CloudError> {
        let app = account.app(here.spec, self.0);
        let machine = MachineFacts::known(here, self.0)
            .ok_or_else(|| CallFailure::our_fault("a start without a machine"))?;
        let id = PathSegment::of(&machine.id)?;
        let answer = account.client.machine(&account.token(), app.segment()?, id).await;
        let state = app.polled(answer)?.state;
        match state.as_deref() {
            Some("started" | "stopped" | "suspended") => Ok(Some(known_facts([("state", state)]))),
            Some("failed" | "launch_failed" | "destroyed" | "destroying") => {
                let detail = format!("the {} machine did not start", self.0.word());
                Err(CloudError { cause: FailureCause::NoCapacity, detail })
            }
            _ => Ok(None),
        }
    }
}
