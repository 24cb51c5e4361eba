//! The model's API for the VM, which never sees the key.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures::StreamExt;
use futures::stream::BoxStream;
use http::header::{AUTHORIZATION, CONTENT_TYPE, HeaderName, HeaderValue};
use http::request::Parts;
use http::{HeaderMap, Request, Response, StatusCode};
use subtle::ConstantTimeEq;

use super::Relay;
use crate::http::{Reply, Unanswered};
use crate::secret::Secret;

mod meter;
mod method;

use meter::Meter;
pub use method::VendorMethod;

/// Largest request body: the vendor's own limit for messages.
/// <https://docs.anthropic.com/en/api/errors>: "32 MB" for the Messages API.
pub const BODY_BYTES_MAX: usize = 32 * 1024 * 1024;

/// Time for the vendor to begin its answer; answers that are not streamed take minutes.
const HEAD_TIMEOUT: Duration = Duration::from_secs(600);

/// Silence in an answer after which it is over: a streamed one has pings every few seconds, and
/// an answer that never ends would keep the relay up.
const PIECE_TIMEOUT: Duration = Duration::from_secs(600);

/// Where a caller may show its token; never passed on.
const X_API_KEY: HeaderName = HeaderName::from_static("x-api-key");
const ANTHROPIC_BETA: HeaderName = HeaderName::from_static("anthropic-beta");

/// Without it the vendor takes no subscription token.
const OAUTH_BETA: &str = "oauth-2025-04-20";

/// What the vendor is told of the caller's headers; a name that ends in `-` stands for all that begin
/// with it. Not `accept-encoding`, whose coding would hide the usage from us, and nothing that the
/// private network adds.
const TO_THE_VENDOR: [&str; 6] =
    ["accept", "anthropic-", "content-type", "user-agent", "x-app", "x-stainless-"];

/// What the caller is told of the vendor's: what its body is, and when to ask again.
const TO_THE_CALLER: [&str; 7] = [
    "anthropic-",
    "content-encoding",
    "content-type",
    "request-id",
    "retry-after",
    "retry-after-ms",
    "x-should-retry",
];

/// An answer on its way through.
pub type Forwarded = Response<BoxStream<'static, Result<Bytes, Unanswered>>>;

impl Relay {
    /// The method that a call of the agent is for, by its head alone.
    ///
    /// # Errors
    /// The refusal to answer with.
    pub async fn admit(&self, head: &Parts) -> Result<VendorMethod, Forwarded> {
        if !self.opens_proxy(&head.headers) {
            let text = "not authorized";
            return Err(refusal(StatusCode::UNAUTHORIZED, "authentication_error", text));
        }
        VendorMethod::of(head).map_err(|status| {
            let kind = match status {
                StatusCode::NOT_FOUND => "not_found_error",
                _ => "invalid_request_error",
            };
            refusal(status, kind, "not offered here")
        })
    }

    /// Whether this caller shows the model proxy's token.
    fn opens_proxy(&self, headers: &HeaderMap) -> bool {
        let bearer = headers.get(AUTHORIZATION).map(HeaderValue::as_bytes);
        let bearer = bearer.and_then(|value| value.strip_prefix(b"Bearer "));
        let shown = headers.get(X_API_KEY).map(HeaderValue::as_bytes).or(bearer).unwrap_or(b"");
        let token = self.settings.model_proxy_token.expose_here().as_bytes();
        !token.is_empty() && bool::from(shown.ct_eq(token)) && self.probation.serves()
    }

    /// Passes a call of the agent on to the model's vendor, and the answer back as it comes. The head is
    /// checked again: the body may have taken a minute to arrive.
    pub async fn forward(self: &Arc<Self>, request: Request<Bytes>) -> Forwarded {
        let (head, body) = request.into_parts();
        if let Err(refused) = self.admit(&head).await {
            return refused;
        }
        let request = Request::from_parts(head, body);
        let Some(key) = &self.settings.model_key else {
            let text = "this deployment has no model key";
            return refusal(StatusCode::FORBIDDEN, "permission_error", text);
        };
        let Some(request) = self.readdress(request, key) else {
            return refusal(StatusCode::BAD_GATEWAY, "api_error", "the request cannot be sent");
        };
        match tokio::time::timeout(HEAD_TIMEOUT, self.transport.send(request)).await {
            Ok(Ok(reply)) => self.metered(reply),
            _ => refusal(StatusCode::BAD_GATEWAY, "api_error", "the model cannot be reached"),
        }
    }

