//! A child process with all its descendants: started in a process group of its own with an empty
//! environment, and gone with its turn.

use std::ffi::OsStr;
use std::path::Path;
use std::time::Duration;

use anyhow::Context;
use nix::sys::signal::{Signal, killpg};
use nix::unistd::Pid;
use tokio::process::{Child, Command};

/// How often a group that was asked to end is looked at: an end is noticed at once by a person.
const LOOK_INTERVAL: Duration = Duration::from_millis(20);

/// A command with the least environment a program needs, and none of this process's secrets.
pub fn command(program: impl AsRef<OsStr>, home: &Path, directory: &Path) -> Command {
    let mut command = Command::new(program);
    let path = std::env::var_os("PATH").unwrap_or_else(|| "/usr/local/bin:/usr/bin:/bin".into());
    command
        .env_clear()
        .env("PATH", path)
        .env("HOME", home)
        .env("LANG", "C.UTF-8")
        .env("TERM", "dumb")
        .current_dir(directory)
        .process_group(0);
    command
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
pub struct Group(Pid);

impl Group {
    /// Starts `command` as the leader of a group of its own.
    ///
    /// # Errors
    /// When the program cannot be started.
    pub fn spawn(command: &mut Command) -> anyhow::Result<(Child, Self)> {
        let child = command.spawn().context("cannot start the agent's program")?;
        let id = child.id().context("the agent's program ended while it was started")?;
        Ok((child, Self(Pid::from_raw(i32::try_from(id)?))))
    }

    /// Asks every process of the group to end, and kills what is left after `grace`.
    pub async fn end(self, grace: Duration) {
        if killpg(self.0, Signal::SIGTERM).is_err() {
            return;
        }
        let gone = async {
            while self.is_alive() {
                tokio::time::sleep(LOOK_INTERVAL).await;
            }
        };
        let _ = tokio::time::timeout(grace, gone).await;
    }

    fn is_alive(&self) -> bool {
        killpg(self.0, None).is_ok()
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        // The group may be gone already, which is what is wanted.
        let _ = killpg(self.0, Signal::SIGKILL);
    }
}
