//! The answers of the scripted model.
//!
//! - `run: ls`, or a command between backticks: it uses the Bash tool, if it has one; given the
//!   result, it quotes it.
//! - a question for what was said first: it quotes the first message of the conversation.
//! - anything else: it repeats it, in a friendly way.

use serde_json::Value;

/// The longest quotation.
const QUOTE_MAX: usize = 2000;

/// The next answer of the model.
#[derive(Debug, PartialEq, Eq)]
pub enum ModelReply {
    /// It says this.
    Text(String),
    /// It wants this command to be run.
    Bash(String),
}

impl ModelReply {
    /// As text, for counting.
    pub fn text(&self) -> String {
        match self {
            Self::Text(text) | Self::Bash(text) => text.clone(),
        }
    }
}

/// Reads the conversation and answers it.
pub fn answer(body: &Value) -> ModelReply {
    let messages = body["messages"].as_array().map(Vec::as_slice).unwrap_or_default();
    let people: Vec<&Value> = messages.iter().filter(|message| message["role"] == "user").collect();
    let Some(last) = people.last() else { return ModelReply::Text("Hello.".to_owned()) };
    if let Some(result) = tool_result(last) {
        return ModelReply::Text(format!("The command answered:\n{}", quoted(&result)));
    }
    let said = said(last);
    if let Some(command) = command(&said)
        && has_bash(body)
    {
        return ModelReply::Bash(command);
    }
    if said.to_lowercase().contains("what did i say first") {
        let first = people.iter().map(|message| self::said(message)).find(|text| !text.is_empty());
        return ModelReply::Text(format!("You said first: {}", quoted(&first.unwrap_or_default())));
    }
    ModelReply::Text(format!("You said: {}\nTell me what to run, like: run: ls", quoted(&said)))
}

/// The person's text: the last text of the message that is not a reminder of the program.
fn said(message: &Value) -> String {
    let text = |block: &Value| block["text"].as_str().map(str::to_owned);
    let texts: Vec<String> = match &message["content"] {
        Value::String(text) => vec![text.clone()],
        Value::Array(blocks) => blocks.iter().filter_map(text).collect(),
        _ => Vec::new(),
    };
    let own = texts.iter().rev().find(|text| !text.trim_start().starts_with("<system-reminder>"));
    own.map(|text| text.trim().to_owned()).unwrap_or_default()
}

fn tool_result(message: &Value) -> Option<String> {
    let blocks = message["content"].as_array()?;
    let result = blocks.iter().rev().find(|block| block["type"] == "tool_result")?;
    match &result["content"] {
        Value::String(text) => Some(text.clone()),
        Value::Array(parts) => {
            Some(parts.iter().filter_map(|part| part["text"].as_str()).collect::<String>())
        }
        _ => Some(String::new()),
    }
}

fn command(said: &str) -> Option<String> {
    let between_backticks = said.split('`').nth(1).filter(|_| said.matches('`').count() >= 2);
    let after_run = || said.strip_prefix("run:").or_else(|| said.strip_prefix("Run:"));
    let command = between_backticks.or_else(after_run)?.trim();
    (!command.is_empty()).then(|| command.to_owned())
}

fn has_bash(body: &Value) -> bool {
    body["tools"].as_array().is_some_and(|tools| tools.iter().any(|tool| tool["name"] == "Bash"))
}

fn quoted(text: &str) -> String {
    text.chars().take(QUOTE_MAX).collect()
}
