//! A method's parameters: in the query, as JSON, urlencoded or multipart.

use axum::body::Body;
use axum::extract::{FromRequest, Multipart, Request};
use axum::http::header::CONTENT_TYPE;
use bytes::Bytes;
use serde_json::{Map, Value};
use url::form_urlencoded;

/// The largest request, in bytes: a file of 50 MB and the rest of the body.
const BODY_MAX: usize = 51 << 20;

/// Parameters by name; files apart.
#[derive(Default)]
pub struct Parameters {
    pub values: Map<String, Value>,
    pub files: Vec<UploadedFile>,
}

/// A file in a multipart request.
pub struct UploadedFile {
    pub part: String,
    pub name: String,
    pub bytes: Bytes,
}

impl Parameters {
    pub async fn read(request: Request) -> Option<Self> {
        let mut all = Self::default();
        if let Some(query) = request.uri().query() {
            all.take_form(query.as_bytes());
        }
        let kind = request.headers().get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
        let kind = kind.unwrap_or_default().to_ascii_lowercase();
        if kind.starts_with("multipart/form-data") {
            all.take_parts(request).await?;
            return Some(all);
        }
        let body = read_body(request.into_body()).await?;
        if kind.starts_with("application/json") {
            if !body.is_empty() {
                let Value::Object(more) = serde_json::from_slice(&body).ok()? else { return None };
                all.values.extend(more);
            }
        } else {
            all.take_form(&body);
        }
        Some(all)
    }

    /// Values in a form are text; numbers, lists and objects are written as JSON.
    fn take_form(&mut self, form: &[u8]) {
        for (name, value) in form_urlencoded::parse(form) {
            self.values.insert(name.into_owned(), Value::String(value.into_owned()));
        }
    }

    async fn take_parts(&mut self, request: Request) -> Option<()> {
        let (parts, body) = request.into_parts();
        let body = read_body(body).await?;
        let request = Request::from_parts(parts, Body::from(body));
        let mut parts = Multipart::from_request(request, &()).await.ok()?;
        while let Some(part) = parts.next_field().await.ok()? {
            let name = part.name()?.to_owned();
            match part.file_name().map(str::to_owned) {
                Some(file) => {
                    let bytes = part.bytes().await.ok()?;
                    self.files.push(UploadedFile { part: name, name: file, bytes });
                }
                None => {
                    self.values.insert(name, Value::String(part.text().await.ok()?));
                }
            }
        }
        Some(())
    }

    /// Every parameter by name, with the files that no other parameter names.
    pub fn named(&self) -> Value {
        let mut all = self.values.clone();
        for file in &self.files {
            let reference = Value::String(format!("attach://{}", file.part));
            if !self.values.values().any(|value| *value == reference) {
                all.insert(file.part.clone(), reference);
            }
        }
        Value::Object(all)
    }

    pub fn text(&self, name: &str) -> Option<String> {
        match self.values.get(name)? {
            Value::String(text) => Some(text.clone()),
            Value::Number(number) => Some(number.to_string()),
            _ => None,
        }
    }

    pub fn number(&self, name: &str) -> Option<i64> {
        self.text(name)?.parse().ok()
    }

    pub fn flag(&self, name: &str) -> bool {
        matches!(self.values.get(name), Some(Value::Bool(true)))
            || self.text(name).is_some_and(|text| text.eq_ignore_ascii_case("true"))
    }

    /// A list or an object, as such or written as JSON.
    pub fn structure(&self, name: &str) -> Option<Value> {
        match self.values.get(name)? {
            Value::String(text) => serde_json::from_str(text).ok(),
            other => Some(other.clone()),
        }
    }
}

async fn read_body(body: Body) -> Option<Bytes> {
    axum::body::to_bytes(body, BODY_MAX).await.ok()
}
