//! A person with an account in the simulated Fly, and a provisioner that can be killed.

use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use sqlx::AnyPool;
use tempfile::TempDir;
use textslash::clock::Clock;
use textslash::cloud::DeploymentKeys;
use textslash::cloud::Provider;
use textslash::cloud::fly::{FlyAccount, FlyEndpoints, FlyProvider};
use textslash::deployment::{Goal, Outcome, StageUpdate};
use textslash::http::SharedTransport;
use textslash::journal::{JournalEntry, Run};
use textslash::provisioner::{DriveError, Provisioner};
use textslash::random::Random;
use textslash::sandbox::faults::FaultyTransport;
use textslash::sandbox::fly::{Inventory, Latency, ReadLag, SimulatedFlySettings, nothing};
use textslash::sandbox::in_process::InProcess;
use textslash::sandbox::machines::ModelledRuntime;
use textslash::sandbox::{self};
use textslash::secret::{Audience, Secret, SecretKind};
use textslash::spec::{
    AgentKind, CloudKind, DeploymentId, DeploymentName, Images, MachineSize, Region, RelayChannel,
    Spec,
};
use textslash::store;
use tokio::sync::mpsc;

pub const START_MS: u64 = 1_790_000_000_000;

/// The time that a process needs to start again.
const RESTART: Duration = Duration::from_secs(5);

pub const MODEL_KEY: &str = "sk-ant-api03-canary-of-the-model";

/// A database on disk, and paused time that waits for it. Many worlds can share it.
#[derive(Clone)]
pub struct TestDatabase {
    pub pool: AnyPool,
    /// The same one for the provisioner: paused time stands still while it works.
    ordered: store::Database,
    directory: Arc<TempDir>,
}

impl TestDatabase {
    /// Opens it, then pauses the clock of this (single-threaded) runtime.
    pub async fn new() -> Self {
        Self::ticking(TICK).await
    }

    /// The same; each write may take up to a tick of the paused time.
    pub async fn ticking(tick: Duration) -> Self {
        let database = Self::open(tick).await;
        tokio::time::pause();
        database
    }

    /// Opens another one while the clock is paused.
    pub async fn another(&self) -> Self {
        tokio::time::resume();
        Self::new().await
    }

    async fn open(tick: Duration) -> Self {
        let directory = Arc::new(tempfile::tempdir().unwrap());
        let path = directory.path().join("textslash.db");
        let pool = store::open(&path, &store::SCHEMA).await.unwrap();
        tokio::spawn(hold_time_for(pool.clone(), tick));
        let ordered = store::Database::in_order(store::open_ready(&path).await.unwrap());
        Self { pool, ordered, directory }
    }
}

/// Short beside every wait of the provisioner, long enough not to be felt in a sweep.
pub const TICK: Duration = Duration::from_millis(250);

/// Paused time runs ahead whenever nothing but a timer is left to wait for, and does not know that
/// a database works on a thread of its own. It does wait for blocking tasks: so there is one for as
/// long as the database is at work.
pub async fn hold_time_for(pool: AnyPool, tick: Duration) {
    const GLANCE: Duration = Duration::from_micros(50);
    loop {
        if pool.num_idle() < usize::try_from(pool.size()).unwrap() {
            tokio::task::spawn_blocking(|| std::thread::sleep(GLANCE)).await.unwrap();
        } else {
            tokio::time::sleep(tick).await;
        }
    }
}

pub struct DeployWorld {
    pub fly: Arc<sandbox::fly::SimulatedFly>,
    pub runtime: Arc<ModelledRuntime>,
    pub faults: Arc<FaultyTransport>,
    pub provisioner: Provisioner,
    pub spec: Spec,
    database: TestDatabase,
    clock: Clock,
    random: Random,
    /// What a process knows of Fly: how fast it may call.
    process: Mutex<FlyProvider>,
    /// Every credential that was ever handed out.
    secrets: Mutex<Vec<String>>,
}

