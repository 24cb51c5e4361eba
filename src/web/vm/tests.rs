use std::path::Path;

use axum::body::to_bytes;
use axum::http::Method;
use tower::ServiceExt;
use url::Url;

use super::*;
use crate::clock::Clock;
use crate::probation::PROBATION_MS;
use crate::protocol::{SIGNATURE_HEADER, SignedCall, TurnEvent, VERSION_HEADER, sign};
use crate::secret::{Audience, Secret, SecretKind};
use crate::spec::{AgentKind, DeploymentId};
use crate::vm::{VmLimits, VmSettings};

const KEY: &str = "the link key";
const NOON_MS: u64 = 1_700_000_000_000;

struct VmRouteWorld {
    dir: tempfile::TempDir,
    clock: Clock,
    vm: Arc<Vm>,
    router: Router,
    nonces: std::cell::Cell<u8>,
}

impl VmRouteWorld {
    fn new() -> Self {
        let world = Self::first_started(NOON_MS);
        world.commit();
        world
    }

    fn commit(&self) {
        self.vm.probation().commit().unwrap();
    }

    fn first_started(first_start_ms: u64) -> Self {
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join("first_start_ms"), first_start_ms.to_string()).unwrap();
        let clock = Clock::from_tokio(NOON_MS);
        let vm = vm(dir.path(), &clock);
        let router = router(vm.clone());
        Self { dir, clock, vm, router, nonces: std::cell::Cell::new(0) }
    }

    fn signed(&self, method: Method, path: &str, body: &str) -> Request {
        let nonce = self.nonces.get() + 1;
        self.nonces.set(nonce);
        let call = SignedCall {
            direction: Direction::RelayToVm,
            method: method.as_str(),
            path,
            body: body.as_bytes(),
        };
        let signature = sign(KEY.as_bytes(), call, self.clock.now_ms(), [nonce; 16]);
        unsigned(method, path, body, &signature)
    }

    async fn send(&self, request: Request) -> (StatusCode, String) {
        let response = self.router.clone().oneshot(request).await.unwrap();
        let status = response.status();
        let body = to_bytes(response.into_body(), usize::MAX).await.unwrap();
        (status, String::from_utf8(body.to_vec()).unwrap())
    }

    async fn call(&self, method: Method, path: &str, body: &str) -> (StatusCode, String) {
        self.send(self.signed(method, path, body)).await
    }
}

fn vm(data_dir: &Path, clock: &Clock) -> Arc<Vm> {
    let secret = |kind| Arc::new(Secret::new(kind, KEY.to_owned(), Audience::nobody()));
    let settings = VmSettings {
        deployment: DeploymentId::from_random([0; DeploymentId::LENGTH]),
        data_dir: data_dir.to_owned(),
        agent: AgentKind::Shell,
        link_key: secret(SecretKind::LinkKey),
        model_proxy_url: Url::parse("http://relay.test").unwrap(),
        agent_user: None,
        claude_bin: "claude".into(),
        limits: VmLimits::default(),
    };
    Arc::new(Vm::start(settings, clock.clone()).unwrap())
}

fn unsigned(method: Method, path: &str, body: &str, signature: &str) -> Request {
    let mut request = Request::new(Body::from(body.to_owned()));
    *request.method_mut() = method;
    *request.uri_mut() = path.parse().unwrap();
    request.headers_mut().insert(SIGNATURE_HEADER, signature.parse().unwrap());
    request
}

fn turn(id: &str, line: &str) -> String {
    serde_json::json!({"turn": id, "session": "s", "text": line}).to_string()
}

#[tokio::test]
async fn a_signed_turn_streams_a_json_line_for_each_event() {
    let world = VmRouteWorld::new();

    let (status, body) = world.call(Method::POST, "/turns", &turn("1", "echo hello")).await;

    let events: Vec<TurnEvent> =
        body.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(status, StatusCode::OK);
    assert_eq!(events, [TurnEvent::Text { text: "hello\n".to_owned() }, TurnEvent::Done]);
}

#[tokio::test]
async fn whoever_cannot_sign_is_refused_and_told_nothing() {
    let world = VmRouteWorld::new();
    let line = turn("1", "echo ran >>ran");
    let altered = || {
        let mut request = world.signed(Method::POST, "/turns", &line);
        *request.body_mut() = Body::from(turn("1", "echo ran >>ran; rm -rf ."));
        request
    };
    let elsewhere = || {
        let mut request = world.signed(Method::POST, "/turns", &line);
        *request.uri_mut() = "/turns?x=1".parse().unwrap();
        request
    };
    let mut bare = unsigned(Method::POST, "/turns", &line, "");
    bare.headers_mut().remove(SIGNATURE_HEADER);
    let mut refused =
        vec![bare, unsigned(Method::POST, "/turns", &line, "v2.1.2.3.4"), altered(), elsewhere()];
    for (method, path) in
        [(Method::GET, "/ready"), (Method::POST, "/commit"), (Method::POST, "/turns/1/cancel")]
    {
        refused.push(unsigned(method, path, "", "v2.1.2.3.4"));
    }

    for request in refused {
        let what = format!("{} {}", request.method(), request.uri());
        assert_eq!(world.send(request).await, (StatusCode::UNAUTHORIZED, String::new()), "{what}");
    }

    assert!(!world.dir.path().join("workspace/ran").exists());
}

