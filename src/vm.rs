//! Runs the agent: turns in, events out, on one data directory, until nobody needs it.
//!
//! It knows no HTTP: its routes are in `web::vm`.

use std::future::Future;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use tokio::time::Instant;
use url::Url;

use crate::body_budget::BodyBudget;
use crate::clock::Clock;
use crate::protocol::{
    self, BUILD, BodyDigest, CallHead, CallRefusal, CallVerifier, Health, TurnToken,
};
use crate::secret::{Audience, Secret};
use crate::spec::{AgentKind, DeploymentId, Role};

pub mod agent;
pub mod agents;
mod citation;
pub mod directory;
pub mod exchange;
pub mod firewall;
pub mod ids;
pub mod process;
mod record;
mod text;
pub mod turns;

use crate::probation::{PROBATION_MS, Probation};
use agent::Agent;
use directory::VmDirectory;
use exchange::FileExchange;
use firewall::AgentFirewall;
use process::AgentUser;
use turns::Turns;

#[cfg(test)]
mod tests;

/// How long a VM without a turn or a call stays up: a person who reads an answer and writes the
/// next line does not wait for a wake, and an hour's forgetting costs little.
pub const IDLE_MS: u64 = 5 * 60_000;

/// Longest turn: an agent at work on a large change; beyond it something hangs.
pub const TURN_TIMEOUT_MS: u64 = 60 * 60_000;

/// Most text of one turn, in bytes: hundreds of chat messages, more than anybody reads.
pub const OUTPUT_BYTES_MAX: usize = 1024 * 1024;

/// Between asking a turn's processes to end and killing them.
pub const STOP_GRACE_MS: u64 = 3000;

/// Silence after which a reader is told that work goes on; proxies cut streams that are silent for
/// a minute.
pub const HEARTBEAT_MS: u64 = 15_000;

/// Bytes of request bodies that the server holds at once: one file of 20 MB and a few turns. The
/// agent needs the rest of the machine.
pub const BODY_BYTES_MAX: usize = 24 * 1024 * 1024;

/// What a VM is told at its start.
pub struct VmSettings {
    /// The deployment it belongs to.
    pub deployment: DeploymentId,
    /// What outlives the process.
    pub data_dir: PathBuf,
    /// Who answers.
    pub agent: AgentKind,
    /// What the relay signs its calls with.
    pub link_key: Arc<Secret>,
    /// The relay's model proxy.
    pub model_proxy_url: Url,
    /// Who agents run as; only root can choose.
    pub agent_user: Option<AgentUser>,
    /// Claude Code; used by that agent only.
    pub claude_bin: PathBuf,
    /// Its bounds.
    pub limits: VmLimits,
}

/// The bounds of a VM.
#[derive(Clone, Copy, Debug)]
pub struct VmLimits {
    /// See [`IDLE_MS`].
    pub idle_ms: u64,
    /// See [`TURN_TIMEOUT_MS`].
    pub turn_timeout_ms: u64,
    /// See [`OUTPUT_BYTES_MAX`].
    pub output_max_bytes: usize,
    /// See [`STOP_GRACE_MS`].
    pub stop_grace_ms: u64,
    /// See [`HEARTBEAT_MS`].
    pub heartbeat_ms: u64,
    /// See [`PROBATION_MS`].
    pub probation_ms: u64,
    /// When the probation ends at the latest, in unix milliseconds: see
    /// [`crate::machine_env::PROBATION_UNTIL`].
    pub probation_until_ms: Option<u64>,
}

impl Default for VmLimits {
    fn default() -> Self {
        Self {
            idle_ms: IDLE_MS,
            turn_timeout_ms: TURN_TIMEOUT_MS,
            output_max_bytes: OUTPUT_BYTES_MAX,
            stop_grace_ms: STOP_GRACE_MS,
            heartbeat_ms: HEARTBEAT_MS,
            probation_ms: PROBATION_MS,
            probation_until_ms: None,
        }
    }
}

/// A VM at work. Dropped, it takes its running turns with it.
pub struct Vm {
    deployment: DeploymentId,
    link_key: Arc<Secret>,
    /// Who may see a turn's token.
    model_proxy: Audience,
    limits: VmLimits,
    clock: Clock,
    verifier: Mutex<CallVerifier>,
    last_call: Mutex<Instant>,
    agent: Arc<dyn Agent>,
    turns: Turns,
    exchange: FileExchange,
    probation: Probation,
    firewall: Option<AgentFirewall>,
    bodies: BodyBudget,
}

/// Why [`Vm::over`] returned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum VmExit {
    /// No turn and no call for a while.
    Idle,
    /// Never committed.
    NotCommitted,
    /// The platform asked for it.
    Stopped,
}

