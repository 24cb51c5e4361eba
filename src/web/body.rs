//! Request bodies: checked against the digest that was signed, and held within a budget.

use std::error::Error;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::extract::{Request, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use futures::StreamExt;
use http_body_util::LengthLimitError;
use tokio::sync::Mutex;
use tokio::time::{Instant, timeout};

use super::server::BodyTooSlow;
use crate::body_budget::{BodyBudget, BudgetExhausted, BudgetPermit};
use crate::protocol::{BodyDigest, BodyHasher};

#[cfg(test)]
mod tests;

/// The first allocation for a body. Most have less, and so wait for room only while they hold none.
const FIRST_BYTES: usize = 256 * 1024;

/// The slowest that a body may arrive which is held in memory: over a private network, where the
/// largest then takes a minute.
const BYTES_PER_S: f64 = 512.0 * 1024.0;

/// How far a body may fall behind that: a machine that wakes is busy for some seconds.
const SLACK: Duration = Duration::from_secs(10);

/// The part of an announced body that must have arrived before room is taken for all of it.
const BELIEVED_PART: usize = 8;

/// A body is not the one that was signed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the body is not the one that was signed")]
struct DigestMismatch;

/// Why a body was not read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum BodyFailure {
    #[error("the body is too large")]
    TooLarge,
    #[error("the body came too slowly")]
    TooSlow,
    #[error("too many bodies are on their way at once")]
    NoRoom,
    #[error("the body is not the one that was signed")]
    Forged,
    #[error("the connection broke")]
    Broken,
}

impl BodyFailure {
    fn of(error: &axum::Error) -> Self {
        let mut cause: Option<&(dyn Error + 'static)> = Some(error);
        while let Some(error) = cause {
            if error.is::<DigestMismatch>() {
                return Self::Forged;
            } else if error.is::<BodyTooSlow>() {
                return Self::TooSlow;
            } else if error.is::<LengthLimitError>() {
                return Self::TooLarge;
            }
            cause = error.source();
        }
        Self::Broken
    }
}

impl From<BudgetExhausted> for BodyFailure {
    fn from(_: BudgetExhausted) -> Self {
        Self::NoRoom
    }
}

impl From<BodyFailure> for StatusCode {
    fn from(failure: BodyFailure) -> Self {
        match failure {
            BodyFailure::TooLarge => Self::PAYLOAD_TOO_LARGE,
            BodyFailure::TooSlow => Self::REQUEST_TIMEOUT,
            BodyFailure::NoRoom => Self::SERVICE_UNAVAILABLE,
            BodyFailure::Forged => Self::UNAUTHORIZED,
            BodyFailure::Broken => Self::BAD_REQUEST,
        }
    }
}

/// The same body, which fails at its end if it has another digest.
pub(super) fn checked(body: Body, digest: BodyDigest) -> Body {
    let begun = Some((body.into_data_stream(), BodyHasher::default()));
    Body::from_stream(futures::stream::unfold(begun, move |state| async move {
        let (mut body, mut hasher) = state?;
        match body.next().await {
            Some(Ok(piece)) => {
                hasher.update(&piece);
                Some((Ok(piece), Some((body, hasher))))
            }
            Some(Err(error)) => Some((Err(error.into_inner()), None)),
            None if hasher.is(&digest) => None,
            None => Some((Err(DigestMismatch.into()), None)),
        }
    }))
}

/// Passes a request on whose body takes from the budget whatever of it is read, until the answer
/// begins. A body that fails for a reason of ours is answered with that reason, whatever the route
/// makes of it.
pub(super) async fn within(
    State(budget): State<BodyBudget>,
    request: Request,
    next: Next,
) -> Response {
    let held = Arc::new(Mutex::new(budget.begin()));
    let failed = Arc::new(OnceLock::new());
    let (share, failure) = (held.clone(), failed.clone());
    let request = request.map(|body| {
        Body::from_stream(body.into_data_stream().then(move |piece| {
            let (share, failure) = (share.clone(), failure.clone());
            async move {
                let grown = match piece.as_ref().map(Bytes::len) {
                    Ok(bytes) => share.lock().await.grow(bytes).await.map_err(BodyFailure::from),
                    Err(error) => Err(BodyFailure::of(error)),
                };
                match grown {
                    Ok(()) => piece,
                    Err(why) => Err(axum::Error::new(*failure.get_or_init(|| why))),
                }
            }
        }))
    });
    let response = next.run(request).await;
    drop(held);
    match failed.get() {
        None | Some(BodyFailure::Broken) => response,
        Some(failure) => StatusCode::from(*failure).into_response(),
    }
}

/// Reads a body of at most `bytes_max` whole. Memory is taken as bytes arrive, and `held` has all
/// of it. A body that falls behind [`BYTES_PER_S`] is given up; time spent waiting for the budget
/// does not count.
pub(super) async fn read(
    headers: &HeaderMap,
    body: Body,
    bytes_max: usize,
    held: &mut BudgetPermit,
) -> Result<Bytes, BodyFailure> {
    let declared = headers.get(header::CONTENT_LENGTH).and_then(|value| value.to_str().ok());
    let declared: Option<usize> = declared.and_then(|value| value.parse().ok());
    if declared.is_some_and(|bytes| bytes > bytes_max) {
        return Err(BodyFailure::TooLarge);
    }
    let most = declared.unwrap_or(bytes_max);
    let mut whole = Vec::new();
    let mut body = body.into_data_stream();
    let mut slack = SLACK;
    loop {
        let since = Instant::now();
        let piece = timeout(slack, body.next()).await.map_err(|_| BodyFailure::TooSlow)?;
        let Some(piece) = piece else { return Ok(whole.into()) };
        let piece = piece.map_err(|error| BodyFailure::of(&error))?;
        let earned = Duration::from_secs_f64(piece.len() as f64 / BYTES_PER_S);
        slack = (slack.saturating_sub(since.elapsed()) + earned).min(SLACK);
        let bytes = whole.len() + piece.len();
        if bytes > most {
            return Err(BodyFailure::TooLarge);
        }
        if bytes > whole.capacity() {
            let doubled = (2 * whole.capacity()).max(FIRST_BYTES).max(bytes).min(most);
            // Growing holds the body twice. Once part of an announced body is here, the rest is
            // believed.
            let is_believed = declared.is_some() && bytes >= most / BELIEVED_PART;
            let capacity = if is_believed { most } else { doubled };
            held.grow(capacity - whole.capacity()).await?;
            whole.reserve_exact(capacity - whole.len());
        }
        whole.extend_from_slice(&piece);
    }
}
