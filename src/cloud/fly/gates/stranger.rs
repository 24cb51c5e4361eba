//! The deployment refuses callers without a key.

use async_trait::async_trait;

use super::SHORT_MS;
use super::healthy::RelayHealthy;
use super::relay_probe::RelayProbe;
use crate::cloud::fly::account::FlyAccount;
use crate::cloud::fly::resources::address::{Address, IpKind};
use crate::cloud::{CloudError, Gate, StepContext};
use crate::plan::{Facts, Stage, Step, StepId, StepKind};
use crate::spec::Role;

/// The relay refuses callers without a key, and the VM has no public address.
pub(in crate::cloud::fly) struct StrangerRefused;

impl StrangerRefused {
    pub(super) const ID: StepId = StepId::new("stranger-refused");
}

#[async_trait]
impl Gate<FlyAccount> for StrangerRefused {
    fn step(&self) -> Step {
        Step {
            id: Self::ID,
            kind: StepKind::Gate { patience_ms: SHORT_MS },
            needs: vec![RelayHealthy::ID, Address::VM_PRIVATE.id()],
            role: None,
            stage: Stage::Proof,
        }
    }

    async fn poll(
        &self,
        account: &FlyAccount,
        here: &StepContext<'_>,
    ) -> Result<Option<Facts>, CloudError> {
        let vm = account.app(here.spec, Role::Vm);
        let answer = account.client.addresses(&account.token(), vm.segment()?).await;
        let addresses = vm.polled(answer)?;
        let ips = addresses.ips.iter().filter_map(|address| address.ip.as_deref());
        let (private, public): (Vec<_>, Vec<_>) =
            ips.partition(|ip| IpKind::of(ip) == IpKind::PrivateV6);
        if !public.is_empty() {
            return Err(CloudError::our_fault("the VM has a public address"));
        }
        // The VM's private address is made by now. A list without it lags or is no list.
        if private.is_empty() {
            return Ok(None);
        }
        match RelayProbe::of(account, here.spec).refuses_a_stranger().await {
            Some(true) => Ok(Some(Facts::new())),
            Some(false) => Err(CloudError::our_fault("the relay answers a stranger")),
            None => Ok(None),
        }
    }
}
