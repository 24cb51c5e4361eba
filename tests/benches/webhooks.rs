//! What a webhook costs: `cargo bench --bench webhooks`.
//!
//! Three ways of taking the same signed messages, side by side in one run: a bare axum handler that
//! does the same parsing and the same check and answers; our channel, acknowledged at once; and our
//! channel with the conversation's step written to its database before it is acknowledged. CPU is
//! the whole process's, in microseconds a message; then the real bot is started, idle and with a
//! thousand conversations at once.

#![expect(clippy::print_stdout, reason = "a bench prints its figures")]
#![expect(clippy::unwrap_used, reason = "a bench that cannot measure should stop")]

use std::sync::Arc;
use std::time::{Duration, Instant};

use adapters::channel::{Channel, ChannelEvent};
use adapters::telegram::{self, TelegramChannel, UpdateSource};
use adapters::whatsapp::signature::{SignedContent, sign, verify};
use adapters::whatsapp::{self, WhatsAppChannel};
use axum::Router;
use axum::body::{Body, Bytes, to_bytes};
use axum::http::{HeaderMap, Request, StatusCode};
use axum::routing::post;
use nix::sys::resource::{UsageWho, getrusage};
use nix::sys::time::TimeValLike;
use subtle::ConstantTimeEq;
use textslash::clock::Clock;
use textslash::conversation::ConversationState;
use textslash::http::NetworkTransport;
use textslash::random::Random;
use textslash::sandbox::telegram::SimulatedTelegram;
use textslash::store;
use textslash::store::conversations::{ConversationStep, Conversations};
use tower::ServiceExt;
use url::form_urlencoded;

/// Messages of one measurement: some seconds with a database.
const MESSAGES: usize = 3_000;

/// What the first messages cost more is no one's everyday.
const WARM_UP: usize = 300;

const TELEGRAM_SECRET: &str = "13872224d5ebdc48a0f89987ad953fc244af2d3e577aecdf543069cc1aad0c02";
const TWILIO_TOKEN: &str = "0123456789abcdef0123456789abcdef";
const ACCOUNT: &str = "AC0123456789abcdef0123456789abcdef";
const NUMBER: &str = "+14155238886";
const URL: &str = "https://bot.example";

#[path = "webhooks/bot.rs"]
mod bot;

type RequestMaker = fn(usize) -> Request<Body>;

#[tokio::main]
async fn main() {
    println!("| messages | CPU, µs | beside bare | p50, µs | p99, µs |\n|---|---|---|---|---|");
    let telegram: RequestMaker = telegram_message;
    let bare = row("Telegram, bare handler", bare_telegram(), telegram, None).await;
    row(
        "Telegram, our channel",
        acknowledged(telegram_channel().await, None),
        telegram,
        Some(bare),
    )
    .await;
    let database = BenchDatabase::new().await;
    row(
        "Telegram, with the database",
        acknowledged(telegram_channel().await, Some(database)),
        telegram,
        Some(bare),
    )
    .await;

    let whatsapp: RequestMaker = whatsapp_message;
    let bare = row("WhatsApp, bare handler", bare_whatsapp(), whatsapp, None).await;
    row("WhatsApp, our channel", acknowledged(whatsapp_channel(), None), whatsapp, Some(bare))
        .await;
    let database = BenchDatabase::new().await;
    row(
        "WhatsApp, with the database",
        acknowledged(whatsapp_channel(), Some(database)),
        whatsapp,
        Some(bare),
    )
    .await;
    bot::figures().await;
}

/// Measures one way of taking messages; its CPU a message.
async fn row(what: &str, router: Router, make: RequestMaker, bare: Option<f64>) -> f64 {
    for n in 0..WARM_UP {
        take(&router, make(MESSAGES + n)).await;
    }
    let requests: Vec<_> = (0..MESSAGES).map(make).collect();
    let mut took = Vec::with_capacity(MESSAGES);
    let before = cpu();
    for request in requests {
        let began = Instant::now();
        take(&router, request).await;
        took.push(began.elapsed());
    }
    let cpu_us = (cpu() - before).as_secs_f64() * 1e6 / MESSAGES as f64;
    took.sort();
    let at = |share: f64| took[(share * (MESSAGES - 1) as f64) as usize].as_secs_f64() * 1e6;
    let beside = bare.map_or("1.0".to_owned(), |bare| format!("{:.1}", cpu_us / bare));
    println!("| {what} | {cpu_us:.0} | {beside} | {:.0} | {:.0} |", at(0.5), at(0.99));
    cpu_us
}

async fn take(router: &Router, request: Request<Body>) {
    let response = router.clone().oneshot(request).await.unwrap();
    assert_eq!(response.status(), StatusCode::OK);
    to_bytes(response.into_body(), 1024).await.unwrap();
}

fn cpu() -> Duration {
    let usage = getrusage(UsageWho::RUSAGE_SELF).unwrap();
    let us = usage.user_time().num_microseconds() + usage.system_time().num_microseconds();
    Duration::from_micros(us.unsigned_abs())
}

fn telegram_message(n: usize) -> Request<Body> {
    Request::post("/telegram")
        .header("content-type", "application/json")
        .header("x-telegram-bot-api-secret-token", TELEGRAM_SECRET)
        .body(Body::from(telegram_body(n, 7_001)))
        .unwrap()
}

