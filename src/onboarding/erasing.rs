//! What needs to be on record no longer is erased, and nothing of it stays in the database's files.

use std::convert::Infallible;
use std::time::Duration;

use futures::FutureExt;

use crate::store::erasure;

use super::OnboardingContext;

/// How often old records are erased: they are kept for a month, give or take a day.
const ERASE_PERIOD: Duration = Duration::from_secs(24 * 60 * 60);

/// The shortest pause after a scrub: each writes all of the database, a second's work where it is
/// large, and people may ask to be forgotten at any rate.
const SCRUB_PAUSE: Duration = Duration::from_secs(10);

impl OnboardingContext {
    /// Erases, every day, what has had its time; what a process before could not finish is finished
    /// at once.
    pub(super) async fn erase_expired(&self) -> Infallible {
        let mut days = tokio::time::interval(ERASE_PERIOD);
        loop {
            days.tick().await;
            let now_ms = self.settings.clock.now_ms();
            let erased = async {
                self.deployments.erase_removed().await?;
                erasure::erase_expired(&self.settings.database, now_ms).await
            };
            if let Err(error) = erased.await {
                tracing::error!("cannot erase old records, which is tried tomorrow: {error:#}");
            }
            self.erased.notify_one();
        }
    }

    /// Scrubs the database soon after something was erased.
    pub(super) async fn vacuum_loop(&self) -> Infallible {
        loop {
            self.erased.notified().await;
            self.vacuum_now().await;
            tokio::time::sleep(SCRUB_PAUSE).await;
        }
    }

    /// Scrubs the database if something was erased since.
    pub(super) async fn scrub_the_last(&self) {
        if self.erased.notified().now_or_never().is_some() {
            self.vacuum_now().await;
        }
    }

    async fn vacuum_now(&self) {
        if let Err(error) = erasure::vacuum(&self.settings.database).await {
            tracing::error!("cannot scrub the database, which is tried again: {error:#}");
            self.erased.notify_one();
        }
    }
}
