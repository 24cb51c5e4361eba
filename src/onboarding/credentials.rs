//! Credentials: held, judged, checked, erased from the chat. What asks somebody else is done beside
//! the chat's task, so that the chat goes on listening.

use std::sync::Arc;
use std::time::Duration;

use zeroize::Zeroizing;

use crate::account::FailureCause;
use crate::conversation::CheckedCredential;
use crate::credential_format::CredentialRejection;
use crate::deployment::FoundDeployment;
use crate::secret::{Audience, Secret, SecretKind, SecretRef};

use super::chat::ChatTask;
use super::{BotChannel, OnboardingContext};

/// The longest check: a person waits for it.
const CHECK_TIMEOUT: Duration = Duration::from_secs(30);

/// Asks vendors and the service about one chat's credentials.
#[derive(Clone)]
pub(super) struct CredentialChecker {
    pub(super) bot_channel: BotChannel,
    /// Whose credentials these are.
    pub(super) owner: String,
}

impl ChatTask {
    /// Holds a pasted text until it is judged. Its kind is not known yet, and no host may see it.
    pub(super) fn hold(&self, pasted: Zeroizing<String>) -> anyhow::Result<SecretRef> {
        let pasted = Arc::new(Secret::new(SecretKind::Unjudged, pasted, Audience::nobody()));
        Ok(self.bot_channel.shared.vault.put(&self.owner, pasted)?)
    }

    /// What asks about this chat's credentials, beside it.
    pub(super) fn checker(&self) -> CredentialChecker {
        CredentialChecker { bot_channel: self.bot_channel.clone(), owner: self.owner.clone() }
    }

    /// A credential that is ready for use: what we lend is narrowed when it is used.
    pub(super) fn ready(&self, kind: SecretKind, secret: SecretRef) -> Option<Arc<Secret>> {
        self.checker().ready(kind, secret)
    }
}

impl CredentialChecker {
    fn held(&self, secret: SecretRef) -> Option<Arc<Secret>> {
        self.bot_channel.shared.vault.get(&self.owner, secret)
    }

    /// Judges a credential offline, at once, and keeps only what was narrowed.
    pub(super) fn judge(
        &self,
        kind: SecretKind,
        secret: SecretRef,
    ) -> Result<Arc<Secret>, CredentialRejection> {
        let pasted = self.held(secret).ok_or(CredentialRejection::VendorUnreachable)?;
        let judged = self.bot_channel.shared.judge(kind, pasted.expose())?;
        self.bot_channel.shared.vault.replace(&self.owner, secret, judged.clone());
        Ok(judged)
    }

    /// Asks the vendor about a credential that was judged.
    pub(super) async fn check(
        &self,
        kind: SecretKind,
        judged: &Arc<Secret>,
        organisation: Option<String>,
    ) -> Result<CheckedCredential, CredentialRejection> {
        match (self.bot_channel.shared.ask(kind, judged).await?, organisation) {
            (CheckedCredential::Account(account), Some(expected))
                if !account.has_organisation(&expected) =>
            {
                Err(CredentialRejection::OtherOrganisation { expected })
            }
            (opened, _) => Ok(opened),
        }
    }

    /// A credential that is ready for use: what we lend is narrowed when it is used.
    pub(super) fn ready(&self, kind: SecretKind, secret: SecretRef) -> Option<Arc<Secret>> {
        let held = self.held(secret)?;
        if self.bot_channel.shared.lent.iter().any(|(_, lent)| *lent == secret) {
            return self.bot_channel.shared.judge(kind, held.expose()).ok();
        }
        Some(held)
    }

    /// Every deployment of ours in the account that this token opens.
    pub(super) async fn find(
        &self,
        token: SecretRef,
    ) -> Result<Vec<FoundDeployment>, FailureCause> {
        let vendors = &self.bot_channel.shared.settings.vendors;
        let kind = self.held(token).map(|token| token.kind());
        let provider = kind.and_then(|kind| vendors.clouds.of_token(kind));
        let token = kind.and_then(|kind| self.ready(kind, token));
        let (Some(provider), Some(token)) = (provider, token) else {
            return Err(FailureCause::TokenRefused);
        };
        provider.open_for_teardown(token).find().await.map_err(|error| {
            tracing::info!(%error, "an account could not be searched");
            error.cause
        })
    }
}

impl OnboardingContext {
    /// What can be said of a credential without asking anybody; what is kept of it, narrowed.
    pub(super) fn judge(
        &self,
        kind: SecretKind,
        pasted: &str,
    ) -> Result<Arc<Secret>, CredentialRejection> {
        let vendors = &self.settings.vendors;
        match kind {
            SecretKind::ModelKey => vendors.model.check_format(pasted),
            SecretKind::TelegramToken | SecretKind::DiscordToken | SecretKind::TwilioKey => {
                vendors.messaging.check_format(kind, pasted)
            }
            _ => match vendors.clouds.of_token(kind) {
                Some(provider) => provider.check_format(pasted),
                None => Err(CredentialRejection::NotOffered),
            },
        }
    }

    /// What a judged credential opens, as its vendor says.
    pub(super) async fn ask(
        &self,
        kind: SecretKind,
        judged: &Arc<Secret>,
    ) -> Result<CheckedCredential, CredentialRejection> {
        let vendors = &self.settings.vendors;
        let asked = async {
            match kind {
                SecretKind::ModelKey => {
                    vendors.model.check(judged).await.map(|()| CheckedCredential::Model)
                }
                SecretKind::TelegramToken | SecretKind::DiscordToken | SecretKind::TwilioKey => {
                    vendors.messaging.check(kind, judged).await.map(CheckedCredential::Chat)
                }
                _ => match vendors.clouds.of_token(kind) {
                    Some(provider) => provider.check(judged).await.map(CheckedCredential::Account),
                    None => Err(CredentialRejection::NotOffered),
                },
            }
        };
        tokio::time::timeout(CHECK_TIMEOUT, asked)
            .await
            .unwrap_or(Err(CredentialRejection::VendorUnreachable))
    }
}
