//! The database: an embedded SQLite file that one process owns.

use std::fs::{DirBuilder, File, OpenOptions, TryLockError};
use std::io::ErrorKind;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::Path;

use anyhow::Context;
use sqlx::any::{AnyConnectOptions, AnyPoolOptions, install_default_drivers};
use sqlx::migrate::Migrator;
use sqlx::{AnyConnection, AnyPool, Connection, Executor};

pub mod conversations;
pub mod runs;
#[cfg(test)]
mod tests;

/// The tables of the onboarding bot and of the command line.
pub static SCHEMA: Migrator = sqlx::migrate!("src/store/migrations");

/// Connections to one file: one writer at a time is all that SQLite has; a few readers beside it.
const CONNECTIONS_MAX: u32 = 4;

/// Opens the database at `path`, made for its owner alone if it is not there, and brings its schema up to date.
///
/// Writes are durable when they return (WAL, `synchronous=FULL`); deleted rows are overwritten
/// (`secure_delete`).
///
/// # Errors
/// When the directory cannot be written or the file is not such a database.
pub async fn open(path: &Path, schema: &Migrator) -> anyhow::Result<AnyPool> {
    let pool = AnyPoolOptions::new().max_connections(CONNECTIONS_MAX);
    connect(path, schema, pool).await
}

/// The same with one connection that stays, so that statements come one after the other: for a world in
/// which everything has its order.
///
/// # Errors
/// As [`open`].
pub async fn open_in_order(path: &Path, schema: &Migrator) -> anyhow::Result<AnyPool> {
    let pool = AnyPoolOptions::new().max_connections(1).idle_timeout(None).max_lifetime(None);
    connect(path, schema, pool).await
}

async fn connect(path: &Path, schema: &Migrator, pool: AnyPoolOptions) -> anyhow::Result<AnyPool> {
    install_default_drivers();
    make_private(path)?;
    let url = format!("sqlite://{}?mode=rwc", path.display());
    let options: AnyConnectOptions = url.parse().context("the path of the database")?;
    let cannot = || format!("cannot open the database at {}", path.display());
    // A pool tries again for half a minute and then does not say what was wrong.
    let mut first = AnyConnection::connect_with(&options).await.with_context(cannot)?;
    prepare(&mut first).await.with_context(cannot)?;
    first.close().await.with_context(cannot)?;
    let pool = pool
        // A file does not hang up; asking it each time would double the way of a short statement.
        .test_before_acquire(false)
        .after_connect(|connection, _| Box::pin(prepare(connection)))
        .connect_with(options)
        .await
        .with_context(cannot)?;
    schema.run(&pool).await.context("cannot bring the database up to date")?;
    Ok(pool)
}

async fn prepare(connection: &mut AnyConnection) -> sqlx::Result<()> {
    for pragma in [
        "PRAGMA journal_mode = WAL",
        "PRAGMA synchronous = FULL",
        "PRAGMA busy_timeout = 5000",
        "PRAGMA foreign_keys = ON",
        "PRAGMA secure_delete = ON",
    ] {
        connection.execute(pragma).await?;
    }
    Ok(())
}

/// A data directory that no other process may serve from while this lives. The system gives it back however
/// the process ends.
#[derive(Debug)]
pub struct Claim {
    _lock: File,
}

/// Claims a data directory, which is made for its owner alone if it is not there.
///
/// # Errors
/// When another process has claimed it, or the directory cannot be written.
pub fn claim(directory: &Path) -> anyhow::Result<Claim> {
    let path = directory.join("bot.lock");
    make_private(&path)?;
    let lock = OpenOptions::new().write(true).open(&path);
    let lock = lock.with_context(|| format!("cannot open {}", path.display()))?;
    match lock.try_lock() {
        Ok(()) => Ok(Claim { _lock: lock }),
        Err(TryLockError::WouldBlock) => anyhow::bail!(
            "another bot runs from {}: stop that one first, or set TEXTSLASH_DATA to another directory \
             and speak with other credentials there",
            directory.display()
        ),
        Err(TryLockError::Error(error)) => {
            Err(error).with_context(|| format!("cannot lock {}", path.display()))
        }
    }
}

/// Makes the file and its directory, where they are missing, so that no other user can read them.
/// SQLite gives its journals the mode of the file.
fn make_private(path: &Path) -> anyhow::Result<()> {
    if let Some(directory) = path.parent() {
        let mut builder = DirBuilder::new();
        let made = builder.recursive(true).mode(0o700).create(directory);
        made.with_context(|| format!("cannot make {}", directory.display()))?;
    }
    match OpenOptions::new().write(true).create_new(true).mode(0o600).open(path) {
        Err(error) if error.kind() != ErrorKind::AlreadyExists => {
            Err(error).with_context(|| format!("cannot make {}", path.display()))
        }
        _ => Ok(()),
    }
}
