//! Whatever stands in a token, an id or a number: it is refused, or the call stays where that
//! service's calls belong.

use std::sync::Arc;

use adapters::channel::Channel;
use adapters::chat::{Attachment, ChatId, MessageRef, Outbound};
use adapters::discord::{self, DiscordChannel};
use adapters::telegram::{self, TelegramChannel, UpdateSource};
use adapters::whatsapp::{self, TwilioApis, WhatsAppChannel};
use async_trait::async_trait;
use axum::extract::Request;
use axum::middleware::{Next, from_fn};
use axum::response::Redirect;
use axum::{Json, Router};
use bytes::Bytes;
use futures::StreamExt;
use parking_lot::Mutex;
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;
use serde_json::{Value, json};
use textslash::chat_service::{ChatEndpoints, ChatServices, Webhook};
use textslash::clock::Clock;
use textslash::http::{StreamedResponse, Transport, TransportError};
use textslash::random::Random;
use textslash::sandbox;
use textslash::secret::SecretKind;
use tokio::task::JoinSet;

use crate::port::serve;

/// Made-up ids for each place where one may stand.
const TRIES: usize = 60;

/// What leaves a path, a host or a URL.
const THOUGHT_OF: [&str; 20] = [
    "",
    "0",
    "+7",
    " 7",
    "7 ",
    "-7",
    "18446744073709551616",
    "..",
    ".",
    "../../x",
    "7/../../x",
    "%2e%2e/x",
    "..%2fx",
    "7?x=1",
    "7#x",
    "@evil.example",
    "//evil.example",
    "..\\..\\x",
    "٧",
    "7\n",
];

/// Those, and as many made of the same characters.
fn odd_addresses() -> Vec<String> {
    let made =
        prop::collection::vec(prop::sample::select(b"./%2ef\\?#@:;-_+07aC ".to_vec()), 1..40);
    let mut runner = TestRunner::deterministic();
    let made = (0..TRIES).map(|_| made.new_tree(&mut runner).unwrap().current());
    let made = made.map(|bytes| String::from_utf8(bytes).unwrap());
    THOUGHT_OF.map(str::to_owned).into_iter().chain(made).collect()
}

/// One that fits, with something odd in its midst or at one of its ends.
fn nearly(good: &str) -> impl Iterator<Item = String> {
    let places = [0, 1, good.len() / 2, good.len()];
    let put = move |odd: String| places.map(|at| format!("{}{odd}{}", &good[..at], &good[at..]));
    odd_addresses().into_iter().flat_map(put).collect::<Vec<_>>().into_iter()
}

/// Where calls went.
#[derive(Clone, Default)]
struct CallAddresses(Arc<Mutex<Vec<String>>>);

impl CallAddresses {
    fn note(&self, called: &str) {
        self.0.lock().push(called.to_owned());
    }

    fn take(&self) -> Vec<String> {
        std::mem::take(&mut *self.0.lock())
    }
}

/// An answer that every service might give.
fn answer() -> Value {
    json!({
        "ok": true, "status": "active", "username": "a_bot", "sid": format!("SM{}", "0".repeat(32)),
        "result": { "username": "a_bot", "file_id": "f", "file_unique_id": "f", "file_size": 1,
                    "file_path": "../../x/./y" },
        "senders": [{ "sid": "../../x", "sender_id": "whatsapp:+15550001111" }],
    })
}

struct RecordingTransport(CallAddresses);

#[async_trait]
impl Transport for RecordingTransport {
    async fn send(
        &self,
        request: http::Request<Bytes>,
    ) -> Result<StreamedResponse, TransportError> {
        // As whoever sends it reads it.
        self.0.note(url::Url::parse(&request.uri().to_string()).unwrap().as_str());
        let (head, ()) = http::Response::new(()).into_parts();
        let body = Bytes::from(answer().to_string());
        Ok(StreamedResponse { head, body: futures::stream::once(async move { Ok(body) }).boxed() })
    }
}

/// Nothing but `shape` with something plain in place of each `*`.
fn is_within(called: &str, shape: &str) -> bool {
    let (called, shape): (Vec<_>, Vec<_>) =
        (called.split('/').collect(), shape.split('/').collect());
    let is_plain = |part: &str| {
        let belongs = |b: u8| b.is_ascii_alphanumeric() || b"-_:@.=%+;".contains(&b);
        !["", ".", ".."].contains(&part) && part.bytes().all(belongs)
    };
    let fits = |(called, shape): (&&str, &&str)| match shape.strip_suffix('*') {
        Some(begins) => called.strip_prefix(begins).is_some_and(is_plain),
        None => called == shape,
    };
    called.len() == shape.len() && called.iter().zip(&shape).all(fits)
}

