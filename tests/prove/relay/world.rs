//! A relay and a VM in one process: they start, are killed, sleep and wake on the same directories.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use adapters::chat::UserId;
use axum::Router;
use parking_lot::Mutex;
use sqlx::{AnyConnection, Connection, Row};
use textslash::clock::Clock;
use textslash::messages::Locale;
use textslash::probation::PROBATION_MS;
use textslash::random::Random;
use textslash::relay::relay_store::{RelayStore, SCHEMA};
use textslash::relay::{self, Relay};
use textslash::secret::{Audience, Secret, SecretKind};
use textslash::spec::{AgentKind, DeploymentId};
use textslash::store::{self, Database, block_on};
use textslash::vm::directory::VmDirectory;
use textslash::vm::{self, Vm};
use textslash::web;
use tokio::sync::{Notify, watch};
use tokio::task::{JoinHandle, JoinSet};
use tokio::time::sleep;
use url::Url;

use super::agent::{AgentActions, ModelledAgent};
use super::dice::RelayStoryDice;
use super::disk;
use super::network::{NetworkLink, RunningVm, VmNetwork};
use super::plan::RelayStoryPlan;
use super::programs::SequentialPrograms;
use super::records;
use super::service::{OWNER, OwnerChat, OwnerChatConnection as Chat};
use super::stage::{ProcessKind, StoryMonitor};

pub const START_MS: u64 = 1_700_000_000_000;

/// Longest turn in a story, in milliseconds: an agent that hangs must not take an hour.
const TURN_MAX_MS: u64 = 10 * 60_000;

/// How long the platform takes to start a process again.
const RESTART_MAX_MS: u64 = 10_000;

/// How long a sleeping machine takes to wake.
const WAKE_MAX_MS: u64 = 3_000;

pub struct RelayStoryWorld {
    pub stage: Arc<StoryMonitor>,
    pub service: Arc<OwnerChat>,
    pub network: Arc<VmNetwork>,
    pub deeds: Arc<Mutex<AgentActions>>,
    pub full_percent: Arc<AtomicU64>,
    pub dir: PathBuf,
    pub database: Database,
    pub store: Arc<RelayStore>,
    pub kills: usize,
    /// The relay is to be started.
    pub relay_wanted: Arc<Notify>,
    pub relay_router: watch::Sender<Option<Router>>,
    clock: Clock,
    random: Random,
    dice: RelayStoryDice,
    relay: Option<JoinHandle<relay::RelayExit>>,
    vm: Option<(Arc<Vm>, JoinHandle<vm::VmExit>)>,
}

/// A database with the relay's tables, made once.
async fn blank() -> Vec<u8> {
    static BLANK: OnceLock<Vec<u8>> = OnceLock::new();
    if let Some(blank) = BLANK.get() {
        return blank.clone();
    }
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("blank.db");
    store::open_alone(&file, &SCHEMA).await.unwrap().close().await.unwrap();
    BLANK.get_or_init(|| std::fs::read(&file).unwrap()).clone()
}

fn secret(kind: SecretKind, text: &str) -> Arc<Secret> {
    Arc::new(Secret::new(kind, text.to_owned(), Audience::nobody()))
}

pub fn link_key() -> Arc<Secret> {
    secret(SecretKind::LinkKey, "f1c6b8a2e4d09375f1c6b8a2e4d09375")
}

impl RelayStoryWorld {
    /// In a directory of its own, which the caller removes.
    pub async fn new(plan: &RelayStoryPlan, dir: &Path) -> Self {
        for part in ["relay", "vm"] {
            std::fs::create_dir_all(dir.join(part)).unwrap();
        }
        let file = dir.join("relay/relay.db");
        std::fs::write(&file, blank().await).unwrap();
        let database = Database::in_order(store::open_ready(&file).await.unwrap());
        let onlooker = Mutex::new(store::open_ready(&file).await.unwrap());
        tokio::time::pause();
        let stage = Arc::new(StoryMonitor::new(plan.kills.clone()));
        let ledger = RelayStore::with_database(database.clone(), &dir.join("relay")).unwrap();
        let service = Arc::new(OwnerChat {
            stage: stage.clone(),
            dice: RelayStoryDice::new(plan.seed, 2),
            capabilities: plan.capabilities.clone(),
            knows_keys: plan.knows_keys,
            refusals_percent: AtomicU64::new(plan.refusals_percent),
            twice_percent: AtomicU64::new(plan.twice_percent),
            on_record: Box::new(move |id| is_on_record(&mut onlooker.lock(), &id.0)),
            state: Mutex::default(),
            changed: Notify::new(),
        });
        let network = Arc::new(VmNetwork {
            stage: stage.clone(),
            dice: RelayStoryDice::new(plan.seed, 3),
            faults_percent: AtomicU64::new(plan.faults_percent),
            calls: AtomicU64::new(0),
            vm: watch::Sender::default(),
            wanted: Notify::new(),
            told: Arc::default(),
            cancelled: Mutex::default(),
        });
        Self {
            stage,
            service,
            network,
            deeds: Arc::default(),
            full_percent: Arc::new(AtomicU64::new(plan.full_percent)),
            dir: dir.to_owned(),
            database,
            store: ledger,
            kills: 0,
            relay_wanted: Arc::default(),
            relay_router: watch::Sender::default(),
            clock: Clock::from_tokio(START_MS),
            random: Random::seeded(plan.seed ^ 0xb07),
            dice: RelayStoryDice::new(plan.seed, 4),
            relay: None,
            vm: None,
        }
    }

