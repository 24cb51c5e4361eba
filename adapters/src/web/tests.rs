use std::net::SocketAddr;
use std::time::Duration;

use futures::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::Instant;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::{Error, Message};
use tokio_tungstenite::{WebSocketStream, client_async};

use super::*;
use crate::chat::InboundContent;

mod patience;

pub const KEY: &str = "the-owners-key";

/// A relay's web channel on a port of this machine.
pub async fn served() -> (Arc<WebChannel>, SocketAddr) {
    served_waiting(ClientTimeouts::default()).await
}

async fn served_waiting(waits: ClientTimeouts) -> (Arc<WebChannel>, SocketAddr) {
    let web = WebChannel::waiting(KEY.to_owned().into(), Arc::new(MemoryLog::default()), waits);
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let router = web.router();
    tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
    (web, address)
}

/// A client that sends the frames of a test.
struct RawClient(WebSocketStream<TcpStream>);

impl RawClient {
    async fn connect(address: SocketAddr, origin: Option<&str>) -> Result<Self, Error> {
        let mut request = format!("ws://{address}/chat/socket").into_client_request()?;
        if let Some(origin) = origin {
            request.headers_mut().insert("origin", origin.parse().unwrap());
        }
        let stream = TcpStream::connect(address).await.unwrap();
        Ok(Self(client_async(request, stream).await?.0))
    }

    async fn hello(address: SocketAddr, key: &str, after: u64) -> Self {
        let mut raw = Self::connect(address, None).await.unwrap();
        raw.says(json!({"type": "hello", "key": key, "after": after})).await;
        raw
    }

    async fn welcomed(address: SocketAddr, after: u64) -> Self {
        let mut raw = Self::hello(address, KEY, after).await;
        assert_eq!(raw.reads().await.unwrap()["type"], "welcome");
        raw
    }

    async fn says(&mut self, frame: Value) {
        self.0.send(Message::text(frame.to_string())).await.unwrap();
    }

    /// The next frame; `None` when the connection is closed.
    async fn reads(&mut self) -> Option<Value> {
        loop {
            match self.0.next().await {
                Some(Ok(Message::Text(text))) => return serde_json::from_str(&text).unwrap(),
                Some(Ok(Message::Ping(_) | Message::Pong(_))) => {}
                _ => return None,
            }
        }
    }
}

async fn next_inbound(web: &WebChannel) -> Inbound {
    loop {
        if let Some(ChannelEvent::Inbound(inbound)) = web.next().await {
            return inbound;
        }
    }
}

#[tokio::test]
async fn a_wrong_key_gets_one_sentence_and_after_too_many_none() {
    let (_web, address) = served().await;
    for _ in 0..10 {
        let mut raw = RawClient::hello(address, "wrong", 0).await;
        let refused = raw.reads().await.unwrap();
        assert_eq!(refused["type"], "refused");
        assert!(refused["text"].as_str().unwrap().ends_with('.'));
        assert_eq!(raw.reads().await, None);
    }
    assert_eq!(RawClient::hello(address, "", 0).await.reads().await, None);

    RawClient::welcomed(address, 0).await;
}

#[tokio::test]
async fn a_client_without_the_owners_key_is_refused() {
    let web = WebChannel::new(String::new().into(), Arc::new(MemoryLog::default()));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move { axum::serve(listener, web.router()).await.unwrap() });

    assert_eq!(RawClient::hello(address, "", 0).await.reads().await.unwrap()["type"], "refused");
}

#[test]
fn wrong_keys_are_forgiven_after_a_minute() {
    let mut door = ClientAdmission::default();
    let now = Instant::now();
    assert_eq!((0..12).filter(|_| door.count_wrong_key(now)).count(), 10);
    assert!(!door.count_wrong_key(now + Duration::from_secs(59)));
    assert!(door.count_wrong_key(now + Duration::from_secs(60)));
}

#[tokio::test]
async fn a_page_of_another_site_is_refused() {
    let (_web, address) = served().await;
    let own = format!("http://{address}");
    for origin in [None, Some(own.as_str())] {
        assert!(RawClient::connect(address, origin).await.is_ok(), "{origin:?}");
    }
    for origin in ["https://evil.example", "null", "http://127.0.0.1", "file://"] {
        match RawClient::connect(address, Some(origin)).await {
            Err(Error::Http(response)) => assert_eq!(response.status(), 403, "{origin}"),
            _ => panic!("{origin} was let in"),
        }
    }
}

