//! The one directory that outlives the process, and what is where in it.

use std::ffi::OsStr;
use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::Context;
use tokio::process::Command;

use crate::files::remove_parts;
use crate::vm::ids::{SessionId, TurnId};
use crate::vm::process::{AgentUser, ProgramRunner, SystemProgramRunner};

/// Where a VM keeps everything.
#[derive(Clone, Debug)]
pub struct VmDirectory {
    root: PathBuf,
    agent_user: Option<AgentUser>,
    programs: Arc<dyn ProgramRunner>,
}

/// The agent's user may pass through the root of the directory, to its own parts, and list nothing.
const PASS_ONLY: u32 = 0o711;

/// Nobody else may look.
const PRIVATE: u32 = 0o700;

impl VmDirectory {
    /// Makes what is missing, and gives the agent's user what is the agent's.
    ///
    /// # Errors
    /// When the directory cannot be written or handed over.
    pub fn open(root: &Path, agent_user: Option<AgentUser>) -> anyhow::Result<Self> {
        let root = std::path::absolute(root).context("the data directory has no path")?;
        let directory = Self { root, agent_user, programs: Arc::new(SystemProgramRunner) };
        let parts = [
            directory.workspace(),
            directory.home(),
            directory.turns(),
            directory.files(),
            directory.shell_sessions(),
            directory.claude(),
        ];
        for part in parts {
            std::fs::create_dir_all(&part)
                .with_context(|| format!("cannot make {}", part.display()))?;
        }
        remove_parts(&directory.files());
        directory.hand_over()?;
        Ok(directory)
    }

    /// The same directory, where `programs` run the VM's own short programs.
    #[must_use]
    pub fn with_programs(self, programs: Arc<dyn ProgramRunner>) -> Self {
        Self { programs, ..self }
    }

    /// What runs the VM's own short programs.
    pub fn programs(&self) -> &dyn ProgramRunner {
        self.programs.as_ref()
    }

    fn hand_over(&self) -> anyhow::Result<()> {
        let Some(user) = self.agent_user else { return Ok(()) };
        for part in [self.workspace(), self.home(), self.shell_sessions(), self.claude()] {
            user.give_to_user(&part)?;
        }
        set_mode(&self.root, PASS_ONLY)?;
        set_mode(&self.files(), PRIVATE)?;
        set_mode(&self.turns(), PRIVATE)
    }

    /// A command in `place` with the least environment that a program needs, and none of this
    /// process's secrets. It runs as the agent's user, if there is one.
    pub fn command(&self, program: impl AsRef<OsStr>, place: &Path) -> Command {
        let mut command = Command::new(program);
        let path =
            std::env::var_os("PATH").unwrap_or_else(|| "/usr/local/bin:/usr/bin:/bin".into());
        command
            .env_clear()
            .env("PATH", path)
            .env("HOME", self.home())
            .env("LANG", "C.UTF-8")
            .env("TERM", "dumb")
            .current_dir(place)
            .process_group(0);
        if let Some(user) = self.agent_user {
            command.uid(user.uid()).gid(user.gid());
        }
        command
    }

    /// Who agents run as; `None` means as this process.
    pub fn agent_user(&self) -> Option<AgentUser> {
        self.agent_user
    }

    /// All of it.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// What the agent works on.
    pub fn workspace(&self) -> PathBuf {
        self.root.join("workspace")
    }

    /// Files that agents left for the person, until the relay has taken them.
    pub fn files(&self) -> PathBuf {
        self.root.join("files")
    }

    /// The home of the agent's programs.
    pub fn home(&self) -> PathBuf {
        self.root.join("home")
    }

    /// One file of events for each turn.
    pub fn turns(&self) -> PathBuf {
        self.root.join("turns")
    }

    /// The events of this turn.
    pub fn turn(&self, id: &TurnId) -> PathBuf {
        self.turns().join(format!("{id}.jsonl"))
    }

    /// One file for each session of the shell.
    pub fn shell_sessions(&self) -> PathBuf {
        self.root.join("shell")
    }

    /// The directory that this session of the shell went to.
    pub fn shell_session(&self, session: &SessionId) -> PathBuf {
        self.shell_sessions().join(session.to_string())
    }

    /// Claude Code's own settings and transcripts.
    pub fn claude(&self) -> PathBuf {
        self.root.join("claude")
    }
}

fn set_mode(path: &Path, mode: u32) -> anyhow::Result<()> {
    std::fs::set_permissions(path, Permissions::from_mode(mode))
        .with_context(|| format!("cannot close {} to others", path.display()))
}
