//! The bot's way to its vendors: every call is written down and may fail or be the last.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use async_trait::async_trait;
use bytes::Bytes;

use super::super::faults::{Fault, FaultKind};
use super::monitor::ChatMonitor;
use textslash::http::{StreamedResponse, Transport, TransportError};
use textslash::sandbox::faults::{FaultPosition, FaultyTransport, VendorCall};
use textslash::sandbox::fly::SimulatedFly;
use textslash::sandbox::machines::{ModelFaults, ModelledRuntime};

pub(super) struct BotNetwork {
    pub(super) stage: Arc<ChatMonitor>,
    pub(super) faults: Arc<FaultyTransport>,
    pub(super) fly: Arc<SimulatedFly>,
    pub(super) machines: Arc<ModelledRuntime>,
    /// What is done to the world, and at which call.
    pub(super) strikes: Vec<Fault>,
    pub(super) calls: AtomicUsize,
}

impl BotNetwork {
    /// Takes the troubles into the story.
    pub(super) fn plan(&self, troubles: &[Fault]) {
        for trouble in troubles {
            if let Some((mode, times)) = trouble.kind.mode() {
                self.faults.plan_burst(FaultPosition::CallIndex(trouble.at), mode, times);
            }
        }
    }

    /// Nothing goes wrong any more.
    pub(super) fn stop_faults(&self) {
        self.faults.clear();
        self.fly.organisations().set_no_machines_in(&[]);
        self.machines.set(ModelFaults::default());
    }

    fn strike(&self, number: usize) {
        for trouble in self.strikes.iter().filter(|trouble| trouble.strikes_at(number)) {
            let vm = |knobs| self.machines.set(knobs);
            match trouble.kind {
                FaultKind::TokenRefused => self.fly.revoke_all_tokens(),
                FaultKind::NoRoom => {
                    self.fly.organisations().set_no_machines_in(&["ams", "fra", "lhr"])
                }
                FaultKind::Unwell => {
                    vm(ModelFaults { never_healthy: Some("vm"), ..ModelFaults::default() })
                }
                FaultKind::OtherBuild => {
                    vm(ModelFaults { wrong_build: Some("vm"), ..ModelFaults::default() })
                }
                _ => {}
            }
        }
    }
}

#[async_trait]
impl Transport for BotNetwork {
    async fn send(
        &self,
        request: http::Request<Bytes>,
    ) -> Result<StreamedResponse, TransportError> {
        let call = VendorCall::of(&request);
        let number = self.calls.fetch_add(1, Ordering::Relaxed);
        self.stage.deed(&format!("{number:>4} {call}")).await;
        self.strike(number);
        let reply = self.faults.send(request).await;
        let told = match &reply {
            Ok(reply) => reply.head.status.as_u16().to_string(),
            Err(error) => error.to_string(),
        };
        self.stage.deed(&format!("{number:>4} -> {told}")).await;
        reply
    }
}
