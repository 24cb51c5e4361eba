//! The web channel's messages, in the same database.

use adapters::web::{LogChange, LogEntry, LogError, MessageLog, PostedMessage, StoredFile};
use async_trait::async_trait;
use bytes::Bytes;
use sqlx::Row;
use sqlx::any::AnyRow;

use super::RelayStore;
use crate::files::{in_pieces, is_full};
use crate::store::Database;

/// Messages kept: months of one person's chat.
const MESSAGES_MAX: i64 = 5_000;

#[async_trait]
impl MessageLog for RelayStore {
    async fn put(&self, posted: &PostedMessage) -> Result<u64, LogError> {
        let body = serde_json::to_string(posted).map_err(|_| LogError::Unavailable)?;
        put(&self.pool, &posted.message.key, body).await.map_err(unavailable)
    }

    async fn remove(&self, key: &str) -> Result<Option<u64>, LogError> {
        self.copies.discard().map_err(|error| unavailable(error.into()))?;
        remove(&self.pool, key).await.map_err(unavailable)
    }

    async fn contains(&self, key: &str) -> Result<bool, LogError> {
        let found = sqlx::query("SELECT 1 FROM web_log WHERE key = $1 AND body IS NOT NULL")
            .bind(key)
            .fetch_optional(&self.pool)
            .await;
        Ok(found.map_err(|error| unavailable(error.into()))?.is_some())
    }

    async fn after(&self, seq: u64, max: usize) -> Result<Vec<LogEntry>, LogError> {
        after(&self.pool, seq, max).await.map_err(unavailable)
    }

    async fn head(&self) -> Result<u64, LogError> {
        head(&self.pool).await.map_err(unavailable)
    }

    async fn keep_file(&self, id: &str, bytes: &Bytes) -> Result<(), LogError> {
        self.posted.put(id, bytes.clone()).await.map_err(not_kept)
    }

    async fn open_file(&self, id: &str) -> Result<Option<StoredFile>, LogError> {
        let opened = async {
            let Some(file) = self.posted.open_file(id).await? else { return Ok(None) };
            let bytes = file.metadata()?.len();
            Ok::<_, anyhow::Error>(Some(StoredFile { bytes, pieces: in_pieces(file) }))
        };
        opened.await.map_err(unavailable)
    }

    async fn file(&self, id: &str) -> Result<Option<Bytes>, LogError> {
        self.posted.get(id).await.map_err(|error| unavailable(error.into()))
    }
}

fn unavailable(error: anyhow::Error) -> LogError {
    tracing::error!(error = format!("{error:#}"), "the log of messages failed");
    LogError::Unavailable
}

fn not_kept(error: std::io::Error) -> LogError {
    if is_full(&error) {
        tracing::error!("there is no room for a file");
        return LogError::NoRoom;
    }
    unavailable(error.into())
}

/// One statement, so that numbers become visible in their order.
async fn put(pool: &Database, key: &str, body: String) -> anyhow::Result<u64> {
    let replace = "INSERT OR REPLACE INTO web_log (key, body) VALUES ($1, $2) RETURNING seq";
    let seq: i64 = sqlx::query(replace).bind(key).bind(body).fetch_one(pool).await?.try_get(0)?;
    sqlx::query(
        "DELETE FROM web_log
         WHERE seq <= (SELECT seq FROM web_log ORDER BY seq DESC LIMIT 1 OFFSET $1)",
    )
    .bind(MESSAGES_MAX)
    .execute(pool)
    .await?;
    Ok(u64::try_from(seq)?)
}

/// One statement, so that of two who remove a message one has done it.
async fn remove(pool: &Database, key: &str) -> anyhow::Result<Option<u64>> {
    let replace = "INSERT OR REPLACE INTO web_log (key, body)
         SELECT key, NULL FROM web_log WHERE key = $1 AND body IS NOT NULL RETURNING seq";
    let row = sqlx::query(replace).bind(key).fetch_optional(pool).await?;
    row.map(|row| Ok(u64::try_from(row.try_get::<i64, _>("seq")?)?)).transpose()
}

async fn after(pool: &Database, seq: u64, max: usize) -> anyhow::Result<Vec<LogEntry>> {
    let rows =
        sqlx::query("SELECT seq, key, body FROM web_log WHERE seq > $1 ORDER BY seq LIMIT $2")
            .bind(i64::try_from(seq).unwrap_or(i64::MAX))
            .bind(i64::try_from(max).unwrap_or(i64::MAX))
            .fetch_all(pool)
            .await?;
    rows.iter().map(entry).collect()
}

fn entry(row: &AnyRow) -> anyhow::Result<LogEntry> {
    let body: Option<String> = row.try_get("body")?;
    let change = match body {
        Some(body) => LogChange::Put(serde_json::from_str(&body)?),
        None => LogChange::Removed(row.try_get("key")?),
    };
    Ok(LogEntry { seq: u64::try_from(row.try_get::<i64, _>("seq")?)?, change })
}

async fn head(pool: &Database) -> anyhow::Result<u64> {
    let max = "SELECT coalesce(max(seq), 0) FROM web_log";
    Ok(u64::try_from(sqlx::query(max).fetch_one(pool).await?.try_get::<i64, _>(0)?)?)
}
