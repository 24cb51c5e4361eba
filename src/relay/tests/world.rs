//! A relay among a channel in memory and a VM in this process.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicUsize, Ordering};

use adapters::channel::{Capabilities, ChannelError, Event, SecretEntry};
use adapters::chat::{ChatId, Content, Inbound, InboundId, MessageRef, Outbound, Place};
use adapters::text::Unit;
use async_trait::async_trait;
use bytes::Bytes;
use futures::StreamExt;
use tokio::sync::watch;
use tokio::task::JoinHandle;

use super::*;
use crate::http::{Reply, Transport, Unanswered};
use crate::protocol::TurnRequest;
use crate::secret::{Audience, SecretKind};

pub const OWNER: &str = "owner";
pub const TEXT_MAX: usize = 200;

pub fn line(id: &str, text: &str) -> Inbound {
    Inbound {
        id: InboundId(id.into()),
        chat: ChatId("chat".into()),
        from: UserId(OWNER.into()),
        place: Place::Private,
        locale: None,
        content: Content::Text(text.to_owned().into()),
    }
}

/// Where a relay is killed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cut {
    BeforeAcknowledge,
    BeforeTurn,
    MidStream,
    BeforeSend,
    AfterSend,
}

impl Cut {
    pub const ALL: [Self; 5] = [
        Self::BeforeAcknowledge,
        Self::BeforeTurn,
        Self::MidStream,
        Self::BeforeSend,
        Self::AfterSend,
    ];
}

/// Says when a relay has come to a place, and holds it there.
pub struct Hold {
    at: Mutex<Option<Cut>>,
    reached: watch::Sender<bool>,
}

impl Hold {
    async fn here(&self, cut: Cut) {
        let held = *self.at.lock().unwrap() == Some(cut);
        if held {
            self.reached.send_replace(true);
            std::future::pending::<()>().await;
        }
    }
}

/// What the VM's agent does.
#[derive(Clone)]
pub struct Script {
    events: Vec<TurnEvent>,
    pub break_after: Option<usize>,
    ends: bool,
}

impl Script {
    pub fn of(events: Vec<TurnEvent>) -> Self {
        Self { events, break_after: None, ends: true }
    }

    pub fn answers(text: &str) -> Self {
        let mut events: Vec<_> =
            text.split_inclusive(' ').map(|word| TurnEvent::Text { text: word.into() }).collect();
        events.push(TurnEvent::Done);
        Self::of(events)
    }

    pub fn never_ends() -> Self {
        Self { events: Vec::new(), break_after: None, ends: false }
    }
}

pub struct FakeVm {
    script: Script,
    hold: Arc<Hold>,
    asks: Mutex<Vec<TurnRequest>>,
    cancels: AtomicUsize,
    begun: watch::Sender<bool>,
}

impl FakeVm {
    fn firsts(&self) -> Vec<TurnRequest> {
        let mut seen = std::collections::HashSet::new();
        let asks = self.asks.lock().unwrap().clone();
        asks.into_iter().filter(|ask| seen.insert(ask.turn.clone())).collect()
    }

    /// The text of each turn that was executed.
    pub fn asked(&self) -> Vec<String> {
        self.firsts().into_iter().map(|ask| ask.text).collect()
    }

    pub fn sessions(&self) -> Vec<String> {
        self.firsts().into_iter().map(|ask| ask.session).collect()
    }

    pub fn attached_after(&self) -> Vec<usize> {
        self.asks.lock().unwrap().iter().map(|ask| ask.after).collect()
    }

    pub fn cancelled(&self) -> usize {
        self.cancels.load(Ordering::SeqCst)
    }

    pub async fn began(&self) {
        self.begun.subscribe().wait_for(|begun| *begun).await.unwrap();
    }
}

