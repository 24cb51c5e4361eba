//! Fly's own description of its API as a judge over requests and answers.

use std::collections::HashMap;
use std::path::Path;
use std::sync::OnceLock;

use jsonschema::Validator;
use serde_json::{Map, Value, json};

/// Where reality is known to differ from the description (see the recorded samples): keys whose
/// values the answers' check leaves out.
const DRIFTS: [&str; 2] = ["autostop", "status"];

/// Query parameters that Fly takes and the description lacks: method, path, name.
const UNDESCRIBED: [(&str, &str, &str); 3] = [
    ("POST", "/apps", "wait"),
    ("DELETE", "/apps/{app_name}", "force"),
    ("GET", "/apps/{app_name}/machines", "metadata"),
];

/// The description, ready to judge.
pub struct Contract {
    operations: Vec<ContractOperation>,
}

struct ContractOperation {
    method: String,
    path: String,
    queries: Vec<String>,
    body: Option<Validator>,
    answers: HashMap<u16, Validator>,
}

impl Contract {
    /// The description from `API_SPECS`, read once; says so when that is not set.
    pub fn load() -> Option<&'static Self> {
        static CONTRACT: OnceLock<Option<Contract>> = OnceLock::new();
        CONTRACT.get_or_init(Self::read).as_ref()
    }

    fn read() -> Option<Self> {
        let Ok(specs) = std::env::var("API_SPECS") else {
            println!("skipped: API_SPECS is not set, so no contract is checked");
            return None;
        };
        let file = Path::new(&specs).join("fly-machines-openapi3.json");
        let text = std::fs::read_to_string(&file).expect("API_SPECS holds Fly's description");
        let spec: Value = serde_json::from_str(&text).expect("the description is JSON");
        Some(Self { operations: operations(&spec) })
    }

    /// What is wrong with a request to `/v1/...`; nothing for the APIs that have no description.
    pub fn check_request(&self, method: &str, path: &str, body: Option<&Value>) -> Vec<String> {
        let Some(path) = path.strip_prefix("/v1") else { return Vec::new() };
        let (path, query) = path.split_once('?').unwrap_or((path, ""));
        let Some(operation) = self.operation(method, path) else {
            return vec![format!("no such operation: {method} {path}")];
        };
        let keys = query.split('&').filter(|pair| !pair.is_empty());
        let keys = keys.map(|pair| pair.split('=').next().unwrap_or_default());
        let unknown = keys.filter(|key| !operation.takes(key));
        let mut wrong: Vec<String> = unknown.map(|key| format!("no query {key}")).collect();
        match (body, &operation.body) {
            (Some(body), Some(validator)) => wrong.extend(errors(validator, body)),
            (Some(_), None) => wrong.push("takes no body".to_owned()),
            (None, _) => {}
        }
        wrong
    }

    /// What is wrong with an answer; nothing where the description has none.
    pub fn check_answer(&self, method: &str, path: &str, status: u16, body: &Value) -> Vec<String> {
        let path = path.strip_prefix("/v1").and_then(|path| path.split('?').next());
        let operation = path.and_then(|path| self.operation(method, path));
        match operation.and_then(|operation| operation.answers.get(&status)) {
            Some(validator) => errors(validator, &as_described(body)),
            None => Vec::new(),
        }
    }

    fn operation(&self, method: &str, path: &str) -> Option<&ContractOperation> {
        self.operations
            .iter()
            .find(|operation| operation.method == method && matches(&operation.path, path))
    }
}

impl ContractOperation {
    fn takes(&self, query: &str) -> bool {
        let undescribed = UNDESCRIBED.iter().any(|(method, path, name)| {
            *method == self.method && *path == self.path && query.starts_with(name)
        });
        undescribed || self.queries.iter().any(|known| known == query)
    }
}

fn matches(template: &str, path: &str) -> bool {
    let (template, path): (Vec<_>, Vec<_>) =
        (template.split('/').collect(), path.split('/').collect());
    template.len() == path.len()
        && template.iter().zip(path).all(|(known, part)| known.starts_with('{') || *known == part)
}

fn errors(validator: &Validator, value: &Value) -> Vec<String> {
    validator.iter_errors(value).map(|e| format!("{}: {e}", e.instance_path())).collect()
}

fn operations(spec: &Value) -> Vec<ContractOperation> {
    let mut operations = Vec::new();
    for (path, methods) in spec["paths"].as_object().into_iter().flatten() {
        for (method, described) in methods.as_object().into_iter().flatten() {
            if !["get", "post", "put", "patch", "delete"].contains(&method.as_str()) {
                continue;
            }
            let parameters = described["parameters"].as_array().into_iter().flatten();
            let queries = parameters
                .filter(|parameter| parameter["in"] == "query")
                .filter_map(|parameter| parameter["name"].as_str().map(str::to_owned));
            operations.push(ContractOperation {
                method: method.to_uppercase(),
                path: path.clone(),
                queries: queries.collect(),
                body: schema_of(&described["requestBody"]).map(|s| validator(spec, s, true)),
                answers: answers(spec, described),
            });
        }
    }
    operations
}

fn answers(spec: &Value, described: &Value) -> HashMap<u16, Validator> {
    let answers = described["responses"].as_object().into_iter().flatten();
    answers
        .filter_map(|(status, answer)| {
            let validator = validator(spec, schema_of(answer)?, false);
            Some((status.parse().ok()?, validator))
        })
        .collect()
}

fn schema_of(described: &Value) -> Option<&Value> {
    described["content"].as_object()?.values().next().map(|content| &content["schema"])
}

fn validator(spec: &Value, schema: &Value, strict: bool) -> Validator {
    let mut whole = schema.clone();
    whole["components"] = spec["components"].clone();
    if strict {
        forbid_unknown_fields(&mut whole);
    }
    jsonschema::draft7::new(&whole).expect("the description is a schema")
}

/// `allOf` with one reference is how the description attaches a text to a reference.
fn forbid_unknown_fields(schema: &mut Value) {
    match schema {
        Value::Object(object) => {
            let alone = object.contains_key("properties") && !object.contains_key("allOf");
            if alone && object.get("type") == Some(&json!("object")) {
                object.entry("additionalProperties").or_insert(json!(false));
            }
            object.values_mut().for_each(forbid_unknown_fields);
        }
        Value::Array(all) => all.iter_mut().for_each(forbid_unknown_fields),
        _ => {}
    }
}

/// An answer without nulls, with lower-case keys, and without what is known to differ.
fn as_described(answer: &Value) -> Value {
    match answer {
        Value::Object(object) => {
            let kept = object.iter().filter(|(key, value)| {
                let drifts = DRIFTS.contains(&key.as_str()) && !value.is_object();
                !value.is_null() && !drifts
            });
            let described: Map<String, Value> =
                kept.map(|(key, value)| (key.clone(), as_described(value))).collect();
            Value::Object(described)
        }
        Value::Array(all) => all.iter().map(as_described).collect(),
        other => other.clone(),
    }
}
