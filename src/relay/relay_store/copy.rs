//! A copy of the database beside it, made once a day and after each erasure. A broken database is
//! replaced by it at the next start; see [`super::restore`].

use std::fs::{File, OpenOptions};
use std::io::{self, ErrorKind};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;

use anyhow::Context;
use nix::sys::statvfs::statvfs;
use sqlx::{AnyConnection, Connection};
use tokio::sync::Notify;

use super::RelayStore;
use crate::store;

/// How old a copy grows, in milliseconds: a day of chat is what a person remembers.
const COPY_AGE_MAX_MS: u64 = 24 * 60 * 60 * 1000;

/// Largest database that is copied, in bytes: a quarter of the smallest volume. Months of chat take
/// a few megabytes.
const COPIED_BYTES_MAX: u64 = 256 * 1024 * 1024;

/// Room that stays free for turns while a copy is made, in bytes: the largest file that travels,
/// and the log of its turn.
const ROOM_KEPT_BYTES: u64 = 32 * 1024 * 1024;

/// The result of an attempt to copy the database.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CopyOutcome {
    /// There is a new copy.
    Made,
    /// The copy is young enough.
    NotDue,
    /// A turn or a message is on its way, and needs the disk more.
    Busy,
    /// The disk has no room for a second database.
    NoRoom,
    /// The database is larger than what is copied.
    TooLarge,
}

/// Where the copy and what belongs to it lies.
pub(super) struct CopyFiles {
    directory: PathBuf,
    pub(super) due: Notify,
}

impl CopyFiles {
    pub(super) fn beside(directory: &Path) -> Self {
        Self { directory: directory.to_owned(), due: Notify::new() }
    }

    pub(super) fn database(&self) -> PathBuf {
        self.directory.join("relay.db")
    }

    pub(super) fn copy(&self) -> PathBuf {
        self.directory.join("relay.copy")
    }

    /// A database that could not be used any more, kept for whoever wants to look at it.
    pub(super) fn broken(&self) -> PathBuf {
        self.directory.join("relay.db.broken")
    }

    /// A database that is to take the place of the broken one.
    pub(super) fn restoring(&self) -> PathBuf {
        self.directory.join("relay.restoring")
    }

    fn part(&self) -> PathBuf {
        self.directory.join("relay.copy.part")
    }

    /// Something is erased from the database: it must not survive beside it.
    pub(super) fn discard(&self) -> io::Result<()> {
        remove_database(&self.copy())?;
        remove_database(&self.broken())?;
        self.due.notify_one();
        sync_directory(&self.directory)
    }

    fn is_due(&self, now_ms: u64) -> bool {
        let modified = std::fs::metadata(self.copy()).and_then(|copy| copy.modified());
        let made_ms = modified.ok().and_then(|at| at.duration_since(UNIX_EPOCH).ok());
        let made_ms = made_ms.and_then(|at| u64::try_from(at.as_millis()).ok());
        made_ms.is_none_or(|made_ms| now_ms.abs_diff(made_ms) >= COPY_AGE_MAX_MS)
    }
}

impl RelayStore {
    /// Makes the copy if it is due and nothing else needs the disk. One copy is kept.
    ///
    /// # Errors
    /// When the database or the disk fails; then the older copy stays.
    pub async fn copy_daily(&self, now_ms: u64) -> anyhow::Result<CopyOutcome> {
        if !self.copies.is_due(now_ms) {
            return Ok(CopyOutcome::NotDue);
        }
        if !self.is_idle().await? {
            return Ok(CopyOutcome::Busy);
        }
        let database = self.copies.database();
        let bytes = bytes_of(&database) + bytes_of(&store::integrity::log_of(&database));
        if bytes > COPIED_BYTES_MAX {
            return Ok(CopyOutcome::TooLarge);
        }
        if free_bytes(&self.copies.directory)? < bytes + ROOM_KEPT_BYTES {
            return Ok(CopyOutcome::NoRoom);
        }
        self.pool.intact().await?;
        let part = self.copies.part();
        let made = self.copy_to(&part, now_ms).await;
        if made.is_err() {
            remove_database(&part)?;
        }
        made.map(|()| CopyOutcome::Made)
    }

    /// Waits until something was erased.
    pub async fn copy_due(&self) {
        self.copies.due.notified().await;
    }

    async fn copy_to(&self, part: &Path, now_ms: u64) -> anyhow::Result<()> {
        remove_database(part)?;
        OpenOptions::new().write(true).create_new(true).mode(0o600).open(part)?;
        let name = part.to_str().context("the data directory has no name in UTF-8")?;
        sqlx::query("VACUUM INTO $1").bind(name).execute(&self.pool).await?;
        let mut copy = store::open_ready(part).await?;
        close_open_work(&mut copy).await?;
        sqlx::query("INSERT OR REPLACE INTO copied (one, at_ms) VALUES (1, $1)")
            .bind(i64::try_from(now_ms)?)
            .execute(&mut copy)
            .await?;
        // The last connection empties the log and removes it.
        copy.close().await?;
        File::open(part)?.sync_all()?;
        std::fs::rename(part, self.copies.copy())?;
        Ok(sync_directory(&self.copies.directory)?)
    }
}

/// What waits in a copy may have been done since: it is closed, and its text goes.
pub(super) async fn close_open_work(connection: &mut AnyConnection) -> anyhow::Result<()> {
    for statement in [
        "UPDATE inbox SET is_settled = 1, text = '', file = NULL WHERE is_settled = 0",
        "UPDATE outbox SET sent_revision = revision WHERE sent_revision < revision",
    ] {
        sqlx::query(statement).execute(&mut *connection).await?;
    }
    Ok(())
}

/// Removes a database with its journals, where they are.
pub(super) fn remove_database(path: &Path) -> io::Result<()> {
    for ending in ["", "-wal", "-shm", "-journal"] {
        match std::fs::remove_file(with_ending(path, ending)) {
            Err(error) if error.kind() != ErrorKind::NotFound => return Err(error),
            _ => {}
        }
    }
    Ok(())
}

pub(super) fn with_ending(path: &Path, ending: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(ending);
    name.into()
}

pub(super) fn sync_directory(directory: &Path) -> io::Result<()> {
    File::open(directory)?.sync_all()
}

fn bytes_of(path: &Path) -> u64 {
    std::fs::metadata(path).map_or(0, |file| file.len())
}

fn free_bytes(directory: &Path) -> anyhow::Result<u64> {
    let disk = statvfs(directory)?;
    Ok(disk.blocks_available().saturating_mul(disk.fragment_size()))
}
