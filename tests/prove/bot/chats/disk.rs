//! Where a story's database lies.

use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};

use sqlx::AnyConnection;

use super::super::Promise;
use super::super::world::{directory, new_database};
use super::monitor::ChatMonitor;
use textslash::store::{self, Database};

pub(super) struct StoryDisk {
    pub(super) directory: StoryDirectory,
    pub(super) database: Database,
    /// For somebody who looks and waits for nobody.
    pub(super) onlooker: AnyConnection,
}

/// A directory, which goes with the story.
pub(super) struct StoryDirectory(PathBuf);

impl StoryDisk {
    /// One in memory, where there is one, on which statements come one after the other.
    pub(super) async fn in_order() -> anyhow::Result<Self> {
        let directory = StoryDirectory(directory());
        let database = new_database(&directory.file()).await?;
        let onlooker = store::open_ready(&directory.file()).await?;
        Ok(Self { directory, database: Database::in_order(database), onlooker })
    }

    /// One as a bot has it: on the disk, and with a few connections.
    pub(super) async fn shared() -> anyhow::Result<Self> {
        let directory = StoryDirectory::on_disk();
        let database = store::open(&directory.file(), &store::SCHEMA).await?;
        let onlooker = store::open_ready(&directory.file()).await?;
        Ok(Self { directory, database: database.into(), onlooker })
    }
}

impl StoryDirectory {
    /// On a disk that takes the time that disks take.
    fn on_disk() -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let name = format!("textslash-crowd-{}-{number}", std::process::id());
        Self(std::env::temp_dir().join(name))
    }

    pub(super) fn path(&self) -> PathBuf {
        self.0.clone()
    }

    fn file(&self) -> PathBuf {
        self.0.join("textslash.db")
    }

    pub(super) fn expect_no_secret(&self, stage: &ChatMonitor) {
        let files = std::fs::read_dir(&self.0).into_iter().flatten().flatten();
        for file in files {
            match std::fs::read(file.path()) {
                Ok(bytes) => stage.expect_no_secret("the database", &bytes),
                Err(error) => stage.violation(Promise::Database, error.to_string()),
            }
        }
    }
}

impl Drop for StoryDirectory {
    fn drop(&mut self) {
        // The next story has one of its own.
        let _ = std::fs::remove_dir_all(&self.0);
    }
}
