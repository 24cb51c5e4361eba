//! A port that outlives the process behind it: it leads to whichever lives, and nowhere while none
//! does.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use parking_lot::Mutex;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinSet;
use tower::ServiceExt;

#[derive(Clone, Default)]
pub struct RestartablePort {
    router: Arc<Mutex<Option<Router>>>,
    deaths: watch::Sender<u32>,
}

impl RestartablePort {
    pub fn set_router(&self, router: Router) {
        *self.router.lock() = Some(router);
    }

    /// Whoever waits for an answer gets none any more.
    pub fn dies(&self) {
        *self.router.lock() = None;
        self.deaths.send_modify(|deaths| *deaths += 1);
    }

    pub fn door(&self) -> Router {
        Router::new().fallback(through).with_state(self.clone())
    }
}

async fn through(State(port): State<RestartablePort>, request: Request<Body>) -> Response {
    let mut deaths = port.deaths.subscribe();
    let router = port.router.lock().clone();
    let Some(router) = router else { return StatusCode::BAD_GATEWAY.into_response() };
    tokio::select! {
        answer = router.oneshot(request) => answer.into_response(),
        _ = deaths.changed() => StatusCode::BAD_GATEWAY.into_response(),
    }
}

pub async fn serve(servers: &mut JoinSet<()>, router: Router) -> SocketAddr {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let address = listener.local_addr().unwrap();
    servers.spawn(async move {
        let _ = axum::serve(listener, router).await;
    });
    address
}
