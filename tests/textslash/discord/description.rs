//! Discord's REST API as Discord describes it, as a judge over calls and answers. What its gateway
//! says is described nowhere by machine.

use std::collections::HashMap;
use std::path::Path;
use std::sync::OnceLock;

use jsonschema::Validator;
use serde_json::{Map, Value, json};

/// The description of all that we use.
pub struct DiscordDescription(HashMap<(String, String), DiscordOperation>);

struct DiscordOperation {
    body: Option<Validator>,
    query: Map<String, Value>,
    answers: HashMap<u16, Validator>,
}

impl DiscordDescription {
    /// The description from `API_SPECS`, read once; says so when that is not set.
    pub fn load() -> Option<&'static Self> {
        static DESCRIPTION: OnceLock<Option<DiscordDescription>> = OnceLock::new();
        DESCRIPTION.get_or_init(Self::read).as_ref()
    }

    fn read() -> Option<Self> {
        let Ok(specs) = std::env::var("API_SPECS") else {
            println!("skipped: API_SPECS is not set, so no call is checked");
            return None;
        };
        let text = std::fs::read_to_string(Path::new(&specs).join("discord-v10.trim.json"));
        let text = text.expect("API_SPECS holds Discord's description");
        let whole: Value = serde_json::from_str(&text).expect("the description is JSON");
        let mut strict = whole.clone();
        forbid_unknown_fields(&mut strict["components"]);
        let paths = whole["paths"].as_object().expect("paths").iter();
        let methods = paths.flat_map(|(path, methods)| {
            methods.as_object().into_iter().flatten().map(move |(method, it)| (path, method, it))
        });
        let used = methods.filter(|(_, _, it)| it["responses"].is_object());
        let all = used.map(|(path, method, described)| {
            let key = (method.to_uppercase(), path.clone());
            (key, DiscordOperation::read(&whole, &strict, described))
        });
        Some(Self(all.collect()))
    }

    /// What is wrong with a call: an unknown path or field, a missing field, a wrong value.
    pub fn check_call(&self, method: &str, path: &str, given: &Value) -> Vec<String> {
        match self.0.get(&(method.to_owned(), path.to_owned())) {
            None => vec![format!("no such call: {method} {path}")],
            Some(operation) => operation.check(given),
        }
    }

    /// What is wrong with an answer.
    pub fn check_answer(&self, method: &str, path: &str, status: u16, body: &Value) -> Vec<String> {
        let Some(operation) = self.0.get(&(method.to_owned(), path.to_owned())) else {
            return vec![format!("no such call: {method} {path}")];
        };
        match operation.answers.get(&status) {
            Some(validator) => errors(validator, body),
            None => vec![format!("no such answer: {status}")],
        }
    }
}

impl DiscordOperation {
    fn read(whole: &Value, strict: &Value, described: &Value) -> Self {
        let schema = &described["requestBody"]["content"]["application/json"]["schema"];
        let parameters = described["parameters"].as_array().into_iter().flatten();
        let query = parameters.filter(|it| it["in"] == "query");
        let query = query.filter_map(|it| Some((it["name"].as_str()?.to_owned(), it.clone())));
        let answers = described["responses"].as_object().into_iter().flatten();
        let answers = answers.filter_map(|(status, answer)| {
            let schema = &answer["content"]["application/json"]["schema"];
            Some((status.parse().ok()?, judge(whole, schema)))
        });
        Self {
            body: schema.is_object().then(|| judge(strict, schema)),
            query: query.collect(),
            answers: answers.collect(),
        }
    }

    fn check(&self, given: &Value) -> Vec<String> {
        if let Some(body) = &self.body {
            return errors(body, given);
        }
        let given = given.as_object().into_iter().flatten();
        let unknown = given.filter(|(name, _)| !self.query.contains_key(*name));
        unknown.map(|(name, _)| format!("/{name}: unknown")).collect()
    }
}

/// A schema may be none: then anything is right.
fn judge(whole: &Value, schema: &Value) -> Validator {
    let alone = json!({ "allOf": [schema_or_any(schema)], "components": whole["components"] });
    jsonschema::draft202012::new(&alone).expect("the description is a schema")
}

fn schema_or_any(schema: &Value) -> Value {
    if schema.is_object() { schema.clone() } else { json!({}) }
}

fn forbid_unknown_fields(schema: &mut Value) {
    match schema {
        Value::Object(object) => {
            if object.contains_key("properties") && object.get("type") == Some(&json!("object")) {
                object.entry("additionalProperties").or_insert(json!(false));
            }
            object.values_mut().for_each(forbid_unknown_fields);
        }
        Value::Array(all) => all.iter_mut().for_each(forbid_unknown_fields),
        _ => {}
    }
}

fn errors(validator: &Validator, value: &Value) -> Vec<String> {
    validator.iter_errors(value).map(|e| format!("{}: {e}", e.instance_path())).collect()
}

#[test]
fn the_description_finds_what_is_wrong() {
    let Some(description) = DiscordDescription::load() else { return };
    let none = Vec::<String>::new();
    let messages = "/channels/{channel_id}/messages";
    let says = |body| description.check_call("POST", messages, &body);
    assert_eq!(says(json!({ "content": "hi", "nonce": "n", "enforce_nonce": true })), none);
    assert_eq!(says(json!({ "content": "hi", "texte": "hi" })).len(), 1);
    assert_eq!(says(json!({ "content": "hi", "nonce": "n".repeat(26) })).len(), 1);
    let button = |button| {
        says(json!({ "content": "?", "components": [{ "type": 1, "components": [button] }] }))
    };
    assert_eq!(button(json!({ "type": 2, "style": 1, "label": "Yes", "custom_id": "y" })), none);
    assert_ne!(button(json!({ "type": 2, "label": "Yes", "custom_id": "y" })), none);
    assert_ne!(button(json!({ "type": 2, "style": 1, "colour": "red" })), none);
    let asks = |query| description.check_call("GET", messages, &query);
    assert_eq!(asks(json!({ "limit": "50", "after": "1" })), none);
    assert_eq!(asks(json!({ "since": "1" })), ["/since: unknown"]);
    assert_eq!(
        description.check_call("POST", "/nothing", &json!({})),
        ["no such call: POST /nothing"]
    );
    let bare = json!({ "id": "1" });
    assert_ne!(description.check_answer("POST", messages, 200, &bare), none);
}
