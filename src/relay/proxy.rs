//! The model's API for the agent, which never sees the key. A call passes with the token of the
//! turn that runs, and ends with that turn.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures::StreamExt;
use futures::stream::BoxStream;
use http::header::{CONTENT_TYPE, HeaderValue, RETRY_AFTER};
use http::request::Parts;
use http::{Request, Response, StatusCode};
use tokio::time::Instant;
use tracing::{Instrument, Span};

use super::{Relay, RelayLimits, messages};
use crate::conversation::Question;
use crate::conversation::messages::{Message, text};
use crate::credential_format::CredentialRejection;
use crate::http::{StreamedResponse, TransportError};
use crate::model::anthropic;
use crate::secret::Secret;

mod budget;
mod headers;
mod meter;
mod method;
mod rate;
mod token;

use budget::Reservation;
use meter::UsageMeter;
pub use method::VendorMethod;
use rate::RateLimits;
pub(super) use rate::RateWindow;
use token::TurnAccess;

/// Largest request body: the vendor's own limit for messages.
/// <https://docs.anthropic.com/en/api/errors>: "32 MB" for the Messages API.
pub const BODY_BYTES_MAX: usize = 32 * 1024 * 1024;

/// Calls that pass within a minute: an agent and ten helpers that each ask every five seconds.
pub const CALLS_PER_MINUTE_MAX: u32 = 120;

/// Tokens that answers may cost within a minute before the next call waits: an agent that reads a
/// context of 180,000 tokens eleven times. The limit of the day is what bounds the cost.
pub const TOKENS_PER_MINUTE_MAX: u64 = 2_000_000;

/// Time for the vendor to begin its answer; answers that are not streamed take minutes.
const HEAD_TIMEOUT: Duration = Duration::from_secs(600);

/// Silence in an answer after which it is over: a streamed one has pings every few seconds, and
/// an answer that never ends would keep the relay up.
const PIECE_TIMEOUT: Duration = Duration::from_secs(600);

/// An answer on its way through.
pub type ProxiedResponse = Response<BoxStream<'static, Result<Bytes, TransportError>>>;

impl Relay {
    /// The method that a call of the agent is for, by its head alone.
    ///
    /// # Errors
    /// The refusal to answer with.
    pub async fn admit(&self, head: &Parts) -> Result<VendorMethod, ProxiedResponse> {
        let is_open = match token::shown(&head.headers) {
            Some(shown) => self.opens_proxy(&shown).await,
            None => Ok(false),
        };
        match is_open {
            Ok(true) => {}
            Ok(false) => return Err(unauthorized()),
            Err(error) => return Err(unreadable(&error)),
        }
        VendorMethod::of(head).map_err(|status| {
            let kind = match status {
                StatusCode::NOT_FOUND => "not_found_error",
                _ => "invalid_request_error",
            };
            refusal(status, kind, "not offered here")
        })
    }

    /// Passes a call of the agent on to the model's vendor, and the answer back as it comes. The
    /// head is checked again: the body may have taken a minute to arrive. The call ends with its
    /// turn.
    pub async fn forward(self: &Arc<Self>, request: Request<Bytes>) -> ProxiedResponse {
        let span = self.turn_span.lock().clone();
        self.forward_in_turn(request).instrument(span).await
    }

    async fn forward_in_turn(self: &Arc<Self>, request: Request<Bytes>) -> ProxiedResponse {
        let (head, body) = request.into_parts();
        let Some(shown) = token::shown(&head.headers) else { return unauthorized() };
        let access = self.turn_access(shown);
        let method = match self.admit(&head).await {
            Ok(method) => method,
            Err(refused) => return refused,
        };
        let Some(key) = &self.settings.model_key else {
            let why = "this deployment has no model key";
            return refusal(StatusCode::FORBIDDEN, "permission_error", why);
        };
        if anthropic::is_subscription(key.expose()) {
            // A deployment of an earlier build may hold one; it serves again when it is given a
            // key.
            let rejected = Message::Rejected {
                asked: Some(Question::Model),
                rejection: CredentialRejection::Subscription,
            };
            let text = text(self.locale(), &rejected);
            return refusal(StatusCode::FORBIDDEN, "permission_error", &text);
        }
        if let Err(wait) = self.admit_rate() {
            return self.too_fast(wait);
        }
        let reservation = match method {
            VendorMethod::CreateMessage => match self.reserve(&body).await {
                Ok(reservation) => Some(reservation),
                Err(refused) => return refused,
            },
            VendorMethod::CountTokens | VendorMethod::ReadModels => None,
        };
        let Some(request) = self.readdress(Request::from_parts(head, body), key) else {
            cancel(reservation).await;
            return refusal(StatusCode::BAD_GATEWAY, "api_error", "the request cannot be sent");
        };
        self.send(request, access, reservation).await
    }

    /// What is not known to have cost nothing stays reserved.
    async fn send(
        self: &Arc<Self>,
        request: Request<Bytes>,
        mut access: TurnAccess,
        reservation: Option<Reservation>,
    ) -> ProxiedResponse {
        let answered = tokio::select! {
            biased;
            () = access.over(self) => return unauthorized(),
            answered = tokio::time::timeout(HEAD_TIMEOUT, self.transport.send(request)) => answered,
        };
        match answered {
            Ok(Ok(reply)) if reply.head.status.is_success() => {
                self.metered(reply, access, reservation)
            }
            Ok(Ok(reply)) => {
                // The vendor charges for answers, not for refusals.
                cancel(reservation).await;
                self.metered(reply, access, None)
            }
            Ok(Err(unanswered)) => {
                if unanswered == TransportError::NotSent {
                    cancel(reservation).await;
                }
                refusal(StatusCode::BAD_GATEWAY, "api_error", "the model cannot be reached")
            }
            Err(_) => refusal(StatusCode::BAD_GATEWAY, "api_error", "the model cannot be reached"),
        }
    }

