//! Credentials: held, judged, checked, erased from the chat. What asks somebody else is done beside
//! the chat's task, so that the chat goes on listening.

use std::sync::Arc;
use std::time::Duration;

use zeroize::Zeroizing;

use crate::account::{CheckedCredential, FailureCause};
use crate::credential_format::CredentialRejection;
use crate::deployment::FoundDeployment;
use crate::secret::{Audience, Secret, SecretKind, SecretRef};

use super::BotChannel;
use super::chat::ChatTask;

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
        let judged = self.bot_channel.shared.deployments.check_format(kind, pasted.expose())?;
        self.bot_channel.shared.vault.replace(&self.owner, secret, judged.clone());
        Ok(judged)
    }

    /// Asks the vendor about a credential that was judged.
    pub(super) async fn check(
        &self,
        judged: &Arc<Secret>,
        organisation: Option<String>,
    ) -> Result<CheckedCredential, CredentialRejection> {
        let asked = self.bot_channel.shared.deployments.check(judged);
        let asked = tokio::time::timeout(CHECK_TIMEOUT, asked);
        let opened = asked.await.unwrap_or(Err(CredentialRejection::VendorUnreachable))?;
        match (opened, organisation) {
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
            return self.bot_channel.shared.deployments.check_format(kind, held.expose()).ok();
        }
        Some(held)
    }

    /// Every deployment of ours in the account that this token opens.
    pub(super) async fn find(
        &self,
        token: SecretRef,
    ) -> Result<Vec<FoundDeployment>, FailureCause> {
        let kind = self.held(token).map(|token| token.kind());
        let token = kind.and_then(|kind| self.ready(kind, token));
        let token = token.ok_or(FailureCause::TokenRefused)?;
        self.bot_channel.shared.deployments.find(token).await.map_err(|error| {
            tracing::info!(%error, "an account could not be searched");
            error.cause
        })
    }
}
