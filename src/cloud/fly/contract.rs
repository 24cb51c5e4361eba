//! Checks requests against Fly's own description of its API, when `API_SPECS` says where it is.

use std::path::PathBuf;

use serde_json::{Value, json};

/// Query parameters that Fly's documentation or its own client names and the description does not.
const UNDESCRIBED: [(&str, &str); 2] = [("/apps", "wait"), ("/apps/{app_name}", "force")];

pub(super) struct Contract {
    description: Value,
}

impl Contract {
    /// The description, with fields that it does not know forbidden; `None` when it is out of reach.
    pub(super) fn load() -> Option<Self> {
        let Some(specs) = std::env::var_os("API_SPECS") else {
            eprintln!("skipped: API_SPECS is not set, so Fly's API description is out of reach");
            return None;
        };
        let file = std::fs::read(PathBuf::from(specs).join("fly-machines-openapi3.json")).unwrap();
        let mut description = serde_json::from_slice(&file).unwrap();
        forbid_unknown_fields(&mut description);
        Some(Self { description })
    }

    /// Panics when a request is not as described.
    pub(super) fn check(&self, method: &str, path: &str, query: &str, body: &Value) {
        let (template, operation) = self.operation(method, path);
        for (name, _) in url::form_urlencoded::parse(query.as_bytes()) {
            let described = operation["parameters"].as_array().is_some_and(|all| {
                all.iter().any(|one| one["in"] == "query" && one["name"] == *name)
            });
            let known = described || UNDESCRIBED.contains(&(template, &name));
            assert!(known, "{method} {template} has no query parameter {name}");
        }
        let schema = &operation["requestBody"]["content"]["application/json"]["schema"];
        if schema.is_null() {
            assert!(body.is_null(), "{method} {template} has no body");
            return;
        }
        let schema = json!({ "allOf": [schema], "components": self.description["components"] });
        let validator = jsonschema::validator_for(&schema).unwrap();
        let wrong: Vec<_> = validator.iter_errors(body).map(|error| error.to_string()).collect();
        assert!(wrong.is_empty(), "{method} {template}: {wrong:?}");
    }

    fn operation(&self, method: &str, path: &str) -> (&str, &Value) {
        let segments: Vec<_> = path.split('/').collect();
        let fits = |template: &str| {
            let template: Vec<_> = template.split('/').collect();
            template.len() == segments.len()
                && template
                    .iter()
                    .zip(&segments)
                    .all(|(expected, found)| expected.starts_with('{') || expected == found)
        };
        self.description["paths"]
            .as_object()
            .unwrap()
            .iter()
            .filter(|(template, _)| fits(template))
            .find_map(|(template, all)| Some((template.as_str(), all.get(method.to_lowercase())?)))
            .unwrap_or_else(|| panic!("Fly's description has no {method} {path}"))
    }
}

fn forbid_unknown_fields(schema: &mut Value) {
    match schema {
        Value::Object(fields) => {
            fields.values_mut().for_each(forbid_unknown_fields);
            if fields.get("type").is_some_and(|kind| kind == "object")
                && fields.contains_key("properties")
            {
                fields.insert("additionalProperties".to_owned(), Value::Bool(false));
            }
        }
        Value::Array(items) => items.iter_mut().for_each(forbid_unknown_fields),
        _ => {}
    }
}
