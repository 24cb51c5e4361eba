use std::collections::{HashMap, HashSet};
use std::net::SocketAddr;
use std::sync::Arc;

use futures::SinkExt;
use tokio::io::{AsyncReadExt, AsyncWriteExt, duplex};
use tokio::net::{TcpListener, TcpStream};
use tokio_tungstenite::tungstenite::Message;

use super::connection::backoff;
use super::*;
use crate::channel::{Channel, ChannelEvent};
use crate::chat::{AnswerKind, Button, InboundContent, MessageRef};
use crate::console::{Terminal, TerminalOptions};
use crate::web::WebChannel;
use crate::web::tests::{KEY, served};

fn link(address: SocketAddr, key: &str) -> RelayLink {
    let port = address.port();
    RelayLink::parse(&format!("http://ada-relay.fly.dev.localhost:{port}/chat#{key}")).unwrap()
}

#[test]
fn a_link_shows_itself_without_its_key() {
    for text in [
        "https://ada-relay.fly.dev/chat#k3y",
        "  http://ada.fly.dev.localhost:4000/chat#k3y\n",
        "http://127.0.0.1:80/chat#k3y",
        "http://[::1]:80/chat#k3y",
    ] {
        let link = RelayLink::parse(text).unwrap();
        assert_eq!(format!("{link}#k3y"), text.trim());
        assert!(!format!("{link:?}").contains("k3y"));
        assert_eq!(link.key(), "k3y");
    }
}

#[test]
fn a_bad_link_is_refused_with_a_reason() {
    for (text, expected) in [
        ("", LinkError::Malformed),
        ("hello", LinkError::Malformed),
        ("ada.fly.dev/chat#key", LinkError::Malformed),
        ("https://user@ada.fly.dev/chat#key", LinkError::Malformed),
        ("ftp://ada.fly.dev/chat#key", LinkError::Scheme),
        ("http://ada.fly.dev/chat#key", LinkError::Insecure),
        ("http://localhost.evil.example/chat#key", LinkError::Insecure),
        ("https://ada.fly.dev/chat", LinkError::NoKey),
        ("https://ada.fly.dev/chat#", LinkError::NoKey),
    ] {
        assert_eq!(RelayLink::parse(text).unwrap_err(), expected, "{text:?}");
    }
}

#[tokio::test]
async fn a_wrong_key_ends_the_client_with_the_reason() {
    let (_web, address) = served().await;
    let client = WebClient::connect(link(address, "wrong"));
    assert!(matches!(client.next().await, Some(ClientEvent::Refused(_))));
    assert_eq!(client.next().await, None);
    assert_eq!(client.say("hi".to_owned().into()).await, Err(EnqueueError::Ended));
}

#[test]
fn waits_double_up_to_a_bound_and_differ_by_chance() {
    for failures in [0, 1, 5, 40, u32::MAX] {
        let full = Duration::from_millis(250).saturating_mul(2_u32.saturating_pow(failures));
        let full = full.min(Duration::from_secs(15));
        let waits: HashSet<_> = (0..100).map(|_| backoff(failures)).collect();
        assert!(waits.iter().all(|wait| (full / 2..=full).contains(wait)), "{failures}");
        assert!(waits.len() > 50, "{failures}");
    }
}

/// Passes bytes on, and cuts every connection after a number of them that changes each time.
async fn cutting_proxy(to: SocketAddr) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        let mut seed = 7_usize;
        while let Ok((mut inner, _)) = listener.accept().await {
            seed = seed
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            let mut left = 1_500 + (seed >> 33) % 6_000;
            let mut outer = TcpStream::connect(to).await.unwrap();
            let (mut up, mut down) = ([0; 256], [0; 256]);
            while left > 0 {
                let (read, from_client) = tokio::select! {
                    read = inner.read(&mut up) => (read.unwrap_or(0), true),
                    read = outer.read(&mut down) => (read.unwrap_or(0), false),
                };
                let passed = read.min(left);
                let written = match from_client {
                    true => outer.write_all(&up[..passed]).await,
                    false => inner.write_all(&down[..passed]).await,
                };
                if read == 0 || written.is_err() {
                    break;
                }
                left -= passed;
            }
        }
    });
    address
}