    /// Keeps relay and VM alive for as long as `lives` goes on.
    pub async fn until_over(&mut self, lives: impl Future<Output = ()>) {
        let stage = self.stage.clone();
        let (service, network) = (self.service.clone(), self.network.clone());
        let relay_wanted = self.relay_wanted.clone();
        let mut lives = std::pin::pin!(lives);
        loop {
            let (is_relay_up, is_vm_up) = (self.relay.is_some(), self.vm.is_some());
            tokio::select! {
                biased;
                victims = stage.killed() => self.killed(victims).await,
                over = ended(&mut self.relay) => {
                    self.stage.trace(&format!("the relay ends: {over:?}"));
                    self.relay = None;
                    self.relay_router.send_replace(None);
                }
                over = async {
                    match &mut self.vm {
                        Some((_, over)) => over.await.unwrap(),
                        None => std::future::pending().await,
                    }
                } => {
                    self.stage.trace(&format!("the VM ends: {over:?}"));
                    self.vm = None;
                    self.vm_is_gone();
                }
                () = network.wanted.notified(), if !is_vm_up => {
                    sleep(Duration::from_millis(1 + self.dice.below(WAKE_MAX_MS))).await;
                    self.vm_starts();
                }
                () = service.due(), if !is_relay_up => self.relay_starts(),
                () = relay_wanted.notified(), if !is_relay_up => self.relay_starts(),
                () = &mut lives => return,
            }
        }
    }

    async fn killed(&mut self, victims: Vec<ProcessKind>) {
        self.kills += 1;
        for victim in &victims {
            self.stage.trace(&format!("{victim:?} is killed"));
            match victim {
                ProcessKind::Relay => {
                    if let Some(relay) = self.relay.take() {
                        relay.abort();
                        let _ = relay.await;
                    }
                    self.relay_router.send_replace(None);
                }
                ProcessKind::Vm => {
                    if let Some((vm, over)) = self.vm.take() {
                        over.abort();
                        let _ = over.await;
                        drop(vm);
                    }
                    self.vm_is_gone();
                    self.tears_a_record();
                }
            }
        }
        self.look();
        sleep(Duration::from_millis(1 + self.dice.below(RESTART_MAX_MS))).await;
        for victim in victims {
            match victim {
                ProcessKind::Relay if self.relay.is_none() => self.relay_starts(),
                ProcessKind::Vm if self.vm.is_none() => self.vm_starts(),
                _ => {}
            }
        }
    }

    fn vm_is_gone(&self) {
        if let Some(up) = self.network.vm.send_replace(None) {
            // Its calls, and with them everybody who waits for an answer.
            *up.calls.lock() = JoinSet::new();
        }
    }

    /// The process died in the middle of a write.
    fn tears_a_record(&self) {
        let torn = self.dice.pick(&["", "{", "{\"type\":\"done\"}", "{\"type\":\"text\",\"te"]);
        for (path, text) in records::records(&self.dir) {
            let is_open = text.lines().last().is_none_or(|last| !records::is_last(last));
            if is_open && !torn.is_empty() && (text.is_empty() || text.ends_with('\n')) {
                std::fs::write(path, text + torn).unwrap();
            }
        }
    }

    /// Looks at what must hold at any time.
    pub fn look(&self) {
        records::outbox(&self.stage, &self.dir, &self.deeds.lock());
    }

