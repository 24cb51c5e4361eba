//! Every wait of the server has a limit. The waits are short here, so that a test has time for
//! them.

use tokio::io::AsyncReadExt;

use super::*;
use crate::web::admission::STRANGERS_MAX;

const SHORT: Duration = Duration::from_millis(50);

/// Longer than a busy machine delays a test.
const AMPLE: Duration = Duration::from_secs(2);

/// All bytes for a client until the connection ends, read below its protocol, so that nothing is
/// answered.
async fn bytes_until_the_end(raw: RawClient) -> Vec<u8> {
    let mut stream = raw.0.into_inner();
    let mut bytes = Vec::new();
    // The connection may end with an error.
    let _ = stream.read_to_end(&mut bytes).await;
    bytes
}

#[tokio::test]
async fn a_client_without_a_hello_is_disconnected() {
    let (web, address) =
        served_waiting(ClientTimeouts { hello: SHORT, ..ClientTimeouts::default() }).await;
    let mut mute = RawClient::connect(address, None).await.unwrap();
    assert_eq!(mute.reads().await, None);
    assert_eq!(web.sockets(), 0);
}

#[tokio::test]
async fn a_client_that_answers_no_ping_is_let_go() {
    const PING: [u8; 2] = [0x89, 0];
    let waits = ClientTimeouts { ping: SHORT, silence: 5 * SHORT, ..ClientTimeouts::default() };
    let (web, address) = served_waiting(waits).await;
    let gone = RawClient::welcomed(address, 0).await;
    let bytes = bytes_until_the_end(gone).await;
    assert!(bytes.chunks(2).filter(|frame| *frame == PING).count() >= 2, "{bytes:?}");
    web.changed.closed().await;
    assert_eq!(web.sockets(), 0);
}

#[tokio::test]
async fn a_silent_client_that_answers_pings_stays() {
    let waits = ClientTimeouts { ping: SHORT, silence: AMPLE, ..ClientTimeouts::default() };
    let (web, address) = served_waiting(waits).await;
    let mut silent = RawClient::welcomed(address, 0).await;
    let began = Instant::now();
    while began.elapsed() < AMPLE + 5 * SHORT {
        assert!(matches!(silent.0.next().await, Some(Ok(Message::Ping(_)))));
    }
    assert_eq!(web.sockets(), 1);
}

#[tokio::test]
async fn a_client_that_reads_nothing_is_let_go() {
    let (web, address) =
        served_waiting(ClientTimeouts { write: SHORT, ..ClientTimeouts::default() }).await;
    let stuck = RawClient::welcomed(address, 0).await;
    // More than the system holds for two sockets.
    for n in 0..400 {
        let text = "x".repeat(TEXT_MAX);
        web.send(&WebChannel::chat(), &Outbound::text(n.to_string(), text)).await.unwrap();
    }
    web.changed.closed().await;
    assert!(bytes_until_the_end(stuck).await.len() < 400 * TEXT_MAX);

    let mut again = RawClient::welcomed(address, 399).await;
    assert_eq!(again.reads().await.unwrap()["id"], "399", "the log has what was not written");
}

#[tokio::test]
async fn a_client_that_never_closes_does_not_keep_the_relay_up() {
    let (web, address) =
        served_waiting(ClientTimeouts { farewell: SHORT, ..ClientTimeouts::default() }).await;
    let _stuck = RawClient::welcomed(address, 0).await;
    timeout(AMPLE, web.sleep()).await.unwrap();
}

#[tokio::test]
async fn a_crowd_of_strangers_does_not_keep_the_owner_out() {
    let (_web, address) = served().await;
    let mut strangers = Vec::new();
    for _ in 0..STRANGERS_MAX {
        strangers.push(RawClient::connect(address, None).await.unwrap());
    }
    RawClient::welcomed(address, 0).await;

    let made_room = timeout(AMPLE, strangers[0].reads()).await;
    assert_eq!(made_room.expect("the first stranger was let go"), None);
    strangers[1].says(json!({"type": "hello", "key": KEY, "after": 0})).await;
    assert_eq!(strangers[1].reads().await.unwrap()["type"], "welcome");
}