#[tokio::test]
async fn a_client_that_reconnects_gets_the_latest_form_of_missed_messages() {
    let (web, address) = served().await;
    let chat = WebChannel::chat();
    web.send(&chat, &Outbound::text("a", "A")).await.unwrap();
    let b = web.send(&chat, &Outbound::text("b", "B")).await.unwrap();
    let c = web.send(&chat, &Outbound::text("c", "C")).await.unwrap();
    web.edit(&b, &Outbound::text("b", "B, again")).await.unwrap();
    web.delete(&c).await.unwrap();

    let mut raw = RawClient::welcomed(address, 1).await;
    let edited = raw.reads().await.unwrap();
    assert_eq!(
        (&edited["id"], &edited["text"], &edited["seq"]),
        (&json!("b"), &json!("B, again"), &json!(4))
    );
    assert_eq!(raw.reads().await.unwrap(), json!({"type": "delete", "seq": 5, "id": "c"}));

    web.send(&chat, &Outbound::text("d", "D")).await.unwrap();
    assert_eq!(raw.reads().await.unwrap()["id"], "d");

    let mut from_another_log = RawClient::welcomed(address, 1_000).await;
    assert_eq!(from_another_log.reads().await.unwrap()["id"], "a");
}

#[tokio::test]
async fn a_line_is_acknowledged_only_when_it_is_safe_and_never_queued_twice() {
    let (web, address) = served().await;
    let (mut phone, mut laptop) =
        (RawClient::welcomed(address, 0).await, RawClient::welcomed(address, 0).await);
    let line = json!({"type": "say", "id": "1", "text": "hi"});
    phone.says(line.clone()).await;
    let first = next_inbound(&web).await;
    laptop.says(line.clone()).await;
    laptop.says(json!({"type": "tap", "id": "2", "button": "b"})).await;
    assert_eq!(next_inbound(&web).await.id.0, "2", "the line was queued twice");

    web.acknowledge(&first.id).await;
    let ack = json!({"type": "ack", "id": "1"});
    assert_eq!(phone.reads().await.unwrap(), ack);
    assert_eq!(laptop.reads().await.unwrap(), ack);

    phone.says(line).await;
    assert_eq!(next_inbound(&web).await.id.0, "1", "a late repetition is for the relay to judge");
}

#[tokio::test]
async fn a_refused_line_gets_a_sentence() {
    let (web, address) = served().await;
    let mut raw = RawClient::welcomed(address, 0).await;
    raw.says(json!({"type": "say", "id": "1", "text": "x".repeat(TEXT_MAX + 1)})).await;
    let refused = raw.reads().await.unwrap();
    assert_eq!((&refused["type"], &refused["id"]), (&json!("refused"), &json!("1")));

    raw.says(json!({"type": "say", "id": "2", "text": "\u{0}".repeat(TEXT_MAX)})).await;
    assert_eq!(
        next_inbound(&web).await.content,
        InboundContent::Text("\u{0}".repeat(TEXT_MAX).into())
    );

    raw.says(json!({"type": "dance"})).await;
    assert_eq!(raw.reads().await.unwrap()["type"], "refused");
    assert_eq!(raw.reads().await, None);
}

#[tokio::test]
async fn one_client_too_many_takes_the_place_of_the_quietest() {
    let (web, address) = served().await;
    let mut quiet = RawClient::welcomed(address, 0).await;
    let mut others = Vec::new();
    for _ in 0..admission::SOCKETS_MAX {
        others.push(RawClient::welcomed(address, 0).await);
    }
    assert_eq!(quiet.reads().await, None);
    assert_eq!(web.sockets(), admission::SOCKETS_MAX);
}

