//! Files on disk: written whole or not at all, named safely, and the oldest given up.

use std::io;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use bytes::{Bytes, BytesMut};
use futures::StreamExt;
use futures::stream::BoxStream;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

#[cfg(test)]
mod tests;

/// Largest file that travels between a person and their agent, in bytes: what Telegram lets a bot
/// fetch is 20 MB (<https://core.telegram.org/bots/api#getfile>), and a whole one is held in memory on
/// the smallest machines.
pub const FILE_BYTES_MAX: usize = 20 * 1024 * 1024;

/// Longest name, in bytes: file systems take 255, and ours get a few words more.
const NAME_BYTES_MAX: usize = 100;

/// Writes a file so that after a crash it is there whole or not at all.
///
/// # Errors
/// When the disk is full or gone.
pub async fn write_whole(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let part = path.with_extension("part");
    let mut file = tokio::fs::File::create(&part).await?;
    file.write_all(bytes).await?;
    file.sync_all().await?;
    tokio::fs::rename(&part, path).await
}

/// Bytes of a file that are in memory at once while it is read for a slow reader.
const PIECE_BYTES: usize = 64 * 1024;

/// The rest of a file, read as fast as it is taken.
pub fn in_pieces(file: tokio::fs::File) -> BoxStream<'static, io::Result<Bytes>> {
    let rest = futures::stream::try_unfold(file, |mut file| async {
        let mut piece = BytesMut::with_capacity(PIECE_BYTES);
        match file.read_buf(&mut piece).await? {
            0 => Ok(None),
            _ => Ok(Some((piece.freeze(), file))),
        }
    });
    rest.boxed()
}

/// What somebody calls a file, as a name that is safe in a path and in a command line: letters and digits
/// of any script, `.`, `-` and `_`, not beginning with a dot or a dash.
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
    let mut bytes = 0;
    for (newer, file) in newest_first(directory).await.into_iter().enumerate() {
        bytes += file.bytes;
        if newer >= files_max || bytes > bytes_max {
            let _ = tokio::fs::remove_file(file.path).await;
        }
    }
}

struct File {
    path: PathBuf,
    modified: SystemTime,
    bytes: u64,
}

async fn newest_first(directory: &Path) -> Vec<File> {
    let mut files = Vec::new();
    if let Ok(mut entries) = tokio::fs::read_dir(directory).await {
        while let Ok(Some(entry)) = entries.next_entry().await {
            if let Ok(metadata) = entry.metadata().await {
                let modified = metadata.modified().unwrap_or(SystemTime::UNIX_EPOCH);
                files.push(File { path: entry.path(), modified, bytes: metadata.len() });
            }
        }
    }
    files.sort_by_key(|file| std::cmp::Reverse(file.modified));
    files
}
