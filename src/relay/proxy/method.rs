//! The methods of the vendor's API that the agent may call.

use http::header::UPGRADE;
use http::request::Parts;
use http::{Method, StatusCode};

#[cfg(test)]
mod tests;

/// Longest name of a model, in bytes: the vendor's have some thirty.
const MODEL_BYTES_MAX: usize = 128;

/// A method of the vendor that passes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum VendorMethod {
    /// `POST /v1/messages`: the only one that costs tokens.
    CreateMessage,
    /// `POST /v1/messages/count_tokens`.
    CountTokens,
    /// `GET /v1/models` and `GET /v1/models/{id}`.
    ReadModels,
}

impl VendorMethod {
    /// The method that this head asks for. Paths are compared byte for byte, so that no second
    /// spelling of a path reaches the vendor.
    ///
    /// # Errors
    /// The status to refuse it with: 404 for a path that is not listed, 405 for another HTTP method
    /// or a change of protocol.
    pub(super) fn of(head: &Parts) -> Result<Self, StatusCode> {
        let is_origin_form = head.uri.authority().is_none() && head.method != Method::CONNECT;
        if !is_origin_form {
            return Err(StatusCode::NOT_FOUND);
        }
        let (method, allowed) = match head.uri.path() {
            "/v1/messages" => (Self::CreateMessage, Method::POST),
            "/v1/messages/count_tokens" => (Self::CountTokens, Method::POST),
            "/v1/models" => (Self::ReadModels, Method::GET),
            path if path.strip_prefix("/v1/models/").is_some_and(is_model) => {
                (Self::ReadModels, Method::GET)
            }
            _ => return Err(StatusCode::NOT_FOUND),
        };
        if head.method != allowed || head.headers.contains_key(UPGRADE) {
            return Err(StatusCode::METHOD_NOT_ALLOWED);
        }
        Ok(method)
    }
}

/// Whether this is a single, plain segment of a path: no dots alone, no escapes, no slashes.
fn is_model(segment: &str) -> bool {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
    segment.len() <= MODEL_BYTES_MAX
        && segment.bytes().all(is_plain)
        && segment.starts_with(|first: char| first.is_ascii_alphanumeric())
}
