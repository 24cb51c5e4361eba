//! The HTTP server of every role. Slow and idle clients are disconnected, connections are bounded,
//! and requests in flight are finished at the end.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::ConnectInfo;
use axum::http::Request;
use axum::response::Response;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tower::ServiceExt;

use connection_slots::{ConnectionSlot, ConnectionSlots};
use pace::{PacedBody, PacedSocket, TrackedBody};

mod connection_slots;
mod pace;
#[cfg(test)]
mod tests;

pub use pace::{BodyTooSlow, WINDOW};

/// How long a client takes for the head of a request, and how long it may keep an idle connection:
/// a phone on a bad line needs a second or two.
const HEAD_TIMEOUT: Duration = Duration::from_secs(10);

/// The largest head of a request: chat services send some two kilobytes.
const HEAD_BYTES_MAX: usize = 16 * 1024;

/// Header fields of a request: chat services and browsers send some twenty.
const HEAD_FIELDS_MAX: usize = 64;

/// The pause after the system let no connection in: it is out of descriptors, and some are given
/// back soon.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// The bounds of a server that depend on its role.
#[derive(Clone, Copy, Debug)]
pub struct ServerLimits {
    /// Connections at once: each takes some twenty kilobytes. When all are taken, the one that has
    /// been idle longest is closed.
    pub connections_max: usize,
    /// How long requests in flight have at the end.
    pub grace: Duration,
}

/// Serves until `told`. Then no connection is accepted any more, and requests in flight are
/// finished within the limit.
pub async fn serve(
    listener: TcpListener,
    router: Router,
    limits: ServerLimits,
    told: impl Future<Output = ()>,
) {
    let ending = watch::Sender::new(false);
    let mut connections = JoinSet::new();
    let places = ConnectionSlots::new(limits.connections_max);
    let mut told = std::pin::pin!(told);
    loop {
        let (stream, peer) = tokio::select! {
            biased;
            () = &mut told => break,
            Some(_) = connections.join_next() => continue,
            accepted = accept(&listener) => accepted,
        };
        let place = tokio::select! {
            biased;
            () = &mut told => break,
            place = places.take() => place,
        };
        connections.spawn(connection(stream, peer, router.clone(), ending.subscribe(), place));
    }
    drop(listener);
    ending.send_replace(true);
    let finished = async { while connections.join_next().await.is_some() {} };
    if tokio::time::timeout(limits.grace, finished).await.is_err() {
        tracing::warn!("requests were still in flight at the end");
    }
}

async fn accept(listener: &TcpListener) -> (TcpStream, SocketAddr) {
    loop {
        match listener.accept().await {
            Ok(accepted) => return accepted,
            Err(error) => {
                tracing::warn!(%error, "a connection was not let in");
                tokio::time::sleep(ACCEPT_PAUSE).await;
            }
        }
    }
}

/// Serves one connection. Routes find its peer as [`ConnectInfo`].
async fn connection(
    stream: TcpStream,
    peer: SocketAddr,
    router: Router,
    mut ending: watch::Receiver<bool>,
    place: Arc<ConnectionSlot>,
) {
    // Answers are small, and written at once.
    let _ = stream.set_nodelay(true);
    let own = place.clone();
    let service = service_fn(move |request: Request<Incoming>| {
        let mut request = request.map(|body| Body::new(PacedBody::new(body)));
        request.extensions_mut().insert(ConnectInfo(peer));
        answer(router.clone(), request, own.clone())
    });
    let served = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_TIMEOUT)
        .max_buf_size(HEAD_BYTES_MAX)
        .max_headers(HEAD_FIELDS_MAX)
        .serve_connection(TokioIo::new(PacedSocket::new(stream)), service)
        .with_upgrades();
    let mut served = std::pin::pin!(served);
    tokio::select! {
        // How a connection ends is the client's affair.
        _ = &mut served => return,
        () = place.is_needed() => return,
        _ = ending.wait_for(|ending| *ending) => {}
    }
    served.as_mut().graceful_shutdown();
    let _ = served.await;
}

async fn answer(
    router: Router,
    request: Request<Body>,
    place: Arc<ConnectionSlot>,
) -> Result<Response, Infallible> {
    let in_flight = place.begin();
    let response = router.oneshot(request).await?;
    Ok(response.map(|body| Body::new(TrackedBody::new(body, in_flight))))
}
