//! The headers that pass between the agent and the vendor.

use http::HeaderMap;
use http::header::HeaderValue;

use super::token::X_API_KEY;

/// The caller's headers that the vendor is told; a name that ends in `-` stands for all that begin
/// with it. `accept-encoding` is not among them: a coded answer would hide its usage.
const TO_THE_VENDOR: [&str; 6] =
    ["accept", "anthropic-", "content-type", "user-agent", "x-app", "x-stainless-"];

/// The vendor's headers that the caller is told: the kind of the body, and the time to ask again.
const TO_THE_CALLER: [&str; 7] = [
    "anthropic-",
    "content-encoding",
    "content-type",
    "request-id",
    "retry-after",
    "retry-after-ms",
    "x-should-retry",
];

/// The headers of a call that the vendor is told.
pub(super) fn to_the_vendor(headers: &HeaderMap) -> HeaderMap {
    only(&TO_THE_VENDOR, headers)
}

/// The headers of an answer that the agent is told.
pub(super) fn to_the_caller(headers: &HeaderMap) -> HeaderMap {
    only(&TO_THE_CALLER, headers)
}

/// The headers that are named, each as often as it came.
fn only(names: &[&str], headers: &HeaderMap) -> HeaderMap {
    let is_named = |header: &str| {
        names.iter().any(|name| match name.strip_suffix('-') {
            Some(_) => header.starts_with(name),
            None => header == *name,
        })
    };
    let named = headers.iter().filter(|(header, _)| is_named(header.as_str()));
    named.map(|(header, value)| (header.clone(), value.clone())).collect()
}

/// Shows the key as the vendor wants to see it; `None` when it cannot stand in a header.
pub(super) fn authorize(headers: &mut HeaderMap, key: &str) -> Option<()> {
    let mut value = HeaderValue::try_from(key).ok()?;
    value.set_sensitive(true);
    headers.insert(X_API_KEY, value);
    Some(())
}
