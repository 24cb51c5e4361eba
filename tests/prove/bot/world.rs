//! A simulated Fly with strangers' things in it, and processes that drive one deployment there.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::time::Duration;

use anyhow::Context;
use parking_lot::{Mutex, MutexGuard};
use sqlx::{AnyConnection, Connection};
use tokio::sync::{OnceCell, mpsc};

use super::ProofCase;
use super::case_monitor::CaseMonitor;
use textslash::clock::Clock;
use textslash::cloud::Provider;
use textslash::cloud::fly::{FlyAccount, FlyEndpoints, FlyProvider};
use textslash::cloud::{Cloud, DeploymentKeys};
use textslash::deployment::{Goal, Outcome, StageUpdate};
use textslash::http::SharedTransport;
use textslash::journal::JournalEntry;
use textslash::provisioner::{DriveError, Provisioner};
use textslash::random::Random;
use textslash::sandbox::faults::FaultyTransport;
use textslash::sandbox::fly::{self, ReadLag, SimulatedFlySettings};
use textslash::sandbox::in_process::InProcess;
use textslash::sandbox::machines::ModelledRuntime;
use textslash::secret::{Audience, Secret, SecretKind};
use textslash::spec::{
    AgentKind, CloudKind, DeploymentId, DeploymentName, Images, MachineSize, Region, RelayChannel,
    Spec,
};
use textslash::store::{self, Database};

/// When every story begins: 2026-09-21.
pub(super) const START_MS: u64 = 1_790_000_000_000;

/// The time that a process needs to start again.
pub(super) const RESTART: Duration = Duration::from_secs(5);

/// A directory in memory where there is one: the disk's own slowness proves nothing here.
pub(super) fn directory() -> PathBuf {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    let memory = PathBuf::from("/dev/shm");
    let root = if memory.is_dir() { memory } else { std::env::temp_dir() };
    let number = NEXT.fetch_add(1, Ordering::Relaxed);
    root.join(format!("textslash-prove-{}-{number}", std::process::id()))
}

/// A new database of this name, a copy of one that was made once: bringing each up to date would
/// take a story as long as a tenth of what it tells.
pub(super) async fn new_database(file: &Path) -> anyhow::Result<AnyConnection> {
    static BLANK: OnceCell<Vec<u8>> = OnceCell::const_new();
    let blank = BLANK.get_or_try_init(|| async {
        let directory = directory();
        let file = directory.join("blank.db");
        // With the last connection its log is written back.
        store::open_alone(&file, &store::SCHEMA).await?.close().await?;
        let blank = fs::read(&file)?;
        fs::remove_dir_all(&directory)?;
        anyhow::Ok(blank)
    });
    let blank = blank.await?;
    fs::create_dir_all(file.parent().context("a file has a directory")?)?;
    fs::write(file, blank)?;
    store::open_ready(file).await
}

pub(super) struct CaseWorld {
    pub(super) fly: Arc<fly::SimulatedFly>,
    pub(super) watch: Arc<CaseMonitor>,
    pub(super) provisioner: Provisioner,
    pub(super) spec: Spec,
    pub(super) database: Database,
    directory: PathBuf,
    steps: usize,
    /// As the process tells the time.
    clock: Clock,
    random: Random,
    /// What the process that runs now knows of Fly: how fast it may call.
    process: Mutex<FlyProvider>,
}

impl CaseWorld {
    pub(super) async fn new(case: &ProofCase) -> anyhow::Result<Self> {
        let directory = directory();
        let file = directory.join("textslash.db");
        let database = Database::in_order(new_database(&file).await?);
        let onlooker = store::open_ready(&file).await?;
        tokio::time::pause();
        let clock = Clock::from_tokio(START_MS);
        let chance = Random::seeded(case.seed);
        let machines = ModelledRuntime::new(clock.clone(), chance.clone());
        let lag = if case.lag_ms == 0 { ReadLag::None } else { ReadLag::UpToMs(case.lag_ms) };
        let settings =
            SimulatedFlySettings::prompt(clock.clone(), chance.clone(), Arc::new(machines.clone()));
        let fly = fly::SimulatedFly::new(settings);
        fly.set_lag(lag);
        fly.add_lookalikes();
        let faults = FaultyTransport::new(Arc::new(InProcess::new().with_fly(&fly)));
        let spec = spec(DeploymentId::from_random(chance.bytes()))?;
        let watch = CaseMonitor::new(faults, fly.clone(), machines, onlooker, spec.clone());
        let clock = off_by(clock, watch.clock_off_ms());
        let provisioner = Provisioner::new(database.clone(), clock.clone(), chance.clone());
        let process = Mutex::new(process(&watch, &clock, &chance));
        let mut world = Self {
            fly,
            watch,
            provisioner,
            spec,
            database,
            directory,
            steps: 0,
            clock,
            random: chance,
            process,
        };
        world.steps = world.account()?.plan(&world.spec).steps().len();
        Ok(world)
    }

