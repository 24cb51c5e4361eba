//! Credentials: held, judged, checked, erased from the chat. What asks somebody else is done beside the
//! chat's task, so that the chat goes on listening.

use std::sync::Arc;
use std::time::Duration;

use zeroize::Zeroizing;

use crate::account::Cause;
use crate::anthropic;
use crate::cloud::Cloud;
use crate::conversation::{Found, Opened};
use crate::intake::Rejection;
use crate::secret::{Audience, Secret, SecretKind, SecretRef};

use super::chat::Chat;
use super::{Line, Shared};

/// The longest check: a person waits for it.
const CHECK_TIMEOUT: Duration = Duration::from_secs(30);

/// Asks vendors and the service about one chat's credentials.
#[derive(Clone)]
pub(super) struct Examiner {
    pub(super) line: Line,
    /// Whose credentials these are.
    pub(super) owner: String,
}

impl Chat {
    /// Holds what was pasted, for nobody's eyes, until it is judged.
    pub(super) fn hold(&self, pasted: Zeroizing<String>) -> anyhow::Result<SecretRef> {
        let pasted = Arc::new(Secret::new(SecretKind::FlyToken, pasted, Audience::nobody()));
        Ok(self.line.shared.vault.put(&self.owner, pasted)?)
    }

    /// What asks about this chat's credentials, beside it.
    pub(super) fn examiner(&self) -> Examiner {
        Examiner { line: self.line.clone(), owner: self.owner.clone() }
    }

    /// A credential that is ready for use: what we lend is narrowed when it is used.
    pub(super) fn ready(&self, kind: SecretKind, secret: SecretRef) -> Option<Arc<Secret>> {
        self.examiner().ready(kind, secret)
    }
}

impl Examiner {
    fn held(&self, secret: SecretRef) -> Option<Arc<Secret>> {
        self.line.shared.vault.get(&self.owner, secret)
    }

    /// Judges a credential offline, at once, and keeps only what was narrowed.
    pub(super) fn judge(
        &self,
        kind: SecretKind,
        secret: SecretRef,
    ) -> Result<Arc<Secret>, Rejection> {
        let pasted = self.held(secret).ok_or(Rejection::OutOfReach)?;
        let judged = self.line.shared.judge(kind, pasted.expose_here())?;
        self.line.shared.vault.replace(&self.owner, secret, judged.clone());
        Ok(judged)
    }

    /// Asks the vendor about a credential that was judged.
    pub(super) async fn check(
        &self,
        kind: SecretKind,
        judged: &Arc<Secret>,
        organisation: Option<String>,
    ) -> Result<Opened, Rejection> {
        match (self.line.shared.ask(kind, judged).await?, organisation) {
            (Opened::Account(account), Some(expected)) if !account.opens(&expected) => {
                Err(Rejection::OtherOrganisation { expected })
            }
            (opened, _) => Ok(opened),
        }
    }

    /// A credential that is ready for use: what we lend is narrowed when it is used.
    pub(super) fn ready(&self, kind: SecretKind, secret: SecretRef) -> Option<Arc<Secret>> {
        let held = self.held(secret)?;
        if self.line.shared.lent.iter().any(|(_, lent)| *lent == secret) {
            return self.line.shared.judge(kind, held.expose_here()).ok();
        }
        Some(held)
    }

    /// Every deployment of ours in the account that this token opens.
    pub(super) async fn find(&self, token: SecretRef) -> Result<Vec<Found>, Cause> {
        let token = self.ready(SecretKind::FlyToken, token).ok_or(Cause::TokenRefused)?;
        let cloud = self.line.shared.settings.vendors.fly.open_for_teardown(token);
        let found = cloud.find().await.map_err(|error| {
            tracing::info!(%error, "an account could not be searched");
            error.cause
        })?;
        let found = found.into_iter();
        Ok(found.map(|it| Found { spec: Box::new(it.spec), roles: it.roles }).collect())
    }
}

impl Shared {
    /// What can be said of a credential without asking anybody; what is kept of it, narrowed.
    pub(super) fn judge(&self, kind: SecretKind, pasted: &str) -> Result<Arc<Secret>, Rejection> {
        let vendors = &self.settings.vendors;
        match kind {
            SecretKind::ModelKey => {
                let audience = vendors.fly.endpoints().model_key_audience(&vendors.anthropic);
                anthropic::judge(pasted, audience)
            }
            SecretKind::TelegramToken | SecretKind::DiscordToken | SecretKind::TwilioKey => {
                vendors.messaging.judge(kind, pasted)
            }
            _ => vendors.fly.judge(pasted),
        }
    }

    /// What a judged credential opens, as its vendor says.
    pub(super) async fn ask(
        &self,
        kind: SecretKind,
        judged: &Arc<Secret>,
    ) -> Result<Opened, Rejection> {
        let vendors = &self.settings.vendors;
        let asked = async {
            match kind {
                SecretKind::ModelKey => {
                    let transport = vendors.transport.as_ref();
                    anthropic::check(transport, &vendors.anthropic, judged).await?;
                    Ok(Opened::Model)
                }
                SecretKind::TelegramToken | SecretKind::DiscordToken | SecretKind::TwilioKey => {
                    vendors.messaging.check(kind, judged).await.map(Opened::Chat)
                }
                _ => vendors.fly.check(judged).await.map(Opened::Account),
            }
        };
        tokio::time::timeout(CHECK_TIMEOUT, asked).await.unwrap_or(Err(Rejection::OutOfReach))
    }
}
