//! `/metrics`: for whoever shows the token; without one in the settings, for callers on this
//! machine.

use std::net::SocketAddr;
use std::sync::Arc;

use axum::Router;
use axum::extract::{ConnectInfo, Request, State};
use axum::http::header::{AUTHORIZATION, CONTENT_TYPE};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

use crate::metrics::Exposition;

/// The text format of Prometheus.
const TEXT: &str = "text/plain; version=0.0.4; charset=utf-8";

/// What a proxy adds. A request with one of these came from elsewhere, whatever it says and
/// wherever the proxy is.
const OF_PROXIES: [&str; 6] =
    ["forwarded", "x-forwarded-for", "x-forwarded-host", "x-real-ip", "via", "fly-client-ip"];

/// What is shown, and to whom.
pub struct MetricsEndpoint {
    /// What was counted.
    pub exposition: Exposition,
    /// What opens it; without it, only this machine may look.
    pub token: Option<Zeroizing<String>>,
}

pub(super) fn router(door: MetricsEndpoint) -> Router {
    Router::new().route("/metrics", get(show)).with_state(Arc::new(door))
}

async fn show(State(door): State<Arc<MetricsEndpoint>>, request: Request) -> Response {
    let peer = request.extensions().get::<ConnectInfo<SocketAddr>>().map(|peer| peer.0);
    if let Err(status) = door.admits(peer, request.headers()) {
        return status.into_response();
    }
    ([(CONTENT_TYPE, TEXT)], door.exposition.text()).into_response()
}

impl MetricsEndpoint {
    fn admits(&self, peer: Option<SocketAddr>, headers: &HeaderMap) -> Result<(), StatusCode> {
        match &self.token {
            Some(token) => {
                let mut shown = headers.get_all(AUTHORIZATION).iter();
                let (Some(shown), None) = (shown.next(), shown.next()) else {
                    return Err(StatusCode::UNAUTHORIZED);
                };
                let expected = Zeroizing::new(format!("Bearer {}", token.as_str()));
                let is_right = shown.as_bytes().ct_eq(expected.as_bytes());
                if is_right.into() { Ok(()) } else { Err(StatusCode::UNAUTHORIZED) }
            }
            None => {
                let is_here = peer.is_some_and(|peer| peer.ip().to_canonical().is_loopback());
                let is_passed_on = OF_PROXIES.iter().any(|name| headers.contains_key(*name));
                if is_here && !is_passed_on { Ok(()) } else { Err(StatusCode::FORBIDDEN) }
            }
        }
    }
}
