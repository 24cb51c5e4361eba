use std::sync::Mutex;
use std::time::Duration;

use async_trait::async_trait;
use axum::body::to_bytes;
use axum::http::{HeaderMap, Method, Uri};
use futures::StreamExt;
use futures::stream::BoxStream;
use tower::ServiceExt;

use super::*;
use crate::http::{Reply, Transport, Unanswered};
use crate::relay::ledger::Tokens;
use crate::relay::tests::world::{OWNER, Script, World};

const TOKEN: &str = "the proxy token";
const KEY: &str = "sk-ant-api-the-key";

const STREAM: &str = concat!(
    "event: message_start\n",
    "data: {\"type\":\"message_start\",\"message\":{\"usage\":{\"input_tokens\":10,",
    "\"cache_read_input_tokens\":5,\"output_tokens\":1}}}\n\n",
    "event: message_delta\n",
    "data: {\"type\":\"message_delta\",\"usage\":{\"output_tokens\":7}}\n\n",
);

/// An answer that begins and never ends.
const STALLS: &str = "{";

/// The VM, and a model that answers `answer` and remembers who asked.
struct Outside {
    vm: Arc<dyn Transport>,
    answer: Option<(&'static str, &'static str)>,
    asked: Mutex<Vec<(Uri, HeaderMap)>>,
}

#[async_trait]
impl Transport for Outside {
    async fn send(&self, request: http::Request<Bytes>) -> Result<Reply, Unanswered> {
        if request.uri().host() == Some("vm.test") {
            return self.vm.send(request).await;
        }
        self.asked.lock().unwrap().push((request.uri().clone(), request.headers().clone()));
        let (kind, body) = self.answer.ok_or(Unanswered::NotSent)?;
        let head = http::Response::builder()
            .header("content-type", kind)
            .header("set-cookie", "a=b")
            .header("request-id", "req_1")
            .body(());
        // In small pieces, so that lines are cut anywhere.
        let pieces: Vec<_> = body.as_bytes().chunks(7).map(|piece| Ok(piece.into())).collect();
        let pieces = futures::stream::iter(pieces);
        let body: BoxStream<'static, _> = match body {
            STALLS => pieces.chain(futures::stream::pending()).boxed(),
            _ => pieces.boxed(),
        };
        Ok(Reply { head: head.unwrap().into_parts().0, body })
    }
}

struct Door {
    world: World,
    outside: Arc<Outside>,
    relay: Arc<Relay>,
    router: Router,
}

impl Door {
    async fn new(answer: Option<(&'static str, &'static str)>) -> Self {
        Self::holding(KEY, answer).await
    }

    async fn holding(
        model_key: &'static str,
        answer: Option<(&'static str, &'static str)>,
    ) -> Self {
        let mut world = World::stopped(Script::answers("ok")).await;
        world.model_key = model_key;
        let outside = Arc::new(Outside { vm: world.vm.clone(), answer, asked: Mutex::default() });
        let relay = world.relay_over(OWNER, None, outside.clone()).await.unwrap();
        Self { world, outside, relay: relay.clone(), router: router(relay) }
    }

    async fn send(&self, method: Method, path: &str, headers: &[(&str, &str)]) -> (u16, String) {
        let mut request = Request::builder().method(method).uri(path);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let request = request.body(Body::empty()).unwrap();
        let response = self.router.clone().oneshot(request).await.unwrap();
        let (head, body) = response.into_parts();
        let body = to_bytes(body, usize::MAX).await.unwrap();
        let body = String::from_utf8(body.to_vec()).unwrap();
        assert!(!format!("{head:?}{body}").contains(self.world.model_key));
        assert!(!head.headers.contains_key("set-cookie"));
        (head.status.as_u16(), body)
    }

    async fn used(&self) -> Tokens {
        self.world.ledger.usage().await.unwrap()
    }
}

#[tokio::test]
async fn without_the_token_nothing_is_forwarded() {
    let door = Door::new(Some(("application/json", "{}"))).await;
    for headers in [
        vec![],
        vec![("x-api-key", "")],
        vec![("x-api-key", "wrong")],
        vec![("authorization", "Bearer wrong")],
        vec![("authorization", "the proxy token")],
        vec![("x-api-key", KEY)],
    ] {
        let (status, _) = door.send(Method::POST, "/v1/messages", &headers).await;
        assert_eq!(status, 401, "{headers:?}");
    }
    assert!(door.outside.asked.lock().unwrap().is_empty());
}