#[tokio::test]
async fn a_full_inbox_closes_the_socket_and_loses_nothing() {
    let (web, address) = served().await;
    let mut raw = RawClient::welcomed(address, 0).await;
    for n in 0..=inbox::UNACKNOWLEDGED_MAX {
        raw.says(json!({"type": "tap", "id": n.to_string(), "button": "b"})).await;
    }
    assert_eq!(raw.reads().await, None);

    let oldest = next_inbound(&web).await;
    web.acknowledge(&oldest.id).await;
    let mut again = RawClient::welcomed(address, 0).await;
    let last = inbox::UNACKNOWLEDGED_MAX.to_string();
    again.says(json!({"type": "tap", "id": last, "button": "b"})).await;
    for n in 1..=inbox::UNACKNOWLEDGED_MAX {
        assert_eq!(next_inbound(&web).await.id.0, n.to_string());
    }
}

#[tokio::test]
async fn a_client_that_connects_makes_the_chat_reachable() {
    let (web, address) = served().await;
    let _raw = RawClient::welcomed(address, 0).await;
    assert_eq!(web.next().await, Some(ChannelEvent::Reachable(WebChannel::chat())));
}

#[tokio::test]
async fn before_it_sleeps_it_says_everything_and_closes_normally() {
    let (web, address) = served().await;
    let mut phone = RawClient::welcomed(address, 0).await;
    let mut laptop = RawClient::welcomed(address, 0).await;
    web.send(&WebChannel::chat(), &Outbound::text("a", "A")).await.unwrap();
    let sleeps = async {
        for raw in [&mut phone, &mut laptop] {
            assert_eq!(raw.reads().await.unwrap()["id"], "a");
            assert_eq!(raw.reads().await.unwrap(), json!({"type": "sleep"}));
            match raw.0.next().await {
                Some(Ok(Message::Close(Some(close)))) => assert_eq!(u16::from(close.code), 1000),
                other => panic!("{other:?}"),
            }
            assert_eq!(raw.reads().await, None);
        }
    };
    tokio::join!(web.sleep(), sleeps);
    assert_eq!(web.sockets(), 0);
}

#[tokio::test]
async fn a_file_is_taken_and_given_for_the_owners_key_only_and_up_to_its_size() {
    let (web, address) = served().await;
    let files = format!("http://{address}/chat/files");
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let post = async |key: &str, bytes: Vec<u8>| {
        let request = client.post(&files).header("authorization", format!("Bearer {key}"));
        request.body(bytes).send().await.unwrap()
    };
    for key in ["", "wrong", &format!("{KEY}x")] {
        assert_eq!(post(key, b"x".to_vec()).await.status(), 401, "{key:?}");
    }
    let elsewhere = client.post(&files).header("origin", "https://elsewhere.example");
    let elsewhere =
        elsewhere.header("authorization", format!("Bearer {KEY}")).send().await.unwrap();
    assert_eq!(elsewhere.status(), 401, "another site's page");
    assert_eq!(post(KEY, vec![0; FILE_BYTES_MAX + 1]).await.status(), 413);

    let sleeps: Value =
        serde_json::from_str(&post(KEY, b"\xff\0".to_vec()).await.text().await.unwrap()).unwrap();
    let id = sleeps["id"].as_str().unwrap().to_owned();
    let mut raw = RawClient::welcomed(address, 0).await;
    raw.says(json!({"type": "file", "id": "1", "file": id, "name": "a.bin", "caption": "look"}))
        .await;
    let InboundContent::File(file) = next_inbound(&web).await.content else { panic!("no file") };
    assert_eq!((file.name.as_str(), file.caption.as_str()), ("a.bin", "look"));
    assert_eq!(web.fetch(&file).await.unwrap(), &b"\xff\0"[..]);

    let get = async |key: &str, id: &str| {
        let request = client.get(format!("{files}/{id}"));
        request.header("authorization", format!("Bearer {key}")).send().await.unwrap()
    };
    assert_eq!(get("wrong", &id).await.status(), 401);
    for none in ["0".repeat(32), "..%2F..%2Frelay.db".to_owned()] {
        assert_eq!(get(KEY, &none).await.status(), 404, "{none}");
    }
    let given = get(KEY, &id).await;
    assert_eq!(given.headers()["content-type"], "application/octet-stream");
    assert_eq!(given.bytes().await.unwrap(), &b"\xff\0"[..]);
}
