//! Chat services as vendors: is this bot the person's, what does it serve, and where does it lead.
//!
//! The bot and the relay speak through [`adapters`]; this is what is asked about an account before
//! a relay speaks through it, and how its messages are led to the relay. Over the one transport,
//! without a bot library.

use std::sync::Arc;

use url::Url;

use crate::account::ChatAccount;
use crate::credential_format::CredentialRejection;
use crate::http::SharedTransport;
use crate::secret::{Audience, Secret, SecretKind};

mod discord;
mod telegram;
#[cfg(test)]
mod tests;
mod twilio;

pub use twilio::{RETRIES, SANDBOX_NUMBER, parts as twilio_parts};

/// Where the chat services are.
#[derive(Clone, Debug)]
pub struct ChatEndpoints {
    /// The Bot API (`https://api.telegram.org`).
    pub telegram: Url,
    /// Discord's API, without its version (`https://discord.com`).
    pub discord: Url,
    /// By default `https://api.twilio.com`.
    pub twilio: Url,
    /// By default `https://messaging.twilio.com`.
    pub twilio_messaging: Url,
    /// By default `https://content.twilio.com`.
    pub twilio_content: Url,
}

impl ChatEndpoints {
    /// The settings that name them, and where the real ones are.
    pub const SETTINGS: [(&str, &str); 5] = [
        ("TELEGRAM_API_URL", "https://api.telegram.org"),
        ("DISCORD_API_URL", "https://discord.com"),
        ("TWILIO_API_URL", "https://api.twilio.com"),
        ("TWILIO_MESSAGING_URL", "https://messaging.twilio.com"),
        ("TWILIO_CONTENT_URL", "https://content.twilio.com"),
    ];

    /// The services at these addresses, in the order of [`Self::SETTINGS`].
    pub fn of([telegram, discord, twilio, twilio_messaging, twilio_content]: [Url; 5]) -> Self {
        Self { telegram, discord, twilio, twilio_messaging, twilio_content }
    }

    /// The real ones.
    pub fn real() -> Self {
        Self::of(Self::SETTINGS.map(|(_, url)| match Url::parse(url) {
            Ok(url) => url,
            Err(_) => unreachable!("these are URLs"),
        }))
    }

    /// What a relay is told so that it finds them: nothing of those at their real addresses.
    pub fn settings(&self) -> Vec<(&'static str, String)> {
        let all = [
            &self.telegram,
            &self.discord,
            &self.twilio,
            &self.twilio_messaging,
            &self.twilio_content,
        ];
        let all = Self::SETTINGS.into_iter().zip(all);
        let text = |url: &Url| url.as_str().trim_end_matches('/').to_owned();
        let others = all.filter(|((_, real), url)| text(url) != *real);
        others.map(|((name, _), url)| (name, text(url))).collect()
    }

    fn hosts(&self, kind: SecretKind) -> Vec<String> {
        let urls = match kind {
            SecretKind::TelegramToken => vec![&self.telegram],
            SecretKind::DiscordToken => vec![&self.discord],
            SecretKind::TwilioKey => {
                vec![&self.twilio, &self.twilio_messaging, &self.twilio_content]
            }
            _ => Vec::new(),
        };
        urls.into_iter().map(|url| url.authority().to_owned()).collect()
    }

    /// Who may see a key of this kind: the service alone.
    pub fn audience(&self, kind: SecretKind) -> Audience {
        Audience::of(self.hosts(kind))
    }
}

/// The chat services, for everybody.
#[derive(Clone)]
pub struct Messaging {
    transport: SharedTransport,
    endpoints: Arc<ChatEndpoints>,
    /// The hosts of the cloud's secret store, which a key is handed to.
    stores: Vec<String>,
}

/// Where a bot's messages are to be led.
#[derive(Clone, Copy)]
pub struct Webhook<'a> {
    /// The webhook.
    pub url: &'a str,
    /// What the service shows there.
    pub secret: &'a str,
}

/// Why a service did not do what was asked, named after what to do next.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ServiceError {
    /// The key is refused: nothing more can be done with it.
    #[error("the service refuses the key")]
    Refused,
    /// No answer, or a passing failure: look again.
    #[error("the service does not answer")]
    Unreachable,
}

impl From<ServiceError> for CredentialRejection {
    fn from(error: ServiceError) -> Self {
        match error {
            ServiceError::Refused => Self::RefusedByVendor,
            ServiceError::Unreachable => Self::VendorUnreachable,
        }
    }
}

