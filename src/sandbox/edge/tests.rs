use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use axum::Router;
use axum::extract::ws::{Message, WebSocketUpgrade};
use axum::http::HeaderMap;
use axum::routing::{any, get, post};
use parking_lot::Mutex;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;

use super::*;
use crate::clock::Clock;
use crate::http::{NetworkTransport, call};
use crate::random::Random;
use crate::sandbox::fly::SimulatedFlySettings;
use crate::sandbox::machines::{ExecOutput, MachineLaunch, MachineRuntime};

#[test]
fn host_names_stand_for_apps() {
    let cases = [
        ("ada-relay.fly.dev", Some(("ada-relay", HostKind::Public))),
        ("ada-relay.fly.dev.localhost:4711", Some(("ada-relay", HostKind::Public))),
        ("ada-vm.flycast", Some(("ada-vm", HostKind::Flycast))),
        ("ada-vm.flycast.localhost:80", Some(("ada-vm", HostKind::Flycast))),
        ("ada-relay.internal:8081", Some(("ada-relay", HostKind::Internal))),
        ("fly.dev", None),
        ("example.com", None),
        ("", None),
    ];
    for (host, expected) in cases {
        assert_eq!(app_of(host), expected, "{host}");
    }
}

/// A runtime whose one machine is a small web server in this process, on a real port.
#[derive(Default)]
struct SingleServerRuntime {
    running: Mutex<Option<(u16, oneshot::Sender<i32>)>>,
}

#[async_trait]
impl MachineRuntime for SingleServerRuntime {
    async fn start(&self, _: MachineLaunch) -> anyhow::Result<oneshot::Receiver<i32>> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let port = listener.local_addr()?.port();
        tokio::spawn(async move { axum::serve(listener, server()).await });
        let (exit, exited) = oneshot::channel();
        *self.running.lock() = Some((port, exit));
        Ok(exited)
    }

    async fn stop(&self, _: &str, _: Duration) {
        if let Some((_, exit)) = self.running.lock().take() {
            exit.send(0).unwrap();
        }
    }

    fn signal(&self, _: &str, _: &str) {}

    fn endpoint(&self, _: &str) -> Option<MachineEndpoint> {
        self.running.lock().as_ref().map(|(port, _)| MachineEndpoint::Loopback(*port))
    }

    fn model_proxy(&self, machine: &str) -> Option<MachineEndpoint> {
        self.endpoint(machine)
    }

    async fn exec(&self, _: &str, _: &[String], _: Duration) -> ExecOutput {
        ExecOutput::default()
    }

    async fn discard_volume(&self, _: &str) {}

    fn running(&self) -> Vec<String> {
        Vec::new()
    }

    fn output(&self, _: &str) -> String {
        String::new()
    }

    fn close(&self) {}
}

fn server() -> Router {
    let echo = |upgrade: WebSocketUpgrade| async {
        upgrade.on_upgrade(|mut socket| async move {
            while let Some(Ok(Message::Text(text))) = socket.recv().await {
                socket.send(Message::Text(text)).await.unwrap();
            }
        })
    };
    Router::new()
        .route("/health", get(|| async { "well" }))
        .route("/echo", post(|body: Bytes| async { body }))
        .route("/protocol", get(protocol))
        .route("/socket", any(echo))
}

/// The values of the protocol header at a machine.
async fn protocol(headers: HeaderMap) -> String {
    let protocols =
        headers.get_all(PROTOCOL_HEADER).iter().map(|protocols| protocols.to_str().unwrap());
    protocols.collect::<Vec<_>>().join(",")
}

/// A cloud with one app behind the proxy.
struct EdgeWorld {
    fly: Arc<SimulatedFly>,
    edge: SocketAddr,
    token: String,
}

impl EdgeWorld {
    async fn new() -> Self {
        let (clock, random) = (Clock::system(), Random::seeded(3));
        let fly = SimulatedFly::new(SimulatedFlySettings::prompt(
            clock,
            random,
            Arc::new(SingleServerRuntime::default()),
        ));
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let edge = listener.local_addr().unwrap();
        tokio::spawn(serve(listener, fly.clone()));
        let token = fly.mint_org_token();
        let world = Self { fly, edge, token };
        let network = "textslash-k3v9";
        let app = json!({ "name": "ada", "org_slug": "personal", "network": network });
        world.post("/v1/apps", app).await;
        world
    }

    async fn post(&self, path: &str, body: Value) -> Value {
        let request = http::Request::post(path)
            .header("authorization", &self.token)
            .header("content-type", "application/json")
            .body(Body::from(body.to_string()))
            .unwrap();
        let response = self.fly.router().oneshot(request).await.unwrap();
        assert!(response.status().is_success());
        let bytes = axum::body::to_bytes(response.into_body(), 1 << 20).await.unwrap();
        serde_json::from_slice(&bytes).unwrap_or_default()
    }

