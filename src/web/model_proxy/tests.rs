use std::time::Duration;

use async_trait::async_trait;
use axum::body::to_bytes;
use axum::http::{HeaderMap, Method, Uri};
use futures::StreamExt;
use futures::stream::BoxStream;
use parking_lot::Mutex;
use tower::ServiceExt;

use super::*;
use crate::http::{StreamedResponse, Transport, TransportError};
use crate::messages::Locale;
use crate::relay::relay_store::{TokenCounts, UsageDay};
use crate::relay::tests::world::{AgentScript, OWNER, RelayWorld, line};
use crate::secret::Audience;

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
struct ProxyUpstream {
    vm: Arc<dyn Transport>,
    answer: Option<(&'static str, &'static str)>,
    status: u16,
    asked: Mutex<Vec<(Uri, HeaderMap)>>,
}

#[async_trait]
impl Transport for ProxyUpstream {
    async fn send(
        &self,
        request: http::Request<Bytes>,
    ) -> Result<StreamedResponse, TransportError> {
        if request.uri().host() == Some("vm.test") {
            return self.vm.send(request).await;
        }
        self.asked.lock().push((request.uri().clone(), request.headers().clone()));
        let (kind, body) = self.answer.ok_or(TransportError::NotSent)?;
        let head = http::Response::builder()
            .status(self.status)
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
        Ok(StreamedResponse { head: head.unwrap().into_parts().0, body })
    }
}

/// The proxy of a relay on which a turn runs.
struct ModelProxyWorld {
    world: RelayWorld,
    relay: Arc<Relay>,
    outside: Arc<ProxyUpstream>,
    router: Router,
    token: String,
}

impl ModelProxyWorld {
    async fn new(answer: Option<(&'static str, &'static str)>) -> Self {
        Self::holding(KEY, answer).await
    }

    async fn holding(
        model_key: &'static str,
        answer: Option<(&'static str, &'static str)>,
    ) -> Self {
        let mut world = RelayWorld::stopped(AgentScript::answers("ok")).await;
        world.model_key = model_key;
        Self::of(world, answer).await
    }

    /// The vendor answers every call with this status.
    async fn refusing(status: u16) -> Self {
        let world = RelayWorld::stopped(AgentScript::answers("ok")).await;
        Self::before(world, Some(("application/json", "{}")), status).await
    }

    async fn of(world: RelayWorld, answer: Option<(&'static str, &'static str)>) -> Self {
        Self::before(world, answer, 200).await
    }