    fn admit_rate(&self) -> Result<(), Duration> {
        let RelayLimits { calls_per_minute: calls_max, tokens_per_minute: tokens_max, .. } =
            self.settings.limits;
        let mut rate = self.rate.lock();
        rate.admit(Instant::now(), RateLimits { calls_max, tokens_max })
    }

    fn too_fast(&self, wait: Duration) -> ProxiedResponse {
        let text = messages::TOO_FAST.said(self.locale());
        let mut refused = refusal(StatusCode::TOO_MANY_REQUESTS, "rate_limit_error", &text);
        let seconds = wait.as_millis().div_ceil(1000);
        if let Ok(seconds) = HeaderValue::try_from(seconds.to_string()) {
            refused.headers_mut().insert(RETRY_AFTER, seconds);
        }
        refused
    }

    /// Reserves what a message may cost.
    async fn reserve(&self, body: &[u8]) -> Result<Reservation, ProxiedResponse> {
        let (cost, limit) = (budget::cost_max(body), self.settings.daily_tokens);
        let now_ms = self.clock.now_ms();
        match Reservation::make(self.store.clone(), now_ms, cost, limit).await {
            Ok(Some(reservation)) => Ok(reservation),
            Ok(None) => {
                let text = messages::daily_limit(self.locale(), limit);
                Err(refusal(StatusCode::PAYMENT_REQUIRED, "billing_error", &text))
            }
            Err(error) => Err(unreadable(&error)),
        }
    }

    /// The same request to the vendor, with the key. `None` rather than a key for another host.
    fn readdress(&self, request: Request<Bytes>, key: &Secret) -> Option<Request<Bytes>> {
        let (mut head, body) = request.into_parts();
        let base = self.settings.model_url.as_str().trim_end_matches('/');
        let path = head.uri.path_and_query()?.as_str();
        head.uri = format!("{base}{path}").parse().ok()?;
        head.headers = headers::to_the_vendor(&head.headers);
        headers::authorize(
            &mut head.headers,
            key.expose_for_host(head.uri.authority()?.as_str()).ok()?,
        )?;
        Some(Request::from_parts(head, body))
    }

    fn metered(
        self: &Arc<Self>,
        reply: StreamedResponse,
        access: TurnAccess,
        reservation: Option<Reservation>,
    ) -> ProxiedResponse {
        let StreamedResponse { mut head, body } = reply;
        head.headers = headers::to_the_caller(&head.headers);
        let meter = reservation.map(|reservation| (UsageMeter::new(&head.headers), reservation));
        let (relay, busy) = (self.clone(), self.busy());
        let state = (body, meter, access, relay, Span::current(), busy);
        let stream = futures::stream::unfold(state, |mut state| async {
            let (body, meter, access, relay, span, _) = &mut state;
            let piece = tokio::select! {
                biased;
                () = access.over(relay) => Some(Err(TransportError::ConnectionLost)),
                piece = tokio::time::timeout(PIECE_TIMEOUT, body.next()) => {
                    piece.unwrap_or(Some(Err(TransportError::TimedOut)))
                }
            };
            if let Some((meter, reservation)) = meter {
                let metering = relay.meter(meter, reservation, piece.as_ref());
                metering.instrument(span.clone()).await;
            }
            piece.map(|piece| (piece, state))
        });
        Response::from_parts(head, stream.boxed())
    }

    async fn meter(
        &self,
        meter: &mut UsageMeter,
        reservation: &mut Reservation,
        piece: Option<&Result<Bytes, TransportError>>,
    ) {
        let reading = match piece {
            Some(Ok(piece)) => meter.read(piece),
            Some(Err(_)) => None,
            None => meter.end(),
        };
        let Some(reading) = reading else { return };
        self.rate.lock().spend(Instant::now(), reading.used.total());
        if let Err(error) = reservation.settle(&reading).await {
            tracing::error!(error = format!("{error:#}"), "tokens were not counted");
        }
    }
}

async fn cancel(reservation: Option<Reservation>) {
    if let Some(reservation) = reservation
        && let Err(error) = reservation.cancel().await
    {
        tracing::error!(error = format!("{error:#}"), "a reservation stays");
    }
}

fn unauthorized() -> ProxiedResponse {
    refusal(StatusCode::UNAUTHORIZED, "authentication_error", "not authorized")
}

fn unreadable(error: &anyhow::Error) -> ProxiedResponse {
    tracing::error!(error = format!("{error:#}"), "a call to the model was refused");
    refusal(StatusCode::SERVICE_UNAVAILABLE, "api_error", "the relay cannot read its database")
}

/// An error in the vendor's form, so that the agent understands it.
pub fn refusal(status: StatusCode, kind: &str, message: &str) -> ProxiedResponse {
    let body = serde_json::json!({"type": "error", "error": {"type": kind, "message": message}});
    let body = Bytes::from(body.to_string());
    let mut response = Response::new(futures::stream::once(async { Ok(body) }).boxed());
    *response.status_mut() = status;
    let json = HeaderValue::from_static("application/json");
    response.headers_mut().insert(CONTENT_TYPE, json);
    response
}
