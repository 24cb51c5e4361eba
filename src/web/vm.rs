//! The routes of a VM: see the head of [`crate::protocol`]. Everything but `/health` is for the
//! relay alone. Other callers are refused without a reason, and nothing of their bodies is read.

use std::convert::Infallible;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use axum::body::{Body, Bytes};
use axum::extract::{DefaultBodyLimit, Path, RawPathParams, Request, State};
use axum::http::{StatusCode, header};
use axum::middleware::{Next, from_fn, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post, put};
use axum::{Json, Router};
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tracing::Instrument;

use super::server::{self, ServerLimits};
use super::{answered, verified};
use crate::files::{FILE_BYTES_MAX, in_pieces};
use crate::protocol::{CallHead, Direction, Health, SavedFile, TurnRequest};
use crate::spans;
use crate::vm::ids::{SessionId, TurnId};
use crate::vm::turns::{TurnParams, TurnRefusal, TurnSubscription};
use crate::vm::{Vm, VmExit, process};

#[cfg(test)]
mod tests;

/// Largest body of a turn: a person's message, with room for the longest paste.
pub const TURN_BYTES_MAX: usize = 1024 * 1024;

/// Only the relay calls, with a few connections at once. Readers have a few seconds for the last
/// events at the end; a slower one asks again after the next start.
const SERVER: ServerLimits = ServerLimits { connections_max: 256, grace: Duration::from_secs(5) };

/// Serves until the VM is over, and ends cleanly: the turns that run are interrupted, and their
/// readers are told. From here on this process is hidden from its agent
/// ([`process::hide_from_children`]).
///
/// # Errors
/// When the process cannot be hidden, or the server ends by itself.
pub async fn serve(
    vm: Arc<Vm>,
    listener: TcpListener,
    told: impl Future<Output = ()> + Send + 'static,
) -> anyhow::Result<VmExit> {
    process::hide_from_children()?;
    let (ended, over) = oneshot::channel();
    let end = async {
        let over = vm.wait_for_exit(told).await;
        vm.close().await;
        let _ = ended.send(over);
    };
    server::serve(listener, router(vm.clone()), SERVER, end).await;
    over.await.context("the VM ended without a reason")
}

/// The routes.
pub fn router(vm: Arc<Vm>) -> Router {
    let files = Router::new()
        .route("/turns/{id}/inbox/{name}", put(inbox))
        .route_layer(from_fn(in_span_of_turn))
        .layer(DefaultBodyLimit::disable())
        .route_layer(from_fn_with_state(vm.clone(), only_when_committed))
        .route_layer(from_fn_with_state((vm.clone(), FILE_BYTES_MAX), only_the_relay));
    let turns = Router::new()
        .route("/turns/{id}/cancel", post(cancel))
        .route("/turns/{id}/outbox/{index}", get(outbox))
        .route_layer(from_fn(in_span_of_turn))
        .route("/turns", post(turn))
        .route_layer(from_fn_with_state(vm.clone(), only_when_committed));
    Router::new()
        .merge(turns)
        .route("/ready", get(ready))
        .route("/commit", post(commit))
        .route_layer(from_fn_with_state((vm.clone(), TURN_BYTES_MAX), only_the_relay))
        .merge(files)
        .route("/health", get(health))
        .with_state(vm)
}

async fn only_the_relay(
    State((vm, body_bytes_max)): State<(Arc<Vm>, usize)>,
    request: Request,
    next: Next,
) -> Result<Response, StatusCode> {
    let verify = |call: CallHead<'_>, signature: Option<&str>| vm.verify(call, signature);
    let request = verified(request, Direction::RelayToVm, verify)?;
    answered(request, body_bytes_max, vm.bodies(), next).await
}

/// An unproven deployment runs nothing.
async fn only_when_committed(
    State(vm): State<Arc<Vm>>,
    request: Request,
    next: Next,
) -> Result<Response, StatusCode> {
    if !vm.probation().is_committed() {
        return Err(StatusCode::FORBIDDEN);
    }
    Ok(next.run(request).await)
}

/// An id that is none leads nowhere, which the route says.
async fn in_span_of_turn(parameters: RawPathParams, request: Request, next: Next) -> Response {
    let id = parameters.iter().find(|(name, _)| *name == "id");
    match id.and_then(|(_, id)| TurnId::try_from(id).ok()) {
        Some(id) => next.run(request).instrument(spans::vm_turn(&id, None)).await,
        None => next.run(request).await,
    }
}

