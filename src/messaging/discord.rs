//! Discord: a bot. It leads nowhere: whoever holds its token holds its connection.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderValue, Request, StatusCode, header};
use serde_json::Value;
use url::Url;
use zeroize::Zeroizing;

use crate::account::{ChatAccount, ChatAddress};
use crate::credential_format::{CredentialRejection, Vendor, recognise};
use crate::http::{Transport, call};
use crate::secret::{Audience, Secret, SecretKind};

/// The longest paste that is looked at, in bytes: a token has about 72 characters.
const PASTE_MAX: usize = 1024;

/// The fewest characters of a token's last part.
const LAST_PART_MIN: usize = 27;

/// Nobody waits longer for a yes or no.
const DEADLINE: Duration = Duration::from_secs(15);

/// The answer is one user.
const ANSWER_BYTES_MAX: usize = 64 * 1024;

/// Longest name (Discord's docs, "Usernames and Nicknames").
const NAME_CHARS_MAX: usize = 32;

/// The token in a paste: three parts with dots between.
pub(super) fn check_format(
    pasted: &str,
    audience: Audience,
) -> Result<Arc<Secret>, CredentialRejection> {
    if pasted.trim().is_empty() {
        return Err(CredentialRejection::Empty);
    }
    if pasted.len() > PASTE_MAX {
        return Err(CredentialRejection::TooLong);
    }
    let belongs = |c: char| c.is_ascii_alphanumeric() || "_-.".contains(c);
    let parts_of = |word: &str| word.split('.').map(str::len).collect::<Vec<_>>();
    let mut words = pasted.split(|c: char| !belongs(c)).map(|word| (word, parts_of(word)));
    let found = words.find(|(_, parts)| matches!(parts[..], [18..=30, 6..=8, _]));
    match found {
        Some((word, parts)) if parts[2] >= LAST_PART_MIN => {
            let value = Zeroizing::new(word.to_owned());
            Ok(Arc::new(Secret::new(SecretKind::DiscordToken, value, audience)))
        }
        Some(_) => Err(CredentialRejection::Truncated),
        None => Err(match recognise(pasted) {
            None | Some(Vendor::Discord) => CredentialRejection::Malformed,
            Some(vendor) => CredentialRejection::OtherVendor { vendor },
        }),
    }
}

/// Whose token this is.
pub(super) async fn check(
    transport: &dyn Transport,
    api: &Url,
    key: &Secret,
) -> Result<ChatAccount, CredentialRejection> {
    let token = key.expose_for_host(api.authority()).map_err(|_| CredentialRejection::Malformed)?;
    let mut url = api.clone();
    let path = ["api", "v10", "users", "@me"];
    url.path_segments_mut()
        .map_err(|()| CredentialRejection::VendorUnreachable)?
        .pop_if_empty()
        .extend(path);
    let shown = Zeroizing::new(format!("Bot {token}"));
    let mut shown = HeaderValue::from_str(&shown).map_err(|_| CredentialRejection::Malformed)?;
    shown.set_sensitive(true);
    let request =
        Request::get(url.as_str()).header(header::AUTHORIZATION, shown).body(Bytes::new());
    let request = request.map_err(|_| CredentialRejection::VendorUnreachable)?;
    let answer = call(transport, request, DEADLINE, ANSWER_BYTES_MAX).await;
    let answer = answer.map_err(|_| CredentialRejection::VendorUnreachable)?;
    match answer.status {
        StatusCode::OK => {}
        StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => {
            return Err(CredentialRejection::RefusedByVendor);
        }
        _ => return Err(CredentialRejection::VendorUnreachable),
    }
    let me: Value =
        serde_json::from_slice(&answer.body).map_err(|_| CredentialRejection::VendorUnreachable)?;
    let name = me["username"]
        .as_str()
        .filter(|it| is_name(it))
        .ok_or(CredentialRejection::VendorUnreachable)?;
    // A bot's id is its application's, which the link that installs it needs.
    let id = me["id"].as_str().filter(|it| it.parse::<u64>().is_ok()).unwrap_or_default();
    let name = format!("@{name} {id}").trim_end().to_owned();
    let address = ChatAddress { name, serves: None, by_hand: false };
    Ok(ChatAccount { addresses: vec![address] })
}

/// A name as Discord gives them, and short enough not to be the token.
fn is_name(text: &str) -> bool {
    (1..=NAME_CHARS_MAX).contains(&text.chars().count()) && !text.chars().any(char::is_control)
}
