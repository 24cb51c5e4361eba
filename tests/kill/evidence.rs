//! What a process left on its disk, read from a copy: looking changes nothing.

use std::path::Path;

use anyhow::Context;
use sqlx::Row;
use textslash::journal::{JournalEntry, Run, StepAction};
use textslash::provisioner::RunSummary;
use textslash::random::Random;
use textslash::store::{self, runs::Runs};

/// The database of the command line, in its data directory.
const DATABASE: &str = "textslash.db";

/// The log that SQLite writes ahead.
const LOG: &str = "textslash.db-wal";

/// Bytes before the first frame (SQLite, "WAL-mode File Format").
const LOG_HEADER: usize = 32;

/// Bytes of a frame: its header and a page.
const FRAME: usize = 24 + 4096;

/// Garbage behind a torn log is shorter than two frames.
const GARBAGE_MAX: u64 = 8192;

/// A run as its journal tells it.
pub struct RecordedRun {
    pub summary: RunSummary,
    pub entries: Vec<JournalEntry>,
}

impl RecordedRun {
    /// Whether this may exist: it was intended, or found.
    pub fn may_have_made(&self, step: &str) -> bool {
        self.entries.iter().any(|entry| match entry {
            JournalEntry::Adopted => true,
            JournalEntry::Intended { step: it, action: StepAction::Create } => {
                it.to_string() == step
            }
            _ => false,
        })
    }
}

/// Every run on record in this data directory.
///
/// # Errors
/// When the database is broken, which no kill may cause, or a journal or a prefix of it is illegal.
pub async fn read(data: &Path, copy: &Path) -> anyhow::Result<Vec<RecordedRun>> {
    if !data.join(DATABASE).exists() {
        return Ok(Vec::new());
    }
    std::fs::create_dir_all(copy)?;
    for file in [DATABASE, LOG] {
        match std::fs::copy(data.join(file), copy.join(file)) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(error.into()),
            _ => {}
        }
    }
    let pool = store::open(&copy.join(DATABASE), &store::SCHEMA).await?;
    let row = sqlx::query("PRAGMA integrity_check").fetch_one(&pool).await?;
    let verdict: String = row.try_get(0)?;
    anyhow::ensure!(verdict == "ok", "integrity_check: {verdict}");
    let runs = Runs::new(pool.clone());
    let mut recorded = Vec::new();
    for summary in runs.list(None).await? {
        let entries = runs.journal(&summary.id).await?;
        for length in 1..=entries.len() {
            Run::replay(&entries[..length])
                .with_context(|| format!("the first {length} entries of a journal"))?;
        }
        recorded.push(RecordedRun { summary, entries });
    }
    pool.close().await;
    std::fs::remove_dir_all(copy)?;
    Ok(recorded)
}

/// Tears the log as a crash tears it that cuts a write short: behind its last committed transaction
/// it ends anywhere, or goes on with garbage. What was committed had been synced, and stays.
pub fn tear_log(data: &Path, chance: &Random) -> anyhow::Result<()> {
    let path = data.join(LOG);
    let Ok(mut log) = std::fs::read(&path) else { return Ok(()) };
    let committed = committed_length(&log);
    if committed == 0 {
        return Ok(());
    }
    let below = |max: u64| u64::from_le_bytes(chance.bytes()) % max.max(1);
    let torn = u64::try_from(log.len() - committed)?;
    log.truncate(committed + usize::try_from(below(torn + 1))?);
    for _ in 0..below(GARBAGE_MAX) {
        log.extend(chance.bytes::<1>());
    }
    std::fs::write(&path, log).context("tear the log")
}

/// Up to the end of the last frame that commits; 0 when there is none.
fn committed_length(log: &[u8]) -> usize {
    let Some(salts) = log.get(16..24) else { return 0 };
    let frames = log[LOG_HEADER.min(log.len())..].chunks_exact(FRAME);
    let mut committed = 0;
    for (number, frame) in frames.enumerate() {
        if frame[8..16] != *salts {
            break;
        }
        // A frame that commits says how many pages the database has then.
        if frame[4..8] != [0; 4] {
            committed = LOG_HEADER + (number + 1) * FRAME;
        }
    }
    committed
}
