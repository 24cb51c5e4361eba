//! What is erased of a person who asks for it, and how nothing of it stays in the database's files.

use adapters::chat::InboundId;
use anyhow::Context;
use sha2::{Digest, Sha256};
use sqlx::{AnyConnection, Executor, Row};

use crate::journal::RunEnd;

use super::{Database, invitations};

#[cfg(test)]
mod tests;

/// How long it is known that a deployment of somebody who was forgotten was begun, in milliseconds:
/// a day, which is what the limit counts.
pub const BEGUN_TTL_MS: u64 = 24 * 60 * 60 * 1000;

/// How long the words that say that everything is erased wait for somebody who cannot be reached,
/// in milliseconds: a day, after which even where to send them goes.
pub const RECEIPT_TTL_MS: u64 = 24 * 60 * 60 * 1000;

/// Bytes of a message's print: no two messages have the same by chance.
const MESSAGE_PRINT_BYTES: usize = 16;

/// Bytes of a person's print: one of 65,536, so that thousands share each and it leads to nobody,
/// and still few enough people deploy and are forgotten within a day that one of them is hardly
/// ever counted for another.
const PERSON_PRINT_BYTES: usize = 2;

/// What is known of a message that was seen: enough to know it again, and nothing about who wrote
/// it.
pub fn message_fingerprint(channel: &str, id: &InboundId) -> String {
    print("message", &[channel, &id.0], MESSAGE_PRINT_BYTES)
}

fn person_fingerprint(owner: &str) -> String {
    print("person", &[owner], PERSON_PRINT_BYTES)
}

fn print(domain: &str, parts: &[&str], bytes: usize) -> String {
    let mut hash = Sha256::new_with_prefix(domain);
    for part in parts {
        hash.update([0]);
        hash.update(part);
    }
    hex::encode(&hash.finalize()[..bytes])
}

/// Erases this owner's runs with their journals. That they were begun is known for a day, under a
/// print.
///
/// # Errors
/// When the database fails, or something still stands that could not be removed without its record.
pub(super) async fn erase_runs(
    connection: &mut AnyConnection,
    owner: &str,
    at_ms: u64,
) -> anyhow::Result<()> {
    let removed = serde_json::to_string(&RunEnd::Removed)?;
    let standing =
        sqlx::query("SELECT 1 FROM runs WHERE owner = $1 AND (ended IS NULL OR ended <> $2)")
            .bind(owner)
            .bind(&removed)
            .fetch_optional(&mut *connection)
            .await?;
    anyhow::ensure!(
        standing.is_none(),
        "a deployment still stands, and is known by its record only"
    );
    sqlx::query(
        "INSERT INTO begun (print, at_ms)
         SELECT $1, opened_at_ms FROM runs WHERE owner = $2 AND opened_at_ms > $3",
    )
    .bind(person_fingerprint(owner))
    .bind(owner)
    .bind(counting_from(at_ms)?)
    .execute(&mut *connection)
    .await?;
    sqlx::query("DELETE FROM journal WHERE run IN (SELECT id FROM runs WHERE owner = $1)")
        .bind(owner)
        .execute(&mut *connection)
        .await?;
    sqlx::query("DELETE FROM runs WHERE owner = $1").bind(owner).execute(connection).await?;
    Ok(())
}

/// When deployments were begun that this owner's print still counts for, in unix milliseconds.
///
/// # Errors
/// When the database fails.
pub async fn erased_starts(
    database: &Database,
    owner: &str,
    at_ms: u64,
) -> anyhow::Result<Vec<u64>> {
    let times = database.whole(async {
        let rows = sqlx::query("SELECT at_ms FROM begun WHERE print = $1 AND at_ms > $2")
            .bind(person_fingerprint(owner))
            .bind(counting_from(at_ms)?)
            .fetch_all(&mut *database.connection().await?)
            .await?;
        rows.iter().map(|row| Ok(u64::try_from(row.try_get::<i64, _>(0)?)?)).collect()
    });
    times.await
}

fn counting_from(at_ms: u64) -> anyhow::Result<i64> {
    Ok(i64::try_from(at_ms.saturating_sub(BEGUN_TTL_MS))?)
}

/// Erases what has had its time: deployments and wrong codes that no longer count, and the words to
/// people who were forgotten and could not be reached.
///
/// # Errors
/// When the database fails.
pub async fn erase_expired(database: &Database, at_ms: u64) -> anyhow::Result<()> {
    let erased = database.whole(async {
        let mut connection = database.connection().await?;
        sqlx::query("DELETE FROM begun WHERE at_ms <= $1")
            .bind(counting_from(at_ms)?)
            .execute(&mut *connection)
            .await?;
        invitations::erase_wrong_codes(&mut connection, at_ms).await?;
        let untold = i64::try_from(at_ms.saturating_sub(RECEIPT_TTL_MS))?;
        for statement in [
            "DELETE FROM outbound WHERE EXISTS (SELECT 1 FROM conversations AS it
             WHERE it.channel = outbound.channel AND it.chat = outbound.chat
             AND it.forgotten = 1 AND it.updated_at_ms <= $1)",
            "DELETE FROM conversations WHERE forgotten = 1 AND updated_at_ms <= $1",
        ] {
            sqlx::query(statement).bind(untold).execute(&mut *connection).await?;
        }
        Ok(())
    });
    erased.await
}

/// Leaves nothing in the files of what was erased: a page that was split may hold a copy of what
/// was deleted elsewhere, which `secure_delete` does not reach, and the log holds pages as they
/// were. So the file is written anew from what there is, and the log is emptied.
///
/// # Errors
/// When the database fails or somebody reads from the log for so long; nothing is lost, and it can
/// be repeated.
pub async fn vacuum(database: &Database) -> anyhow::Result<()> {
    let scrubbed = database.whole(async {
        let mut connection = database.connection().await?;
        connection.execute("VACUUM").await.context("cannot write the database anew")?;
        let emptied = connection.fetch_one("PRAGMA wal_checkpoint(TRUNCATE)").await?;
        anyhow::ensure!(emptied.try_get::<i64, _>(0)? == 0, "the log is being read");
        Ok(())
    });
    scrubbed.await
}
