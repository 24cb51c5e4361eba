//! Rate limits of bots, which every answer states in its headers.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::Json;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use parking_lot::Mutex;
use serde_json::json;

use super::SimulatedDiscord;

/// The limit of messages; none until one is set.
#[derive(Default)]
pub struct DiscordRateLimits(Mutex<RateLimitState>);

#[derive(Default)]
struct RateLimitState {
    /// The number of messages in one chat, and the milliseconds for which it holds.
    messages: Option<(usize, u64)>,
    /// Times of messages by path, in unix milliseconds.
    sent_ms: BTreeMap<String, Vec<u64>>,
    refused: usize,
}

impl DiscordRateLimits {
    /// Limits each chat to `count` messages within this many milliseconds.
    pub fn set_message_limit(&self, count: usize, within_ms: u64) {
        self.0.lock().messages = Some((count, within_ms));
    }

    /// The number of refusals because of a limit.
    pub fn refusals(&self) -> usize {
        self.0.lock().refused
    }
}

pub async fn limit(
    State(discord): State<Arc<SimulatedDiscord>>,
    request: Request,
    next: Next,
) -> Response {
    if let Some(host) = request.headers().get(header::HOST).and_then(|it| it.to_str().ok()) {
        host.clone_into(&mut discord.state().host);
    }
    let path = request.uri().path().to_owned();
    let is_message = request.method() == Method::POST && path.ends_with("/messages");
    let limit = discord.limits.0.lock().messages;
    let Some((limit, within_ms)) = limit.filter(|_| is_message) else {
        return next.run(request).await;
    };
    let now_ms = discord.clock.now_ms();
    let (remaining, reset_ms) = {
        let mut limits = discord.limits.0.lock();
        let sent = limits.sent_ms.entry(path).or_default();
        sent.retain(|at_ms| at_ms + within_ms > now_ms);
        let remaining = limit.checked_sub(sent.len() + 1);
        if remaining.is_some() {
            sent.push(now_ms);
        }
        let oldest_ms = sent.first().copied().unwrap_or(now_ms);
        let reset_ms = (oldest_ms + within_ms).saturating_sub(now_ms);
        limits.refused += usize::from(remaining.is_none());
        (remaining, reset_ms)
    };
    let mut answer = match remaining {
        Some(_) => next.run(request).await,
        None => too_fast(reset_ms),
    };
    let shown = [
        ("x-ratelimit-limit", limit.to_string()),
        ("x-ratelimit-remaining", remaining.unwrap_or(0).to_string()),
        ("x-ratelimit-reset", seconds(now_ms + reset_ms)),
        ("x-ratelimit-reset-after", seconds(reset_ms)),
        ("x-ratelimit-bucket", "messages".to_owned()),
    ];
    show(answer.headers_mut(), shown);
    answer
}

fn too_fast(reset_ms: u64) -> Response {
    let body = json!({
        "message": "You are being rate limited.", "retry_after": reset_ms as f64 / 1_000.0,
        "global": false,
    });
    let mut answer = (StatusCode::TOO_MANY_REQUESTS, Json(body)).into_response();
    let shown = [
        // Whole seconds (RFC 9110, section 10.2.3).
        ("retry-after", reset_ms.div_ceil(1_000).to_string()),
        ("x-ratelimit-scope", "user".to_owned()),
    ];
    show(answer.headers_mut(), shown);
    answer
}

fn show<const N: usize>(headers: &mut HeaderMap, shown: [(&'static str, String); N]) {
    for (name, value) in shown {
        if let Ok(value) = HeaderValue::from_str(&value) {
            headers.insert(name, value);
        }
    }
}

fn seconds(ms: u64) -> String {
    format!("{}.{:03}", ms / 1_000, ms % 1_000)
}
