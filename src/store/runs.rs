//! Runs and their journals. A journal is append-only, and only the driver that took the run last
//! may append to it.

use anyhow::Context;
use sqlx::any::AnyRow;
use sqlx::{AnyConnection, Connection, Row};

use crate::journal::{JournalEntry, RunEnd};
use crate::quota::{QuotaExceeded, Quotas, RecentStarts};
use crate::spec::{DeploymentId, Region, Spec};

use super::{Database, starts};

#[cfg(test)]
pub(super) mod tests;

const CANNOT_READ: &str = "cannot read the journal";

const CANNOT_WRITE: &str = "cannot write the journal";

/// The runs of this database.
#[derive(Clone)]
pub struct Runs {
    database: Database,
}

/// One run, as a list shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RunSummary {
    /// The id of the deployment.
    pub id: DeploymentId,
    /// The owner, in the naming of the caller that opened it.
    pub owner: String,
    /// The time of its opening, in unix milliseconds.
    pub opened_at_ms: u64,
    /// The specification, with the region in force before the others.
    pub spec: Spec,
    /// The outcome; `None` while it is driven or after a crash.
    pub end: Option<RunEnd>,
    /// It can only be removed: it was found in an account, or its removal has begun.
    pub is_removal_only: bool,
}

/// The right to append to one run's journal, until another driver takes it.
pub struct Lease {
    runs: Runs,
    id: DeploymentId,
    epoch: i64,
    seq: i64,
}

/// The quotas for a new run.
#[derive(Clone, Copy, Debug)]
pub struct QuotaKey {
    /// The number of runs that may begin within a day.
    pub quotas: Quotas,
    /// The number of the organisation, where that is known.
    pub organisation: Option<u64>,
}

/// The result of beginning a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StartOutcome {
    /// It was made.
    Created,
    /// It exists, and is as it was.
    Exists,
    /// This quota is used up; nothing was made.
    QuotaExceeded(QuotaExceeded),
}

/// A failure to append; nothing was appended.
#[derive(Debug, thiserror::Error)]
pub enum AppendError {
    /// Another driver has taken this run.
    #[error("another process drives this deployment now")]
    Fenced,
    /// The database failed.
    #[error(transparent)]
    Store(#[from] anyhow::Error),
}

impl Runs {
    /// The runs in this database, whose schema is [`crate::store::SCHEMA`].
    pub fn new(database: impl Into<Database>) -> Self {
        Self { database: database.into() }
    }

    /// Makes a run with its first entries. Returns false, and changes nothing, when it exists.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn open(
        &self,
        id: &DeploymentId,
        owner: &str,
        at_ms: u64,
        entries: &[JournalEntry],
    ) -> anyhow::Result<bool> {
        self.database
            .whole(async {
                let mut connection = self.database.connection().await?;
                let mut transaction = connection.begin().await?;
                let made = make(&mut transaction, id, owner, at_ms, entries).await?;
                transaction.commit().await?;
                Ok(made)
            })
            .await
    }

