//! People, the service they use, their cloud, and a bot whose process comes and goes.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use adapters::chat::ChatId;
use sqlx::AnyPool;
use tokio::task::JoinHandle;

use super::super::trouble::{Trouble, Way};
use super::super::world::{RESTART, START_MS, directory};
use super::dice::Dice;
use super::network::Network;
use super::person::Person;
use super::proof::Proof;
use super::service::{Connection, Manner, Service};
use super::stage::Stage;
use crate::chance::Chance;
use crate::clock::Clock;
use crate::cloud::fly::{Endpoints, Fly};
use crate::http::SharedTransport;
use crate::messaging::{self, Messaging};
use crate::onboarding::{Catalogue, Onboarding, Settings, Vendors};
use crate::sandbox::anthropic::Anthropic;
use crate::sandbox::faults::Faults;
use crate::sandbox::fly::{self, Lag};
use crate::sandbox::in_process::InProcess;
use crate::sandbox::machines::Modelled;
use crate::spec::{AgentKind, CloudKind, Images, RelayChannel};
use crate::store;

/// People of one story at the most.
const PEOPLE_MAX: u64 = 3;

/// Troubles of one story at the most, and the call by which all have struck.
const TROUBLES_MAX: u64 = 6;
const TROUBLES_UNTIL: u64 = 150;

/// Kills of one story at the most, and the deed by which all are done.
const KILLS_MAX: u64 = 4;
const KILLS_UNTIL: u64 = 500;

/// The latest that reads of the cloud are, in milliseconds.
const LAG_MAX_MS: u64 = 5_000;

/// What is done to the world instead of the network.
const STRIKES: [Way; 4] = [Way::TokenRefused, Way::NoRoom, Way::Unwell, Way::OtherBuild];

pub(super) struct World {
    pub(super) stage: Arc<Stage>,
    pub(super) fly: Arc<fly::Fly>,
    pub(super) service: Arc<Service>,
    pub(super) network: Arc<Network>,
    pub(super) people: Vec<Arc<Person>>,
    pub(super) pool: AnyPool,
    pub(super) clock: Clock,
    pub(super) chance: Chance,
    pub(super) directory: PathBuf,
    bot: Option<(Onboarding, JoinHandle<anyhow::Result<()>>)>,
}

impl World {
    pub(super) async fn new(seed: u64) -> anyhow::Result<Self> {
        let directory = directory();
        let pool = store::open_in_order(&path(&directory), &store::SCHEMA).await?;
        let beside = store::open_in_order(&path(&directory), &store::SCHEMA).await?;
        let onlooker = beside.acquire().await?.detach();
        beside.close().await;
        tokio::time::pause();
        let clock = Clock::following_tokio(START_MS);
        let dice = Dice::new(seed, 1);
        let stage = Arc::new(Stage::new(kills(&dice)));
        let (machines, fly) = cloud(seed, &clock, &dice);
        let anthropic = Anthropic::new(Chance::seeded(seed ^ 0xa1));
        let inside = InProcess::new().mount("api.anthropic.com", anthropic.router()).with_fly(&fly);
        let troubles = troubles(&dice);
        let network = Arc::new(Network {
            stage: stage.clone(),
            faults: Faults::new(Arc::new(inside)),
            fly: fly.clone(),
            machines,
            strikes: troubles.clone(),
        });
        network.plan(&troubles);
        let manner = Manner::ALL[dice.place(Manner::ALL.len())];
        stage.tell(&format!("a service {manner:?}; troubles: {troubles:?}"));
        let proof = Proof::new(stage.clone(), fly.clone(), onlooker);
        let service = Service::new(manner, stage.clone(), proof, Dice::new(seed, 2));
        let person = |number: u64| {
            Arc::new(Person {
                chat: ChatId(format!("person-{number}")),
                service: service.clone(),
                stage: stage.clone(),
                fly: fly.clone(),
                anthropic: anthropic.clone(),
                dice: Dice::new(seed, 100 + number),
                did: Default::default(),
            })
        };
        let people = (0..=dice.below(PEOPLE_MAX)).map(person).collect();
        let chance = Chance::seeded(seed ^ 0xb07);
        let bot = None;
        Ok(Self { stage, fly, service, network, people, pool, clock, chance, directory, bot })
    }

    /// A new process, on the same database.
    pub(super) fn bot_starts(&mut self) -> anyhow::Result<()> {
        self.stage.tell("the bot starts");
        let onboarding = Onboarding::new(self.settings()?);
        let connection = Arc::new(Connection(self.service.clone()));
        let talk = onboarding.clone();
        let task = tokio::spawn(async move { talk.run(connection).await });
        self.bot = Some((onboarding, task));
        self.service.deliver_again();
        Ok(())
    }

