use std::net::Ipv4Addr;

use axum::routing::{get, post};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::sync::{Notify, oneshot};
use tokio::task::JoinHandle;

use super::*;

const CONNECTIONS_MAX: usize = 8;

/// Far longer than anything here takes.
const PATIENCE: Duration = Duration::from_secs(60);

struct TestServer {
    address: SocketAddr,
    end: oneshot::Sender<()>,
    served: JoinHandle<()>,
}

async fn start(router: Router, grace: Duration) -> TestServer {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let address = listener.local_addr().unwrap();
    let (end, told) = oneshot::channel::<()>();
    let told = async { drop(told.await) };
    let limits = ServerLimits { connections_max: CONNECTIONS_MAX, grace };
    let served = tokio::spawn(serve(listener, router, limits, told));
    TestServer { address, end, served }
}

async fn said(stream: &mut TcpStream) -> String {
    let mut all = String::new();
    stream.read_to_string(&mut all).await.unwrap();
    all
}

#[tokio::test]
async fn what_is_in_flight_is_finished_when_the_server_ends() {
    let (reached, go) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
    let (inside, wait) = (reached.clone(), go.clone());
    let slow = get(|| async move {
        inside.notify_one();
        wait.notified().await;
        "done"
    });
    let server = start(Router::new().route("/", slow), PATIENCE).await;
    let mut client = TcpStream::connect(server.address).await.unwrap();
    let mut idle = TcpStream::connect(server.address).await.unwrap();
    client.write_all(b"GET / HTTP/1.1\r\nhost: x\r\n\r\n").await.unwrap();
    reached.notified().await;
    server.end.send(()).unwrap();
    assert_eq!(said(&mut idle).await, "", "an idle connection is hung up");
    TcpStream::connect(server.address).await.expect_err("nobody else is let in");
    go.notify_one();
    assert!(said(&mut client).await.ends_with("done"));
    server.served.await.unwrap();
}

