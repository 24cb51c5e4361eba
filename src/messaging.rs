//! Chat services as vendors: is this bot the person's, what does it serve, and where does it lead.
//!
//! The bot and the relay speak through [`adapters`]; this is what is asked about an account before a relay
//! speaks through it, and how its messages are led to the relay. Over the one transport, without a bot
//! library.

use std::sync::Arc;

use url::Url;

use crate::account::ChatAccount;
use crate::http::SharedTransport;
use crate::intake::Rejection;
use crate::secret::{Secret, SecretKind};

mod telegram;
#[cfg(test)]
mod tests;

/// Where the chat services are.
#[derive(Clone, Debug)]
pub struct Endpoints {
    /// The Bot API (`https://api.telegram.org`).
    pub telegram: Url,
}

impl Endpoints {
    /// The real ones.
    pub fn real() -> Self {
        let Ok(telegram) = Url::parse("https://api.telegram.org") else {
            unreachable!("this is a URL")
        };
        Self { telegram }
    }

    /// What a relay is told so that it finds them: nothing where they are the real ones.
    pub fn settings(&self) -> Vec<(&'static str, String)> {
        let real = Self::real();
        let differs = self.telegram != real.telegram;
        let telegram = self.telegram.as_str().trim_end_matches('/').to_owned();
        differs.then_some(("TELEGRAM_API_URL", telegram)).into_iter().collect()
    }
}

/// The chat services, for everybody.
#[derive(Clone)]
pub struct Messaging {
    transport: SharedTransport,
    endpoints: Arc<Endpoints>,
    /// The hosts of the cloud's secret store, which a key is handed to.
    stores: Vec<String>,
}

/// Where a bot's messages are to be led.
#[derive(Clone, Copy)]
pub struct Pointing<'a> {
    /// The webhook.
    pub url: &'a str,
    /// What the service shows there.
    pub secret: &'a str,
}

/// Why a bot could not be pointed, named after what to do next.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PointError {
    /// The key is refused: nothing more can be done with it.
    #[error("the service refuses the key")]
    Refused,
    /// No answer, or a passing failure: look again.
    #[error("the service does not answer")]
    OutOfReach,
}

impl Messaging {
    /// The services at these endpoints; keys may be handed to `stores` beside them.
    pub fn new(transport: SharedTransport, endpoints: Endpoints, stores: Vec<String>) -> Self {
        Self { transport, endpoints: Arc::new(endpoints), stores }
    }

    /// What can be said of a pasted key without asking anybody.
    ///
    /// # Errors
    /// When it is no key of this kind.
    pub fn judge(&self, kind: SecretKind, pasted: &str) -> Result<Arc<Secret>, Rejection> {
        match kind {
            SecretKind::TelegramToken => telegram::judge(pasted, self.audience()),
            _ => Err(Rejection::NotOffered),
        }
    }

    fn audience(&self) -> crate::secret::Audience {
        let service = self.endpoints.telegram.authority().to_owned();
        crate::secret::Audience::of([service].into_iter().chain(self.stores.iter().cloned()))
    }

    /// Asks the service whose key this is.
    ///
    /// # Errors
    /// [`Rejection::Refused`] when the service says no, [`Rejection::OutOfReach`] when it says nothing.
    pub async fn check(&self, kind: SecretKind, key: &Secret) -> Result<ChatAccount, Rejection> {
        match kind {
            SecretKind::TelegramToken => self.telegram(key)?.check().await,
            _ => Err(Rejection::NotOffered),
        }
    }

    /// Leads the bot's messages to `to`. Says where they led before. Doing it twice is doing it once.
    ///
    /// # Errors
    /// When it did not happen, or nobody knows.
    pub async fn point(
        &self,
        kind: SecretKind,
        key: &Secret,
        to: Pointing<'_>,
    ) -> Result<(), PointError> {
        match kind {
            SecretKind::TelegramToken => {
                self.telegram(key).map_err(|_| PointError::Refused)?.point(to).await
            }
            _ => Ok(()),
        }
    }

    /// Where the bot's messages lead, if anywhere.
    ///
    /// # Errors
    /// When the service does not say.
    pub async fn leads_to(
        &self,
        kind: SecretKind,
        key: &Secret,
    ) -> Result<Option<String>, PointError> {
        match kind {
            SecretKind::TelegramToken => {
                self.telegram(key).map_err(|_| PointError::Refused)?.leads_to().await
            }
            _ => Ok(None),
        }
    }

    /// Leads the bot's messages back to where they led before, or nowhere.
    ///
    /// # Errors
    /// When it did not happen, or nobody knows.
    pub async fn release(
        &self,
        kind: SecretKind,
        key: &Secret,
        before: Option<&str>,
    ) -> Result<(), PointError> {
        match kind {
            SecretKind::TelegramToken => {
                self.telegram(key).map_err(|_| PointError::Refused)?.release(before).await
            }
            _ => Ok(()),
        }
    }

    fn telegram<'a>(&'a self, key: &'a Secret) -> Result<telegram::Bot<'a>, Rejection> {
        telegram::Bot::of(&*self.transport, &self.endpoints.telegram, key)
    }
}
