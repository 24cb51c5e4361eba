//! A relay among a channel in memory and a VM in this process.

use adapters::chat::{
    Attachment, ChatId, ChatType, Inbound, InboundContent, InboundId, MessageContext,
};
use tokio::sync::watch;
use tokio::task::JoinHandle;

use super::*;
use crate::secret::{Audience, SecretKind};
use crate::spec::Spec;
use crate::store::{self, Database};

mod channel;
mod vm;

use channel::FakeChannel;
pub use vm::{AgentScript, FakeVm};

const CHAT: &str = "chat";

/// Longer than a busy machine takes for anything here.
const PATIENCE: Duration = Duration::from_secs(20);

pub const OWNER: &str = "owner";
pub const TEXT_MAX: usize = 200;
pub const FILE_MAX: u64 = 1_000;

pub fn line(id: &str, text: &str) -> Inbound {
    Inbound {
        id: InboundId(id.into()),
        chat: ChatId(CHAT.into()),
        from: UserId(OWNER.into()),
        place: ChatType::Private,
        locale: None,
        message: None,
        content: InboundContent::Text(text.to_owned().into()),
        context: MessageContext::default(),
    }
}

pub fn photo(id: &str, caption: &str) -> Inbound {
    let attachment = Attachment {
        id: format!("photo {id}"),
        name: "a photo.jpg".into(),
        media_type: None,
        bytes: Some(10),
        caption: caption.into(),
    };
    Inbound { content: InboundContent::File(Box::new(attachment)), ..line(id, "") }
}

/// Where a relay is killed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KillPoint {
    BeforeAcknowledge,
    BeforeTurn,
    MidStream,
    BeforeSend,
    AfterSend,
}

impl KillPoint {
    pub const ALL: [Self; 5] = [
        Self::BeforeAcknowledge,
        Self::BeforeTurn,
        Self::MidStream,
        Self::BeforeSend,
        Self::AfterSend,
    ];
}

/// Says when a relay has come to a place, and holds it there.
pub struct Breakpoint {
    at: Mutex<Option<KillPoint>>,
    reached: watch::Sender<bool>,
}

impl Breakpoint {
    async fn here(&self, cut: KillPoint) {
        let held = *self.at.lock() == Some(cut);
        if held {
            self.reached.send_replace(true);
            std::future::pending::<()>().await;
        }
    }
}

pub struct RelayWorld {
    pub dir: tempfile::TempDir,
    pub limits: RelayLimits,
    pub daily_tokens: u64,
    pub locale: Locale,
    /// No time passes while the relay's database works: for tests in which time is paused.
    pub is_in_order: bool,
    pub model_key: &'static str,
    pub store: Arc<RelayStore>,
    pub channel: Arc<FakeChannel>,
    pub vm: Arc<FakeVm>,
    hold: Arc<Breakpoint>,
    running: Mutex<Option<JoinHandle<()>>>,
}

impl RelayWorld {
    /// With a relay that runs.
    pub async fn new(script: AgentScript) -> Self {
        let world = Self::stopped(script).await;
        world.run().await;
        world
    }

    pub async fn stopped(script: AgentScript) -> Self {
        Self::on(script, true).await
    }

    /// Without a relay that runs, and before the deployment is committed.
    pub async fn uncommitted(script: AgentScript) -> Self {
        let world = Self::stopped(script).await;
        std::fs::remove_file(world.dir.path().join("committed")).unwrap();
        world
    }

    pub async fn without_edits(script: AgentScript) -> Self {
        Self::on(script, false).await
    }

