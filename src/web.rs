//! The routes that bot, relay and VM serve.

use axum::body::to_bytes;
use axum::extract::Request;
use axum::http::StatusCode;

use crate::protocol::{Call, Direction, Refusal, SIGNATURE_HEADER};

pub mod bot;

pub mod model_proxy;

mod page;

pub mod relay;

pub mod server;

pub mod vm;

/// The request with its body read, if `verify` accepts its signature. Whoever is refused learns
/// nothing but the status.
async fn verified(
    request: Request,
    direction: Direction,
    body_bytes_max: usize,
    verify: impl FnOnce(Call<'_>, Option<&str>) -> Result<(), Refusal>,
) -> Result<Request, StatusCode> {
    let (head, body) = request.into_parts();
    let body = to_bytes(body, body_bytes_max).await.map_err(|_| StatusCode::PAYLOAD_TOO_LARGE)?;
    let call = Call {
        direction,
        method: head.method.as_str(),
        path: head.uri.path_and_query().map_or("/", |path| path.as_str()),
        body: &body,
    };
    let signature = head.headers.get(SIGNATURE_HEADER).and_then(|value| value.to_str().ok());
    verify(call, signature).map_err(|refusal| {
        tracing::warn!(%refusal, "a call was refused");
        StatusCode::UNAUTHORIZED
    })?;
    Ok(Request::from_parts(head, body.into()))
}
