//! Ada with her phone, the bot in a process that can be killed, and a simulated Fly.io and
//! Anthropic.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use adapters::chat::{
    ChatId, ChatType, Inbound, InboundContent, InboundId, MessageContext, MessageRef, UserId,
};
use sqlx::Row;
use textslash::chat_service::{ChatEndpoints, ChatServices};
use textslash::clock::Clock;
use textslash::cloud::Clouds;
use textslash::cloud::fly::{FlyEndpoints, FlyProvider};
use textslash::deployments::VendorClients;
use textslash::http::SharedTransport;
use textslash::invitation::{self, Invitation};
use textslash::model::anthropic::{self, Anthropic};
use textslash::onboarding::{Catalogue, Onboarding, OnboardingSettings};
use textslash::provisioner::Provisioner;
use textslash::quota::Quotas;
use textslash::random::Random;
use textslash::sandbox::anthropic::SimulatedAnthropic;
use textslash::sandbox::discord::SimulatedDiscord;
use textslash::sandbox::fly::{self, Inventory};
use textslash::sandbox::in_process::InProcess;
use textslash::sandbox::machines::{ModelFaults, ModelledRuntime};
use textslash::sandbox::telegram::SimulatedTelegram;
use textslash::sandbox::twilio::SimulatedTwilio;
use textslash::secret::{Audience, Secret, SecretKind};
use textslash::spec::{AgentKind, Images, RelayChannel, Spec};
use textslash::store;
use tokio::task::JoinHandle;
use zeroize::Zeroizing;

use super::script::{ScreenMessage, ScriptedChannel};
use crate::provisioning::world::{START_MS, TICK, hold_time_for};

mod stories;

/// Far longer than any story takes: beyond it the story so far is printed.
const PATIENCE: Duration = Duration::from_secs(60);

pub struct ChatWorld {
    pub fly: Arc<fly::SimulatedFly>,
    pub anthropic: Arc<SimulatedAnthropic>,
    pub telegram: Arc<SimulatedTelegram>,
    pub discord: Arc<SimulatedDiscord>,
    pub twilio: Arc<SimulatedTwilio>,
    pub runtime: Arc<ModelledRuntime>,
    pub script: Arc<ScriptedChannel>,
    transport: SharedTransport,
    directory: tempfile::TempDir,
    lends: bool,
    clock: Clock,
    bot: Option<JoinHandle<()>>,
    /// What lets people in from the next start on.
    pub invitations: Vec<Invitation>,
    /// How many may begin from the next start on.
    pub quotas: Quotas,
    messages: usize,
    read: usize,
}

impl ChatWorld {
    pub async fn new() -> Self {
        Self::on(ScriptedChannel::new()).await
    }

    /// On a service that can do next to nothing.
    pub async fn plain() -> Self {
        Self::on(ScriptedChannel::plain()).await
    }

    /// People begin by invitation.
    pub async fn inviting(invitations: &str) -> Self {
        let mut world = Self::new().await;
        world.invitations = invitation::parse(invitations).unwrap();
        world.bot_restarts().await;
        world
    }

    /// The bot lends its own token and key to everybody, as the sandbox does.
    pub async fn lending() -> Self {
        Self::made(ScriptedChannel::new(), true, usual(), |network| network).await
    }

    pub async fn on(script: ScriptedChannel) -> Self {
        Self::made(script, false, usual(), |network| network).await
    }

    /// Every request of the bot goes through what `watch` makes of the network, and no credential
    /// is the same as in another run. The clock may be paused.
    pub async fn watched(
        script: ScriptedChannel,
        watch: impl FnOnce(SharedTransport) -> SharedTransport,
    ) -> Self {
        let (clock, chance) = (Clock::from_tokio(START_MS), Random::system().unwrap());
        Self::made(script, false, (clock, chance), watch).await
    }

