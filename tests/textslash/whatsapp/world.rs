//! A simulated Twilio on a socket, the adapter in front of it, and Ada with her phone.

use std::sync::Arc;
use std::time::Duration;

use adapters::channel::{Channel, ChannelError, ChannelEvent};
use adapters::chat::{ChatId, Inbound, MessageRef, Outbound};
use adapters::whatsapp::signature::{SignedContent, sign};
use adapters::whatsapp::{TwilioApis, WhatsAppChannel, WhatsAppChannelSettings};
use serde_json::Value;
use textslash::clock::Clock;
use textslash::http::NetworkTransport;
use textslash::random::Random;
use textslash::sandbox::twilio::{self, SimulatedTwilio};
use tokio::task::JoinSet;
use tokio::time::timeout;
use url::Url;

use super::description::TwilioDescription;
use crate::port::{RestartablePort, serve};

/// Generous: a promise that is kept is kept at once.
pub const PATIENCE: Duration = Duration::from_secs(60);

pub const ADAS_NUMBER: &str = "+4915112345678";

/// The adapter's.
pub const NUMBER: &str = "+15550001111";

pub struct WhatsAppWorld {
    pub simulated: Arc<SimulatedTwilio>,
    /// Where the simulated Twilio is.
    pub base: String,
    /// Where the adapter is, for Twilio and for the world.
    pub door: String,
    adapter: Option<Arc<WhatsAppChannel>>,
    port: RestartablePort,
    _servers: JoinSet<()>,
}

impl WhatsAppWorld {
    pub async fn new() -> Self {
        Self::with_clock(Clock::system()).await
    }

    pub async fn with_clock(clock: Clock) -> Self {
        let mut world = Self::idle(clock).await;
        world.simulated.set_callback(NUMBER, &format!("{}/whatsapp#rc=5&rp=all", world.door));
        world.starts();
        world
    }

    /// No adapter: whoever wants to be the bot may.
    pub async fn idle(clock: Clock) -> Self {
        let network = Arc::new(NetworkTransport::new().unwrap());
        let simulated = SimulatedTwilio::new(clock, Random::seeded(7), network);
        simulated.add_sender(NUMBER);
        let mut servers = JoinSet::new();
        let base = format!("http://{}", serve(&mut servers, simulated.router()).await);
        let port = RestartablePort::default();
        let door = format!("http://{}", serve(&mut servers, port.door()).await);
        Self { simulated, base, door, adapter: None, port, _servers: servers }
    }

    fn starts(&mut self) {
        let door = self.door.clone();
        self.starts_at(&door);
    }

    /// The adapter starts and believes that the world finds it here.
    pub fn starts_at(&mut self, public_url: &str) {
        let url: Url = self.base.parse().unwrap();
        let settings = WhatsAppChannelSettings {
            account_sid: self.simulated.account_sid().to_owned(),
            auth_token: self.simulated.auth_token().to_owned().into(),
            number: NUMBER.to_owned(),
            public_url: public_url.parse().unwrap(),
            apis: TwilioApis { api: url.clone(), messaging: url.clone(), content: url },
        };
        let adapter = WhatsAppChannel::start(settings).unwrap();
        self.port.set_router(adapter.router());
        self.adapter = Some(adapter);
    }

    /// The process dies in the midst of whatever it does, and another takes its place.
    pub fn dies_and_comes_back(&mut self) {
        self.adapter = None;
        self.port.dies();
        self.starts();
    }

    pub fn channel(&self) -> Arc<WhatsAppChannel> {
        self.adapter.clone().unwrap()
    }

    pub fn ada(&self) -> twilio::TwilioPerson {
        self.simulated.person(NUMBER, ADAS_NUMBER)
    }

    pub fn chat(&self) -> ChatId {
        ChatId(format!("whatsapp:{ADAS_NUMBER}"))
    }

