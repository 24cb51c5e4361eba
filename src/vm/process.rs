//! A child process with all its descendants: started in a process group of its own with an empty
//! environment, and gone with its turn. A process that leaves the group (`setsid`) outlives its
//! turn, as the agent's user, until the machine stops: it is in the way of nobody but its owner.

use std::fmt;
use std::io;
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use anyhow::Context;
use async_trait::async_trait;
use nix::sys::signal::{Signal, killpg};
use nix::unistd::{Gid, Pid, Uid, User};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::process::{Child, Command};

use crate::files::FILE_BYTES_MAX;

/// How often a group that was asked to end is looked at: an end is noticed at once by a person.
const LOOK_INTERVAL: Duration = Duration::from_millis(20);

/// How long a group that was killed is waited for. Processes die within milliseconds; only dead
/// ones that no parent collects stay longer, and those do nothing.
const KILLED_WAIT: Duration = Duration::from_secs(1);

/// The user that agents run as when this process is root: one who can read neither this process's
/// memory and environment nor what it keeps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AgentUser {
    uid: Uid,
    gid: Gid,
}

impl AgentUser {
    /// The user of this name, from the system's user database.
    ///
    /// # Errors
    /// When there is none, or it is root.
    pub fn named(name: &str) -> anyhow::Result<Self> {
        let user = User::from_name(name)?.with_context(|| format!("there is no user {name}"))?;
        anyhow::ensure!(!user.uid.is_root(), "agents do not run as root");
        Ok(Self { uid: user.uid, gid: user.gid })
    }

    /// The number of this user.
    pub fn uid(self) -> u32 {
        self.uid.as_raw()
    }

    /// The number of this user's group.
    pub fn gid(self) -> u32 {
        self.gid.as_raw()
    }

    /// Gives this user a file or directory.
    ///
    /// # Errors
    /// When this process is not root, or the disk fails.
    pub fn give_to_user(self, path: &Path) -> anyhow::Result<()> {
        let (uid, gid) = (self.uid.as_raw(), self.gid.as_raw());
        std::os::unix::fs::chown(path, Some(uid), Some(gid))
            .with_context(|| format!("cannot hand over {}", path.display()))
    }
}

/// Runs the VM's own short programs, which handle files as the agent's user.
#[async_trait]
pub trait ProgramRunner: fmt::Debug + Send + Sync {
    /// Runs a program that reads `input`, and returns what it prints, of at most `bytes_max`;
    /// `None` when it fails.
    ///
    /// # Errors
    /// When it cannot be started or read.
    async fn run(
        &self,
        program: Command,
        input: &[u8],
        bytes_max: u64,
    ) -> io::Result<Option<Vec<u8>>>;
}

/// Programs as they run on a machine. A program whose caller gives up is killed.
#[derive(Debug)]
pub struct SystemProgramRunner;

#[async_trait]
impl ProgramRunner for SystemProgramRunner {
    async fn run(
        &self,
        mut program: Command,
        input: &[u8],
        bytes_max: u64,
    ) -> io::Result<Option<Vec<u8>>> {
        program.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut child = program.kill_on_drop(true).spawn()?;
        let (stdin, stdout) = (child.stdin.take(), child.stdout.take());
        let sent = async {
            match stdin {
                Some(mut stdin) => stdin.write_all(input).await,
                None => Ok(()),
            }
        };
        // Grown by itself, it would be twice in memory each time. The rest is room to see the end
        // in.
        let capacity = usize::try_from(bytes_max).unwrap_or_default().min(FILE_BYTES_MAX) + 64;
        let mut printed = Vec::with_capacity(capacity);
        let read = async {
            match stdout {
                Some(stdout) => stdout.take(bytes_max).read_to_end(&mut printed).await.map(drop),
                None => Ok(()),
            }
        };
        // A program that ends early leaves part of its input unread.
        let (sent, read) = tokio::join!(sent, read);
        let status = child.wait().await?;
        read?;
        // What is printed beyond the limit is not read, and the program fails for it.
        let is_cut = bytes_max > 0 && printed.len() as u64 == bytes_max;
        Ok((is_cut || status.success() && sent.is_ok()).then_some(printed))
    }
}

/// Hides this process's environment and memory from the programs it starts, which run as the same
/// user, and from core dumps. Root sees them all the same.
///
/// # Errors
/// When the kernel refuses.
#[cfg(target_os = "linux")]
pub fn hide_from_children() -> anyhow::Result<()> {
    nix::sys::prctl::set_dumpable(false).context("cannot hide this process from its children")
}

/// Other systems do not run a VM for anybody but its developer.
///
/// # Errors
/// Never.
#[cfg(not(target_os = "linux"))]
pub fn hide_from_children() -> anyhow::Result<()> {
    Ok(())
}

/// A process group, killed when dropped.
#[derive(Debug)]
pub struct ProcessGroup(Pid);

impl ProcessGroup {
    /// Starts `command` as the leader of a group of its own.
    ///
    /// # Errors
    /// When the program cannot be started.
    pub fn spawn(command: &mut Command) -> anyhow::Result<(Child, Self)> {
        let child = command.spawn().context("cannot start the agent's program")?;
        let id = child.id().context("the agent's program ended while it was started")?;
        Ok((child, Self(Pid::from_raw(i32::try_from(id)?))))
    }

    /// Asks every process of the group to end, kills what is left after `grace`, and returns when
    /// all are gone.
    pub async fn end(self, grace: Duration) {
        if killpg(self.0, Signal::SIGTERM).is_err() || self.is_gone_within(grace).await {
            return;
        }
        let _ = killpg(self.0, Signal::SIGKILL);
        if !self.is_gone_within(KILLED_WAIT).await {
            tracing::warn!("processes of a turn were killed and are still listed");
        }
    }

    async fn is_gone_within(&self, patience: Duration) -> bool {
        let gone = async {
            while self.is_alive() {
                tokio::time::sleep(LOOK_INTERVAL).await;
            }
        };
        tokio::time::timeout(patience, gone).await.is_ok()
    }

    fn is_alive(&self) -> bool {
        killpg(self.0, None).is_ok()
    }
}

impl Drop for ProcessGroup {
    fn drop(&mut self) {
        // The group may be gone already, which is what is wanted.
        let _ = killpg(self.0, Signal::SIGKILL);
    }
}
