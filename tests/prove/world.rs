//! A relay and a VM in one process: they start, are killed, sleep and wake on the same directories.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use adapters::chat::UserId;
use axum::Router;
use parking_lot::Mutex;
use sqlx::{AnyConnection, Connection, Row};
use textslash::chance::Chance;
use textslash::clock::Clock;
use textslash::conversation::messages::Locale;
use textslash::probation::PROBATION_MS;
use textslash::relay::ledger::{Ledger, SCHEMA};
use textslash::relay::{self, Relay};
use textslash::secret::{Audience, Secret, SecretKind};
use textslash::spec::{AgentKind, DeploymentId};
use textslash::store::{self, Database, at_once};
use textslash::vm::directory::Directory;
use textslash::vm::{self, Vm};
use textslash::web;
use tokio::sync::{Notify, watch};
use tokio::task::{JoinHandle, JoinSet};
use tokio::time::sleep;
use url::Url;

use crate::agent::{Deeds, Modelled};
use crate::checks;
use crate::dice::Dice;
use crate::disk;
use crate::network::{Link, Network, Up};
use crate::plan::Plan;
use crate::programs::InOrder;
use crate::service::{Connection as Chat, OWNER, Service, capabilities};
use crate::stage::{Process, Stage};

pub const START_MS: u64 = 1_700_000_000_000;

/// Longest turn in a story, in milliseconds: an agent that hangs must not take an hour.
const TURN_MAX_MS: u64 = 10 * 60_000;

/// How long the platform takes to start a process again.
const RESTART_MAX_MS: u64 = 10_000;

/// How long a sleeping machine takes to wake.
const WAKE_MAX_MS: u64 = 3_000;

