//! Telegram's adapter, byte by byte: its requests, and its reading of the answers.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::sync::Arc;

use adapters::channel::{Channel, ChannelError, ChannelEvent};
use adapters::chat::{
    Button, ChatId, ChatType, InboundContent, MessageRef, Outbound, PageButton, UserId,
};
use adapters::telegram::{
    InitDataError, TelegramChannel, TelegramChannelSettings, TelegramStartError, UpdateSource,
    verify_init_data,
};
use base64::Engine;
use mockito::{Matcher, Mock, Server, ServerGuard};
use serde_json::{Value, json};

const TOKEN: &str = "123456:AAFirstSecondThirdFourthFifthSixth_";

const SECRET: &str = "0123456789abcdef0123456789abcdef";

const SECRET_HEADER: &str = "x-telegram-bot-api-secret-token";

const MINUTES_10_MS: u64 = 600_000;

fn path(method: &str) -> Matcher {
    Matcher::Regex(format!("(?i)^/bot{TOKEN}/{method}$"))
}

async fn answering(api: &mut Server, method: &str, status: usize, body: Value) -> Mock {
    let mock = api.mock("POST", path(method)).with_status(status).with_body(body.to_string());
    mock.create_async().await
}

fn ok(result: Value) -> Value {
    json!({ "ok": true, "result": result })
}

fn no(status: usize, words: &str) -> Value {
    json!({ "ok": false, "error_code": status, "description": words })
}

fn me() -> Value {
    ok(json!({
        "id": 123_456, "is_bot": true, "first_name": "Bot", "username": "ada_bot",
        "can_join_groups": true, "can_read_all_group_messages": false,
        "supports_inline_queries": false, "can_connect_to_business": false,
        "has_main_web_app": false,
    }))
}

fn settings(api_url: String, secret: &str) -> TelegramChannelSettings {
    let updates = UpdateSource::Webhook { secret: secret.to_owned().into() };
    TelegramChannelSettings { token: TOKEN.to_owned().into(), api_url, updates }
}

async fn started() -> (ServerGuard, Arc<TelegramChannel>) {
    let mut api = Server::new_async().await;
    answering(&mut api, "GetMe", 200, me()).await;
    let telegram = TelegramChannel::start(settings(api.url(), SECRET)).await.unwrap();
    (api, telegram)
}

fn chat() -> ChatId {
    ChatId("7001".into())
}

fn message_ref(id: &str) -> MessageRef {
    MessageRef { chat: chat(), id: id.into() }
}

async fn refused_to_start(status: usize, words: &str) -> TelegramStartError {
    let mut api = Server::new_async().await;
    answering(&mut api, "GetMe", status, no(status, words)).await;
    let refused = TelegramChannel::start(settings(api.url(), SECRET)).await.err().unwrap();
    assert!(!format!("{refused:?} {refused}").contains(TOKEN));
    refused
}

#[tokio::test]
async fn a_bot_whose_token_is_refused_or_out_of_reach_does_not_start() {
    assert_eq!(refused_to_start(401, "Unauthorized").await, TelegramStartError::TokenRefused);
    assert_eq!(refused_to_start(404, "Not Found").await, TelegramStartError::TokenRefused);
    let nobody = TelegramChannel::start(settings("http://127.0.0.1:1".into(), SECRET)).await;
    assert_eq!(nobody.err(), Some(TelegramStartError::Unreachable));
}

#[tokio::test]
async fn trouble_at_telegram_is_not_taken_for_a_refused_token() {
    let (failed, busy) = tokio::join!(
        refused_to_start(502, "Bad Gateway"),
        refused_to_start(429, "Too Many Requests: retry after 5"),
    );
    assert_eq!((failed, busy), (TelegramStartError::Unreachable, TelegramStartError::Unreachable));
}

#[tokio::test]
async fn a_weak_webhook_secret_is_refused_before_anybody_is_asked() {
    let mut api = Server::new_async().await;
    let asked = api.mock("POST", Matcher::Any).expect(0).create_async().await;
    let spaced = format!("{SECRET} ");
    for weak in ["", &SECRET[1..], &spaced, &"x".repeat(257)] {
        let refused = TelegramChannel::start(settings(api.url(), weak)).await.err();
        assert_eq!(refused, Some(TelegramStartError::WeakSecret), "{weak:?}");
    }
    asked.assert_async().await;
}

