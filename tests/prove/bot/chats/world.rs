//! People, the service they use, their cloud, and a bot whose process comes and goes.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use adapters::chat::ChatId;
use tokio::task::JoinHandle;

use super::super::world::{RESTART, START_MS};
use super::super::{CaseVerdict, Promise};
use super::dice::BotStoryDice;
use super::disk::{StoryDirectory, StoryDisk};
use super::monitor::ChatMonitor;
use super::network::BotNetwork;
use super::person::SimulatedPerson;
use super::persona::Persona;
use super::plan::BotStoryPlan;
use super::proof::StoreProof;
use super::service::{ServiceConnection, SimulatedService};
use textslash::chat_service::{ChatEndpoints, ChatServices};
use textslash::clock::Clock;
use textslash::cloud::Clouds;
use textslash::cloud::fly::{FlyEndpoints, FlyProvider};
use textslash::deployments::VendorClients;
use textslash::http::SharedTransport;
use textslash::invitation::Invitation;
use textslash::model::anthropic::{self, Anthropic};
use textslash::onboarding::{Catalogue, Onboarding, OnboardingSettings};
use textslash::quota::Quotas;
use textslash::random::Random;
use textslash::sandbox::anthropic::SimulatedAnthropic;
use textslash::sandbox::faults::FaultyTransport;
use textslash::sandbox::fly::{self, FlyOrganisation};
use textslash::sandbox::in_process::InProcess;
use textslash::sandbox::machines::ModelledRuntime;
use textslash::spec::{AgentKind, Images, RelayChannel, Spec};
use textslash::store::Database;
use textslash::store::runs::Runs;
use textslash::vault::HOLD_MAX;

/// People of a story at the most who share an account; of more, each has one.
const PEOPLE_IN_ONE_MAX: usize = 3;

/// The organisation of those who share one though there are many, and the first of the others'.
const SHARED: u64 = 10_000;
const OWN_FROM: u64 = SHARED + 1;

/// A credential is held for its time, and by a drive that began before its end for a quarter of an
/// hour more.
const HELD_MAX: Duration = HOLD_MAX.saturating_add(Duration::from_secs(15 * 60));

/// How many more may begin when the host sets a limit.
const LATE_LET: usize = 1;

/// The first of those parts of a seed that people's whims are drawn from; a crowd's dice end before
/// it.
const WHIMS: u64 = 1 << 32;

pub(super) struct BotStoryWorld {
    pub(super) stage: Arc<ChatMonitor>,
    pub(super) fly: Arc<fly::SimulatedFly>,
    pub(super) service: Arc<SimulatedService>,
    pub(super) network: Arc<BotNetwork>,
    pub(super) people: Vec<Arc<SimulatedPerson>>,
    directory: StoryDirectory,
    pub(super) database: Database,
    /// Deployments that ended deployed.
    pub(super) deployed: usize,
    /// How many may be begun within a day.
    pub(super) quotas: Quotas,
    /// How often each limit kept somebody back.
    pub(super) kept_back: LimitCounts,
    /// What lets people in, where it takes that.
    pub(super) invitation: Option<Invitation>,
    /// The longest that a bot of this story held a credential.
    held_max: Duration,
    pub(super) clock: Clock,
    pub(super) random: Random,
    bot: Option<(Onboarding, JoinHandle<anyhow::Result<()>>)>,
}

/// How often each limit kept somebody back.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LimitCounts {
    /// Messages that were left unread, because there were too many at once.
    pub unread: usize,
    /// People who had begun as many deployments as one may.
    pub by_person: usize,
    /// People in whose organisation as many were begun as may be.
    pub by_organisation: usize,
    /// People who came when all together had begun as many as they may.
    pub by_all: usize,
    /// People whose code was not looked at after too many wrong ones.
    pub by_wrong_codes: usize,
}

