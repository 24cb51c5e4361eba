//! Twilio's APIs as Twilio describes them, as a judge over calls and answers.

use std::collections::HashMap;
use std::path::Path;
use std::sync::OnceLock;

use jsonschema::Validator;
use serde_json::{Map, Value, json};

const FILES: [&str; 4] = [
    "twilio-api-v2010.trim.json",
    "twilio-content-v1.json",
    "twilio-messaging-v1.trim.json",
    "twilio-messaging-v2.json",
];

/// Known from Twilio's documentation and not from its description: without `.json` a medium itself.
const UNDESCRIBED: [(&str, &str); 1] =
    [("GET", "/2010-04-01/Accounts/{AccountSid}/Messages/{MessageSid}/Media/{Sid}")];

/// The description of all the APIs that we use.
pub struct TwilioDescription(HashMap<(String, String), TwilioOperation>);

struct TwilioOperation {
    /// Parameters of a query or a form; a body in JSON is judged as a whole.
    fields: Map<String, Value>,
    required: Vec<String>,
    body: Option<Validator>,
    judges: HashMap<String, Validator>,
    answers: HashMap<u16, Validator>,
}

impl TwilioDescription {
    /// The description from `API_SPECS`, read once; says so when that is not set.
    pub fn load() -> Option<&'static Self> {
        static DESCRIPTION: OnceLock<Option<TwilioDescription>> = OnceLock::new();
        DESCRIPTION.get_or_init(Self::read).as_ref()
    }

    fn read() -> Option<Self> {
        let Ok(specs) = std::env::var("API_SPECS") else {
            println!("skipped: API_SPECS is not set, so no call is checked");
            return None;
        };
        let mut all = HashMap::new();
        for file in FILES {
            let text = std::fs::read_to_string(Path::new(&specs).join(file));
            let text = text.expect("API_SPECS holds Twilio's description");
            let whole: Value = serde_json::from_str(&text).expect("the description is JSON");
            for (path, methods) in whole["paths"].as_object().into_iter().flatten() {
                for method in ["get", "post", "delete"] {
                    if let Some(described) = methods.get(method) {
                        let key = (method.to_uppercase(), path.clone());
                        all.insert(key, TwilioOperation::read(&whole, described));
                    }
                }
            }
        }
        Some(Self(all))
    }

    /// What is wrong with a call: an unknown path or parameter, a missing parameter, a wrong value.
    pub fn check_call(&self, method: &str, path: &str, parameters: &Value) -> Vec<String> {
        if UNDESCRIBED.contains(&(method, path)) {
            return Vec::new();
        }
        match self.0.get(&(method.to_owned(), path.to_owned())) {
            None => vec![format!("no such call: {method} {path}")],
            Some(operation) => operation.check(parameters),
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

impl TwilioOperation {
    fn read(whole: &Value, described: &Value) -> Self {
        let (kind, schema) = content(&described["requestBody"]);
        let in_json = kind == "application/json";
        let form = if in_json { &Value::Null } else { resolved(whole, schema) };
        let mut fields = form["properties"].as_object().cloned().unwrap_or_default();
        let parameters = described["parameters"].as_array().into_iter().flatten();
        for parameter in parameters.filter(|it| it["in"] == "query") {
            let name = parameter["name"].as_str().unwrap_or_default();
            fields.insert(name.to_owned(), parameter["schema"].clone());
        }
        let required = form["required"].as_array().into_iter().flatten();
        let judges = fields.iter().map(|(name, schema)| (name.clone(), judge(whole, schema)));
        let answers = described["responses"].as_object().into_iter().flatten();
        let answers = answers.filter_map(|(status, answer)| {
            let (_, schema) = content(answer);
            (!schema.is_null()).then(|| Some((status.parse().ok()?, judge(whole, schema))))?
        });
        Self {
            required: required.filter_map(|it| it.as_str().map(str::to_owned)).collect(),
            body: in_json.then(|| strict(whole, schema)),
            judges: judges.collect(),
            answers: answers.collect(),
            fields,
        }
    }

    fn check(&self, parameters: &Value) -> Vec<String> {
        if let Some(body) = &self.body {
            return errors(body, parameters);
        }
        let Some(given) = parameters.as_object() else { return vec!["no parameters".to_owned()] };
        let missing = self.required.iter().filter(|name| !given.contains_key(*name));
        let mut wrong: Vec<String> = missing.map(|name| format!("/{name}: missing")).collect();
        for (name, value) in given {
            let Some(judge) = self.judges.get(name) else {
                wrong.push(format!("/{name}: unknown"));
                continue;
            };
            let value = as_typed(&self.fields[name], value);
            wrong.extend(errors(judge, &value).into_iter().map(|it| format!("/{name}{it}")));
        }
        wrong
    }
}

/// What came in a form is text; a list comes as its only element.
fn as_typed(schema: &Value, value: &Value) -> Value {
    let text = value.as_str().unwrap_or_default();
    match schema["type"].as_str() {
        Some("array") => json!([value]),
        Some("integer" | "number" | "boolean") => {
            serde_json::from_str(text).unwrap_or_else(|_| value.clone())
        }
        _ => value.clone(),
    }
}

fn content(described: &Value) -> (&str, &Value) {
    let kinds = described["content"].as_object().and_then(|kinds| kinds.iter().next());
    kinds.map_or(("", &Value::Null), |(kind, content)| (kind, &content["schema"]))
}

fn resolved<'a>(whole: &'a Value, schema: &'a Value) -> &'a Value {
    let place = schema["$ref"].as_str().and_then(|it| whole.pointer(it.strip_prefix('#')?));
    place.unwrap_or(schema)
}

fn judge(whole: &Value, schema: &Value) -> Validator {
    let mut alone = schema.clone();
    alone["components"] = whole["components"].clone();
    let mut alone = nullable(alone);
    // Beside a reference nothing else is looked at in this draft.
    if let Some(to) = alone.as_object_mut().and_then(|it| it.remove("$ref")) {
        alone["allOf"] = json!([{ "$ref": to }]);
    }
    jsonschema::draft7::new(&alone).expect("the description is a schema")
}

/// Nothing that is not described.
fn strict(whole: &Value, schema: &Value) -> Validator {
    let mut whole = whole.clone();
    forbid_unknown_fields(&mut whole["components"]);
    let mut schema = schema.clone();
    forbid_unknown_fields(&mut schema);
    judge(&whole, &schema)
}

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

/// `nullable` of OpenAPI 3.0, as a schema says it.
fn nullable(schema: Value) -> Value {
    match schema {
        Value::Object(object) => {
            let may_be_null = object.get("nullable") == Some(&json!(true));
            let mut object: Map<String, Value> =
                object.into_iter().map(|(name, value)| (name, nullable(value))).collect();
            if let (true, Some(Value::String(of))) = (may_be_null, object.get("type")) {
                let of = json!([of, "null"]);
                object.insert("type".to_owned(), of);
            }
            Value::Object(object)
        }
        Value::Array(all) => all.into_iter().map(nullable).collect(),
        other => other,
    }
}

fn errors(validator: &Validator, value: &Value) -> Vec<String> {
    validator.iter_errors(value).map(|e| format!("{}: {e}", e.instance_path())).collect()
}

#[test]
fn the_description_finds_what_is_wrong() {
    let Some(description) = TwilioDescription::load() else { return };
    let messages = "/2010-04-01/Accounts/{AccountSid}/Messages.json";
    let call = |path, parameters| description.check_call("POST", path, &parameters);
    let none = Vec::<String>::new();
    let media = json!({ "To": "whatsapp:+4915112345678", "MediaUrl": "https://a.example/b" });
    assert_eq!(call(messages, media), none);
    assert_eq!(call(messages, json!({ "Body": "hi" })), ["/To: missing"]);
    assert_eq!(call(messages, json!({ "To": "+1", "Text": "hi" })), ["/Text: unknown"]);
    assert_eq!(call(messages, json!({ "To": "+1", "ContentSid": "HX1" })).len(), 2);
    assert_eq!(call("/v1/Nothing", json!({})), ["no such call: POST /v1/Nothing"]);
    let asked = |size: &str| {
        let query = json!({ "PageSize": size });
        description.check_call("GET", messages, &query)
    };
    assert_eq!(asked("20"), none);
    assert_eq!((asked("many").len(), asked("0").len()), (1, 1));
    let content = |action: Value| {
        let types = json!({ "twilio/quick-reply": { "body": "?", "actions": [action] } });
        call("/v1/Content", json!({ "language": "en", "types": types }))
    };
    let action = json!({ "type": "QUICK_REPLY", "title": "Yes", "id": "yes" });
    assert_eq!(content(action), none);
    assert_ne!(content(json!({ "type": "QUICK_REPLY", "name": "Yes" })), none);
    let bare = json!({ "sid": 1 });
    assert_ne!(description.check_answer("POST", messages, 201, &bare), none);
}