#[tokio::test]
async fn an_unsigned_body_is_not_read() {
    let world = VmRouteWorld::new();
    let whole = Arc::new(std::sync::atomic::AtomicBool::default());
    for (method, path) in [(Method::POST, "/turns"), (Method::PUT, "/turns/1/inbox/a.txt")] {
        let read = whole.clone();
        let body = futures::stream::once(async move {
            read.store(true, std::sync::atomic::Ordering::Relaxed);
            Ok::<_, std::io::Error>(Bytes::from("x"))
        });
        let mut request = unsigned(method, path, "", "v2.1.2.3.4");
        *request.body_mut() = Body::from_stream(body);
        assert_eq!(world.send(request).await.0, StatusCode::UNAUTHORIZED, "{path}");
    }
    assert!(!whole.load(std::sync::atomic::Ordering::Relaxed));
}

#[tokio::test]
async fn a_body_that_was_not_signed_has_no_effect() {
    let world = VmRouteWorld::new();
    // A commit that was not signed would write it again.
    std::fs::remove_file(world.dir.path().join("committed")).unwrap();
    for (method, path, signed) in [
        (Method::POST, "/turns", turn("1", "echo ran >ran")),
        (Method::PUT, "/turns/1/inbox/a.txt", "milk".to_owned()),
        (Method::POST, "/commit", String::new()),
        (Method::POST, "/turns/2/cancel", String::new()),
    ] {
        for other in ["", "beer", &turn("1", "echo ran >ran; date")] {
            if other == signed {
                continue;
            }
            let mut request = world.signed(method.clone(), path, &signed);
            *request.body_mut() = Body::from(other.to_owned());
            let answer = world.send(request).await;
            assert_eq!(answer, (StatusCode::UNAUTHORIZED, String::new()), "{path} {other}");
        }
    }
    let workspace = world.dir.path().join("workspace");
    assert!(!workspace.join("ran").exists() && !workspace.join("inbox/1-a.txt").exists());
    assert!(!world.dir.path().join("committed").exists());
    let (_, told) = world.call(Method::POST, "/turns", &turn("2", "true")).await;
    assert_eq!(told, "{\"type\":\"done\"}\n", "it was not cancelled");
}

#[tokio::test]
async fn a_relay_of_a_neighbouring_release_is_served_and_an_older_one_is_told_so() {
    let world = VmRouteWorld::new();
    for (id, version) in [("1", None), ("2", Some("1")), ("3", Some("2")), ("4", Some("3"))] {
        let mut request = world.signed(Method::POST, "/turns", &turn(id, "true"));
        if let Some(version) = version {
            request.headers_mut().insert(VERSION_HEADER, version.parse().unwrap());
        }
        assert_eq!(world.send(request).await.0, StatusCode::OK, "{version:?}");
    }
    let mut older = world.signed(Method::POST, "/turns", &turn("5", "touch ran"));
    older.headers_mut().insert(VERSION_HEADER, "0".parse().unwrap());
    assert_eq!(world.send(older).await, (StatusCode::UPGRADE_REQUIRED, String::new()));
    assert!(!world.dir.path().join("workspace/ran").exists());

    let mut unproven = unsigned(Method::POST, "/turns", &turn("6", "true"), "none");
    unproven.headers_mut().insert(VERSION_HEADER, "0".parse().unwrap());
    assert_eq!(world.send(unproven).await.0, StatusCode::UNAUTHORIZED, "strangers learn nothing");
}

#[tokio::test]
async fn a_replayed_call_is_refused() {
    let world = VmRouteWorld::new();
    let first = world.signed(Method::POST, "/turns", &turn("1", "true"));
    let signature = first.headers()[SIGNATURE_HEADER].to_str().unwrap().to_owned();
    let again = unsigned(Method::POST, "/turns", &turn("1", "true"), &signature);

    assert_eq!(world.send(first).await.0, StatusCode::OK);
    assert_eq!(world.send(again).await, (StatusCode::UNAUTHORIZED, String::new()));
}

#[tokio::test]
async fn health_is_open_and_ready_is_the_agents() {
    let world = VmRouteWorld::new();

    let health = world.send(unsigned(Method::GET, "/health", "", "none")).await;
    let ready = world.call(Method::GET, "/ready", "").await;

    for (status, body) in [health, ready] {
        let health: Health = serde_json::from_str(&body).unwrap();
        assert_eq!(status, StatusCode::OK);
        assert_eq!(health.deployment, "0".repeat(DeploymentId::LENGTH));
        assert_eq!(health.role, "vm");
    }
}

