//! The real Claude Code against a stand-in of the Messages API. Runs where `CLAUDE_BIN` names it.

use std::time::Duration;

use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use axum::{Json, Router};
use nix::errno::Errno;
use nix::sys::signal::kill;
use nix::unistd::Pid;
use parking_lot::Mutex;
use serde_json::{Value, json};

use super::*;

/// What a relay says at the limit of the day.
const LIMIT: &str =
    "Today's limit of 5,000,000 tokens is reached. Your agent can go on at 00:00 UTC.";

/// What the model was asked, and by whom.
#[derive(Default)]
struct RecordingModel {
    calls: Mutex<Vec<(HeaderMap, Value)>>,
}

impl RecordingModel {
    /// Serves under a name that only this machine knows.
    async fn start() -> (Arc<Self>, String) {
        let model = Arc::new(Self::default());
        let router = Router::new().route("/v1/messages", post(messages)).with_state(model.clone());
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        tokio::spawn(async move { axum::serve(listener, router).await });
        (model, format!("http://ada-relay.internal.localhost:{port}"))
    }

    fn calls(&self) -> Vec<(HeaderMap, Value)> {
        self.calls.lock().clone()
    }
}

/// Uses the shell when told `run: `, refuses when told `refuse`, else counts the person's messages.
async fn messages(
    State(model): State<Arc<RecordingModel>>,
    headers: HeaderMap,
    Json(body): Json<Value>,
) -> Response {
    let id = {
        let mut calls = model.calls.lock();
        calls.push((headers, body.clone()));
        format!("msg_{}", calls.len())
    };
    let all = body["messages"].to_string();
    let last = body["messages"]
        .as_array()
        .and_then(|messages| messages.iter().rfind(|message| message["role"] == "user"))
        .map(|message| message["content"].to_string())
        .unwrap_or_default();
    if last.contains("refuse me") {
        let message = "Your credit balance is too low to access the Anthropic API.";
        let error = json!({"type": "invalid_request_error", "message": message});
        let body = json!({"type": "error", "error": error});
        return (StatusCode::BAD_REQUEST, Json(body)).into_response();
    }
    if last.contains("spend it all") {
        let error = json!({"type": "billing_error", "message": LIMIT});
        let body = json!({"type": "error", "error": error});
        return (StatusCode::PAYMENT_REQUIRED, Json(body)).into_response();
    }
    let block = if last.contains("tool_result") {
        let heard = last.contains("made by claude");
        json!({"type": "text", "text": format!("the tool said {heard}")})
    } else if last.contains("use the shell") {
        let command = if last.contains("for ever") {
            "echo $$ >pid; sleep 1000"
        } else {
            "env; echo made by claude | tee made"
        };
        let input = json!({"command": command, "description": "try"});
        json!({"type": "tool_use", "id": "toolu_1", "name": "Bash", "input": input})
    } else {
        let remembers = all.contains("the word is heron");
        json!({"type": "text", "text": format!("remembered: {remembers}")})
    };
    stream(&id, &body["model"], block)
}

fn stream(id: &str, model: &Value, mut block: Value) -> Response {
    let is_text = block["type"] == "text";
    let delta = if is_text {
        json!({"type": "text_delta", "text": block["text"].take()})
    } else {
        json!({"type": "input_json_delta", "partial_json": block["input"].take().to_string()})
    };
    block[if is_text { "text" } else { "input" }] = if is_text { json!("") } else { json!({}) };
    let message = json!({
        "id": id, "type": "message", "role": "assistant", "model": model, "content": [],
        "stop_reason": null, "stop_sequence": null,
        "usage": {"input_tokens": 9, "output_tokens": 1},
    });
    let stop_reason = if is_text { "end_turn" } else { "tool_use" };
    let events = [
        json!({"type": "message_start", "message": message}),
        json!({"type": "content_block_start", "index": 0, "content_block": block}),
        json!({"type": "content_block_delta", "index": 0, "delta": delta}),
        json!({"type": "content_block_stop", "index": 0}),
        json!({
            "type": "message_delta", "usage": {"output_tokens": 5},
            "delta": {"stop_reason": stop_reason, "stop_sequence": null},
        }),
        json!({"type": "message_stop"}),
    ];
    let body: String = events
        .iter()
        .map(|event| {
            format!("event: {}\ndata: {event}\n\n", event["type"].as_str().unwrap_or_default())
        })
        .collect();
    ([(header::CONTENT_TYPE, "text/event-stream")], body).into_response()
}