/// A relay that answers every line once, as a real one would: it remembers the ids it has seen.
fn answer_every_line(web: Arc<WebChannel>) -> mpsc::UnboundedReceiver<String> {
    let (received, lines) = mpsc::unbounded_channel();
    tokio::spawn(async move {
        let mut seen = HashSet::new();
        while let Some(event) = web.next().await {
            let ChannelEvent::Inbound(inbound) = event else { continue };
            if seen.insert(inbound.id.clone())
                && let InboundContent::Text(text) = &inbound.content
            {
                let answer = Outbound::text(format!("to-{}", text.as_str()), text.as_str());
                web.send(&inbound.chat, &answer).await.unwrap();
                received.send(text.to_string()).unwrap();
            }
            web.acknowledge(&inbound.id).await;
        }
    });
    lines
}

#[tokio::test]
async fn however_often_the_connection_is_cut_nothing_is_lost_or_doubled() {
    const LINES: usize = 60;
    let (web, address) = served().await;
    let mut received = answer_every_line(web);
    let client = WebClient::connect(link(cutting_proxy(address).await, KEY));

    let says = async {
        for n in 0..LINES {
            client.say(n.to_string().into()).await.unwrap();
        }
        assert!(client.flush(Duration::from_secs(60)).await);
    };
    let reads = async {
        let mut messages: HashMap<String, usize> = HashMap::new();
        let mut lost = 0;
        while messages.len() < LINES {
            match client.next().await.unwrap() {
                ClientEvent::Message(message) => *messages.entry(message.text).or_default() += 1,
                ClientEvent::Reconnecting => lost += 1,
                ClientEvent::Connected => {}
                other => panic!("{other:?}"),
            }
        }
        assert!(messages.values().all(|times| *times == 1), "{messages:?}");
        assert!(lost > 2, "the connection was hardly cut");
    };
    tokio::join!(says, reads);

    for n in 0..LINES {
        assert_eq!(received.recv().await.unwrap(), n.to_string());
    }
    assert!(received.try_recv().is_err(), "a line was heard twice");
}

#[tokio::test]
async fn a_relay_that_sleeps_is_left_alone_until_there_is_something_to_say() {
    let (web, address) = served().await;
    let client = WebClient::connect(link(address, KEY));
    assert_eq!(client.next().await, Some(ClientEvent::Connected));
    web.sleep().await;
    assert_eq!(client.next().await, Some(ClientEvent::Asleep));
    assert_eq!(web.sockets(), 0);

    let mut received = answer_every_line(web);
    client.say("wake up".to_owned().into()).await.unwrap();
    // A client that had connected by itself would have sent this event first.
    assert_eq!(client.next().await, Some(ClientEvent::Connected));
    let answer = Outbound::text("to-wake up", "wake up");
    assert_eq!(client.next().await, Some(ClientEvent::Message(answer)));
    assert!(client.flush(Duration::from_secs(20)).await);
    assert_eq!(received.recv().await.unwrap(), "wake up");
    assert!(received.try_recv().is_err(), "the line was heard twice");
}

#[tokio::test]
async fn a_line_that_crosses_with_sleep_is_sent_again_unasked() {
    let (web, address) = served().await;
    let client = WebClient::connect(link(address, KEY));
    client.say("late".to_owned().into()).await.unwrap();
    let late = loop {
        if let Some(ChannelEvent::Inbound(inbound)) = web.next().await {
            break inbound;
        }
    };
    // The next process knows nothing of a line that was not acknowledged; neither does this one
    // now.
    web.inbox.acknowledge(&late.id);
    web.sleep().await;

    let mut received = answer_every_line(web);
    assert_eq!(received.recv().await.unwrap(), "late");
    assert!(client.flush(Duration::from_secs(20)).await);
}