#[test]
fn an_address_that_leaves_its_place_is_seen() {
    let shape = "/api/v10/channels/*/messages";
    assert!(is_within("/api/v10/channels/7/messages", shape));
    for outside in
        ["/api/v10/messages", "/api/v10/channels/7/8/messages", "/x", "/api/v10/channels//messages"]
    {
        assert!(!is_within(outside, shape), "{outside}");
    }
}

#[tokio::test]
async fn no_key_leads_a_check_out_of_its_service() {
    let calls = CallAddresses::default();
    let endpoints = ChatEndpoints::real();
    let transport = Arc::new(RecordingTransport(calls.clone()));
    let services = ChatServices::new(transport, endpoints, Vec::new());
    let to = Webhook { url: "https://relay.example", secret: "s" };
    for (kind, good, shapes) in [
        (
            SecretKind::TelegramToken,
            format!("1234567890:{}", "A".repeat(35)),
            vec!["https://api.telegram.org/bot*/*"],
        ),
        (
            SecretKind::DiscordToken,
            format!("{}.{}.{}", "a".repeat(24), "b".repeat(6), "c".repeat(38)),
            vec!["https://discord.com/api/v10/users/@me"],
        ),
        (
            SecretKind::TwilioKey,
            format!("AC{} {}", "1".repeat(32), "2".repeat(32)),
            vec![
                "https://api.twilio.com/2010-04-01/Accounts/AC*",
                "https://messaging.twilio.com/v2/Channels/Senders?Channel=whatsapp",
                "https://messaging.twilio.com/v2/Channels/Senders/*",
            ],
        ),
    ] {
        let mut taken = 0;
        let service = services.of_key(kind).unwrap();
        for pasted in nearly(&good).chain([good.clone()]) {
            let Ok(key) = service.check_format(&pasted) else { continue };
            taken += 1;
            let _ = service.check(&key).await;
            for number in ["+15550001111", "../../x"] {
                let _ = service.set_webhook(&key, number, to).await;
                let _ = service.restore_webhook(&key, number, None).await;
            }
            let called = calls.take();
            assert!(!called.is_empty(), "nothing was asked: {pasted:?}");
            for called in called {
                let is_within = shapes.iter().any(|shape| is_within_url(&called, shape));
                assert!(is_within, "{pasted:?} calls {called}");
            }
        }
        assert!(taken > 1, "{kind:?}: every odd key was refused, so none was followed");
    }
}

fn is_within_url(called: &str, shape: &str) -> bool {
    called == shape || is_within(called, shape)
}

fn recording(calls: CallAddresses) -> Router {
    Router::new().fallback(move |request: Request| {
        calls.note(request.uri().path());
        async { Json(answer()) }
    })
}

fn attachment(id: &str) -> Attachment {
    let (name, media_type, bytes, caption) = ("a".to_owned(), None, None, String::new());
    Attachment { id: id.to_owned(), name, media_type, bytes, caption }
}

/// Says, changes, takes back and fetches what is named so.
async fn uses(channel: &dyn Channel, chat: &str, message: &str) {
    let chat = ChatId(chat.to_owned());
    let named = MessageRef { chat: chat.clone(), id: message.to_owned() };
    let _ = channel.send(&chat, &Outbound::text(format!("{message}-1"), "hi")).await;
    let _ = channel.edit(&named, &Outbound::text(format!("{message}-2"), "hi")).await;
    let _ = channel.delete(&named).await;
    let _ = channel.fetch(&attachment(message)).await;
    let _ = channel.fetch(&attachment(&format!("{}/{message}/{message}", chat.0))).await;
    let _ = channel.fetch(&attachment(&format!("{message}/{message}"))).await;
    channel.typing(&chat).await;
}