    /// Makes a run with its first entries, if the quotas of its organisation and of all people
    /// allow it.
    ///
    /// The transaction writes before it counts, and the database allows one write at a time: of two
    /// simultaneous requests, one sees the other.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn start(
        &self,
        id: &DeploymentId,
        owner: &str,
        at_ms: u64,
        entries: &[JournalEntry],
        within: QuotaKey,
    ) -> anyhow::Result<StartOutcome> {
        let QuotaKey { quotas, organisation } = within;
        self.database
            .whole(async {
                let mut connection = self.database.connection().await?;
                let mut transaction = connection.begin().await?;
                starts::erase_old(&mut transaction, at_ms).await?;
                if !make(&mut transaction, id, owner, at_ms, entries).await? {
                    return Ok(StartOutcome::Exists);
                }
                let begun = starts::recent(&mut transaction, organisation, &quotas, at_ms).await?;
                if let Some(used_up) = quotas.used_up(&begun, at_ms) {
                    transaction.rollback().await?;
                    return Ok(StartOutcome::QuotaExceeded(used_up));
                }
                starts::add(&mut transaction, organisation, at_ms).await?;
                transaction.commit().await?;
                Ok(StartOutcome::Created)
            })
            .await
    }

    /// The start times of all runs that count towards these quotas now.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn recent_starts(
        &self,
        within: QuotaKey,
        now_ms: u64,
    ) -> anyhow::Result<RecentStarts> {
        let QuotaKey { quotas, organisation } = within;
        self.database
            .whole(async {
                let mut connection = self.database.connection().await?;
                starts::recent(&mut connection, organisation, &quotas, now_ms).await
            })
            .await
    }

    /// Erases the starts that count no longer.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn erase_openings(&self, now_ms: u64) -> anyhow::Result<()> {
        self.database
            .whole(async {
                starts::erase_old(&mut *self.database.connection().await?, now_ms).await
            })
            .await
    }

    /// Takes the right to append, and reads the journal so far. A driver that had it before can
    /// append no more. `None` when there is no such run.
    ///
    /// # Errors
    /// When the database fails or holds what is not a journal.
    pub async fn lease(
        &self,
        id: &DeploymentId,
    ) -> anyhow::Result<Option<(Lease, Vec<JournalEntry>)>> {
        self.database
            .whole(async {
                let mut connection = self.database.connection().await?;
                let mut transaction = connection.begin().await?;
                let taken =
                    sqlx::query("UPDATE runs SET epoch = epoch + 1 WHERE id = $1 RETURNING epoch")
                        .bind(id.as_ref())
                        .fetch_optional(&mut *transaction)
                        .await?;
                let Some(taken) = taken else { return Ok(None) };
                let entries = journal(&mut transaction, id).await?;
                transaction.commit().await?;
                let seq = i64::try_from(entries.len())?;
                let lease =
                    Lease { runs: self.clone(), id: id.clone(), epoch: taken.try_get(0)?, seq };
                Ok(Some((lease, entries)))
            })
            .await
    }

    /// A run's journal; empty when there is no such run.
    ///
    /// # Errors
    /// When the database fails or holds what is not a journal.
    pub async fn journal(&self, id: &DeploymentId) -> anyhow::Result<Vec<JournalEntry>> {
        self.database
            .whole(async { journal(&mut *self.database.connection().await?, id).await })
            .await
    }

    /// Every run, or every run of one owner, oldest first.
    ///
    /// # Errors
    /// When the database fails or holds what is not a journal.
    pub async fn list(&self, owner: Option<&str>) -> anyhow::Result<Vec<RunSummary>> {
        self.database
            .whole(async {
                let rows = sqlx::query(
                    "SELECT runs.id, owner, opened_at_ms, ended, opened.entry, region, removal_only
                     FROM runs JOIN journal AS opened ON opened.run = runs.id AND opened.seq = 0
                     WHERE owner = $1 OR $2 = 1
                     ORDER BY opened_at_ms, runs.id",
                )
                .bind(owner.unwrap_or_default())
                .bind(i64::from(owner.is_none()))
                .fetch_all(&mut *self.database.connection().await?)
                .await?;
                rows.iter().map(summary).collect()
            })
            .await
    }

    /// Erases the runs that were removed before this time, with their journals.
    ///
    /// # Errors
    /// When the database fails; nothing was erased then, or all of it.
    pub async fn erase_removed(&self, before_ms: u64) -> anyhow::Result<()> {
        self.database
            .whole(async {
                let mut connection = self.database.connection().await?;
                let mut transaction = connection.begin().await?;
                sqlx::query(
                    "DELETE FROM journal WHERE run IN (
                         SELECT id FROM runs JOIN journal ON run = id WHERE ended = $1
                         GROUP BY id HAVING MAX(at_ms) < $2)",
                )
                .bind(serde_json::to_string(&RunEnd::Removed)?)
                .bind(i64::try_from(before_ms)?)
                .execute(&mut *transaction)
                .await?;
                sqlx::query(
                    "DELETE FROM runs WHERE NOT EXISTS (SELECT 1 FROM journal WHERE run = id)",
                )
                .execute(&mut *transaction)
                .await?;
                Ok(transaction.commit().await?)
            })
            .await
    }
}

impl Lease {
    /// The number of entries in the journal.
    pub fn seq(&self) -> usize {
        usize::try_from(self.seq).unwrap_or(usize::MAX)
    }

    /// Checks that no other driver has taken the run.
    ///
    /// # Errors
    /// See [`AppendError`].
    pub async fn check(&self) -> Result<(), AppendError> {
        self.runs.database.whole(self.read()).await
    }

    async fn read(&self) -> Result<(), AppendError> {
        let mut connection = self.runs.database.connection().await.context(CANNOT_READ)?;
        let held = sqlx::query("SELECT 1 FROM runs WHERE id = $1 AND epoch = $2")
            .bind(self.id.as_ref())
            .bind(self.epoch)
            .fetch_optional(&mut *connection)
            .await
            .context(CANNOT_READ)?;
        if held.is_none() { Err(AppendError::Fenced) } else { Ok(()) }
    }

    /// Appends entries, durably and all together. Nothing is appended by a fenced driver: the epoch
    /// is checked by the same transaction, which holds the run's row.
    ///
    /// # Errors
    /// See [`AppendError`].
    pub async fn append(
        &mut self,
        at_ms: u64,
        entries: &[JournalEntry],
    ) -> Result<(), AppendError> {
        let Some(last) = entries.last() else { return Ok(()) };
        self.runs.database.whole(self.write(at_ms, entries, ended(last)?)).await?;
        self.runs.database.intact().await.context(CANNOT_WRITE)?;
        self.seq += i64::try_from(entries.len()).context("the journal is too long")?;
        Ok(())
    }

