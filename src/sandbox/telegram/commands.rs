//! The menus of a bot's commands, one for each language.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::errors::TelegramApiError;
use super::parameters::Parameters;

/// Menus by language code; the empty code is the default menu.
#[derive(Default)]
pub(super) struct CommandMenus(BTreeMap<String, Value>);

impl CommandMenus {
    pub fn set(&mut self, parameters: &Parameters) -> Result<Value, TelegramApiError> {
        let commands = parameters.structure("commands").unwrap_or(json!([]));
        let all = commands.as_array().map(Vec::as_slice).unwrap_or_default();
        if all.len() > 100 || !all.iter().all(is_valid) {
            return Err(TelegramApiError::bad("BOT_COMMAND_INVALID"));
        }
        self.0.insert(language(parameters), commands);
        Ok(json!(true))
    }

    pub fn get(&self, parameters: &Parameters) -> Value {
        self.0.get(&language(parameters)).cloned().unwrap_or(json!([]))
    }

    pub fn remove(&mut self, parameters: &Parameters) -> Value {
        self.0.remove(&language(parameters));
        json!(true)
    }
}

fn is_valid(command: &Value) -> bool {
    let word = command["command"].as_str().unwrap_or_default();
    let small = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
    let meaning = command["description"].as_str().unwrap_or_default().chars().count();
    (1..=32).contains(&word.len()) && word.chars().all(small) && (1..=256).contains(&meaning)
}

fn language(parameters: &Parameters) -> String {
    parameters.text("language_code").unwrap_or_default()
}