async fn health(State(vm): State<Arc<Vm>>) -> Json<Health> {
    Json(vm.health())
}

async fn ready(State(vm): State<Arc<Vm>>) -> Response {
    let status = if vm.ready().await { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    (status, Json(vm.health())).into_response()
}

async fn commit(State(vm): State<Arc<Vm>>) -> StatusCode {
    match vm.probation().commit() {
        Ok(()) => StatusCode::NO_CONTENT,
        Err(error) => {
            tracing::error!(error = format!("{error:#}"), "cannot commit");
            StatusCode::INTERNAL_SERVER_ERROR
        }
    }
}

async fn cancel(State(vm): State<Arc<Vm>>, Path(id): Path<String>) -> StatusCode {
    let Ok(id) = TurnId::try_from(id.as_str()) else { return StatusCode::NOT_FOUND };
    match vm.turns().cancel(&id).await {
        Ok(()) => StatusCode::ACCEPTED,
        Err(error) => {
            tracing::error!(error = ?error.kind(), "a cancelled turn cannot be written down");
            StatusCode::SERVICE_UNAVAILABLE
        }
    }
}

async fn inbox(
    State(vm): State<Arc<Vm>>,
    Path((id, name)): Path<(String, String)>,
    body: Bytes,
) -> Result<Json<SavedFile>, StatusCode> {
    let id = TurnId::try_from(id.as_str()).map_err(|_| StatusCode::NOT_FOUND)?;
    match vm.exchange().receive(&id, &name, &body).await {
        Ok(path) => Ok(Json(SavedFile { path })),
        Err(error) => {
            tracing::error!(error = format!("{error:#}"), "a file cannot be taken");
            Err(StatusCode::INSUFFICIENT_STORAGE)
        }
    }
}

async fn outbox(
    State(vm): State<Arc<Vm>>,
    Path((id, index)): Path<(String, usize)>,
) -> Result<Response, StatusCode> {
    let id = TurnId::try_from(id.as_str()).map_err(|_| StatusCode::NOT_FOUND)?;
    let kept = vm.exchange().open_copy(&id, index).await.map_err(|_| StatusCode::NOT_FOUND)?;
    let bytes = kept.metadata().map_err(|_| StatusCode::NOT_FOUND)?.len();
    let length = [(header::CONTENT_LENGTH, bytes)];
    Ok((length, Body::from_stream(in_pieces(kept))).into_response())
}

async fn turn(State(vm): State<Arc<Vm>>, body: Bytes) -> Result<Response, StatusCode> {
    let ask = parse(&vm, &body).ok_or(StatusCode::BAD_REQUEST)?;
    vm.restrict_agent().await;
    let attached = vm.turns().ask(ask).await.map_err(|refusal| match refusal {
        TurnRefusal::SessionBusy => StatusCode::CONFLICT,
        TurnRefusal::Full => StatusCode::TOO_MANY_REQUESTS,
        TurnRefusal::Closing => StatusCode::SERVICE_UNAVAILABLE,
        TurnRefusal::DiskFailed => StatusCode::INSUFFICIENT_STORAGE,
    })?;
    let lines = futures::stream::unfold(attached, next_line);
    Ok(([(header::CONTENT_TYPE, "application/x-ndjson")], Body::from_stream(lines)).into_response())
}

fn parse(vm: &Vm, body: &[u8]) -> Option<TurnParams> {
    let TurnRequest { turn, session, text, files, citations, after, model_token } =
        serde_json::from_slice(body).ok()?;
    let turn = TurnId::try_from(turn.as_str()).ok()?;
    let session = SessionId::try_from(session.as_str()).ok()?;
    let model_token = model_token.map(|token| vm.model_token(token));
    Some(TurnParams { turn, session, text, files, citations, after, model_token })
}

async fn next_line(
    mut attached: TurnSubscription,
) -> Option<(Result<Bytes, Infallible>, TurnSubscription)> {
    let event = attached.next().await?;
    let mut line = serde_json::to_vec(&event).ok()?;
    line.push(b'\n');
    Some((Ok(line.into()), attached))
}