    fn process(&self) -> MutexGuard<'_, FlyProvider> {
        self.process.lock()
    }

    /// The account, opened with a token and keys that nobody had before.
    fn account(&self) -> anyhow::Result<FlyAccount> {
        let fly = self.process().clone();
        let judge = || fly.check_format(&self.fly.mint_org_token()).ok();
        let again = || {
            // By a clock that is a day behind, no token is valid yet.
            self.watch.set_clock_right();
            judge()
        };
        let token = judge().or_else(again).context("the token is refused")?;
        let key = |kind| {
            Arc::new(Secret::new(kind, self.random.key(), Audience::of(fly.secret_stores())))
        };
        let keys = DeploymentKeys {
            model_key: Some(key(SecretKind::ModelKey)),
            channel_key: None,
            owner_key: key(SecretKind::OwnerKey),
            link_key: key(SecretKind::LinkKey),
        };
        Ok(fly.account(token, Some(keys)))
    }

    /// One drive by one process; `None` when the process was killed.
    pub(super) async fn drive(
        &self,
        goal: Goal,
    ) -> anyhow::Result<Option<Result<Outcome, DriveError>>> {
        let (progress, _unread) = mpsc::channel(StageUpdate::CHANNEL);
        let account = self.account()?;
        tokio::select! {
            biased;
            () = self.watch.faults.crashed() => Ok(None),
            told = self.provisioner.drive(&self.spec.id, goal, &account, &progress) => {
                if let Ok(Outcome::Deployed(_)) = told {
                    self.watch.expect_narrowed(&account.token());
                }
                Ok(Some(told))
            }
        }
    }

    pub(super) async fn restarts(&self) {
        tokio::time::sleep(RESTART).await;
        *self.process() = process(&self.watch, &self.clock, &self.random);
    }

    /// Steps of the plan.
    pub(super) fn steps(&self) -> usize {
        self.steps
    }

    pub(super) async fn journal(&self) -> anyhow::Result<Vec<JournalEntry>> {
        store::runs::Runs::new(self.database.clone()).journal(&self.spec.id).await
    }
}

impl Drop for CaseWorld {
    fn drop(&mut self) {
        // It lies in memory, and the next case has one of its own.
        let _ = fs::remove_dir_all(&self.directory);
    }
}

fn process(watch: &Arc<CaseMonitor>, clock: &Clock, chance: &Random) -> FlyProvider {
    let transport: SharedTransport = watch.clone();
    FlyProvider::new(transport, FlyEndpoints::real(), clock.clone(), chance.clone())
}

fn off_by(clock: Clock, off_ms: Arc<AtomicI64>) -> Clock {
    Clock::from_fn(move || clock.now_ms().saturating_add_signed(off_ms.load(Ordering::Relaxed)))
}

fn spec(id: DeploymentId) -> anyhow::Result<Spec> {
    let image = |role| format!("ghcr.io/textslash/{role}@sha256:{}", "1".repeat(64));
    let region = |word: &str| Region::try_from(word.to_owned());
    Ok(Spec {
        id,
        name: DeploymentName::nearest_to("ada"),
        cloud: CloudKind::Fly,
        organisation: "personal".to_owned(),
        regions: vec![region("ams")?, region("lhr")?],
        size: MachineSize::Small,
        vm_volume_gb: 3,
        channel: RelayChannel::Web,
        owner: RelayChannel::link_holder(),
        address: None,
        locale: String::new(),
        agent: AgentKind::Claude,
        daily_tokens: Spec::DAILY_TOKENS,
        images: Images { relay: image("relay"), vm: image("vm") },
    })
}
