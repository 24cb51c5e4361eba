//! The model's API for the agent, on a listener without a public address.

use std::sync::Arc;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{Request, State};
use axum::response::Response;

use super::body::{self, BodyFailure};
use crate::relay::Relay;
use crate::relay::proxy::{self, ProxiedResponse, VendorMethod};

#[cfg(test)]
mod tests;

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
    // Held until the answer begins.
    let mut held = relay.bodies().begin();
    let body = match body::read(&head.headers, body, proxy::BODY_BYTES_MAX, &mut held).await {
        Ok(body) => body,
        Err(failure) => return respond(unread(failure)),
    };
    respond(relay.forward(Request::from_parts(head, body)).await)
}

fn unread(failure: BodyFailure) -> ProxiedResponse {
    let (kind, text) = match failure {
        BodyFailure::NoRoom => ("overloaded_error", "too many requests are on their way at once"),
        BodyFailure::TooLarge => ("request_too_large", "the request is too large"),
        _ => ("invalid_request_error", "the request came too slowly or broke off"),
    };
    proxy::refusal(failure.into(), kind, text)
}

fn respond(forwarded: ProxiedResponse) -> Response {
    forwarded.map(Body::from_stream)
}