impl DeployWorld {
    pub async fn new() -> Self {
        Self::with(TestDatabase::new().await, 1, Latency::NONE)
    }

    /// A world of its own in a database that is shared; its deployment has an id of its own.
    pub fn with(database: TestDatabase, seed: u64, latency: Latency) -> Self {
        let clock = Clock::from_tokio(START_MS);
        let random = Random::seeded(seed);
        let runtime = ModelledRuntime::new(clock.clone(), random.clone());
        let settings =
            SimulatedFlySettings::prompt(clock.clone(), random.clone(), Arc::new(runtime.clone()));
        let fly = sandbox::fly::SimulatedFly::new(SimulatedFlySettings { latency, ..settings });
        fly.add_lookalikes();
        let faults = FaultyTransport::new(Arc::new(InProcess::new().with_fly(&fly)));
        let provisioner = Provisioner::new(database.ordered.clone(), clock.clone(), random.clone());
        let spec = spec(DeploymentId::from_random(random.bytes()));
        let process = Mutex::new(fly_client(&faults, &clock, &random));
        Self {
            fly,
            runtime,
            faults,
            provisioner,
            spec,
            database,
            clock,
            random,
            process,
            secrets: Mutex::default(),
        }
    }

    pub fn lagging(self, lag: ReadLag) -> Self {
        self.fly.set_lag(lag);
        self
    }

    /// The account, opened with a token and keys that nobody had before.
    pub fn account(&self) -> FlyAccount {
        let fly = self.process.lock().clone();
        let pasted = self.fly.mint_org_token();
        let token = fly.check_format(&pasted).unwrap();
        let mut secrets = self.secrets.lock();
        secrets.extend([pasted, token.expose().to_owned()]);
        let mut key = |kind, text: zeroize::Zeroizing<String>| {
            secrets.push(text.to_string());
            Arc::new(Secret::new(kind, text, Audience::of(fly.secret_stores())))
        };
        let keys = DeploymentKeys {
            model_key: Some(key(SecretKind::ModelKey, MODEL_KEY.to_owned().into())),
            channel_key: None,
            owner_key: key(SecretKind::OwnerKey, self.random.key()),
            link_key: key(SecretKind::LinkKey, self.random.key()),
        };
        fly.account(token, Some(keys))
    }

    pub async fn open(&self) -> DeploymentId {
        self.provisioner.open(&self.spec, "ada").await.unwrap()
    }

    /// Puts a run of another process into the database.
    pub async fn remembers(&self, journal: &[JournalEntry]) {
        let runs = store::runs::Runs::new(self.database.pool.clone());
        assert!(runs.open(&self.spec.id, "ada", START_MS, journal).await.unwrap());
    }

    /// One drive by one process; `None` when the process was killed by a fault.
    pub async fn drive(&self, goal: Goal) -> Option<Result<Outcome, DriveError>> {
        let (progress, _unread) = mpsc::channel(StageUpdate::CHANNEL);
        let account = self.account();
        let drive = self.provisioner.drive(&self.spec.id, goal, &account, &progress);
        tokio::select! {
            outcome = drive => Some(outcome),
            () = self.faults.crashed() => None,
        }
    }

    /// Drives to the goal; a killed process starts again, with a fresh token, and carries on.
    pub async fn drive_on(&self, goal: Goal) -> Outcome {
        loop {
            match self.drive(goal).await {
                Some(outcome) => return outcome.unwrap(),
                None => self.restarts().await,
            }
        }
    }

    pub async fn restarts(&self) {
        tokio::time::sleep(RESTART).await;
        *self.process.lock() = fly_client(&self.faults, &self.clock, &self.random);
    }

    pub async fn deploys(&self) -> Outcome {
        self.open().await;
        self.drive_on(Goal::Deployed).await
    }

    pub async fn removes(&self) -> Outcome {
        self.drive_on(Goal::Removed).await
    }

