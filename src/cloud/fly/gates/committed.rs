//! The commit: relay and VM learn that the deployment is proven and may stay.

use async_trait::async_trait;

use super::SHORT_MS;
use super::agent::AgentReady;
use super::narrowed::TokenNarrowed;
use super::relay_probe::RelayProbe;
use super::stranger::StrangerRefused;
use crate::cloud::fly::account::FlyAccount;
use crate::cloud::{CloudError, Gate, StepContext};
use crate::plan::{Facts, Stage, Step, StepId, StepKind};

/// The last step of a plan.
pub(in crate::cloud::fly) struct Committed;

#[async_trait]
impl Gate<FlyAccount> for Committed {
    fn step(&self) -> Step {
        Step {
            id: StepId::new("committed"),
            kind: StepKind::Gate { patience_ms: SHORT_MS },
            needs: vec![TokenNarrowed::ID, AgentReady::ID, StrangerRefused::ID],
            role: None,
            stage: Stage::Proof,
        }
    }

    async fn poll(
        &self,
        account: &FlyAccount,
        here: &StepContext<'_>,
    ) -> Result<Option<Facts>, CloudError> {
        let probe = RelayProbe::of(account, here.spec);
        let committed = probe.commit(&account.random, &account.keys()?.link_key).await;
        Ok(committed.map(|()| Facts::new()))
    }
}
