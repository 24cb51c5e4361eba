//! An answer as one message, or as the events of a stream.

use axum::Json;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};

use super::script::ModelReply;

/// Characters of text in one event.
const PIECE: usize = 40;

/// A message of the model.
pub struct ModelMessage {
    /// An id that begins with `msg_`.
    pub id: String,
    /// `toolu_...`, if a tool is used.
    pub tool_id: String,
    /// The model that was asked for.
    pub model: String,
    /// The content.
    pub answer: ModelReply,
    /// Tokens read and written.
    pub usage: (u64, u64),
}

impl ModelMessage {
    fn stop_reason(&self) -> &'static str {
        match self.answer {
            ModelReply::Text(_) => "end_turn",
            ModelReply::Bash(_) => "tool_use",
        }
    }

    fn head(&self, content: &Value, stop_reason: &Value, output_tokens: u64) -> Value {
        json!({
            "id": self.id,
            "type": "message",
            "role": "assistant",
            "model": self.model,
            "content": content,
            "stop_reason": stop_reason,
            "stop_sequence": null,
            "usage": {
                "input_tokens": self.usage.0,
                "output_tokens": output_tokens,
                "cache_creation_input_tokens": 0,
                "cache_read_input_tokens": 0,
            },
        })
    }

    fn input(command: &str) -> Value {
        json!({ "command": command, "description": "Run the requested command" })
    }

    /// The answer at once.
    pub fn whole(&self) -> Response {
        let block = match &self.answer {
            ModelReply::Text(text) => json!({ "type": "text", "text": text }),
            ModelReply::Bash(command) => json!({
                "type": "tool_use",
                "id": self.tool_id,
                "name": "Bash",
                "input": Self::input(command),
            }),
        };
        let stop_reason = json!(self.stop_reason());
        Json(self.head(&json!([block]), &stop_reason, self.usage.1)).into_response()
    }

    /// The answer as server-sent events.
    pub fn streamed(&self) -> Response {
        let mut events = vec![json!({
            "type": "message_start",
            "message": self.head(&json!([]), &Value::Null, 1),
        })];
        let (block, deltas) = self.block();
        events.push(json!({ "type": "content_block_start", "index": 0, "content_block": block }));
        let delta = |delta| json!({ "type": "content_block_delta", "index": 0, "delta": delta });
        events.extend(deltas.into_iter().map(delta));
        events.push(json!({ "type": "content_block_stop", "index": 0 }));
        events.push(json!({
            "type": "message_delta",
            "delta": { "stop_reason": self.stop_reason(), "stop_sequence": null },
            "usage": { "output_tokens": self.usage.1 },
        }));
        events.push(json!({ "type": "message_stop" }));
        let pieces =
            events.into_iter().map(|event| Ok::<_, std::convert::Infallible>(line(&event)));
        let body = axum::body::Body::from_stream(futures::stream::iter(pieces));
        ([(CONTENT_TYPE, "text/event-stream; charset=utf-8")], body).into_response()
    }

    fn block(&self) -> (Value, Vec<Value>) {
        match &self.answer {
            ModelReply::Text(text) => {
                let characters: Vec<char> = text.chars().collect();
                let pieces = characters.chunks(PIECE).map(|piece| piece.iter().collect::<String>());
                let deltas = pieces.map(|text| json!({ "type": "text_delta", "text": text }));
                (json!({ "type": "text", "text": "" }), deltas.collect())
            }
            ModelReply::Bash(command) => {
                let input = Self::input(command).to_string();
                let delta = json!({ "type": "input_json_delta", "partial_json": input });
                let block =
                    json!({ "type": "tool_use", "id": self.tool_id, "name": "Bash", "input": {} });
                (block, vec![delta])
            }
        }
    }
}

fn line(event: &Value) -> String {
    format!("event: {}\ndata: {event}\n\n", event["type"].as_str().unwrap_or_default())
}
