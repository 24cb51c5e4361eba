//! A simulated Anthropic: the models, and a Messages API whose model follows a small script. It
//! keeps no conversation, since each request holds the whole one.

use std::sync::Arc;

use axum::extract::{Path, Request, State};
use axum::http::StatusCode;
use axum::http::header::AUTHORIZATION;
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Extension, Json, Router};
use parking_lot::{Mutex, MutexGuard};
use serde_json::{Value, json};

use crate::random::Random;

mod script;
mod stream;
#[cfg(test)]
mod tests;

/// The longest request that is read, as at Anthropic.
const BODY_MAX: usize = 32 << 20;

const MODELS: [(&str, &str); 3] = [
    ("claude-opus-5-5", "Claude Opus 5.5"),
    ("claude-sonnet-4-6", "Claude Sonnet 4.6"),
    ("claude-haiku-4-5", "Claude Haiku 4.5"),
];

/// The simulated Anthropic.
pub struct SimulatedAnthropic {
    random: Random,
    key: String,
    state: Mutex<AnthropicState>,
}

#[derive(Default)]
struct AnthropicState {
    out_of_credit: bool,
    overloaded: u32,
    usage: UsageTotals,
}

/// The usage so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct UsageTotals {
    /// Answered messages.
    pub messages: u64,
    /// Estimated: four bytes a token.
    pub input_tokens: u64,
    /// Estimated: four bytes a token.
    pub output_tokens: u64,
    /// Requests with a wrong key or none.
    pub refused: u64,
}

impl SimulatedAnthropic {
    /// One account with one key.
    pub fn new(random: Random) -> Arc<Self> {
        let key = format!("sk-ant-api03-{}AA", random.key().as_str());
        Arc::new(Self { random, key, state: Mutex::default() })
    }

    /// The key of the account, worth nothing elsewhere.
    pub fn key(&self) -> &str {
        &self.key
    }

    /// Whether the account has run out of credit: keys stay valid, messages are refused.
    pub fn set_out_of_credit(&self, out_of_credit: bool) {
        self.state().out_of_credit = out_of_credit;
    }

    /// The next so many messages are refused for overload.
    pub fn set_overloaded(&self, messages: u32) {
        self.state().overloaded = messages;
    }

    /// The usage so far.
    pub fn usage(&self) -> UsageTotals {
        self.state().usage
    }

    fn state(&self) -> MutexGuard<'_, AnthropicState> {
        self.state.lock()
    }

    fn id(&self, prefix: &str) -> String {
        format!("{prefix}_{}", hex::encode(self.random.bytes::<10>()))
    }

    /// The API, from `/v1` on.
    pub fn router(self: &Arc<Self>) -> Router {
        Router::new()
            .route("/v1/models", get(models))
            .route("/v1/models/{id}", get(model))
            .route("/v1/messages", post(messages))
            .route("/v1/messages/count_tokens", post(count_tokens))
            .fallback(unknown)
            .layer(axum::extract::DefaultBodyLimit::max(BODY_MAX))
            .layer(middleware::from_fn_with_state(self.clone(), admit))
            .with_state(self.clone())
    }

    /// A key comes as `x-api-key`, or as a bearer.
    fn opens(&self, request: &Request) -> bool {
        let header = |name: &str| request.headers().get(name).and_then(|value| value.to_str().ok());
        let bearer = header(AUTHORIZATION.as_str()).and_then(|value| value.strip_prefix("Bearer "));
        [header("x-api-key"), bearer].contains(&Some(&self.key))
    }
}