#[tokio::test]
async fn only_the_vendors_own_methods_are_forwarded() {
    let door = Door::new(Some(("application/json", "{}"))).await;
    for (method, path, status) in [
        (Method::POST, "/v1/files", 404),
        (Method::POST, "/v1/messages/../files", 404),
        (Method::POST, "/v1//messages", 404),
        (Method::POST, "/v1%2fmessages", 404),
        (Method::POST, "/v1/messages/batches", 404),
        (Method::POST, "http://api.anthropic.com/v1/messages", 404),
        (Method::POST, "/model/v1/messages", 404),
        (Method::GET, "/v1/messages", 405),
        (Method::HEAD, "/v1/models", 405),
        (Method::DELETE, "/v1/models/claude-opus-5-5", 405),
    ] {
        let (refused, _) = door.send(method.clone(), path, &[("x-api-key", TOKEN)]).await;
        assert_eq!(refused, status, "{method} {path}");
    }
    let upgrade = [("x-api-key", TOKEN), ("connection", "upgrade"), ("upgrade", "websocket")];
    assert_eq!(door.send(Method::POST, "/v1/messages", &upgrade).await.0, 405);
    assert!(door.outside.asked.lock().unwrap().is_empty());

    for (method, path) in [
        (Method::POST, "/v1/messages?beta=true"),
        (Method::POST, "/v1/messages/count_tokens"),
        (Method::GET, "/v1/models"),
        (Method::GET, "/v1/models/claude-opus-5-5"),
    ] {
        let (status, _) = door.send(method.clone(), path, &[("x-api-key", TOKEN)]).await;
        assert_eq!(status, 200, "{method} {path}");
    }
    assert_eq!(door.outside.asked.lock().unwrap().len(), 4);
}

#[tokio::test]
async fn a_forwarded_call_carries_the_key_and_nothing_of_the_callers_credentials() {
    let door = Door::new(Some(("application/json", "{}"))).await;
    let bearer = format!("Bearer {TOKEN}");
    let headers = [
        ("authorization", bearer.as_str()),
        ("cookie", "a=b"),
        ("accept-encoding", "gzip"),
        ("fly-client-ip", "fdaa::1"),
        ("x-forwarded-proto", "http"),
        ("anthropic-version", "2023-06-01"),
        ("content-type", "application/json"),
        ("user-agent", "agent/1"),
        ("x-stainless-lang", "js"),
    ];
    door.send(Method::POST, "/v1/messages?beta=true", &headers).await;

    let asked = door.outside.asked.lock().unwrap();
    let (uri, headers) = &asked[0];
    assert_eq!(uri, "https://model.test/v1/messages?beta=true");
    assert_eq!(headers["x-api-key"], KEY);
    let mut names: Vec<_> = headers.keys().map(|name| name.as_str()).collect();
    names.sort_unstable();
    let passed =
        ["anthropic-version", "content-type", "user-agent", "x-api-key", "x-stainless-lang"];
    assert_eq!(names, passed);
}

#[tokio::test]
async fn a_subscription_key_is_a_bearer_token_and_its_beta_joins_the_callers() {
    const SUBSCRIPTION: &str = "sk-ant-oat01-the-key";
    for (asked, sent) in [
        (&[][..], "oauth-2025-04-20"),
        (&["files-1"], "files-1,oauth-2025-04-20"),
        (&["files-1,tools-2", "cache-3"], "files-1,tools-2,cache-3,oauth-2025-04-20"),
    ] {
        let door = Door::holding(SUBSCRIPTION, Some(("application/json", "{}"))).await;
        let mut headers = vec![("x-api-key", TOKEN)];
        headers.extend(asked.iter().map(|beta| ("anthropic-beta", *beta)));
        door.send(Method::POST, "/v1/messages", &headers).await;

        let asked = door.outside.asked.lock().unwrap();
        let (_, headers) = &asked[0];
        assert_eq!(headers["authorization"], format!("Bearer {SUBSCRIPTION}"));
        assert!(!headers.contains_key("x-api-key"));
        assert_eq!(headers.get_all("anthropic-beta").iter().collect::<Vec<_>>(), [sent]);
    }
}

