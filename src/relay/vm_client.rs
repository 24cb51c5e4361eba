//! The VM, as the relay calls it.

use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use bytes::Bytes;
use http::{Method, Request, StatusCode};
use url::Url;

use crate::clock::Clock;
use crate::files::{FILE_BYTES_MAX, safe_name};
use crate::http::{HttpResponse, SharedTransport, StreamedResponse, TransportError, call};
use crate::protocol::{
    Direction, Health, SIGNATURE_HEADER, SavedFile, SignedCall, TurnRequest, VERSION,
    VERSION_HEADER, sign,
};
use crate::random::Random;
use crate::secret::Secret;

/// Time for the VM to answer a short call, a wake included.
const CALL_TIMEOUT: Duration = Duration::from_secs(60);

/// Time to see whether the VM is awake; asking wakes it, but nobody waits for that.
const GLANCE: Duration = Duration::from_secs(2);

/// Answers to short calls are a few words.
const ANSWER_BYTES_MAX: usize = 64 * 1024;

/// Time for a file to travel over the private network, a wake included.
const FILE_TIMEOUT: Duration = Duration::from_secs(90);

/// Why a file is not with the agent.
pub(super) enum FileDeliveryError {
    /// Nobody answered, or nothing of sense.
    Unanswered,
    /// The disk is full, or the agent is in the way.
    NoRoom,
    /// The VM does not take it.
    Refused(StatusCode),
}

pub(super) struct VmClient {
    url: Url,
    link_key: Arc<Secret>,
    transport: SharedTransport,
    clock: Clock,
    random: Random,
}

impl VmClient {
    pub(super) fn new(
        url: Url,
        link_key: Arc<Secret>,
        transport: SharedTransport,
        clock: Clock,
        random: Random,
    ) -> Self {
        Self { url, link_key, transport, clock, random }
    }

    /// Starts a turn or attaches to it; the events follow in the body.
    pub(super) async fn turn(&self, ask: &TurnRequest) -> Result<StreamedResponse, TransportError> {
        let body = serde_json::to_vec(ask).map_err(|_| TransportError::NotSent)?;
        let request = self.request(Method::POST, "/turns", body.into())?;
        self.transport.send(request).await
    }

    /// Stops a turn. True when the VM neither runs it any more nor ever will.
    pub(super) async fn cancel(&self, turn: &str) -> bool {
        let path = format!("/turns/{turn}/cancel");
        let answer = self.call(Method::POST, &path, CALL_TIMEOUT).await;
        answer.is_ok_and(|answer| {
            answer.status.is_success() || answer.status == StatusCode::NOT_FOUND
        })
    }

    /// Gives a file to the agent; where it lies. The same turn's file of the same name is the same
    /// file.
    pub(super) async fn put_file(
        &self,
        turn: &str,
        name: &str,
        bytes: Bytes,
    ) -> Result<SavedFile, FileDeliveryError> {
        let name: String =
            url::form_urlencoded::byte_serialize(safe_name(name).as_bytes()).collect();
        let path = format!("/turns/{turn}/inbox/{name}");
        let request =
            self.request(Method::PUT, &path, bytes).map_err(|_| FileDeliveryError::Unanswered)?;
        let answer = call(&*self.transport, request, FILE_TIMEOUT, ANSWER_BYTES_MAX).await;
        let answer = answer.map_err(|_| FileDeliveryError::Unanswered)?;
        match answer.status {
            StatusCode::INSUFFICIENT_STORAGE => Err(FileDeliveryError::NoRoom),
            status if status.is_success() => {
                serde_json::from_slice(&answer.body).map_err(|_| FileDeliveryError::Unanswered)
            }
            status => Err(FileDeliveryError::Refused(status)),
        }
    }

    /// The bytes of a file that a turn told of; `None` when the VM does not have it any more.
    pub(super) async fn fetch_file(
        &self,
        turn: &str,
        index: usize,
    ) -> Result<Option<Bytes>, TransportError> {
        let path = format!("/turns/{turn}/outbox/{index}");
        let request = self.request(Method::GET, &path, Bytes::new())?;
        let answer = call(&*self.transport, request, FILE_TIMEOUT, FILE_BYTES_MAX).await?;
        match answer.status {
            StatusCode::OK => Ok(Some(answer.body)),
            StatusCode::NOT_FOUND => Ok(None),
            _ => Err(TransportError::ConnectionLost),
        }
    }

    pub(super) async fn ready(&self) -> Option<Health> {
        self.health(CALL_TIMEOUT).await
    }

    /// What the VM says of itself if it is awake.
    pub(super) async fn poll_health(&self) -> Option<Health> {
        self.health(GLANCE).await
    }

    async fn health(&self, timeout: Duration) -> Option<Health> {
        let answer = self.call(Method::GET, "/ready", timeout).await.ok()?;
        answer.status.is_success().then_some(())?;
        serde_json::from_slice(&answer.body).ok()
    }

    pub(super) async fn commit(&self) -> anyhow::Result<()> {
        let answer = self.call(Method::POST, "/commit", CALL_TIMEOUT).await;
        let status = answer.context("the VM did not answer")?.status;
        anyhow::ensure!(status.is_success(), "the VM answered {status} to /commit");
        Ok(())
    }

    async fn call(
        &self,
        method: Method,
        path: &str,
        timeout: Duration,
    ) -> Result<HttpResponse, TransportError> {
        let request = self.request(method, path, Bytes::new())?;
        call(&*self.transport, request, timeout, ANSWER_BYTES_MAX).await
    }

    fn request(
        &self,
        method: Method,
        path: &str,
        body: Bytes,
    ) -> Result<Request<Bytes>, TransportError> {
        let url = self.url.join(path).map_err(|_| TransportError::NotSent)?;
        let signed = SignedCall {
            direction: Direction::RelayToVm,
            method: method.as_str(),
            path,
            body: &body,
        };
        let key = self.link_key.expose().as_bytes();
        let signature = sign(key, signed, self.clock.now_ms(), self.random.bytes());
        Request::builder()
            .method(method)
            .uri(url.as_str())
            .header(SIGNATURE_HEADER, signature)
            .header(VERSION_HEADER, VERSION)
            .header(http::header::CONTENT_TYPE, "application/json")
            .body(body)
            .map_err(|_| TransportError::NotSent)
    }
}
