//! A simulated Discord on a socket, the adapter in front of it, and Ada with her phone.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use adapters::channel::{Channel, ChannelError, ChannelEvent};
use adapters::chat::{ChatId, Inbound, InboundContent, MessageRef, Outbound};
use adapters::discord::{DiscordChannel, DiscordChannelSettings};
use serde_json::Value;
use textslash::clock::Clock;
use textslash::random::Random;
use textslash::sandbox::discord as simulated;
use tokio::task::JoinSet;

use super::description::DiscordDescription;
use crate::port::serve;

/// Generous: a promise that is kept is kept at once.
pub const PATIENCE: Duration = Duration::from_secs(60);

pub const ADA: u64 = 7_001;

pub struct DiscordWorld {
    pub simulated: Arc<simulated::SimulatedDiscord>,
    pub token: String,
    pub base: String,
    adapter: Option<Arc<DiscordChannel>>,
    _servers: JoinSet<()>,
}

impl DiscordWorld {
    pub async fn new() -> Self {
        let mut world = Self::idle().await;
        world.starts().await;
        world
    }

    /// No adapter: whoever wants to be the bot may.
    pub async fn idle() -> Self {
        let simulated = simulated::SimulatedDiscord::new(Clock::system(), Random::seeded(7));
        let token = simulated.mint_bot("textslash");
        let mut servers = JoinSet::new();
        let base = format!("http://{}", serve(&mut servers, simulated.router()).await);
        Self { simulated, token, base, adapter: None, _servers: servers }
    }

    pub fn settings(&self, token: &str) -> DiscordChannelSettings {
        DiscordChannelSettings { token: token.to_owned().into(), api_url: Some(self.base.clone()) }
    }

    pub async fn starts(&mut self) {
        self.adapter = Some(DiscordChannel::start(self.settings(&self.token)).await.unwrap());
    }

    /// The process dies in the midst of whatever it does.
    pub async fn dies(&mut self) {
        self.adapter = None;
        in_time("the connection ends", self.simulated.gateway().has_connections(0)).await;
    }

    pub fn channel(&self) -> Arc<DiscordChannel> {
        self.adapter.clone().unwrap()
    }

    pub fn ada(&self) -> simulated::DiscordPerson {
        self.simulated.person(&self.token, ADA)
    }

    pub fn chat(&self) -> ChatId {
        ChatId(self.ada().channel().to_string())
    }

    pub async fn tries(&self, message: &Outbound) -> Result<MessageRef, ChannelError> {
        self.channel().send(&self.chat(), message).await
    }

    pub async fn sends(&self, key: &str, text: &str) -> MessageRef {
        self.tries(&Outbound::text(key, text)).await.unwrap()
    }

    /// The next thing somebody did, safe with us from now on.
    pub async fn taken(&self) -> Inbound {
        let channel = self.channel();
        let next = in_time("something comes in", channel.next()).await.expect("it goes on");
        let ChannelEvent::Inbound(inbound) = next else { panic!("{next:?}") };
        channel.acknowledge(&inbound.id).await;
        inbound
    }

    /// The next line that somebody wrote.
    pub async fn hears(&self) -> String {
        match self.taken().await.content {
            InboundContent::Text(text) => text.to_string(),
            other => panic!("not a line: {other:?}"),
        }
    }

    /// Bodies of the calls so far with this method, to paths that end so.
    pub fn calls(&self, method: &str, path: &str) -> Vec<Value> {
        let calls = self.simulated.calls().into_iter();
        let these = calls.filter(|(of, to, _)| of == method && to.ends_with(path));
        these.map(|(_, _, body)| body).collect()
    }

    /// Asserts that everything that was called so far is described, field by field.
    pub fn expect_only_described_calls(&self) {
        let Some(description) = DiscordDescription::load() else { return };
        let calls = self.simulated.calls();
        assert!(!calls.is_empty(), "the check is blind");
        for (method, path, body) in calls {
            let wrong = description.check_call(&method, &path, &body);
            assert_eq!(wrong, Vec::<String>::new(), "{method} {path} {body}");
        }
    }

    /// Calls the API as a program would, and checks call and answer against the description.
    pub async fn asks(&self, method: &str, path: &str, named: &str, body: &Value) -> (u16, Value) {
        let (status, answer) = self.calls_api(method, path, body).await;
        if let Some(description) = DiscordDescription::load() {
            let wrong = description.check_call(method, named, body);
            assert_eq!(wrong, Vec::<String>::new(), "{method} {path} {body}");
            let wrong = description.check_answer(method, named, status, &answer);
            assert_eq!(wrong, Vec::<String>::new(), "{method} {path} answered {answer}");
        }
        (status, answer)
    }

    pub async fn calls_api(&self, method: &str, path: &str, body: &Value) -> (u16, Value) {
        let url = format!("{}/api/v10{path}", self.base);
        let request = reqwest::Client::new().request(method.parse().unwrap(), url);
        let request = request.header("authorization", format!("Bot {}", self.token));
        let request = if body.is_null() { request } else { request.json(body) };
        let answer = request.send().await.unwrap();
        let status = answer.status().as_u16();
        let text = answer.text().await.unwrap();
        (status, serde_json::from_str(&text).unwrap_or(Value::String(text)))
    }
}

pub async fn in_time<T>(what: &str, happens: impl Future<Output = T>) -> T {
    let happened = tokio::time::timeout(PATIENCE, happens).await;
    happened.unwrap_or_else(|_| panic!("never: {what}"))
}
