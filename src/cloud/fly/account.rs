//! A Fly account as the provisioner sees it.

use std::sync::Arc;
use std::sync::atomic::AtomicUsize;
use std::time::Duration;

use async_trait::async_trait;
use dashmap::DashMap;
use http::StatusCode;
use parking_lot::Mutex;
use tokio::time::Instant;

use super::client::{FlyClient, PathSegment};
use super::errors::CallFailure;
use super::macaroon::Caveat;
use super::plan::{self, FlyStep};
use super::token::FlyToken;
use super::wire;
use crate::cloud::{Cloud, CloudError, DeploymentKeys, FailureCause, Observation, StepContext};
use crate::deployment::FoundDeployment;
use crate::plan::{Facts, Plan, StepId};
use crate::random::Random;
use crate::secret::Secret;
use crate::spec::{Role, Spec};

mod find;
mod gates;
mod make;
mod observe;
mod release;
#[cfg(test)]
mod tests;

/// How long Fly's replicas may not know an app that was just made: flyctl waits this long, and
/// takes both 404 and 401 for "not yet" (fly-go, `WaitForApp`).
const SETTLING: Duration = Duration::from_secs(60);

/// How long an app that may have been made is not believed to be absent. Replicas have been seen to
/// lag for up to eight seconds.
const DOUBTFUL: Duration = Duration::from_secs(10);

/// Looks at the two apps until it is believed that Fly does not tell their numbers; one odd answer
/// is no reason to go on with a wide token.
const NUMBERLESS_LOOKS_MAX: usize = 5;

/// An account of Fly's, opened with a token.
pub struct FlyAccount {
    client: FlyClient,
    random: Random,
    token: Mutex<Arc<Secret>>,
    keys: Option<DeploymentKeys>,
    /// Until when an app that this process made, or may have made, may be unknown to Fly's
    /// replicas.
    settling: DashMap<String, Instant>,
    /// Looks at the two apps that did not show their numbers.
    numberless_looks: AtomicUsize,
}

impl FlyAccount {
    pub(super) fn new(
        client: FlyClient,
        random: Random,
        token: Arc<Secret>,
        keys: Option<DeploymentKeys>,
    ) -> Self {
        Self {
            client,
            random,
            token: Mutex::new(token),
            keys,
            settling: DashMap::new(),
            numberless_looks: AtomicUsize::new(0),
        }
    }

    /// The token as it is now: narrower once the apps exist.
    pub fn token(&self) -> Arc<Secret> {
        self.token.lock().clone()
    }

    /// Keeps a token that opens these apps only, and forgets the wider one.
    fn narrow_token(&self, apps: [u64; 2]) -> Result<(), CallFailure> {
        let mut token = self.token.lock();
        let wide = FlyToken::read(token.expose())
            .map_err(|_| CallFailure::our_fault("a token of ours that cannot be read"))?;
        let narrow = wide.narrowed_to_apps(apps, Caveat::ALL);
        *token = Arc::new(self.client.token(narrow.text()));
        Ok(())
    }

    fn keys(&self) -> Result<&DeploymentKeys, CallFailure> {
        self.keys.as_ref().ok_or_else(|| CallFailure::our_fault("an account opened without keys"))
    }

    fn record_created(&self, app: &str, settles_in: Duration) {
        self.settling.retain(|_, until| *until > Instant::now());
        self.settling.insert(app.to_owned(), Instant::now() + settles_in);
    }

    fn note_deleted(&self, app: &str) {
        self.settling.remove(app);
    }

    fn is_settling(&self, app: &str) -> bool {
        self.settling.get(app).is_some_and(|until| *until > Instant::now())
    }

    /// The failure, or "later" where an app made just now is not known yet.
    fn settling_failure(&self, app: &str, failure: CallFailure) -> CloudError {
        let unknown = [StatusCode::NOT_FOUND, StatusCode::UNAUTHORIZED];
        let unsettled = failure.status.is_some_and(|status| unknown.contains(&status));
        let mut error = CloudError::from(failure);
        if unsettled && self.is_settling(app) {
            error.cause = FailureCause::RetryLater { after_ms: None };
        }
        error
    }
}