    /// The process is killed where it is, and started again.
    pub(super) async fn bot_restarts(&mut self) -> anyhow::Result<()> {
        self.stage.tell("the bot is killed");
        if let Some((_, task)) = self.bot.take() {
            task.abort();
            // However it ended: it is over.
            let _ = task.await;
        }
        tokio::time::sleep(RESTART).await;
        self.expect_no_secret_on_disk();
        self.bot_starts()
    }

    /// How many credentials the bot holds.
    pub(super) fn credentials_held(&self) -> usize {
        self.bot.as_ref().map_or(0, |(onboarding, _)| onboarding.credentials_held())
    }

    /// The bot ends in order.
    pub(super) async fn bot_ends(&mut self) {
        if let Some((onboarding, task)) = self.bot.take() {
            onboarding.stop();
            match task.await {
                Ok(Ok(())) => {}
                ended => self.stage.break_of("bot", format!("it ends with {ended:?}")),
            }
        }
    }

    pub(super) fn calm(&self) {
        self.stage.tell("nothing goes wrong any more");
        self.stage.calm();
        self.network.calm();
        self.service.calm();
    }

    pub(super) fn expect_no_secret_on_disk(&self) {
        let files = std::fs::read_dir(&self.directory).into_iter().flatten().flatten();
        for file in files {
            match std::fs::read(file.path()) {
                Ok(bytes) => self.stage.expect_no_secret("the database", &bytes),
                Err(error) => self.stage.break_of("database", error.to_string()),
            }
        }
    }

    fn settings(&self) -> anyhow::Result<Settings> {
        let anthropic = "https://api.anthropic.com".parse()?;
        let transport: SharedTransport = self.network.clone();
        let (clock, chance) = (self.clock.clone(), self.chance.clone());
        let image = |role| format!("ghcr.io/textslash/{role}@sha256:{}", "1".repeat(64));
        let fly = Fly::new(transport.clone(), Endpoints::real(), clock.clone(), chance.clone());
        let keys_go_to = vec!["api.machines.dev".to_owned()];
        let messaging = Messaging::new(transport.clone(), messaging::Endpoints::real(), keys_go_to);
        Ok(Settings {
            pool: self.pool.clone(),
            clock,
            chance,
            vendors: Vendors { transport, fly, messaging, anthropic },
            catalogue: Catalogue {
                clouds: vec![CloudKind::Fly],
                channels: RelayChannel::ALL.to_vec(),
                agents: vec![AgentKind::Claude, AgentKind::Shell],
                images: Images { relay: image("relay"), vm: image("vm") },
            },
            lent: Vec::new(),
            forms: None,
        })
    }
}

impl Drop for World {
    fn drop(&mut self) {
        // It lies in memory, and the next story has one of its own.
        let _ = std::fs::remove_dir_all(&self.directory);
    }
}

fn path(directory: &Path) -> PathBuf {
    directory.join("textslash.db")
}

fn cloud(seed: u64, clock: &Clock, dice: &Dice) -> (Arc<Modelled>, Arc<fly::Fly>) {
    let chance = Chance::seeded(seed ^ 0xf1);
    let machines = Modelled::new(clock.clone(), chance.clone());
    let settings = fly::Settings::prompt(clock.clone(), chance, Arc::new(machines.clone()));
    let fly = fly::Fly::new(settings);
    if dice.percent(50) {
        fly.set_lag(Lag::UpToMs(dice.below(LAG_MAX_MS)));
    }
    fly.add_lookalikes();
    (machines, fly)
}

fn kills(dice: &Dice) -> BTreeSet<usize> {
    let place = |_| usize::try_from(dice.below(KILLS_UNTIL)).unwrap_or_default();
    (0..dice.below(KILLS_MAX + 1)).map(place).collect()
}

fn troubles(dice: &Dice) -> Vec<Trouble> {
    let ways: Vec<Way> = (Way::AT_CALLS.into_iter())
        .filter(|way| way.mode().is_some() || STRIKES.contains(way))
        .collect();
    let trouble = |_| Trouble {
        at: usize::try_from(dice.below(TROUBLES_UNTIL)).unwrap_or_default(),
        way: ways[dice.place(ways.len())],
    };
    (0..dice.below(TROUBLES_MAX + 1)).map(trouble).collect()
}

/// How long the story waits for what comes late: see the longest delay of the network.
pub(super) const REST: Duration = Duration::from_secs(150);
