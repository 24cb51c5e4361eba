//! Where a story's database lies.

use std::path::PathBuf;

use sqlx::{AnyConnection, AnyPool};

use super::super::world::directory;
use super::stage::Stage;
use crate::store;

pub(super) struct Disk {
    pub(super) directory: Directory,
    pub(super) pool: AnyPool,
    /// For somebody who looks and waits for nobody.
    pub(super) onlooker: AnyConnection,
}

/// A directory in memory where there is one, which goes with the story.
pub(super) struct Directory(PathBuf);

impl Disk {
    /// One on which statements come one after the other.
    pub(super) async fn in_order() -> anyhow::Result<Self> {
        let directory = Directory(directory());
        let pool = store::open_in_order(&directory.database(), &store::SCHEMA).await?;
        Ok(Self { onlooker: directory.onlooker().await?, directory, pool })
    }
}

impl Directory {
    fn database(&self) -> PathBuf {
        self.0.join("textslash.db")
    }

    async fn onlooker(&self) -> anyhow::Result<AnyConnection> {
        let pool = store::open_in_order(&self.database(), &store::SCHEMA).await?;
        let onlooker = pool.acquire().await?.detach();
        pool.close().await;
        Ok(onlooker)
    }

    pub(super) fn expect_no_secret(&self, stage: &Stage) {
        let files = std::fs::read_dir(&self.0).into_iter().flatten().flatten();
        for file in files {
            match std::fs::read(file.path()) {
                Ok(bytes) => stage.expect_no_secret("the database", &bytes),
                Err(error) => stage.break_of("database", error.to_string()),
            }
        }
    }
}

impl Drop for Directory {
    fn drop(&mut self) {
        // It lies in memory, and the next story has one of its own.
        let _ = std::fs::remove_dir_all(&self.0);
    }
}