impl BotStoryWorld {
    pub(super) fn new(plan: &BotStoryPlan, disk: StoryDisk) -> Self {
        let (clock, seed) = (Clock::from_tokio(START_MS), plan.seed);
        let stage = Arc::new(ChatMonitor::new(plan.kills.clone()));
        let (machines, fly) = cloud(plan, &clock);
        let anthropic = SimulatedAnthropic::new(Random::seeded(seed ^ 0xa1));
        let inside = InProcess::new().mount("api.anthropic.com", anthropic.router()).with_fly(&fly);
        let network = Arc::new(BotNetwork {
            stage: stage.clone(),
            faults: FaultyTransport::new(Arc::new(inside)),
            fly: fly.clone(),
            machines,
            strikes: plan.faults.clone(),
            calls: AtomicUsize::new(0),
        });
        network.plan(&plan.faults);
        let proof =
            StoreProof::new(stage.clone(), fly.clone(), disk.onlooker, disk.directory.path());
        let service =
            SimulatedService::new(plan.profile, stage.clone(), proof, BotStoryDice::new(seed, 2));
        let is_crowd = plan.people.len() > PEOPLE_IN_ONE_MAX;
        let person = |(number, temper): (u64, &Persona)| {
            let organisation = match (is_crowd, temper) {
                (false, _) => FlyOrganisation::OURS,
                (true, Persona::Sharing) => FlyOrganisation::numbered(SHARED),
                (true, _) => FlyOrganisation::numbered(OWN_FROM + number),
            };
            Arc::new(SimulatedPerson {
                organisation,
                chat: ChatId(format!("person-{number}")),
                service: service.clone(),
                stage: stage.clone(),
                fly: fly.clone(),
                anthropic: anthropic.clone(),
                dice: BotStoryDice::new(seed, 100 + number),
                whims: BotStoryDice::new(seed, WHIMS + number),
                activity: Default::default(),
                persona: *temper,
                invitation: plan.invitation.clone(),
                is_alone: plan.people.len() == 1,
            })
        };
        let people: Vec<_> = (0..).zip(&plan.people).map(person).collect();
        let of_people: BTreeMap<u64, FlyOrganisation> = people
            .iter()
            .map(|person| (person.organisation.number, person.organisation.clone()))
            .collect();
        people.iter().for_each(|person| service.expect(&person.chat, person.persona));
        of_people.into_values().filter(|_| is_crowd).for_each(|it| fly.add_organisation(it));
        let random = Random::seeded(seed ^ 0xb07);
        let (database, directory) = (disk.database, disk.directory);
        let (bot, deployed) = (None, 0);
        Self {
            stage,
            fly,
            service,
            network,
            people,
            directory,
            database,
            deployed,
            quotas: Quotas::PUBLIC,
            kept_back: LimitCounts::default(),
            invitation: plan.invitation.clone(),
            held_max: Duration::ZERO,
            clock,
            random,
            bot,
        }
    }

    /// A new process, on the same database.
    pub(super) async fn bot_starts(&mut self) -> anyhow::Result<()> {
        self.stage.trace("the bot starts");
        let onboarding = Onboarding::new(self.settings()?);
        self.service.deliver_again().await;
        let connection = Arc::new(ServiceConnection(self.service.clone()));
        let talk = onboarding.clone();
        let task = tokio::spawn(async move { talk.run(connection).await });
        self.bot = Some((onboarding, task));
        Ok(())
    }

    /// The process is killed where it is, and started again.
    pub(super) async fn bot_restarts(&mut self) -> anyhow::Result<()> {
        self.stage.trace("the bot is killed");
        if let Some((onboarding, task)) = self.bot.take() {
            self.note_longest_held(&onboarding);
            task.abort();
            // However it ended: it is over.
            let _ = task.await;
        }
        tokio::time::sleep(RESTART).await;
        self.expect_no_secret_on_disk();
        self.bot_starts().await
    }

    /// The bot's host lets only a few more begin today than have begun so far.
    pub(super) async fn host_sets_a_limit(&mut self) -> anyhow::Result<()> {
        // What was delivered comes no more.
        tokio::time::sleep(REST).await;
        let begun = Runs::new(self.database.clone()).list(None).await?.len();
        self.bot_ends().await;
        self.stage.trace(&format!("the host lets {LATE_LET} more than {begun} begin"));
        self.quotas.all = begun + LATE_LET;
        self.bot_starts().await
    }

