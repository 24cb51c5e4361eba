//! The start times of deployments within the last day, for the limits.
//!
//! It is a record of its own, so that a start counts for a day even after the erasure of the
//! person: otherwise a person could begin without end by having records erased. It names no person.

use sha2::{Digest, Sha256};
use sqlx::{AnyConnection, Row};

use crate::quota::{DAY_MS, Quotas, RecentStarts};

/// Bytes of an organisation's digest: one of 65,536 values, so that many share each and it
/// identifies none.
const PRINT_BYTES: usize = 2;

fn print(organisation: u64) -> String {
    let mut hash = Sha256::new_with_prefix("organisation");
    hash.update(organisation.to_be_bytes());
    hex::encode(&hash.finalize()[..PRINT_BYTES])
}

/// Counts a start.
pub(super) async fn add(
    connection: &mut AnyConnection,
    organisation: Option<u64>,
    at_ms: u64,
) -> anyhow::Result<()> {
    sqlx::query("INSERT INTO openings (at_ms, organisation) VALUES ($1, $2)")
        .bind(i64::try_from(at_ms)?)
        .bind(organisation.map(print))
        .execute(connection)
        .await?;
    Ok(())
}

/// The start times that count now: all of them, and those in this organisation, as many as the
/// quotas need.
pub(super) async fn recent(
    connection: &mut AnyConnection,
    organisation: Option<u64>,
    quotas: &Quotas,
    now_ms: u64,
) -> anyhow::Result<RecentStarts> {
    let by_all_ms = times(connection, None, quotas.all, now_ms).await?;
    let in_organisation_ms = match organisation.map(print) {
        Some(print) => times(connection, Some(&print), quotas.organisation, now_ms).await?,
        None => Vec::new(),
    };
    Ok(RecentStarts { in_organisation_ms, by_all_ms, ..RecentStarts::default() })
}

async fn times(
    connection: &mut AnyConnection,
    print: Option<&str>,
    max: usize,
    now_ms: u64,
) -> anyhow::Result<Vec<u64>> {
    let rows = sqlx::query(
        "SELECT at_ms FROM openings WHERE at_ms > $1 AND (organisation = $2 OR $3 = 1)
         ORDER BY at_ms DESC LIMIT $4",
    )
    .bind(counting_from(now_ms)?)
    .bind(print.unwrap_or_default())
    .bind(i64::from(print.is_none()))
    .bind(i64::try_from(max).unwrap_or(i64::MAX))
    .fetch_all(connection)
    .await?;
    rows.iter().map(|row| Ok(u64::try_from(row.try_get::<i64, _>(0)?)?)).collect()
}

/// Erases the starts that count no longer, with a day's delay: a clock that jumps a day ahead frees
/// no quota.
pub(super) async fn erase_old(connection: &mut AnyConnection, now_ms: u64) -> anyhow::Result<()> {
    sqlx::query("DELETE FROM openings WHERE at_ms <= $1")
        .bind(i64::try_from(now_ms.saturating_sub(2 * DAY_MS))?)
        .execute(connection)
        .await?;
    Ok(())
}

fn counting_from(now_ms: u64) -> anyhow::Result<i64> {
    Ok(i64::try_from(now_ms.saturating_sub(DAY_MS))?)
}
