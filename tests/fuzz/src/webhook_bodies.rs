//! What comes in where Telegram and Twilio call, and what Discord's gateway tells: the first byte
//! chooses the service, the second whether the call is signed as the service signs, or what Discord
//! tells of; the rest is the body.

use std::sync::{Arc, LazyLock};

use adapters::channel::{Channel, ChannelEvent};
use adapters::telegram::{self, TelegramChannel, UpdateSource};
use adapters::whatsapp::signature::{SignedContent, sign};
use adapters::whatsapp::{self, TwilioApis, WhatsAppChannel};
use axum::Router;
use axum::body::Body;
use textslash::clock::Clock;
use textslash::random::Random;
use textslash::sandbox::in_process::InProcess;
use textslash::sandbox::telegram as simulated;
use tokio::net::TcpListener;
use tower::ServiceExt;

use super::discord_payloads::discord_payloads;

const SECRET: &str = "0123456789abcdef0123456789abcdef";
const AUTH_TOKEN: &str = "0123456789abcdef0123456789abcdef";
const PUBLIC_URL: &str = "https://bot.example";

/// What Twilio sends at least.
const MESSAGE: &str = "MessageSid=SM00000000000000000000000000000001&\
    SmsMessageSid=SM00000000000000000000000000000001&AccountSid=AC00000000000000000000000000000000&\
    From=whatsapp%3A%2B4915112345678&To=whatsapp%3A%2B15550001111&WaId=4915112345678";

/// What else Twilio documents of a message, and of one on WhatsApp.
const DOCUMENTED: &str = "ApiVersion Body ButtonPayload ButtonText ButtonType ChannelMetadata \
                          ErrorCode ErrorUrl \
    Forwarded FrequentlyForwarded FromCity FromCountry FromState FromZip Latitude Longitude \
    Address Label ListId \
    ListTitle MessageType MessagingServiceSid NumMedia NumSegments OriginalRepliedMessageSender \
    OriginalRepliedMessageSid ProfileName ReferralNumMedia SmsSid SmsStatus ToCountry";

fn is_documented(name: &str) -> bool {
    let of_medium = ["MediaUrl", "MediaContentType"];
    let number = of_medium.iter().find_map(|medium| name.strip_prefix(medium));
    match number {
        Some(number) => matches!(number.as_bytes(), [b'0'..=b'9']),
        None => DOCUMENTED.split(' ').any(|it| it == name),
    }
}

/// Both services' doors, behind which everything is taken at once.
struct WebhookWorld {
    runtime: tokio::runtime::Runtime,
    telegram: Router,
    whatsapp: Router,
}

static DOORS: LazyLock<WebhookWorld> = LazyLock::new(|| {
    let mut runtime = tokio::runtime::Builder::new_multi_thread();
    let runtime = runtime.worker_threads(1).enable_all().build().expect("a runtime");
    let (telegram, whatsapp) = runtime.block_on(async { (telegram().await, whatsapp()) });
    WebhookWorld { runtime, telegram, whatsapp }
});

async fn telegram() -> Router {
    let nobody = Arc::new(InProcess::new());
    let service = simulated::SimulatedTelegram::new(Clock::system(), Random::seeded(3), nobody);
    let token = service.mint_bot("a_bot");
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("a port");
    let address = listener.local_addr().expect("an address");
    tokio::spawn(axum::serve(listener, service.router()).into_future());
    let updates = UpdateSource::Webhook { secret: SECRET.to_owned().into() };
    let api_url = format!("http://{address}");
    let settings = telegram::TelegramChannelSettings { token: token.into(), api_url, updates };
    let Ok(channel) = TelegramChannel::start(settings).await else { panic!("a bot") };
    let router = channel.router();
    tokio::spawn(take_all(channel));
    router
}

fn whatsapp() -> Router {
    let nowhere = || "http://127.0.0.1:9".parse().expect("a URL");
    let settings = whatsapp::WhatsAppChannelSettings {
        account_sid: format!("AC{}", "0".repeat(32)),
        auth_token: AUTH_TOKEN.to_owned().into(),
        number: "+15550001111".to_owned(),
        public_url: PUBLIC_URL.parse().expect("a URL"),
        apis: TwilioApis { api: nowhere(), messaging: nowhere(), content: nowhere() },
    };
    let Ok(channel) = WhatsAppChannel::start(settings) else { panic!("a number") };
    let router = channel.router();
    tokio::spawn(take_all(channel));
    router
}

async fn take_all(channel: Arc<dyn Channel>) {
    while let Some(event) = channel.next().await {
        if let ChannelEvent::Inbound(inbound) = event {
            channel.acknowledge(&inbound.id).await;
        }
    }
}

/// Without its sign a call is refused unread; with it, whatever it says, we stay up.
pub fn webhook_bodies(data: &[u8]) {
    let [service, shape, body @ ..] = data else { return };
    let signed = shape % 2 == 1;
    let (status, refusal) = match service % 3 {
        0 => (answered(&DOORS.telegram, to_telegram(signed, body)), 401),
        1 => (answered(&DOORS.whatsapp, to_whatsapp(signed, "/whatsapp", body)), 403),
        _ => return discord_payloads(*shape, body),
    };
    if signed {
        assert!(status < 500, "{status}");
    } else {
        assert_eq!(status, refusal);
    }
    if service % 3 == 1 {
        let status = answered(&DOORS.whatsapp, to_whatsapp(signed, "/whatsapp/status", body));
        assert_eq!(status, if signed { 200 } else { refusal });
    }
    if signed && service % 3 == 1 {
        undocumented(body);
    }
}

fn answered(router: &Router, request: http::Request<Body>) -> u16 {
    let answer = DOORS.runtime.block_on(router.clone().oneshot(request));
    answer.expect("an answer").status().as_u16()
}

/// One more parameter in a message that is taken: one signature fits two sets of parameters, so
/// only what Twilio documents is taken, and once.
fn undocumented(body: &[u8]) {
    let Some((name, value)) = url::form_urlencoded::parse(body).next() else { return };
    let mut form = url::form_urlencoded::Serializer::new(MESSAGE.to_owned());
    form.append_pair(&name, &value);
    let said = url::form_urlencoded::parse(MESSAGE.as_bytes()).any(|(said, _)| said == name);
    let form = form.finish();
    let status = answered(&DOORS.whatsapp, to_whatsapp(true, "/whatsapp", form.as_bytes()));
    let expected = if is_documented(&name) && !said { 200 } else { 403 };
    assert_eq!(status, expected, "{name:?}");
}

fn to_telegram(signed: bool, body: &[u8]) -> http::Request<Body> {
    let mut request = http::Request::post("/telegram");
    if signed {
        request = request.header("x-telegram-bot-api-secret-token", SECRET);
    }
    request.body(body.to_vec().into()).expect("a request")
}

fn to_whatsapp(signed: bool, path: &str, body: &[u8]) -> http::Request<Body> {
    let mut request = http::Request::post(path);
    if signed {
        let form: Vec<_> = url::form_urlencoded::parse(body).into_owned().collect();
        let url = format!("{PUBLIC_URL}{path}");
        request = request
            .header("x-twilio-signature", sign(AUTH_TOKEN, &url, SignedContent::Form(&form)));
    }
    request.body(body.to_vec().into()).expect("a request")
}
