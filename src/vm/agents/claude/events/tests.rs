use serde_json::json;

use super::*;

fn read(lines: &[Value]) -> Vec<TurnEvent> {
    let mut reading = ClaudeReader::default();
    lines.iter().flat_map(|line| reading.line(line.to_string().as_bytes())).collect()
}

fn text(text: &str) -> TurnEvent {
    TurnEvent::Text { text: text.to_owned() }
}

fn partial(event: Value) -> Value {
    json!({"type": "stream_event", "event": event, "parent_tool_use_id": null})
}

fn delta(text: &str) -> Value {
    partial(json!({
        "type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": text},
    }))
}

fn assistant(id: &str, content: Value) -> Value {
    json!({
        "type": "assistant", "message": {"id": id, "content": content}, "parent_tool_use_id": null,
    })
}

fn result(is_error: bool, result: &str) -> Value {
    json!({"type": "result", "subtype": "success", "is_error": is_error, "result": result})
}

#[test]
fn streamed_text_is_not_said_twice_and_each_message_is_a_paragraph() {
    let start = |id: &str| partial(json!({"type": "message_start", "message": {"id": id}}));
    let block = partial(json!({
        "type": "content_block_start", "content_block": {"type": "text", "text": ""},
    }));
    let tool = json!({"type": "tool_use", "name": "Bash", "input": {"command": "ls\nrm x"}});

    let events = read(&[
        json!({"type": "system", "subtype": "init"}),
        start("m1"),
        block.clone(),
        delta("let me "),
        delta("look"),
        assistant("m1", json!([{"type": "text", "text": "let me look"}])),
        assistant("m1", json!([tool])),
        start("m2"),
        block,
        delta("done"),
        assistant("m2", json!([{"type": "text", "text": "done"}])),
        result(false, "done"),
    ]);

    assert_eq!(
        events,
        [
            text("let me "),
            text("look"),
            TurnEvent::Tool { name: "Bash".to_owned(), detail: "ls\nrm x".to_owned() },
            text("\n\n"),
            text("done"),
            TurnEvent::Done
        ]
    );
}

#[test]
fn text_that_was_not_streamed_is_taken_from_the_message_or_the_result() {
    let message = assistant("m1", json!([{"type": "thinking"}, {"type": "text", "text": "hi"}]));

    assert_eq!(read(&[message, result(false, "hi")]), [text("hi"), TurnEvent::Done]);
    assert_eq!(read(&[result(false, "hi")]), [text("hi"), TurnEvent::Done]);
    assert_eq!(read(&[result(false, "")]), [TurnEvent::Done]);
}

#[test]
fn a_refusal_of_the_model_is_told_apart_from_a_failure_of_the_program() {
    let refusal = "API Error: 400 Your credit balance is too low";
    let program = json!({
        "type": "result", "subtype": "error_during_execution", "is_error": true,
        "errors": ["No conversation found"],
    });
    let synthetic = assistant("s", json!([{"type": "text", "text": refusal}]));
    let refused = failed(TurnFailure::ModelRefused);

    assert_eq!(read(&[synthetic, result(true, refusal)]), [text(refusal), refused.clone()]);
    assert_eq!(read(&[result(true, refusal)]), [text(refusal), refused]);
    assert_eq!(
        read(&[program]),
        [text("No conversation found"), failed(TurnFailure::AgentCrashed)]
    );
}

#[test]
fn a_subagent_shows_its_tools_but_not_its_words() {
    let mut message = assistant(
        "m1",
        json!([
            {"type": "text", "text": "to my caller"},
            {"type": "tool_use", "name": "Read", "input": {"file_path": "/a", "limit": 5}},
        ]),
    );
    message["parent_tool_use_id"] = json!("toolu_1");
    let mut words = delta("to my caller");
    words["parent_tool_use_id"] = json!("toolu_1");

    let read_a = TurnEvent::Tool { name: "Read".to_owned(), detail: "/a".to_owned() };
    assert_eq!(read(&[words, message]), [read_a]);
}

#[test]
fn what_is_not_understood_is_passed_over() {
    let mut reading = ClaudeReader::default();
    for line in [
        "",
        "not json",
        "[]",
        "{}",
        r#"{"type":"from the future","a":{"b":[]}}"#,
        r#"{"type":"stream_event","event":{"type":"ping"}}"#,
        r#"{"type":"stream_event","event":{"type":"content_block_delta","delta":{"type":"new"}}}"#,
        r#"{"type":"assistant","message":{"content":[{"type":"new"}]}}"#,
        r#"{"type":"assistant","message":{"content":"text"}}"#,
        "\u{fffd}",
    ] {
        assert!(reading.line(line.as_bytes()).is_empty(), "{line}");
    }
    assert_eq!(reading.line(b"{\"type\":\"result\",\"is_error\":false}\n"), [TurnEvent::Done]);
}

#[test]
fn recorded_turns_are_read() {
    let Some(specs) = std::env::var_os("API_SPECS") else {
        println!("skipped: API_SPECS does not say where the recorded turns are");
        return;
    };
    let samples = std::path::Path::new(&specs).join("../samples/claude");
    let echo_hi = TurnEvent::Tool { name: "Bash".to_owned(), detail: "echo hi".to_owned() };
    for (file, expected) in [
        ("claude_partial.jsonl", vec![text("echo: hi"), TurnEvent::Done]),
        (
            "claude_tool_turn.jsonl",
            vec![echo_hi, text("TOOL SAID: hi (is_error=False)"), TurnEvent::Done],
        ),
    ] {
        let lines = std::fs::read(samples.join(file)).unwrap();
        let mut reading = ClaudeReader::default();
        let events: Vec<_> =
            lines.split(|byte| *byte == b'\n').flat_map(|line| reading.line(line)).collect();
        assert_eq!(events, expected, "{file}");
    }
}
