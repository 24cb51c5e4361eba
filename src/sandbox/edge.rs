//! The network side of Fly's proxy: reads the app from the host name, forwards the request to its
//! machine, and refuses names without an address.

use std::sync::{Arc, Weak};

use async_trait::async_trait;
use axum::body::Body;
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use futures::{StreamExt, TryStreamExt};
use tower::ServiceExt;

use super::fly::{AppProxy, AppRoute, SimulatedFly};
use super::machines::MachineEndpoint;
use crate::http::{StreamedResponse, Transport, TransportError};

mod sockets;
#[cfg(test)]
mod tests;

pub use sockets::serve;

/// A kind of host name that Fly gives to an app.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HostKind {
    /// `app.fly.dev`: the app's services, from the internet.
    Public,
    /// `app.flycast`: the app's services, from a private network.
    Flycast,
    /// `app.internal`: a started machine of the app, past the proxy. Only the model proxy serves
    /// there.
    Internal,
}

/// The app of a host name, and the kind of the name; `None` for names that are not Fly's.
pub fn app_of(host: &str) -> Option<(&str, HostKind)> {
    let name = host.split(':').next().unwrap_or_default().trim_end_matches('.');
    let name = name.strip_suffix(".localhost").unwrap_or(name);
    let kinds = [
        (".fly.dev", HostKind::Public),
        (".flycast", HostKind::Flycast),
        (".internal", HostKind::Internal),
    ];
    kinds.into_iter().find_map(|(suffix, kind)| Some((name.strip_suffix(suffix)?, kind)))
}

/// The network that a machine can reach: the apps of its own private network, and public addresses.
pub struct PrivateNetwork {
    proxy: Weak<AppProxy>,
    network: Option<String>,
}

impl PrivateNetwork {
    /// The view from a machine in this network.
    pub fn new(proxy: Weak<AppProxy>, network: String) -> Self {
        Self { proxy, network: Some(network) }
    }

    /// The view from the internet: public addresses only.
    pub fn outside(fly: &SimulatedFly) -> Self {
        Self { proxy: Arc::downgrade(fly.proxy()), network: None }
    }
}

/// Carries the protocol of the client to a machine, in place of any value from the client.
pub(super) const PROTOCOL_HEADER: &str = "x-forwarded-proto";

/// Passes a request to a machine that is modelled in this process.
#[async_trait]
impl Transport for PrivateNetwork {
    async fn send(
        &self,
        mut request: http::Request<Bytes>,
    ) -> Result<StreamedResponse, TransportError> {
        let is_plain = request.uri().scheme_str() == Some("http");
        let protocol = HeaderValue::from_static(if is_plain { "http" } else { "https" });
        request.headers_mut().insert(PROTOCOL_HEADER, protocol);
        let proxy = self.proxy.upgrade().ok_or(TransportError::NotSent)?;
        let host = request.uri().authority().map(|authority| authority.as_str().to_owned());
        let host = host.unwrap_or_default();
        let route = match (app_of(&host), &self.network) {
            (Some((app, HostKind::Public)), _) => (app, AppRoute::Public),
            (Some((app, HostKind::Flycast)), Some(network)) => {
                (app, AppRoute::Private(Some(network)))
            }
            (Some((app, HostKind::Internal)), Some(network)) => {
                (app, AppRoute::Internal(Some(network)))
            }
            _ => return Err(TransportError::NotSent),
        };
        let response = match proxy.awake_endpoint(route.0, route.1).await {
            Ok((_, MachineEndpoint::InProcess(router))) => {
                let Ok(response) = router.oneshot(request.map(Body::from)).await;
                response
            }
            Ok((_, MachineEndpoint::Loopback(_))) => return Err(TransportError::NotSent),
            Err(super::fly::RouteError::NameNotFound) => return Err(TransportError::NotSent),
            Err(refusal) => refused(StatusCode::SERVICE_UNAVAILABLE, &refusal.to_string()),
        };
        Ok(reply(response))
    }
}

fn refused(status: StatusCode, why: &str) -> Response {
    (status, [("fly-proxy-error", why)]).into_response()
}

/// An answer from a router as an answer from the network.
pub(super) fn reply(response: Response) -> StreamedResponse {
    let (head, body) = response.into_parts();
    let body = body.into_data_stream().map_err(|_| TransportError::ConnectionLost).boxed();
    StreamedResponse { head, body }
}