    /// Ada, who has written, so that she may be written to.
    pub async fn ada_who_wrote(&self) -> twilio::TwilioPerson {
        let mut ada = self.ada();
        ada.says("hi");
        self.taken().await;
        ada
    }

    pub async fn tries(&self, key: &str, text: &str) -> Result<MessageRef, ChannelError> {
        self.channel().send(&self.chat(), &Outbound::text(key, text)).await
    }

    pub async fn sends(&self, key: &str, text: &str) -> MessageRef {
        self.tries(key, text).await.unwrap()
    }

    pub async fn event(&self) -> ChannelEvent {
        let next = timeout(PATIENCE, self.adapter.as_ref().unwrap().next()).await;
        next.expect("nothing came in").expect("it goes on")
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

    /// Waits until a message is refused because the window is closed.
    pub async fn is_unreachable(&self) {
        let mut n = 0;
        let refused = async {
            while self.tries(&format!("probe-{n}"), "anybody there?").await.is_ok() {
                n += 1;
                tokio::task::yield_now().await;
            }
        };
        timeout(PATIENCE, refused).await.expect("a closed window is noticed");
        assert_eq!(self.tries("probe", "?").await, Err(ChannelError::Unreachable));
    }

    /// A signed webhook as Twilio would send it, with these fields in place of the usual ones.
    pub async fn is_told(&self, fields: &[(&str, &str)]) -> (u16, String) {
        let form = self.form(fields);
        let url = format!("{}/whatsapp", self.door);
        let signature = sign(self.simulated.auth_token(), &url, SignedContent::Form(&form));
        self.posts("/whatsapp", &form, Some(&signature)).await
    }

    /// What Twilio says of a message, with these fields in place of the usual ones; those that are
    /// empty are left out.
    pub fn form(&self, fields: &[(&str, &str)]) -> Vec<(String, String)> {
        let sid = format!("SM{}", "0a".repeat(16));
        let usual = [
            ("MessageSid", sid.as_str()),
            ("SmsMessageSid", &sid),
            ("AccountSid", self.simulated.account_sid()),
            ("From", &format!("whatsapp:{ADAS_NUMBER}")),
            ("To", &format!("whatsapp:{NUMBER}")),
            ("WaId", ADAS_NUMBER.trim_start_matches('+')),
            ("Body", "hi"),
        ];
        let usual = usual.into_iter().filter(|(name, _)| fields.iter().all(|(it, _)| it != name));
        let all = usual.chain(fields.iter().copied()).filter(|(_, value)| !value.is_empty());
        all.map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
    }

    pub async fn posts(
        &self,
        path: &str,
        form: &[(String, String)],
        signature: Option<&str>,
    ) -> (u16, String) {
        let mut request = reqwest::Client::new()
            .post(format!("{}{path}", self.door))
            // Anybody may claim to have come by another name.
            .header("x-forwarded-host", "evil.example")
            .form(form);
        if let Some(signature) = signature {
            request = request.header("x-twilio-signature", signature);
        }
        let answer = request.send().await.unwrap();
        (answer.status().as_u16(), answer.text().await.unwrap())
    }

    /// How often something was called.
    pub fn calls(&self, method: &str, path_end: &str) -> Vec<Value> {
        let calls = self.simulated.calls().into_iter();
        let found = calls.filter(|(it, path, _)| it == method && path.ends_with(path_end));
        found.map(|(_, _, parameters)| parameters).collect()
    }

    /// Asserts that everything that was called so far is described, parameter by parameter.
    pub fn expect_only_described_calls(&self) {
        let Some(description) = TwilioDescription::load() else { return };
        let calls = self.simulated.calls();
        assert!(!calls.is_empty(), "the check is blind");
        for (method, path, parameters) in calls {
            let wrong = description.check_call(&method, &path, &parameters);
            assert_eq!(wrong, Vec::<String>::new(), "{method} {path} {parameters}");
        }
    }
}
