//! Calls to the deployed apps themselves, to prove that they are ours and closed to others.

use std::time::Duration;

use bytes::Bytes;
use http::{Method, StatusCode};

use crate::cloud::fly::account::FlyAccount;
use crate::cloud::fly::client::FlyClient;
use crate::cloud::fly::errors::clock_off_ms;
use crate::http::{HttpResponse, call};
use crate::protocol::{
    Direction, Health, SIGNATURE_HEADER, SignedCall, VERSION, VERSION_HEADER, sign,
};
use crate::random::Random;
use crate::secret::Secret;
use crate::spec::{Role, Spec};

/// An app that sleeps takes seconds to wake; a gate asks again soon enough.
const DEADLINE: Duration = Duration::from_secs(20);

/// A [`Health`] has about a hundred bytes.
const BODY_MAX: usize = 64 * 1024;

/// A relay, from the internet.
pub(super) struct RelayProbe<'a> {
    client: &'a FlyClient,
    app: String,
}

impl<'a> RelayProbe<'a> {
    pub(super) fn of(account: &'a FlyAccount, spec: &Spec) -> Self {
        Self { client: &account.client, app: spec.app(Role::Relay) }
    }

    /// Its public [`Health`], and the number of milliseconds by which its clock differs from ours
    /// if the answer has a date; `None` for any other answer.
    pub(super) async fn health(&self) -> Option<(Health, Option<u64>)> {
        let answer = self.ask(Method::GET, "/health", None).await?;
        let health = health(&answer)?;
        let off_ms = clock_off_ms(&answer, self.client.clock.now_ms());
        Some((health, off_ms))
    }

    /// Whether a caller without a key is refused and the internet finds no model proxy; `None` when
    /// there is no answer.
    pub(super) async fn refuses_a_stranger(&self) -> Option<bool> {
        let ready = (Method::GET, "/ready", &[StatusCode::UNAUTHORIZED, StatusCode::FORBIDDEN][..]);
        let proxy = (Method::POST, "/v1/messages", &[StatusCode::NOT_FOUND][..]);
        for (method, path, refusals) in [ready, proxy] {
            let answer = self.ask(method, path, None).await?;
            match answer.status {
                status if refusals.contains(&status) => {}
                StatusCode::REQUEST_TIMEOUT | StatusCode::TOO_MANY_REQUESTS => return None,
                status if status.is_server_error() => return None,
                _ => return Some(false),
            }
        }
        Some(true)
    }

    /// The VM's [`Health`], read through the relay with the link key.
    pub(super) async fn ready(&self, random: &Random, link_key: &Secret) -> Option<Health> {
        let signature = self.signature(random, link_key, "GET", "/ready");
        health(&self.ask(Method::GET, "/ready", Some(signature)).await?)
    }

    /// Tells both that the deployment is proven and may stay.
    pub(super) async fn commit(&self, random: &Random, link_key: &Secret) -> Option<()> {
        let signature = self.signature(random, link_key, "POST", "/commit");
        let answer = self.ask(Method::POST, "/commit", Some(signature)).await?;
        answer.status.is_success().then_some(())
    }

    fn signature(&self, random: &Random, key: &Secret, method: &str, path: &str) -> String {
        let direction = Direction::ProvisionerToRelay;
        let call = SignedCall { direction, method, path, body: b"" };
        sign(key.expose().as_bytes(), call, self.client.clock.now_ms(), random.bytes())
    }

    async fn ask(
        &self,
        method: Method,
        path: &str,
        signature: Option<String>,
    ) -> Option<HttpResponse> {
        let uri = format!("{}{path}", self.client.endpoints.public(&self.app));
        let mut request = http::Request::builder().method(method).uri(uri);
        if let Some(signature) = signature {
            request = request.header(SIGNATURE_HEADER, signature).header(VERSION_HEADER, VERSION);
        }
        let request = request.body(Bytes::new()).ok()?;
        call(self.client.transport.as_ref(), request, DEADLINE, BODY_MAX).await.ok()
    }
}

fn health(answer: &HttpResponse) -> Option<Health> {
    if answer.status == StatusCode::OK { serde_json::from_slice(&answer.body).ok() } else { None }
}
