//! The way from relay to VM: calls are lost, late, doubled and cut off.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use axum::Router;
use axum::body::Body;
use bytes::Bytes;
use futures::StreamExt;
use http::{Request, StatusCode};
use parking_lot::Mutex;
use serde_json::Value;
use textslash::http::{StreamedResponse, Transport, TransportError};
use tokio::sync::{mpsc, oneshot, watch};
use tokio::task::JoinSet;

use super::dice::RelayStoryDice;
use super::promise::RelayPromise;
use super::stage::{ProcessKind, StoryMonitor};

/// The longest that a call is under way.
const DELAY_MAX_MS: u64 = 20_000;

/// How long a call waits for a VM that wakes.
const WAKE_MAX: Duration = Duration::from_secs(20);

/// What a call meets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum NetworkFault {
    NotSent,
    /// It never arrives, and nobody says so.
    LostBefore,
    LostAfter,
    Late,
    /// It arrives after its caller has given it up.
    TooLate,
    Twice,
    /// The answer ends after so many pieces.
    Cut(u64),
    /// The answer stops after so many pieces.
    Stalls(u64),
    BadGateway,
}

pub struct VmNetwork {
    pub stage: Arc<StoryMonitor>,
    pub dice: RelayStoryDice,
    pub faults_percent: AtomicU64,
    pub calls: AtomicU64,
    /// The VM that is up; none while it is down.
    pub vm: watch::Sender<Option<Arc<RunningVm>>>,
    /// A call asks for a VM that is down.
    pub wanted: tokio::sync::Notify,
    /// Events told of each turn, by their place.
    pub told: Arc<Mutex<BTreeMap<String, Vec<Value>>>>,
    /// Turns that the relay told the VM to stop.
    pub cancelled: Mutex<Vec<String>>,
}

/// A VM that answers calls.
pub struct RunningVm {
    pub router: Router,
    pub calls: Mutex<JoinSet<()>>,
}

struct TurnResponse {
    head: http::response::Parts,
    /// The pieces of its body, and `None` behind the last one.
    pieces: mpsc::Receiver<Option<Bytes>>,
}

impl VmNetwork {
    fn fault(&self) -> Option<NetworkFault> {
        if !self.dice.percent(self.faults_percent.load(Ordering::Relaxed)) {
            return None;
        }
        let pieces = self.dice.below(4);
        Some(self.dice.pick(&[
            NetworkFault::NotSent,
            NetworkFault::LostBefore,
            NetworkFault::LostAfter,
            NetworkFault::Late,
            NetworkFault::TooLate,
            NetworkFault::Twice,
            NetworkFault::Cut(pieces),
            NetworkFault::Stalls(pieces),
            NetworkFault::BadGateway,
        ]))
    }

    async fn up(&self) -> Option<Arc<RunningVm>> {
        let mut vm = self.vm.subscribe();
        self.wanted.notify_one();
        let up = tokio::time::timeout(WAKE_MAX, vm.wait_for(Option::is_some)).await;
        up.ok()?.ok()?.clone()
    }

    /// The call arrives at the VM, whoever waits for its answer.
    fn arrives(
        self: &Arc<Self>,
        up: &Arc<RunningVm>,
        number: u64,
        after: Duration,
        request: Request<Bytes>,
    ) -> oneshot::Receiver<TurnResponse> {
        let (answered, answer) = oneshot::channel();
        let network = self.clone();
        let (router, events) = (up.router.clone(), TurnEventStream::of(&request, &self.told));
        up.calls.lock().spawn(async move {
            tokio::time::sleep(after).await;
            let Ok(response) = tower::ServiceExt::oneshot(router, request.map(Body::from)).await;
            let (head, body) = response.into_parts();
            let status = head.status;
            network.stage.deed(ProcessKind::Vm, &format!("{number:>4} vm answers {status}")).await;
            let (pieces, receiver) = mpsc::channel(1);
            let _ = answered.send(TurnResponse { head, pieces: receiver });
            network.passes_on(body, pieces, status, events).await;
        });
        answer
    }

    async fn passes_on(
        &self,
        body: Body,
        pieces: mpsc::Sender<Option<Bytes>>,
        status: StatusCode,
        mut events: Option<TurnEventStream>,
    ) {
        let mut body = body.into_data_stream();
        loop {
            let piece = tokio::select! {
                biased;
                () = pieces.closed() => return,
                piece = body.next() => piece,
            };
            let Some(Ok(piece)) = piece else {
                let _ = pieces.send(None).await;
                return;
            };
            if let Some(events) = events.as_mut().filter(|_| status == StatusCode::OK) {
                let text = String::from_utf8_lossy(&piece).trim_end().to_owned();
                self.stage.deed(ProcessKind::Vm, &format!("vm tells {text}")).await;
                events.check(&self.stage, &piece);
            }
            tokio::time::sleep(Duration::from_millis(1)).await;
            if pieces.send(Some(piece)).await.is_err() {
                return;
            }
        }
    }
}

#[async_trait]
impl Transport for NetworkLink {
    async fn send(&self, request: Request<Bytes>) -> Result<StreamedResponse, TransportError> {
        let network = &self.0;
        let number = network.calls.fetch_add(1, Ordering::Relaxed);
        let call = format!("{number:>4} {} {}", request.method(), request.uri().path());
        let fault = network.fault();
        let shown = fault.map_or(String::new(), |fault| format!(" ({fault:?})"));
        network.stage.deed(ProcessKind::Relay, &format!("{call}{shown}")).await;
        if let Some(turn) = request.uri().path().strip_suffix("/cancel") {
            let turn = turn.trim_start_matches("/turns/").to_owned();
            network.cancelled.lock().push(turn);
        }
        let reply = network.carried(number, fault, request).await;
        let told = match &reply {
            Ok(reply) => reply.head.status.to_string(),
            Err(error) => error.to_string(),
        };
        network.stage.deed(ProcessKind::Relay, &format!("{number:>4} -> {told}")).await;
        reply
    }
}