impl Vm {
    /// Opens the data directory and makes the agent.
    ///
    /// # Errors
    /// When the data directory cannot be written.
    pub fn start(settings: VmSettings, clock: Clock) -> anyhow::Result<Self> {
        let directory = VmDirectory::open(&settings.data_dir, settings.agent_user)?;
        let agent = agents::open(&settings, &directory);
        Self::with_agent(settings, directory, agent, clock)
    }

    /// A VM with an agent of one's own, on a directory that is open.
    ///
    /// # Errors
    /// When the data directory cannot be written.
    pub fn with_agent(
        settings: VmSettings,
        directory: VmDirectory,
        agent: Arc<dyn Agent>,
        clock: Clock,
    ) -> anyhow::Result<Self> {
        let limits = settings.limits;
        let VmLimits { probation_ms, probation_until_ms, .. } = limits;
        let probation =
            Probation::open(directory.root(), clock.clone(), probation_ms, probation_until_ms)?;
        Ok(Self {
            deployment: settings.deployment,
            link_key: settings.link_key,
            model_proxy: Audience::of([settings.model_proxy_url.authority()]),
            limits,
            clock,
            verifier: Mutex::default(),
            last_call: Mutex::new(Instant::now()),
            exchange: FileExchange::new(directory.clone()),
            turns: Turns::new(directory, agent.clone(), limits),
            agent,
            probation,
            firewall: None,
            bodies: BodyBudget::new(BODY_BYTES_MAX),
        })
    }

    /// The same VM, with its agent's network restricted.
    pub async fn behind(mut self, firewall: AgentFirewall) -> Self {
        self.firewall = Some(firewall);
        self.restrict_agent().await;
        self
    }

    /// Restricts the agent's network anew, where that is asked for: addresses change. When it is
    /// impossible, the VM serves all the same, and its health says so.
    pub async fn restrict_agent(&self) {
        let Some(firewall) = &self.firewall else { return };
        if let Err(error) = firewall.apply().await {
            tracing::error!(error = format!("{error:#}"), "cannot restrict the agent's network");
        }
    }

    /// Accepts a call of the relay once. Only such calls keep the VM up. The body must have the
    /// digest that is returned.
    ///
    /// # Errors
    /// When it is not the relay's, or not a new one.
    pub fn verify(
        &self,
        call: CallHead<'_>,
        signature: Option<&str>,
    ) -> Result<BodyDigest, CallRefusal> {
        let key = self.link_key.expose().as_bytes();
        let now_ms = self.clock.now_ms();
        let mut verifier = self.verifier.lock();
        let digest = verifier.verify(key, call, signature, now_ms)?;
        *self.last_call.lock() = Instant::now();
        Ok(digest)
    }

    /// The token of a turn, for the relay's model proxy alone.
    pub fn model_token(&self, token: TurnToken) -> Arc<Secret> {
        Arc::new(token.into_secret(self.model_proxy.clone()))
    }

    /// Its turns.
    pub fn turns(&self) -> &Turns {
        &self.turns
    }

    /// The bytes of request bodies that it may hold.
    pub fn bodies(&self) -> &BodyBudget {
        &self.bodies
    }

    /// The files that come and go.
    pub fn exchange(&self) -> &FileExchange {
        &self.exchange
    }

    /// Whether it was committed, and may serve turns.
    pub fn probation(&self) -> &Probation {
        &self.probation
    }

    /// Can the agent answer?
    pub async fn ready(&self) -> bool {
        self.agent.ready().await
    }

    /// Who this is.
    pub fn health(&self) -> Health {
        Health {
            deployment: self.deployment.to_string(),
            build: BUILD.to_owned(),
            role: Role::Vm.word().to_owned(),
            protocol: protocol::VERSION,
            agent_network: self.firewall.as_ref().map(AgentFirewall::network),
        }
    }

    /// Returns when the process should end: idle, never committed, or `told`. No new turn is taken
    /// from then on.
    pub async fn wait_for_exit(&self, told: impl Future<Output = ()>) -> VmExit {
        tokio::select! {
            biased;
            () = told => VmExit::Stopped,
            () = self.probation.never_committed() => VmExit::NotCommitted,
            () = self.idle() => VmExit::Idle,
        }
    }

    /// Interrupts what runs; returns when its processes are gone.
    pub async fn close(&self) {
        self.turns.close().await;
    }

    async fn idle(&self) {
        let idle = Duration::from_millis(self.limits.idle_ms);
        loop {
            tokio::time::sleep_until(self.idle_since() + idle).await;
            self.turns.none_running().await;
            if self.idle_since().elapsed() >= idle && self.turns.close_if_idle() {
                return;
            }
        }
    }

    fn idle_since(&self) -> Instant {
        let last_call = *self.last_call.lock();
        last_call.max(self.turns.last_end())
    }
}
