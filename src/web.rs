//! The routes that bot, relay and VM serve.

use axum::Router;
use axum::body::Body;
use axum::extract::Request;
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::middleware::{Next, map_response};
use axum::response::Response;

use crate::body_budget::BodyBudget;
use crate::protocol::{
    self, BodyDigest, CallHead, CallRefusal, Direction, SIGNATURE_HEADER, VERSION_HEADER,
};

mod body;

pub mod bot;

pub mod model_proxy;

mod page;

mod redirect;

pub mod relay;

pub mod server;

pub mod vm;

/// The head of the request, if `verify` accepts its signature, and its body, which fails at its end
/// if it is not the one that was signed. Nothing of the body is read before. A refused caller gets
/// the status alone: 401, or 426 where its version is not understood.
fn verified(
    request: Request,
    direction: Direction,
    verify: impl FnOnce(CallHead<'_>, Option<&str>) -> Result<BodyDigest, CallRefusal>,
) -> Result<(Parts, Body), StatusCode> {
    let (head, body) = request.into_parts();
    let call = CallHead {
        direction,
        method: head.method.as_str(),
        path: head.uri.path_and_query().map_or("/", |path| path.as_str()),
    };
    let digest = verify(call, signature(&head.headers)).map_err(|refusal| {
        tracing::warn!(%refusal, "a call was refused");
        StatusCode::UNAUTHORIZED
    })?;
    let version = head.headers.get(VERSION_HEADER).map(|it| it.to_str().unwrap_or_default());
    if !protocol::is_understood(version) {
        tracing::warn!(version, "a call of another release was refused");
        return Err(StatusCode::UPGRADE_REQUIRED);
    }
    Ok((head, body::checked(body, digest)))
}

/// The same routes, with answers that nobody on their way may store: they depend on who asks, and
/// on secrets in the request.
fn unstored(router: Router) -> Router {
    router.layer(map_response(|mut response: Response| async move {
        let no_store = HeaderValue::from_static("no-store");
        response.headers_mut().entry(header::CACHE_CONTROL).or_insert(no_store);
        response
    }))
}

/// The one signature; two are none.
fn signature(headers: &HeaderMap) -> Option<&str> {
    let mut shown = headers.get_all(SIGNATURE_HEADER).iter();
    match (shown.next(), shown.next()) {
        (Some(signature), None) => signature.to_str().ok(),
        _ => None,
    }
}

/// Answers a verified request once its whole body is read and is the one that was signed. `budget`
/// holds the body until the answer begins.
async fn answered(
    (head, body): (Parts, Body),
    bytes_max: usize,
    budget: &BodyBudget,
    next: Next,
) -> Result<Response, StatusCode> {
    let mut held = budget.begin();
    let body = body::read(&head.headers, body, bytes_max, &mut held).await?;
    Ok(next.run(Request::from_parts(head, body.into())).await)
}
