//! Discord: a bot. It leads nowhere: whoever holds its token holds its connection.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use http::{HeaderValue, Request, StatusCode, header};
use serde_json::Value;
use zeroize::Zeroizing;

use super::{ChatService, ChatServiceProfile, ServiceAccess, ServiceApi};
use crate::account::{ChatAccount, ChatAddress, ChatGuide};
use crate::credential_format::{CredentialRejection, Vendor, recognise};
use crate::http::call;
use crate::secret::{Secret, SecretKind};
use crate::spec::RelayChannel;

/// The API, without its version.
pub const API: ServiceApi = ServiceApi { setting: "DISCORD_API_URL", real: "https://discord.com" };

/// Discord: a relay holds a connection, so it needs no public URL.
pub(super) static PROFILE: ChatServiceProfile = ChatServiceProfile {
    apis: &[API],
    webhook_path: None,
    guide: ChatGuide {
        channel: RelayChannel::Discord,
        key_pages: &["https://discord.com/developers/applications"],
        chat_page: install_link,
        manual: None,
    },
    open: |access| Arc::new(Discord(access)),
};

/// The digits that an application id has at least (a snowflake since 2015).
const APPLICATION_ID_DIGITS_MIN: usize = 17;

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

/// Discord's bots.
struct Discord(ServiceAccess);

#[async_trait]
impl ChatService for Discord {
    fn profile(&self) -> &'static ChatServiceProfile {
        &PROFILE
    }

    /// Three parts with dots between.
    fn check_format(&self, pasted: &str) -> Result<Arc<Secret>, CredentialRejection> {
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
                Ok(Arc::new(Secret::new(SecretKind::DiscordToken, value, self.0.audience(&[API]))))
            }
            Some(_) => Err(CredentialRejection::Truncated),
            None => Err(match recognise(pasted) {
                None | Some(Vendor::Discord) => CredentialRejection::Malformed,
                Some(vendor) => CredentialRejection::OtherVendor { vendor },
            }),
        }
    }

    async fn check(&self, key: &Secret) -> Result<ChatAccount, CredentialRejection> {
        let api = self.0.endpoints.url(&API);
        let token =
            key.expose_for_host(api.authority()).map_err(|_| CredentialRejection::Malformed)?;
        let mut url = api.clone();
        let path = ["api", "v10", "users", "@me"];
        url.path_segments_mut()
            .map_err(|()| CredentialRejection::VendorUnreachable)?
            .pop_if_empty()
            .extend(path);
        let shown = Zeroizing::new(format!("Bot {token}"));
        let mut shown =
            HeaderValue::from_str(&shown).map_err(|_| CredentialRejection::Malformed)?;
        shown.set_sensitive(true);
        let request =
            Request::get(url.as_str()).header(header::AUTHORIZATION, shown).body(Bytes::new());
        let request = request.map_err(|_| CredentialRejection::VendorUnreachable)?;
        let answer = call(&*self.0.transport, request, DEADLINE, ANSWER_BYTES_MAX).await;
        let answer = answer.map_err(|_| CredentialRejection::VendorUnreachable)?;
        match answer.status {
            StatusCode::OK => {}
            StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => {
                return Err(CredentialRejection::RefusedByVendor);
            }
            _ => return Err(CredentialRejection::VendorUnreachable),
        }
        let me: Value = serde_json::from_slice(&answer.body)
            .map_err(|_| CredentialRejection::VendorUnreachable)?;
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
}

/// The link that installs the application of a bot. An address may end in the application's id
/// (`@ada_bot 123456789012345678`), which the link needs.
fn install_link(address: &str) -> Option<String> {
    let id = address.rsplit([' ', '(']).next()?.trim_end_matches(')');
    let is_id =
        id.len() >= APPLICATION_ID_DIGITS_MIN && id.bytes().all(|byte| byte.is_ascii_digit());
    is_id.then(|| format!("https://discord.com/oauth2/authorize?client_id={id}"))
}

/// A name as Discord gives them, and short enough not to be the token.
fn is_name(text: &str) -> bool {
    (1..=NAME_CHARS_MAX).contains(&text.chars().count()) && !text.chars().any(char::is_control)
}
