//! Twilio: an account, and the WhatsApp senders that it has.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::{HeaderValue, Method, Request, StatusCode, header};
use serde_json::{Value, json};
use url::Url;
use zeroize::Zeroizing;

use super::{ChatService, ChatServiceProfile, ServiceAccess, ServiceApi, ServiceError, Webhook};
use crate::account::{ChatAccount, ChatAddress, ChatGuide, ManualAddress};
use crate::credential_format::{CredentialRejection, Vendor, recognise};
use crate::http::call;
use crate::secret::{Secret, SecretKind};
use crate::spec::RelayChannel;

/// The account and its messages.
pub const API: ServiceApi =
    ServiceApi { setting: "TWILIO_API_URL", real: "https://api.twilio.com" };

/// The senders.
pub const MESSAGING: ServiceApi =
    ServiceApi { setting: "TWILIO_MESSAGING_URL", real: "https://messaging.twilio.com" };

/// The templates of messages with buttons.
pub const CONTENT: ServiceApi =
    ServiceApi { setting: "TWILIO_CONTENT_URL", real: "https://content.twilio.com" };

/// All of them see a key.
pub const APIS: &[ServiceApi] = &[API, MESSAGING, CONTENT];

/// WhatsApp through Twilio.
///
/// A message that was not taken is delivered again and again, after any failure (Twilio's docs,
/// "Webhooks: Connection overrides"): the usual one retry would lose what comes during a restart.
pub(super) static PROFILE: ChatServiceProfile = ChatServiceProfile {
    apis: APIS,
    webhook_path: Some("/whatsapp#rc=5&rp=all"),
    guide: ChatGuide {
        channel: RelayChannel::WhatsApp,
        key_pages: &["https://console.twilio.com", SANDBOX_PAGE],
        chat_page,
        manual: Some(ManualAddress { name: SANDBOX_NUMBER, page: SANDBOX_PAGE }),
    },
    open: |access| Arc::new(Twilio(access)),
};

/// The page on which the sandbox is joined and led to a relay.
const SANDBOX_PAGE: &str = "https://console.twilio.com/us1/develop/sms/try-it-out/whatsapp-learn";

/// The longest paste that is looked at, in bytes.
const PASTE_MAX: usize = 2048;

/// Hexadecimal digits of an id behind its two letters, and of an Auth Token.
const DIGITS: usize = 32;

/// Nobody waits longer for a yes or no.
const DEADLINE: Duration = Duration::from_secs(15);

/// A list of senders.
const ANSWER_BYTES_MAX: usize = 256 * 1024;

/// Twilio's sandbox, which every account may use; only the console leads it anywhere.
const SANDBOX_NUMBER: &str = "+14155238886";

/// WhatsApp numbers of Twilio's accounts.
struct Twilio(ServiceAccess);

impl Twilio {
    fn account<'a>(&'a self, key: &'a Secret) -> TwilioAccount<'a> {
        TwilioAccount { access: &self.0, key }
    }
}

#[async_trait]
impl ChatService for Twilio {
    fn profile(&self) -> &'static ChatServiceProfile {
        &PROFILE
    }

    /// An account's id and its Auth Token, in either order.
    fn check_format(&self, pasted: &str) -> Result<Arc<Secret>, CredentialRejection> {
        if pasted.trim().is_empty() {
            return Err(CredentialRejection::Empty);
        }
        if pasted.len() > PASTE_MAX {
            return Err(CredentialRejection::TooLong);
        }
        let words: Vec<&str> = pasted.split(|c: char| !c.is_ascii_alphanumeric()).collect();
        let is_hex = |word: &str| word.bytes().all(|b| b.is_ascii_hexdigit());
        let sid = words.iter().find_map(|it| it.strip_prefix("AC").filter(|it| is_hex(it)));
        let token = words.iter().find(|it| (DIGITS - 6..=DIGITS).contains(&it.len()) && is_hex(it));
        match (sid, token) {
            (Some(sid), Some(token)) if sid.len() == DIGITS && token.len() == DIGITS => {
                let value = Zeroizing::new(format!("AC{sid} {token}"));
                Ok(Arc::new(Secret::new(SecretKind::TwilioKey, value, self.0.audience(APIS))))
            }
            (Some(_), _) => Err(CredentialRejection::Truncated),
            _ => Err(match recognise(pasted) {
                None | Some(Vendor::Twilio) => CredentialRejection::Malformed,
                Some(vendor) => CredentialRejection::OtherVendor { vendor },
            }),
        }
    }

    async fn check(&self, key: &Secret) -> Result<ChatAccount, CredentialRejection> {
        self.account(key).check().await
    }

    /// The sandbox's number is led by hand.
    async fn has_webhook(&self, key: &Secret, number: &str) -> Result<bool, ServiceError> {
        Ok(self.account(key).sender(number).await?.is_some())
    }

    async fn current_webhook(
        &self,
        key: &Secret,
        number: &str,
    ) -> Result<Option<String>, ServiceError> {
        let sender = self.account(key).sender(number).await?;
        Ok(sender.as_ref().and_then(callback_url).map(str::to_owned))
    }

    async fn set_webhook(
        &self,
        key: &Secret,
        number: &str,
        to: Webhook<'_>,
    ) -> Result<(), ServiceError> {
        self.account(key).post_webhook(number, to.url).await
    }

    async fn restore_webhook(
        &self,
        key: &Secret,
        number: &str,
        before: Option<&str>,
    ) -> Result<(), ServiceError> {
        self.account(key).post_webhook(number, before.unwrap_or_default()).await
    }
}

