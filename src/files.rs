//! Files on disk: written whole or not at all, named safely, and the oldest given up.

use std::fs::File;
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use bytes::Bytes;
use futures::StreamExt;
use futures::stream::BoxStream;
use tokio::runtime::{Handle, RuntimeFlavor};

#[cfg(test)]
mod tests;

/// Largest file that travels between a person and their agent, in bytes: what Telegram lets a bot
/// fetch is 20 MB (<https://core.telegram.org/bots/api#getfile>), and a whole one is held in memory
/// on the smallest machines.
pub const FILE_BYTES_MAX: usize = 20 * 1024 * 1024;

/// Longest name, in bytes: file systems take 255, and ours get a few words more.
const NAME_BYTES_MAX: usize = 100;

/// Ending of a file that is not whole yet.
const PART: &str = "part";

/// Writes a file without blocking the runtime; see [`write_whole_now`].
///
/// # Errors
/// When the disk is full or fails; then the file is as it was before.
pub async fn write_whole(path: &Path, bytes: Bytes) -> io::Result<()> {
    let path = path.to_owned();
    on_disk(move || write_whole_now(&path, &bytes)).await
}

/// Does work that waits for a disk, beside the runtime's own threads. A runtime of one thread does
/// it in place: whatever runs there is to have the same order each time.
///
/// # Errors
/// Those of the work, and when it panics.
pub async fn on_disk<T: Send + 'static>(
    work: impl FnOnce() -> io::Result<T> + Send + 'static,
) -> io::Result<T> {
    if Handle::current().runtime_flavor() == RuntimeFlavor::CurrentThread {
        return work();
    }
    tokio::task::spawn_blocking(work).await.map_err(io::Error::other)?
}

/// Writes a file that is durable when this returns. After a crash and on a full disk it is there
/// whole or not at all. Of two writers of one file, the later one wins.
///
/// # Errors
/// When the disk is full or fails; then the file is as it was before.
pub fn write_whole_now(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let directory = path.parent().ok_or(io::ErrorKind::InvalidInput)?;
    let mut part = tempfile::Builder::new().suffix(&format!(".{PART}")).tempfile_in(directory)?;
    part.write_all(bytes)?;
    part.as_file().sync_all()?;
    part.persist(path)?;
    File::open(directory)?.sync_all()
}

/// Removes files that a process left unfinished when it died. Only for the one process that
/// writes into the directory, before it does. Parts that stay only take up room.
pub fn remove_parts(directory: &Path) {
    let Ok(entries) = std::fs::read_dir(directory) else { return };
    for path in entries.flatten().map(|entry| entry.path()) {
        if path.extension().is_some_and(|ending| ending == PART) {
            let _ = std::fs::remove_file(path);
        }
    }
}

/// Whether a write failed for lack of room.
pub fn is_full(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded)
}

/// Bytes of a file that are in memory at once while it is read for a slow reader.
const PIECE_BYTES: usize = 64 * 1024;

/// The rest of a file, read as fast as it is taken.
pub fn in_pieces(file: File) -> BoxStream<'static, io::Result<Bytes>> {
    let rest = futures::stream::try_unfold(file, |mut file| {
        on_disk(move || {
            let mut piece = vec![0; PIECE_BYTES];
            let length = file.read(&mut piece)?;
            piece.truncate(length);
            Ok((length > 0).then(|| (Bytes::from(piece), file)))
        })
    });
    rest.boxed()
}

/// What somebody calls a file, as a name that is safe in a path and in a command line: letters and
/// digits of any script, `.`, `-` and `_`, not beginning with a dot or a dash.
pub fn safe_name(name: &str) -> String {
    let name = name.rsplit(['/', '\\']).next().unwrap_or_default();
    let safe = |c: char| if c.is_alphanumeric() || ".-_".contains(c) { c } else { '_' };
    let name: String = name.chars().map(safe).collect();
    let name = name.trim_start_matches(['.', '-']);
    let (stem, ending) = match name.rsplit_once('.') {
        Some((stem, ending)) if ending.len() < NAME_BYTES_MAX / 4 => (stem, format!(".{ending}")),
        _ => (name, String::new()),
    };
    let mut stem = stem.to_owned();
    while stem.len() + ending.len() > NAME_BYTES_MAX {
        stem.pop();
    }
    if stem.is_empty() { format!("file{ending}") } else { stem + &ending }
}

/// Removes the oldest files of a directory beyond `files_max` and `bytes_max`. What cannot be read
/// or removed now is met again the next time.
pub async fn keep_newest(directory: &Path, files_max: usize, bytes_max: u64) {
    let directory = directory.to_owned();
    let kept = on_disk(move || {
        let mut bytes = 0;
        for (newer, file) in newest_first(&directory)?.into_iter().enumerate() {
            bytes += file.bytes;
            if newer >= files_max || bytes > bytes_max {
                let _ = std::fs::remove_file(file.path);
            }
        }
        Ok(())
    });
    let _ = kept.await;
}

struct FileEntry {
    path: PathBuf,
    modified: SystemTime,
    bytes: u64,
}

fn newest_first(directory: &Path) -> io::Result<Vec<FileEntry>> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(directory)?.flatten() {
        if let Ok(metadata) = entry.metadata() {
            let modified = metadata.modified().unwrap_or(SystemTime::UNIX_EPOCH);
            files.push(FileEntry { path: entry.path(), modified, bytes: metadata.len() });
        }
    }
    files.sort_by_key(|file| std::cmp::Reverse(file.modified));
    Ok(files)
}