    async fn made(
        script: ScriptedChannel,
        lends: bool,
        (clock, chance): (Clock, Random),
        watch: impl FnOnce(SharedTransport) -> SharedTransport,
    ) -> Self {
        let runtime = ModelledRuntime::new(clock.clone(), chance.clone());
        let settings = fly::SimulatedFlySettings::prompt(
            clock.clone(),
            chance.clone(),
            Arc::new(runtime.clone()),
        );
        let fly = fly::SimulatedFly::new(settings);
        let anthropic = SimulatedAnthropic::new(chance.clone());
        let nobody = Arc::new(InProcess::new());
        let telegram = SimulatedTelegram::new(clock.clone(), chance.clone(), nobody.clone());
        let discord = SimulatedDiscord::new(clock.clone(), chance.clone());
        let twilio = SimulatedTwilio::new(clock.clone(), chance, nobody);
        let network = InProcess::new()
            .mount("api.anthropic.com", anthropic.router())
            .mount("api.telegram.org", telegram.router())
            .mount("discord.com", discord.router())
            .mount("api.twilio.com", twilio.router())
            .mount("messaging.twilio.com", twilio.router())
            .mount("content.twilio.com", twilio.router())
            .with_fly(&fly);
        let mut world = Self {
            fly,
            anthropic,
            telegram,
            discord,
            twilio,
            runtime,
            script: Arc::new(script),
            transport: watch(Arc::new(network)),
            directory: tempfile::tempdir().unwrap(),
            lends,
            clock,
            bot: None,
            invitations: Vec::new(),
            quotas: Quotas::PUBLIC,
            messages: 0,
            read: 0,
        };
        world.bot_starts().await;
        world
    }

    pub async fn bot_starts(&mut self) {
        let (clock, chance) = (self.clock.clone(), Random::system().unwrap());
        let database = self.directory.path().join("bot.db");
        let fly = FlyProvider::new(
            self.transport.clone(),
            FlyEndpoints::real(),
            clock.clone(),
            chance.clone(),
        );
        let secret = |kind, value: &str, audience| {
            Arc::new(Secret::new(kind, Zeroizing::new(value.to_owned()), audience))
        };
        let lent = self.lends.then(|| {
            let token = self.fly.mint_org_token();
            [
                secret(SecretKind::FlyToken, &token, Audience::nobody()),
                secret(SecretKind::ModelKey, self.anthropic.key(), Audience::nobody()),
            ]
        });
        let pool = holding_time(store::open(&database, &store::SCHEMA)).await.unwrap();
        tokio::spawn(hold_time_for(pool.clone(), TICK));
        let settings = OnboardingSettings {
            database: pool.into(),
            clock: clock.clone(),
            random: chance.clone(),
            vendors: VendorClients {
                chat_services: ChatServices::new(
                    self.transport.clone(),
                    ChatEndpoints::real(),
                    vec!["api.machines.dev".to_owned()],
                ),
                clouds: Clouds::of([Arc::new(fly) as _]),
                model: Arc::new(Anthropic::new(
                    self.transport.clone(),
                    anthropic::API_URL.parse().unwrap(),
                    vec!["api.machines.dev".to_owned()],
                )),
            },
            catalogue: Catalogue {
                channels: RelayChannel::ALL.to_vec(),
                agents: vec![AgentKind::Claude, AgentKind::Shell],
                images: Images { relay: image("relay", 1), vm: image("vm", 2) },
                daily_tokens: Spec::DAILY_TOKENS,
                quotas: self.quotas,
                invitations: self.invitations.clone(),
            },
            lent: lent.into_iter().flatten().collect(),
            forms: None,
        };
        let (onboarding, script) = (Onboarding::new(settings), self.script.clone());
        self.bot = Some(tokio::spawn(async move { onboarding.run(script).await.unwrap() }));
    }

    /// The bot's process is killed.
    pub async fn bot_dies(&mut self) {
        let bot = self.bot.take().unwrap();
        bot.abort();
        assert!(bot.await.unwrap_err().is_cancelled());
    }

    pub async fn bot_restarts(&mut self) {
        self.bot_dies().await;
        self.bot_starts().await;
        self.script.deliver_again();
    }

    /// The bot is restarted, and nothing is delivered again by itself.
    pub async fn bot_restarts_quietly(&mut self) {
        self.bot_dies().await;
        self.bot_starts().await;
    }

    /// The bot's database is lost as well.
    pub async fn bot_starts_from_nothing(&mut self) {
        self.bot_dies().await;
        self.directory = tempfile::tempdir().unwrap();
        self.bot_starts().await;
    }

