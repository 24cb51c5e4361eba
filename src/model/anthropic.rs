//! Anthropic: keys of its API, judged and checked.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use http::{HeaderValue, StatusCode};
use url::Url;

use crate::credential_format::{CredentialRejection, JoinedPaste, Vendor, recognise};
use crate::http::{SharedTransport, call};
use crate::model::ModelVendor;
use crate::secret::{Audience, Secret, SecretKind};

#[cfg(test)]
mod tests;

/// The setting that says where the API is.
pub const API_SETTING: &str = "ANTHROPIC_API_URL";

/// The real API.
pub const API_URL: &str = "https://api.anthropic.com";

/// The setting that a command reads a key from.
const KEY_SETTING: &str = "ANTHROPIC_API_KEY";

/// The console page on which keys are made.
const KEY_PAGE: &str = "https://console.anthropic.com/settings/keys";

/// The longest paste that is looked at, in bytes: a key has about 110 characters.
const PASTE_MAX: usize = 1024;

/// What stands before a key of the API.
const API_KEY: &str = "sk-ant-api03-";

/// What stands before the tokens of a subscription login, which Anthropic allows its own programs
/// only.
const SUBSCRIPTION: [&str; 2] = ["sk-ant-oat", "sk-ant-ort"];

/// Characters after the prefix of a key as it is issued today; the last two are `AA`. It tells a
/// key from words behind it.
const KEY_LENGTH: usize = 95;

/// The fewest characters after the prefix that may be a key.
const KEY_MIN: usize = 20;

/// A list of one model takes a fraction of a second.
const DEADLINE: Duration = Duration::from_secs(15);

/// The answer is not read, only received.
const BODY_MAX: usize = 256 * 1024;

/// Anthropic's API, at its real address or another one.
pub struct Anthropic {
    transport: SharedTransport,
    api: Url,
    /// The hosts of the clouds' secret stores, which a key is handed to.
    stores: Vec<String>,
}

impl Anthropic {
    /// The API at `api`; keys may be handed to `stores` beside it.
    pub fn new(transport: SharedTransport, api: Url, stores: Vec<String>) -> Self {
        Self { transport, api, stores }
    }

    fn audience(&self) -> Audience {
        Audience::of(self.stores.iter().map(String::as_str).chain([self.api.authority()]))
    }

    /// The cheapest call there is: a list of one model.
    fn models_request(&self, key: &Secret) -> Option<http::Request<Bytes>> {
        let mut url = self.api.clone();
        url.path_segments_mut().ok()?.pop_if_empty().extend(["v1", "models"]);
        url.set_query(Some("limit=1"));
        let mut value = HeaderValue::from_str(key.expose_for_host(url.authority()).ok()?).ok()?;
        value.set_sensitive(true);
        http::Request::get(url.as_str())
            .header("x-api-key", value)
            .header("anthropic-version", "2023-06-01")
            .body(Bytes::new())
            .ok()
    }
}

#[async_trait]
impl ModelVendor for Anthropic {
    fn check_format(&self, pasted: &str) -> Result<Arc<Secret>, CredentialRejection> {
        if pasted.trim().is_empty() {
            return Err(CredentialRejection::Empty);
        }
        if pasted.len() > PASTE_MAX {
            return Err(CredentialRejection::TooLong);
        }
        let joined = JoinedPaste::of(pasted, |c| c.is_ascii_alphanumeric() || c == '-' || c == '_');
        let Some(start) = joined.text.find("sk-ant-") else {
            return Err(match recognise(pasted) {
                None | Some(Vendor::Anthropic) => CredentialRejection::Malformed,
                Some(vendor) => CredentialRejection::OtherVendor { vendor },
            });
        };
        let end = joined.text.len();
        let is_whole = |key: &&str| key.len() == API_KEY.len() + KEY_LENGTH && key.ends_with("AA");
        let whole = joined.candidates(start, end).find(is_whole);
        let key = whole.unwrap_or(&joined.text[start..]);
        judge_form(key)?;
        Ok(Arc::new(Secret::new(SecretKind::ModelKey, key.to_owned(), self.audience())))
    }

    async fn check(&self, key: &Secret) -> Result<(), CredentialRejection> {
        let request = self.models_request(key).ok_or(CredentialRejection::VendorUnreachable)?;
        let answer = call(&*self.transport, request, DEADLINE, BODY_MAX)
            .await
            .map_err(|_| CredentialRejection::VendorUnreachable)?;
        match answer.status {
            status if status.is_success() => Ok(()),
            // The key is known, and busy.
            StatusCode::TOO_MANY_REQUESTS => Ok(()),
            status if status.is_server_error() || status == StatusCode::REQUEST_TIMEOUT => {
                Err(CredentialRejection::VendorUnreachable)
            }
            _ => Err(CredentialRejection::RefusedByVendor),
        }
    }

    fn key_setting(&self) -> &'static str {
        KEY_SETTING
    }

    fn key_page(&self) -> &'static str {
        KEY_PAGE
    }
}

/// Whether this is a token of a subscription login and not a key of the API.
pub fn is_subscription(key: &str) -> bool {
    SUBSCRIPTION.iter().any(|prefix| key.starts_with(prefix))
}

fn judge_form(key: &str) -> Result<(), CredentialRejection> {
    if is_subscription(key) {
        return Err(CredentialRejection::Subscription);
    }
    let Some(body) = key.strip_prefix(API_KEY) else {
        let is_beginning = API_KEY.starts_with(key);
        return Err(if is_beginning {
            CredentialRejection::Truncated
        } else {
            CredentialRejection::Malformed
        });
    };
    if body.len() < KEY_MIN { Err(CredentialRejection::Truncated) } else { Ok(()) }
}
