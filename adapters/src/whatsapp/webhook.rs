//! `POST /whatsapp` and `POST /whatsapp/status`: verified, then parsed, then taken in.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::to_bytes;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use url::form_urlencoded;
use zeroize::Zeroizing;

use super::signature::{SignedContent, verify};
use super::{WhatsAppChannel, media};
use crate::chat::Inbound;
use crate::inbox::{Delivery, RedeliveryNeeded};

/// Twilio's signature.
const SIGNATURE_HEADER: &str = "x-twilio-signature";

/// A message of 1600 characters with ten media has a few kilobytes.
const BODY_BYTES_MAX: usize = 64 * 1024;

/// Twilio reads for 15 seconds at most; a body that takes longer than this to come is none of
/// Twilio's.
const BODY_TIMEOUT: Duration = Duration::from_secs(5);

/// An empty answer: our messages go by REST.
const NOTHING: &str = "<?xml version=\"1.0\" encoding=\"UTF-8\"?><Response/>";

/// A form's fields.
pub(super) type FormFields = Vec<(String, String)>;

pub(super) fn router(whatsapp: Arc<WhatsAppChannel>) -> Router {
    Router::new()
        .route("/whatsapp", post(message))
        .route("/whatsapp/status", post(status))
        .route("/whatsapp/media/{id}", get(media::serve))
        .with_state(whatsapp)
}

async fn message(State(whatsapp): State<Arc<WhatsAppChannel>>, request: Request) -> Response {
    let form = match whatsapp.verifier.verified(request, "/whatsapp").await {
        Ok(form) => form,
        Err(status) => return status.into_response(),
    };
    let Ok(inbound) = whatsapp.read(&form) else {
        tracing::warn!("a signed message of Twilio's could not be read, and is refused");
        return StatusCode::FORBIDDEN.into_response();
    };
    if let Some(inbound) = inbound.first() {
        whatsapp.catch_up(inbound.chat.clone());
    }
    for inbound in inbound {
        let taken = match put(&whatsapp, inbound) {
            None => Ok(()),
            Some(Ok(delivery)) => delivery.taken().await,
            Some(Err(not_taken)) => Err(not_taken),
        };
        if taken.is_err() {
            return StatusCode::SERVICE_UNAVAILABLE.into_response();
        }
    }
    nothing()
}

async fn status(State(whatsapp): State<Arc<WhatsAppChannel>>, request: Request) -> Response {
    match whatsapp.verifier.verified(request, "/whatsapp/status").await {
        Ok(form) => {
            whatsapp.take_status(&form);
            nothing()
        }
        Err(status) => status.into_response(),
    }
}

fn nothing() -> Response {
    ([(header::CONTENT_TYPE, "text/xml")], NOTHING).into_response()
}

/// Puts a message in line, unless it is in line already; `None` when it is durable with us.
fn put(whatsapp: &WhatsAppChannel, inbound: Inbound) -> Option<Result<Delivery, RedeliveryNeeded>> {
    let state = whatsapp.state();
    (!state.is_taken(&inbound.id)).then(|| whatsapp.inbox.put_once(inbound))
}

/// Checks that requests are signed by Twilio for our public URL.
pub(super) struct WebhookVerifier {
    /// Without a slash at its end.
    pub public_url: String,
    pub auth_token: Zeroizing<String>,
}

impl WebhookVerifier {
    /// The form of a request that Twilio signed for this path of our public URL.
    async fn verified(&self, request: Request, path: &str) -> Result<FormFields, StatusCode> {
        let signature = only(request.headers()).ok_or(StatusCode::FORBIDDEN)?.to_owned();
        let query = request.uri().query().map(|query| format!("?{query}")).unwrap_or_default();
        let url = format!("{}{path}{query}", self.public_url);
        let body = to_bytes(request.into_body(), BODY_BYTES_MAX);
        let Ok(Ok(body)) = tokio::time::timeout(BODY_TIMEOUT, body).await else {
            return Err(StatusCode::PAYLOAD_TOO_LARGE);
        };
        let form: FormFields = form_urlencoded::parse(&body).into_owned().collect();
        if verify(&self.auth_token, &url, SignedContent::Form(&form), &signature) {
            Ok(form)
        } else {
            Err(StatusCode::FORBIDDEN)
        }
    }
}

/// The signature; `None` when there is none or more than one.
fn only(headers: &HeaderMap) -> Option<&str> {
    let mut all = headers.get_all(SIGNATURE_HEADER).iter();
    match (all.next(), all.next()) {
        (Some(one), None) => one.to_str().ok(),
        _ => None,
    }
}
