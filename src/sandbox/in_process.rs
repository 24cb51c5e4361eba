//! A transport without sockets: vendors by authority, modelled apps behind Fly's proxy. It honours
//! tokio's paused clock.

use std::collections::BTreeMap;
use std::sync::Arc;

use async_trait::async_trait;
use axum::Router;
use axum::body::Body;
use bytes::Bytes;
use tower::ServiceExt;

use super::edge::{PrivateNetwork, reply};
use super::fly::SimulatedFly;
use crate::http::{StreamedResponse, Transport, TransportError};

/// Carries requests to routers in this process.
#[derive(Default)]
pub struct InProcess {
    routers: BTreeMap<String, Router>,
    edge: Option<PrivateNetwork>,
}

impl InProcess {
    /// A network without hosts.
    pub fn new() -> Self {
        Self::default()
    }

    /// Serves an authority (`api.machines.dev`) with a router.
    #[must_use]
    pub fn mount(mut self, authority: &str, router: Router) -> Self {
        self.routers.insert(authority.to_owned(), router);
        self
    }

    /// Serves Fly's real addresses, and the public addresses of its apps.
    #[must_use]
    pub fn with_fly(mut self, fly: &Arc<SimulatedFly>) -> Self {
        self.edge = Some(PrivateNetwork::outside(fly));
        let router = fly.router();
        self.mount("api.machines.dev", router.clone()).mount("api.fly.io", router)
    }
}

#[async_trait]
impl Transport for InProcess {
    async fn send(
        &self,
        request: http::Request<Bytes>,
    ) -> Result<StreamedResponse, TransportError> {
        let authority = request.uri().authority().map(|authority| authority.as_str());
        let router = authority.and_then(|authority| self.routers.get(authority)).cloned();
        match (router, &self.edge) {
            (Some(router), _) => {
                let Ok(response) = router.oneshot(request.map(Body::from)).await;
                Ok(reply(response))
            }
            (None, Some(edge)) => edge.send(request).await,
            (None, None) => Err(TransportError::NotSent),
        }
    }
}
