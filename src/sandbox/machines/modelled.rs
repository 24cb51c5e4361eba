//! Relay and VM as models in this process, for paused time: they answer the provisioner's calls and
//! check its signatures, as the real ones do.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use bytes::Bytes;
use parking_lot::{Mutex, MutexGuard};
use tokio::sync::oneshot;
use tokio::time::Instant;

use super::{ExecOutput, MachineEndpoint, MachineLaunch, MachineRuntime};
use crate::clock::Clock;
use crate::http::{SharedTransport, call};
use crate::machine_env;
use crate::probation::{LATE_PATIENCE_MS, PROBATION_MS};
use crate::protocol::{
    self, BUILD, BodyDigest, CallHead, CallVerifier, Direction, Health, SIGNATURE_HEADER,
    SignedCall,
};
use crate::random::Random;

/// The longest body that a model reads.
const BODY_MAX: usize = 1 << 20;

/// The time that a relay waits for its VM, waking included.
const VM_DEADLINE: Duration = Duration::from_secs(30);

/// The faults of models.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ModelFaults {
    /// The time from a machine's start until it listens, in milliseconds.
    pub healthy_after_ms: u64,
    /// Machines of this role start and answer 503 to everything.
    pub never_healthy: Option<&'static str>,
    /// Machines of this role exit at once with this status.
    pub exits: Option<(&'static str, i32)>,
    /// Health names another deployment.
    pub wrong_deployment: bool,
    /// Machines of this role name another build.
    pub wrong_build: Option<&'static str>,
    /// Calls without a signature are served.
    pub open_to_all: bool,
}

/// Runs machines as models.
pub struct ModelledRuntime {
    clock: Clock,
    random: Random,
    state: Mutex<RuntimeState>,
}

#[derive(Default)]
struct RuntimeState {
    closed: bool,
    knobs: ModelFaults,
    running: BTreeMap<String, RunningModel>,
    committed: BTreeMap<String, u32>,
}

struct RunningModel {
    router: Router,
    from: Instant,
    exit: oneshot::Sender<i32>,
}

impl ModelledRuntime {
    /// Models with this clock, and nonces from `random`.
    pub fn new(clock: Clock, random: Random) -> Arc<Self> {
        Arc::new(Self { clock, random, state: Mutex::default() })
    }

    /// Sets the faults of machines that start from now on.
    pub fn set(&self, knobs: ModelFaults) {
        self.state().knobs = knobs;
    }

    /// The number of commits that each machine got.
    pub fn commits(&self, machine: &str) -> u32 {
        self.state().committed.get(machine).copied().unwrap_or_default()
    }

    /// Ends a machine's process with this status, as if by itself.
    pub fn exit(&self, machine: &str, status: i32) {
        if let Some(running) = self.state().running.remove(machine) {
            let _ = running.exit.send(status);
        }
    }

    /// As the real ones do: see [`crate::probation`].
    async fn end_unless_committed(
        self: Arc<Self>,
        machine: String,
        started: Instant,
        until_ms: Option<u64>,
    ) {
        let left_ms = until_ms.map_or(u64::MAX, |until| until.saturating_sub(self.clock.now_ms()));
        let patience_ms = left_ms.clamp(LATE_PATIENCE_MS, PROBATION_MS);
        tokio::time::sleep_until(started + Duration::from_millis(patience_ms)).await;
        let is_this_start = |running: &RunningModel| running.from == started;
        let still_runs = self.state().running.get(&machine).is_some_and(is_this_start);
        if still_runs && self.commits(&machine) == 0 {
            self.exit(&machine, 0);
        }
    }

    fn state(&self) -> MutexGuard<'_, RuntimeState> {
        self.state.lock()
    }
}

#[async_trait]
impl MachineRuntime for Arc<ModelledRuntime> {
    async fn start(&self, launch: MachineLaunch) -> anyhow::Result<oneshot::Receiver<i32>> {
        let (exit, exited) = oneshot::channel();
        let mut state = self.state();
        anyhow::ensure!(!state.closed, "the sandbox is closed");
        let knobs = state.knobs.clone();
        let role = launch.cmd.first().cloned().unwrap_or_default();
        if let Some((_, status)) = knobs.exits.filter(|(exits, _)| *exits == role) {
            let _ = exit.send(status);
            return Ok(exited);
        }
        let silent = knobs.never_healthy.is_some_and(|silent| silent == role);
        let from = Instant::now() + Duration::from_millis(knobs.healthy_after_ms);
        let machine = launch.machine.clone();
        let until_ms =
            launch.env.get(machine_env::PROBATION_UNTIL).and_then(|until| until.parse().ok());
        tokio::spawn(self.clone().end_unless_committed(machine.clone(), from, until_ms));
        let model = ModelledMachine::new(self.clone(), role, launch, knobs);
        let router = if silent { unwell() } else { model.router() };
        state.running.insert(machine, RunningModel { router, from, exit });
        Ok(exited)
    }

    async fn stop(&self, machine: &str, _grace: Duration) {
        self.exit(machine, 0);
    }

    fn signal(&self, machine: &str, _signal: &str) {
        self.exit(machine, 0);
    }