    fn inbound(&mut self, content: InboundContent) -> Inbound {
        self.messages += 1;
        Inbound {
            id: InboundId(format!("in-{}", self.messages)),
            chat: ChatId("ada".into()),
            from: UserId("ada".into()),
            place: ChatType::Private,
            locale: None,
            message: None,
            content,
            context: MessageContext::default(),
        }
    }

    pub fn says(&mut self, line: &str) -> Inbound {
        let mut inbound = self.inbound(InboundContent::Text(Zeroizing::new(line.to_owned())));
        let (chat, id) = (inbound.chat.clone(), inbound.id.0.clone());
        inbound.message = Some(MessageRef { chat, id });
        self.script.deliver(inbound.clone());
        inbound
    }

    /// Somebody else says something, in a chat of their own.
    pub fn says_as(&mut self, who: &str, line: &str) -> Inbound {
        let inbound = self.inbound(InboundContent::Text(Zeroizing::new(line.to_owned())));
        let inbound = Inbound { chat: ChatId(who.into()), from: UserId(who.into()), ..inbound };
        self.script.deliver(inbound.clone());
        inbound
    }

    pub fn says_in_a_group(&mut self, line: &str) {
        let inbound = self.inbound(InboundContent::Text(Zeroizing::new(line.to_owned())));
        let chat = ChatId("group".into());
        self.script.deliver(Inbound { chat, place: ChatType::Group, ..inbound });
    }

    pub fn taps(&mut self, label: &str) -> Inbound {
        let shown = self.script.shown();
        let button = shown.iter().rev().flat_map(|it| &it.buttons).find(|it| it.label == label);
        let button = button.unwrap_or_else(|| panic!("no button {label:?}{}", self.story()));
        let inbound =
            self.inbound(InboundContent::Tap { button: button.id.clone(), message: None });
        self.script.deliver(inbound.clone());
        inbound
    }

    /// Waits until a message says so, and skips those before it.
    #[track_caller]
    pub fn reads(&mut self, expected: &str) -> impl Future<Output = String> {
        let place = std::panic::Location::caller();
        async move {
            let found = tokio::time::timeout(PATIENCE, self.find(expected)).await;
            found.unwrap_or_else(|_| panic!("{place}: never read {expected:?}{}", self.story()))
        }
    }

    async fn find(&mut self, expected: &str) -> String {
        let script = self.script.clone();
        loop {
            let mut changed = std::pin::pin!(script.changed.notified());
            changed.as_mut().enable();
            let unread = script.shown_since(self.read);
            let found = unread.into_iter().enumerate().find(|(_, it)| it.text.contains(expected));
            if let Some((place, ScreenMessage { text, .. })) = found {
                self.read += place + 1;
                return text;
            }
            changed.await;
        }
    }

    /// The table of conversations cannot be used until it has its name back.
    pub async fn conversations_fail(&self, fail: bool) {
        let rename = match fail {
            true => "ALTER TABLE conversations RENAME TO lost",
            false => "ALTER TABLE lost RENAME TO conversations",
        };
        sqlx::query(rename).execute(&self.database().await).await.unwrap();
    }

    /// Waits until the journal says that a run has ended.
    pub async fn a_run_ends(&self) {
        let (clock, chance) = (Clock::system(), Random::seeded(8));
        let provisioner = Provisioner::new(self.database().await, clock, chance);
        let ended = async {
            while provisioner.runs(None).await.unwrap().iter().all(|run| run.end.is_none()) {
                tokio::task::yield_now().await;
            }
        };
        tokio::time::timeout(PATIENCE, ended).await.expect("a run ends");
    }

    /// The ids of all deployments that are on record.
    pub async fn deployments(&self) -> Vec<String> {
        let (clock, chance) = (Clock::system(), Random::seeded(8));
        let runs = holding_time(async {
            Provisioner::new(self.database().await, clock, chance).runs(None).await.unwrap()
        });
        runs.await.iter().map(|run| run.id.to_string()).collect()
    }

    /// Rows in all tables but those of messages that were seen, which name nobody.
    pub async fn rows(&self) -> i64 {
        let count = "SELECT (SELECT COUNT(*) FROM runs) + (SELECT COUNT(*) FROM journal)
             + (SELECT COUNT(*) FROM conversations) + (SELECT COUNT(*) FROM outbound)";
        let counted = holding_time(async {
            sqlx::query(count).fetch_one(&self.database().await).await.unwrap()
        });
        counted.await.try_get(0).unwrap()
    }

