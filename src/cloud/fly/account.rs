//! A Fly account opened with a token, and the state of its apps in this process.

use std::sync::Arc;
use std::sync::atomic::AtomicUsize;
use std::time::Duration;

use dashmap::DashMap;
use http::StatusCode;
use parking_lot::Mutex;
use tokio::time::Instant;

use super::client::{FlyClient, PathSegment};
use super::errors::CallFailure;
use super::macaroon::Caveat;
use super::token::FlyToken;
use crate::cloud::{CloudError, DeploymentKeys, FailureCause};
use crate::random::Random;
use crate::secret::Secret;
use crate::spec::{Role, Spec};

#[cfg(test)]
mod tests;

/// The time for which Fly's replicas may not know a new app: flyctl waits this long, and takes both
/// 404 and 401 for "not yet" (fly-go, `WaitForApp`).
pub(super) const SETTLING: Duration = Duration::from_secs(60);

/// The time for which an app that may have been made is not taken as absent. Replicas were observed
/// to lag for up to eight seconds.
pub(super) const DOUBTFUL: Duration = Duration::from_secs(10);

/// An account of Fly's, opened with a token.
pub struct FlyAccount {
    pub(super) client: FlyClient,
    pub(super) random: Random,
    token: Mutex<Arc<Secret>>,
    keys: Option<DeploymentKeys>,
    /// The time until which Fly's replicas may not know an app that this process made, or may have
    /// made.
    settling: DashMap<String, Instant>,
    /// Looks at the two apps that did not show their numbers.
    pub(super) numberless_looks: AtomicUsize,
}

impl FlyAccount {
    pub(super) fn new(
        client: FlyClient,
        random: Random,
        token: Arc<Secret>,
        keys: Option<DeploymentKeys>,
    ) -> Self {
        Self {
            client,
            random,
            token: Mutex::new(token),
            keys,
            settling: DashMap::new(),
            numberless_looks: AtomicUsize::new(0),
        }
    }

    /// The token as it is now: narrower once the apps exist.
    pub fn token(&self) -> Arc<Secret> {
        self.token.lock().clone()
    }

    /// Keeps a token that opens these apps only, and forgets the wider one.
    pub(super) fn narrow_token(&self, apps: [u64; 2]) -> Result<(), CallFailure> {
        let mut token = self.token.lock();
        let wide = FlyToken::read(token.expose())
            .map_err(|_| CallFailure::our_fault("a token of ours that cannot be read"))?;
        let narrow = wide.narrowed_to_apps(apps, Caveat::ALL);
        *token = Arc::new(self.client.token(narrow.text()));
        Ok(())
    }

    pub(super) fn keys(&self) -> Result<&DeploymentKeys, CallFailure> {
        self.keys.as_ref().ok_or_else(|| CallFailure::our_fault("an account opened without keys"))
    }

    pub(super) fn app(&self, spec: &Spec, role: Role) -> AppHandle<'_> {
        AppHandle { account: self, name: spec.app(role) }
    }
}

/// One app of a deployment, which Fly's replicas may not know yet.
pub(super) struct AppHandle<'a> {
    account: &'a FlyAccount,
    pub(super) name: String,
}

impl AppHandle<'_> {
    pub(super) fn segment(&self) -> Result<PathSegment<'_>, CallFailure> {
        PathSegment::of(&self.name)
    }

    /// Expects for this long that replicas do not know the app.
    pub(super) fn note_created(&self, settles_in: Duration) {
        let settling = &self.account.settling;
        settling.retain(|_, until| *until > Instant::now());
        settling.insert(self.name.clone(), Instant::now() + settles_in);
    }

    pub(super) fn note_deleted(&self) {
        self.account.settling.remove(&self.name);
    }

    /// The answer to a call about the app. A failure becomes "later" where replicas do not know the
    /// app yet.
    pub(super) fn settled<T>(&self, answer: Result<T, CallFailure>) -> Result<T, CloudError> {
        answer.map_err(|failure| {
            let unknown = [StatusCode::NOT_FOUND, StatusCode::UNAUTHORIZED];
            let is_unknown = failure.status.is_some_and(|status| unknown.contains(&status));
            let mut error = CloudError::from(failure);
            if is_unknown && self.is_settling() {
                error.cause = FailureCause::RetryLater { after_ms: None };
            }
            error
        })
    }

    /// The answer to a look at the app or into it; `None` when it is not there.
    pub(super) fn found<T>(&self, answer: Result<T, CallFailure>) -> Result<Option<T>, CloudError> {
        match answer {
            Err(failure)
                if failure.status == Some(StatusCode::NOT_FOUND) && !self.is_settling() =>
            {
                Ok(None)
            }
            other => self.settled(other).map(Some),
        }
    }

    /// The answer to a gate's call. A gate is asked again in any case, and what stays missing is
    /// gone.
    pub(super) fn polled<T>(&self, answer: Result<T, CallFailure>) -> Result<T, CloudError> {
        match answer {
            Err(failure) if failure.status == Some(StatusCode::NOT_FOUND) => Err(failure.into()),
            other => self.settled(other),
        }
    }

    fn is_settling(&self) -> bool {
        self.account.settling.get(&self.name).is_some_and(|until| *until > Instant::now())
    }
}