    /// What was written down goes into the verdict.
    pub(super) fn conclude(&self, verdict: &mut CaseVerdict) {
        (verdict.trace, verdict.violations) = self.stage.report();
        verdict.checked_promises = self.stage.checked_promises();
        verdict.calls = self.network.calls.load(Ordering::Relaxed);
        verdict.held_max_ms = u64::try_from(self.held_max.as_millis()).unwrap_or(u64::MAX);
    }

    /// People have accounts of their own.
    pub(super) fn is_crowd(&self) -> bool {
        self.people.len() > PEOPLE_IN_ONE_MAX
    }

    /// How many credentials the bot holds.
    pub(super) fn credentials_held(&self) -> usize {
        self.bot.as_ref().map_or(0, |(onboarding, _)| onboarding.credentials_held())
    }

    /// The bot ends in order.
    pub(super) async fn bot_ends(&mut self) {
        if let Some((onboarding, task)) = self.bot.take() {
            self.stage.mark_checked([Promise::Bot]);
            onboarding.stop();
            match task.await {
                Ok(Ok(())) => {}
                ended => self.stage.violation(Promise::Bot, format!("it ends with {ended:?}")),
            }
            self.note_longest_held(&onboarding);
        }
    }

    fn note_longest_held(&mut self, onboarding: &Onboarding) {
        let held = onboarding.longest_secret_lifetime();
        if held > HELD_MAX {
            self.stage.violation(Promise::Held, format!("a credential for {} s", held.as_secs()));
        }
        self.held_max = self.held_max.max(held);
    }

    pub(super) fn stop_faults(&self) {
        self.stage.trace("nothing goes wrong any more");
        self.stage.stop_kills();
        self.network.stop_faults();
        self.service.stop_faults();
    }

    pub(super) fn expect_no_secret_on_disk(&self) {
        self.directory.expect_no_secret(&self.stage);
    }

    fn settings(&self) -> anyhow::Result<OnboardingSettings> {
        let transport: SharedTransport = self.network.clone();
        let (clock, chance) = (self.clock.clone(), self.random.clone());
        let image = |role| format!("ghcr.io/textslash/{role}@sha256:{}", "1".repeat(64));
        let fly = FlyProvider::new(
            transport.clone(),
            FlyEndpoints::real(),
            clock.clone(),
            chance.clone(),
        );
        let keys_go_to = vec!["api.machines.dev".to_owned()];
        let model =
            Anthropic::new(transport.clone(), anthropic::API_URL.parse()?, keys_go_to.clone());
        let chat_services = ChatServices::new(transport.clone(), ChatEndpoints::real(), keys_go_to);
        Ok(OnboardingSettings {
            database: self.database.clone(),
            clock,
            random: chance,
            vendors: VendorClients {
                clouds: Clouds::of([Arc::new(fly) as _]),
                chat_services,
                model: Arc::new(model),
            },
            catalogue: Catalogue {
                channels: RelayChannel::ALL.to_vec(),
                agents: vec![AgentKind::Claude, AgentKind::Shell],
                images: Images { relay: image("relay"), vm: image("vm") },
                daily_tokens: Spec::DAILY_TOKENS,
                quotas: self.quotas,
                invitations: self.invitation.iter().cloned().collect(),
            },
            lent: Vec::new(),
            forms: None,
        })
    }
}

fn cloud(plan: &BotStoryPlan, clock: &Clock) -> (Arc<ModelledRuntime>, Arc<fly::SimulatedFly>) {
    let chance = Random::seeded(plan.seed ^ 0xf1);
    let machines = ModelledRuntime::new(clock.clone(), chance.clone());
    let settings =
        fly::SimulatedFlySettings::prompt(clock.clone(), chance, Arc::new(machines.clone()));
    let fly = fly::SimulatedFly::new(settings);
    fly.set_lag(plan.lag);
    fly.add_lookalikes();
    (machines, fly)
}

/// How long the story waits for what comes late: see the longest delay of the network.
pub(super) const REST: Duration = Duration::from_secs(150);