fn telegram_body(n: usize, person: u64) -> String {
    let body = serde_json::json!({
        "update_id": n + 1,
        "message": {
            "message_id": n + 1, "date": 1_790_000_000,
            "chat": { "id": person, "type": "private", "first_name": "Ada" },
            "from": { "id": person, "is_bot": false, "first_name": "Ada", "language_code": "en" },
            "text": "clone my repository and run its tests",
        },
    });
    body.to_string()
}

fn whatsapp_message(n: usize) -> Request<Body> {
    let sid = format!("SM{n:032x}");
    let fields = [
        ("SmsMessageSid", sid.as_str()),
        ("NumMedia", "0"),
        ("ProfileName", "Ada"),
        ("SmsSid", &sid),
        ("WaId", "4915112345678"),
        ("SmsStatus", "received"),
        ("Body", "clone my repository and run its tests"),
        ("To", "whatsapp:+14155238886"),
        ("NumSegments", "1"),
        ("MessageSid", &sid),
        ("AccountSid", ACCOUNT),
        ("From", "whatsapp:+4915112345678"),
        ("ApiVersion", "2010-04-01"),
    ];
    let form: Vec<(String, String)> =
        fields.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    let signature = sign(TWILIO_TOKEN, &format!("{URL}/whatsapp"), SignedContent::Form(&form));
    let body = form_urlencoded::Serializer::new(String::new()).extend_pairs(&form).finish();
    Request::post("/whatsapp")
        .header("content-type", "application/x-www-form-urlencoded")
        .header("x-twilio-signature", signature)
        .body(Body::from(body))
        .unwrap()
}

fn bare_telegram() -> Router {
    let handler = async |headers: HeaderMap, body: Bytes| {
        let shown = headers.get("x-telegram-bot-api-secret-token").unwrap();
        let is_telegrams: bool = shown.as_bytes().ct_eq(TELEGRAM_SECRET.as_bytes()).into();
        let update: serde_json::Value = serde_json::from_slice(&body).unwrap();
        match is_telegrams && update["message"]["text"].is_string() {
            true => StatusCode::OK,
            false => StatusCode::UNAUTHORIZED,
        }
    };
    Router::new().route("/telegram", post(handler))
}

fn bare_whatsapp() -> Router {
    let handler = async |headers: HeaderMap, body: Bytes| {
        let shown = headers.get("x-twilio-signature").unwrap().to_str().unwrap();
        let form: Vec<(String, String)> = form_urlencoded::parse(&body).into_owned().collect();
        let url = format!("{URL}/whatsapp");
        match verify(TWILIO_TOKEN, &url, SignedContent::Form(&form), shown) {
            true => StatusCode::OK,
            false => StatusCode::FORBIDDEN,
        }
    };
    Router::new().route("/whatsapp", post(handler))
}

async fn telegram_channel() -> (Arc<dyn Channel>, Router) {
    let network = Arc::new(NetworkTransport::new().unwrap());
    let simulated = SimulatedTelegram::new(Clock::system(), Random::seeded(1), network);
    let token = simulated.mint_bot("bench_bot");
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let api_url = format!("http://{}", listener.local_addr().unwrap());
    let router = simulated.router();
    tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
    let updates = UpdateSource::Webhook { secret: TELEGRAM_SECRET.to_owned().into() };
    let settings = telegram::TelegramChannelSettings { token: token.into(), api_url, updates };
    let channel = TelegramChannel::start(settings).await.unwrap();
    let router = channel.router();
    (channel, router)
}

fn whatsapp_channel() -> (Arc<dyn Channel>, Router) {
    let nowhere = "http://127.0.0.1:9".parse::<url::Url>().unwrap();
    let channel = WhatsAppChannel::start(whatsapp::WhatsAppChannelSettings {
        account_sid: ACCOUNT.to_owned(),
        auth_token: TWILIO_TOKEN.to_owned().into(),
        number: NUMBER.to_owned(),
        public_url: URL.parse().unwrap(),
        apis: whatsapp::TwilioApis {
            api: nowhere.clone(),
            messaging: nowhere.clone(),
            content: nowhere,
        },
    })
    .unwrap();
    let router = channel.router();
    (channel, router)
}

/// A core that takes each message: at once, or when its step is in the database.
fn acknowledged(
    (channel, router): (Arc<dyn Channel>, Router),
    database: Option<BenchDatabase>,
) -> Router {
    tokio::spawn(async move {
        let mut written = 0;
        while let Some(event) = channel.next().await {
            let ChannelEvent::Inbound(inbound) = event else { continue };
            if let Some(database) = &database {
                let conversations = Conversations::new(database.pool.clone(), channel.name());
                let state = ConversationState::default();
                let step = ConversationStep {
                    invitation: None,
                    deletes: &[],
                    deleted: None,
                    wrong_code_of: None,
                    forgets: None,
                    chat: &inbound.chat,
                    person: &inbound.from,
                    state: &state,
                    inbound: Some(&inbound.id),
                    version: None,
                    outbound: &[],
                    first_seq: written,
                    at_ms: 1_790_000_000_000,
                };
                conversations.save(&step).await.unwrap();
                written += 1;
            }
            channel.acknowledge(&inbound.id).await;
        }
    });
    router
}

struct BenchDatabase {
    pool: sqlx::AnyPool,
    _directory: tempfile::TempDir,
}

impl BenchDatabase {
    async fn new() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let pool = store::open(&directory.path().join("bench.db"), &store::SCHEMA).await.unwrap();
        Self { pool, _directory: directory }
    }
}
