//! Telegram's Bot API as it is described, as a judge over calls, answers and updates.

use std::path::Path;
use std::sync::OnceLock;

use serde_json::{Map, Value};

/// The description of the Bot API.
pub struct TelegramDescription {
    methods: Map<String, Value>,
    types: Map<String, Value>,
}

impl TelegramDescription {
    /// The description from `API_SPECS`, read once; says so when that is not set.
    pub fn load() -> Option<&'static Self> {
        static DESCRIPTION: OnceLock<Option<TelegramDescription>> = OnceLock::new();
        DESCRIPTION.get_or_init(Self::read).as_ref()
    }

    fn read() -> Option<Self> {
        let Ok(specs) = std::env::var("API_SPECS") else {
            println!("skipped: API_SPECS is not set, so no call is checked");
            return None;
        };
        let file = Path::new(&specs).join("telegram-bot-api.json");
        let text = std::fs::read_to_string(&file).expect("API_SPECS holds Telegram's description");
        let mut whole: Value = serde_json::from_str(&text).expect("the description is JSON");
        let mut part = |name: &str| whole[name].take().as_object().cloned().expect("a table");
        Some(Self { methods: part("methods"), types: part("types") })
    }

    /// What is wrong with a call: an unknown method or parameter, a missing parameter, a wrong
    /// type.
    pub fn check_call(&self, method: &str, parameters: &Value) -> Vec<String> {
        match self.method(method) {
            None => vec![format!("no such method: {method}")],
            Some(method) => self.check_fields(&method["fields"], parameters, "", true),
        }
    }

    /// What is wrong with the result of a method.
    pub fn check_result(&self, method: &str, result: &Value) -> Vec<String> {
        match self.method(method) {
            None => vec![format!("no such method: {method}")],
            Some(method) => self.check_any(&method["returns"], result, "", false),
        }
    }

    /// Names of methods come in any case.
    fn method(&self, name: &str) -> Option<&Value> {
        let mut all = self.methods.iter();
        all.find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, method)| method)
    }

    /// `as_text`: values that came in a form are text, with numbers and objects written as JSON.
    fn check_fields(&self, fields: &Value, given: &Value, at: &str, as_text: bool) -> Vec<String> {
        let known = fields.as_array().map(Vec::as_slice).unwrap_or_default();
        let Some(given) = given.as_object() else { return vec![format!("{at}: not an object")] };
        let named = |field: &Value, name: &str| field["name"] == name;
        let mut wrong: Vec<String> = given
            .keys()
            .filter(|name| !known.iter().any(|field| named(field, name)))
            .map(|name| format!("{at}/{name}: unknown"))
            .collect();
        for field in known {
            let name = field["name"].as_str().unwrap_or_default();
            match given.get(name) {
                None if field["required"] == true => wrong.push(format!("{at}/{name}: missing")),
                None => {}
                Some(value) => {
                    let place = format!("{at}/{name}");
                    wrong.extend(self.check_any(&field["types"], value, &place, as_text));
                }
            }
        }
        wrong
    }

    /// Right if one of the types takes it; else what the nearest says.
    fn check_any(&self, types: &Value, value: &Value, at: &str, as_text: bool) -> Vec<String> {
        let types = types.as_array().into_iter().flatten().filter_map(Value::as_str);
        let wrongs = types.map(|of| self.check_type(of, value, at, as_text));
        wrongs.min_by_key(Vec::len).unwrap_or_default()
    }

    fn check_type(&self, of: &str, value: &Value, at: &str, as_text: bool) -> Vec<String> {
        if let (true, Value::String(text), false) = (as_text, value, of == "String") {
            let is_file = of == "InputFile" && text.starts_with("attach://");
            return match serde_json::from_str(text) {
                _ if is_file => Vec::new(),
                Ok(read) => self.check_type(of, &read, at, false),
                Err(_) => vec![format!("{at}: not a {of}")],
            };
        }
        if let Some(of) = of.strip_prefix("Array of ") {
            let Some(all) = value.as_array() else { return vec![format!("{at}: not a list")] };
            let each = all.iter().enumerate();
            return each
                .flat_map(|(n, it)| self.check_type(of, it, &format!("{at}/{n}"), false))
                .collect();
        }
        let is_one = match of {
            "Integer" => value.is_i64() || value.is_u64(),
            "Float" => value.is_number(),
            "Boolean" => value.is_boolean(),
            "String" => value.is_string(),
            _ => return self.check_object(of, value, at),
        };
        if is_one { Vec::new() } else { vec![format!("{at}: not a {of}")] }
    }

    fn check_object(&self, of: &str, value: &Value, at: &str) -> Vec<String> {
        let Some(described) = self.types.get(of) else {
            return vec![format!("{at}: no type {of}")];
        };
        if described["subtypes"].is_array() {
            return self.check_any(&described["subtypes"], value, at, false);
        }
        self.check_fields(&described["fields"], value, at, false)
    }
}

#[test]
fn the_description_finds_what_is_wrong() {
    use serde_json::json;
    let Some(description) = TelegramDescription::load() else { return };
    let call = |method, parameters| description.check_call(method, &parameters);
    let none = Vec::<String>::new();
    let keyboard = json!({ "inline_keyboard": [[{ "text": "Yes", "callback_data": "yes" }]] });
    assert_eq!(call("SENDMESSAGE", json!({ "chat_id": 1, "text": "hi" })), none);
    assert_eq!(call("sendMessage", json!({ "chat_id": "1", "text": "7" })), none);
    let with_keyboard = json!({ "chat_id": 1, "text": "hi", "reply_markup": keyboard.to_string() });
    assert_eq!(call("sendMessage", with_keyboard), none);
    assert_eq!(call("sendNothing", json!({})), ["no such method: sendNothing"]);
    assert_eq!(call("sendMessage", json!({ "chat_id": 1 })), ["/text: missing"]);
    let odd = json!({ "chat_id": 1, "text": "hi", "texte": "hi" });
    assert_eq!(call("sendMessage", odd), ["/texte: unknown"]);
    assert_eq!(call("getUpdates", json!({ "offset": "ten" })), ["/offset: not a Integer"]);
    let colour = json!([[{ "text": "Yes", "colour": "red" }]]);
    let colour =
        json!({ "chat_id": 1, "text": "hi", "reply_markup": { "inline_keyboard": colour } });
    assert_eq!(call("sendMessage", colour), ["/reply_markup/inline_keyboard/0/0/colour: unknown"]);
    let bare = json!({ "message_id": 1 });
    assert_eq!(
        description.check_result("sendMessage", &bare),
        ["/date: missing", "/chat: missing"]
    );
}
