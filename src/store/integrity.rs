//! Whether an open database still is the file at its path, and sound.
//!
//! SQLite keeps writing to a file that was deleted or replaced, and its caches hide damage to the
//! file. So the files are checked before a process acknowledges a message.

use std::fs::File;
use std::io::ErrorKind;
use std::os::unix::fs::{FileExt, MetadataExt};
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use anyhow::Context;
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection};
use sqlx::{ConnectOptions, Executor, Row};
use tokio::sync::Mutex;
use tokio::time::{Instant, sleep, timeout};

#[cfg(test)]
mod tests;

/// The longest time of a check at a start: a relay wakes while its owner waits, and a larger
/// database must not keep it from starting.
pub const START_CHECK_MAX: Duration = Duration::from_secs(3);

/// The longest time of a check of a file that has changed while it is in use: an acknowledgement
/// waits for it.
const CHECK_MAX: Duration = Duration::from_secs(2);

/// The time for which a result of a probe is used again: one write for each call would wear the
/// disk out.
const PROBE_TTL: Duration = Duration::from_secs(5);

/// The longest time of a probe: Fly waits five seconds for `/health`.
const PROBE_MAX: Duration = Duration::from_secs(2);

/// The interval between checks of the files while nothing is acknowledged.
const WATCH_INTERVAL: Duration = Duration::from_secs(2);

/// Instructions of SQLite between two readings of the clock: well below a millisecond.
const OPERATIONS_PER_LOOK: i32 = 1_000;

/// The first bytes of every database file (<https://www.sqlite.org/fileformat.html>).
const MAGIC: &[u8; 16] = b"SQLite format 3\0";

/// The result of a check of a database file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IntegrityResult {
    /// There is no such file.
    Missing,
    /// No damage was found.
    Sound,
    /// The file is not a sound database.
    Damaged,
    /// The time was too short; no damage was found until then.
    Unfinished,
}

/// Damage to the files of an open database. What was written since may be lost.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Damage {
    /// The file or its log was deleted.
    #[error("the database file is gone")]
    Gone,
    /// Another file is at its path.
    #[error("the database file was replaced")]
    Replaced,
    /// The file is not a sound database any more.
    #[error("the database file is damaged")]
    Corrupt,
}

/// A reason for which a process cannot serve.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum UnhealthyReason {
    /// The files are damaged.
    #[error(transparent)]
    Damaged(#[from] Damage),
    /// The database refuses a read or a write.
    #[error("the database cannot be read or written")]
    Refused,
    /// The database does not answer in time.
    #[error("the database does not answer in time")]
    Slow,
}

/// Watches the files of an open database.
#[derive(Debug)]
pub struct Integrity {
    path: PathBuf,
    /// Stays open: to close any descriptor of the file would drop the locks of this process
    /// (<https://www.sqlite.org/howtocorrupt.html>, 2.2).
    opened: File,
    file: FileId,
    log: FileId,
    /// The state of the file when it was last found sound.
    sound: Mutex<FileStamp>,
    damage: OnceLock<Damage>,
    probe: Mutex<IntegrityProbe>,
}

/// The connection stays open, so that SQLite deletes the log at no other time than the process's
/// end.
#[derive(Debug)]
struct IntegrityProbe {
    connection: SqliteConnection,
    last: Option<(Instant, Result<(), UnhealthyReason>)>,
}

/// Device and inode.
type FileId = (u64, u64);

/// Length, and time of the last change in seconds and nanoseconds. In WAL mode only a checkpoint
/// changes the file.
type FileStamp = (u64, i64, i64);

impl Integrity {
    /// Watches the database at `path`, which is open.
    ///
    /// # Errors
    /// When it cannot be read.
    pub async fn watch(path: &Path) -> anyhow::Result<Arc<Self>> {
        let mut connection = options(path).connect().await.context("cannot open the database")?;
        connection.fetch_one("SELECT count(*) FROM sqlite_schema").await?;
        let (file, stamp) = look_at(path)?;
        let (log, _) = look_at(&log_of(path))?;
        Ok(Arc::new(Self {
            path: path.to_owned(),
            opened: File::open(path)?,
            file,
            log,
            sound: Mutex::new(stamp),
            damage: OnceLock::new(),
            probe: Mutex::new(IntegrityProbe { connection, last: None }),
        }))
    }

    /// Compares the files with what is at their paths. What was committed before a success is in
    /// them.
    ///
    /// # Errors
    /// When they are damaged; then for good.
    pub async fn check(&self) -> Result<(), Damage> {
        if let Some(damage) = self.damage.get() {
            return Err(*damage);
        }
        let looked = self.look().await;
        if let Err(damage) = looked {
            self.note(damage);
        }
        looked
    }

    /// Returns when the files are damaged.
    pub async fn damaged(&self) -> Damage {
        loop {
            if let Err(damage) = self.check().await {
                return damage;
            }
            sleep(WATCH_INTERVAL).await;
        }
    }

    /// Notes that the database says so itself, if this error does.
    pub fn note_error(&self, error: &anyhow::Error) {
        if error.chain().filter_map(|it| it.downcast_ref()).any(says_damaged) {
            self.note(Damage::Corrupt);
        }
    }

