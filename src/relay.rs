//! Speaks with its owner, asks the VM, and holds the keys.
//!
//! A line of the owner is on disk before it is acknowledged; it becomes one turn with an id that
//! survives restarts; what is answered is on disk before it is sent. A relay that dies anywhere in
//! between goes on where it was. It knows no HTTP routes: they are in `web::relay`.

use std::future::Future;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use adapters::channel::Channel;
use adapters::chat::{ChatId, UserId};
use parking_lot::Mutex;
use tokio::sync::{Notify, watch};
use tracing::Span;
use url::Url;

use crate::body_budget::BodyBudget;
use crate::clock::Clock;
use crate::http::SharedTransport;
use crate::messages::Locale;
use crate::probation::{PROBATION_MS, Probation};
use crate::protocol::{self, BUILD, BodyDigest, CallHead, CallRefusal, CallVerifier, Health};
use crate::random::Random;
use crate::secret::Secret;
use crate::spans;
use crate::spec::{DeploymentId, Role};
use crate::store::integrity::UnhealthyReason;

mod activity;
mod commands;
mod delivery;
mod edits;
mod files;
mod messages;
mod owner_filter;
pub mod proxy;
mod reception;
mod recovery;
pub mod relay_store;
mod turn;
mod turn_view;
mod vm_client;
mod vm_failure;
pub mod webhook_registration;

use activity::Activity;
pub use activity::ActivityGuard;
use owner_filter::OwnerFilter;
use proxy::RateWindow;
use relay_store::RelayStore;
use vm_client::VmClient;
use webhook_registration::WebhookRegistration;

#[cfg(test)]
pub(crate) mod tests;

/// How long a relay without work or calls stays up: it starts in milliseconds, so little is lost.
pub const IDLE_MS: u64 = 5 * 60_000;

/// How often an answer says that long work goes on, in milliseconds.
pub const HEARTBEAT_MS: u64 = 60_000;

/// The VM is waking when it has not answered for this long, in milliseconds; an awake one answers
/// within a few.
pub const WAKING_MS: u64 = 1_000;

/// How long the VM may be out of reach before a turn is given up, in milliseconds: a wake on a slow
/// host takes a minute or two.
pub const GIVE_UP_MS: u64 = 5 * 60_000;

/// Pause after the database failed, in milliseconds: a full disk does not get better sooner.
pub const RETRY_MS: u64 = 5_000;

/// Bytes of bodies that are held at once, requests for the model and files on their way together:
/// the largest request beside a few common ones, within half of the 120 MB that the relay may take
/// of its machine.
pub const BODY_BYTES_MAX: usize = 48 * 1024 * 1024;

/// What a relay is told at its start.
pub struct RelaySettings {
    /// The only person it listens to.
    pub owner: UserId,
    /// It ends when nobody uses it; else nothing would wake it, and it stays up.
    pub sleeps: bool,
    /// The language that it speaks.
    pub locale: Locale,
    /// The deployment it belongs to.
    pub deployment: DeploymentId,
    /// What outlives the process.
    pub data_dir: PathBuf,
    /// Where the internet finds it, if it knows.
    pub public_url: Option<Url>,
    /// Where the VM is.
    pub vm_url: Url,
    /// Where the model is.
    pub model_url: Url,
    /// What calls between provisioner, relay and VM are signed with.
    pub link_key: Arc<Secret>,
    /// What the model's vendor wants to see; its audience is the host of `model_url`.
    pub model_key: Option<Arc<Secret>>,
    /// Tokens of all classes that the agent may use in a day (UTC).
    pub daily_tokens: u64,
    /// Its bounds.
    pub limits: RelayLimits,
}

/// The bounds of a relay.
#[derive(Clone, Copy, Debug)]
pub struct RelayLimits {
    /// See [`IDLE_MS`].
    pub idle_ms: u64,
    /// See [`HEARTBEAT_MS`].
    pub heartbeat_ms: u64,
    /// See [`WAKING_MS`].
    pub waking_ms: u64,
    /// See [`GIVE_UP_MS`].
    pub give_up_ms: u64,
    /// See [`RETRY_MS`].
    pub retry_ms: u64,
    /// See [`PROBATION_MS`].
    pub probation_ms: u64,
    /// When the probation ends at the latest, in unix milliseconds: see
    /// [`crate::machine_env::PROBATION_UNTIL`].
    pub probation_until_ms: Option<u64>,
    /// See [`proxy::CALLS_PER_MINUTE_MAX`].
    pub calls_per_minute: u32,
    /// See [`proxy::TOKENS_PER_MINUTE_MAX`].
    pub tokens_per_minute: u64,
}

