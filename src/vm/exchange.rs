//! Files between the person and the agent: `inbox/` and `outbox/` in the workspace.
//!
//! The workspace is the agent's, who can put a link in any place. So whatever is read or written in it is
//! read or written by a program of the agent's own user, who can reach nothing else through it.

use std::io;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::Context;
use tokio::time::timeout;

use crate::files::{FILE_BYTES_MAX, keep_newest, safe_name, write_whole};
use crate::vm::directory::Directory;
use crate::vm::ids::TurnId;
use crate::vm::process::command;

#[cfg(test)]
mod tests;

/// Files of one turn that are sent: more at once is a folder, which is better sent as an archive. The rest
/// goes with the next turns.
pub const FILES_MAX: usize = 10;

/// Files kept for a relay that has not fetched them yet, and their bytes: a small part of the smallest
/// volume.
const KEPT_MAX: usize = 100;
const KEPT_BYTES_MAX: u64 = 200 * 1024 * 1024;

/// How long a program of ours may take for one file.
const FILE_TIMEOUT: Duration = Duration::from_secs(60);

/// Longest listing of the outbox that is read: thousands of names.
const LISTING_BYTES_MAX: u64 = 256 * 1024;

/// Characters of a turn's id in the name of its file, so that a second `photo.jpg` does not replace the
/// first.
const TURN_CHARS: usize = 6;

/// The file is whole and durable before it has its name.
const RECEIVE: &str = r#"mkdir -p inbox || exit 1
part="inbox/.$0.$$.part"
trap 'rm -f "$part"' EXIT
[ ! -d "inbox/$0" ] && cat >"$part" && sync "$part" && mv -f "$part" "inbox/$0" && sync inbox"#;

/// Size and name of each regular file, each ended by a NUL.
const LIST: &str = r#"cd outbox 2>/dev/null || exit 0
for file in *; do
    [ -f "$file" ] && [ ! -L "$file" ] && printf '%d\0%s\0' "$(wc -c <"$file")" "$file"
done
true"#;

const READ: &str = r#"cat "outbox/$0""#;

const PUT_AWAY: &str = r#"mkdir -p sent && mv -f "outbox/$0" "sent/$0""#;

/// The two ways between the person and the agent.
#[derive(Clone, Debug)]
pub struct Exchange {
    directory: Directory,
}

/// A file that the agent left for the person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Left {
    /// As the agent called it.
    pub name: String,
    /// Its size.
    pub bytes: u64,
}

impl Exchange {
    /// In the workspace of `directory`.
    pub fn new(directory: Directory) -> Self {
        Self { directory }
    }

    /// Puts a file of the person's where the agent finds it; its path within the workspace. The same
    /// turn's file of the same name is the same file.
    ///
    /// # Errors
    /// When the disk is full, or the agent is in the way.
    pub async fn receive(&self, turn: &TurnId, name: &str, bytes: &[u8]) -> anyhow::Result<String> {
        let turn: String = turn.to_string().chars().take(TURN_CHARS).collect();
        let name = format!("{turn}-{}", safe_name(name));
        self.run(RECEIVE, &name, bytes, 0).await.context("the file was not written")?;
        Ok(format!("inbox/{name}"))
    }

    /// What lies in the outbox, by name.
    ///
    /// # Errors
    /// When it cannot be listed.
    pub async fn outbox(&self) -> anyhow::Result<Vec<Left>> {
        if !self.directory.workspace().join("outbox").exists() {
            return Ok(Vec::new());
        }
        let listing = self.output(LIST, "list", LISTING_BYTES_MAX).await?;
        let listing = String::from_utf8_lossy(&listing);
        let mut words = listing.split('\0');
        let mut left = Vec::new();
        while let (Some(bytes), Some(name)) = (words.next(), words.next()) {
            // A name that is no UTF-8 cannot be named in a chat, and one cut off by the limit is half.
            if let (Ok(bytes), true) = (bytes.parse(), self.is_there(name)) {
                left.push(Left { name: name.to_owned(), bytes });
            }
        }
        left.truncate(FILES_MAX);
        Ok(left)
    }

    fn is_there(&self, name: &str) -> bool {
        self.directory.workspace().join("outbox").join(name).symlink_metadata().is_ok()
    }

    /// Keeps a copy for the relay, out of the agent's reach. One that is too large to travel is not
    /// copied.
    ///
    /// # Errors
    /// When it cannot be read or written.
    pub async fn keep(&self, turn: &TurnId, index: usize, left: &Left) -> anyhow::Result<()> {
        if left.bytes > FILE_BYTES_MAX as u64 {
            return Ok(());
        }
        let bytes = self.output(READ, &left.name, left.bytes).await?;
        keep_newest(&self.directory.files(), KEPT_MAX, KEPT_BYTES_MAX).await;
        write_whole(&self.kept_at(turn, index), bytes.into()).await.context("cannot keep a file")
    }

    /// The copy that was kept, open to be read.
    ///
    /// # Errors
    /// When it is not there any more.
    pub async fn kept(&self, turn: &TurnId, index: usize) -> io::Result<tokio::fs::File> {
        tokio::fs::File::open(self.kept_at(turn, index)).await
    }

    /// Moves a file that was told of from `outbox/` to `sent/`. One that stays is told of again.
    pub async fn put_away(&self, left: &Left) {
        if let Err(error) = self.output(PUT_AWAY, &left.name, 0).await {
            tracing::warn!(error = format!("{error:#}"), "a file stays in the outbox");
        }
    }

    fn kept_at(&self, turn: &TurnId, index: usize) -> PathBuf {
        self.directory.files().join(format!("{turn}-{index}"))
    }

    /// What the script prints, of at most `bytes_max`.
    async fn output(
        &self,
        script: &str,
        argument: &str,
        bytes_max: u64,
    ) -> anyhow::Result<Vec<u8>> {
        self.run(script, argument, b"", bytes_max).await
    }

    /// Runs a script that reads `input`.
    async fn run(
        &self,
        script: &str,
        argument: &str,
        input: &[u8],
        bytes_max: u64,
    ) -> anyhow::Result<Vec<u8>> {
        let mut program = command("sh", &self.directory, &self.directory.workspace());
        program.args(["-c", script, argument]);
        let printed = self.directory.programs().run(program, input, bytes_max);
        let printed = timeout(FILE_TIMEOUT, printed).await.context("it takes too long")?;
        printed.context("cannot run a program")?.context("the program failed")
    }
}
