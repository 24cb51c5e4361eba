//! A start on a broken database: the copy takes its place, and nothing in it runs again.

use std::fs::File;
use std::path::Path;
use std::time::{SystemTime, UNIX_EPOCH};

use adapters::chat::{ChatId, Outbound};
use sqlx::{Connection, Row};

use super::copy::{CopyFiles, close_open_work, remove_database, sync_directory, with_ending};
use super::{RelayStore, SCHEMA, outbox};
use crate::store;
use crate::store::integrity::{IntegrityResult, START_CHECK_MAX, inspect};

#[cfg(test)]
mod tests;

/// How long after a restore a new line may be one that ran before it, in milliseconds. A service
/// delivers again what was not acknowledged within a minute of the next start.
const DOUBT_MS: u64 = 2 * 60_000;

/// What is known about a restored database.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RestoredDatabase {
    /// The time of the copy, in unix milliseconds; none where there was no sound copy.
    pub from_ms: Option<u64>,
    /// The last known write to the broken database.
    pub until_ms: u64,
    /// The time of the restore.
    pub moment_ms: u64,
    /// The owner knows.
    pub is_reported: bool,
}

impl RestoredDatabase {
    /// True while a line that is new here may be a second delivery of one that ran in the time that
    /// is lost: its id cannot be known.
    pub fn is_uncertain(&self, now_ms: u64) -> bool {
        now_ms.abs_diff(self.moment_ms) < DOUBT_MS
    }
}

/// Sees to it that `relay.db` is sound before it is opened.
///
/// # Errors
/// When the disk fails; the next start tries again.
pub(super) async fn restore_if_broken(data_dir: &Path) -> anyhow::Result<()> {
    let files = CopyFiles::beside(data_dir);
    let database = files.database();
    let is_empty = std::fs::metadata(&database).map_or(true, |file| file.len() == 0);
    // The first start leaves its time when it has opened the database.
    let is_first = !data_dir.join("first_start_ms").exists() && !files.copy().exists();
    match inspect(&database, START_CHECK_MAX).await? {
        IntegrityResult::Missing | IntegrityResult::Sound if is_empty && is_first => Ok(()),
        IntegrityResult::Sound if !is_empty => {
            tracing::info!("the database is sound");
            Ok(())
        }
        IntegrityResult::Unfinished => {
            tracing::warn!("the database is too large to check in time; it is used as it is");
            Ok(())
        }
        IntegrityResult::Missing | IntegrityResult::Sound | IntegrityResult::Damaged => {
            restore(&files, data_dir).await
        }
    }
}

async fn restore(files: &CopyFiles, data_dir: &Path) -> anyhow::Result<()> {
    let (database, copy, restoring) = (files.database(), files.copy(), files.restoring());
    let now_ms = unix_ms(SystemTime::now());
    let until_ms = last_write_ms(files).unwrap_or(now_ms);
    let has_copy = inspect(&copy, START_CHECK_MAX).await? == IntegrityResult::Sound;
    tracing::error!(has_copy, "the database is broken or gone; what ran since its copy is lost");
    remove_database(&restoring)?;
    if has_copy {
        std::fs::copy(&copy, &restoring)?;
    } else {
        remove_database(&copy)?;
    }
    let pool = store::open(&restoring, &SCHEMA).await?;
    close_open_work(&mut *pool.acquire().await?).await?;
    sqlx::query(
        "INSERT OR REPLACE INTO restored (one, from_ms, until_ms, moment_ms, is_told)
         VALUES (1, (SELECT at_ms FROM copied), $1, $2, 0)",
    )
    .bind(i64::try_from(until_ms)?)
    .bind(i64::try_from(now_ms)?)
    .execute(&pool)
    .await?;
    // The last connection empties the log and removes it.
    pool.close().await;
    anyhow::ensure!(!with_ending(&restoring, "-wal").exists(), "the log was not emptied");
    File::open(&restoring)?.sync_all()?;
    // From here on a start that is cut off finds no database, and restores again.
    let broken = files.broken();
    if database.exists() {
        remove_database(&broken)?;
        std::fs::rename(&database, &broken)?;
        let log = with_ending(&database, "-wal");
        if log.exists() {
            std::fs::rename(log, with_ending(&broken, "-wal"))?;
        }
    }
    remove_database(&database)?;
    std::fs::rename(&restoring, &database)?;
    Ok(sync_directory(data_dir)?)
}

/// The last write to the broken database, where it was later than the copy.
fn last_write_ms(files: &CopyFiles) -> Option<u64> {
    let written = [files.database(), files.broken()]
        .into_iter()
        .flat_map(|path| [with_ending(&path, "-wal"), path])
        .filter_map(|path| std::fs::metadata(path).and_then(|file| file.modified()).ok())
        .max()?;
    let copied = std::fs::metadata(files.copy()).and_then(|file| file.modified()).ok();
    copied.is_none_or(|copied| copied < written).then(|| unix_ms(written))
}

fn unix_ms(at: SystemTime) -> u64 {
    let since = at.duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}

impl RelayStore {
    /// What is known about the last restore, if there was one.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn restored(&self) -> anyhow::Result<Option<RestoredDatabase>> {
        let row = sqlx::query("SELECT from_ms, until_ms, moment_ms, is_told FROM restored");
        let Some(row) = row.fetch_optional(&self.pool).await? else { return Ok(None) };
        let from_ms: Option<i64> = row.try_get("from_ms")?;
        Ok(Some(RestoredDatabase {
            from_ms: from_ms.map(u64::try_from).transpose()?,
            until_ms: u64::try_from(row.try_get::<i64, _>("until_ms")?)?,
            moment_ms: u64::try_from(row.try_get::<i64, _>("moment_ms")?)?,
            is_reported: row.try_get::<i64, _>("is_told")? != 0,
        }))
    }

    /// Where the owner wrote last.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn last_chat(&self) -> anyhow::Result<Option<ChatId>> {
        let row = sqlx::query("SELECT chat FROM inbox ORDER BY seq DESC LIMIT 1");
        let row = row.fetch_optional(&self.pool).await?;
        row.map(|row| Ok(ChatId(row.try_get(0)?))).transpose()
    }

    /// This message tells the owner of the restore: both are written, or neither.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn record_restore_notice(
        &self,
        chat: &ChatId,
        message: &Outbound,
        now_ms: u64,
    ) -> anyhow::Result<()> {
        let told = self.pool.whole(async {
            let mut connection = self.pool.connection().await?;
            let mut transaction = connection.begin().await?;
            outbox::put(&mut transaction, chat, message, now_ms).await?;
            sqlx::query("UPDATE restored SET is_told = 1").execute(&mut *transaction).await?;
            Ok::<_, anyhow::Error>(transaction.commit().await?)
        });
        told.await?;
        self.messages.notify_one();
        Ok(())
    }
}