/// A server in place of a relay that is gone: it takes connections, sends `words` and then nothing.
async fn mute(words: Option<&'static str>) -> (SocketAddr, mpsc::UnboundedReceiver<()>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (taken, connections) = mpsc::unbounded_channel();
    tokio::spawn(async move {
        let mut kept = Vec::new();
        while let Ok((stream, _)) = listener.accept().await {
            match words {
                Some(words) => {
                    let mut socket = tokio_tungstenite::accept_async(stream).await.unwrap();
                    socket.send(Message::text(words)).await.unwrap();
                    kept.push(socket.into_inner());
                }
                None => kept.push(stream),
            }
            // The receiver is gone once the test is over.
            let _ = taken.send(());
        }
    });
    (address, connections)
}

#[tokio::test]
async fn a_relay_that_falls_silent_is_left_and_tried_again() {
    const SHORT: Duration = Duration::from_millis(50);
    let welcome = r#"{"type":"welcome","seq":0}"#;
    for (words, first) in
        [(Some(welcome), ClientEvent::Connected), (None, ClientEvent::Reconnecting)]
    {
        let (address, mut connections) = mute(words).await;
        let connect = if words.is_none() { SHORT } else { ClientTimeouts::default().connect };
        let waits = ClientTimeouts { connect, silence: SHORT, ..ClientTimeouts::default() };
        let client = WebClient::waiting(link(address, KEY), waits);
        assert_eq!(client.next().await, Some(first));
        for _ in 0..3 {
            connections.recv().await.unwrap();
        }
    }
}

#[tokio::test]
async fn a_secure_connection_needs_nothing_that_others_set_up() {
    tls::connector().unwrap();
    let (address, _connections) = mute(None).await;
    let secure = format!("https://127.0.0.1:{}/chat#{KEY}", address.port());
    let waits = ClientTimeouts { connect: Duration::from_millis(50), ..ClientTimeouts::default() };
    let client = WebClient::waiting(RelayLink::parse(&secure).unwrap(), waits);
    assert_eq!(client.next().await, Some(ClientEvent::Reconnecting));
    assert!(!client.connection.is_finished(), "the connection panicked");
}

/// An output whose every write a test can wait for.
struct WatchedOutput(mpsc::UnboundedSender<String>);

impl std::io::Write for WatchedOutput {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        // The receiver is gone once the test is over.
        let _ = self.0.send(String::from_utf8_lossy(bytes).into_owned());
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[tokio::test]
async fn a_terminal_talks_to_a_relay_until_its_input_ends() {
    let (web, address) = served().await;
    let (mut keyboard, input) = duplex(4_096);
    let (screen, mut seen) = mpsc::unbounded_channel();
    let terminal = Terminal::new(input, WatchedOutput(screen), TerminalOptions::piped());
    let voice = terminal.voice("relay");
    let client = WebClient::connect(link(address, KEY));

    let relay = async {
        let question = Outbound::text("q", "Key?")
            .with_buttons(vec![Button::new("none", "I have none")])
            .asking(AnswerKind::Secret);
        web.send(&WebChannel::chat(), &question).await.unwrap();
        while !seen.recv().await.unwrap().contains("1) I have none") {}
        keyboard.write_all(b"hunter2\n/help\n1\n").await.unwrap();
        drop(keyboard);
        let mut contents = Vec::new();
        while contents.len() < 3 {
            if let Some(ChannelEvent::Inbound(inbound)) = web.next().await {
                web.acknowledge(&inbound.id).await;
                contents.push(inbound.content);
            }
        }
        contents
    };
    let (end, contents) = tokio::join!(talk(&voice, &client), relay);

    assert_eq!(end, TalkEnd::InputEnded);
    let message = Some(MessageRef { chat: WebChannel::chat(), id: "q".into() });
    let tap = InboundContent::Tap { button: "none".into(), message };
    let secret = InboundContent::Secret("hunter2".to_owned().into());
    assert_eq!(contents, [secret, InboundContent::Text("/help".to_owned().into()), tap]);
}