#[tokio::test]
async fn a_message_is_sent_in_exactly_these_words() {
    let (mut api, telegram) = started().await;
    let keyboard = json!({ "inline_keyboard": [
        [{ "text": "Open the form", "web_app": { "url": "https://a.example/form" } }],
        [{ "text": "Yes", "callback_data": "y" }, { "text": "No", "callback_data": "n" }],
        [{ "text": "A label that needs its room", "callback_data": "l" }],
    ] });
    let expected = json!({
        "chat_id": 7001, "text": "*Which?*", "link_preview_options": { "is_disabled": true },
        "reply_markup": keyboard,
    });
    let sent = json!({
        "message_id": 5, "date": 1, "chat": { "id": 7001, "type": "private", "first_name": "Ada" },
        "text": "*Which?*",
    });
    let call = api
        .mock("POST", path("SendMessage"))
        .match_body(Matcher::Json(expected))
        .with_body(ok(sent).to_string())
        .expect(1)
        .create_async()
        .await;
    let buttons = vec![
        Button::new("y", "Yes"),
        Button::new("n", "No"),
        Button::new("l", "A label that needs its room"),
    ];
    let url = "https://a.example/form".to_owned().into();
    let page = Some(PageButton { label: "Open the form".into(), url });
    let question = Outbound { page, ..Outbound::text("q", "*Which?*").with_buttons(buttons) };
    for _ in 0..2 {
        assert_eq!(telegram.send(&chat(), &question).await, Ok(message_ref("5")));
    }
    call.assert_async().await;
}

#[tokio::test]
async fn an_unsendable_message_is_refused_without_a_call() {
    let (mut api, telegram) = started().await;
    let asked = api.mock("POST", path("SendMessage")).expect(0).create_async().await;
    let long = "😀".repeat(2048) + "x";
    let wide = vec![Button::new("ä".repeat(33), "Yes")];
    for message in [Outbound::text("a", long), Outbound::text("b", "?").with_buttons(wide)] {
        let refused = telegram.send(&chat(), &message).await;
        assert!(matches!(refused, Err(ChannelError::Refused(_))), "{refused:?}");
    }
    asked.assert_async().await;
}

#[tokio::test]
async fn each_error_decides_the_next_step() {
    use ChannelError::{NoSuchMessage, RateLimited, Refused, Unreachable};
    let anything = Refused("");
    let too_fast = RateLimited { retry_after_ms: 7_000 };
    for (status, words, on_send, on_edit, on_delete) in [
        (403, "Forbidden: bot was blocked by the user", Some(&Unreachable), None, None),
        (403, "Forbidden: user is deactivated", Some(&Unreachable), None, None),
        (
            403,
            "Forbidden: bot can't initiate conversation with a user",
            Some(&Unreachable),
            None,
            None,
        ),
        (400, "Bad Request: chat not found", Some(&Unreachable), None, None),
        (400, "Bad Request: message is too long", Some(&anything), Some(&anything), None),
        (400, "Bad Request: BUTTON_DATA_INVALID", Some(&anything), Some(&anything), None),
        (
            400,
            "Bad Request: words that nobody knew",
            Some(&anything),
            Some(&anything),
            Some(&anything),
        ),
        (400, "Bad Request: message to edit not found", None, Some(&NoSuchMessage), None),
        (400, "Bad Request: message can't be edited", None, Some(&NoSuchMessage), None),
        (400, "Bad Request: message to delete not found", None, None, Some(&NoSuchMessage)),
        (400, "Bad Request: message can't be deleted", None, None, Some(&anything)),
        (400, "Bad Request: message can't be deleted for everyone", None, None, Some(&anything)),
        (
            429,
            "Too Many Requests: retry after 7",
            Some(&too_fast),
            Some(&too_fast),
            Some(&too_fast),
        ),
    ] {
        let (mut api, telegram) = started().await;
        let mut body = no(status, words);
        if status == 429 {
            body["parameters"] = json!({ "retry_after": 7 });
        }
        api.mock("POST", Matcher::Regex("(?i)message".into()))
            .with_status(status)
            .with_body(body.to_string())
            .create_async()
            .await;
        let message = Outbound::text("k", "hi");
        let met = [
            (on_send, telegram.send(&chat(), &message).await.map(drop)),
            (on_edit, telegram.edit(&message_ref("5"), &message).await),
            (on_delete, telegram.delete(&message_ref("5")).await),
        ];
        for (expected, met) in met {
            match (expected, met) {
                (None, _) => {}
                (Some(Refused(_)), Err(Refused(_))) => {}
                (Some(expected), met) => assert_eq!(met.as_ref(), Err(expected), "{words}"),
            }
        }
    }
}

