use axum::body::Body;
use axum::routing::any;
use tower::ServiceExt;

use super::*;

const PUBLIC: &str = "https://ada-relay.fly.dev";

fn router(public_url: &str) -> Router {
    let routes = Router::new().fallback(any(|| async { "served" }));
    to_https(routes, Some(&Url::parse(public_url).unwrap()))
}

/// The status, and where it leads.
async fn asked(router: Router, path: &str, headers: &[(&str, &str)]) -> (u16, String) {
    let mut request = Request::post(path);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let answer = router.oneshot(request.body(Body::empty()).unwrap()).await.unwrap();
    let location = answer.headers().get(header::LOCATION);
    let location = location.map_or("", |location| location.to_str().unwrap()).to_owned();
    (answer.status().as_u16(), location)
}

#[tokio::test]
async fn public_plain_http_is_led_to_our_own_https_address_whatever_the_host_says() {
    for host in ["ada-relay.fly.dev", "evil.example", "evil.example:80", ""] {
        for header in PROTOCOL_HEADERS {
            let headers = [("host", host), (header, "http"), ("authorization", "Bearer key")];
            for (path, leads_to) in [
                ("/chat?a=b", "https://ada-relay.fly.dev/chat?a=b"),
                ("/chat/files", "https://ada-relay.fly.dev/chat/files"),
                ("//evil.example/x", "https://ada-relay.fly.dev//evil.example/x"),
                ("http://evil.example/x", "https://ada-relay.fly.dev/x"),
            ] {
                let answer = asked(router(PUBLIC), path, &headers).await;
                assert_eq!(answer, (308, leads_to.to_owned()), "{host} {path}");
            }
        }
    }
}

#[tokio::test]
async fn https_private_calls_and_health_checks_are_served() {
    let served = (200, String::new());
    for headers in [
        &[("host", "ada-relay.fly.dev")][..],
        &[("host", "ada-relay.fly.dev"), ("x-forwarded-proto", "https")],
        &[("host", "ada-relay.flycast"), ("x-forwarded-proto", "http")],
        &[("host", "ada-relay.Flycast.:80"), ("x-forwarded-proto", "http")],
        &[("host", "ada-relay.internal:8080"), ("x-forwarded-proto", "http")],
    ] {
        assert_eq!(asked(router(PUBLIC), "/chat", headers).await, served, "{headers:?}");
    }
    let plain = [("host", "ada-relay.fly.dev"), ("x-forwarded-proto", "http")];
    assert_eq!(asked(router(PUBLIC), "/health", &plain).await, served);
    let simulated = router("http://ada-relay.fly.dev.localhost:4000");
    assert_eq!(asked(simulated, "/chat", &plain).await, served, "it has no HTTPS to lead to");
}