pub struct World {
    pub stage: Arc<Stage>,
    pub service: Arc<Service>,
    pub network: Arc<Network>,
    pub deeds: Arc<Mutex<Deeds>>,
    pub full_percent: Arc<AtomicU64>,
    pub dir: PathBuf,
    pub database: Database,
    pub ledger: Arc<Ledger>,
    pub kills: usize,
    /// The relay is to be started.
    pub relay_wanted: Arc<Notify>,
    pub relay_router: watch::Sender<Option<Router>>,
    clock: Clock,
    chance: Chance,
    dice: Dice,
    relay: Option<JoinHandle<relay::Over>>,
    vm: Option<(Arc<Vm>, JoinHandle<vm::Over>)>,
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

impl World {
    /// In a directory of its own, which the caller removes.
    pub async fn new(plan: &Plan, dir: &Path) -> Self {
        for part in ["relay", "vm"] {
            std::fs::create_dir_all(dir.join(part)).unwrap();
        }
        let file = dir.join("relay/relay.db");
        std::fs::write(&file, blank().await).unwrap();
        let database = Database::in_order(store::open_ready(&file).await.unwrap());
        let onlooker = Mutex::new(store::open_ready(&file).await.unwrap());
        tokio::time::pause();
        let stage = Arc::new(Stage::new(plan.kills.clone()));
        let ledger = Ledger::over(database.clone(), &dir.join("relay")).unwrap();
        let service = Arc::new(Service {
            stage: stage.clone(),
            dice: Dice::new(plan.seed, 2),
            capabilities: capabilities(plan.edits),
            knows_keys: plan.knows_keys,
            refusals_percent: AtomicU64::new(plan.refusals_percent),
            twice_percent: AtomicU64::new(plan.twice_percent),
            on_record: Box::new(move |id| is_on_record(&mut onlooker.lock(), &id.0)),
            state: Mutex::default(),
            changed: Notify::new(),
        });
        let network = Arc::new(Network {
            stage: stage.clone(),
            dice: Dice::new(plan.seed, 3),
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
            ledger,
            kills: 0,
            relay_wanted: Arc::default(),
            relay_router: watch::Sender::default(),
            clock: Clock::following_tokio(START_MS),
            chance: Chance::seeded(plan.seed ^ 0xb07),
            dice: Dice::new(plan.seed, 4),
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
                    self.stage.tell(&format!("the relay ends: {over:?}"));
                    self.relay = None;
                    self.relay_router.send_replace(None);
                }
                over = async {
                    match &mut self.vm {
                        Some((_, over)) => over.await.unwrap(),
                        None => std::future::pending().await,
                    }
                } => {
                    self.stage.tell(&format!("the VM ends: {over:?}"));
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

    async fn killed(&mut self, victims: Vec<Process>) {
        self.kills += 1;
        for victim in &victims {
            self.stage.tell(&format!("{victim:?} is killed"));
            match victim {
                Process::Relay => {
                    if let Some(relay) = self.relay.take() {
                        relay.abort();
                        let _ = relay.await;
                    }
                    self.relay_router.send_replace(None);
                }
                Process::Vm => {
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
                Process::Relay if self.relay.is_none() => self.relay_starts(),
                Process::Vm if self.vm.is_none() => self.vm_starts(),
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
        for (path, text) in checks::records(&self.dir) {
            let is_open = text.lines().last().is_none_or(|last| !checks::is_last(last));
            if is_open && !torn.is_empty() && (text.is_empty() || text.ends_with('\n')) {
                std::fs::write(path, text + torn).unwrap();
            }
        }
    }

    /// Looks at what must hold at any time.
    pub fn look(&self) {
        checks::outbox(&self.stage, &self.dir, &self.deeds.lock());
    }

    fn relay_starts(&mut self) {
        self.stage.tell("the relay starts");
        self.service.deliver_again();
        let settings = relay::Settings {
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
            limits: relay::Limits::default(),
        };
        let ledger = Ledger::over(self.database.clone(), &self.dir.join("relay")).unwrap();
        let chat = Arc::new(Chat { service: self.service.clone() });
        let link = Arc::new(Link(self.network.clone()));
        let (clock, chance) = (self.clock.clone(), self.chance.clone());
        let relay = Relay::start(settings, ledger, chat, None, link, clock, chance).unwrap();
        self.relay_router.send_replace(Some(web::relay::router(relay.clone(), Router::new())));
        self.relay = Some(tokio::spawn(async move { relay.run(std::future::pending()).await }));
    }

    fn vm_starts(&mut self) {
        self.stage.tell("the VM starts");
        disk::has_room(&self.dir);
        let dir = self.dir.join("vm");
        let settings = vm::Settings {
            deployment: DeploymentId::from_random([1; DeploymentId::LENGTH]),
            data_dir: dir.clone(),
            agent: AgentKind::Shell,
            link_key: link_key(),
            model_proxy_url: Url::parse("http://relay.test").unwrap(),
            agent_user: None,
            claude_bin: "claude".into(),
            limits: vm::Limits { turn_timeout_ms: TURN_MAX_MS, ..vm::Limits::default() },
        };
        let look = {
            let (stage, dir, deeds) = (self.stage.clone(), self.dir.clone(), self.deeds.clone());
            Box::new(move || checks::outbox(&stage, &dir, &deeds.lock()))
        };
        let programs = InOrder {
            stage: self.stage.clone(),
            dice: Dice::new(self.dice.below(u64::MAX), 5),
            full_percent: self.full_percent.clone(),
            look,
        };
        let directory = Directory::open(&dir, None).unwrap().with_programs(Arc::new(programs));
        let agent = Modelled {
            stage: self.stage.clone(),
            deeds: self.deeds.clone(),
            workspace: directory.workspace(),
            may_run: self.may_run(),
        };
        let vm = Vm::with_agent(settings, directory, Arc::new(agent), self.clock.clone()).unwrap();
        let vm = Arc::new(vm);
        let up = Up { router: web::vm::router(vm.clone()), calls: Mutex::default() };
        self.network.vm.send_replace(Some(Arc::new(up)));
        let lives = vm.clone();
        let over = tokio::spawn(async move {
            let over = lives.over(std::future::pending()).await;
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
    pub fn calm(&self) {
        self.stage.tell("nothing goes wrong any more");
        self.stage.calm();
        self.network.faults_percent.store(0, Ordering::Relaxed);
        self.service.refusals_percent.store(0, Ordering::Relaxed);
        self.service.twice_percent.store(0, Ordering::Relaxed);
        self.full_percent.store(0, Ordering::Relaxed);
    }
}

async fn ended(relay: &mut Option<JoinHandle<relay::Over>>) -> relay::Over {
    match relay {
        Some(relay) => relay.await.unwrap(),
        None => std::future::pending().await,
    }
}

fn is_on_record(onlooker: &mut AnyConnection, id: &str) -> bool {
    let row = sqlx::query("SELECT count(*) FROM inbox WHERE id = $1").bind(id.to_owned());
    let row = at_once(row.fetch_one(onlooker)).unwrap();
    row.get::<i64, _>(0) == 1
}