impl Messaging {
    /// The services at these endpoints; keys may be handed to `stores` beside them.
    pub fn new(transport: SharedTransport, endpoints: ChatEndpoints, stores: Vec<String>) -> Self {
        Self { transport, endpoints: Arc::new(endpoints), stores }
    }

    /// Where the services are.
    pub fn endpoints(&self) -> &ChatEndpoints {
        &self.endpoints
    }

    /// What can be said of a pasted key without asking anybody.
    ///
    /// # Errors
    /// When it is no key of this kind.
    pub fn check_format(
        &self,
        kind: SecretKind,
        pasted: &str,
    ) -> Result<Arc<Secret>, CredentialRejection> {
        let hosts = self.endpoints.hosts(kind).into_iter().chain(self.stores.iter().cloned());
        let audience = Audience::of(hosts);
        match kind {
            SecretKind::TelegramToken => telegram::check_format(pasted, audience),
            SecretKind::DiscordToken => discord::check_format(pasted, audience),
            SecretKind::TwilioKey => twilio::check_format(pasted, audience),
            _ => Err(CredentialRejection::NotOffered),
        }
    }

    /// Asks the service whose key this is.
    ///
    /// # Errors
    /// [`CredentialRejection::Refused`] when the service says no,
    /// [`CredentialRejection::Unreachable`] when it says nothing.
    pub async fn check(
        &self,
        kind: SecretKind,
        key: &Secret,
    ) -> Result<ChatAccount, CredentialRejection> {
        match kind {
            SecretKind::TelegramToken => self.telegram(key)?.check().await,
            SecretKind::DiscordToken => {
                discord::check(&*self.transport, &self.endpoints.discord, key).await
            }
            SecretKind::TwilioKey => self.twilio(key).check().await,
            _ => Err(CredentialRejection::NotOffered),
        }
    }

    /// Leads the messages of a bot or number to `to`. Doing it twice is doing it once; where no
    /// interface leads it anywhere, nothing happens.
    ///
    /// # Errors
    /// When it did not happen, or nobody knows.
    pub async fn set_webhook(
        &self,
        key: &Secret,
        address: &str,
        to: Webhook<'_>,
    ) -> Result<(), ServiceError> {
        match key.kind() {
            SecretKind::TelegramToken => {
                self.telegram(key).map_err(|_| ServiceError::Refused)?.set_webhook(to).await
            }
            SecretKind::TwilioKey => self.twilio(key).set_webhook(address, to).await,
            _ => Ok(()),
        }
    }

    /// Whether there is an interface that leads this bot or number anywhere.
    ///
    /// # Errors
    /// When the service does not say.
    pub async fn has_webhook(&self, key: &Secret, address: &str) -> Result<bool, ServiceError> {
        match key.kind() {
            SecretKind::TwilioKey => self.twilio(key).has_webhook(address).await,
            kind => Ok(kind == SecretKind::TelegramToken),
        }
    }

    /// Where the messages of a bot or number lead, if anywhere.
    ///
    /// # Errors
    /// When the service does not say.
    pub async fn current_webhook(
        &self,
        key: &Secret,
        address: &str,
    ) -> Result<Option<String>, ServiceError> {
        match key.kind() {
            SecretKind::TelegramToken => {
                self.telegram(key).map_err(|_| ServiceError::Refused)?.current_webhook().await
            }
            SecretKind::TwilioKey => self.twilio(key).current_webhook(address).await,
            _ => Ok(None),
        }
    }

    /// Leads the messages back to where they led before, or nowhere.
    ///
    /// # Errors
    /// When it did not happen, or nobody knows.
    pub async fn restore_webhook(
        &self,
        key: &Secret,
        address: &str,
        before: Option<&str>,
    ) -> Result<(), ServiceError> {
        match key.kind() {
            SecretKind::TelegramToken => {
                self.telegram(key).map_err(|_| ServiceError::Refused)?.restore_webhook(before).await
            }
            SecretKind::TwilioKey => self.twilio(key).restore_webhook(address, before).await,
            _ => Ok(()),
        }
    }

    fn twilio<'a>(&'a self, key: &'a Secret) -> twilio::TwilioAccount<'a> {
        twilio::TwilioAccount::of(&*self.transport, &self.endpoints, key)
    }

    fn telegram<'a>(
        &'a self,
        key: &'a Secret,
    ) -> Result<telegram::BotClient<'a>, CredentialRejection> {
        telegram::BotClient::of(&*self.transport, &self.endpoints.telegram, key)
    }
}
