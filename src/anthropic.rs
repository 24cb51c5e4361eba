//! Anthropic, as far as a deployment needs it: is this model key a key, and is it alive?

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderValue, StatusCode};
use url::Url;
use zeroize::Zeroizing;

use crate::credential_format::{CredentialRejection, Vendor, recognise};
use crate::http::{Transport, call};
use crate::secret::{Audience, Secret, SecretKind};

#[cfg(test)]
mod tests;

/// The longest paste that is looked at, in bytes: a key has about 110 characters.
pub const PASTE_MAX: usize = 1024;

/// What stands before a key of the API.
const API_KEY: &str = "sk-ant-api03-";

/// What stands before the tokens of a subscription login, which Anthropic allows its own programs
/// only.
const SUBSCRIPTION: [&str; 2] = ["sk-ant-oat", "sk-ant-ort"];

/// The fewest characters after the prefix. Real keys have 95.
const KEY_MIN: usize = 20;

/// A list of one model takes a fraction of a second.
const DEADLINE: Duration = Duration::from_secs(15);

/// The answer is not read, only received.
const BODY_MAX: usize = 256 * 1024;

/// What can be said of a pasted model key without asking anybody. Only `audience` may see it.
pub fn check_format(pasted: &str, audience: Audience) -> Result<Arc<Secret>, CredentialRejection> {
    if pasted.trim().is_empty() {
        return Err(CredentialRejection::Empty);
    }
    if pasted.len() > PASTE_MAX {
        return Err(CredentialRejection::TooLong);
    }
    let is_dirt = |c: char| !c.is_ascii_graphic() || "\"'`<>,;".contains(c);
    let clean = Zeroizing::new(pasted.split(is_dirt).collect::<String>());
    let Some(start) = clean.find("sk-ant-") else {
        return Err(match recognise(pasted) {
            None | Some(Vendor::Anthropic) => CredentialRejection::Malformed,
            Some(vendor) => CredentialRejection::OtherVendor { vendor },
        });
    };
    let key = &clean[start..];
    judge_form(key)?;
    Ok(Arc::new(Secret::new(SecretKind::ModelKey, key.to_owned(), audience)))
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
    if !body.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_') {
        return Err(CredentialRejection::Malformed);
    }
    if body.len() < KEY_MIN { Err(CredentialRejection::Truncated) } else { Ok(()) }
}

/// Whether the API takes this key; whether there is credit left only a message would tell.
///
/// # Errors
/// [`CredentialRejection::RefusedByVendor`] when Anthropic says no,
/// [`CredentialRejection::VendorUnreachable`] when it says nothing.
pub async fn check(
    transport: &dyn Transport,
    base: &Url,
    key: &Secret,
) -> Result<(), CredentialRejection> {
    let request = models_request(base, key).ok_or(CredentialRejection::VendorUnreachable)?;
    let answer = call(transport, request, DEADLINE, BODY_MAX)
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

/// The cheapest call there is: a list of one model.
fn models_request(base: &Url, key: &Secret) -> Option<http::Request<Bytes>> {
    let mut url = base.clone();
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