#[tokio::test]
async fn an_edit_that_changes_nothing_is_no_failure() {
    let (mut api, telegram) = started().await;
    let words = "Bad Request: message is not modified: specified new message content and reply \
                 markup are exactly the same as a current content and reply markup of the message";
    answering(&mut api, "EditMessageText", 400, no(400, words)).await;
    assert_eq!(telegram.edit(&message_ref("5"), &Outbound::text("k", "same")).await, Ok(()));
}

#[tokio::test]
async fn an_answer_that_is_lost_leaves_a_message_in_doubt() {
    let (mut api, telegram) = started().await;
    let html = api.mock("POST", path("SendMessage")).with_status(502);
    html.with_body("<html>502 Bad Gateway</html>").create_async().await;
    answering(&mut api, "DeleteMessage", 500, no(500, "Internal Server Error")).await;
    answering(&mut api, "EditMessageText", 200, json!({ "ok": true, "res": "cut off" })).await;
    let message = Outbound::text("k", "hi");
    let at = message_ref("5");
    let (chat, telegram) = (chat(), &telegram);
    let (sent, edited, deleted) = tokio::join!(
        telegram.send(&chat, &message),
        telegram.edit(&at, &message),
        telegram.delete(&at)
    );
    assert_eq!(sent, Err(ChannelError::InDoubt));
    assert_eq!(edited, Err(ChannelError::InDoubt));
    assert_eq!(deleted, Err(ChannelError::InDoubt));
}

async fn served(telegram: &Arc<TelegramChannel>) -> String {
    let listener = tokio::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let address: SocketAddr = listener.local_addr().unwrap();
    let router = telegram.router();
    tokio::spawn(async move { axum::serve(listener, router).await });
    format!("http://{address}/telegram")
}

async fn delivered(url: &str, secrets: &[&str], body: impl Into<reqwest::Body>) -> u16 {
    let mut request = reqwest::Client::new().post(url).body(body);
    for secret in secrets {
        request = request.header(SECRET_HEADER, *secret);
    }
    request.send().await.unwrap().status().as_u16()
}

fn update(id: u32, text: &str) -> Value {
    json!({ "update_id": id, "message": {
        "message_id": id, "date": 1, "text": text,
        "chat": { "id": 7001, "type": "private", "first_name": "Ada" },
        "from": { "id": 7001, "is_bot": false, "first_name": "Ada", "language_code": "de" },
    } })
}

#[tokio::test]
async fn a_call_without_the_secret_is_refused_whatever_it_says() {
    let (_api, telegram) = started().await;
    let url = served(&telegram).await;
    let (other, longer) = (SECRET.replace('0', "1"), format!("{SECRET}0"));
    for secrets in [
        &[][..],
        &[""],
        &[other.as_str()],
        &[&SECRET[..31]],
        &[longer.as_str()],
        &[SECRET, SECRET],
        &[SECRET, other.as_str()],
    ] {
        for body in [update(1, "let me in").to_string(), "{".into(), "x".repeat(1 << 20)] {
            assert_eq!(delivered(&url, secrets, body).await, 401, "{secrets:?}");
        }
    }
    let reads = telegram.next();
    let acknowledged = async {
        let Some(ChannelEvent::Inbound(first)) = reads.await else { panic!("nothing came") };
        telegram.acknowledge(&first.id).await;
        first.content
    };
    let (status, content) =
        tokio::join!(delivered(&url, &[SECRET], update(2, "hi").to_string()), acknowledged);
    assert_eq!(status, 200);
    assert_eq!(
        content,
        InboundContent::Text("hi".to_owned().into()),
        "nothing refused came through"
    );
}

