//! The model's API for the agent, on a listener without a public address.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::{Body, Bytes, to_bytes};
use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::response::Response;

use crate::relay::Relay;
use crate::relay::proxy::{self, Forwarded, VendorMethod};

#[cfg(test)]
mod tests;

/// How long a large request body may take to arrive from the VM, over a private network.
const BODY_TIMEOUT: Duration = Duration::from_secs(60);

/// Every path leads to one function: the relay decides what passes, not a second table of routes.
pub fn router(relay: Arc<Relay>) -> Router {
    Router::new().fallback(call).with_state(relay)
}

/// Checks token and method before it reads the body.
async fn call(State(relay): State<Arc<Relay>>, request: Request) -> Response {
    let (head, body) = request.into_parts();
    let method = match relay.admit(&head).await {
        Ok(method) => method,
        Err(refused) => return respond(refused),
    };
    let _busy = relay.busy();
    if method == VendorMethod::ReadModels {
        return respond(relay.forward(Request::from_parts(head, Bytes::new())).await);
    }
    let Some(_place) = relay.place_for_body().await else {
        let text = "too many requests are on their way at once";
        return respond(proxy::refusal(StatusCode::SERVICE_UNAVAILABLE, "overloaded_error", text));
    };
    let Ok(Ok(body)) =
        tokio::time::timeout(BODY_TIMEOUT, to_bytes(body, proxy::BODY_BYTES_MAX)).await
    else {
        let text = "the request is too large or came too slowly";
        return respond(proxy::refusal(StatusCode::PAYLOAD_TOO_LARGE, "request_too_large", text));
    };
    respond(relay.forward(Request::from_parts(head, body)).await)
}

fn respond(forwarded: Forwarded) -> Response {
    forwarded.map(Body::from_stream)
}
