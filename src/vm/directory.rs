//! The one directory that outlives the process, and what is where in it.

use std::path::{Path, PathBuf};
use std::time::SystemTime;

use anyhow::Context;

use crate::vm::ids::{SessionId, TurnId};

/// Where a VM keeps everything.
#[derive(Clone, Debug)]
pub struct Directory(PathBuf);

impl Directory {
    /// Makes what is missing.
    ///
    /// # Errors
    /// When the directory cannot be written.
    pub fn open(root: &Path) -> anyhow::Result<Self> {
        let root = std::path::absolute(root).context("the data directory has no path")?;
        let directory = Self(root);
        let parts = [
            directory.workspace(),
            directory.home(),
            directory.turns(),
            directory.shell_sessions(),
            directory.claude(),
        ];
        for part in parts {
            std::fs::create_dir_all(&part)
                .with_context(|| format!("cannot make {}", part.display()))?;
        }
        Ok(directory)
    }

    /// All of it.
    pub fn root(&self) -> &Path {
        &self.0
    }

    /// What the agent works on.
    pub fn workspace(&self) -> PathBuf {
        self.0.join("workspace")
    }

    /// The home of the agent's programs.
    pub fn home(&self) -> PathBuf {
        self.0.join("home")
    }

    /// One file of events for each turn.
    pub fn turns(&self) -> PathBuf {
        self.0.join("turns")
    }

    /// The events of this turn.
    pub fn turn(&self, id: &TurnId) -> PathBuf {
        self.turns().join(format!("{id}.jsonl"))
    }

    /// One file for each session of the shell.
    pub fn shell_sessions(&self) -> PathBuf {
        self.0.join("shell")
    }

    /// The directory that this session of the shell went to.
    pub fn shell_session(&self, session: &SessionId) -> PathBuf {
        self.shell_sessions().join(session.to_string())
    }

    /// Claude Code's own settings and transcripts.
    pub fn claude(&self) -> PathBuf {
        self.0.join("claude")
    }
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