use release::has_set_webhook;

#[async_trait]
impl Cloud for FlyAccount {
    fn plan(&self, _spec: &Spec) -> Plan {
        plan::plan()
    }

    async fn observe(
        &self,
        here: &StepContext<'_>,
        step: &StepId,
    ) -> Result<Observation, CloudError> {
        let (part, role) = known(step)?;
        let app = here.spec.app(role);
        self.look(here, part, role, &app)
            .await
            .map_err(|failure| self.settling_failure(&app, failure))
    }

    async fn create(&self, here: &StepContext<'_>, step: &StepId) -> Result<Facts, CloudError> {
        let (part, role) = known(step)?;
        let app = here.spec.app(role);
        self.make(here, part, role, &app)
            .await
            .map_err(|failure| self.settling_failure(&app, failure))
    }

    async fn delete(
        &self,
        here: &StepContext<'_>,
        step: &StepId,
        found: &Facts,
    ) -> Result<(), CloudError> {
        let (part, role) = known(step)?;
        let token = self.token();
        let name = here.spec.app(role);
        let app = PathSegment::of(&name)?;
        let id = PathSegment::of(found.get("id").map_or("", String::as_str));
        match part {
            FlyStep::App => {
                self.client.delete_app(&token, app).await?;
                self.note_deleted(&name);
            }
            FlyStep::Volume => self.client.delete_volume(&token, app, id?).await?,
            FlyStep::Machine if role == Role::Relay && has_set_webhook(here.spec) => {
                let machine = id?;
                self.release_channel(app, machine).await;
                self.client.delete_machine(&token, app, machine).await?;
            }
            FlyStep::Machine => self.client.delete_machine(&token, app, id?).await?,
            _ => return Err(CallFailure::our_fault("it goes with its app").into()),
        }
        Ok(())
    }

    async fn poll_gate(
        &self,
        here: &StepContext<'_>,
        gate: &StepId,
    ) -> Result<Option<Facts>, CloudError> {
        let (part, role) = known(gate)?;
        let app = here.spec.app(role);
        self.ask(here, part, role, &app).await.map_err(|failure| match failure.status {
            // A gate is asked again whether it is settled or not; what stays missing is gone.
            Some(StatusCode::NOT_FOUND) => failure.into(),
            _ => self.settling_failure(&app, failure),
        })
    }

    async fn find(&self) -> Result<Vec<FoundDeployment>, CloudError> {
        Ok(self.find_ours().await?)
    }

    fn link(&self, spec: &Spec, step: &StepId) -> String {
        let (part, role) = plan::part(step).unwrap_or((FlyStep::App, Role::Relay));
        let page = match part {
            FlyStep::Volume => "/volumes",
            FlyStep::Machine | FlyStep::Started => "/machines",
            _ => "",
        };
        format!("https://fly.io/apps/{}{page}", spec.app(role))
    }
}

fn known(step: &StepId) -> Result<(FlyStep, Role), CloudError> {
    plan::part(step).ok_or_else(|| CallFailure::our_fault("a step of another plan").into())
}

/// Facts of what came in a reply, without what did not.
fn facts<const N: usize>(found: [(&str, Option<String>); N]) -> Facts {
    found.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?))).collect()
}

fn machine_facts(machine: &wire::MachineBody) -> Facts {
    facts([
        ("id", machine.id.clone()),
        ("region", machine.region.clone()),
        ("state", machine.state.clone()),
        ("secrets", machine.metadata(make::SECRETS).map(str::to_owned)),
    ])
}

fn volume_facts(volume: &wire::VolumeBody) -> Facts {
    facts([
        ("id", volume.id.clone()),
        ("region", volume.region.clone()),
        ("state", volume.state.clone()),
    ])
}

/// What is known of one fact of another step.
fn fact<'a>(here: &StepContext<'a>, step: &StepId, name: &str) -> Option<&'a String> {
    here.facts.get(step)?.get(name)
}
