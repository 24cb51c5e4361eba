//! The simulated Fly on a socket, as a killed process sees it: requests are counted, one of them is
//! the moment at which something is done to the process, and after each the world is looked at.

use std::collections::BTreeSet;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::{Request, State};
use axum::http::header::HOST;
use axum::http::{Method, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use parking_lot::{Mutex, MutexGuard};
use textslash::http::Transport;
use textslash::sandbox::edge::{PrivateNetwork, app_of};
use textslash::sandbox::fly::{Inventory, SimulatedFly};
use tokio::net::TcpListener;
use tokio::sync::Notify;
use tokio::task::JoinSet;
use tower::ServiceExt;

/// The longest body that is read, in bytes: more than any request has.
const BODY_MAX: usize = 1 << 20;

/// Violations that are kept of one story; the first say it all.
const VIOLATIONS_MAX: usize = 10;

/// The moment at which something is done to a process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KillMoment {
    /// So many milliseconds after its start.
    Start(u64),
    /// This request has reached the network and goes no further until the next process has made so
    /// many.
    Before { request: usize, late: usize },
    /// This request has had its effect, and its answer is never given.
    After(usize),
    /// As [`KillMoment::After`], of the first request from this one on that is alone on its way: no
    /// other is left in doubt.
    AfterAlone(usize),
    /// So many milliseconds after this request was answered.
    Answered { request: usize, then_ms: u64 },
}

pub struct KillNetwork {
    pub fly: Arc<SimulatedFly>,
    api: Router,
    edge: PrivateNetwork,
    state: Mutex<KillNetworkState>,
    due: Notify,
}

#[derive(Default)]
struct KillNetworkState {
    /// Of the process that runs now.
    requests: usize,
    under_way: usize,
    changes: usize,
    moment: Option<KillMoment>,
    held: Option<(http::Request<Bytes>, usize)>,
    violations: BTreeSet<String>,
}

impl KillNetwork {
    pub fn new(fly: Arc<SimulatedFly>) -> Arc<Self> {
        let (api, edge) = (fly.router(), PrivateNetwork::outside(&fly));
        Arc::new(Self { fly, api, edge, state: Mutex::default(), due: Notify::new() })
    }

