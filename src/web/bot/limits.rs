//! How many requests an address may make in a minute.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use axum::extract::{ConnectInfo, Request, State};
use axum::http::header::RETRY_AFTER;
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use parking_lot::Mutex;
use tokio::time::Instant;

use crate::metrics::{self, EndpointKind};

#[cfg(test)]
mod tests;

/// Requests of one address to the one-time form in a minute: a person needs a dozen, and some share
/// an address.
pub const FORM_REQUESTS_MAX: u32 = 120;

/// Requests of one address to the webhooks in a minute: a chat service calls for everybody from a
/// few addresses, and one machine answers about this many.
pub const WEBHOOK_REQUESTS_MAX: u32 = 12_000;

/// Addresses that are told apart; those that come when it is full share one count. Each takes some
/// 40 bytes.
const ADDRESSES_MAX: usize = 10_000;

/// What the counts are for.
const WINDOW: Duration = Duration::from_secs(60);

/// The source of a caller's address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AddressSource {
    /// The connection.
    Peer,
    /// This header of a proxy that all connections come from. The proxy replaces what a client
    /// claims there.
    Header(&'static str),
}

impl AddressSource {
    /// The address that a request counts for; nothing when it is not known.
    fn address(self, peer: Option<SocketAddr>, headers: &HeaderMap) -> Option<IpAddr> {
        let peer = peer.map(|peer| peer.ip());
        let address = match self {
            Self::Peer => peer,
            Self::Header(name) => {
                let mut named = headers.get_all(name).iter();
                match (named.next(), named.next()) {
                    (Some(named), None) => {
                        named.to_str().ok().and_then(|it| it.trim().parse().ok()).or(peer)
                    }
                    _ => peer,
                }
            }
        };
        address.map(network)
    }
}

/// The address itself, or the 64 bits in front of a version 6 address: the rest is its owner's to
/// choose.
fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => {
            let [a, b, c, d, ..] = address.segments();
            Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0).into()
        }
        address => address,
    }
}

/// The limit of one door.
pub struct RequestLimit {
    door: EndpointKind,
    caller: AddressSource,
    requests_max: u32,
    counts: Mutex<RequestCounts>,
}

struct RequestCounts {
    since: Instant,
    by_address: HashMap<IpAddr, u32>,
    others: u32,
}

impl RequestLimit {
    /// So many requests in a minute for each address.
    pub fn new(door: EndpointKind, caller: AddressSource, requests_max: u32) -> Arc<Self> {
        let counts = RequestCounts { since: Instant::now(), by_address: HashMap::new(), others: 0 };
        Arc::new(Self { door, caller, requests_max, counts: Mutex::new(counts) })
    }

    /// Counts a request; says how long to wait when it is one too many.
    fn count(&self, address: Option<IpAddr>) -> Result<(), Duration> {
        let mut counts = self.counts.lock();
        if counts.since.elapsed() >= WINDOW {
            *counts =
                RequestCounts { since: Instant::now(), by_address: HashMap::new(), others: 0 };
        }
        let left = WINDOW.saturating_sub(counts.since.elapsed());
        let is_full = counts.by_address.len() >= ADDRESSES_MAX;
        let count = match address {
            Some(address) if !is_full || counts.by_address.contains_key(&address) => {
                counts.by_address.entry(address).or_default()
            }
            _ => &mut counts.others,
        };
        if *count >= self.requests_max {
            return Err(left);
        }
        *count += 1;
        Ok(())
    }
}

/// Lets a request through, or answers 429; counts what is refused, by whomever.
pub async fn limited(
    State(limit): State<Arc<RequestLimit>>,
    request: Request,
    next: Next,
) -> Response {
    let peer = request.extensions().get::<ConnectInfo<SocketAddr>>().map(|peer| peer.0);
    let address = limit.caller.address(peer, request.headers());
    let response = match limit.count(address) {
        Ok(()) => next.run(request).await,
        Err(wait) => too_often(wait),
    };
    let status = response.status();
    if status.is_client_error() || status.is_server_error() {
        metrics::request_refused(limit.door, status.as_u16());
    }
    response
}

fn too_often(wait: Duration) -> Response {
    let wait = HeaderValue::from(wait.as_secs() + 1);
    (StatusCode::TOO_MANY_REQUESTS, [(RETRY_AFTER, wait)]).into_response()
}