    /// Waits until no file of the database holds any of these, neither in a row nor in what rows
    /// have left.
    #[track_caller]
    pub fn forgets<'a>(&'a self, texts: &'a [String]) -> impl Future<Output = ()> + 'a {
        let place = std::panic::Location::caller();
        async move {
            let found = || {
                let files = files(self.directory.path());
                texts.iter().find(|text| files.iter().any(|bytes| holds(bytes, text)))
            };
            // Paused time runs ahead of the database's threads: the patience is real time.
            let begun = std::time::Instant::now();
            while found().is_some() {
                let (left, story) = (found(), || self.story());
                assert!(begun.elapsed() < PATIENCE, "{place}: {left:?} is still there{}", story());
                tokio::time::sleep(TICK).await;
            }
        }
    }

    async fn database(&self) -> sqlx::AnyPool {
        store::open(&self.directory.path().join("bot.db"), &store::SCHEMA).await.unwrap()
    }

    /// Waits until a message is safe with the bot.
    pub async fn acknowledged(&self, inbound: &Inbound) {
        let safe = async {
            loop {
                let mut changed = std::pin::pin!(self.script.changed.notified());
                changed.as_mut().enable();
                if self.script.is_acknowledged(&inbound.id) {
                    return;
                }
                changed.await;
            }
        };
        tokio::time::timeout(PATIENCE, safe).await.expect("it is acknowledged");
    }

    pub fn unread(&self) -> Vec<String> {
        self.script.shown_since(self.read).into_iter().map(|it| it.text).collect()
    }

    pub fn inventory(&self) -> Inventory {
        self.fly.inventory()
    }

    fn story(&self) -> String {
        let shown = self.script.shown();
        let lines = shown.iter().map(|it| format!("\n---- {}\n{}", it.chat, it.text));
        format!("; the story so far:{}", lines.collect::<String>())
    }

    /// Machines do not become healthy until this is called again with the default.
    pub fn machines(&self, knobs: ModelFaults) {
        self.runtime.set(knobs);
    }

    /// Every machine's process ends, as a machine does that has waited too long; traffic wakes it.
    pub fn restart_machines(&self) {
        use textslash::sandbox::machines::MachineRuntime;
        for machine in self.runtime.running() {
            self.runtime.exit(&machine, 0);
        }
    }

    /// Where the bot keeps what it keeps.
    pub fn directory(&self) -> &Path {
        self.directory.path()
    }

    /// Looks for a secret in every file of the database and in everything we ever said.
    pub fn expect_nowhere(&self, secret: &str) {
        for text in self.script.everything_ever() {
            assert!(!text.contains(secret), "a secret was said");
        }
        for bytes in files(self.directory.path()) {
            assert!(!holds(&bytes, secret), "a secret is in the database");
        }
    }

    /// The hunt is not blind: what must be in the database is found there.
    pub fn expect_in_database(&self, text: &str) {
        assert!(files(self.directory.path()).iter().any(|bytes| holds(bytes, text)), "{text}");
    }
}

fn usual() -> (Clock, Random) {
    (Clock::system(), Random::seeded(7))
}

/// Does something with a database while paused time does not run ahead: it waits for blocking
/// tasks.
async fn holding_time<T>(work: impl Future<Output = T>) -> T {
    let (done, is_done) = std::sync::mpsc::channel::<()>();
    let held = tokio::task::spawn_blocking(move || is_done.recv().is_err());
    let result = work.await;
    drop(done);
    assert!(held.await.unwrap());
    result
}

fn image(name: &str, digit: u8) -> String {
    format!("ghcr.io/textslash/{name}@sha256:{}", digit.to_string().repeat(64))
}

fn files(directory: &Path) -> Vec<Vec<u8>> {
    let entries = std::fs::read_dir(directory).unwrap();
    entries.map(|entry| std::fs::read(entry.unwrap().path()).unwrap()).collect()
}

fn holds(bytes: &[u8], text: &str) -> bool {
    bytes.windows(text.len()).any(|window| window == text.as_bytes())
}