    async fn write(
        &self,
        at_ms: u64,
        entries: &[JournalEntry],
        ended: Option<String>,
    ) -> Result<(), AppendError> {
        let mut connection = self.runs.database.connection().await.context(CANNOT_WRITE)?;
        let mut transaction = connection.begin().await.context(CANNOT_WRITE)?;
        let moved = entries.iter().rev().find_map(|entry| match entry {
            JournalEntry::RegionChanged { region } => Some(region.as_ref()),
            _ => None,
        });
        let held = sqlx::query(
            "UPDATE runs SET ended = $1, region = COALESCE($2, region),
                 removal_only = CASE WHEN $3 = 1 THEN 1 ELSE removal_only END
             WHERE id = $4 AND epoch = $5",
        )
        .bind(ended)
        .bind(moved)
        .bind(removal_only(entries))
        .bind(self.id.as_ref())
        .bind(self.epoch)
        .execute(&mut *transaction)
        .await
        .context(CANNOT_WRITE)?
        .rows_affected();
        if held == 0 {
            return Err(AppendError::Fenced);
        }
        insert(&mut transaction, &self.id, self.seq, at_ms, entries).await?;
        transaction.commit().await.context(CANNOT_WRITE)?;
        Ok(())
    }
}

/// 1 when a run with these entries can only be removed, else 0.
fn removal_only(entries: &[JournalEntry]) -> i64 {
    let ends =
        |it: &JournalEntry| matches!(it, JournalEntry::Adopted | JournalEntry::TeardownStarted);
    i64::from(entries.iter().any(ends))
}

fn ended(last: &JournalEntry) -> anyhow::Result<Option<String>> {
    match last {
        JournalEntry::Ended { end } => Ok(Some(serde_json::to_string(end)?)),
        _ => Ok(None),
    }
}

/// Inserts a run; false when one of this id exists.
async fn make(
    connection: &mut AnyConnection,
    id: &DeploymentId,
    owner: &str,
    at_ms: u64,
    entries: &[JournalEntry],
) -> anyhow::Result<bool> {
    let made = sqlx::query(
        "INSERT INTO runs (id, owner, opened_at_ms, epoch, removal_only) VALUES ($1, $2, $3, 0, $4)
         ON CONFLICT (id) DO NOTHING",
    )
    .bind(id.as_ref())
    .bind(owner)
    .bind(i64::try_from(at_ms)?)
    .bind(removal_only(entries))
    .execute(&mut *connection)
    .await?
    .rows_affected();
    if made == 0 {
        return Ok(false);
    }
    insert(connection, id, 0, at_ms, entries).await?;
    Ok(true)
}

async fn insert(
    connection: &mut AnyConnection,
    id: &DeploymentId,
    first: i64,
    at_ms: u64,
    entries: &[JournalEntry],
) -> anyhow::Result<()> {
    for (seq, entry) in (first..).zip(entries) {
        sqlx::query("INSERT INTO journal (run, seq, at_ms, entry) VALUES ($1, $2, $3, $4)")
            .bind(id.as_ref())
            .bind(seq)
            .bind(i64::try_from(at_ms)?)
            .bind(serde_json::to_string(entry)?)
            .execute(&mut *connection)
            .await
            .context(CANNOT_WRITE)?;
    }
    Ok(())
}

async fn journal(
    connection: &mut AnyConnection,
    id: &DeploymentId,
) -> anyhow::Result<Vec<JournalEntry>> {
    let rows = sqlx::query("SELECT entry FROM journal WHERE run = $1 ORDER BY seq")
        .bind(id.as_ref())
        .fetch_all(connection)
        .await?;
    rows.iter().map(|row| entry(row, 0)).collect()
}

fn summary(row: &AnyRow) -> anyhow::Result<RunSummary> {
    let JournalEntry::Created { mut spec } = entry(row, 4)? else {
        anyhow::bail!("a journal begins with Opened")
    };
    if let Some(region) = row.try_get::<Option<String>, _>(5)? {
        let region = Region::try_from(region)?;
        spec.regions.retain(|other| *other != region);
        spec.regions.insert(0, region);
    }
    let end: Option<String> = row.try_get(3)?;
    Ok(RunSummary {
        id: spec.id.clone(),
        owner: row.try_get(1)?,
        opened_at_ms: u64::try_from(row.try_get::<i64, _>(2)?)?,
        spec: *spec,
        end: end.map(|word| serde_json::from_str(&word)).transpose()?,
        is_removal_only: row.try_get::<i64, _>(6)? != 0,
    })
}

fn entry(row: &AnyRow, column: usize) -> anyhow::Result<JournalEntry> {
    serde_json::from_str(row.try_get(column)?).context("not an entry of a journal")
}
