//! What must hold before the next step, and before a deployment is called one.

use std::sync::atomic::Ordering;

use super::observe::kind_of_address;
use super::{FlyAccount, NUMBERLESS_LOOKS_MAX, fact, facts};
use crate::cloud::fly::client::PathSegment;
use crate::cloud::fly::errors::CallFailure;
use crate::cloud::fly::plan::{self, FlyStep};
use crate::cloud::fly::proof::RelayProbe;
use crate::cloud::{CloudError, FailureCause, StepContext};
use crate::plan::{Facts, StepId};
use crate::protocol::{Health, SKEW_MAX_MS};
use crate::spec::{Role, Spec};

/// How far our clock may be from the relay's: half of what the relay bears, so that slow requests
/// and a clock that drifts still find its door open.
const CLOCK_OFF_MAX_MS: u64 = SKEW_MAX_MS / 2;

impl FlyAccount {
    pub(super) async fn ask(
        &self,
        here: &StepContext<'_>,
        part: FlyStep,
        role: Role,
        app: &str,
    ) -> Result<Option<Facts>, CallFailure> {
        let door = || RelayProbe { client: &self.client, app: here.spec.app(Role::Relay) };
        match part {
            FlyStep::NarrowToken => self.narrow(here.spec).await,
            FlyStep::Started => self.started(here, role, app).await,
            FlyStep::RelayHealthy => relay_healthy(here.spec, &door()).await,
            FlyStep::AgentReady => {
                let health = door().ready(&self.random, &self.keys()?.link_key).await;
                of_the_relays_build(here, proven(here.spec, Role::Vm, health))
            }
            FlyStep::StrangerRefused => self.stranger_refused(here.spec, &door()).await,
            FlyStep::Committed => {
                let committed = door().commit(&self.random, &self.keys()?.link_key).await;
                Ok(committed.map(|()| Facts::new()))
            }
            _ => Err(CallFailure::our_fault("nothing that can be waited for")),
        }
    }

    /// Cuts the token to the two apps. Where Fly never says their numeric ids, which a caveat
    /// needs, it stays as it is, good for its window.
    async fn narrow(&self, spec: &Spec) -> Result<Option<Facts>, CallFailure> {
        let token = self.token();
        let mut ids = [None; 2];
        for (id, role) in ids.iter_mut().zip(Role::ALL) {
            let app = spec.app(role);
            let found = self.client.app(&token, PathSegment::of(&app)?).await;
            *id = found.map_err(|failure| self.unsettled(&app, failure))?.internal_numeric_id;
        }
        if let [Some(relay), Some(vm)] = ids {
            self.narrow_token([relay, vm])?;
        } else if self.numberless_looks.fetch_add(1, Ordering::Relaxed) + 1 < NUMBERLESS_LOOKS_MAX {
            return Ok(None);
        } else {
            tracing::warn!(deployment = %spec.id, "Fly names no app ids: the token is not \
                                                   narrowed");
        }
        Ok(Some(Facts::new()))
    }

    fn unsettled(&self, app: &str, failure: CallFailure) -> CallFailure {
        let status = None;
        CallFailure { status, error: self.settling_failure(app, failure) }
    }

    /// A machine that went to sleep again has been started; traffic wakes it.
    async fn started(
        &self,
        here: &StepContext<'_>,
        role: Role,
        app: &str,
    ) -> Result<Option<Facts>, CallFailure> {
        let id = fact(here, &plan::machine_step(role), "id")
            .ok_or_else(|| CallFailure::our_fault("a start without a machine"))?;
        let machine =
            self.client.machine(&self.token(), PathSegment::of(app)?, PathSegment::of(id)?).await?;
        match machine.state.as_deref() {
            Some("started" | "stopped" | "suspended") => {
                Ok(Some(facts([("state", machine.state)])))
            }
            Some("failed" | "launch_failed" | "destroyed" | "destroying") => {
                let detail = format!("the {} machine did not start", role.word());
                let error = CloudError { cause: FailureCause::NoCapacity, detail };
                Err(CallFailure { status: None, error })
            }
            _ => Ok(None),
        }
    }

    /// The relay turns away whoever has no key, and the VM has no address that could be asked.
    async fn stranger_refused(
        &self,
        spec: &Spec,
        door: &RelayProbe<'_>,
    ) -> Result<Option<Facts>, CallFailure> {
        let vm = spec.app(Role::Vm);
        let addresses = self.client.addresses(&self.token(), PathSegment::of(&vm)?).await?;
        let ips = addresses.ips.iter().filter_map(|address| address.ip.as_deref());
        let (private, public): (Vec<_>, Vec<_>) =
            ips.partition(|ip| kind_of_address(ip) == FlyStep::PrivateV6);
        if !public.is_empty() {
            return Err(CallFailure::our_fault("the VM has a public address"));
        }
        // The VM's private address is made by now. A list without it lags or is no list.
        if private.is_empty() {
            return Ok(None);
        }
        match door.refuses_a_stranger().await {
            Some(true) => Ok(Some(Facts::new())),
            Some(false) => Err(CallFailure::our_fault("the relay answers a stranger")),
            None => Ok(None),
        }
    }
}

/// The relay answers, and its clock agrees with ours: otherwise it would refuse all that we sign.
async fn relay_healthy(spec: &Spec, door: &RelayProbe<'_>) -> Result<Option<Facts>, CallFailure> {
    let Some((health, off_ms)) = door.health().await else { return Ok(None) };
    let proven = proven(spec, Role::Relay, Some(health));
    match off_ms {
        Some(off_ms) if proven.is_some() && off_ms > CLOCK_OFF_MAX_MS => {
            Err(CallFailure::clock_off(off_ms))
        }
        _ => Ok(proven),
    }
}

/// Only an answer from this deployment and this role proves anything.
fn proven(spec: &Spec, role: Role, health: Option<Health>) -> Option<Facts> {
    let health = health?;
    let ours = health.deployment == spec.id.as_ref() && health.role == role.word();
    ours.then(|| facts([("build", Some(health.build))]))
}

/// What is proven of the VM, if it is of the same build as the relay: only then do both speak the
/// same protocol.
fn of_the_relays_build(
    here: &StepContext<'_>,
    vm: Option<Facts>,
) -> Result<Option<Facts>, CallFailure> {
    let relay_build = fact(here, &StepId::new("relay-healthy"), "build");
    match &vm {
        Some(facts) if facts.get("build") != relay_build => {
            Err(CallFailure::our_fault("relay and VM are of different builds"))
        }
        _ => Ok(vm),
    }
}
