//! Damage to the database: noticed while the relay runs, mended at its next start, told to its
//! owner.

use std::time::Duration;

use adapters::chat::{ChatId, Outbound};
use tokio::time::sleep;

use super::{Relay, messages};

/// How often the daily copy is thought of: a relay that wakes for minutes has a chance to make it.
const COPY_INTERVAL: Duration = Duration::from_secs(60);

impl Relay {
    /// Returns when the database's files are deleted, replaced or damaged.
    pub(super) async fn damaged(&self) {
        match self.store.database().integrity() {
            Some(integrity) => drop(integrity.damaged().await),
            None => std::future::pending().await,
        }
    }

    /// Keeps the daily copy, from the commit on: before it there is nothing to lose.
    pub(super) async fn keep_copy(&self) {
        self.probation.committed().await;
        // A world of tests without files of its own has nothing to copy.
        if self.store.database().integrity().is_none() {
            std::future::pending::<()>().await;
        }
        loop {
            match self.store.copy_daily(self.clock.now_ms()).await {
                Ok(outcome) => tracing::debug!(?outcome, "the daily copy of the database"),
                Err(error) => {
                    tracing::warn!(error = format!("{error:#}"), "the database was not copied");
                }
            }
            tokio::select! {
                () = self.store.copy_due() => {}
                () = sleep(COPY_INTERVAL) => {}
            }
        }
    }

    /// Tells the owner once which time is lost, in this chat or where they wrote last.
    pub(super) async fn report_restore(&self, chat: Option<&ChatId>) -> anyhow::Result<()> {
        let restored = self.store.restored().await?;
        let Some(restored) = restored.filter(|restored| !restored.is_reported) else {
            return Ok(());
        };
        let last = match chat {
            Some(chat) => Some(chat.clone()),
            None => self.store.last_chat().await?,
        };
        let Some(chat) = last else { return Ok(()) };
        let text = messages::restored(self.locale(), restored.from_ms, restored.until_ms);
        let message = Outbound::text(format!("restored-{}", restored.moment_ms), text);
        self.store.record_restore_notice(&chat, &message, self.clock.now_ms()).await
    }

    /// True while a new line may be one that ran before the restore.
    pub(super) async fn is_uncertain(&self) -> anyhow::Result<bool> {
        let restored = self.store.restored().await?;
        Ok(restored.is_some_and(|restored| restored.is_uncertain(self.clock.now_ms())))
    }
}