#[tokio::test]
async fn an_update_of_no_interest_is_answered_and_dropped() {
    let (_api, telegram) = started().await;
    let url = served(&telegram).await;
    let mut own = update(3, "I am a bot");
    own["message"]["from"]["is_bot"] = json!(true);
    let poll = json!({ "update_id": 4, "poll": { "id": "1" } });
    let unknown = json!({ "update_id": 5, "a_kind_of_tomorrow": {} });
    for body in ["{".to_owned(), own.to_string(), poll.to_string(), unknown.to_string()] {
        assert_eq!(delivered(&url, &[SECRET], body).await, 200);
    }
    assert_eq!(delivered(&url, &[SECRET], "x".repeat(1 << 20)).await, 413);
    let mut in_group = update(6, "hi all");
    in_group["message"]["chat"] = json!({ "id": -5, "type": "group", "title": "Friends" });
    let received = async {
        let Some(ChannelEvent::Inbound(received)) = telegram.next().await else {
            panic!("nothing came")
        };
        telegram.acknowledge(&received.id).await;
        received
    };
    let (status, received) =
        tokio::join!(delivered(&url, &[SECRET], in_group.to_string()), received);
    assert_eq!((status, received.place, received.id.0.as_str()), (200, ChatType::Group, "-5/6"));
}

#[tokio::test]
async fn an_update_that_is_not_durable_is_asked_for_again() {
    let (_api, telegram) = started().await;
    let url = served(&telegram).await;
    let body = update(7, "hi").to_string();
    assert_eq!(delivered(&url, &[SECRET], body.clone()).await, 503);
    let again = async {
        let mut ids = Vec::new();
        for _ in 0..2 {
            let Some(ChannelEvent::Inbound(received)) = telegram.next().await else {
                panic!("it ended")
            };
            telegram.acknowledge(&received.id).await;
            ids.push(received.id.0);
        }
        ids
    };
    let (status, ids) = tokio::join!(delivered(&url, &[SECRET], body), again);
    assert_eq!((status, ids), (200, vec!["7001/7".to_owned(), "7001/7".to_owned()]));
}

#[tokio::test]
async fn a_bot_that_polls_takes_no_webhook_calls() {
    let mut api = Server::new_async().await;
    answering(&mut api, "GetMe", 200, me()).await;
    answering(&mut api, "GetUpdates", 401, no(401, "Unauthorized")).await;
    let settings =
        TelegramChannelSettings { updates: UpdateSource::Polling, ..settings(api.url(), SECRET) };
    let telegram = TelegramChannel::start(settings).await.unwrap();
    let url = served(&telegram).await;
    for secrets in [&[][..], &[""], &[SECRET]] {
        assert_eq!(delivered(&url, secrets, update(1, "hi").to_string()).await, 401);
    }
}

#[test]
fn init_data_is_believed_as_the_published_vectors_say() {
    let Ok(specs) = std::env::var("API_SPECS") else {
        return println!("skipped: API_SPECS is not set, so no vector is tried");
    };
    let file = Path::new(&specs).parent().unwrap().join("vectors/telegram_init_data.json");
    let vectors: Value = serde_json::from_str(&std::fs::read_to_string(file).unwrap()).unwrap();
    let vectors = vectors["vectors"].as_array().unwrap();
    assert!(vectors.iter().any(|it| it["valid_signature"] == true), "the test is blind");
    for vector in vectors {
        let text = |field: &str| vector[field].as_str().unwrap();
        let token = base64::engine::general_purpose::STANDARD.decode(text("bot_token_b64"));
        let token = String::from_utf8(token.unwrap()).unwrap();
        let at_ms = vector["auth_date"].as_u64().unwrap() * 1000;
        let at = |now_ms| verify_init_data(&token, text("init_data"), now_ms, MINUTES_10_MS);
        let (name, valid) = (text("name"), vector["valid_signature"] == true);
        assert_eq!(at(at_ms).is_ok(), valid, "{name}: {:?}", at(at_ms));
        if valid {
            assert_eq!(at(at_ms + MINUTES_10_MS + 1), Err(InitDataError::Stale), "{name}");
            assert_eq!(at(at_ms - MINUTES_10_MS), Err(InitDataError::Stale), "{name}");
            let twice = format!("user=%7B%22id%22%3A1%7D&{}", text("init_data"));
            let twice = verify_init_data(&token, &twice, at_ms, MINUTES_10_MS);
            assert_eq!(twice, Err(InitDataError::Malformed), "{name} with a second person");
        }
        if name == "tma_js_docs" {
            let opened = at(at_ms).unwrap();
            assert_eq!(opened.user, UserId("279058397".into()));
            assert_eq!(opened.locale.as_deref(), Some("ru"));
        }
    }
}
