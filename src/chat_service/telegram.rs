//! Telegram: a bot and its webhook.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use http::{Method, Request, StatusCode, header};
use serde::Deserialize;
use serde_json::{Value, json};
use url::Url;
use zeroize::Zeroizing;

use super::{ChatService, ChatServiceProfile, ServiceAccess, ServiceApi, ServiceError, Webhook};
use crate::account::{ChatAccount, ChatAddress, ChatGuide};
use crate::credential_format::{CredentialRejection, Vendor, recognise};
use crate::http::{Transport, call};
use crate::secret::{Secret, SecretKind};
use crate::spec::RelayChannel;

/// The Bot API.
pub const API: ServiceApi =
    ServiceApi { setting: "TELEGRAM_API_URL", real: "https://api.telegram.org" };

/// Telegram: it calls the relay at a webhook.
pub(super) static PROFILE: ChatServiceProfile = ChatServiceProfile {
    apis: &[API],
    webhook_path: Some("/telegram"),
    guide: ChatGuide {
        channel: RelayChannel::Telegram,
        key_pages: &["https://t.me/BotFather"],
        chat_page: |address| Some(format!("https://t.me/{}", address.strip_prefix('@')?)),
        manual: None,
    },
    open: |access| Arc::new(Telegram(access)),
};

/// The longest paste that is looked at, in bytes: BotFather's whole message has a few hundred.
const PASTE_MAX: usize = 2048;

/// Characters behind the colon of a token.
const SECRET_CHARS: usize = 35;

/// Nobody waits longer for a yes or no.
const DEADLINE: Duration = Duration::from_secs(15);

/// The answers are a few fields.
const ANSWER_BYTES_MAX: usize = 64 * 1024;

/// Telegram keeps this many connections to a webhook at most: one person writes to a relay.
const CONNECTIONS_MAX: u32 = 4;

/// Longest name (<https://core.telegram.org/bots/features#botfather>: 5 to 32 characters).
const NAME_CHARS_MAX: usize = 32;

/// Telegram's bots.
struct Telegram(ServiceAccess);

impl Telegram {
    fn bot(&self, key: &Secret) -> Result<BotClient<'_>, ServiceError> {
        BotClient::of(&self.0, key).ok_or(ServiceError::Refused)
    }
}

#[async_trait]
impl ChatService for Telegram {
    fn profile(&self) -> &'static ChatServiceProfile {
        &PROFILE
    }

    /// The token stands alone, or in the midst of BotFather's message.
    fn check_format(&self, pasted: &str) -> Result<Arc<Secret>, CredentialRejection> {
        if pasted.trim().is_empty() {
            return Err(CredentialRejection::Empty);
        }
        if pasted.len() > PASTE_MAX {
            return Err(CredentialRejection::TooLong);
        }
        let words = pasted.split(|c: char| !is_token_character(c));
        let mut colons = words.filter_map(|word| word.split_once(':').map(|parts| (word, parts)));
        let found = colons.find(|(_, (id, _))| {
            (5..=16).contains(&id.len()) && id.bytes().all(|b| b.is_ascii_digit())
        });
        match found {
            Some((word, (_, secret))) if secret.len() == SECRET_CHARS && !secret.contains(':') => {
                let value = Zeroizing::new(word.to_owned());
                Ok(Arc::new(Secret::new(SecretKind::TelegramToken, value, self.0.audience(&[API]))))
            }
            Some((_, (_, secret))) if secret.len() < SECRET_CHARS => {
                Err(CredentialRejection::Truncated)
            }
            _ => Err(match recognise(pasted) {
                None | Some(Vendor::Telegram) => CredentialRejection::Malformed,
                Some(vendor) => CredentialRejection::OtherVendor { vendor },
            }),
        }
    }

    async fn check(&self, key: &Secret) -> Result<ChatAccount, CredentialRejection> {
        self.bot(key)?.check().await
    }

    async fn has_webhook(&self, _: &Secret, _: &str) -> Result<bool, ServiceError> {
        Ok(true)
    }

    async fn current_webhook(&self, key: &Secret, _: &str) -> Result<Option<String>, ServiceError> {
        self.bot(key)?.current_webhook().await
    }

    async fn set_webhook(
        &self,
        key: &Secret,
        _: &str,
        to: Webhook<'_>,
    ) -> Result<(), ServiceError> {
        self.bot(key)?.set_webhook(to).await
    }

    async fn restore_webhook(
        &self,
        key: &Secret,
        _: &str,
        before: Option<&str>,
    ) -> Result<(), ServiceError> {
        self.bot(key)?.restore_webhook(before).await
    }
}