    fn endpoint(&self, machine: &str) -> Option<MachineEndpoint> {
        let state = self.state();
        let running = state.running.get(machine)?;
        (running.from <= Instant::now()).then(|| MachineEndpoint::InProcess(running.router.clone()))
    }

    fn model_proxy(&self, _machine: &str) -> Option<MachineEndpoint> {
        None
    }

    async fn exec(&self, _machine: &str, _command: &[String], _deadline: Duration) -> ExecOutput {
        ExecOutput { exit_code: 127, ..ExecOutput::default() }
    }

    async fn discard_volume(&self, _volume: &str) {}

    fn running(&self) -> Vec<String> {
        self.state().running.keys().cloned().collect()
    }

    fn output(&self, _machine: &str) -> String {
        String::new()
    }

    fn close(&self) {
        let mut state = self.state();
        state.closed = true;
        state.running.clear();
    }
}

/// Listens, and serves nothing.
fn unwell() -> Router {
    Router::new().fallback(|| async { StatusCode::SERVICE_UNAVAILABLE })
}

/// One running relay or VM.
struct ModelledMachine {
    runtime: Arc<ModelledRuntime>,
    machine: String,
    role: String,
    env: BTreeMap<String, String>,
    network: SharedTransport,
    knobs: ModelFaults,
    verifier: Mutex<CallVerifier>,
}

impl ModelledMachine {
    fn new(
        runtime: Arc<ModelledRuntime>,
        role: String,
        launch: MachineLaunch,
        knobs: ModelFaults,
    ) -> Arc<Self> {
        let MachineLaunch { machine, env, network, .. } = launch;
        Arc::new(Self { runtime, machine, role, env, network, knobs, verifier: Mutex::default() })
    }

    fn router(self: Arc<Self>) -> Router {
        Router::new()
            .route("/health", get(health))
            .route("/ready", get(ready))
            .route("/commit", post(commit))
            .with_state(self)
    }

    fn env(&self, name: &str) -> &str {
        self.env.get(name).map(String::as_str).unwrap_or_default()
    }

    fn health(&self) -> Health {
        let or = |wrong: bool, right: &str| if wrong { "another" } else { right }.to_owned();
        Health {
            deployment: or(self.knobs.wrong_deployment, self.env(machine_env::DEPLOYMENT)),
            build: or(self.knobs.wrong_build == Some(self.role.as_str()), BUILD),
            role: self.role.clone(),
            protocol: protocol::VERSION,
            agent_network: None,
        }
    }

    /// Whether the caller's signature is valid.
    async fn verified(&self, request: Request) -> bool {
        let direction = match self.role.as_str() {
            "relay" => Direction::ProvisionerToRelay,
            _ => Direction::RelayToVm,
        };
        let (head, body) = request.into_parts();
        let Ok(body) = axum::body::to_bytes(body, BODY_MAX).await else { return false };
        let path = head.uri.path_and_query().map_or("/", |path| path.as_str());
        let call = CallHead { direction, method: head.method.as_str(), path };
        let signature = head.headers.get(SIGNATURE_HEADER).and_then(|value| value.to_str().ok());
        let key = self.env(machine_env::LINK_KEY).as_bytes();
        let mut verifier = self.verifier.lock();
        let proof = verifier.verify(key, call, signature, self.runtime.clock.now_ms());
        let is_proven = proof.is_ok_and(|digest| digest == BodyDigest::of(&body));
        self.knobs.open_to_all || (!key.is_empty() && is_proven)
    }

    /// A relay forwards the answer of its VM; a VM has no other machine to ask.
    async fn proxied(&self, method: &str, path: &str) -> Response {
        if self.role != "relay" {
            return Json(self.health()).into_response();
        }
        let key = self.env(machine_env::LINK_KEY).as_bytes();
        let call_ = SignedCall { direction: Direction::RelayToVm, method, path, body: b"" };
        let (now_ms, nonce) = (self.runtime.clock.now_ms(), self.runtime.random.bytes());
        let request = http::Request::builder()
            .method(method)
            .uri(format!("{}{path}", self.env(machine_env::VM_URL)))
            .header(SIGNATURE_HEADER, protocol::sign(key, call_, now_ms, nonce))
            .body(Bytes::new());
        let Ok(request) = request else { return StatusCode::BAD_GATEWAY.into_response() };
        match call(self.network.as_ref(), request, VM_DEADLINE, BODY_MAX).await {
            Ok(answer) if answer.status.is_success() => answer.body.into_response(),
            _ => StatusCode::SERVICE_UNAVAILABLE.into_response(),
        }
    }
}

async fn health(State(model): State<Arc<ModelledMachine>>) -> Json<Health> {
    Json(model.health())
}

async fn ready(State(model): State<Arc<ModelledMachine>>, request: Request) -> Response {
    if !model.verified(request).await {
        return StatusCode::UNAUTHORIZED.into_response();
    }
    model.proxied("GET", "/ready").await
}

async fn commit(State(model): State<Arc<ModelledMachine>>, request: Request) -> Response {
    if !model.verified(request).await {
        return StatusCode::UNAUTHORIZED.into_response();
    }
    let answer = model.proxied("POST", "/commit").await;
    if answer.status().is_success() {
        *model.runtime.state().committed.entry(model.machine.clone()).or_default() += 1;
    }
    answer
}