#[tokio::test]
async fn claude_code_works_remembers_and_is_given_one_token_only() {
    if std::env::var_os("CLAUDE_BIN").is_none() {
        println!("skipped: CLAUDE_BIN does not name Claude Code");
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let (model, model_proxy_url) = RecordingModel::start().await;
    let start = || ServedVm::start(settings(dir.path(), AgentKind::Claude, &model_proxy_url));

    let vm = start().await;
    let long = "x".repeat(100_000);
    let first = vm.turn("1", &format!("the word is heron {long}")).await.rest().await;
    let (said, tools, tool_turn) = vm.turn("2", "use the shell").await.rest().await;
    vm.end().await;
    let vm = start().await;
    let third = vm.turn("3", "which word?").await.rest().await;
    let again = vm.turn("2", "use the shell").await.rest().await;
    let refused = vm.turn("4", "refuse me").await.rest().await;
    vm.end().await;

    assert_eq!(first, ("remembered: true".to_owned(), vec![], TurnEvent::Done));
    assert_eq!((said.as_str(), &tool_turn), ("the tool said true", &TurnEvent::Done));
    let [TurnEvent::Tool { name, detail }] = tools.as_slice() else { panic!("{tools:?}") };
    assert_eq!((name.as_str(), detail.as_str()), ("Bash", "env; echo made by claude | tee made"));
    assert_eq!(std::fs::read(dir.path().join("workspace/made")).unwrap(), b"made by claude\n");
    assert_eq!(third, ("remembered: true".to_owned(), vec![], TurnEvent::Done), "resumed");
    assert_eq!(again, (said, tools.clone(), tool_turn), "told again, not run again");
    assert!(refused.0.contains("redit balance is too low"), "{refused:?}");
    assert_eq!(refused.2, TurnEvent::Failed { reason: TurnFailure::ModelRefused });

    let calls = model.calls();
    assert_eq!(calls.len(), 5, "one call a turn, and one for the tool's result");
    for (headers, body) in calls {
        assert_eq!(headers["x-api-key"], PROXY_TOKEN);
        assert!(!body.to_string().contains(LINK_KEY), "the environment holds the link key");
    }
}

#[tokio::test]
async fn claude_code_shows_the_sentence_at_the_limit_of_the_day_and_asks_no_more() {
    if std::env::var_os("CLAUDE_BIN").is_none() {
        println!("skipped: CLAUDE_BIN does not name Claude Code");
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let (model, model_proxy_url) = RecordingModel::start().await;
    let vm = ServedVm::start(settings(dir.path(), AgentKind::Claude, &model_proxy_url)).await;

    let (said, _, last) = vm.turn("1", "spend it all").await.rest().await;

    assert!(said.contains(LIMIT), "{said}");
    assert_eq!(last, TurnEvent::Failed { reason: TurnFailure::ModelRefused });
    assert_eq!(model.calls().len(), 1);
    vm.end().await;
}

#[tokio::test]
async fn claude_code_that_waits_for_its_model_can_be_cancelled() {
    if std::env::var_os("CLAUDE_BIN").is_none() {
        println!("skipped: CLAUDE_BIN does not name Claude Code");
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let silent = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let model_proxy_url = format!("http://{}", silent.local_addr().unwrap());
    let vm = ServedVm::start(settings(dir.path(), AgentKind::Claude, &model_proxy_url)).await;
    let turn = vm.turn("1", "hello").await;
    let _call = silent.accept().await.unwrap();

    let cancelled = vm.call("/turns/1/cancel", String::new()).await;
    let (_, _, last) = turn.rest().await;

    assert_eq!(cancelled.head.status, 202);
    assert_eq!(last, TurnEvent::Failed { reason: TurnFailure::Stopped });
    assert_eq!(vm.end().await, VmExit::Stopped);
}

#[tokio::test]
async fn what_claude_code_started_ends_with_its_turn() {
    if std::env::var_os("CLAUDE_BIN").is_none() {
        println!("skipped: CLAUDE_BIN does not name Claude Code");
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let (_model, model_proxy_url) = RecordingModel::start().await;
    let vm = ServedVm::start(settings(dir.path(), AgentKind::Claude, &model_proxy_url)).await;
    let pid = dir.path().join("workspace/pid");
    let made = tokio::process::Command::new("mkfifo").arg(&pid).status().await.unwrap();
    assert!(made.success());
    let turn = vm.turn("1", "use the shell for ever").await;
    let pid = tokio::fs::read_to_string(pid).await.unwrap().trim().parse().unwrap();

    vm.call("/turns/1/cancel", String::new()).await;
    let (_, _, last) = turn.rest().await;

    assert_eq!(last, TurnEvent::Failed { reason: TurnFailure::Stopped });
    let gone = async {
        while kill(Pid::from_raw(pid), None) != Err(Errno::ESRCH) {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(10), gone).await.expect("its shell goes on");
    vm.end().await;
}
