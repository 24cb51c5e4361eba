//! Files on their way: bytes beside the database, and what the agent is told of them.

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};

use adapters::chat::{Author, CitationKind};
use bytes::Bytes;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use sqlx::Row;
use sqlx::any::AnyRow;

use super::{InboxMessage, RelayStore};
use crate::files::{keep_newest, on_disk, remove_parts, write_whole};

/// Bytes kept for whoever looks at the web channel's files later, and how many: a small part of the
/// smallest volume.
const KEPT_MAX: usize = 500;
const KEPT_BYTES_MAX: u64 = 200 * 1024 * 1024;

/// What is known of a file of ours.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OutgoingFile {
    /// What it is called.
    pub name: String,
    /// Its media type.
    pub media_type: String,
}

/// A file in the VM's workspace that the agent is told of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ArrivedFile {
    /// Within the workspace.
    pub path: String,
    /// Whose message it came with, if the owner forwarded it.
    pub forwarded_from: Option<Author>,
}

/// Where bytes lie.
pub(super) struct FileStore(PathBuf);

impl FileStore {
    pub(super) fn open(path: PathBuf) -> io::Result<Self> {
        std::fs::create_dir_all(&path)?;
        remove_parts(&path);
        Ok(Self(path))
    }

    /// Any key, as a name.
    fn at(&self, key: &str) -> PathBuf {
        self.0.join(hex::encode(&Sha256::digest(key)[..16]))
    }

    pub(super) async fn put(&self, key: &str, bytes: Bytes) -> io::Result<()> {
        keep_newest(&self.0, KEPT_MAX, KEPT_BYTES_MAX).await;
        write_whole(&self.at(key), bytes).await
    }

    pub(super) async fn get(&self, key: &str) -> io::Result<Option<Bytes>> {
        let path = self.at(key);
        match on_disk(move || std::fs::read(path)).await {
            Ok(bytes) => Ok(Some(bytes.into())),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// The file, open to be read.
    pub(super) async fn open_file(&self, key: &str) -> io::Result<Option<File>> {
        let path = self.at(key);
        match on_disk(move || File::open(path)).await {
            Ok(file) => Ok(Some(file)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    pub(super) async fn remove(&self, key: &str) {
        // What stays is given up with the oldest.
        let path = self.at(key);
        let _ = on_disk(move || std::fs::remove_file(path)).await;
    }

    pub(super) fn beside(data_dir: &Path, name: &str) -> io::Result<Self> {
        Self::open(data_dir.join(name))
    }
}

impl RelayStore {
    /// Keeps the bytes of a file that [`RelayStore::post_file`] writes down next.
    ///
    /// # Errors
    /// When the disk is full or fails.
    pub async fn keep_to_send(&self, key: &str, bytes: Bytes) -> io::Result<()> {
        self.sending.put(key, bytes).await
    }

    /// The bytes of a file that is to be sent; `None` when they were given up.
    ///
    /// # Errors
    /// When the disk fails.
    pub async fn bytes_of(&self, key: &str) -> anyhow::Result<Option<Bytes>> {
        Ok(self.sending.get(key).await?)
    }

    /// The file of this line lies there, and the agent is to be told. Twice is once.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn arrived(&self, line: &InboxMessage, path: &str) -> anyhow::Result<()> {
        let forwarded = line.citations.iter().find(|it| it.kind == CitationKind::Forwarded);
        sqlx::query(
            "INSERT INTO arrived (line, path, author) VALUES ($1, $2, $3)
             ON CONFLICT (line) DO NOTHING",
        )
        .bind(&line.turn)
        .bind(path)
        .bind(forwarded.map(|it| serde_json::to_string(&it.author)).transpose()?)
        .execute(&self.pool)
        .await?;
        Ok(())
    }

    /// Where the file of this line lies, once it does.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn arrived_at(&self, line: &InboxMessage) -> anyhow::Result<Option<String>> {
        let row = sqlx::query("SELECT path FROM arrived WHERE line = $1").bind(&line.turn);
        let row = row.fetch_optional(&self.pool).await?;
        Ok(row.map(|row| row.try_get("path")).transpose()?)
    }

    /// The files that the agent is told of with this turn: those that no other turn told of, and
    /// the same ones however often it is asked.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn files_for(&self, turn: &str) -> anyhow::Result<Vec<ArrivedFile>> {
        sqlx::query("UPDATE arrived SET turn = $1 WHERE turn IS NULL")
            .bind(turn)
            .execute(&self.pool)
            .await?;
        let rows =
            sqlx::query("SELECT path, author FROM arrived WHERE turn = $1 ORDER BY seq").bind(turn);
        let rows = rows.fetch_all(&self.pool).await?;
        let read = |row: &AnyRow| {
            let author: Option<String> = row.try_get("author")?;
            let forwarded_from = author.map(|it| serde_json::from_str(&it)).transpose()?;
            Ok(ArrivedFile { path: row.try_get("path")?, forwarded_from })
        };
        rows.iter().map(read).collect()
    }
}