    async fn before(
        world: RelayWorld,
        answer: Option<(&'static str, &'static str)>,
        status: u16,
    ) -> Self {
        let outside = Arc::new(ProxyUpstream {
            vm: world.vm.clone(),
            answer,
            status,
            asked: Mutex::default(),
        });
        let relay = world.relay_over(OWNER, None, outside.clone()).await.unwrap();
        let token = world.begins(&relay, "turn-1").await;
        Self { world, outside, router: router(relay.clone()), relay, token }
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

    /// The status of a message that shows this token.
    async fn status_with(&self, token: &str) -> u16 {
        self.send(Method::POST, "/v1/messages", &[("x-api-key", token)]).await.0
    }

    /// A message with this body.
    async fn call(&self, token: &str, body: &'static str) -> Response {
        let request = Request::post("/v1/messages").header("x-api-key", token);
        self.router.clone().oneshot(request.body(Body::from(body)).unwrap()).await.unwrap()
    }

    /// What counts against the limit of today.
    async fn spent(&self) -> u64 {
        self.world.store.spent_on(UsageDay::of(1_700_000_000_000)).await.unwrap()
    }

    async fn used(&self) -> TokenCounts {
        self.world.store.usage().await.unwrap()
    }
}

/// The kind and the sentence of an error in the vendor's form.
async fn error_of(response: Response) -> (String, String) {
    let body = to_bytes(response.into_body(), usize::MAX).await.unwrap();
    let body: serde_json::Value = serde_json::from_slice(&body).unwrap();
    assert_eq!(body["type"], "error");
    let text = |key: &str| body["error"][key].as_str().unwrap().to_owned();
    (text("type"), text("message"))
}

#[tokio::test]
async fn without_the_token_of_the_running_turn_nothing_is_forwarded() {
    let door = ModelProxyWorld::new(Some(("application/json", "{}"))).await;
    let another = door.relay.turn_token("turn-2").unwrap().into_secret(Audience::nobody());
    let scheme_missing = door.token.clone();
    for headers in [
        vec![],
        vec![("x-api-key", "")],
        vec![("x-api-key", "wrong")],
        vec![("x-api-key", &door.token[1..])],
        vec![("authorization", "Bearer wrong")],
        vec![("authorization", scheme_missing.as_str())],
        vec![("x-api-key", KEY)],
        vec![("x-api-key", "the link key")],
        vec![("x-api-key", another.expose())],
    ] {
        let (status, _) = door.send(Method::POST, "/v1/messages", &headers).await;
        assert_eq!(status, 401, "{headers:?}");
    }
    assert!(door.outside.asked.lock().is_empty());
}

#[tokio::test]
async fn a_token_opens_nothing_after_its_turn() {
    let door = ModelProxyWorld::new(Some(("application/json", "{}"))).await;
    assert_eq!(door.status_with(&door.token).await, 200);

    door.world.ends(&door.relay).await;
    assert_eq!(door.status_with(&door.token).await, 401, "its turn ended");
    let second = door.world.begins(&door.relay, "turn-2").await;
    assert_eq!(door.status_with(&door.token).await, 401, "another turn runs");
    assert_eq!(door.status_with(&second).await, 200);
    let waiting = door.world.begins(&door.relay, "turn-3").await;
    assert_eq!(door.status_with(&waiting).await, 401, "its turn has not begun");

    door.world.stops(&door.relay).await;
    assert_eq!(door.status_with(&second).await, 401, "its turn was stopped");
}

#[tokio::test]
async fn a_relay_that_restarts_knows_the_token_of_the_turn_that_runs() {
    let door = ModelProxyWorld::new(None).await;
    let again = door.world.try_relay(OWNER).await.unwrap();
    let token = again.turn_token("turn-1").unwrap().into_secret(Audience::nobody());
    assert_eq!(token.expose(), door.token);
}

#[tokio::test]
async fn nothing_is_forwarded_after_the_probation() {
    let mut world = RelayWorld::uncommitted(AgentScript::answers("ok")).await;
    std::fs::write(world.dir.path().join("first_start_ms"), "0").unwrap();
    world.limits.probation_ms = 1;
    let door = ModelProxyWorld::of(world, Some(("application/json", "{}"))).await;
    assert_eq!(door.status_with(&door.token).await, 401);
    assert!(door.outside.asked.lock().is_empty());

    door.relay.commit().await.unwrap();
    assert_eq!(door.status_with(&door.token).await, 200);
}

#[tokio::test]
async fn a_call_ends_with_its_turn() {
    let door = ModelProxyWorld::new(Some(("application/json", STALLS))).await;
    let request = Request::post("/v1/messages").header("x-api-key", &door.token);
    let response = door.router.clone().oneshot(request.body(Body::empty()).unwrap()).await.unwrap();
    assert_eq!(response.status(), 200);
    let read = tokio::spawn(to_bytes(response.into_body(), usize::MAX));
    // A turn that ends for another reason is no reason.
    door.relay.end_calls();
    tokio::task::yield_now().await;
    assert!(!read.is_finished());

    door.world.ends(&door.relay).await;
    let body = tokio::time::timeout(Duration::from_secs(20), read).await.expect("it ended");
    assert!(body.unwrap().is_err(), "and is not taken for a whole answer");
}

#[tokio::test]
async fn a_call_ends_when_its_turn_does_or_is_stopped() {
    for is_stopped in [false, true] {
        let script = AgentScript { sleeps: true, ..AgentScript::answers("four") };
        let door = ModelProxyWorld::of(
            RelayWorld::stopped(script).await,
            Some(("application/json", STALLS)),
        )
        .await;
        let relay = door.relay.clone();
        let running = tokio::spawn(async move { relay.run(std::future::pending()).await });
        door.world.vm.began().await;
        let answer = door.call(&door.token, MESSAGE).await;
        assert_eq!(answer.status(), 200);
        let read = tokio::spawn(to_bytes(answer.into_body(), usize::MAX));

        match is_stopped {
            true => door.world.channel.says(line("2", "/stop")),
            false => door.world.vm.wakes(),
        }
        let body = tokio::time::timeout(Duration::from_secs(20), read).await.expect("it ended");
        assert!(body.unwrap().is_err(), "and is not taken for a whole answer");
        running.abort();
    }
}

#[tokio::test]
async fn only_the_vendors_own_methods_are_forwarded() {
    let door = ModelProxyWorld::new(Some(("application/json", "{}"))).await;
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
        let (refused, _) =
            door.send(method.clone(), path, &[("x-api-key", door.token.as_str())]).await;
        assert_eq!(refused, status, "{method} {path}");
    }
    let upgrade =
        [("x-api-key", door.token.as_str()), ("connection", "upgrade"), ("upgrade", "websocket")];
    assert_eq!(door.send(Method::POST, "/v1/messages", &upgrade).await.0, 405);
    assert!(door.outside.asked.lock().is_empty());

