//! The routes of the hosted onboarding bot: the chat services' webhooks, the one-time form, and
//! whether it is well.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use adapters::chat::UserId;
use axum::extract::State;
use axum::http::StatusCode;
use axum::middleware::from_fn_with_state;
use axum::routing::get;
use axum::{Json, Router};
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tower_http::limit::RequestBodyLimitLayer;
use tower_http::timeout::{RequestBodyTimeoutLayer, TimeoutLayer};

use crate::body_budget::BodyBudget;
use crate::forms::Forms;
use crate::metrics;
use crate::onboarding::Onboarding;
use crate::protocol::BUILD;
use crate::store::integrity::Integrity;
use crate::web::server::{self, ServerLimits};
use crate::web::{body, unstored};

use limits::{FORM_REQUESTS_MAX, RequestLimit, WEBHOOK_REQUESTS_MAX, limited};

mod form;

mod limits;

#[path = "bot/metrics.rs"]
mod shown;

pub use limits::AddressSource;
pub use shown::MetricsEndpoint;

#[cfg(test)]
mod tests;

/// The largest body that any route takes; each webhook has a smaller one of its own.
const BODY_BYTES_MAX: usize = 1024 * 1024;

/// Bytes of bodies that webhooks and forms hold at once: hundreds of the largest messages and
/// dozens of forms. Strangers can fill in no form of their own, so their part is small, and it is
/// no part of the webhooks'.
const WEBHOOK_BODY_BYTES: usize = 16 * 1024 * 1024;
const FORM_BODY_BYTES: usize = 4 * 1024 * 1024;

/// The longest request: a webhook waits until its message is durable, and Twilio gives up after 15
/// seconds.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(15);

/// The longest silence while a body arrives: they are small, and a phone on a bad line needs a
/// second or two.
const BODY_TIMEOUT: Duration = Duration::from_secs(5);

/// The proxy of the cloud that the bot runs in sends 250 requests at most (`fly.toml`). Requests in
/// flight at the end have as long as any request.
const SERVER: ServerLimits = ServerLimits { connections_max: 1_024, grace: REQUEST_TIMEOUT };

/// Who Telegram and the like say has opened a page, by channel: a form of such a channel is shown
/// to that person alone.
pub type IdentityVerifiers = BTreeMap<String, Box<dyn Fn(&str) -> Option<UserId> + Send + Sync>>;

/// What the form's page asks of us.
pub struct FormEndpoint {
    /// The forms.
    pub forms: Forms,
    /// Checks what is entered.
    pub onboarding: Onboarding,
    /// Who has opened a page.
    pub identity_verifiers: IdentityVerifiers,
}

/// What the web server of the bot is made of.
pub struct BotServer {
    /// The database, asked whether it can be read and written.
    pub integrity: Arc<Integrity>,
    /// The channels' webhooks.
    pub routes: Router,
    /// The one-time forms, if there are any.
    pub forms: Option<FormEndpoint>,
    /// What is counted.
    pub metrics: MetricsEndpoint,
    /// What tells addresses apart, each of which may ask so much.
    pub caller: AddressSource,
}

/// Serves until `told`; then requests in flight are finished, so that a message whose delivery was
/// acknowledged is durable. Takes 15 seconds at most to end.
pub async fn serve(door: BotServer, listener: TcpListener, told: impl Future<Output = ()>) {
    server::serve(listener, router(door), SERVER, told).await;
}

/// The routes.
pub fn router(door: BotServer) -> Router {
    let forms = door.forms.map(|forms| form::router(Arc::new(forms))).unwrap_or_default();
    let form_limit = RequestLimit::new(metrics::EndpointKind::Form, door.caller, FORM_REQUESTS_MAX);
    let webhook_limit =
        RequestLimit::new(metrics::EndpointKind::Webhook, door.caller, WEBHOOK_REQUESTS_MAX);
    let router = Router::new()
        .route("/health", get(health))
        .route("/ready", get(ready))
        .with_state(door.integrity)
        .merge(shown::router(door.metrics))
        .merge(bounded(door.routes, webhook_limit, WEBHOOK_BODY_BYTES))
        .merge(bounded(forms, form_limit, FORM_BODY_BYTES));
    unstored(router)
}

/// Bounds what is asked of these routes: how often, how long, and how much at once.
fn bounded(routes: Router, limit: Arc<RequestLimit>, body_bytes: usize) -> Router {
    if !routes.has_routes() {
        return routes;
    }
    routes
        .layer(from_fn_with_state(BodyBudget::new(body_bytes), body::within))
        .layer(RequestBodyLimitLayer::new(BODY_BYTES_MAX))
        .layer(RequestBodyTimeoutLayer::new(BODY_TIMEOUT))
        .layer(TimeoutLayer::with_status_code(StatusCode::SERVICE_UNAVAILABLE, REQUEST_TIMEOUT))
        .layer(from_fn_with_state(limit, limited))
}

/// The bot is well when its database can be read and written.
async fn health(State(integrity): State<Arc<Integrity>>) -> (StatusCode, Json<Value>) {
    match integrity.probe().await {
        Ok(()) => (StatusCode::OK, Json(json!({ "role": "bot", "build": BUILD }))),
        Err(fault) => {
            let body = json!({ "role": "bot", "build": BUILD, "fault": fault.to_string() });
            (StatusCode::SERVICE_UNAVAILABLE, Json(body))
        }
    }
}

/// The bot can take a message when its database can.
async fn ready(State(integrity): State<Arc<Integrity>>) -> StatusCode {
    match integrity.probe().await {
        Ok(()) => StatusCode::OK,
        Err(_) => StatusCode::SERVICE_UNAVAILABLE,
    }
}
