//! The erasure of a person's data from the records and from the database's files.

use adapters::chat::InboundId;
use anyhow::Context;
use sha2::{Digest, Sha256};
use sqlx::{AnyConnection, Executor, Row};

use crate::journal::RunEnd;

use super::{Database, invitations};

#[cfg(test)]
mod tests;

/// The time for which the start of a forgotten person's deployment still counts, in milliseconds: a
/// day, which is the period of the limit.
pub const BEGUN_TTL_MS: u64 = 24 * 60 * 60 * 1000;

/// The time for which the message about the erasure waits for a person who cannot be reached, in
/// milliseconds: after a day its address is erased too.
pub const RECEIPT_TTL_MS: u64 = 24 * 60 * 60 * 1000;

/// Bytes of a message's digest: no two messages have the same by chance.
const MESSAGE_PRINT_BYTES: usize = 16;

/// Bytes of a person's digest: one of 65,536 values, so that thousands share each and it identifies
/// no person. Few enough people deploy and are forgotten within a day that one of them is hardly
/// ever counted for another.
const PERSON_PRINT_BYTES: usize = 2;

/// The digest of a seen message: enough to recognise it again, without its sender.
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

/// Erases this owner's runs with their journals. Their starts count for a day, under a digest of
/// the owner.
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

/// The start times of deployments that still count for this owner's digest, in unix milliseconds.
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

/// Erases expired records: deployments and wrong codes that no longer count, and the messages to
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

/// Removes all copies of erased data from the files: a page that was split may hold a copy, which
/// `secure_delete` does not reach, and the log holds old pages. So the file is written anew, and
/// the log is emptied.
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