impl Default for RelayLimits {
    fn default() -> Self {
        Self {
            idle_ms: IDLE_MS,
            heartbeat_ms: HEARTBEAT_MS,
            waking_ms: WAKING_MS,
            give_up_ms: GIVE_UP_MS,
            retry_ms: RETRY_MS,
            probation_ms: PROBATION_MS,
            probation_until_ms: None,
            calls_per_minute: proxy::CALLS_PER_MINUTE_MAX,
            tokens_per_minute: proxy::TOKENS_PER_MINUTE_MAX,
        }
    }
}

/// A relay at work.
pub struct Relay {
    settings: RelaySettings,
    store: Arc<RelayStore>,
    channel: Arc<dyn Channel>,
    webhook: Option<WebhookRegistration>,
    transport: SharedTransport,
    clock: Clock,
    random: Random,
    vm: VmClient,
    owner_filter: OwnerFilter,
    probation: Probation,
    activity: Activity,
    verifier: Mutex<CallVerifier>,
    bodies: BodyBudget,
    /// Calls and tokens of the last minute.
    rate: Mutex<RateWindow>,
    /// The running turn was stopped.
    stopped: Notify,
    /// Counts the turns that ended: calls to the model end with theirs.
    turns_ended: watch::Sender<u64>,
    /// A chat can be reached again.
    reachable: Notify,
    /// The span of the running turn, or of the last one when none runs.
    turn_span: Mutex<Span>,
}

/// Why [`Relay::run`] returned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RelayExit {
    /// No work and no call for a while.
    Idle,
    /// Never committed.
    NotCommitted,
    /// The platform asked for it.
    Stopped,
    /// The database's files were deleted, replaced or damaged.
    Damaged,
}

impl Relay {
    pub(crate) fn locale(&self) -> Locale {
        self.settings.locale
    }

    /// Makes a relay on its database, which the web channel may share.
    ///
    /// # Errors
    /// When it has no owner, or the data directory cannot be written.
    pub fn start(
        settings: RelaySettings,
        ledger: Arc<RelayStore>,
        channel: Arc<dyn Channel>,
        pointer: Option<WebhookRegistration>,
        transport: SharedTransport,
        clock: Clock,
        chance: Random,
    ) -> anyhow::Result<Arc<Self>> {
        anyhow::ensure!(
            !settings.owner.0.trim().is_empty(),
            "this relay has no owner, and would listen to anybody: set TEXTSLASH_OWNER to the \
             owner's id on the chat service"
        );
        let RelayLimits { probation_ms, probation_until_ms, .. } = settings.limits;
        let probation =
            Probation::open(&settings.data_dir, clock.clone(), probation_ms, probation_until_ms)?;
        let machine = VmClient::new(
            settings.vm_url.clone(),
            settings.link_key.clone(),
            transport.clone(),
            clock.clone(),
            chance.clone(),
        );
        Ok(Arc::new(Self {
            owner_filter: OwnerFilter::new(settings.owner.clone()),
            settings,
            store: ledger,
            channel,
            webhook: pointer,
            transport,
            clock,
            random: chance,
            vm: machine,
            probation,
            activity: Activity::default(),
            verifier: Mutex::default(),
            bodies: BodyBudget::new(BODY_BYTES_MAX),
            rate: Mutex::default(),
            stopped: Notify::new(),
            turns_ended: watch::Sender::new(0),
            reachable: Notify::new(),
            turn_span: Mutex::new(Span::none()),
        }))
    }

    /// Works until it is idle, was never committed, or is `told` to end. Whatever was acknowledged
    /// is durable at any moment, so ending is nothing but stopping. Whoever is connected while it
    /// goes to sleep is told, and does not wake it without a reason.
    pub async fn run(&self, told: impl Future<Output = ()>) -> RelayExit {
        self.channel.recover(&self.store.chats().await.unwrap_or_default()).await;
        if let Err(error) = self.report_restore(None).await {
            self.database_failed(&error).await;
        }
        let over = tokio::select! {
            biased;
            () = told => RelayExit::Stopped,
            () = self.damaged() => RelayExit::Damaged,
            () = self.probation.never_committed() => RelayExit::NotCommitted,
            () = self.idle() => RelayExit::Idle,
            () = self.receive() => RelayExit::Stopped,
            () = self.work() => RelayExit::Stopped,
            () = self.deliver() => RelayExit::Stopped,
            () = self.offer_menu() => RelayExit::Stopped,
            () = self.keep_copy() => RelayExit::Stopped,
        };
        if over == RelayExit::Idle {
            self.channel.sleep().await;
        }
        over
    }

