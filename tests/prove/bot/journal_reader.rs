//! The journal as it is read back, by somebody who is not its writer.

use sqlx::{AnyConnection, Row};

use textslash::journal::{JournalEntry, Run};
use textslash::spec::DeploymentId;
use textslash::store::block_on;

/// Reads what was appended since it last read.
pub(super) struct JournalReader {
    /// Its own, so that it waits for nobody.
    database: AnyConnection,
    run: DeploymentId,
    entries: Vec<JournalEntry>,
    state: Option<Run>,
}

impl JournalReader {
    pub(super) fn new(database: AnyConnection, run: DeploymentId) -> Self {
        Self { database, run, entries: Vec::new(), state: None }
    }

    /// The run as its journal tells it; none before it is opened.
    ///
    /// # Errors
    /// When the journal cannot be read, or no run can have written it.
    pub(super) fn read(&mut self) -> anyhow::Result<Option<&Run>> {
        for entry in self.since(self.entries.len())? {
            match &mut self.state {
                None => self.state = Some(Run::replay([&entry])?),
                Some(run) => run.apply(&entry).map_err(anyhow::Error::msg)?,
            }
            self.entries.push(entry);
        }
        Ok(self.state.as_ref())
    }

    /// Whether what was read before still stands there.
    ///
    /// # Errors
    /// When the journal cannot be read.
    pub(super) fn still_stands(&mut self) -> anyhow::Result<bool> {
        Ok(self.since(0)?.starts_with(&self.entries))
    }

    fn since(&mut self, seq: usize) -> anyhow::Result<Vec<JournalEntry>> {
        let rows =
            sqlx::query("SELECT entry FROM journal WHERE run = $1 AND seq >= $2 ORDER BY seq")
                .bind(self.run.as_ref())
                .bind(i64::try_from(seq)?)
                .fetch_all(&mut self.database);
        let rows = block_on(rows)?;
        rows.iter().map(|row| Ok(serde_json::from_str(row.try_get(0)?)?)).collect()
    }
}