    /// Reads and writes, at most once within [`PROBE_TTL`].
    ///
    /// # Errors
    /// When the database cannot be served from.
    pub async fn probe(&self) -> Result<(), UnhealthyReason> {
        self.check().await?;
        let Ok(mut probe) = timeout(PROBE_MAX, self.probe.lock()).await else {
            return Err(UnhealthyReason::Slow);
        };
        if let Some((at, answer)) = probe.last
            && at.elapsed() < PROBE_TTL
        {
            return answer;
        }
        let answer = match timeout(PROBE_MAX, write_test_page(&mut probe.connection)).await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(error)) => {
                tracing::warn!(%error, "the database failed a probe");
                Err(UnhealthyReason::Refused)
            }
            Err(_) => Err(UnhealthyReason::Slow),
        };
        probe.last = Some((Instant::now(), answer));
        answer
    }

    async fn look(&self) -> Result<(), Damage> {
        let (file, stamp) = look_at(&self.path).map_err(|_| Damage::Gone)?;
        let (log, _) = look_at(&log_of(&self.path)).map_err(|_| Damage::Gone)?;
        if file != self.file || log != self.log {
            return Err(Damage::Replaced);
        }
        let mut sound = self.sound.lock().await;
        if *sound != stamp {
            if !starts_well(&self.opened) {
                return Err(Damage::Corrupt);
            }
            match check_pages(&self.path, CHECK_MAX).await {
                Ok(IntegrityResult::Sound | IntegrityResult::Unfinished) => *sound = stamp,
                Ok(IntegrityResult::Damaged) => return Err(Damage::Corrupt),
                Ok(IntegrityResult::Missing) => return Err(Damage::Gone),
                // The next check reads it again.
                Err(error) => {
                    tracing::warn!(error = format!("{error:#}"), "the database was not checked");
                }
            }
        }
        Ok(())
    }

    fn note(&self, damage: Damage) {
        if self.damage.set(damage).is_ok() {
            let path = self.path.display();
            tracing::error!(%path, %damage, "nothing is acknowledged any more");
        }
    }
}

/// Checks a database file with `PRAGMA quick_check`, for `longest` at most. Only for a file that
/// this process has not opened.
///
/// # Errors
/// When the file cannot be read for another reason than its content.
pub async fn inspect(path: &Path, longest: Duration) -> anyhow::Result<IntegrityResult> {
    let bytes = match std::fs::metadata(path) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(IntegrityResult::Missing),
        seen => seen.with_context(|| format!("cannot read {}", path.display()))?.len(),
    };
    // A log belongs to a database that was not empty.
    if bytes == 0 && !has_log(path) {
        return Ok(IntegrityResult::Sound);
    }
    if bytes == 0 || !starts_well(&File::open(path)?) {
        return Ok(IntegrityResult::Damaged);
    }
    check_pages(path, longest).await
}

async fn check_pages(path: &Path, longest: Duration) -> anyhow::Result<IntegrityResult> {
    let checked = quick_check(path, longest).await;
    match checked {
        Ok(word) if word == "ok" => Ok(IntegrityResult::Sound),
        Ok(_) => Ok(IntegrityResult::Damaged),
        Err(error) if is_interrupted(&error) => Ok(IntegrityResult::Unfinished),
        Err(error) if says_damaged(&error) => Ok(IntegrityResult::Damaged),
        Err(error) => Err(error).with_context(|| format!("cannot check {}", path.display())),
    }
}

async fn quick_check(path: &Path, longest: Duration) -> sqlx::Result<String> {
    let mut connection = options(path).connect().await?;
    let until = std::time::Instant::now() + longest;
    connection
        .lock_handle()
        .await?
        .set_progress_handler(OPERATIONS_PER_LOOK, move || std::time::Instant::now() < until);
    connection.fetch_one("PRAGMA quick_check(1)").await?.try_get(0)
}

/// Writes one page, and changes nothing: no part of this program reads the number.
async fn write_test_page(connection: &mut SqliteConnection) -> sqlx::Result<()> {
    connection.fetch_one("SELECT count(*) FROM sqlite_schema").await?;
    connection.execute("PRAGMA user_version = 0").await?;
    Ok(())
}

fn options(path: &Path) -> SqliteConnectOptions {
    SqliteConnectOptions::new().filename(path).create_if_missing(false).busy_timeout(PROBE_MAX)
}

/// The write-ahead log of this database.
pub fn log_of(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push("-wal");
    name.into()
}

fn look_at(path: &Path) -> std::io::Result<(FileId, FileStamp)> {
    let seen = std::fs::metadata(path)?;
    Ok(((seen.dev(), seen.ino()), (seen.len(), seen.mtime(), seen.mtime_nsec())))
}

fn has_log(path: &Path) -> bool {
    std::fs::metadata(log_of(path)).is_ok_and(|log| log.len() > 0)
}

fn starts_well(file: &File) -> bool {
    let mut start = [0; MAGIC.len()];
    file.read_exact_at(&mut start, 0).is_ok() && start == *MAGIC
}

/// SQLite reports SQLITE_INTERRUPT.
fn is_interrupted(error: &sqlx::Error) -> bool {
    primary_code(error) == Some(9)
}

/// SQLITE_CORRUPT and SQLITE_NOTADB.
fn says_damaged(error: &sqlx::Error) -> bool {
    matches!(primary_code(error), Some(11 | 26))
}

/// The first byte of SQLite's result code.
fn primary_code(error: &sqlx::Error) -> Option<i32> {
    let code: i32 = error.as_database_error()?.code()?.parse().ok()?;
    Some(code & 0xff)
}
