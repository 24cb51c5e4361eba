//! Serves a router to the internet: slow and idle clients are hung up on, connections are bounded, and the
//! end waits for what is in flight.

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
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinSet;
use tower::ServiceExt;

#[cfg(test)]
mod tests;

/// How long a client takes for the head of a request, and how long it may keep an idle connection: a phone on
/// a bad line needs a second or two.
const HEAD_TIMEOUT: Duration = Duration::from_secs(10);

/// The largest head of a request: chat services send some two kilobytes.
const HEAD_BYTES_MAX: usize = 16 * 1024;

/// Header fields of a request: chat services and browsers send some twenty.
const HEAD_FIELDS_MAX: usize = 64;

/// Connections at once: each takes some twenty kilobytes, and Fly's proxy sends 250 requests at most.
const CONNECTIONS_MAX: usize = 1_024;

/// The pause after the system let no connection in: it is out of descriptors, and some are given back soon.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// Serves until `told`; then nothing more is let in, and what is in flight is finished, `grace` at most.
pub async fn serve(
    listener: TcpListener,
    router: Router,
    told: impl Future<Output = ()>,
    grace: Duration,
) {
    let ending = watch::Sender::new(false);
    let mut connections = JoinSet::new();
    let places = Arc::new(Semaphore::new(CONNECTIONS_MAX));
    let mut told = std::pin::pin!(told);
    loop {
        let (place, (stream, peer)) = tokio::select! {
            biased;
            () = &mut told => break,
            Some(_) = connections.join_next() => continue,
            // It is never closed.
            Ok(place) = places.clone().acquire_owned() => tokio::select! {
                biased;
                () = &mut told => break,
                accepted = accept(&listener) => (place, accepted),
            },
        };
        let connection = connection(stream, peer, router.clone(), ending.subscribe());
        connections.spawn(async move {
            connection.await;
            drop(place);
        });
    }
    drop(listener);
    ending.send_replace(true);
    let finished = async { while connections.join_next().await.is_some() {} };
    if tokio::time::timeout(grace, finished).await.is_err() {
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

/// Serves one connection; routes see whose it is as [`ConnectInfo`].
async fn connection(
    stream: TcpStream,
    peer: SocketAddr,
    router: Router,
    mut ending: watch::Receiver<bool>,
) {
    // Answers are small, and written at once.
    let _ = stream.set_nodelay(true);
    let service = service_fn(move |request: Request<Incoming>| {
        let mut request = request.map(Body::new);
        request.extensions_mut().insert(ConnectInfo(peer));
        answer(router.clone(), request)
    });
    let served = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_TIMEOUT)
        .max_buf_size(HEAD_BYTES_MAX)
        .max_headers(HEAD_FIELDS_MAX)
        .serve_connection(TokioIo::new(stream), service);
    let mut served = std::pin::pin!(served);
    tokio::select! {
        // How a connection ends is the client's affair.
        _ = &mut served => return,
        _ = ending.wait_for(|ending| *ending) => {}
    }
    served.as_mut().graceful_shutdown();
    let _ = served.await;
}

async fn answer(router: Router, request: Request<Body>) -> Result<Response, Infallible> {
    router.oneshot(request).await
}