#[async_trait]
impl Transport for FakeVm {
    async fn send(&self, request: http::Request<Bytes>) -> Result<Reply, Unanswered> {
        assert!(request.headers().contains_key(crate::protocol::SIGNATURE_HEADER));
        let path = request.uri().path();
        if path.ends_with("/cancel") {
            self.cancels.fetch_add(1, Ordering::SeqCst);
            return Ok(reply(Vec::new(), true));
        }
        if path == "/commit" {
            return Ok(reply(Vec::new(), true));
        }
        if path == "/ready" {
            let health =
                Health { deployment: "0".repeat(10), build: "b".into(), role: "vm".into() };
            return Ok(reply(vec![serde_json::to_string(&health).unwrap()], true));
        }
        self.hold.here(Cut::BeforeTurn).await;
        let ask: TurnRequest = serde_json::from_slice(request.body()).unwrap();
        let (after, is_first) = (ask.after, self.asks.lock().unwrap().is_empty());
        self.asks.lock().unwrap().push(ask);
        self.begun.send_replace(true);
        let mut events: Vec<_> = self.script.events.iter().skip(after).collect();
        let mut ends = self.script.ends;
        if let Some(broken) = self.script.break_after.filter(|_| is_first) {
            events.truncate(broken);
        }
        if *self.hold.at.lock().unwrap() == Some(Cut::MidStream) {
            events.truncate(1);
            ends = false;
            self.hold.reached.send_replace(true);
        }
        let lines = events.into_iter().map(|event| serde_json::to_string(event).unwrap() + "\n");
        Ok(reply(lines.collect(), ends))
    }
}

fn reply(lines: Vec<String>, ends: bool) -> Reply {
    let head = http::Response::new(()).into_parts().0;
    let lines = futures::stream::iter(lines.into_iter().map(|line| Ok(Bytes::from(line))));
    let body = if ends { lines.boxed() } else { lines.chain(futures::stream::pending()).boxed() };
    Reply { head, body }
}

/// A channel that delivers again what was not acknowledged, and knows messages by their keys.
pub struct FakeChannel {
    capabilities: Capabilities,
    hold: Arc<Hold>,
    queue: Mutex<VecDeque<Inbound>>,
    unacknowledged: Mutex<Vec<Inbound>>,
    said: Notify,
    acknowledged: watch::Sender<usize>,
    messages: watch::Sender<Vec<Outbound>>,
}

impl FakeChannel {
    pub fn says(&self, inbound: Inbound) {
        self.queue.lock().unwrap().push_back(inbound);
        self.said.notify_one();
    }

    pub fn texts(&self) -> Vec<String> {
        self.messages.borrow().iter().map(|message| message.text.clone()).collect()
    }

    fn reconnected(&self) {
        let mut queue = self.queue.lock().unwrap();
        for inbound in self.unacknowledged.lock().unwrap().drain(..).rev() {
            queue.push_front(inbound);
        }
        self.said.notify_one();
    }

    fn put(&self, message: &Outbound) {
        self.messages.send_modify(|messages| {
            match messages.iter_mut().find(|known| known.key == message.key) {
                Some(known) => *known = message.clone(),
                None => messages.push(message.clone()),
            }
        });
    }
}

#[async_trait]
impl Channel for FakeChannel {
    fn name(&self) -> &'static str {
        "fake"
    }

    fn capabilities(&self) -> &Capabilities {
        &self.capabilities
    }

    async fn next(&self) -> Option<Event> {
        loop {
            let inbound = self.queue.lock().unwrap().pop_front();
            if let Some(inbound) = inbound {
                self.unacknowledged.lock().unwrap().push(inbound.clone());
                return Some(Event::Inbound(inbound));
            }
            self.said.notified().await;
        }
    }

    async fn acknowledge(&self, id: &InboundId) {
        self.hold.here(Cut::BeforeAcknowledge).await;
        self.unacknowledged.lock().unwrap().retain(|inbound| inbound.id != *id);
        self.acknowledged.send_modify(|count| *count += 1);
    }

    async fn send(&self, chat: &ChatId, message: &Outbound) -> Result<MessageRef, ChannelError> {
        self.hold.here(Cut::BeforeSend).await;
        self.put(message);
        self.hold.here(Cut::AfterSend).await;
        Ok(MessageRef { chat: chat.clone(), id: message.key.clone() })
    }

    async fn edit(&self, _: &MessageRef, new: &Outbound) -> Result<(), ChannelError> {
        self.put(new);
        Ok(())
    }

    async fn delete(&self, _: &MessageRef) -> Result<(), ChannelError> {
        Ok(())
    }

    async fn typing(&self, _: &ChatId) {}
}

pub struct World {
    dir: tempfile::TempDir,
    pub ledger: Arc<Ledger>,
    pub channel: Arc<FakeChannel>,
    pub vm: Arc<FakeVm>,
    hold: Arc<Hold>,
    running: Mutex<Option<JoinHandle<()>>>,
}