    pub async fn run(&self) -> Run {
        self.provisioner.run(&self.spec.id).await.unwrap().unwrap()
    }

    pub fn secrets(&self) -> Vec<String> {
        self.secrets.lock().clone()
    }

    /// The same world with another database: nobody remembers what was deployed.
    pub fn in_database(self, database: TestDatabase) -> Self {
        let (ordered, clock, chance) =
            (database.ordered.clone(), self.clock.clone(), self.random.clone());
        Self { provisioner: Provisioner::new(ordered, clock, chance), database, ..self }
    }

    /// The disk is full for entries from this one on.
    pub async fn lose_journal_entries_from(&self, seq: u64) {
        let trigger = format!(
            "CREATE TRIGGER disk_full BEFORE INSERT ON journal WHEN NEW.seq >= {seq}
             BEGIN SELECT RAISE(ABORT, 'disk full'); END"
        );
        self.change_database(trigger).await;
    }

    pub async fn lose_no_more_journal_entries(&self) {
        self.change_database("DROP TRIGGER disk_full".to_owned()).await;
    }

    async fn change_database(&self, statement: String) {
        let connection = &mut *self.database.ordered.connection().await.unwrap();
        sqlx::query(sqlx::AssertSqlSafe(statement)).execute(connection).await.unwrap();
    }

    /// The longest that a fault of ours delays an effect.
    pub async fn let_late_effects_happen(&self) {
        tokio::time::sleep(Duration::from_secs(150)).await;
    }

    pub async fn journal_length(&self) -> u64 {
        let runs = store::runs::Runs::new(self.database.pool.clone());
        runs.journal(&self.spec.id).await.unwrap().len().try_into().unwrap()
    }

    /// One of each, in one region, and nothing else.
    pub fn expect_deployed(&self) {
        let Inventory { apps, machines, volumes, .. } = self.fly.inventory();
        assert_eq!(apps.len(), 2, "{apps:?}");
        assert_eq!(machines.len(), 2, "{machines:?}");
        assert_eq!(volumes.len(), 2, "{volumes:?}");
        let started = machines.iter().filter(|machine| machine.ends_with("started")).count();
        assert_eq!(started, 2, "{machines:?}");
    }

    pub fn expect_nothing(&self) {
        assert_eq!(self.fly.inventory(), nothing());
    }

    pub fn expect_good_manners(&self) {
        self.expect_strangers_untouched();
        assert_eq!(self.fly.violations(), Vec::<String>::new());
    }

    pub fn expect_strangers_untouched(&self) {
        assert!(self.fly.lookalikes_untouched(), "a stranger's app was touched");
    }

    pub fn database_file(&self, ending: &str) -> Vec<u8> {
        let name = format!("textslash.db{ending}");
        std::fs::read(self.database.directory.path().join(name)).unwrap()
    }
}

fn fly_client(faults: &Arc<FaultyTransport>, clock: &Clock, chance: &Random) -> FlyProvider {
    let transport: SharedTransport = faults.clone();
    FlyProvider::new(transport, FlyEndpoints::real(), clock.clone(), chance.clone())
}

pub fn region(word: &str) -> Region {
    Region::try_from(word.to_owned()).unwrap()
}

fn spec(id: DeploymentId) -> Spec {
    let image = |role| format!("ghcr.io/textslash/{role}@sha256:{}", "1".repeat(64));
    Spec {
        id,
        name: DeploymentName::nearest_to("ada"),
        cloud: CloudKind::Fly,
        organisation: "personal".to_owned(),
        regions: ["ams", "lhr"].map(region).to_vec(),
        size: MachineSize::Small,
        vm_volume_gb: 3,
        channel: RelayChannel::Web,
        owner: RelayChannel::link_holder(),
        address: None,
        locale: String::new(),
        agent: AgentKind::Claude,
        daily_tokens: Spec::DAILY_TOKENS,
        images: Images { relay: image("relay"), vm: image("vm") },
    }
}
