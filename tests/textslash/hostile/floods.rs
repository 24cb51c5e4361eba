//! Answers of 20 MB, from every vendor: refused where the interface's own bound is, with the rest
//! left unread.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use adapters::channel::Channel;
use adapters::chat::{Attachment, ChatId, Outbound, OutboundFile};
use adapters::discord::DiscordChannel;
use adapters::telegram::{self, TelegramChannel, UpdateSource};
use adapters::whatsapp::{self, TwilioApis, WhatsAppChannel};
use adapters::{channel::ChannelError, discord};
use async_trait::async_trait;
use axum::Router;
use axum::body::Body;
use bytes::Bytes;
use futures::StreamExt;
use parking_lot::Mutex;
use textslash::chat_service::{ChatEndpoints, ChatServices, ServiceError};
use textslash::clock::Clock;
use textslash::cloud::FailureCause;
use textslash::cloud::Provider;
use textslash::cloud::fly::macaroon::{Caveat, Macaroon, PERMISSION_LOCATION};
use textslash::cloud::fly::{FlyEndpoints, FlyProvider};
use textslash::credential_format::CredentialRejection;
use textslash::http as transport;
use textslash::http::{NetworkTransport, StreamedResponse, Transport, TransportError};
use textslash::model::ModelVendor;
use textslash::model::anthropic::{self, Anthropic};
use textslash::random::Random;
use textslash::sandbox;
use textslash::secret::SecretKind;
use tokio::task::JoinSet;

use crate::port::{RestartablePort, serve};

const FLOOD: usize = 20 << 20;

const PIECE: &[u8] = &[b' '; 64 * 1024];

/// The most that any interface's answer may have.
const FLYS_MAX: usize = 4 << 20;

/// The most of a service that is only asked about a key.
const CHECK_MAX: usize = 256 << 10;

/// How much of a flood was taken.
type BytesTaken = Arc<AtomicUsize>;

fn flood(taken: BytesTaken) -> impl futures::Stream<Item = Result<Bytes, TransportError>> + Send {
    futures::stream::iter(0..FLOOD / PIECE.len()).map(move |_| {
        taken.fetch_add(PIECE.len(), Ordering::Relaxed);
        Ok(Bytes::from_static(PIECE))
    })
}

/// How much of each answer was taken.
#[derive(Default)]
struct FloodCounts(Mutex<Vec<BytesTaken>>);

impl FloodCounts {
    fn next(&self) -> BytesTaken {
        let taken = BytesTaken::default();
        self.0.lock().push(taken.clone());
        taken
    }

    /// That something was asked, and that of no answer more than `most` was read.
    fn expect_taken(&self, most: usize) {
        let all = std::mem::take(&mut *self.0.lock());
        assert!(!all.is_empty(), "nothing was asked");
        for taken in all {
            let taken = taken.load(Ordering::Relaxed);
            assert!(taken > 0 && taken <= most, "{taken} bytes were read");
        }
    }
}

/// A transport at whose other end everybody floods.
struct FloodingTransport {
    status: u16,
    floods: FloodCounts,
}

impl FloodingTransport {
    fn with(status: u16) -> Arc<Self> {
        Arc::new(Self { status, floods: FloodCounts::default() })
    }

    fn expect_taken(&self, most: usize) {
        self.floods.expect_taken(most + PIECE.len());
    }
}

#[async_trait]
impl Transport for FloodingTransport {
    async fn send(
        &self,
        _request: http::Request<Bytes>,
    ) -> Result<StreamedResponse, TransportError> {
        let (mut head, ()) = http::Response::new(()).into_parts();
        head.status = self.status.try_into().unwrap();
        Ok(StreamedResponse { head, body: flood(self.floods.next()).boxed() })
    }
}

fn fly_token() -> String {
    let mut token = Macaroon::mint(b"fly's key", b"kid", [1; 16], PERMISSION_LOCATION);
    token.attenuate(Caveat::Organization { id: 1, mask: 31 });
    token.encode().to_string()
}

#[tokio::test(start_paused = true)]
async fn a_cloud_that_floods_is_not_read_to_the_end() {
    for status in [200, 401, 500] {
        let flooded = FloodingTransport::with(status);
        let clock = Clock::from_tokio(1_700_000_000_000);
        let fly = FlyProvider::new(flooded.clone(), FlyEndpoints::real(), clock, Random::seeded(1));
        let Ok(token) = fly.check_format(&fly_token()) else { panic!("a good token") };
        let refusal = fly.preflight(&token).await.map(drop).expect_err("no answer of Fly's");
        assert_ne!(refusal.cause, FailureCause::TokenRefused, "{refusal:?}");
        flooded.expect_taken(FLYS_MAX);
        let found = fly.open_for_teardown(token).find().await;
        assert!(found.is_err(), "nothing is known, and not nothing found");
        flooded.expect_taken(FLYS_MAX);
    }
}

