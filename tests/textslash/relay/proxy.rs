//! The model proxy of a real relay process. The test plays the VM and the model's vendor.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use adapters::web::client::{RelayLink, WebClient};
use axum::body::Body;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::{any, post};
use axum::{Json, Router};
use nix::sys::signal::Signal;
use serde_json::{Value, json};
use textslash::clock::Clock;
use textslash::relay::proxy::CALLS_PER_MINUTE_MAX;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::mpsc;
use tokio::task::JoinSet;

use super::until;
use crate::port::serve;
use crate::program::{PATIENCE, Program};

const OWNER_KEY: &str = "6f1e9a3c5b7d2e4f8a0c6b1d3e5f7092a4b6c8d0e2f41638597a0b1c2d3e4f50";
const LINK_KEY: &str = "91c2d3e4f5a60718293a4b5c6d7e8f9001a2b3c4d5e6f708192a3b4c5d6e7f80";
const MODEL_KEY: &str = "sk-ant-api03-2b4d6f8091a3c5e7-2b4d6f8091a3c5e7";

/// A message that may cost a hundred tokens of output.
const MESSAGE: &str = "{\"max_tokens\":100}";

/// What every answer costs.
const ANSWER_TOKENS: u64 = 400;

/// A turn that the VM was asked for.
struct RequestedTurn {
    token: String,
    events: mpsc::UnboundedSender<String>,
}

impl RequestedTurn {
    fn ends(self) {
        self.events.send("{\"type\":\"done\"}\n".to_owned()).unwrap();
    }
}

async fn turn(
    State(turns): State<mpsc::UnboundedSender<RequestedTurn>>,
    Json(ask): Json<Value>,
) -> Body {
    let (events, lines) = mpsc::unbounded_channel();
    let token = ask["model_token"].as_str().unwrap_or_default().to_owned();
    let _ = turns.send(RequestedTurn { token, events });
    Body::from_stream(futures::stream::unfold(lines, async |mut lines| {
        let line = lines.recv().await?;
        Some((Ok::<_, std::io::Error>(line), lines))
    }))
}

async fn answer(State(calls): State<Arc<AtomicUsize>>) -> Response {
    calls.fetch_add(1, Ordering::Relaxed);
    let usage = json!({"input_tokens": ANSWER_TOKENS - 100, "output_tokens": 100});
    Json(json!({"type": "message", "usage": usage})).into_response()
}

/// A relay, and what is around it.
struct RelayProxyWorld {
    dir: tempfile::TempDir,
    environment: Vec<(String, String)>,
    public: SocketAddr,
    proxy: SocketAddr,
    relay: Program,
    client: WebClient,
    turns: mpsc::UnboundedReceiver<RequestedTurn>,
    /// Calls that reached the vendor.
    calls: Arc<AtomicUsize>,
    _servers: JoinSet<()>,
}

fn free_address() -> SocketAddr {
    std::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap().local_addr().unwrap()
}

impl RelayProxyWorld {
    async fn new(more: &[(&str, &str)]) -> Self {
        let (dir, mut servers) = (tempfile::tempdir().unwrap(), JoinSet::new());
        let (sender, turns) = mpsc::unbounded_channel();
        let vm = Router::new()
            .route("/turns", post(turn))
            .route("/turns/{id}/cancel", post(async || StatusCode::ACCEPTED))
            .with_state(sender);
        let calls = Arc::new(AtomicUsize::new(0));
        let model = Router::new().fallback(any(answer)).with_state(calls.clone());
        let vm = serve(&mut servers, vm).await;
        let model = serve(&mut servers, model).await;
        let (public, proxy) = (free_address(), free_address());
        let environment = [
            ("TEXTSLASH_LOG", "info"),
            ("LISTEN_HOST", "127.0.0.1"),
            ("PORT", &public.port().to_string()),
            ("MODEL_PROXY_PORT", &proxy.port().to_string()),
            ("DATA_DIR", dir.path().to_str().unwrap()),
            ("TEXTSLASH_DEPLOYMENT", "0123456789"),
            ("TEXTSLASH_CHANNEL", "web"),
            ("TEXTSLASH_OWNER", "owner"),
            ("TEXTSLASH_AGENT", "claude"),
            ("TEXTSLASH_VM_URL", &format!("http://{vm}")),
            ("TEXTSLASH_MODEL_URL", &format!("http://{model}")),
            ("TEXTSLASH_ALLOW_SANDBOX", "1"),
            ("OWNER_KEY", OWNER_KEY),
            ("LINK_KEY", LINK_KEY),
            ("MODEL_KEY", MODEL_KEY),
        ];
        let environment = environment.iter().chain(more);
        let environment: Vec<_> =
            environment.map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        std::fs::write(dir.path().join("committed"), "").unwrap();
        let relay = Program::start(dir.path(), &["relay"], &environment);
        relay.err.until("the relay listens").await;
        let link = RelayLink::parse(&format!("http://{public}/chat#{OWNER_KEY}")).unwrap();
        let client = WebClient::connect(link);
        let servers = servers;
        Self { dir, environment, public, proxy, relay, client, turns, calls, _servers: servers }
    }