    async fn with_machine(self) -> Self {
        let image = format!("ghcr.io/textslash/vm@sha256:{}", "1".repeat(64));
        let services = json!([{ "internal_port": 8080, "protocol": "tcp", "autostart": true }]);
        let config = json!({ "image": image, "services": services });
        self.post("/v1/apps/ada/machines", json!({ "name": "vm", "config": config })).await;
        self.post("/v1/apps/ada/ip_assignments", json!({ "type": "v6" })).await;
        self
    }

    async fn until_stopped(&self) {
        while self.fly.inventory().machines != ["ada/vm lhr stopped"] {
            tokio::task::yield_now().await;
        }
    }

    async fn send(&self, host: &str, path: &str, body: &str) -> (u16, String) {
        let url = format!("http://{host}.localhost:{}{path}", self.edge.port());
        let request = match body {
            "" => http::Request::get(url).body(Bytes::new()),
            body => http::Request::post(url).body(Bytes::from(body.to_owned())),
        };
        let network = NetworkTransport::new().unwrap();
        let deadline = Duration::from_secs(60);
        let answer = call(&network, request.unwrap(), deadline, 1 << 20).await.unwrap();
        (answer.status.as_u16(), String::from_utf8_lossy(&answer.body).into_owned())
    }
}

#[tokio::test]
async fn requests_find_the_machine_by_host_name_one_after_the_other() {
    let world = EdgeWorld::new().await.with_machine().await;
    let long = "x".repeat(300_000);
    assert_eq!(world.send("ada.fly.dev", "/health", "").await, (200, "well".to_owned()));
    assert_eq!(world.send("ada.fly.dev", "/echo", &long).await, (200, long));
    assert_eq!(world.send("ada.fly.dev", "/nowhere", "").await.0, 404);
}

#[tokio::test]
async fn an_app_without_an_address_is_not_reached() {
    let world = EdgeWorld::new().await.with_machine().await;
    for host in ["ada.flycast", "eve.fly.dev", "example"] {
        assert_eq!(world.send(host, "/health", "").await.0, 502, "{host}");
    }
    let private = json!({ "type": "private_v6", "network": "textslash-k3v9" });
    world.post("/v1/apps/ada/ip_assignments", private).await;
    assert_eq!(world.send("ada.flycast", "/health", "").await.0, 200);
}

#[tokio::test]
async fn an_internal_name_leads_to_a_started_machine_and_wakes_none() {
    let world = EdgeWorld::new().await;
    assert_eq!(world.send("ada.internal", "/health", "").await.0, 502, "there is no machine");
    let world = world.with_machine().await;
    assert_eq!(world.send("ada.fly.dev", "/health", "").await.0, 200);
    assert_eq!(world.send("ada.internal", "/health", "").await.0, 200);
    world.fly.runtime().stop("", Duration::ZERO).await;
    world.until_stopped().await;
    assert_eq!(world.send("ada.internal", "/health", "").await.0, 502, "the machine is stopped");
}

#[tokio::test]
async fn traffic_wakes_a_machine_that_is_down() {
    let world = EdgeWorld::new().await.with_machine().await;
    assert_eq!(world.send("ada.fly.dev", "/health", "").await.0, 200);
    let machine = world.fly.inventory().machines;
    assert_eq!(machine, ["ada/vm lhr started"]);
    world.fly.runtime().stop("", Duration::ZERO).await;
    assert_eq!(world.send("ada.fly.dev", "/health", "").await.0, 200);
}

#[tokio::test]
async fn a_web_socket_goes_through() {
    let world = EdgeWorld::new().await.with_machine().await;
    let mut stream = TcpStream::connect(world.edge).await.unwrap();
    let request = "GET /socket HTTP/1.1\r\n\
                   host: ada.fly.dev\r\n\
                   connection: Upgrade\r\n\
                   upgrade: websocket\r\n\
                   sec-websocket-version: 13\r\n\
                   sec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n\
                   \r\n";
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await.unwrap());
    }
    assert!(head.starts_with(b"HTTP/1.1 101"));

    // A masked text frame "hi" with a mask of zeros, and its unmasked echo.
    stream.write_all(&[0x81, 0x82, 0, 0, 0, 0, b'h', b'i']).await.unwrap();
    let mut echo = [0; 4];
    stream.read_exact(&mut echo).await.unwrap();
    assert_eq!(&echo, b"\x81\x02hi");
}

#[tokio::test]
async fn a_machine_gets_the_real_protocol_of_its_client() {
    let world = EdgeWorld::new().await.with_machine().await;
    let mut stream = TcpStream::connect(world.edge).await.unwrap();
    let request = "GET /protocol HTTP/1.1\r\nhost: ada.fly.dev\r\nX-Forwarded-Proto: https\r\n\r\n";
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    assert!(answer.ends_with("\r\n\r\nhttp"), "{answer}");
}

#[tokio::test]
async fn an_unreadable_head_is_refused() {
    let world = EdgeWorld::new().await;
    let mut stream = TcpStream::connect(world.edge).await.unwrap();
    stream.write_all(b"GET / HTTP/1.1\r\n\r\n").await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 400"), "{answer}");
}
