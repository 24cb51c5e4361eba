use std::net::SocketAddr;

use axum::body::{Body, Bytes};
use axum::extract::ConnectInfo;
use axum::http::Request;
use axum::routing::post;
use tower::ServiceExt;
use zeroize::Zeroizing;

use super::*;
use crate::metrics::Exposition;
use crate::store;

async fn status(router: &Router, request: Request<Body>) -> StatusCode {
    router.clone().oneshot(request).await.unwrap().status()
}

async fn door(dir: &tempfile::TempDir, routes: Router) -> BotServer {
    let database = store::open_watched(&dir.path().join("bot.db"), &store::SCHEMA).await.unwrap();
    let integrity = database.integrity().unwrap().clone();
    let metrics = MetricsEndpoint { exposition: Exposition::apart().unwrap(), token: None };
    BotServer { integrity, routes, forms: None, metrics, caller: AddressSource::Peer }
}

fn from(peer: &str, path: &str, fields: &[(&str, &str)]) -> Request<Body> {
    let mut request =
        Request::get(path).extension(ConnectInfo::<SocketAddr>(peer.parse().unwrap()));
    for (name, value) in fields {
        request = request.header(*name, *value);
    }
    request.body(Body::empty()).unwrap()
}

#[tokio::test]
async fn the_bot_is_well_while_its_database_answers() {
    let dir = tempfile::tempdir().unwrap();
    let router = router(door(&dir, Router::new()).await);
    let get = |path| Request::get(path).body(Body::empty()).unwrap();
    assert_eq!(status(&router, get("/health")).await, StatusCode::OK);
    assert_eq!(status(&router, get("/ready")).await, StatusCode::OK);
    std::fs::remove_file(dir.path().join("bot.db")).unwrap();
    assert_eq!(status(&router, get("/ready")).await, StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(status(&router, get("/health")).await, StatusCode::SERVICE_UNAVAILABLE);
}

fn hook() -> Router {
    Router::new().route("/hook", post(|body: String| async { body }))
}

#[tokio::test]
async fn a_body_that_no_webhook_sends_is_refused_unread() {
    let dir = tempfile::tempdir().unwrap();
    let router = router(door(&dir, hook()).await);
    let post = |bytes: usize| Request::post("/hook").body(Body::from("x".repeat(bytes))).unwrap();
    assert_eq!(status(&router, post(BODY_BYTES_MAX)).await, StatusCode::OK);
    assert_eq!(status(&router, post(BODY_BYTES_MAX + 1)).await, StatusCode::PAYLOAD_TOO_LARGE);
}

#[tokio::test]
async fn a_body_that_stops_arriving_is_given_up() {
    let dir = tempfile::tempdir().unwrap();
    let router = router(door(&dir, hook()).await);
    tokio::time::pause();
    let beginning = futures::stream::iter([Ok::<_, std::io::Error>(Bytes::from("a"))]);
    let stalled = futures::StreamExt::chain(beginning, futures::stream::pending());
    let since = tokio::time::Instant::now();
    let request = Request::post("/hook").body(Body::from_stream(stalled)).unwrap();
    assert!(!status(&router, request).await.is_success());
    assert!(since.elapsed() < REQUEST_TIMEOUT);
}

#[tokio::test]
async fn who_calls_too_often_is_told_when_to_come_again() {
    let dir = tempfile::tempdir().unwrap();
    let routes = Router::new().route("/hook", get(|| async { "taken" }));
    let limit = RequestLimit::new(metrics::EndpointKind::Webhook, AddressSource::Peer, 1);
    let router =
        router(door(&dir, Router::new()).await).merge(bounded(routes, limit, WEBHOOK_BODY_BYTES));
    let eve = || from("198.51.100.9:4000", "/hook", &[]);
    assert_eq!(status(&router, eve()).await, StatusCode::OK);
    let refused = router.clone().oneshot(eve()).await.unwrap();
    assert_eq!(refused.status(), StatusCode::TOO_MANY_REQUESTS);
    assert!(refused.headers().contains_key("retry-after"));
    assert_eq!(status(&router, from("192.0.2.1:4000", "/hook", &[])).await, StatusCode::OK);
    let health = from("198.51.100.9:4000", "/health", &[]);
    assert_eq!(status(&router, health).await, StatusCode::OK, "no limit for the platform's checks");
}

#[tokio::test]
async fn metrics_are_for_this_machine() {
    let dir = tempfile::tempdir().unwrap();
    let router = router(door(&dir, Router::new()).await);
    let shown = |peer: &str, fields: &[(&str, &str)]| from(peer, "/metrics", fields);
    for here in ["127.0.0.1:4000", "[::1]:4000", "[::ffff:127.0.0.1]:4000"] {
        assert_eq!(status(&router, shown(here, &[])).await, StatusCode::OK, "{here}");
    }
    for there in ["192.0.2.1:4000", "[fdaa::3]:4000"] {
        for claim in ["x-forwarded-for", "fly-client-ip", "forwarded"] {
            let claimed = shown(there, &[(claim, "127.0.0.1")]);
            assert_eq!(status(&router, claimed).await, StatusCode::FORBIDDEN, "{there} {claim}");
        }
        assert_eq!(status(&router, shown(there, &[])).await, StatusCode::FORBIDDEN, "{there}");
    }
    let passed_on = shown("127.0.0.1:4000", &[("x-forwarded-for", "192.0.2.1")]);
    assert_eq!(status(&router, passed_on).await, StatusCode::FORBIDDEN, "a proxy stands here");
    let unknown = Request::get("/metrics").body(Body::empty()).unwrap();
    assert_eq!(status(&router, unknown).await, StatusCode::FORBIDDEN);
}

#[tokio::test]
async fn metrics_are_for_whoever_shows_the_token() {
    let dir = tempfile::tempdir().unwrap();
    let mut door = door(&dir, Router::new()).await;
    door.metrics.token = Some(Zeroizing::new("open-sesame".to_owned()));
    let router = router(door);
    let shown = |fields: &[(&str, &str)]| from("127.0.0.1:4000", "/metrics", fields);
    let right = ("authorization", "Bearer open-sesame");
    let answer = router.clone().oneshot(shown(&[right])).await.unwrap();
    assert_eq!(answer.status(), StatusCode::OK);
    assert!(answer.headers()["content-type"].to_str().unwrap().starts_with("text/plain"));
    let bodies: [&[(&str, &str)]; 4] = [
        &[],
        &[("authorization", "Bearer open")],
        &[("authorization", "open-sesame")],
        &[right, right],
    ];
    for wrong in bodies {
        assert_eq!(status(&router, shown(wrong)).await, StatusCode::UNAUTHORIZED, "{wrong:?}");
    }
}

#[tokio::test]
async fn strangers_hold_no_more_of_their_bodies_than_their_part() {
    let dir = tempfile::tempdir().unwrap();
    let limit = RequestLimit::new(metrics::EndpointKind::Webhook, AddressSource::Peer, 100);
    let router = router(door(&dir, Router::new()).await).merge(bounded(hook(), limit, 300_000));
    tokio::time::pause();
    let slow = || {
        let begun =
            futures::stream::iter([Ok::<_, std::io::Error>(Bytes::from(vec![b'x'; 100_000]))]);
        let body = futures::StreamExt::chain(begun, futures::stream::pending());
        router.clone().oneshot(Request::post("/hook").body(Body::from_stream(body)).unwrap())
    };
    let slow: Vec<_> = (0..3).map(|_| tokio::spawn(slow())).collect();
    tokio::time::sleep(Duration::from_millis(1)).await;
    let since = tokio::time::Instant::now();
    let honest = Request::post("/hook").body(Body::from("hello")).unwrap();
    assert_eq!(status(&router, honest).await, StatusCode::OK);
    let waited = since.elapsed();
    assert!((BODY_TIMEOUT / 2..=BODY_TIMEOUT).contains(&waited), "{waited:?}");
    for slow in slow {
        assert!(!slow.await.unwrap().unwrap().status().is_success());
    }
}
