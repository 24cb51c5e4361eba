//! Where the owner's bot leads. The relay holds its key, so it is the relay that points the bot at
//! itself once it is proven, remembers on its owner's disk where the bot led before, and gives it
//! back.

use std::sync::Arc;

use anyhow::Context;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use zeroize::Zeroizing;

use super::relay_store::RelayStore;
use crate::chat_service::{ChatService, ServiceError, Webhook};
use crate::secret::Secret;

/// Points the owner's bot at this relay, and back.
pub struct WebhookRegistration {
    service: Arc<dyn ChatService>,
    key: Arc<Secret>,
    /// The bot or number.
    address: String,
    url: String,
    secret: Zeroizing<String>,
    store: Arc<RelayStore>,
}

/// What came of giving a bot back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReleaseOutcome {
    /// It leads where it led before this relay.
    Restored,
    /// It did not lead here, so it was left alone.
    NotOurs,
    /// The service refuses the key: nothing can be done with it any more.
    Refused,
}

impl WebhookRegistration {
    /// For the bot or number of this key at `address`, whose messages are to come in at `url`. What
    /// the service shows there is made of the link key, so that every process of one deployment
    /// knows it and nobody else does.
    pub fn new(
        service: Arc<dyn ChatService>,
        key: Arc<Secret>,
        address: String,
        url: String,
        link_key: &Secret,
        store: Arc<RelayStore>,
    ) -> Self {
        Self { service, key, address, url, secret: webhook_secret(link_key), store }
    }

    /// Leads the bot here. Doing it twice is doing it once.
    ///
    /// # Errors
    /// When the service refuses, does not answer, or what was before cannot be written down.
    pub async fn register(&self) -> anyhow::Result<()> {
        if !self.service.has_webhook(&self.key, &self.address).await? {
            return Ok(());
        }
        let before = self.service.current_webhook(&self.key, &self.address).await?;
        if before.as_deref() != Some(&self.url) {
            let saved = self.store.note_pointing(before.as_deref()).await;
            saved.context("cannot write down where the bot led before")?;
        }
        let to = Webhook { url: &self.url, secret: &self.secret };
        self.service.set_webhook(&self.key, &self.address, to).await?;
        let now = self.service.current_webhook(&self.key, &self.address).await?;
        anyhow::ensure!(now.as_deref() == Some(&self.url), "the bot does not lead here yet");
        Ok(())
    }

    /// Leads the bot back, if it still leads here.
    ///
    /// # Errors
    /// When the service does not answer or the database fails: to be tried again.
    pub async fn release(&self) -> anyhow::Result<ReleaseOutcome> {
        let now = match self.service.current_webhook(&self.key, &self.address).await {
            Err(ServiceError::Refused) => return Ok(ReleaseOutcome::Refused),
            now => now?,
        };
        if now.as_deref() != Some(&self.url) {
            return Ok(ReleaseOutcome::NotOurs);
        }
        let before = self.store.pointed_before().await?;
        match self.service.restore_webhook(&self.key, &self.address, before.as_deref()).await {
            Ok(()) => Ok(ReleaseOutcome::Restored),
            Err(ServiceError::Refused) => Ok(ReleaseOutcome::Refused),
            Err(error) => Err(error.into()),
        }
    }
}

/// What a service shows at the webhook of the relay with this link key.
pub fn webhook_secret(link_key: &Secret) -> Zeroizing<String> {
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(link_key.expose().as_bytes()) else {
        unreachable!("HMAC takes keys of any length")
    };
    mac.update(b"telegram-webhook");
    Zeroizing::new(hex::encode(mac.finalize().into_bytes()))
}