    async fn says(&self, text: &str) {
        self.client.say(text.to_owned().into()).await.unwrap();
    }

    /// The next turn that the VM is asked for.
    async fn turn(&mut self) -> RequestedTurn {
        let turn = tokio::time::timeout(PATIENCE, self.turns.recv()).await;
        turn.expect("no turn came").unwrap()
    }

    /// Status and body of a message to the model.
    async fn asks(&self, token: &str) -> (u16, String) {
        let client = reqwest::Client::builder().no_proxy().build().unwrap();
        let request = client.post(format!("http://{}/v1/messages", self.proxy)).body(MESSAGE);
        let answer = request.header("x-api-key", token).send().await.unwrap();
        (answer.status().as_u16(), answer.text().await.unwrap())
    }

    /// Waits until a message with this token gets this status.
    async fn until_asking_is(&self, token: &str, status: u16) {
        let asked = async {
            while self.asks(token).await.0 != status {
                tokio::task::yield_now().await;
            }
        };
        tokio::time::timeout(PATIENCE, asked).await.expect("it never was");
    }

    async fn restarts(self) -> Self {
        let Self { dir, environment, public, proxy, relay, client, turns, calls, _servers } = self;
        relay.signal(Signal::SIGTERM);
        assert_eq!(relay.end().await.code, 0);
        let relay = Program::start(dir.path(), &["relay"], &environment);
        relay.err.until("the relay listens").await;
        Self { dir, environment, public, proxy, relay, client, turns, calls, _servers }
    }

    fn calls(&self) -> usize {
        self.calls.load(Ordering::Relaxed)
    }
}

/// The status of a request as it is written; no client changes its spelling.
async fn raw(address: SocketAddr, head: &str, token: &str) -> u16 {
    let mut stream = TcpStream::connect(address).await.unwrap();
    let request = format!(
        "{head}\r\nhost: relay\r\nx-api-key: {token}\r\ncontent-length: 0\r\nconnection: \
         close\r\n\r\n"
    );
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = vec![0; 12];
    stream.read_exact(&mut answer).await.unwrap();
    String::from_utf8(answer).unwrap()[9..].parse().unwrap()
}

#[tokio::test]
async fn the_model_is_open_to_the_turn_that_runs_on_a_listener_that_is_not_public() {
    let mut scene = RelayProxyWorld::new(&[]).await;
    scene.says("work").await;
    let first = scene.turn().await;
    let token = first.token.clone();
    assert_eq!(token.len(), 64);

    for path in ["/v1/messages", "/v1/models", "/model/v1/messages", "/model/v1/models"] {
        for method in ["GET", "POST"] {
            let head = format!("{method} {path} HTTP/1.1");
            assert_eq!(raw(scene.public, &head, &token).await, 404, "in public: {head}");
        }
    }
    for (head, status) in [
        ("POST /v1/messages HTTP/1.1", 200),
        ("POST /v1/messages?beta=true HTTP/1.1", 200),
        ("POST /v1/messages/count_tokens HTTP/1.1", 200),
        ("GET /v1/models HTTP/1.1", 200),
        ("GET /v1/models/claude-opus-5-5 HTTP/1.1", 200),
        ("GET /v1/messages HTTP/1.1", 405),
        ("HEAD /v1/models HTTP/1.1", 405),
        ("DELETE /v1/models/claude-opus-5-5 HTTP/1.1", 405),
        ("POST /v1/files HTTP/1.1", 404),
        ("POST /v1/messages/batches HTTP/1.1", 404),
        ("POST /v1/messages/../files HTTP/1.1", 404),
        ("POST //v1/messages HTTP/1.1", 404),
        ("POST /v1%2fmessages HTTP/1.1", 404),
        ("GET /v1/models/..%2ffiles HTTP/1.1", 404),
        ("POST http://api.anthropic.com/v1/messages HTTP/1.1", 404),
        ("CONNECT api.anthropic.com:443 HTTP/1.1", 404),
        ("POST /v1/messages HTTP/1.1\r\nupgrade: websocket", 405),
        ("GET /health HTTP/1.1", 404),
        ("GET /ready HTTP/1.1", 404),
    ] {
        assert_eq!(raw(scene.proxy, head, &token).await, status, "{head}");
    }
    let reached = scene.calls();
    assert_eq!(reached, 5, "what was refused reached nobody");
    for wrong in ["", LINK_KEY, OWNER_KEY, MODEL_KEY, &token[1..], &"0".repeat(64)] {
        assert_eq!(raw(scene.proxy, "POST /v1/messages HTTP/1.1", wrong).await, 401, "{wrong:?}");
    }

    first.ends();
    scene.until_asking_is(&token, 401).await;
    scene.says("more").await;
    let second = scene.turn().await;
    assert_ne!(second.token, token);
    assert_eq!(scene.asks(&token).await.0, 401, "the token of a turn that ended");
    assert_eq!(scene.asks(&second.token).await.0, 200);

    let mut scene = scene.restarts().await;
    let again = scene.turn().await;
    assert_eq!(again.token, second.token, "the agent that runs keeps its token");
    assert_eq!(scene.asks(&second.token).await.0, 200);
    again.ends();
    scene.until_asking_is(&second.token, 401).await;
}

