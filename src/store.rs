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
mod database;
pub mod erasure;
pub mod integrity;
pub mod invitations;
pub mod runs;
mod starts;
#[cfg(test)]
mod tests;

pub use database::{ConnectionGuard, Database, block_on};
use integrity::Integrity;

/// The tables of the onboarding bot and of the command line.
pub static SCHEMA: Migrator = sqlx::migrate!("src/store/migrations");

/// Connections to one file: SQLite allows one writer at a time, with a few readers.
const CONNECTIONS_MAX: u32 = 4;

/// Opens the database at `path`, made for its owner alone if it is not there, and brings its schema
/// up to date.
///
/// Writes are durable when they return (WAL, `synchronous=FULL`). Deleted rows are overwritten
/// (`secure_delete`); [`erasure::scrub`] removes the remaining copies.
///
/// # Errors
/// When the directory cannot be written or the file is not such a database.
pub async fn open(path: &Path, schema: &Migrator) -> anyhow::Result<AnyPool> {
    let options = options(path)?;
    // A pool retries for half a minute and then hides the cause.
    alone(path, &options).await?.close().await?;
    let pool = AnyPoolOptions::new()
        .max_connections(CONNECTIONS_MAX)
        // A file cannot disconnect; a check before each use would double the time of a short
        // statement.
        .test_before_acquire(false)
        .after_connect(|connection, _| Box::pin(prepare(connection)))
        .connect_with(options)
        .await
        .with_context(|| cannot_open(path))?;
    schema.run(&pool).await.context("cannot bring the database up to date")?;
    Ok(pool)
}

/// Opens the database as [`open`] does, and watches its files.
///
/// # Errors
/// As [`open`].
pub async fn open_watched(path: &Path, schema: &Migrator) -> anyhow::Result<Database> {
    let pool = open(path, schema).await?;
    Ok(Database::watched(pool, Integrity::watch(path).await?))
}

/// Opens the database as [`open`] does, with a single connection.
///
/// # Errors
/// As [`open`].
pub async fn open_alone(path: &Path, schema: &Migrator) -> anyhow::Result<AnyConnection> {
    let mut connection = alone(path, &options(path)?).await?;
    schema.run(&mut connection).await.context("cannot bring the database up to date")?;
    Ok(connection)
}

/// A single connection to a database whose schema is up to date.
///
/// # Errors
/// As [`open`].
pub async fn open_ready(path: &Path) -> anyhow::Result<AnyConnection> {
    alone(path, &options(path)?).await
}

fn options(path: &Path) -> anyhow::Result<AnyConnectOptions> {
    install_default_drivers();
    make_private(path)?;
    let url = format!("sqlite://{}?mode=rwc", path.display());
    url.parse().context("the path of the database")
}

async fn alone(path: &Path, options: &AnyConnectOptions) -> anyhow::Result<AnyConnection> {
    let connection = AnyConnection::connect_with(options).await;
    let mut connection = connection.with_context(|| cannot_open(path))?;
    prepare(&mut connection).await.with_context(|| cannot_open(path))?;
    Ok(connection)
}

fn cannot_open(path: &Path) -> String {
    format!("cannot open the database at {}", path.display())
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

/// A data directory that no other process may use while this value lives. The system releases it at
/// every end of the process.
#[derive(Debug)]
pub struct DirectoryLock {
    _lock: File,
}

/// Claims a data directory, which is made for its owner alone if it is not there.
///
/// # Errors
/// When another process has claimed it, or the directory cannot be written.
pub fn claim(directory: &Path) -> anyhow::Result<DirectoryLock> {
    let path = directory.join("bot.lock");
    make_private(&path)?;
    let lock = OpenOptions::new().write(true).open(&path);
    let lock = lock.with_context(|| format!("cannot open {}", path.display()))?;
    match lock.try_lock() {
        Ok(()) => Ok(DirectoryLock { _lock: lock }),
        Err(TryLockError::WouldBlock) => anyhow::bail!(
            "another bot runs from {}: stop that one first, or set TEXTSLASH_DATA to another \
             directory and speak with other credentials there",
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