    fn state(&self) -> MutexGuard<'_, KillNetworkState> {
        self.state.lock()
    }

    /// Serves on a port that the system chooses.
    pub async fn serve(self: &Arc<Self>, servers: &mut JoinSet<()>) -> anyhow::Result<SocketAddr> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await;
        let listener = listener.context("listen on loopback")?;
        let address = listener.local_addr()?;
        let router = Router::new().fallback(pass).with_state(self.clone());
        servers.spawn(async move {
            // It serves until its task is dropped; accept errors are retried inside.
            let _ = axum::serve(listener, router).await;
        });
        Ok(address)
    }

    /// A process is about to start, to which something is to happen.
    pub fn begin(self: &Arc<Self>, moment: Option<KillMoment>) {
        let mut state = self.state();
        (state.requests, state.changes, state.moment) = (0, 0, moment);
        drop(state);
        if let Some(KillMoment::Start(after_ms)) = moment {
            self.trigger_after(after_ms);
        }
    }

    /// Nothing more is to happen to it.
    pub async fn end(&self) {
        self.state().moment = None;
        // A moment that fell due when the process had ended is none of the next one's.
        tokio::select! {
            biased;
            () = self.due.notified() => {}
            () = std::future::ready(()) => {}
        }
    }

    /// Returns at the moment.
    pub async fn due(&self) {
        self.due.notified().await;
    }

    /// Requests of this process so far.
    pub fn requests(&self) -> usize {
        self.state().requests
    }

    /// Those of them that were to change something.
    pub fn changes(&self) -> usize {
        self.state().changes
    }

    pub fn add_violation(&self, what: impl Into<String>) {
        let mut state = self.state();
        if state.violations.len() < VIOLATIONS_MAX {
            state.violations.insert(what.into());
        }
    }

    pub fn violations(&self) -> Vec<String> {
        self.state().violations.iter().cloned().collect()
    }

    fn trigger_after(self: &Arc<Self>, after_ms: u64) {
        let network = self.clone();
        tokio::spawn(async move {
            tokio::time::sleep(Duration::from_millis(after_ms)).await;
            network.due.notify_one();
        });
    }

    /// Counts a request in. The number that it has, and what was held back and is due now.
    fn enter(&self, method: &Method) -> (usize, Option<http::Request<Bytes>>) {
        let mut state = self.state();
        let number = state.requests;
        state.requests += 1;
        state.under_way += 1;
        state.changes += usize::from(method != Method::GET);
        let is_due = state.held.as_ref().is_some_and(|(_, late)| number >= *late);
        let held = if is_due { state.held.take() } else { None };
        (number, held.map(|(request, _)| request))
    }

    /// Whether the moment is at this request, which has had its effect. There is one for each
    /// process.
    fn falls_on(&self, number: usize, alone: bool) -> bool {
        let mut state = self.state();
        let falls = match state.moment {
            Some(KillMoment::After(at)) => at == number,
            Some(KillMoment::AfterAlone(from)) => from <= number && alone,
            Some(KillMoment::Answered { request, .. }) => request == number,
            _ => false,
        };
        if falls {
            state.moment = None;
        }
        falls
    }

    fn hold_back(&self, request: http::Request<Bytes>, late: usize) {
        let mut state = self.state();
        state.held = Some((request, late));
        state.under_way -= 1;
    }

    /// Carries a request through, whatever becomes of its sender.
    async fn deliver(self: Arc<Self>, request: http::Request<Bytes>) -> Response {
        let host = request.headers().get(HOST).and_then(|host| host.to_str().ok());
        let host = host.unwrap_or_default().to_owned();
        let response = if app_of(&host).is_some() {
            self.to_app(&host, request).await
        } else {
            let Ok(response) = self.api.clone().oneshot(request.map(Body::from)).await;
            response
        };
        self.look();
        response
    }

    async fn to_app(&self, host: &str, mut request: http::Request<Bytes>) -> Response {
        let path = request.uri().path_and_query().map_or("/", |path| path.as_str());
        let Ok(uri) = format!("http://{host}{path}").parse::<Uri>() else {
            return StatusCode::BAD_REQUEST.into_response();
        };
        *request.uri_mut() = uri;
        match self.edge.send(request).await {
            Ok(reply) => Response::from_parts(reply.head, Body::from_stream(reply.body)),
            Err(_) => StatusCode::BAD_GATEWAY.into_response(),
        }
    }

    /// What must hold at every moment.
    fn look(&self) {
        if !self.fly.lookalikes_untouched() {
            self.add_violation("a stranger's app was touched");
        }
        let there = self.fly.inventory();
        for app in &there.apps {
            let (machines, volumes) = counts(&there, app);
            if machines > 1 || volumes > 1 {
                self.add_violation(format!("{app} has {machines} machines and {volumes} volumes"));
            }
        }
    }
}

/// Machines and volumes of this app.
pub fn counts(there: &Inventory, app: &str) -> (usize, usize) {
    let start = format!("{app}/");
    let of = |lines: &[String]| lines.iter().filter(|line| line.starts_with(&start)).count();
    (of(&there.machines), of(&there.volumes))
}

async fn pass(State(network): State<Arc<KillNetwork>>, request: Request) -> Response {
    let (head, body) = request.into_parts();
    let Ok(body) = to_bytes(body, BODY_MAX).await else {
        return StatusCode::BAD_REQUEST.into_response();
    };
    let request = http::Request::from_parts(head, body);
    let (number, held) = network.enter(request.method());
    if let Some(held) = held {
        tokio::spawn(network.clone().deliver(held));
    }
    let moment = network.state().moment;
    if let Some(KillMoment::Before { request: at, late }) = moment
        && at == number
    {
        network.hold_back(request, late);
        network.due.notify_one();
        return std::future::pending().await;
    }
    let carried = {
        let network = network.clone();
        tokio::spawn(async move {
            let response = network.clone().deliver(request).await;
            let mut state = network.state();
            state.under_way -= 1;
            (response, state.under_way == 0)
        })
    };
    let Ok((response, alone)) = carried.await else {
        network.add_violation("the simulated Fly broke");
        return StatusCode::INTERNAL_SERVER_ERROR.into_response();
    };
    if !network.falls_on(number, alone) {
        return response;
    }
    match moment {
        Some(KillMoment::Answered { then_ms, .. }) => {
            network.trigger_after(then_ms);
            response
        }
        _ => {
            network.due.notify_one();
            std::future::pending().await
        }
    }
}