#[tokio::test]
async fn no_token_chat_or_message_leads_out_of_telegram() {
    let (calls, mut servers) = (CallAddresses::default(), JoinSet::new());
    let base = format!("http://{}", serve(&mut servers, recording(calls.clone())).await);
    let good = format!("1234567890:{}", "A".repeat(35));
    for token in nearly(&good).chain([good.clone()]) {
        let updates = UpdateSource::Webhook { secret: "s".repeat(32).into() };
        let settings = telegram::TelegramChannelSettings {
            token: token.clone().into(),
            api_url: base.clone(),
            updates,
        };
        let Ok(channel) = TelegramChannel::start(settings).await else { continue };
        if token == good {
            for odd in odd_addresses().iter().chain([&"7".to_owned()]) {
                uses(&*channel, odd, odd).await;
            }
        }
        let _ = channel.fetch(&attachment("f")).await;
        let called = calls.take();
        assert!(!called.is_empty(), "nothing was asked: {token:?}");
        for called in called {
            let is_within = ["/bot*/*", "/file/bot*/*"].iter().any(|it| is_within(&called, it));
            assert!(is_within, "{token:?} calls {called}");
        }
    }
}

#[tokio::test]
async fn no_chat_or_message_leads_out_of_discord() {
    let (calls, mut servers) = (CallAddresses::default(), JoinSet::new());
    let service = sandbox::discord::SimulatedDiscord::new(Clock::system(), Random::seeded(6));
    let token = service.mint_bot("a_bot");
    let noted = calls.clone();
    let router = service.router().layer(from_fn(move |request: Request, next: Next| {
        noted.note(request.uri().path());
        next.run(request)
    }));
    let base = format!("http://{}", serve(&mut servers, router).await);
    let settings = discord::DiscordChannelSettings { token: token.into(), api_url: Some(base) };
    let channel = DiscordChannel::start(settings).await.unwrap();
    calls.take();
    for odd in odd_addresses().iter().chain([&"7".to_owned()]) {
        uses(&*channel, odd, "7").await;
        uses(&*channel, "7", odd).await;
    }
    let called = calls.take();
    assert!(called.len() > 5, "nothing was asked");
    let shapes = ["typing", "messages", "messages/*"].map(|it| format!("/api/v10/channels/*/{it}"));
    for called in called {
        assert!(shapes.iter().any(|shape| is_within(&called, shape)), "{called}");
    }
}

#[tokio::test]
async fn no_account_chat_or_message_leads_out_of_twilio() {
    let (calls, mut servers) = (CallAddresses::default(), JoinSet::new());
    let base = format!("http://{}", serve(&mut servers, recording(calls.clone())).await);
    let (good, sid) = (format!("AC{}", "1".repeat(32)), format!("SM{}", "2".repeat(32)));
    let start = |account_sid: String, number: &str| {
        let base = || base.parse().unwrap();
        WhatsAppChannel::start(whatsapp::WhatsAppChannelSettings {
            account_sid,
            auth_token: "t".repeat(32).into(),
            number: number.to_owned(),
            public_url: "https://bot.example".parse().unwrap(),
            apis: TwilioApis { api: base(), messaging: base(), content: base() },
        })
    };
    for account in nearly(&good).filter(|account| *account != good) {
        assert!(start(account.clone(), "+15550001111").is_err(), "{account:?}");
    }
    for number in odd_addresses() {
        assert!(start(good.clone(), &number).is_err(), "{number:?}");
    }
    let channel = start(good, "+15550001111").unwrap();
    for odd in nearly(&sid).chain(odd_addresses()).chain([sid.clone()]) {
        uses(&*channel, "whatsapp:+15550002222", &odd).await;
        uses(&*channel, &odd, &sid).await;
    }
    let called = calls.take();
    assert!(called.len() > 5, "nothing was asked");
    let account = "/2010-04-01/Accounts/AC*";
    let in_account = ["Messages.json", "Messages/SM*", "Messages/SM*/Media/SM*"];
    for called in called {
        let is_within = in_account.iter().any(|it| is_within(&called, &format!("{account}/{it}")));
        assert!(is_within, "{called}");
    }
}

#[tokio::test]
async fn a_redirect_leads_no_token_to_another_host() {
    let (calls, mut servers) = (CallAddresses::default(), JoinSet::new());
    let elsewhere = format!("http://{}/x", serve(&mut servers, recording(calls.clone())).await);
    let away = Router::new().fallback(move || async move { Redirect::temporary(&elsewhere) });
    let base = format!("http://{}", serve(&mut servers, away).await);
    let updates = UpdateSource::Polling;
    let settings = telegram::TelegramChannelSettings {
        token: "1:A".to_owned().into(),
        api_url: base.clone(),
        updates,
    };

    assert!(TelegramChannel::start(settings).await.is_err());

    assert_eq!(calls.take(), [""; 0]);
    reqwest::get(base).await.unwrap();
    assert_eq!(calls.take(), ["/x"], "it leads nowhere");
}