#[tokio::test]
async fn the_end_does_not_wait_for_ever() {
    let reached = Arc::new(Notify::new());
    let inside = reached.clone();
    let stuck = get(|| async move {
        inside.notify_one();
        std::future::pending::<()>().await;
    });
    let server = start(Router::new().route("/", stuck), Duration::ZERO).await;
    let mut client = TcpStream::connect(server.address).await.unwrap();
    client.write_all(b"GET / HTTP/1.1\r\nhost: x\r\n\r\n").await.unwrap();
    reached.notified().await;
    server.end.send(()).unwrap();
    server.served.await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn who_never_finishes_a_head_is_hung_up_on() {
    let server = start(Router::new().route("/", get(|| async { "hi" })), PATIENCE).await;
    let mut client = TcpStream::connect(server.address).await.unwrap();
    client.write_all(b"GET / HTTP/1.1\r\nhost: ").await.unwrap();
    let since = tokio::time::Instant::now();
    assert!(!said(&mut client).await.contains("200"));
    assert!(since.elapsed() <= HEAD_TIMEOUT + Duration::from_secs(1));
}

#[tokio::test]
async fn a_head_that_nobody_sends_is_refused() {
    let server = start(Router::new().route("/", get(|| async { "hi" })), PATIENCE).await;
    let mut client = TcpStream::connect(server.address).await.unwrap();
    let fields = "a: b\r\n".repeat(HEAD_FIELDS_MAX + 1);
    client.write_all(format!("GET / HTTP/1.1\r\n{fields}\r\n").as_bytes()).await.unwrap();
    assert!(said(&mut client).await.starts_with("HTTP/1.1 431"));
}

#[tokio::test]
async fn routes_see_whose_connection_it_is() {
    let whose = post(|ConnectInfo(peer): ConnectInfo<SocketAddr>| async move { peer.to_string() });
    let server = start(Router::new().route("/", whose), PATIENCE).await;
    let mut client = TcpStream::connect(server.address).await.unwrap();
    let own = client.local_addr().unwrap().to_string();
    let request = b"POST / HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-length: 0\r\n\r\n";
    client.write_all(request).await.unwrap();
    assert!(said(&mut client).await.ends_with(&own));
}

/// An answer that says `hi`, as often as it is asked for.
fn hi() -> Router {
    Router::new().route("/", get(|| async { "hi" }))
}

#[tokio::test]
async fn idle_connections_and_unfinished_heads_make_room() {
    let server = start(hi(), PATIENCE).await;
    let mut others = Vec::new();
    for nth in 0..3 * CONNECTIONS_MAX {
        let mut other = TcpStream::connect(server.address).await.unwrap();
        if nth % 2 == 0 {
            other.write_all(b"GET / HTTP/1.1\r\nhost: ").await.unwrap();
        }
        others.push(other);
    }
    let mut client = TcpStream::connect(server.address).await.unwrap();
    client.write_all(b"GET / HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n").await.unwrap();
    let soon = tokio::time::timeout(HEAD_TIMEOUT / 2, said(&mut client)).await;
    assert!(soon.unwrap().ends_with("hi"));
    assert_eq!(said(&mut others[0]).await, "", "the first one had to go");
}

#[tokio::test]
async fn a_request_in_flight_keeps_its_connection() {
    let (reached, go) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
    let (inside, wait) = (reached.clone(), go.clone());
    let slow = get(|| async move {
        inside.notify_one();
        wait.notified().await;
        "done"
    });
    let server = start(Router::new().route("/slow", slow), PATIENCE).await;
    let mut client = TcpStream::connect(server.address).await.unwrap();
    let request = b"GET /slow HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n";
    client.write_all(request).await.unwrap();
    reached.notified().await;
    let mut others = Vec::new();
    for _ in 0..2 * CONNECTIONS_MAX {
        others.push(TcpStream::connect(server.address).await.unwrap());
    }
    assert_eq!(said(&mut others[0]).await, "", "an idle one had to go");
    go.notify_one();
    assert!(said(&mut client).await.ends_with("done"));
}

#[tokio::test(start_paused = true)]
async fn a_body_that_trickles_is_given_up() {
    let whole = post(|body: axum::body::Bytes| async move { body.len().to_string() });
    let server = start(Router::new().route("/", whole), PATIENCE).await;
    let mut client = TcpStream::connect(server.address).await.unwrap();
    let head = b"POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 1000\r\n\r\n";
    client.write_all(head).await.unwrap();
    let (mut reads, mut writes) = client.into_split();
    let since = tokio::time::Instant::now();
    let trickle = tokio::spawn(async move {
        while writes.write_all(b"x").await.is_ok() {
            tokio::time::sleep(Duration::from_secs(1)).await;
        }
    });
    let mut answer = Vec::new();
    // The connection may be reset while it is read.
    let _ = reads.read_to_end(&mut answer).await;
    assert!(!answer.starts_with(b"HTTP/1.1 200"));
    assert!(since.elapsed() <= WINDOW + Duration::from_secs(2), "{:?}", since.elapsed());
    trickle.abort();
}

#[tokio::test(start_paused = true)]
async fn a_client_that_reads_nothing_is_disconnected() {
    let ended = Arc::new(Notify::new());
    let end = ended.clone();
    let flood = get(move || {
        let end = end.clone();
        async move {
            let told = futures::stream::unfold(NotifyOnDrop(end), |told| async move {
                Some((Ok::<_, std::io::Error>("x".repeat(64 * 1024)), told))
            });
            Body::from_stream(told)
        }
    });
    let server = start(Router::new().route("/", flood), PATIENCE).await;
    let mut client = TcpStream::connect(server.address).await.unwrap();
    client.write_all(b"GET / HTTP/1.1\r\nhost: x\r\n\r\n").await.unwrap();
    ended.notified().await;
    drop(client);
}

struct NotifyOnDrop(Arc<Notify>);

impl Drop for NotifyOnDrop {
    fn drop(&mut self) {
        self.0.notify_one();
    }
}