#[tokio::test]
async fn what_is_no_turn_is_refused() {
    let world = VmRouteWorld::new();
    let too_large = "x".repeat(TURN_BYTES_MAX + 1);
    for body in ["", "{}", "null", &turn("../x", "true"), &turn("", "true")] {
        let (status, _) = world.call(Method::POST, "/turns", body).await;
        assert_eq!(status, StatusCode::BAD_REQUEST, "{body}");
    }
    let (status, _) = world.call(Method::POST, "/turns", &too_large).await;
    assert_eq!(status, StatusCode::PAYLOAD_TOO_LARGE);
    let (status, _) = world.call(Method::POST, "/turns/..%2f..%2fx/cancel", "").await;
    assert_eq!(status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn a_busy_session_is_said_to_be_until_its_turn_is_cancelled() {
    let world = VmRouteWorld::new();
    let request = world.signed(Method::POST, "/turns", &turn("1", "sleep 1000"));
    let running = world.router.clone().oneshot(request).await.unwrap();

    let (busy, _) = world.call(Method::POST, "/turns", &turn("2", "true")).await;
    let (cancelled, _) = world.call(Method::POST, "/turns/1/cancel", "").await;
    let told = to_bytes(running.into_body(), usize::MAX).await.unwrap();

    assert_eq!((busy, cancelled), (StatusCode::CONFLICT, StatusCode::ACCEPTED));
    assert_eq!(told, "{\"type\":\"failed\",\"reason\":\"stopped\"}\n");
}

#[tokio::test]
async fn a_vm_serves_nothing_but_the_provisioners_calls_until_it_is_committed() {
    for age_ms in [0, PROBATION_MS] {
        let world = VmRouteWorld::first_started(NOON_MS - age_ms);
        let line = turn("1", "touch ran");
        for (method, path, body) in [
            (Method::POST, "/turns", line.as_str()),
            (Method::PUT, "/turns/1/inbox/a.txt", "milk"),
            (Method::POST, "/turns/1/cancel", ""),
            (Method::GET, "/turns/1/outbox/0", ""),
        ] {
            let refused = world.call(method, path, body).await;
            assert_eq!(refused, (StatusCode::FORBIDDEN, String::new()), "{path}");
        }
        let forged = unsigned(Method::POST, "/commit", "", "v1.1.2.3");
        assert_eq!(world.send(forged).await.0, StatusCode::UNAUTHORIZED);
        assert!(!world.dir.path().join("committed").exists());
        let (ready, _) = world.call(Method::GET, "/ready", "").await;
        let (health, _) = world.call(Method::GET, "/health", "").await;
        assert!(!world.dir.path().join("workspace/ran").exists());
        assert!(!world.dir.path().join("workspace/inbox").exists());

        let (commit, _) = world.call(Method::POST, "/commit", "").await;
        let (proven, _) = world.call(Method::POST, "/turns", &line).await;

        let all = [ready, health, proven];
        assert_eq!((all, commit), ([StatusCode::OK; 3], StatusCode::NO_CONTENT));
        assert!(world.dir.path().join("workspace/ran").exists());
        assert!(world.dir.path().join("committed").exists());
    }
}

#[tokio::test]
async fn files_come_and_go_for_the_relay_only() {
    let world = VmRouteWorld::new();
    let unsigned_file = unsigned(Method::PUT, "/turns/1/inbox/a.txt", "milk", "");
    assert_eq!(world.send(unsigned_file).await.0, StatusCode::UNAUTHORIZED);

    let (status, body) = world.call(Method::PUT, "/turns/1/inbox/a.txt", "milk").await;
    let received: SavedFile = serde_json::from_str(&body).unwrap();
    assert_eq!((status, received.path.as_str()), (StatusCode::OK, "inbox/1-a.txt"));
    let line = "mkdir outbox; tr a-z A-Z <inbox/1-a.txt >outbox/b.txt";
    let (_, body) = world.call(Method::POST, "/turns", &turn("1", line)).await;
    let told: Vec<TurnEvent> =
        body.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let left = TurnEvent::File { index: 0, name: "b.txt".to_owned(), bytes: 4 };
    assert_eq!(told, [left, TurnEvent::Done]);

    let unsigned_file = unsigned(Method::GET, "/turns/1/outbox/0", "", "");
    assert_eq!(world.send(unsigned_file).await.0, StatusCode::UNAUTHORIZED);
    let given = world.call(Method::GET, "/turns/1/outbox/0", "").await;
    assert_eq!(given, (StatusCode::OK, "MILK".to_owned()));
    for (method, path) in [
        (Method::GET, "/turns/1/outbox/1"),
        (Method::GET, "/turns/..%2F1/outbox/0"),
        (Method::PUT, "/turns/..%2F1/inbox/a.txt"),
    ] {
        assert_eq!(world.call(method, path, "").await.0, StatusCode::NOT_FOUND, "{path}");
    }
}
