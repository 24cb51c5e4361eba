//! A simulated Telegram on a socket, the adapter in front of it, and Ada with her phone.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use adapters::channel::{Channel, ChannelEvent};
use adapters::chat::{ChatId, Inbound, MessageRef, Outbound};
use adapters::telegram::{TelegramChannel, TelegramChannelSettings, UpdateSource};
use serde_json::{Value, json};
use textslash::clock::Clock;
use textslash::http::NetworkTransport;
use textslash::random::Random;
use textslash::sandbox::telegram as simulated;
use tokio::task::JoinSet;

use super::description::TelegramDescription;
use crate::port::{RestartablePort, serve};

/// Generous: a promise that is kept is kept at once.
pub const PATIENCE: Duration = Duration::from_secs(60);

pub const ADA: u64 = 7_001;

/// What Telegram shows at the webhook.
pub const SECRET: &str = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

/// How updates come in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UpdateMode {
    Polling,
    Webhook,
}

/// Both, since every promise must hold on both.
pub const WAYS: [UpdateMode; 2] = [UpdateMode::Polling, UpdateMode::Webhook];

pub struct TelegramWorld {
    pub simulated: Arc<simulated::SimulatedTelegram>,
    pub token: String,
    pub base: String,
    mode: UpdateMode,
    adapter: Option<Arc<TelegramChannel>>,
    port: RestartablePort,
    _servers: JoinSet<()>,
}

impl TelegramWorld {
    pub async fn new(way: UpdateMode) -> Self {
        Self::with_clock(way, Clock::system()).await
    }

    /// No adapter: whoever wants to be the bot may.
    pub async fn idle() -> Self {
        Self::made(UpdateMode::Polling, Clock::system()).await.0
    }

    pub async fn with_clock(way: UpdateMode, clock: Clock) -> Self {
        let (mut world, door) = Self::made(way, clock).await;
        if way == UpdateMode::Webhook {
            let url = format!("http://{door}/telegram");
            let set = json!({ "url": url, "secret_token": SECRET });
            assert_eq!(world.calls("setWebhook", set).await.1["ok"], true);
        }
        world.starts().await;
        world
    }

    async fn made(way: UpdateMode, clock: Clock) -> (Self, SocketAddr) {
        let network = Arc::new(NetworkTransport::new().unwrap());
        let simulated = simulated::SimulatedTelegram::new(clock, Random::seeded(7), network);
        let token = simulated.mint_bot("textslash_bot");
        let mut servers = JoinSet::new();
        let base = format!("http://{}", serve(&mut servers, simulated.router()).await);
        let port = RestartablePort::default();
        let door = serve(&mut servers, port.door()).await;
        let world =
            Self { simulated, token, base, mode: way, adapter: None, port, _servers: servers };
        (world, door)
    }

    pub fn channel(&self) -> Arc<TelegramChannel> {
        self.adapter.clone().unwrap()
    }

    async fn starts(&mut self) {
        let updates = match self.mode {
            UpdateMode::Polling => UpdateSource::Polling,
            UpdateMode::Webhook => UpdateSource::Webhook { secret: SECRET.to_owned().into() },
        };
        let settings = TelegramChannelSettings {
            token: self.token.clone().into(),
            api_url: self.base.clone(),
            updates,
        };
        let adapter = TelegramChannel::start(settings).await.unwrap();
        self.port.set_router(adapter.router());
        self.adapter = Some(adapter);
    }

    /// The process dies in the midst of whatever it does, and another takes its place.
    pub async fn dies_and_comes_back(&mut self) {
        self.adapter = None;
        self.port.dies();
        self.starts().await;
    }

    pub fn ada(&self) -> simulated::TelegramPerson {
        self.simulated.person(&self.token, ADA, "de")
    }

    pub fn chat(&self) -> ChatId {
        ChatId(ADA.to_string())
    }

    pub async fn sends(&self, key: &str, text: &str) -> MessageRef {
        self.channel().send(&self.chat(), &Outbound::text(key, text)).await.unwrap()
    }

    pub async fn event(&self) -> ChannelEvent {
        let channel = self.channel();
        let next = tokio::time::timeout(PATIENCE, channel.next()).await;
        next.unwrap_or_else(|_| panic!("nothing came in by {:?}", self.mode)).expect("it goes on")
    }

    /// The next thing somebody did; it is not acknowledged.
    pub async fn inbound(&self) -> Inbound {
        loop {
            if let ChannelEvent::Inbound(inbound) = self.event().await {
                return inbound;
            }
        }
    }

    /// The next thing somebody did, safe with us from now on.
    pub async fn taken(&self) -> Inbound {
        let inbound = self.inbound().await;
        self.channel().acknowledge(&inbound.id).await;
        inbound
    }

    /// Calls a method as a program would, with JSON, and checks call and answer against the
    /// description.
    pub async fn calls(&self, method: &str, parameters: Value) -> (u16, Value) {
        let (status, answer) = self.posts(method, "application/json", parameters.to_string()).await;
        if let (Some(description), 200) = (TelegramDescription::load(), status) {
            let wrong = description.check_call(method, &parameters);
            assert_eq!(wrong, Vec::<String>::new(), "{method} {parameters}");
            let wrong = description.check_result(method, &answer["result"]);
            assert_eq!(wrong, Vec::<String>::new(), "{method} answered {answer}");
        }
        (status, answer)
    }

    pub async fn posts(
        &self,
        method: &str,
        kind: &str,
        body: impl Into<reqwest::Body>,
    ) -> (u16, Value) {
        let url = format!("{}/bot{}/{method}", self.base, self.token);
        let request = reqwest::Client::new().post(url).header("content-type", kind).body(body);
        read(request.send().await.unwrap()).await
    }

    /// Asserts that everything that was called so far is described, parameter by parameter.
    pub fn expect_only_described_calls(&self) {
        let Some(description) = TelegramDescription::load() else { return };
        let calls = self.simulated.calls();
        assert!(!calls.is_empty(), "the check is blind");
        for (method, parameters) in calls {
            let wrong = description.check_call(&method, &parameters);
            assert_eq!(wrong, Vec::<String>::new(), "{method} {parameters}");
        }
    }
}

pub async fn read(answer: reqwest::Response) -> (u16, Value) {
    let status = answer.status().as_u16();
    let text = answer.text().await.unwrap();
    (status, serde_json::from_str(&text).unwrap_or(Value::String(text)))
}