/// A refusal in Anthropic's envelope.
struct AnthropicApiError(StatusCode, &'static str, String);

impl IntoResponse for AnthropicApiError {
    fn into_response(self) -> Response {
        let error = json!({ "type": self.1, "message": self.2 });
        let body = json!({ "type": "error", "error": error, "request_id": "req_sandbox" });
        (self.0, Json(body)).into_response()
    }
}

fn invalid(message: impl Into<String>) -> AnthropicApiError {
    AnthropicApiError(StatusCode::BAD_REQUEST, "invalid_request_error", message.into())
}

/// The id under which an answer can be found again.
#[derive(Clone)]
struct RequestId(String);

async fn admit(
    State(anthropic): State<Arc<SimulatedAnthropic>>,
    mut request: Request,
    next: Next,
) -> Response {
    let id = anthropic.id("req");
    request.extensions_mut().insert(RequestId(id.clone()));
    let mut response = if !anthropic.opens(&request) {
        anthropic.state().usage.refused += 1;
        let message = "invalid x-api-key".to_owned();
        AnthropicApiError(StatusCode::UNAUTHORIZED, "authentication_error", message).into_response()
    } else if !request.headers().contains_key("anthropic-version") {
        invalid("anthropic-version: header is required").into_response()
    } else {
        next.run(request).await
    };
    if let Ok(id) = id.parse() {
        response.headers_mut().insert("request-id", id);
    }
    response
}

async fn unknown() -> AnthropicApiError {
    AnthropicApiError(StatusCode::NOT_FOUND, "not_found_error", "Not found".to_owned())
}

fn described(&(id, name): &(&str, &str)) -> Value {
    json!({ "type": "model", "id": id, "display_name": name, "created_at": "2026-01-01T00:00:00Z" })
}

async fn models() -> Json<Value> {
    let data: Vec<Value> = MODELS.iter().map(described).collect();
    let ends = (MODELS[0].0, MODELS[MODELS.len() - 1].0);
    Json(json!({ "data": data, "has_more": false, "first_id": ends.0, "last_id": ends.1 }))
}

async fn model(Path(id): Path<String>) -> Result<Json<Value>, AnthropicApiError> {
    let known = MODELS.iter().find(|(known, _)| *known == id).map(described);
    let message = format!("model: {id}");
    known.map(Json).ok_or(AnthropicApiError(StatusCode::NOT_FOUND, "not_found_error", message))
}

async fn count_tokens(Json(body): Json<Value>) -> Result<Json<Value>, AnthropicApiError> {
    check(&body, false)?;
    Ok(Json(json!({ "input_tokens": tokens(&body.to_string()) })))
}

/// About four bytes each.
fn tokens(text: &str) -> u64 {
    u64::try_from(text.len() / 4 + 1).unwrap_or(u64::MAX)
}

fn check(body: &Value, needs_max_tokens: bool) -> Result<(), AnthropicApiError> {
    if body["model"].as_str().is_none_or(str::is_empty) {
        return Err(invalid("model: Field required"));
    }
    if needs_max_tokens && body["max_tokens"].as_u64().is_none_or(|max| max == 0) {
        return Err(invalid("max_tokens: Field required"));
    }
    match body["messages"].as_array() {
        None => Err(invalid("messages: Field required")),
        Some(messages) if messages.is_empty() => {
            Err(invalid("messages: at least one message is required"))
        }
        Some(messages) if messages[0]["role"] != "user" => {
            Err(invalid("messages: first message must use the \"user\" role"))
        }
        Some(_) => Ok(()),
    }
}

async fn messages(
    State(anthropic): State<Arc<SimulatedAnthropic>>,
    Extension(request_id): Extension<RequestId>,
    Json(body): Json<Value>,
) -> Result<Response, AnthropicApiError> {
    check(&body, true)?;
    anthropic.check_account()?;
    let answer = script::answer(&body);
    let usage = (tokens(&body.to_string()), tokens(&answer.text()));
    {
        let mut state = anthropic.state();
        state.usage.messages += 1;
        state.usage.input_tokens += usage.0;
        state.usage.output_tokens += usage.1;
    }
    let message = stream::ModelMessage {
        id: anthropic.id("msg"),
        tool_id: anthropic.id("toolu"),
        model: body["model"].as_str().unwrap_or_default().to_owned(),
        answer,
        usage,
    };
    tracing::debug!(request = request_id.0, "answered");
    if body["stream"] == json!(true) { Ok(message.streamed()) } else { Ok(message.whole()) }
}

impl SimulatedAnthropic {
    fn check_account(&self) -> Result<(), AnthropicApiError> {
        let mut state = self.state();
        if state.out_of_credit {
            return Err(invalid(
                "Your credit balance is too low to access the Anthropic API. Please go to Plans & \
                 Billing to upgrade or purchase credits.",
            ));
        }
        if state.overloaded > 0 {
            state.overloaded -= 1;
            let status = StatusCode::from_u16(529).unwrap_or(StatusCode::SERVICE_UNAVAILABLE);
            return Err(AnthropicApiError(status, "overloaded_error", "Overloaded".to_owned()));
        }
        Ok(())
    }
}
