//! Chat services: the interface of one, and the table of all.
//!
//! The bot and the relay speak through [`adapters`]. A service answers here what is asked about an
//! account before a relay speaks through it, and leads the messages of its bot or number to the
//! relay. The calls go over the one transport, without a bot library.

use std::sync::Arc;

use async_trait::async_trait;

use crate::account::{ChatAccount, ChatGuide};
use crate::credential_format::CredentialRejection;
use crate::http::SharedTransport;
use crate::secret::{Audience, Secret, SecretKind};
use crate::spec::RelayChannel;

pub mod discord;
mod endpoints;
pub mod telegram;
#[cfg(test)]
mod tests;
pub mod twilio;

pub use endpoints::{ChatEndpoints, ServiceApi};

/// One chat service, for everybody.
#[async_trait]
pub trait ChatService: Send + Sync {
    /// The facts about it.
    fn profile(&self) -> &'static ChatServiceProfile;

    /// Judges a pasted key without a call. Only the service and the stores of deployments may see
    /// the key that it returns.
    ///
    /// # Errors
    /// When it cannot be a key of this service.
    fn check_format(&self, pasted: &str) -> Result<Arc<Secret>, CredentialRejection>;

    /// Asks the service whose key this is.
    ///
    /// # Errors
    /// [`CredentialRejection::RefusedByVendor`] when the service refuses it,
    /// [`CredentialRejection::VendorUnreachable`] when it gives no usable answer.
    async fn check(&self, key: &Secret) -> Result<ChatAccount, CredentialRejection>;

    /// Whether there is an interface that leads this bot or number anywhere.
    ///
    /// # Errors
    /// When the service does not say.
    async fn has_webhook(&self, _key: &Secret, _address: &str) -> Result<bool, ServiceError> {
        Ok(false)
    }

    /// The URL that the messages of a bot or number lead to, if any.
    ///
    /// # Errors
    /// When the service does not say.
    async fn current_webhook(
        &self,
        _key: &Secret,
        _address: &str,
    ) -> Result<Option<String>, ServiceError> {
        Ok(None)
    }

    /// Leads the messages of a bot or number to `to`. Doing it twice is doing it once; where no
    /// interface leads it anywhere, nothing happens.
    ///
    /// # Errors
    /// When it did not happen, or nobody knows.
    async fn set_webhook(
        &self,
        _key: &Secret,
        _address: &str,
        _to: Webhook<'_>,
    ) -> Result<(), ServiceError> {
        Ok(())
    }

    /// Leads the messages back to the URL of before, or nowhere.
    ///
    /// # Errors
    /// When it did not happen, or nobody knows.
    async fn restore_webhook(
        &self,
        _key: &Secret,
        _address: &str,
        _before: Option<&str>,
    ) -> Result<(), ServiceError> {
        Ok(())
    }
}

/// The facts about a chat service that are the same for everybody.
#[derive(Debug)]
pub struct ChatServiceProfile {
    /// The interfaces that see a key.
    pub apis: &'static [ServiceApi],
    /// The path below the URL of a relay or bot at which messages come in; `None` where a relay
    /// holds a connection instead, and so needs no public URL.
    pub webhook_path: Option<&'static str>,
    /// The channel, and what people are told.
    pub guide: ChatGuide,
    open: fn(ServiceAccess) -> Arc<dyn ChatService>,
}

/// Every chat service.
static PROFILES: [&ChatServiceProfile; 3] =
    [&telegram::PROFILE, &discord::PROFILE, &twilio::PROFILE];

impl ChatServiceProfile {
    /// The profiles of all services.
    pub fn all() -> impl Iterator<Item = &'static Self> {
        PROFILES.iter().copied()
    }

    /// The profile of the service through which a relay speaks this channel; none for the web
    /// channel.
    pub fn of_channel(channel: RelayChannel) -> Option<&'static Self> {
        Self::all().find(|profile| profile.guide.channel == channel)
    }

    /// The URL at which the messages of the relay or bot at `base` come in, if it needs one.
    pub fn webhook_url(&self, base: &str) -> Option<String> {
        Some(format!("{}{}", base.trim_end_matches('/'), self.webhook_path?))
    }
}

/// The way to the interfaces of a service.
#[derive(Clone)]
struct ServiceAccess {
    transport: SharedTransport,
    endpoints: ChatEndpoints,
    /// The hosts of the clouds' secret stores, which a key is handed to.
    stores: Vec<String>,
}

impl ServiceAccess {
    fn audience(&self, apis: &[ServiceApi]) -> Audience {
        Audience::of(self.endpoints.hosts(apis).chain(self.stores.iter().cloned()))
    }
}

/// The chat services that relays speak through.
#[derive(Clone)]
pub struct ChatServices {
    services: Arc<[Arc<dyn ChatService>]>,
    guides: Arc<[ChatGuide]>,
    endpoints: ChatEndpoints,
}

impl ChatServices {
    /// The services at these endpoints; keys may be handed to `stores` beside them.
    pub fn new(transport: SharedTransport, endpoints: ChatEndpoints, stores: Vec<String>) -> Self {
        let access = ServiceAccess { transport, endpoints: endpoints.clone(), stores };
        let services = ChatServiceProfile::all().map(|profile| (profile.open)(access.clone()));
        let guides = ChatServiceProfile::all().map(|profile| profile.guide);
        Self { services: services.collect(), guides: guides.collect(), endpoints }
    }

    /// The addresses of their interfaces.
    pub fn endpoints(&self) -> &ChatEndpoints {
        &self.endpoints
    }

    /// The guide of each.
    pub fn guides(&self) -> &[ChatGuide] {
        &self.guides
    }

    /// The service through which a relay speaks this channel; none for the web channel.
    pub fn of_channel(&self, channel: RelayChannel) -> Option<&Arc<dyn ChatService>> {
        self.services.iter().find(|service| service.profile().guide.channel == channel)
    }

    /// The service whose keys are of this kind, if any.
    pub fn of_key(&self, kind: SecretKind) -> Option<&Arc<dyn ChatService>> {
        self.of_channel(RelayChannel::of_key(kind)?)
    }
}

/// The destination of a bot's messages.
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
