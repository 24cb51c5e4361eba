//! The steps of a deployment on Fly. Only a step that needs the answer of another one waits for it.

use async_trait::async_trait;

use super::account::FlyAccount;
use super::find::DeploymentSearch;
use super::gates::agent::AgentReady;
use super::gates::committed::Committed;
use super::gates::healthy::RelayHealthy;
use super::gates::narrowed::TokenNarrowed;
use super::gates::started::MachineStarted;
use super::gates::stranger::StrangerRefused;
use super::resources::address::Address;
use super::resources::app::App;
use super::resources::machine::Machine;
use super::resources::secrets::AppSecrets;
use super::resources::volume::Volume;
use crate::cloud::{CloudError, PlanRow, TabledAccount};
use crate::deployment::FoundDeployment;
use crate::spec::Role::{Relay, Vm};

#[cfg(test)]
mod tests;

#[async_trait]
impl TabledAccount for FlyAccount {
    const ROWS: &'static [PlanRow<Self>] = &[
        PlanRow::Resource(&App(Relay)),
        PlanRow::Resource(&App(Vm)),
        PlanRow::Gate(&TokenNarrowed),
        PlanRow::Resource(&Address::RELAY_V4),
        PlanRow::Resource(&Address::RELAY_V6),
        PlanRow::Resource(&Address::RELAY_PRIVATE),
        PlanRow::Resource(&Address::VM_PRIVATE),
        PlanRow::Handover(&AppSecrets(Relay)),
        PlanRow::Handover(&AppSecrets(Vm)),
        PlanRow::Resource(&Volume(Relay)),
        PlanRow::Resource(&Volume(Vm)),
        PlanRow::Resource(&Machine(Relay)),
        PlanRow::Resource(&Machine(Vm)),
        PlanRow::Gate(&MachineStarted(Relay)),
        PlanRow::Gate(&MachineStarted(Vm)),
        PlanRow::Gate(&RelayHealthy),
        PlanRow::Gate(&AgentReady),
        PlanRow::Gate(&StrangerRefused),
        PlanRow::Gate(&Committed),
    ];

    async fn find_deployments(&self) -> Result<Vec<FoundDeployment>, CloudError> {
        let token = self.token();
        Ok(DeploymentSearch { client: &self.client, token: &token }.run().await?)
    }
}