    for (method, path) in [
        (Method::POST, "/v1/messages?beta=true"),
        (Method::POST, "/v1/messages/count_tokens"),
        (Method::GET, "/v1/models"),
        (Method::GET, "/v1/models/claude-opus-5-5"),
    ] {
        let (status, _) =
            door.send(method.clone(), path, &[("x-api-key", door.token.as_str())]).await;
        assert_eq!(status, 200, "{method} {path}");
    }
    assert_eq!(door.outside.asked.lock().len(), 4);
}

#[tokio::test]
async fn a_forwarded_call_carries_the_key_and_nothing_of_the_callers_credentials() {
    let door = ModelProxyWorld::new(Some(("application/json", "{}"))).await;
    let bearer = format!("Bearer {}", door.token);
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

    let asked = door.outside.asked.lock();
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
async fn a_subscription_token_of_an_earlier_build_is_refused_with_a_sentence() {
    let door =
        ModelProxyWorld::holding("sk-ant-oat01-the-key", Some(("application/json", "{}"))).await;
    for (method, path) in [(Method::POST, "/v1/messages"), (Method::GET, "/v1/models")] {
        let (status, body) = door.send(method, path, &[("x-api-key", &door.token)]).await;
        let body: serde_json::Value = serde_json::from_str(&body).unwrap();
        let said = body["error"]["message"].as_str().unwrap();
        assert_eq!(status, 403);
        assert!(said.contains("Please use an API key instead"), "{said}");
    }
    assert!(door.outside.asked.lock().is_empty());
}

#[tokio::test]
async fn answers_pass_untouched_and_their_tokens_are_counted() {
    let whole = "{\"usage\":{\"input_tokens\":3,\"output_tokens\":4}}";
    for (kind, body, used) in [
        ("text/event-stream; charset=utf-8", STREAM, TokenCounts { input: 15, output: 7 }),
        ("application/json", whole, TokenCounts { input: 3, output: 4 }),
        ("application/json", "not json", TokenCounts::default()),
    ] {
        let door = ModelProxyWorld::new(Some((kind, body))).await;
        let answer =
            door.send(Method::POST, "/v1/messages", &[("x-api-key", door.token.as_str())]).await;
        assert_eq!(answer, (200, body.to_owned()));
        assert_eq!(door.used().await, used, "{body}");
    }
}

/// A request of the agent's whose body begins with so many bytes and then stops.
fn slow_request(token: &str, bytes: usize) -> Request {
    let pieces =
        (0..bytes.div_ceil(1024)).map(|_| Ok::<_, std::io::Error>(Bytes::from(vec![b' '; 1024])));
    let begun = futures::stream::iter(pieces);
    let body = Body::from_stream(begun.chain(futures::stream::pending()));
    Request::post("/v1/messages").header("x-api-key", token).body(body).unwrap()
}

#[tokio::test]
async fn slow_bodies_hold_nobody_up_and_lose_their_room() {
    let mut world = RelayWorld::stopped(AgentScript::answers("ok")).await;
    world.is_in_order = true;
    let door = ModelProxyWorld::of(world, Some(("application/json", "{}"))).await;
    let mut slow = Vec::new();
    for _ in 0..3 {
        slow.push(tokio::spawn(door.router.clone().oneshot(slow_request(&door.token, 1000))));
    }
    tokio::task::yield_now().await;
    let honest =
        door.send(Method::POST, "/v1/messages", &[("x-api-key", door.token.as_str())]).await;
    assert_eq!(honest.0, 200, "three slow bodies leave room");

    for _ in 0..3 {
        slow.push(tokio::spawn(
            door.router.clone().oneshot(slow_request(&door.token, proxy::BODY_BYTES_MAX)),
        ));
    }
    while door.relay.bodies().free() > crate::relay::BODY_BYTES_MAX / 4 {
        tokio::task::yield_now().await;
    }
    tokio::time::pause();
    let body = Body::from(vec![b' '; proxy::BODY_BYTES_MAX]);
    let request = Request::post("/v1/messages").header("x-api-key", door.token.as_str());
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
    let door = ModelProxyWorld::new(Some(("application/json", STALLS))).await;
    let request = Request::post("/v1/messages").header("x-api-key", door.token.as_str());
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
    let door = ModelProxyWorld::new(None).await;
    let (status, body) =
        door.send(Method::POST, "/v1/messages", &[("x-api-key", door.token.as_str())]).await;
    let body: serde_json::Value = serde_json::from_str(&body).unwrap();
    assert_eq!((status, &body["error"]["type"]), (502, &"api_error".into()));
}

#[tokio::test]
async fn calls_beyond_the_rate_are_told_when_to_come_again() {
    let mut world = RelayWorld::stopped(AgentScript::answers("ok")).await;
    world.limits.calls_per_minute = 3;
    let door = ModelProxyWorld::of(world, Some(("application/json", "{}"))).await;
    for _ in 0..3 {
        assert_eq!(door.status_with(&door.token).await, 200);
    }
    let response = door.call(&door.token, "").await;
    assert_eq!(response.status(), 429);
    let wait: u64 = response.headers()["retry-after"].to_str().unwrap().parse().unwrap();
    assert!((1..=60).contains(&wait), "{wait}");
    assert_eq!(error_of(response).await.0, "rate_limit_error");
    assert_eq!(door.outside.asked.lock().len(), 3);
}

#[tokio::test]
async fn tokens_beyond_the_rate_hold_up_the_next_call() {
    let mut world = RelayWorld::stopped(AgentScript::answers("ok")).await;
    world.limits.tokens_per_minute = 20;
    let door = ModelProxyWorld::of(world, Some(("text/event-stream", STREAM))).await;
    assert_eq!(door.status_with(&door.token).await, 200);
    assert_eq!(door.used().await, TokenCounts { input: 15, output: 7 });
    assert_eq!(door.status_with(&door.token).await, 429);
}

/// A message that may cost 100 tokens of output and few of input.
const MESSAGE: &str = "{\"max_tokens\":100}";

#[tokio::test]
async fn at_the_limit_of_the_day_a_sentence_says_when_it_goes_on() {
    for (locale, said) in [
        (Locale::English, "Today's limit of 1,000 tokens is reached"),
        (Locale::German, "Das heutige Limit von 1.000 Tokens ist erreicht"),
    ] {
        let mut world = RelayWorld::stopped(AgentScript::answers("ok")).await;
        (world.daily_tokens, world.locale) = (1_000, locale);
        let door = ModelProxyWorld::of(world, Some(("application/json", "{}"))).await;
        let today = UsageDay::of(1_700_000_000_000);
        door.world.store.count(today, TokenCounts { input: 900, output: 99 }, 0).await.unwrap();
        assert_eq!(door.call(&door.token, MESSAGE).await.status(), 200, "one token is left");

        let refused = door.call(&door.token, MESSAGE).await;
        assert_eq!(refused.status(), 402);
        let (kind, message) = error_of(refused).await;
        assert_eq!(kind, "billing_error");
        assert!(
            message.starts_with(said) && message.contains("TEXTSLASH_DAILY_TOKENS"),
            "{message}"
        );
        let (status, _) = door
            .send(Method::POST, "/v1/messages/count_tokens", &[("x-api-key", &door.token)])
            .await;
        assert_eq!(status, 200, "what costs nothing passes");
    }
}

#[tokio::test]
async fn an_answer_counts_what_it_cost_and_a_cut_one_what_it_may_have() {
    let whole = "{\"usage\":{\"input_tokens\":3,\"output_tokens\":4}}";
    let (begun, _) = STREAM.split_once("event: message_delta").unwrap();
    let reserved = u64::try_from(MESSAGE.len()).unwrap() + 100;
    for (kind, body, spent) in [
        ("text/event-stream", STREAM, 22),
        ("application/json", whole, 7),
        ("text/event-stream", begun, 15 + 1 + 100),
        ("application/json", "not json", reserved),
    ] {
        let door = ModelProxyWorld::new(Some((kind, body))).await;
        let answer = door.call(&door.token, MESSAGE).await;
        to_bytes(answer.into_body(), usize::MAX).await.unwrap();
        assert_eq!(door.spent().await, spent, "{body}");
    }
    let door = ModelProxyWorld::new(None).await;
    assert_eq!(door.call(&door.token, MESSAGE).await.status(), 502);
    assert_eq!(door.spent().await, 0, "what never left cost nothing");
}

#[tokio::test]
async fn a_refusal_of_the_vendor_costs_nothing() {
    let door = ModelProxyWorld::refusing(529).await;
    assert_eq!(door.call(&door.token, MESSAGE).await.status(), 529);
    assert_eq!(door.spent().await, 0);
}
