use axum::body::{Body, to_bytes};
use axum::http::Method;
use tower::ServiceExt;

use super::*;
use crate::protocol::{Health, SIGNATURE_HEADER, SignedCall, sign};
use crate::relay::tests::world::{AgentScript, OWNER, RelayWorld};

const NOW_MS: u64 = 1_700_000_000_000;

struct RelayRouteWorld {
    world: RelayWorld,
    router: Router,
}

impl RelayRouteWorld {
    async fn new() -> Self {
        let world = RelayWorld::stopped(AgentScript::answers("ok")).await;
        let relay = world.try_relay(OWNER).await.unwrap();
        Self { world, router: router(relay, Router::new()) }
    }

    async fn send(&self, method: Method, path: &str, headers: &[(&str, &str)]) -> (u16, String) {
        let mut request = Request::builder().method(method).uri(path);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let request = request.body(Body::empty()).unwrap();
        let response = self.router.clone().oneshot(request).await.unwrap();
        let status = response.status().as_u16();
        let body = to_bytes(response.into_body(), usize::MAX).await.unwrap();
        (status, String::from_utf8(body.to_vec()).unwrap())
    }
}

fn signature(direction: Direction, method: &str, path: &str) -> String {
    let call = SignedCall { direction, method, path, body: b"" };
    sign(b"the link key", call, NOW_MS, [7; 16])
}

#[tokio::test]
async fn ready_and_commit_are_the_provisioners_alone_and_once_each() {
    for (method, path, done) in [("GET", "/ready", 200), ("POST", "/commit", 204)] {
        let door = RelayRouteWorld::new().await;
        let call = |headers: Vec<(&'static str, String)>| {
            let door = &door;
            async move {
                let headers: Vec<_> = headers.iter().map(|(n, v)| (*n, v.as_str())).collect();
                door.send(method.parse().unwrap(), path, &headers).await
            }
        };
        assert_eq!(call(vec![]).await, (401, String::new()));
        let others = signature(Direction::RelayToVm, method, path);
        assert_eq!(call(vec![(SIGNATURE_HEADER, others)]).await, (401, String::new()));

        let ours = signature(Direction::ProvisionerToRelay, method, path);
        assert_eq!(call(vec![(SIGNATURE_HEADER, ours.clone())]).await.0, done);
        assert_eq!(call(vec![(SIGNATURE_HEADER, ours)]).await, (401, String::new()));
    }
}

#[tokio::test]
async fn health_says_who_this_is() {
    let door = RelayRouteWorld::new().await;
    let (status, body) = door.send(Method::GET, "/health", &[]).await;
    let health: Health = serde_json::from_str(&body).unwrap();
    assert_eq!((status, health.role.as_str()), (200, "relay"));
}

#[tokio::test]
async fn the_public_listener_has_no_model_proxy() {
    let door = RelayRouteWorld::new().await;
    let relay = door.world.try_relay(OWNER).await.unwrap();
    let token = door.world.begins(&relay, "turn-1").await;
    for path in ["/v1/messages", "/v1/models", "/model/v1/messages", "/model"] {
        for token in [token.as_str(), "the link key", ""] {
            let refused = door.send(Method::POST, path, &[("x-api-key", token)]).await;
            assert_eq!(refused, (404, String::new()), "{path}");
        }
    }
}
