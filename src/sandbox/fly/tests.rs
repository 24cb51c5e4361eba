use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use bytes::Bytes;
use http::{Method, Request, StatusCode};
use serde_json::{Value, json};
use tower::ServiceExt;

use super::*;
use crate::clock::Clock;
use crate::contract::Contract;
use crate::http::Transport;
use crate::random::Random;
use crate::sandbox::in_process::InProcess;
use crate::sandbox::machines::{ModelFaults, ModelledRuntime};

mod life;
mod refusals;
mod tokens;

const START_MS: u64 = 1_790_000_000_000;
const IMAGE: &str =
    "ghcr.io/textslash/vm@sha256:1111111111111111111111111111111111111111111111111111111111111111";

/// A person with a token, in front of a cloud.
struct FlyWorld {
    fly: Arc<SimulatedFly>,
    runtime: Arc<ModelledRuntime>,
    router: Router,
    token: String,
    contract: Option<&'static Contract>,
}

impl FlyWorld {
    fn new() -> Self {
        Self::with(|_| {})
    }

    fn with(change: impl FnOnce(&mut SimulatedFlySettings)) -> Self {
        let (clock, random) = (Clock::from_tokio(START_MS), Random::seeded(7));
        let runtime = ModelledRuntime::new(clock.clone(), random.clone());
        let mut settings = SimulatedFlySettings::prompt(clock, random, Arc::new(runtime.clone()));
        change(&mut settings);
        let fly = SimulatedFly::new(settings);
        let (router, token) = (fly.router(), fly.mint_org_token());
        Self { fly, runtime, router, token, contract: Contract::load() }
    }

    fn with_token(&self, token: &str) -> Self {
        let (fly, runtime) = (self.fly.clone(), self.runtime.clone());
        let (router, contract) = (self.router.clone(), self.contract);
        Self { fly, runtime, router, token: token.to_owned(), contract }
    }

    async fn call(&self, method: Method, path: &str, body: Option<Value>) -> (StatusCode, Value) {
        // One call a second is always within the limits.
        tokio::time::sleep(Duration::from_secs(1)).await;
        self.call_at_once(method, path, body).await
    }

    async fn call_at_once(
        &self,
        method: Method,
        path: &str,
        body: Option<Value>,
    ) -> (StatusCode, Value) {
        if let Some(contract) = &self.contract {
            let wrong = contract.check_request(method.as_str(), path, body.as_ref());
            assert_eq!(wrong, Vec::<String>::new(), "{method} {path}");
        }
        let mut request = Request::builder().method(method.clone()).uri(path);
        if !self.token.is_empty() {
            request = request.header("authorization", &self.token);
        }
        let request = match &body {
            Some(body) => request
                .header("content-type", "application/json")
                .body(Body::from(body.to_string())),
            None => request.body(Body::empty()),
        };
        let response = self.router.clone().oneshot(request.unwrap()).await.unwrap();
        assert!(response.headers().contains_key("fly-request-id"));
        let status = response.status();
        let bytes = axum::body::to_bytes(response.into_body(), 1 << 20).await.unwrap();
        let answer = serde_json::from_slice(&bytes).unwrap_or(Value::Null);
        if let Some(contract) = &self.contract {
            let wrong = contract.check_answer(method.as_str(), path, status.as_u16(), &answer);
            assert_eq!(wrong, Vec::<String>::new(), "{method} {path} answered {answer}");
        }
        (status, answer)
    }

    async fn get(&self, path: &str) -> (StatusCode, Value) {
        self.call(Method::GET, path, None).await
    }

    async fn post(&self, path: &str, body: Value) -> (StatusCode, Value) {
        self.call(Method::POST, path, Some(body)).await
    }

    async fn delete(&self, path: &str) -> (StatusCode, Value) {
        self.call(Method::DELETE, path, None).await
    }

    async fn app(&self, name: &str) {
        let wanted = json!({ "name": name, "org_slug": "personal", "network": "textslash-k3v9" });
        let (status, answer) = self.post("/v1/apps?wait=true", wanted).await;
        assert_eq!(status, StatusCode::CREATED, "{answer}");
    }

    async fn volume(&self, app: &str) -> String {
        let wanted = json!({ "name": "data", "region": "lhr", "size_gb": 1 });
        let (status, answer) = self.post(&format!("/v1/apps/{app}/volumes"), wanted).await;
        assert_eq!(status, StatusCode::OK, "{answer}");
        answer["id"].as_str().unwrap().to_owned()
    }

    async fn machine(&self, app: &str, role: &str) -> String {
        let path = format!("/v1/apps/{app}/machines");
        let (status, answer) = self.post(&path, machine(role)).await;
        assert_eq!(status, StatusCode::OK, "{answer}");
        answer["id"].as_str().unwrap().to_owned()
    }

    async fn state(&self, app: &str, id: &str) -> String {
        let (_, answer) = self.get(&format!("/v1/apps/{app}/machines/{id}")).await;
        answer["state"].as_str().unwrap_or_default().to_owned()
    }

    async fn visits(&self, url: &str) -> Result<StatusCode, crate::http::TransportError> {
        let network = InProcess::new().with_fly(&self.fly);
        let request = Request::get(url).body(Bytes::new()).unwrap();
        Ok(network.send(request).await?.head.status)
    }
}

fn machine(role: &str) -> Value {
    json!({
        "name": role,
        "region": "lhr",
        "config": {
            "image": IMAGE,
            "init": { "cmd": [role] },
            "env": { "PORT": "8080", "TEXTSLASH_DEPLOYMENT": "k3v9" },
            "guest": { "cpu_kind": "shared", "cpus": 1, "memory_mb": 256 },
            "services": [{
                "protocol": "tcp",
                "internal_port": 8080,
                "autostart": true,
                "autostop": "off",
                "min_machines_running": 0,
                "ports": [{ "port": 80, "handlers": ["http"] }],
            }],
            "restart": { "policy": "on-failure", "max_retries": 2 },
            "metadata": { "textslash_role": role },
        },
    })
}

fn text(answer: &Value) -> &str {
    answer["error"].as_str().unwrap_or_default()
}
