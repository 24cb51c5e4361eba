//! Where a story's database lies.

use std::path::PathBuf;

use sqlx::{AnyConnection, AnyPool};

use super::super::world::directory;
use super::stage::Stage;
use crate::store;

/// A directory in memory where there is one, with a database that goes with it.
pub(super) struct Disk {
    directory: PathBuf,
}

impl Disk {
    pub(super) fn new() -> Self {
        Self { directory: directory() }
    }

    fn database(&self) -> PathBuf {
        self.directory.join("textslash.db")
    }

    /// As the bot has it.
    pub(super) async fn open(&self) -> anyhow::Result<AnyPool> {
        store::open(&self.database(), &store::SCHEMA).await
    }

    /// The same with an order in everything.
    pub(super) async fn open_in_order(&self) -> anyhow::Result<AnyPool> {
        store::open_in_order(&self.database(), &store::SCHEMA).await
    }

    /// For somebody who looks and waits for nobody.
    pub(super) async fn onlooker(&self) -> anyhow::Result<AnyConnection> {
        let pool = self.open_in_order().await?;
        let onlooker = pool.acquire().await?.detach();
        pool.close().await;
        Ok(onlooker)
    }

    pub(super) fn expect_no_secret(&self, stage: &Stage) {
        let files = std::fs::read_dir(&self.directory).into_iter().flatten().flatten();
        for file in files {
            match std::fs::read(file.path()) {
                Ok(bytes) => stage.expect_no_secret("the database", &bytes),
                Err(error) => stage.break_of("database", error.to_string()),
            }
        }
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        // It lies in memory, and the next story has one of its own.
        let _ = std::fs::remove_dir_all(&self.directory);
    }
}