#[tokio::test]
async fn a_relay_that_holds_a_subscription_token_starts_and_says_that_it_needs_a_key() {
    let mut scene =
        RelayProxyWorld::new(&[("MODEL_KEY", "sk-ant-oat01-2b4d6f8091a3c5e7-2b4d6f8091a3")]).await;
    scene.says("work").await;
    let turn = scene.turn().await;

    let (status, body) = scene.asks(&turn.token).await;

    assert_eq!(status, 403);
    assert!(body.contains("A subscription token") && body.contains("an API key instead"), "{body}");
    assert_eq!(scene.calls(), 0);
    turn.ends();
}

#[tokio::test]
async fn three_hundred_calls_in_a_row_are_held_to_the_rate() {
    let mut scene = RelayProxyWorld::new(&[("TEXTSLASH_DAILY_TOKENS", "1000000000")]).await;
    scene.says("work").await;
    let turn = scene.turn().await;

    let began = Instant::now();
    let mut passed = 0;
    for _ in 0..300 {
        match scene.asks(&turn.token).await.0 {
            200 => passed += 1,
            status => assert_eq!(status, 429),
        }
    }

    // A machine on which this takes more than a minute lets more pass.
    let minutes = began.elapsed().as_secs() / 60 + 1;
    let most = usize::try_from(u64::from(CALLS_PER_MINUTE_MAX) * minutes).unwrap();
    assert!((1..=most).contains(&passed), "{passed} of 300 passed");
    assert_eq!(scene.calls(), passed);
}

fn today() -> u64 {
    Clock::system().now_ms() / 86_400_000
}

#[tokio::test]
async fn the_limit_of_a_day_holds_across_restarts() {
    let mut began = today();
    loop {
        spend_a_day().await;
        // A story that midnight falls into proves nothing.
        if std::mem::replace(&mut began, today()) == began {
            return;
        }
    }
}

async fn spend_a_day() {
    let began = today();
    let mut scene = RelayProxyWorld::new(&[("TEXTSLASH_DAILY_TOKENS", "1000")]).await;
    scene.says("work").await;
    let mut turn = scene.turn().await;
    for _ in 0..2 {
        assert_eq!(scene.asks(&turn.token).await.0, 200);
        scene = scene.restarts().await;
        turn = scene.turn().await;
    }
    assert_eq!(scene.asks(&turn.token).await.0, 200, "200 of 1,000 are left");
    scene = scene.restarts().await;
    turn = scene.turn().await;
    let (status, body) = scene.asks(&turn.token).await;
    scene.says("/status").await;
    if began != today() {
        return;
    }
    assert_eq!(status, 402);
    assert!(body.contains("Today's limit of 1,000 tokens is reached. "), "{body}");
    assert!(body.contains("billing_error") && body.contains("00:00 UTC"), "{body}");
    assert_eq!(scene.calls(), 3);
    let said = "Machine: asleep or out of reach\nSession: main\nWork: one turn runs\n\
                Tokens: 900 in, 300 out\nToday: 1,200 of 1,000 tokens, until 00:00 UTC";
    tokio::time::timeout(Duration::from_secs(60), until(&scene.client, said)).await.unwrap();
    turn.ends();
}
