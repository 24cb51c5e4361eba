//! The public routes of a relay: its owner's chat, and the provisioner's calls. Any other caller is
//! refused. The model proxy is not among them: it has a listener of its own
//! ([`super::model_proxy`]).

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use serde_json::json;
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tower_http::timeout::TimeoutLayer;

use super::page::{HtmlPage, texts};
use super::server::{self, ServerLimits};
use super::{answered, model_proxy, redirect, unstored, verified};
use crate::protocol::{CallHead, Direction};
use crate::relay::{Relay, RelayExit};

#[cfg(test)]
mod tests;

/// The chat of a relay that needs no third party.
const CHAT: &str = include_str!("pages/chat.html");

/// Largest body of a signed call: they have none.
const SIGNED_BYTES_MAX: usize = 16 * 1024;

/// Longest signed call: through to the VM, which may have to wake.
const SIGNED_TIMEOUT: Duration = Duration::from_secs(90);

/// A relay serves one person and strangers in small numbers: at 16 kB for a head, 8 MB in all.
/// Answers on their way have a few seconds at the end; a slower client asks again after the next
/// start.
const SERVER: ServerLimits = ServerLimits { connections_max: 512, grace: Duration::from_secs(5) };

/// The agent has a few calls to the model on their way at once.
const MODEL_SERVER: ServerLimits = ServerLimits { connections_max: 128, ..SERVER };

/// Serves and works until the relay is over. `chat` are the routes of its channel; `model` listens
/// for the agent's calls to the model, where there is a model key.
///
/// # Errors
/// When the server ends by itself.
pub async fn serve(
    relay: Arc<Relay>,
    chat: Router,
    listener: TcpListener,
    model: Option<TcpListener>,
    told: impl Future<Output = ()> + Send,
) -> anyhow::Result<RelayExit> {
    let (end_model, model_ended) = oneshot::channel::<()>();
    let model = model.map(|listener| {
        let router = model_proxy::router(relay.clone());
        let told = async { drop(model_ended.await) };
        tokio::spawn(server::serve(listener, router, MODEL_SERVER, told))
    });
    let (end, ended) = oneshot::channel::<()>();
    let router = router(relay.clone(), chat);
    let mut server =
        std::pin::pin!(server::serve(listener, router, SERVER, async { drop(ended.await) }));
    let over = tokio::select! {
        over = relay.run(told) => over,
        () = &mut server => anyhow::bail!("the server ended by itself"),
    };
    // Both wait for this.
    let _ = end.send(());
    let _ = end_model.send(());
    server.await;
    if let Some(model) = model {
        model.await.context("the model proxy failed")?;
    }
    Ok(over)
}

/// The page on which an owner talks to their relay through the web channel. It is static: the key
/// stands behind the `#` of its address, which no browser sends.
pub fn chat_page() -> Router {
    let page = HtmlPage::new(CHAT, texts::CHAT, None);
    Router::new().route("/chat", get(move || async move { page.response() }))
}

/// The routes.
pub fn router(relay: Arc<Relay>, chat: Router) -> Router {
    let signed = Router::new()
        .route("/ready", get(ready))
        .route("/commit", post(commit))
        .route_layer(from_fn_with_state(relay.clone(), only_the_provisioner))
        .layer(TimeoutLayer::with_status_code(StatusCode::GATEWAY_TIMEOUT, SIGNED_TIMEOUT));
    let public_url = relay.public_url().cloned();
    let router =
        Router::new().merge(signed).route("/health", get(health)).with_state(relay).merge(chat);
    unstored(redirect::to_https(router, public_url.as_ref()))
}

async fn only_the_provisioner(
    State(relay): State<Arc<Relay>>,
    request: Request,
    next: Next,
) -> Result<Response, StatusCode> {
    let verify = |call: CallHead<'_>, signature: Option<&str>| relay.verify(call, signature);
    let request = verified(request, Direction::ProvisionerToRelay, verify)?;
    let _busy = relay.busy();
    answered(request, SIGNED_BYTES_MAX, relay.bodies(), next).await
}

async fn health(State(relay): State<Arc<Relay>>) -> Response {
    match relay.probe().await {
        Ok(()) => Json(relay.health()).into_response(),
        Err(fault) => {
            let body = json!({ "health": relay.health(), "fault": fault.to_string() });
            (StatusCode::SERVICE_UNAVAILABLE, Json(body)).into_response()
        }
    }
}

async fn ready(State(relay): State<Arc<Relay>>) -> Response {
    match relay.ready().await {
        Some(health) => Json(health).into_response(),
        None => StatusCode::SERVICE_UNAVAILABLE.into_response(),
    }
}

async fn commit(State(relay): State<Arc<Relay>>) -> StatusCode {
    match relay.commit().await {
        Ok(()) => StatusCode::NO_CONTENT,
        Err(error) => {
            tracing::error!(error = format!("{error:#}"), "cannot commit");
            StatusCode::SERVICE_UNAVAILABLE
        }
    }
}