    async fn on(script: AgentScript, edits: bool) -> Self {
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join("committed"), "").unwrap();
        let ledger = RelayStore::open(dir.path()).await.unwrap();
        let hold =
            Arc::new(Breakpoint { at: Mutex::default(), reached: watch::Sender::new(false) });
        let channel = Arc::new(FakeChannel::new(edits, hold.clone()));
        let vm = Arc::new(FakeVm::new(script, hold.clone()));
        let (limits, model_key) = (RelayLimits::default(), "sk-ant-api-the-key");
        let daily_tokens = Spec::DAILY_TOKENS;
        Self {
            dir,
            limits,
            daily_tokens,
            locale: Locale::English,
            is_in_order: false,
            model_key,
            store: ledger,
            channel,
            vm,
            hold,
            running: Mutex::default(),
        }
    }

    pub async fn try_relay(&self, owner: &str) -> anyhow::Result<Arc<Relay>> {
        self.relay_over(owner, None, self.vm.clone()).await
    }

    /// A relay whose calls go through this transport, and that leads its owner's bot to itself
    /// where it has a pointer.
    pub async fn relay_over(
        &self,
        owner: &str,
        pointer: Option<WebhookRegistration>,
        transport: SharedTransport,
    ) -> anyhow::Result<Arc<Relay>> {
        let settings = self.settings(owner);
        let ledger = self.open_ledger().await?;
        let clock = Clock::from_tokio(1_700_000_000_000);
        let chance = Random::system()?;
        Relay::start(settings, ledger, self.channel.clone(), pointer, transport, clock, chance)
    }

    async fn open_ledger(&self) -> anyhow::Result<Arc<RelayStore>> {
        if !self.is_in_order {
            return RelayStore::open(self.dir.path()).await;
        }
        let connection = store::open_ready(&self.dir.path().join("relay.db")).await?;
        RelayStore::with_database(Database::in_order(connection), self.dir.path())
    }

    fn settings(&self, owner: &str) -> RelaySettings {
        let secret =
            |kind, text: &str| Arc::new(Secret::new(kind, text.to_owned(), Audience::nobody()));
        RelaySettings {
            sleeps: true,
            owner: UserId(owner.into()),
            locale: self.locale,
            deployment: DeploymentId::from_random([0; DeploymentId::LENGTH]),
            data_dir: self.dir.path().to_owned(),
            public_url: None,
            vm_url: Url::parse("http://vm.test").unwrap(),
            model_url: Url::parse("https://model.test").unwrap(),
            link_key: secret(SecretKind::LinkKey, "the link key"),
            model_key: Some(Arc::new(Secret::new(
                SecretKind::ModelKey,
                self.model_key.to_owned(),
                Audience::of(["model.test"]),
            ))),
            daily_tokens: self.daily_tokens,
            limits: self.limits,
        }
    }

    /// Takes a line that becomes this turn; the token that the VM is given for it.
    pub async fn begins(&self, relay: &Relay, turn: &str) -> String {
        let (id, chat) = (InboundId(turn.to_owned()), ChatId(CHAT.to_owned()));
        let new = relay_store::NewInboxMessage {
            id: &id,
            chat: &chat,
            text: "work",
            file: None,
            citations: &[],
            digest: "work",
            turn,
            is_command: false,
        };
        self.store.accept(new, 0).await.unwrap();
        let token = relay.turn_token(turn).unwrap().into_secret(Audience::nobody());
        token.expose().to_owned()
    }

    /// Ends the running turn, as its last event does.
    pub async fn ends(&self, relay: &Relay) {
        let line = self.store.first().await.unwrap().unwrap();
        self.store.complete(&line, &[], 0).await.unwrap();
        relay.end_calls();
    }

    /// Has `/stop` said to the running turn.
    pub async fn stops(&self, relay: &Relay) {
        let line = self.store.first().await.unwrap().unwrap();
        let command = relay_store::InboxMessage { seq: line.seq + 1, ..line };
        self.store.stop(&command).await.unwrap();
        relay.end_calls();
    }

    pub async fn run(&self) -> Arc<Relay> {
        let relay = self.try_relay(OWNER).await.unwrap();
        let runs = relay.clone();
        let running = tokio::spawn(async move {
            runs.run(std::future::pending()).await;
        });
        *self.running.lock() = Some(running);
        relay
    }

    /// Kills the relay when it comes to this place, and starts another on the same database.
    pub async fn cut_at(&self, cut: KillPoint) {
        self.kill().await;
        *self.hold.at.lock() = Some(cut);
        self.channel.reconnected();
        self.run().await;
        self.hold.reached.subscribe().wait_for(|reached| *reached).await.unwrap();
        self.kill().await;
        *self.hold.at.lock() = None;
        self.channel.reconnected();
        self.run().await;
    }

    /// Kills the relay and starts another on the same database.
    pub async fn run_again(&self) -> Arc<Relay> {
        self.kill().await;
        self.channel.reconnected();
        self.run().await
    }

    pub async fn kill(&self) {
        let running = self.running.lock().take();
        if let Some(running) = running {
            running.abort();
            // It was aborted.
            let _ = running.await;
        }
    }

    /// Waits until exactly these messages stand, in any order.
    pub async fn until(&self, texts: &[&str]) {
        let mut expected = texts.to_vec();
        expected.sort_unstable();
        let mut messages = self.channel.messages.subscribe();
        let stands = messages.wait_for(|messages| {
            let mut texts: Vec<_> = messages.iter().map(|message| message.text.as_str()).collect();
            texts.sort_unstable();
            texts == expected
        });
        let waited = tokio::time::timeout(PATIENCE, stands).await;
        assert!(waited.is_ok(), "{expected:?} never stood; {:?} did", self.channel.texts());
    }

    /// Waits until every message is known to be sent.
    pub async fn delivered(&self) {
        while self.store.unsent().await.unwrap().is_some() {
            tokio::task::yield_now().await;
        }
    }

    /// Waits until so many deliveries were acknowledged.
    pub async fn acknowledged(&self, deliveries: usize) {
        let mut count = self.channel.acknowledged.subscribe();
        let acknowledged = count.wait_for(|count| *count >= deliveries);
        tokio::time::timeout(PATIENCE, acknowledged).await.unwrap().unwrap();
    }

    /// Waits until so many deliveries were acknowledged and all work is done.
    pub async fn settled(&self, acknowledged: usize) {
        self.acknowledged(acknowledged).await;
        let quiet = async {
            while !self.store.is_idle().await.unwrap() {
                tokio::task::yield_now().await;
            }
        };
        tokio::time::timeout(PATIENCE, quiet).await.unwrap();
    }
}

impl Drop for RelayWorld {
    fn drop(&mut self) {
        if let Some(running) = self.running.lock().take() {
            running.abort();
        }
    }
}