    /// Offers the commands in the service's menu, beside everything else and not before the
    /// deployment is proven: a relay that may yet be removed changes nothing of its owner's.
    async fn offer_menu(&self) {
        self.probation.committed().await;
        self.channel.announce(&messages::menu()).await;
        std::future::pending().await
    }

    /// Accepts a signed call once. Its body must have the digest that is returned.
    ///
    /// # Errors
    /// When it is not the provisioner's, or not a new one.
    pub fn verify(
        &self,
        call: CallHead<'_>,
        signature: Option<&str>,
    ) -> Result<BodyDigest, CallRefusal> {
        let key = self.settings.link_key.expose().as_bytes();
        let mut verifier = self.verifier.lock();
        verifier.verify(key, call, signature, self.clock.now_ms())
    }

    /// Where the internet finds it, if it knows.
    pub fn public_url(&self) -> Option<&Url> {
        self.settings.public_url.as_ref()
    }

    /// The bytes of bodies that it may hold.
    pub fn bodies(&self) -> &BodyBudget {
        &self.bodies
    }

    /// Whether the database can be read and written.
    ///
    /// # Errors
    /// When it cannot.
    pub async fn probe(&self) -> Result<(), UnhealthyReason> {
        match self.store.database().integrity() {
            Some(integrity) => integrity.probe().await,
            None => Ok(()),
        }
    }

    /// Who this is.
    pub fn health(&self) -> Health {
        Health {
            deployment: self.settings.deployment.to_string(),
            build: BUILD.to_owned(),
            role: Role::Relay.word().to_owned(),
            protocol: protocol::VERSION,
            agent_network: None,
        }
    }

    /// The VM's word that its agent can answer; `None` while it cannot.
    pub async fn ready(&self) -> Option<Health> {
        let health = self.vm.ready().await?;
        (health.deployment == self.settings.deployment.to_string()).then_some(health)
    }

    /// The deployment is proven: the VM is told first, so that a relay that is committed has a VM
    /// that is. Last of all the owner's bot is led here.
    ///
    /// # Errors
    /// When the VM does not confirm it, it cannot be written down, or the bot does not lead here.
    pub async fn commit(&self) -> anyhow::Result<()> {
        self.store.database().intact().await?;
        self.vm.commit().await?;
        self.probation.commit()?;
        match &self.webhook {
            Some(pointer) => pointer.register().await,
            None => Ok(()),
        }
    }

    /// Keeps the relay up for as long as the guard lives, and idle time begins after it.
    pub fn busy(self: &Arc<Self>) -> ActivityGuard {
        ActivityGuard::new(self.clone())
    }

    /// Without work or calls for a while. Neither a stranger counts nor a silent web socket: its
    /// messages are on disk, and its next line wakes the relay.
    async fn idle(&self) {
        if !self.settings.sleeps {
            return std::future::pending().await;
        }
        let idle = Duration::from_millis(self.settings.limits.idle_ms);
        loop {
            tokio::time::sleep_until(self.activity.last() + idle).await;
            if self.activity.is_busy() {
                self.activity.touch();
                continue;
            }
            let quiet = self.store.is_idle().await;
            if self.activity.last().elapsed() < idle {
                continue;
            }
            match quiet {
                Ok(true) => return,
                Ok(false) => self.activity.touch(),
                Err(error) => self.database_failed(&error).await,
            }
        }
    }

    /// The span of log lines about this chat.
    fn span(&self, chat: &ChatId) -> Span {
        spans::conversation(self.channel.name(), chat)
    }

    async fn database_failed(&self, error: &anyhow::Error) {
        if let Some(integrity) = self.store.database().integrity() {
            integrity.note_error(error);
        }
        tracing::error!(error = format!("{error:#}"), "the relay's database failed");
        tokio::time::sleep(Duration::from_millis(self.settings.limits.retry_ms)).await;
    }
}
