//! Files between the person and the agent: `inbox/` and `outbox/` in the workspace.
//!
//! The workspace is the agent's, who can put a link in any place. So a program of the agent's own
//! user reads and writes the files in it, and can reach nothing else through a link. This process
//! itself only lists `outbox/`, and follows no link there.

use std::ffi::OsStr;
use std::fs::File;
use std::io;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::Context;
use tokio::time::{Instant, timeout, timeout_at};

use crate::files::{FILE_BYTES_MAX, keep_newest, on_disk, safe_name, write_whole};
use crate::protocol::WithheldReason;
use crate::vm::directory::VmDirectory;
use crate::vm::ids::TurnId;

mod outbox;
#[cfg(test)]
mod tests;

pub use outbox::{OutboxFile, OutboxListing, WithheldFiles};

/// Files of one turn that are sent: more at once is a folder, which is better sent as an archive.
/// The rest goes with the next turns.
pub const FILES_MAX: usize = 10;

/// Files kept for a relay that has not fetched them yet, and their bytes: a small part of the
/// smallest volume.
const KEPT_MAX: usize = 100;
const KEPT_BYTES_MAX: u64 = 200 * 1024 * 1024;

/// How long taking one file of the person may take: the largest one on a slow volume.
const RECEIVE_TIMEOUT: Duration = Duration::from_secs(60);

/// How long reading or moving one file of the agent may take: the largest one on a slow volume. A
/// file that was replaced by a pipe takes all of it.
const FILE_TIMEOUT: Duration = Duration::from_secs(10);

/// Characters of a turn's id in the name of its file, so that a second `photo.jpg` does not replace
/// the first.
const TURN_CHARS: usize = 6;

/// The file is whole and durable before it has its name.
const RECEIVE: &str = r#"mkdir -p inbox || exit 1
part="inbox/.$0.$$.part"
trap 'rm -f "$part"' EXIT
[ ! -d "inbox/$0" ] && cat >"$part" && sync "$part" && mv -f "$part" "inbox/$0" && sync inbox"#;

const READ: &str = r#"cat "outbox/$0""#;

const PUT_AWAY: &str = r#"mkdir -p sent && mv -f "outbox/$0" "sent/$0""#;

/// The two ways between the person and the agent.
#[derive(Clone, Debug)]
pub struct FileExchange {
    directory: VmDirectory,
}

impl FileExchange {
    /// In the workspace of `directory`.
    pub fn new(directory: VmDirectory) -> Self {
        Self { directory }
    }

    /// Puts a file of the person's where the agent finds it; its path within the workspace. The
    /// same turn's file of the same name is the same file.
    ///
    /// # Errors
    /// When the disk is full, or the agent is in the way.
    pub async fn receive(&self, turn: &TurnId, name: &str, bytes: &[u8]) -> anyhow::Result<String> {
        let turn: String = turn.to_string().chars().take(TURN_CHARS).collect();
        let name = format!("{turn}-{}", safe_name(name));
        let written = timeout(RECEIVE_TIMEOUT, self.run(RECEIVE, name.as_ref(), bytes, 0)).await;
        written.context("it takes too long")?.context("the file was not written")?;
        Ok(format!("inbox/{name}"))
    }

    /// Lists the outbox. What cannot be sent stands in it as withheld.
    pub async fn outbox(&self, deadline: Instant) -> OutboxListing {
        let path = self.directory.workspace().join("outbox");
        let listing = on_disk(move || OutboxListing::list(&path));
        match timeout_at(deadline, listing).await {
            Ok(Ok(outbox)) => outbox,
            Ok(Err(error)) => {
                tracing::warn!(%error, "the outbox cannot be listed");
                OutboxListing::without_files(WithheldReason::NoOutbox)
            }
            Err(_) => OutboxListing::without_files(WithheldReason::TooSlow),
        }
    }

    /// Keeps a copy for the relay, out of the agent's reach; how large the file is. One that is too
    /// large to travel is not copied.
    ///
    /// # Errors
    /// When there is no copy; the file stays in the outbox.
    pub async fn store_copy(
        &self,
        turn: &TurnId,
        index: usize,
        left: &OutboxFile,
        deadline: Instant,
    ) -> Result<u64, WithheldReason> {
        let most = FILE_BYTES_MAX as u64;
        if left.bytes > most {
            return Ok(left.bytes);
        }
        let deadline = deadline.min(Instant::now() + FILE_TIMEOUT);
        // One byte more than may travel shows that the file has grown.
        let read = self.output(READ, &left.name, most + 1);
        let bytes = timeout_at(deadline, read).await.map_err(|_| WithheldReason::TooSlow)?;
        let bytes = bytes.map_err(|error| {
            tracing::info!(error = format!("{error:#}"), "a file cannot be read");
            WithheldReason::Unreadable
        })?;
        let length = bytes.len() as u64;
        if length > most {
            return Ok(length.max(left.bytes));
        }
        keep_newest(&self.directory.files(), KEPT_MAX, KEPT_BYTES_MAX).await;
        match write_whole(&self.kept_at(turn, index), bytes.into()).await {
            Ok(()) => Ok(length),
            Err(error) => {
                tracing::error!(error = ?error.kind(), "a file cannot be kept");
                Err(WithheldReason::NoRoom)
            }
        }
    }

    /// The copy that was kept, open to be read.
    ///
    /// # Errors
    /// When it is not there any more.
    pub async fn open_copy(&self, turn: &TurnId, index: usize) -> io::Result<File> {
        let path = self.kept_at(turn, index);
        on_disk(move || File::open(path)).await
    }

    /// Moves a file that was told of from `outbox/` to `sent/`. One that stays is told of again.
    pub async fn put_away(&self, left: &OutboxFile) {
        let moved = timeout(FILE_TIMEOUT, self.output(PUT_AWAY, &left.name, 0)).await;
        if !matches!(moved, Ok(Ok(_))) {
            tracing::warn!("a file stays in the outbox");
        }
    }

    fn kept_at(&self, turn: &TurnId, index: usize) -> PathBuf {
        self.directory.files().join(format!("{turn}-{index}"))
    }

    /// What the script prints, of at most `bytes_max`.
    async fn output(
        &self,
        script: &str,
        argument: &OsStr,
        bytes_max: u64,
    ) -> anyhow::Result<Vec<u8>> {
        self.run(script, argument, b"", bytes_max).await
    }

    /// Runs a script that reads `input`; what it prints, of at most `bytes_max`.
    async fn run(
        &self,
        script: &str,
        argument: &OsStr,
        input: &[u8],
        bytes_max: u64,
    ) -> anyhow::Result<Vec<u8>> {
        let mut program = self.directory.command("sh", &self.directory.workspace());
        program.args(["-c", script]).arg(argument);
        let printed = self.directory.programs().run(program, input, bytes_max).await;
        printed.context("cannot run a program")?.context("the program failed")
    }
}
