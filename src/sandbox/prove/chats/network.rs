//! The bot's way to its vendors: every call is written down and may fail or be the last.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use async_trait::async_trait;
use bytes::Bytes;

use super::super::trouble::{Trouble, Way};
use super::stage::Stage;
use crate::http::{Reply, Transport, Unanswered};
use crate::sandbox::faults::{At, Call, Faults};
use crate::sandbox::fly::Fly;
use crate::sandbox::machines::{Knobs, Modelled};

pub(super) struct Network {
    pub(super) stage: Arc<Stage>,
    pub(super) faults: Arc<Faults>,
    pub(super) fly: Arc<Fly>,
    pub(super) machines: Arc<Modelled>,
    /// What is done to the world, and at which call.
    pub(super) strikes: Vec<Trouble>,
    pub(super) calls: AtomicUsize,
}

impl Network {
    /// Takes the troubles into the story.
    pub(super) fn plan(&self, troubles: &[Trouble]) {
        for trouble in troubles {
            if let Some((mode, times)) = trouble.way.mode() {
                self.faults.plan_burst(At::Overall(trouble.at), mode, times);
            }
        }
    }

    /// Nothing goes wrong any more.
    pub(super) fn calm(&self) {
        self.faults.clear();
        self.fly.set_no_machines_in(&[]);
        self.machines.set(Knobs::default());
    }

    fn strike(&self, number: usize) {
        for trouble in self.strikes.iter().filter(|trouble| trouble.strikes_at(number)) {
            let vm = |knobs| self.machines.set(knobs);
            match trouble.way {
                Way::TokenRefused => self.fly.revoke_all_tokens(),
                Way::NoRoom => self.fly.set_no_machines_in(&["ams", "fra", "lhr"]),
                Way::Unwell => vm(Knobs { never_healthy: Some("vm"), ..Knobs::default() }),
                Way::OtherBuild => vm(Knobs { wrong_build: Some("vm"), ..Knobs::default() }),
                _ => {}
            }
        }
    }
}

#[async_trait]
impl Transport for Network {
    async fn send(&self, request: http::Request<Bytes>) -> Result<Reply, Unanswered> {
        let call = Call::of(&request);
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