    fn relay_starts(&mut self) {
        self.stage.trace("the relay starts");
        self.service.deliver_again();
        let settings = relay::RelaySettings {
            owner: UserId(OWNER.into()),
            sleeps: true,
            public_url: None,
            locale: Locale::English,
            deployment: DeploymentId::from_random([1; DeploymentId::LENGTH]),
            data_dir: self.dir.join("relay"),
            vm_url: Url::parse("http://vm.test").unwrap(),
            model_url: Url::parse("http://model.test").unwrap(),
            link_key: link_key(),
            model_key: None,
            daily_tokens: u64::MAX,
            limits: relay::RelayLimits::default(),
        };
        let ledger =
            RelayStore::with_database(self.database.clone(), &self.dir.join("relay")).unwrap();
        let chat = Arc::new(Chat { service: self.service.clone() });
        let link = Arc::new(NetworkLink(self.network.clone()));
        let (clock, chance) = (self.clock.clone(), self.random.clone());
        let relay = Relay::start(settings, ledger, chat, None, link, clock, chance).unwrap();
        self.relay_router.send_replace(Some(web::relay::router(relay.clone(), Router::new())));
        self.relay = Some(tokio::spawn(async move { relay.run(std::future::pending()).await }));
    }

    fn vm_starts(&mut self) {
        self.stage.trace("the VM starts");
        disk::has_room(&self.dir);
        let dir = self.dir.join("vm");
        let settings = vm::VmSettings {
            deployment: DeploymentId::from_random([1; DeploymentId::LENGTH]),
            data_dir: dir.clone(),
            agent: AgentKind::Shell,
            link_key: link_key(),
            model_proxy_url: Url::parse("http://relay.test").unwrap(),
            agent_user: None,
            claude_bin: "claude".into(),
            limits: vm::VmLimits { turn_timeout_ms: TURN_MAX_MS, ..vm::VmLimits::default() },
        };
        let look = {
            let (stage, dir, deeds) = (self.stage.clone(), self.dir.clone(), self.deeds.clone());
            Box::new(move || records::outbox(&stage, &dir, &deeds.lock()))
        };
        let programs = SequentialPrograms {
            stage: self.stage.clone(),
            dice: RelayStoryDice::new(self.dice.below(u64::MAX), 5),
            full_percent: self.full_percent.clone(),
            look,
        };
        let directory = VmDirectory::open(&dir, None).unwrap().with_programs(Arc::new(programs));
        let agent = ModelledAgent {
            stage: self.stage.clone(),
            deeds: self.deeds.clone(),
            workspace: directory.workspace(),
            may_run: self.may_run(),
        };
        let vm = Vm::with_agent(settings, directory, Arc::new(agent), self.clock.clone()).unwrap();
        let vm = Arc::new(vm);
        let up = RunningVm { router: web::vm::router(vm.clone()), calls: Mutex::default() };
        self.network.vm.send_replace(Some(Arc::new(up)));
        let lives = vm.clone();
        let over = tokio::spawn(async move {
            let over = lives.wait_for_exit(std::future::pending()).await;
            lives.close().await;
            over
        });
        self.vm = Some((vm, over));
    }

    fn may_run(&self) -> Arc<dyn Fn() -> bool + Send + Sync> {
        let (dir, clock) = (self.dir.join("vm"), self.clock.clone());
        Arc::new(move || {
            let first_start = std::fs::read_to_string(dir.join("first_start_ms")).unwrap();
            let age_ms = clock.now_ms() - first_start.trim().parse::<u64>().unwrap();
            dir.join("committed").exists() || age_ms <= PROBATION_MS
        })
    }

    pub fn clock(&self) -> Clock {
        self.clock.clone()
    }

    pub fn is_vm_busy(&self) -> bool {
        use futures::FutureExt;
        let running = self.vm.as_ref().map(|(vm, _)| vm.turns().none_running().now_or_never());
        running.is_some_and(|none| none.is_none())
    }

    /// Nothing goes wrong any more.
    pub fn stop_faults(&self) {
        self.stage.trace("nothing goes wrong any more");
        self.stage.stop_kills();
        self.network.faults_percent.store(0, Ordering::Relaxed);
        self.service.refusals_percent.store(0, Ordering::Relaxed);
        self.service.twice_percent.store(0, Ordering::Relaxed);
        self.full_percent.store(0, Ordering::Relaxed);
    }
}

async fn ended(relay: &mut Option<JoinHandle<relay::RelayExit>>) -> relay::RelayExit {
    match relay {
        Some(relay) => relay.await.unwrap(),
        None => std::future::pending().await,
    }
}

fn is_on_record(onlooker: &mut AnyConnection, id: &str) -> bool {
    let row = sqlx::query("SELECT count(*) FROM inbox WHERE id = $1").bind(id.to_owned());
    let row = block_on(row.fetch_one(onlooker)).unwrap();
    row.get::<i64, _>(0) == 1
}