/// A bot, as its token opens it.
struct BotClient<'a> {
    transport: &'a dyn Transport,
    /// `…/bot<token>/`: never printed.
    base: Zeroizing<String>,
}

#[derive(Deserialize)]
struct BotApiResponse {
    result: Option<Value>,
}

impl<'a> BotClient<'a> {
    /// A token that cannot leave its segment of the path.
    fn of(access: &'a ServiceAccess, key: &Secret) -> Option<Self> {
        let api = access.endpoints.url(&API);
        let token = key.expose_for_host(api.authority()).ok()?;
        if !token.chars().all(is_token_character) {
            return None;
        }
        let base = format!("{}/bot{token}/", api.as_str().trim_end_matches('/'));
        Some(Self { transport: &*access.transport, base: Zeroizing::new(base) })
    }

    async fn call(&self, method: &str, parameters: &Value) -> Result<Value, ServiceError> {
        let uri = Zeroizing::new(format!("{}{method}", self.base.as_str()));
        let request = Request::builder()
            .method(Method::POST)
            .uri(uri.as_str())
            .header(header::CONTENT_TYPE, "application/json")
            .body(Bytes::from(parameters.to_string()))
            .map_err(|_| ServiceError::Unreachable)?;
        let answer = call(self.transport, request, DEADLINE, ANSWER_BYTES_MAX).await;
        let answer = answer.map_err(|_| ServiceError::Unreachable)?;
        match answer.status {
            StatusCode::OK => {
                let read: BotApiResponse =
                    serde_json::from_slice(&answer.body).map_err(|_| ServiceError::Unreachable)?;
                read.result.ok_or(ServiceError::Unreachable)
            }
            StatusCode::UNAUTHORIZED
            | StatusCode::FORBIDDEN
            | StatusCode::NOT_FOUND
            | StatusCode::BAD_REQUEST => Err(ServiceError::Refused),
            _ => Err(ServiceError::Unreachable),
        }
    }

    async fn check(&self) -> Result<ChatAccount, CredentialRejection> {
        let none = json!({});
        let (me, serves) =
            futures::join!(self.call("getMe", &none), self.call("getWebhookInfo", &none));
        let me = me?;
        let username = me["username"].as_str().filter(|it| is_name(it));
        let username = username.ok_or(CredentialRejection::VendorUnreachable)?;
        let serves = host_of(&serves?);
        let address = ChatAddress { name: format!("@{username}"), serves, by_hand: false };
        Ok(ChatAccount { addresses: vec![address] })
    }

    async fn current_webhook(&self) -> Result<Option<String>, ServiceError> {
        let info = self.call("getWebhookInfo", &json!({})).await?;
        let url = info["url"].as_str().unwrap_or_default();
        Ok((!url.is_empty()).then(|| url.to_owned()))
    }

    async fn set_webhook(&self, to: Webhook<'_>) -> Result<(), ServiceError> {
        let parameters = json!({
            "url": to.url,
            "secret_token": to.secret,
            "max_connections": CONNECTIONS_MAX,
            "allowed_updates": adapters::telegram::UPDATE_KINDS,
        });
        self.call("setWebhook", &parameters).await.map(|_| ())
    }

    async fn restore_webhook(&self, before: Option<&str>) -> Result<(), ServiceError> {
        let done = match before {
            Some(url) => self.call("setWebhook", &json!({ "url": url })).await,
            None => self.call("deleteWebhook", &json!({})).await,
        };
        done.map(|_| ())
    }
}

fn is_token_character(c: char) -> bool {
    c.is_ascii_alphanumeric() || "_-:".contains(c)
}

/// A name as Telegram gives them.
fn is_name(text: &str) -> bool {
    (1..=NAME_CHARS_MAX).contains(&text.len())
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
}

/// The rest of a webhook's URL may hold what opens it.
fn host_of(info: &Value) -> Option<String> {
    let url = Url::parse(info["url"].as_str()?).ok()?;
    url.host_str().map(str::to_owned)
}
