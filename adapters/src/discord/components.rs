//! Buttons, modals and slash commands, as Discord's API describes them.

use serde_json::{Value, json};

use crate::chat::{AnswerKind, MenuEntry, Outbound, SecretField, SecretForm};

/// Buttons in a row.
const ROW: usize = 5;

/// Longest `custom_id` of a component.
const ID_CHARS_MAX: usize = 100;

/// Longest label of a button.
const LABEL_CHARS_MAX: usize = 80;

/// Longest value that a modal's field takes.
const VALUE_CHARS_MAX: usize = 4000;

/// The prefix of a form button's id; the fields follow. The id itself holds them, so that the
/// button works after a restart.
const FORM: &str = "form";

/// The buttons of a message, and that of its form.
pub(super) fn rows(message: &Outbound) -> Value {
    let mut buttons: Vec<Value> = Vec::new();
    if let (AnswerKind::Secret, Some(form)) = (message.ask, &message.fields) {
        buttons.push(button(&form_id(form), &form.button, 1));
    }
    buttons.extend(message.buttons.iter().map(|it| button(&it.id, &it.label, 2)));
    let rows = buttons.chunks(ROW).map(|row| json!({ "type": 1, "components": row }));
    rows.collect()
}

/// Whether Discord takes these buttons.
pub(super) fn fit(message: &Outbound) -> bool {
    let mut ids = message.buttons.iter().map(|it| it.id.chars().count());
    ids.all(|length| (1..=ID_CHARS_MAX).contains(&length))
}

fn button(id: &str, label: &str, style: u8) -> Value {
    let label: String = label.chars().take(LABEL_CHARS_MAX).collect();
    json!({ "type": 2, "style": style, "label": label, "custom_id": id })
}

fn form_id(form: &SecretForm) -> String {
    // No field contains the separator.
    let plain = |text: &str| text.replace('|', "/");
    let mut id = format!("{FORM}|{}", plain(&form.title));
    for field in &form.fields {
        id.push_str(&format!("|{}={}", field.id, plain(&field.label)));
    }
    if id.chars().count() <= ID_CHARS_MAX { id } else { FORM.to_owned() }
}

/// The modal that a form's button opens; none for another button.
pub(super) fn modal(custom_id: &str) -> Option<Value> {
    let mut parts = custom_id.split('|');
    if parts.next() != Some(FORM) {
        return None;
    }
    let title = parts.next().unwrap_or("textslash");
    let field = |part: &str| {
        let (id, label) = part.split_once('=').unwrap_or((part, part));
        SecretField { id: id.to_owned(), label: label.to_owned(), example: String::new() }
    };
    let mut fields: Vec<SecretField> = parts.map(field).collect();
    if fields.is_empty() {
        fields.push(SecretField {
            id: "value".to_owned(),
            label: title.to_owned(),
            example: String::new(),
        });
    }
    let inputs = fields.iter().map(|field| {
        json!({ "type": 1, "components": [{
            "type": 4, "style": 1, "custom_id": field.id, "label": field.label,
            "required": true, "max_length": VALUE_CHARS_MAX,
        }] })
    });
    let inputs: Vec<Value> = inputs.collect();
    Some(json!({ "type": 9, "data": { "custom_id": FORM, "title": title, "components": inputs } }))
}

/// A slash command for direct messages, also of people who added the bot to their account alone.
pub(super) fn command(entry: &MenuEntry) -> Value {
    let usual = entry.meanings.first().map_or("", |(_, meaning)| meaning.as_str());
    let others = entry.meanings.iter().filter(|(language, _)| language != "en");
    let others: serde_json::Map<String, Value> =
        others.map(|(language, meaning)| (language.clone(), json!(meaning))).collect();
    json!({
        "name": entry.word, "description": usual, "description_localizations": others,
        "type": 1, "contexts": [1], "integration_types": [0, 1],
    })
}
