//! A network that fails on purpose: at chosen calls, in chosen ways. It also logs every call, so
//! that a sweep can let each one fail.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use futures::{FutureExt, StreamExt, TryStreamExt};
use http::header::RETRY_AFTER;
use http::{HeaderValue, Method, StatusCode};
use parking_lot::{Mutex, MutexGuard};
use tokio::sync::Notify;

use crate::http::{SharedTransport, StreamedResponse, Transport, TransportError};

#[cfg(test)]
mod tests;

/// A call in the log.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct VendorCall {
    pub method: String,
    /// Host and port, such as `api.machines.dev`.
    pub authority: String,
    /// Without the query, and with `*` for each id that the vendor chose: the same call of another
    /// run reads the same.
    pub path: String,
}

/// The call that fails.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FaultPosition {
    /// The call at this position among all, counted from 0.
    CallIndex(usize),
    /// The call at this position among equal calls, counted from 0.
    NthOfCall(VendorCall, usize),
}

/// The kind of failure.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FaultMode {
    /// No connection.
    NotSent,
    /// The connection breaks before it arrives.
    Reset,
    /// It arrives, the answer is lost.
    LostReply,
    /// It arrives twice; the second answer comes back.
    Twice,
    /// It does not arrive; a gateway answers.
    Refused(StatusCode, &'static str),
    /// It does not arrive: too many calls, with this `Retry-After`.
    TooMany(&'static str),
    /// It arrives, and a gateway answers in its place.
    RefusedAfter(StatusCode, &'static str),
    /// It does not arrive, and no answer comes.
    Hang,
    /// It arrives, and no answer comes.
    HangAfter,
    /// The connection breaks; it arrives this much later.
    Late(Duration),
    /// It arrives, and the answer is 200 with this body in place of the real one.
    BadBody(&'static str),
    /// It arrives, and the answer is of this many bytes.
    Flood(usize),
    /// It arrives, and half of the answer comes.
    Stalled,
    /// The caller's process dies before it is sent: see [`FaultyTransport::crashed`].
    KilledBefore,
    /// The caller's process dies once it has had its effect: see [`FaultyTransport::crashed`].
    KilledAfter,
}

/// A transport with faults.
pub struct FaultyTransport {
    inner: SharedTransport,
    crash: Notify,
    state: Mutex<FaultState>,
}

#[derive(Default)]
struct FaultState {
    calls: Vec<VendorCall>,
    planned: Vec<PlannedFault>,
    fired: usize,
}

struct PlannedFault {
    at: FaultPosition,
    mode: FaultMode,
    /// The number of calls in a row that fail.
    times: usize,
}

impl FaultyTransport {
    /// No faults yet.
    pub fn new(inner: SharedTransport) -> Arc<Self> {
        Arc::new(Self { inner, crash: Notify::new(), state: Mutex::default() })
    }

    /// Plans one fault.
    pub fn plan(&self, at: FaultPosition, mode: FaultMode) {
        self.plan_burst(at, mode, 1);
    }

    /// Plans the same fault for `times` matching calls in a row.
    pub fn plan_burst(&self, at: FaultPosition, mode: FaultMode, times: usize) {
        self.state().planned.push(PlannedFault { at, mode, times });
    }

    /// Every call so far, faulty ones included.
    pub fn calls(&self) -> Vec<VendorCall> {
        self.state().calls.clone()
    }

    /// The position of each call so far, for a fault: the call, and its position among equal calls.
    pub fn positions(&self) -> Vec<FaultPosition> {
        let calls = self.calls();
        let place = |(at, call): (usize, &VendorCall)| {
            let before = calls[..at].iter().filter(|earlier| *earlier == call).count();
            FaultPosition::NthOfCall(call.clone(), before)
        };
        calls.iter().enumerate().map(place).collect()
    }

    /// The number of faults that have happened.
    pub fn fired(&self) -> usize {
        self.state().fired
    }

    /// The faults that have not happened are forgotten.
    pub fn clear(&self) {
        self.state().planned.clear();
    }

    /// Returns when a call has killed its process: the caller must now drop the future of the
    /// process.
    pub async fn crashed(&self) {
        self.crash.notified().await;
    }

    fn state(&self) -> MutexGuard<'_, FaultState> {
        self.state.lock()
    }

    /// Logs the call and returns its failure, if one is planned.
    fn record_and_match(&self, request: &http::Request<Bytes>) -> Option<FaultMode> {
        let call = VendorCall::of(request);
        let mut state = self.state();
        let overall = state.calls.len();
        let nth = state.calls.iter().filter(|earlier| **earlier == call).count();
        let hits = |planned: &&PlannedFault| match &planned.at {
            FaultPosition::CallIndex(first) => (*first..first + planned.times).contains(&overall),
            FaultPosition::NthOfCall(wanted, first) => {
                *wanted == call && (*first..first + planned.times).contains(&nth)
            }
        };
        let mode = state.planned.iter().find(hits).map(|planned| planned.mode.clone());
        state.calls.push(call);
        state.fired += usize::from(mode.is_some());
        mode
    }

    async fn deliver(&self, request: http::Request<Bytes>) -> Result<(), TransportError> {
        let reply = self.inner.send(request).await?;
        reply.body.try_for_each(async |_| Ok(())).await
    }
}

#[async_trait]
impl Transport for FaultyTransport {
    async fn send(
        &self,
        request: http::Request<Bytes>,
    ) -> Result<StreamedResponse, TransportError> {
        let Some(mode) = self.record_and_match(&request) else {
            return self.inner.send(request).await;
        };
        let never = std::future::pending();
        match mode {
            FaultMode::NotSent => Err(TransportError::NotSent),
            FaultMode::Reset => Err(TransportError::ConnectionLost),
            FaultMode::Hang => never.await,
            FaultMode::Refused(status, body) => Ok(reply(status, body)),
            FaultMode::TooMany(retry_after) => {
                let mut refused = reply(StatusCode::TOO_MANY_REQUESTS, "");
                let value = HeaderValue::from_static(retry_after);
                refused.head.headers.insert(RETRY_AFTER, value);
                Ok(refused)
            }
            FaultMode::Twice => {
                self.deliver(request.clone()).await?;
                self.inner.send(request).await
            }
            FaultMode::Late(after) => {
                let inner = self.inner.clone();
                tokio::spawn(async move {
                    tokio::time::sleep(after).await;
                    // The caller no longer waits for this answer.
                    inner.send(request).map(drop).await;
                });
                Err(TransportError::ConnectionLost)
            }
            FaultMode::KilledBefore => {
                self.crash.notify_one();
                never.await
            }
            FaultMode::LostReply
            | FaultMode::RefusedAfter(..)
            | FaultMode::HangAfter
            | FaultMode::BadBody(_)
            | FaultMode::Flood(_)
            | FaultMode::Stalled
            | FaultMode::KilledAfter => {
                self.deliver(request).await?;
                match mode {
                    FaultMode::RefusedAfter(status, body) => Ok(reply(status, body)),
                    FaultMode::BadBody(body) => Ok(reply(StatusCode::OK, body)),
                    FaultMode::Flood(bytes) => Ok(flood(bytes)),
                    FaultMode::Stalled => Ok(stalled()),
                    FaultMode::LostReply => Err(TransportError::ConnectionLost),
                    FaultMode::KilledAfter => {
                        self.crash.notify_one();
                        never.await
                    }
                    _ => never.await,
                }
            }
        }
    }
}

impl VendorCall {
    /// A call of this method to this place.
    pub fn new(method: &Method, authority: &str, path: &str) -> Self {
        let mut after = "";
        let segments = path.split('/').map(|segment| {
            let chosen_by_vendor = matches!(after, "machines" | "volumes" | "ip_assignments");
            after = segment;
            if chosen_by_vendor { "*" } else { segment }
        });
        Self {
            method: method.to_string(),
            authority: authority.to_owned(),
            path: segments.collect::<Vec<_>>().join("/"),
        }
    }

    /// The kind of call that this request is.
    pub fn of(request: &http::Request<Bytes>) -> Self {
        let authority = request.uri().authority().map_or("", |authority| authority.as_str());
        Self::new(request.method(), authority, request.uri().path())
    }
}

impl std::fmt::Display for VendorCall {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} {}{}", self.method, self.authority, self.path)
    }
}

fn reply(status: StatusCode, body: &'static str) -> StreamedResponse {
    let body = futures::stream::once(async move { Ok(Bytes::from_static(body.as_bytes())) });
    StreamedResponse { head: head(status), body: body.boxed() }
}

fn head(status: StatusCode) -> http::response::Parts {
    let (mut head, ()) = http::Response::new(()).into_parts();
    head.status = status;
    head
}

fn flood(bytes: usize) -> StreamedResponse {
    const PIECE: &[u8] = &[b' '; 64 * 1024];
    let pieces = (0..bytes.div_ceil(PIECE.len())).map(|_| Ok(Bytes::from_static(PIECE)));
    StreamedResponse { head: head(StatusCode::OK), body: futures::stream::iter(pieces).boxed() }
}

fn stalled() -> StreamedResponse {
    let half = reply(StatusCode::OK, "{\"id\": ");
    StreamedResponse { body: half.body.chain(futures::stream::pending()).boxed(), ..half }
}
