//! What Claude Code says on its output (`--output-format stream-json`), in our words. Whatever is
//! not known is passed over: the format grows with every version.

use serde::Deserialize;
use serde_json::Value;

use crate::protocol::{TurnEvent, TurnFailure};

/// What of a tool's input says best what it is used on, best first.
const TELLING: [&str; 8] =
    ["command", "file_path", "notebook_path", "pattern", "url", "query", "skill", "description"];

#[cfg(test)]
mod tests;

/// Reads one turn's output line by line.
#[derive(Debug, Default)]
pub struct ClaudeReader {
    /// The message whose text comes in pieces, and so is not taken from its whole again.
    streamed: Option<String>,
    said_something: bool,
}

#[derive(Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum ClaudeEvent {
    StreamEvent {
        event: ClaudeStreamEvent,
        #[serde(default)]
        parent_tool_use_id: Option<String>,
    },
    Assistant {
        message: ClaudeMessage,
        #[serde(default)]
        parent_tool_use_id: Option<String>,
    },
    Result {
        #[serde(default)]
        is_error: bool,
        #[serde(default)]
        subtype: String,
        #[serde(default)]
        result: String,
        #[serde(default)]
        errors: Vec<String>,
    },
    #[serde(other)]
    Other,
}

#[derive(Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum ClaudeStreamEvent {
    MessageStart {
        message: ClaudeMessage,
    },
    ContentBlockStart {
        content_block: ClaudeBlock,
    },
    ContentBlockDelta {
        delta: ClaudeDelta,
    },
    #[serde(other)]
    Other,
}

#[derive(Deserialize)]
struct ClaudeMessage {
    #[serde(default)]
    id: String,
    #[serde(default)]
    content: Vec<ClaudeBlock>,
}

#[derive(Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum ClaudeBlock {
    Text {
        #[serde(default)]
        text: String,
    },
    ToolUse {
        #[serde(default)]
        name: String,
        #[serde(default)]
        input: Value,
    },
    #[serde(other)]
    Other,
}

#[derive(Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum ClaudeDelta {
    TextDelta {
        text: String,
    },
    #[serde(other)]
    Other,
}

impl ClaudeReader {
    /// The events of one line; a last one only for the program's result. API errors arrive as a
    /// result of subtype `success` with `is_error`.
    pub fn line(&mut self, line: &[u8]) -> Vec<TurnEvent> {
        match serde_json::from_slice(line) {
            Ok(ClaudeEvent::StreamEvent { event, parent_tool_use_id: None }) => self.partial(event),
            Ok(ClaudeEvent::Assistant { message, parent_tool_use_id }) => {
                self.message(message, parent_tool_use_id.is_none())
            }
            Ok(ClaudeEvent::Result { is_error, subtype, result, errors }) => {
                let mut events = self.conclusion(result, errors);
                events.push(match (is_error, subtype.as_str()) {
                    (false, _) => TurnEvent::Done,
                    (true, "success") => failed(TurnFailure::ModelRefused),
                    (true, _) => failed(TurnFailure::AgentCrashed),
                });
                events
            }
            _ => Vec::new(),
        }
    }

    fn partial(&mut self, event: ClaudeStreamEvent) -> Vec<TurnEvent> {
        match event {
            ClaudeStreamEvent::MessageStart { message } => {
                self.streamed = Some(message.id);
                Vec::new()
            }
            ClaudeStreamEvent::ContentBlockStart { content_block: ClaudeBlock::Text { text } } => {
                self.paragraph(text).into_iter().collect()
            }
            ClaudeStreamEvent::ContentBlockDelta { delta: ClaudeDelta::TextDelta { text } } => {
                self.said_something = true;
                vec![TurnEvent::Text { text }]
            }
            _ => Vec::new(),
        }
    }

    /// The text of a subagent is for the agent that called it, and not shown.
    fn message(&mut self, message: ClaudeMessage, from_the_agent: bool) -> Vec<TurnEvent> {
        let is_new = self.streamed.as_ref() != Some(&message.id);
        let mut events = Vec::new();
        for block in message.content {
            match block {
                ClaudeBlock::Text { text } if is_new && from_the_agent => {
                    events.extend(self.paragraph(text));
                }
                ClaudeBlock::ToolUse { name, input } => {
                    events.push(TurnEvent::Tool { detail: detail(&input), name });
                }
                _ => {}
            }
        }
        events
    }

    /// The result repeats the last message, if there was one; errors of the program are said here
    /// only.
    fn conclusion(&mut self, result: String, errors: Vec<String>) -> Vec<TurnEvent> {
        let result = if self.said_something { None } else { Some(result) };
        result.into_iter().chain(errors).flat_map(|text| self.paragraph(text)).collect()
    }

    /// Begins a paragraph of its own after what was said before.
    fn paragraph(&mut self, text: String) -> Option<TurnEvent> {
        let gap = if self.said_something { "\n\n" } else { "" };
        self.said_something |= !text.is_empty();
        let text = format!("{gap}{text}");
        (!text.is_empty()).then_some(TurnEvent::Text { text })
    }
}

fn failed(reason: TurnFailure) -> TurnEvent {
    TurnEvent::Failed { reason }
}

fn detail(input: &Value) -> String {
    TELLING.iter().find_map(|key| input.get(key)?.as_str()).map(str::to_owned).unwrap_or_default()
}
