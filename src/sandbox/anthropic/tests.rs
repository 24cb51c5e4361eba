use axum::body::Body;
use http::Request;
use tower::ServiceExt;

use super::*;

fn anthropic() -> Arc<SimulatedAnthropic> {
    SimulatedAnthropic::new(Random::seeded(1))
}

async fn ask(anthropic: &Arc<SimulatedAnthropic>, key: &str, body: Value) -> (StatusCode, String) {
    let request = Request::post("/v1/messages?beta=true")
        .header("x-api-key", key)
        .header("anthropic-version", "2023-06-01")
        .header("content-type", "application/json")
        .body(Body::from(body.to_string()))
        .unwrap();
    let response = anthropic.router().oneshot(request).await.unwrap();
    let status = response.status();
    let bytes = axum::body::to_bytes(response.into_body(), 1 << 20).await.unwrap();
    (status, String::from_utf8(bytes.to_vec()).unwrap())
}

fn question(messages: Value) -> Value {
    json!({
        "model": "claude-haiku-4-5",
        "max_tokens": 100,
        "tools": [{ "name": "Bash" }],
        "messages": messages,
    })
}

async fn answered(messages: Value) -> Value {
    let anthropic = anthropic();
    let (status, text) = ask(&anthropic, anthropic.key(), question(messages)).await;
    assert_eq!(status, StatusCode::OK, "{text}");
    serde_json::from_str(&text).unwrap()
}

#[tokio::test]
async fn a_command_is_run_and_its_result_quoted() {
    let asked = json!([{ "role": "user", "content": "run: ls" }]);
    let first = answered(asked).await;
    assert_eq!(first["stop_reason"], "tool_use");
    assert_eq!(first["content"][0]["name"], "Bash");
    assert_eq!(first["content"][0]["input"]["command"], "ls");

    let then = json!([
        { "role": "user", "content": "run: ls" },
        { "role": "assistant", "content": first["content"] },
        { "role": "user", "content": [
            { "type": "tool_result", "tool_use_id": "toolu_1", "content": "notes.txt" },
        ] },
    ]);
    let second = answered(then).await;
    assert_eq!(second["stop_reason"], "end_turn");
    assert_eq!(second["content"][0]["text"], "The command answered:\nnotes.txt");
}

#[tokio::test]
async fn the_model_answers_from_the_request_alone() {
    let asked = json!([
        { "role": "user", "content": [
            { "type": "text", "text": "<system-reminder>be kind</system-reminder>" },
            { "type": "text", "text": "my name is Ada" },
        ] },
        { "role": "assistant", "content": "Hello." },
        { "role": "user", "content": "What did I say first?" },
    ]);
    assert_eq!(answered(asked).await["content"][0]["text"], "You said first: my name is Ada");
}

#[tokio::test]
async fn a_stream_carries_the_whole_answer_between_its_first_and_last_event() {
    let anthropic = anthropic();
    let said = "ä".repeat(100);
    let mut body = question(json!([{ "role": "user", "content": said }]));
    body["stream"] = true.into();

    let (_, text) = ask(&anthropic, anthropic.key(), body).await;

    let events: Vec<Value> = text
        .lines()
        .filter_map(|line| line.strip_prefix("data: "))
        .map(|data| serde_json::from_str(data).unwrap())
        .collect();
    let kinds: Vec<&str> = events.iter().filter_map(|event| event["type"].as_str()).collect();
    assert_eq!(kinds[..2], ["message_start", "content_block_start"]);
    assert_eq!(kinds[kinds.len() - 3..], ["content_block_stop", "message_delta", "message_stop"]);
    let pieces = events.iter().filter_map(|event| event["delta"]["text"].as_str());
    assert!(pieces.collect::<String>().contains(&said));
    assert_eq!(anthropic.usage().messages, 1);
}

#[tokio::test]
async fn only_its_own_key_opens_it_and_refusals_have_their_types() {
    let anthropic = anthropic();
    let hello = || question(json!([{ "role": "user", "content": "hi" }]));
    let (status, text) = ask(&anthropic, "sk-ant-api03-other", hello()).await;
    assert_eq!(status, StatusCode::UNAUTHORIZED);
    assert!(text.contains("authentication_error"));
    anthropic.set_overloaded(1);
    assert_eq!(ask(&anthropic, anthropic.key(), hello()).await.0.as_u16(), 529);
    anthropic.set_out_of_credit(true);
    let (status, text) = ask(&anthropic, anthropic.key(), hello()).await;
    assert_eq!(status, StatusCode::BAD_REQUEST);
    assert!(text.contains("credit balance is too low"));
    anthropic.set_out_of_credit(false);
    let (status, _) = ask(&anthropic, anthropic.key(), question(json!([]))).await;
    assert_eq!(status, StatusCode::BAD_REQUEST);
    let refused_once = UsageTotals { refused: 1, ..UsageTotals::default() };
    assert_eq!(anthropic.usage(), refused_once);
}