#[tokio::test]
async fn answers_pass_untouched_and_their_tokens_are_counted() {
    let whole = "{\"usage\":{\"input_tokens\":3,\"output_tokens\":4}}";
    for (kind, body, used) in [
        ("text/event-stream; charset=utf-8", STREAM, Tokens { input: 15, output: 7 }),
        ("application/json", whole, Tokens { input: 3, output: 4 }),
        ("application/json", "not json", Tokens::default()),
    ] {
        let door = Door::new(Some((kind, body))).await;
        let answer = door.send(Method::POST, "/v1/messages", &[("x-api-key", TOKEN)]).await;
        assert_eq!(answer, (200, body.to_owned()));
        assert_eq!(door.used().await, used, "{body}");
    }
}

/// A request of the agent's whose body begins with so many bytes and then stops.
fn slow_request(bytes: usize) -> Request {
    let pieces =
        (0..bytes.div_ceil(1024)).map(|_| Ok::<_, std::io::Error>(Bytes::from(vec![b' '; 1024])));
    let begun = futures::stream::iter(pieces);
    let body = Body::from_stream(begun.chain(futures::stream::pending()));
    Request::post("/v1/messages").header("x-api-key", TOKEN).body(body).unwrap()
}

#[tokio::test]
async fn slow_bodies_hold_nobody_up_and_lose_their_room() {
    let door = Door::new(Some(("application/json", "{}"))).await;
    let mut slow = Vec::new();
    for _ in 0..3 {
        slow.push(tokio::spawn(door.router.clone().oneshot(slow_request(1000))));
    }
    tokio::task::yield_now().await;
    let honest = door.send(Method::POST, "/v1/messages", &[("x-api-key", TOKEN)]).await;
    assert_eq!(honest.0, 200, "three slow bodies leave room");

    for _ in 0..3 {
        slow.push(tokio::spawn(door.router.clone().oneshot(slow_request(proxy::BODY_BYTES_MAX))));
    }
    while door.relay.bodies().free() > crate::relay::BODY_BYTES_MAX / 4 {
        tokio::task::yield_now().await;
    }
    tokio::time::pause();
    let body = Body::from(vec![b' '; proxy::BODY_BYTES_MAX]);
    let request = Request::post("/v1/messages").header("x-api-key", TOKEN);
    let honest = door.router.clone().oneshot(request.body(body).unwrap());
    let since = tokio::time::Instant::now();
    assert_eq!(honest.await.unwrap().status(), 200, "the largest request waits for slow ones");
    assert!(since.elapsed() < Duration::from_secs(60), "{:?}", since.elapsed());
    for slow in slow {
        let status = slow.await.unwrap().unwrap().status();
        assert!(status == 408 || status == 503, "{status}");
    }
    assert_eq!(door.relay.bodies().free(), crate::relay::BODY_BYTES_MAX);
}

#[tokio::test]
async fn an_answer_that_stalls_ends() {
    let door = Door::new(Some(("application/json", STALLS))).await;
    let request = Request::post("/v1/messages").header("x-api-key", TOKEN);
    let request = request.body(Body::empty()).unwrap();
    let response = door.router.clone().oneshot(request).await.unwrap();
    assert_eq!(response.headers()["request-id"], "req_1");
    tokio::time::pause();
    let an_hour = Duration::from_secs(3600);
    let body = tokio::time::timeout(an_hour, to_bytes(response.into_body(), usize::MAX)).await;
    assert!(body.expect("it ended").is_err(), "and is not taken for a whole answer");
}

#[tokio::test]
async fn a_model_out_of_reach_is_an_error_the_agent_understands() {
    let door = Door::new(None).await;
    let (status, body) = door.send(Method::POST, "/v1/messages", &[("x-api-key", TOKEN)]).await;
    let body: serde_json::Value = serde_json::from_str(&body).unwrap();
    assert_eq!((status, &body["error"]["type"]), (502, &"api_error".into()));
}