/// The page on which a person writes to this number.
fn chat_page(number: &str) -> Option<String> {
    let digits: String = number.chars().filter(char::is_ascii_digit).collect();
    Some(format!("https://wa.me/{digits}"))
}

/// An account's id and its Auth Token, of a key that was judged.
pub fn parts(key: &str) -> Option<(&str, &str)> {
    key.split_once(' ')
}

/// An account, as its key opens it.
struct TwilioAccount<'a> {
    access: &'a ServiceAccess,
    key: &'a Secret,
}

impl TwilioAccount<'_> {
    async fn call(
        &self,
        method: Method,
        url: Url,
        body: Option<Value>,
    ) -> Result<Value, ServiceError> {
        let key = self.key.expose_for_host(url.authority()).map_err(|_| ServiceError::Refused)?;
        let (sid, token) = parts(key).ok_or(ServiceError::Refused)?;
        let basic = Zeroizing::new(STANDARD.encode(format!("{sid}:{token}")));
        let mut basic = HeaderValue::from_str(&format!("Basic {}", basic.as_str()))
            .map_err(|_| ServiceError::Refused)?;
        basic.set_sensitive(true);
        let request = Request::builder()
            .method(method)
            .uri(url.as_str())
            .header(header::AUTHORIZATION, basic)
            .header(header::CONTENT_TYPE, "application/json")
            .body(Bytes::from(body.map(|it| it.to_string()).unwrap_or_default()))
            .map_err(|_| ServiceError::Unreachable)?;
        let answer = call(&*self.access.transport, request, DEADLINE, ANSWER_BYTES_MAX).await;
        let answer = answer.map_err(|_| ServiceError::Unreachable)?;
        match answer.status {
            status if status.is_success() => {
                serde_json::from_slice(&answer.body).map_err(|_| ServiceError::Unreachable)
            }
            StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN | StatusCode::NOT_FOUND => {
                Err(ServiceError::Refused)
            }
            _ => Err(ServiceError::Unreachable),
        }
    }

    fn url(&self, api: &ServiceApi, path: &[&str]) -> Result<Url, ServiceError> {
        let mut url = self.access.endpoints.url(api);
        url.path_segments_mut()
            .map_err(|()| ServiceError::Unreachable)?
            .pop_if_empty()
            .extend(path);
        Ok(url)
    }

    async fn account(&self) -> Result<Value, ServiceError> {
        let api = self.access.endpoints.url(&API);
        let key = self.key.expose_for_host(api.authority()).map_err(|_| ServiceError::Refused)?;
        let (sid, _) = parts(key).ok_or(ServiceError::Refused)?;
        let path = ["2010-04-01", "Accounts", &format!("{sid}.json")];
        self.call(Method::GET, self.url(&API, &path)?, None).await
    }

    async fn senders(&self) -> Result<Vec<Value>, ServiceError> {
        let mut url = self.url(&MESSAGING, &["v2", "Channels", "Senders"])?;
        url.set_query(Some("Channel=whatsapp"));
        let list = self.call(Method::GET, url, None).await?;
        Ok(list["senders"].as_array().cloned().unwrap_or_default())
    }

    async fn check(&self) -> Result<ChatAccount, CredentialRejection> {
        let (account, senders) = futures::join!(self.account(), self.senders());
        let account = account?;
        if account["status"].as_str().is_some_and(|status| status != "active") {
            return Err(CredentialRejection::RefusedByVendor);
        }
        let senders = senders?;
        let online = senders.iter().filter(|it| is_online(it));
        let mut addresses: Vec<ChatAddress> = online.filter_map(address).collect();
        let sandbox = ChatAddress { name: SANDBOX_NUMBER.to_owned(), serves: None, by_hand: true };
        if addresses.iter().all(|it| it.name != SANDBOX_NUMBER) {
            addresses.push(sandbox);
        }
        Ok(ChatAccount { addresses })
    }

    async fn sender(&self, number: &str) -> Result<Option<Value>, ServiceError> {
        let id = format!("whatsapp:{number}");
        let senders = self.senders().await?;
        Ok(senders.into_iter().find(|it| it["sender_id"] == id.as_str()))
    }

    /// 202: it is on its way; the caller looks again.
    async fn post_webhook(&self, number: &str, url: &str) -> Result<(), ServiceError> {
        let Some(sender) = self.sender(number).await? else { return Ok(()) };
        let sid = sender["sid"].as_str().ok_or(ServiceError::Unreachable)?;
        let path = ["v2", "Channels", "Senders", sid];
        let at = self.url(&MESSAGING, &path)?;
        let change = json!({ "webhook": { "callback_url": url, "callback_method": "POST" } });
        self.call(Method::POST, at, Some(change)).await.map(|_| ())
    }
}

fn is_online(sender: &Value) -> bool {
    sender["status"].as_str().is_none_or(|status| status.starts_with("ONLINE"))
}

fn callback_url(sender: &Value) -> Option<&str> {
    sender["webhook"]["callback_url"].as_str().filter(|url| !url.is_empty())
}

fn address(sender: &Value) -> Option<ChatAddress> {
    let name = sender["sender_id"].as_str()?.strip_prefix("whatsapp:")?;
    let name = Some(name).filter(|it| is_number(it))?.to_owned();
    let serves = callback_url(sender).and_then(|url| Url::parse(url).ok());
    let serves = serves.and_then(|url| url.host_str().map(str::to_owned));
    Some(ChatAddress { name, serves, by_hand: false })
}

/// As the relay takes it (E.164).
fn is_number(text: &str) -> bool {
    let digits = text.strip_prefix('+').unwrap_or_default();
    (7..=15).contains(&digits.len()) && digits.bytes().all(|b| b.is_ascii_digit())
}