/// The network as one relay sees it.
pub struct NetworkLink(pub Arc<VmNetwork>);

impl VmNetwork {
    async fn carried(
        self: &Arc<Self>,
        number: u64,
        fault: Option<NetworkFault>,
        request: Request<Bytes>,
    ) -> Result<StreamedResponse, TransportError> {
        let delay = self.dice.up_to_ms(DELAY_MAX_MS);
        let hop = Duration::from_millis(1 + self.dice.below(20));
        match fault {
            Some(NetworkFault::NotSent) => return Err(TransportError::NotSent),
            Some(NetworkFault::LostBefore) => {
                tokio::time::sleep(delay).await;
                return Err(TransportError::ConnectionLost);
            }
            Some(NetworkFault::BadGateway) => return Ok(bad_gateway()),
            _ => {}
        }
        let up = self.up().await.ok_or(TransportError::NotSent)?;
        let after = match fault {
            Some(NetworkFault::Late) => delay,
            Some(NetworkFault::TooLate) => hop + delay,
            _ => hop,
        };
        let again = copy(&request);
        let answer = self.arrives(&up, number, after, request);
        match fault {
            Some(NetworkFault::TooLate) => return Err(TransportError::ConnectionLost),
            Some(NetworkFault::Twice) => self.comes_again(&up, number, hop, again),
            _ => {}
        }
        // Who waits for an answer does not keep a killed VM alive.
        drop(up);
        let answer = answer.await.map_err(|_| TransportError::ConnectionLost)?;
        if fault == Some(NetworkFault::LostAfter) {
            return Err(TransportError::ConnectionLost);
        }
        Ok(reply(answer, fault))
    }

    fn comes_again(
        self: &Arc<Self>,
        up: &Arc<RunningVm>,
        number: u64,
        hop: Duration,
        it: Request<Bytes>,
    ) {
        let second = self.arrives(up, number, hop + Duration::from_millis(1), it);
        let stage = self.stage.clone();
        up.calls.lock().spawn(async move {
            if let Ok(answer) = second.await {
                let status = answer.head.status;
                stage.expect(RelayPromise::Replayed, status == StatusCode::UNAUTHORIZED, || {
                    format!("call {number} came twice and was answered {status}")
                });
            }
        });
    }
}

fn copy(request: &Request<Bytes>) -> Request<Bytes> {
    let mut copy = Request::new(request.body().clone());
    *copy.method_mut() = request.method().clone();
    *copy.uri_mut() = request.uri().clone();
    *copy.headers_mut() = request.headers().clone();
    copy
}

fn bad_gateway() -> StreamedResponse {
    let mut head = http::Response::new(()).into_parts().0;
    head.status = StatusCode::BAD_GATEWAY;
    StreamedResponse { head, body: futures::stream::empty().boxed() }
}

fn reply(answer: TurnResponse, fault: Option<NetworkFault>) -> StreamedResponse {
    let TurnResponse { head, pieces } = answer;
    // A body that ends before its end is an error of its transport.
    let body = futures::stream::unfold((pieces, 0), move |(mut pieces, count)| async move {
        let piece = match fault {
            Some(NetworkFault::Cut(after)) if count == after => Err(TransportError::ConnectionLost),
            Some(NetworkFault::Cut(after)) if count > after => return None,
            Some(NetworkFault::Stalls(after)) if count >= after => std::future::pending().await,
            _ => match pieces.recv().await {
                Some(piece) => Ok(piece?),
                None => {
                    pieces.close();
                    Err(TransportError::ConnectionLost)
                }
            },
        };
        Some((piece, (pieces, count + 1)))
    });
    StreamedResponse { head, body: body.boxed() }
}

/// The events of one answer to `POST /turns`.
struct TurnEventStream {
    turn: String,
    next: usize,
    told: Arc<Mutex<BTreeMap<String, Vec<Value>>>>,
}

impl TurnEventStream {
    fn of(
        request: &Request<Bytes>,
        told: &Arc<Mutex<BTreeMap<String, Vec<Value>>>>,
    ) -> Option<Self> {
        (request.uri().path() == "/turns").then_some(())?;
        let ask: Value = serde_json::from_slice(request.body()).ok()?;
        let next = usize::try_from(ask["after"].as_u64()?).ok()?;
        Some(Self { turn: ask["turn"].as_str()?.to_owned(), next, told: told.clone() })
    }

    fn check(&mut self, stage: &StoryMonitor, piece: &[u8]) {
        let event: Value = serde_json::from_slice(piece).unwrap_or_default();
        if event["type"] == "heartbeat" {
            return;
        }
        let mut told = self.told.lock();
        let told = told.entry(self.turn.clone()).or_default();
        let is_last = event["type"] == "done" || event["type"] == "failed";
        if is_last && self.next > told.len() {
            // The end is told even to who claims to have it.
            self.next = told.len();
        }
        match told.get(self.next) {
            Some(before) => stage.expect(RelayPromise::Events, *before == event, || {
                format!("{}: event {} was {before}, is {event}", self.turn, self.next)
            }),
            None => {
                stage.expect(RelayPromise::Events, told.len() == self.next, || {
                    format!("{}: event {} comes after {}", self.turn, self.next, told.len())
                });
                told.push(event);
            }
        }
        self.next += 1;
    }
}