    /// The same request to the vendor, with the key. `None` rather than a key for another host.
    fn readdress(&self, request: Request<Bytes>, key: &Secret) -> Option<Request<Bytes>> {
        let (mut head, body) = request.into_parts();
        let base = self.settings.model_url.as_str().trim_end_matches('/');
        let path = head.uri.path_and_query()?.as_str();
        head.uri = format!("{base}{path}").parse().ok()?;
        head.headers = only(&TO_THE_VENDOR, &head.headers);
        authorize(&mut head.headers, key.expose_to(head.uri.authority()?.as_str()).ok()?)?;
        Some(Request::from_parts(head, body))
    }

    fn metered(self: &Arc<Self>, reply: Reply) -> Forwarded {
        let Reply { mut head, body } = reply;
        head.headers = only(&TO_THE_CALLER, &head.headers);
        let meter = Meter::new(&head.headers);
        let relay = self.clone();
        let busy = self.busy();
        let stream = futures::stream::unfold((body, meter, relay, busy), |mut state| async {
            let (body, meter, relay, _) = &mut state;
            let piece = tokio::time::timeout(PIECE_TIMEOUT, body.next()).await;
            let piece = piece.unwrap_or(Some(Err(Unanswered::TimedOut)));
            let used = match &piece {
                Some(Ok(piece)) => meter.read(piece),
                _ => meter.end(),
            };
            if let Some(used) = used
                && let Err(error) = relay.ledger.count(used, relay.clock.now_ms()).await
            {
                tracing::error!(error = format!("{error:#}"), "tokens were not counted");
            }
            piece.map(|piece| (piece, state))
        });
        Response::from_parts(head, stream.boxed())
    }
}

/// The headers that are named, each as often as it came.
fn only(names: &[&str], headers: &HeaderMap) -> HeaderMap {
    let is_named = |header: &str| {
        names.iter().any(|name| match name.strip_suffix('-') {
            Some(_) => header.starts_with(name),
            None => header == *name,
        })
    };
    let named = headers.iter().filter(|(header, _)| is_named(header.as_str()));
    named.map(|(header, value)| (header.clone(), value.clone())).collect()
}

/// Adds the key in the way its kind is shown.
fn authorize(headers: &mut HeaderMap, key: &str) -> Option<()> {
    let is_subscription = key.starts_with("sk-ant-oat01");
    let shown = if is_subscription { format!("Bearer {key}") } else { key.to_owned() };
    let mut value = HeaderValue::try_from(shown).ok()?;
    value.set_sensitive(true);
    if is_subscription {
        headers.insert(AUTHORIZATION, value);
        headers.insert(ANTHROPIC_BETA, with_oauth(headers)?);
    } else {
        headers.insert(X_API_KEY, value);
    }
    Some(())
}

/// The betas that the caller asked for, in one list with the one that its key needs.
fn with_oauth(headers: &HeaderMap) -> Option<HeaderValue> {
    let asked = headers.get_all(ANTHROPIC_BETA).iter().map(HeaderValue::as_bytes);
    let betas: Vec<_> = asked.chain([OAUTH_BETA.as_bytes()]).collect();
    HeaderValue::from_bytes(&betas.join(&b","[..])).ok()
}

/// An error in the vendor's form, so that the agent understands it.
pub fn refusal(status: StatusCode, kind: &str, message: &str) -> Forwarded {
    let body = serde_json::json!({"type": "error", "error": {"type": kind, "message": message}});
    let body = Bytes::from(body.to_string());
    let mut response = Response::new(futures::stream::once(async { Ok(body) }).boxed());
    *response.status_mut() = status;
    let json = HeaderValue::from_static("application/json");
    response.headers_mut().insert(CONTENT_TYPE, json);
    response
}