impl World {
    /// With a relay that runs.
    pub async fn new(script: Script) -> Self {
        let world = Self::stopped(script).await;
        world.run().await;
        world
    }

    pub async fn stopped(script: Script) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let ledger = Ledger::open(dir.path()).await.unwrap();
        let hold = Arc::new(Hold { at: Mutex::default(), reached: watch::Sender::new(false) });
        let channel = Arc::new(FakeChannel {
            capabilities: Capabilities {
                edits: true,
                deletes_theirs: false,
                buttons_max: 0,
                text_max: TEXT_MAX,
                text_unit: Unit::Bytes,
                edit_interval_ms: 1,
                secret_entry: SecretEntry::Hidden,
            },
            hold: hold.clone(),
            queue: Mutex::default(),
            unacknowledged: Mutex::default(),
            said: Notify::new(),
            acknowledged: watch::Sender::default(),
            messages: watch::Sender::default(),
        });
        let vm = Arc::new(FakeVm {
            script,
            hold: hold.clone(),
            asks: Mutex::default(),
            cancels: AtomicUsize::default(),
            begun: watch::Sender::default(),
        });
        Self { dir, ledger, channel, vm, hold, running: Mutex::default() }
    }

    pub async fn try_relay(&self, owner: &str) -> anyhow::Result<Arc<Relay>> {
        self.relay_over(owner, self.vm.clone()).await
    }

    /// A relay whose calls go through this transport.
    pub async fn relay_over(
        &self,
        owner: &str,
        transport: SharedTransport,
    ) -> anyhow::Result<Arc<Relay>> {
        let settings = settings(self.dir.path().to_owned(), owner);
        let ledger = Ledger::open(self.dir.path()).await?;
        let clock = Clock::following_tokio(1_700_000_000_000);
        let chance = Chance::system()?;
        Relay::start(settings, ledger, self.channel.clone(), transport, clock, chance)
    }

    async fn run(&self) {
        let relay = self.try_relay(OWNER).await.unwrap();
        let running = tokio::spawn(async move {
            relay.run(std::future::pending()).await;
        });
        *self.running.lock().unwrap() = Some(running);
    }

    /// Kills the relay when it comes to this place, and starts another on the same database.
    pub async fn cut_at(&self, cut: Cut) {
        self.kill().await;
        *self.hold.at.lock().unwrap() = Some(cut);
        self.channel.reconnected();
        self.run().await;
        self.hold.reached.subscribe().wait_for(|reached| *reached).await.unwrap();
        self.kill().await;
        *self.hold.at.lock().unwrap() = None;
        self.channel.reconnected();
        self.run().await;
    }

    async fn kill(&self) {
        let running = self.running.lock().unwrap().take();
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
        let waited = tokio::time::timeout(Duration::from_secs(20), stands).await;
        assert!(waited.is_ok(), "{expected:?} never stood; {:?} did", self.channel.texts());
    }

    /// Waits until so many deliveries were acknowledged and all work is done.
    pub async fn settled(&self, acknowledged: usize) {
        let mut count = self.channel.acknowledged.subscribe();
        count.wait_for(|count| *count >= acknowledged).await.unwrap();
        while !self.ledger.is_quiet().await.unwrap() {
            tokio::task::yield_now().await;
        }
    }
}

impl Drop for World {
    fn drop(&mut self) {
        if let Some(running) = self.running.lock().unwrap().take() {
            running.abort();
        }
    }
}

pub fn settings(data_dir: PathBuf, owner: &str) -> Settings {
    let secret =
        |kind, text: &str| Arc::new(Secret::new(kind, text.to_owned(), Audience::nobody()));
    Settings {
        owner: UserId(owner.into()),
        deployment: DeploymentId::from_random([0; DeploymentId::LENGTH]),
        data_dir,
        vm_url: Url::parse("http://vm.test").unwrap(),
        model_url: Url::parse("https://model.test").unwrap(),
        link_key: secret(SecretKind::LinkKey, "the link key"),
        model_proxy_token: secret(SecretKind::ModelProxyToken, "the proxy token"),
        model_key: Some(Arc::new(Secret::new(
            SecretKind::ModelKey,
            "sk-ant-api-the-key".to_owned(),
            Audience::of(["model.test"]),
        ))),
        limits: Limits::default(),
    }
}
