//! The messages of the web channel, kept so that none is lost while no client is connected.

use std::collections::{BTreeMap, VecDeque};
use std::io;

use async_trait::async_trait;
use parking_lot::{Mutex, MutexGuard};

use bytes::Bytes;
use futures::StreamExt;
use futures::stream::BoxStream;
use serde::{Deserialize, Serialize};

use crate::chat::Outbound;

/// Messages that a [`MemoryLog`] keeps; the oldest are forgotten first.
const MEMORY_MAX: usize = 1_000;

/// Files that a [`MemoryLog`] keeps, likewise.
const FILES_MAX: usize = 16;

/// The latest form of every message, in the order of their latest change.
///
/// Every change takes the next sequence number, from 1, and supersedes the entry that this message
/// had before. An entry must not become visible to [`MessageLog::after`] before those with smaller
/// numbers: readers never look back. Old messages may be forgotten.
#[async_trait]
pub trait MessageLog: Send + Sync {
    /// Writes a message, or its new form if its key is known. Returns its sequence number.
    async fn put(&self, posted: &PostedMessage) -> Result<u64, LogError>;

    /// Replaces a message by a note of its removal. Returns the sequence number of that note, or
    /// `None` where no such message exists.
    async fn remove(&self, key: &str) -> Result<Option<u64>, LogError>;

    /// Whether a message of this key is in the log.
    async fn contains(&self, key: &str) -> Result<bool, LogError>;

    /// At most `max` entries after `seq`, in order.
    async fn after(&self, seq: u64, max: usize) -> Result<Vec<LogEntry>, LogError>;

    /// The latest sequence number; zero if there never was one.
    async fn head(&self) -> Result<u64, LogError>;

    /// Keeps the bytes of a file. The same id is the same file; old ones may be forgotten.
    async fn keep_file(&self, id: &str, bytes: &Bytes) -> Result<(), LogError>;

    /// The bytes of a file, if they are still there.
    async fn file(&self, id: &str) -> Result<Option<Bytes>, LogError>;

    /// The same file, for a slow reader.
    async fn open_file(&self, id: &str) -> Result<Option<StoredFile>, LogError> {
        let stored = |bytes: Bytes| StoredFile {
            bytes: bytes.len() as u64,
            pieces: futures::stream::once(async { Ok(bytes) }).boxed(),
        };
        Ok(self.file(id).await?.map(stored))
    }
}

/// A file of a [`MessageLog`] while it is read.
pub struct StoredFile {
    /// Its size.
    pub bytes: u64,
    /// Its bytes, read as they are taken.
    pub pieces: BoxStream<'static, io::Result<Bytes>>,
}

/// A change in a [`MessageLog`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogEntry {
    /// Its place in the order.
    pub seq: u64,
    /// The change.
    pub change: LogChange,
}

/// The content of a [`LogEntry`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LogChange {
    /// The message in its latest form.
    Put(PostedMessage),
    /// The message of this key was removed.
    Removed(String),
}

/// A message, and the file that came with it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PostedMessage {
    /// The message; the caption, where there is a file.
    #[serde(flatten)]
    pub message: Outbound,
    /// The description of the file. Its bytes are at [`MessageLog::file`].
    #[serde(default)]
    pub file: Option<Box<PostedFile>>,
}

/// A file in the log.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PostedFile {
    /// The id in the log.
    pub id: String,
    /// The name.
    pub name: String,
    /// Its media type.
    pub media_type: String,
    /// Its size.
    pub bytes: u64,
}

impl From<Outbound> for PostedMessage {
    fn from(message: Outbound) -> Self {
        Self { message, file: None }
    }
}

/// A failure to read or write the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LogError {
    /// Trying again may help.
    #[error("the log of messages is not available")]
    Unavailable,
    /// A file does not fit on the disk. Nothing of it was kept.
    #[error("there is no room for the file")]
    NoRoom,
}

/// A log that lives as long as the process.
#[derive(Default)]
pub struct MemoryLog {
    entries: Mutex<LogEntries>,
}

#[derive(Default)]
struct LogEntries {
    head: u64,
    files: VecDeque<(String, Bytes)>,
    by_seq: BTreeMap<u64, LogChange>,
}

impl MemoryLog {
    fn entries(&self) -> MutexGuard<'_, LogEntries> {
        self.entries.lock()
    }
}

impl LogEntries {
    fn supersede(&mut self, change: LogChange) -> u64 {
        let key = change.key();
        self.by_seq.retain(|_, old| old.key() != key);
        if self.by_seq.len() == MEMORY_MAX {
            self.by_seq.pop_first();
        }
        self.head += 1;
        self.by_seq.insert(self.head, change);
        self.head
    }

    fn contains(&self, key: &str) -> bool {
        self.by_seq
            .values()
            .any(|change| matches!(change, LogChange::Put(put) if put.message.key == key))
    }
}

impl LogChange {
    fn key(&self) -> &str {
        match self {
            Self::Put(posted) => &posted.message.key,
            Self::Removed(key) => key,
        }
    }
}

#[async_trait]
impl MessageLog for MemoryLog {
    async fn put(&self, posted: &PostedMessage) -> Result<u64, LogError> {
        Ok(self.entries().supersede(LogChange::Put(posted.clone())))
    }

    async fn remove(&self, key: &str) -> Result<Option<u64>, LogError> {
        let mut entries = self.entries();
        let known = entries.contains(key);
        Ok(known.then(|| entries.supersede(LogChange::Removed(key.into()))))
    }

    async fn contains(&self, key: &str) -> Result<bool, LogError> {
        Ok(self.entries().contains(key))
    }

    async fn after(&self, seq: u64, max: usize) -> Result<Vec<LogEntry>, LogError> {
        let entries = self.entries();
        let later = entries.by_seq.range(seq.saturating_add(1)..).take(max);
        Ok(later.map(|(seq, change)| LogEntry { seq: *seq, change: change.clone() }).collect())
    }

    async fn head(&self) -> Result<u64, LogError> {
        Ok(self.entries().head)
    }

    async fn keep_file(&self, id: &str, bytes: &Bytes) -> Result<(), LogError> {
        let files = &mut self.entries().files;
        files.retain(|(known, _)| known != id);
        if files.len() == FILES_MAX {
            files.pop_front();
        }
        files.push_back((id.to_owned(), bytes.clone()));
        Ok(())
    }

    async fn file(&self, id: &str) -> Result<Option<Bytes>, LogError> {
        let entries = self.entries();
        let found = entries.files.iter().find(|(known, _)| known == id);
        Ok(found.map(|(_, bytes)| bytes.clone()))
    }
}
