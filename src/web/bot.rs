//! The routes of the hosted onboarding bot: the chat services' webhooks, the one-time form, and whether it
//! is well.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use adapters::chat::UserId;
use anyhow::Context;
use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::get;
use axum::{Json, Router};
use serde_json::{Value, json};
use sqlx::AnyPool;
use tokio::net::TcpListener;
use tower_http::limit::RequestBodyLimitLayer;
use tower_http::timeout::TimeoutLayer;

use crate::forms::Forms;
use crate::onboarding::Onboarding;
use crate::protocol::BUILD;

mod form;

#[cfg(test)]
mod tests;

/// The largest body that any route takes; each webhook has a smaller one of its own.
const BODY_BYTES_MAX: usize = 1024 * 1024;

/// The longest request: a webhook waits until its message is durable, and Twilio gives up after 15 seconds.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(15);

/// Who Telegram and the like say has opened a page, by channel: a form of such a channel is shown to that
/// person alone.
pub type Vouchers = BTreeMap<String, Box<dyn Fn(&str) -> Option<UserId> + Send + Sync>>;

/// What the form's page asks of us.
pub struct FormDoor {
    /// The forms.
    pub forms: Forms,
    /// Checks what is entered.
    pub onboarding: Onboarding,
    /// Who has opened a page.
    pub vouchers: Vouchers,
}

/// What the web server of the bot is made of.
pub struct Door {
    /// The database, asked whether it answers.
    pub pool: AnyPool,
    /// The channels' webhooks.
    pub routes: Router,
    /// The one-time forms, if there are any.
    pub forms: Option<FormDoor>,
}

/// Serves until it is dropped.
///
/// # Errors
/// When the listener fails.
pub async fn serve(door: Door, listener: TcpListener) -> anyhow::Result<()> {
    axum::serve(listener, router(door)).await.context("cannot serve")
}

/// The routes.
pub fn router(door: Door) -> Router {
    Router::new()
        .route("/health", get(health))
        .route("/ready", get(ready))
        .with_state(door.pool)
        .merge(door.routes)
        .merge(door.forms.map_or_else(Router::new, |forms| form::router(Arc::new(forms))))
        .layer(RequestBodyLimitLayer::new(BODY_BYTES_MAX))
        .layer(TimeoutLayer::with_status_code(StatusCode::SERVICE_UNAVAILABLE, REQUEST_TIMEOUT))
}

async fn health() -> Json<Value> {
    Json(json!({ "role": "bot", "build": BUILD }))
}

/// The bot can take a message when its database can.
async fn ready(State(pool): State<AnyPool>) -> StatusCode {
    match sqlx::query("SELECT 1").execute(&pool).await {
        Ok(_) => StatusCode::OK,
        Err(_) => StatusCode::SERVICE_UNAVAILABLE,
    }
}