#[tokio::test(start_paused = true)]
async fn a_service_that_floods_when_it_is_asked_about_a_key_is_out_of_reach() {
    for status in [200, 401, 500] {
        let flooded = FloodingTransport::with(status);
        let api = anthropic::API_URL.parse().unwrap();
        let model = Anthropic::new(flooded.clone(), api, Vec::new());
        let key = model.check_format(&format!("sk-ant-api03-{}", "a".repeat(40))).unwrap();
        let checked = model.check(&key).await;
        assert_eq!(checked, Err(CredentialRejection::VendorUnreachable));
        flooded.expect_taken(CHECK_MAX);

        let endpoints = ChatEndpoints::real();
        let services = ChatServices::new(flooded.clone(), endpoints, Vec::new());
        for (kind, pasted) in [
            (SecretKind::TelegramToken, format!("1234567890:{}", "A".repeat(35))),
            (
                SecretKind::DiscordToken,
                format!("{}.{}.{}", "a".repeat(24), "b".repeat(6), "c".repeat(38)),
            ),
            (SecretKind::TwilioKey, format!("AC{} {}", "1".repeat(32), "2".repeat(32))),
        ] {
            let service = services.of_key(kind).unwrap();
            let key = service.check_format(&pasted).unwrap();
            assert_eq!(
                service.check(&key).await,
                Err(CredentialRejection::VendorUnreachable),
                "{kind:?}"
            );
            flooded.expect_taken(CHECK_MAX);
            if kind != SecretKind::DiscordToken {
                let leads = service.current_webhook(&key, "+15550001111").await;
                assert_eq!(leads, Err(ServiceError::Unreachable), "{kind:?}");
                flooded.expect_taken(CHECK_MAX);
            }
        }
    }
}

/// Whatever is called floods, over sockets.
fn flooding(floods: Arc<FloodCounts>) -> Router {
    Router::new().fallback(move |_: axum::extract::Request| {
        let taken = floods.next();
        async move { Body::from_stream(flood(taken)) }
    })
}

async fn telegram(port: &RestartablePort, base: String) -> Arc<dyn Channel> {
    let network = Arc::new(NetworkTransport::new().unwrap());
    let service =
        sandbox::telegram::SimulatedTelegram::new(Clock::system(), Random::seeded(5), network);
    let token = service.mint_bot("a_bot").into();
    port.set_router(service.router());
    let updates = UpdateSource::Webhook { secret: "s".repeat(32).into() };
    TelegramChannel::start(telegram::TelegramChannelSettings { token, api_url: base, updates })
        .await
        .unwrap()
}

async fn discord(port: &RestartablePort, base: String) -> Arc<dyn Channel> {
    let service = sandbox::discord::SimulatedDiscord::new(Clock::system(), Random::seeded(5));
    let token = service.mint_bot("a_bot").into();
    port.set_router(service.router());
    DiscordChannel::start(discord::DiscordChannelSettings { token, api_url: Some(base) })
        .await
        .unwrap()
}

fn whatsapp(base: &str) -> Arc<dyn Channel> {
    let base = || base.parse().unwrap();
    let settings = whatsapp::WhatsAppChannelSettings {
        account_sid: format!("AC{}", "0".repeat(32)),
        auth_token: "t".repeat(32).into(),
        number: "+15550001111".to_owned(),
        public_url: "https://bot.example".parse().unwrap(),
        apis: TwilioApis { api: base(), messaging: base(), content: base() },
    };
    WhatsAppChannel::start(settings).unwrap()
}

/// What becomes of messages, and of a file to a chat.
async fn uses(channel: &dyn Channel) -> Vec<Result<(), ChannelError>> {
    let chat = ChatId("77".to_owned());
    let file = OutboundFile {
        key: "k2".to_owned(),
        name: "a.txt".to_owned(),
        media_type: "text/plain".to_owned(),
        bytes: Bytes::from_static(b"text"),
        caption: String::new(),
    };
    let sent = channel.send(&chat, &Outbound::text("k1", "hi")).await;
    vec![sent.map(drop), channel.send_file(&chat, &file).await.map(drop)]
}

async fn fetches(channel: &dyn Channel, id: &str) -> Result<(), ChannelError> {
    let (name, media_type, bytes, caption) = ("a".to_owned(), None, None, String::new());
    let attachment = Attachment { id: id.to_owned(), name, media_type, bytes, caption };
    channel.fetch(&attachment).await.map(drop)
}

#[tokio::test]
async fn a_chat_that_floods_is_not_read_to_the_end() {
    for name in ["telegram", "discord", "whatsapp"] {
        let (port, mut servers) = (RestartablePort::default(), JoinSet::new());
        let base = format!("http://{}", serve(&mut servers, port.door()).await);
        let channel = match name {
            "telegram" => telegram(&port, base).await,
            "discord" => discord(&port, base).await,
            _ => whatsapp(&base),
        };
        let floods = Arc::<FloodCounts>::default();
        port.set_router(flooding(floods.clone()));
        for end in uses(&*channel).await {
            assert_eq!(end, Err(ChannelError::InDoubt), "{name} believed a flood");
        }
        if name == "whatsapp" {
            floods.expect_taken(FLOOD - 1);
            let sid = |kind: &str| format!("{kind}{}", "0".repeat(32));
            let end = fetches(&*channel, &format!("{}/{}", sid("SM"), sid("ME"))).await;
            assert_eq!(end, Err(ChannelError::Refused("the file is too large")));
        } else {
            let end = fetches(&*channel, "1/2/3").await;
            assert_eq!(end, Err(ChannelError::InDoubt), "{name} believed a flood");
            floods.expect_taken(FLOOD - 1);
        }
    }
}

#[tokio::test]
async fn a_flood_is_as_long_as_it_is_said_to_be() {
    let (floods, mut servers) = (Arc::<FloodCounts>::default(), JoinSet::new());
    let url = format!("http://{}", serve(&mut servers, flooding(floods.clone())).await);
    let read = reqwest::get(url).await.unwrap().bytes().await.unwrap();
    let taken = floods.0.lock()[0].load(Ordering::Relaxed);
    assert_eq!((read.len(), taken), (FLOOD, FLOOD));
    let flooded = FloodingTransport::with(200);
    let request = http::Request::get("https://api.example/").body(Bytes::new()).unwrap();
    let patience = std::time::Duration::from_secs(60);
    let answer = transport::call(&*flooded, request, patience, FLOOD).await.unwrap();
    assert_eq!(answer.body.len(), FLOOD);
}
