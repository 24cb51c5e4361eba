//! The agent that needs no model: each turn is a line for the shell, in the workspace. A session
//! remembers the directory it went to; `$FILE` is the file that the person sent last.

use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use anyhow::Context;
use async_trait::async_trait;
use nix::libc;
use tokio::fs::OpenOptions;
use tokio::io::AsyncReadExt;
use tokio::net::unix::pipe;
use tokio::process::Child;
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep};

use crate::files::keep_newest;
use crate::protocol::{TurnEvent, TurnFailure};
use crate::vm::agent::{Agent, EVENTS_QUEUED_MAX, Prompt, RunningAgent};
use crate::vm::directory::VmDirectory;
use crate::vm::ids::SessionId;
use crate::vm::process::ProcessGroup;
use crate::vm::text::{TerminalText, Utf8Decoder};

/// Longest line that is run: Linux passes at most 128 KiB in one argument (`MAX_ARG_STRLEN`).
pub const LINE_BYTES_MAX: usize = 120 * 1024;

/// Sessions whose directory is remembered; one is started with each `/new`.
const SESSIONS_KEPT_MAX: usize = 200;

/// How long output is awaited after the shell ended: all that it wrote is in the pipe by then, and
/// what it left running in the background must not hold the turn.
const DRAIN: Duration = Duration::from_millis(200);

/// Longest name of a directory (Linux's `PATH_MAX`).
const PATH_BYTES_MAX: u64 = 4096;

/// How long the beginning of a line is held: a progress bar writes over it many times a second, and
/// a prompt stays.
const LINE_HELD: Duration = Duration::from_secs(1);

/// Bytes read at once.
const CHUNK_BYTES: usize = 8 * 1024;

/// Runs the line (`$1`) and notes where it ended up (`$0`), or says that it could not.
const SCRIPT: &str = r#"trap '{ pwd >"$0.part" && mv -f "$0.part" "$0"; } 2>/dev/null || {
    rm -f "$0.part"
    printf "\n[the disk is full: the next line starts in the directory where this one started]\n"
}' EXIT; eval "$1""#;

/// The answer to a message without words of the person's own: a shell would run what others wrote.
const NOT_YOURS: &str =
    "I run only what you write yourself, and this was written by somebody else.";

/// `sh -c`, a line at a time.
pub struct Shell {
    directory: VmDirectory,
}

impl Shell {
    /// A shell whose workspace, home and memory are in `directory`.
    pub fn new(directory: VmDirectory) -> Self {
        Self { directory }
    }

    async fn working_directory(&self, session: &SessionId) -> PathBuf {
        let noted = read_note(&self.directory.shell_session(session)).await;
        noted
            .map(|path| PathBuf::from(path.trim_end_matches('\n')))
            .filter(|path| path.is_dir())
            .unwrap_or_else(|| self.directory.workspace())
    }
}

#[async_trait]
impl Agent for Shell {
    async fn ready(&self) -> bool {
        let mut shell = self.directory.command("sh", &self.directory.workspace());
        let status = shell.args(["-c", "true"]).stdin(Stdio::null()).status().await;
        status.is_ok_and(|status| status.success())
    }

    async fn start(&self, session: &SessionId, said: Prompt<'_>) -> anyhow::Result<RunningAgent> {
        let text = said.text;
        let (sender, events) = mpsc::channel(EVENTS_QUEUED_MAX);
        if text.trim().is_empty() && !said.citations.is_empty() {
            sender.try_send(TurnEvent::Text { text: NOT_YOURS.to_owned() })?;
            sender.try_send(TurnEvent::Done)?;
            return Ok(RunningAgent { events, group: None });
        }
        if text.len() > LINE_BYTES_MAX || text.contains('\0') {
            let text = "That cannot be one command line: it is too long or holds a NUL.".to_owned();
            sender.try_send(TurnEvent::Text { text })?;
            sender.try_send(TurnEvent::Done)?;
            return Ok(RunningAgent { events, group: None });
        }
        keep_newest(&self.directory.shell_sessions(), SESSIONS_KEPT_MAX, u64::MAX).await;
        let (reader, writer) = std::io::pipe().context("cannot make a pipe")?;
        let mut shell = self.directory.command("sh", &self.working_directory(session).await);
        shell
            .arg("-c")
            .arg(SCRIPT)
            .arg(self.directory.shell_session(session))
            .arg(text)
            .stdin(Stdio::null())
            .stdout(writer.try_clone().context("cannot share a pipe")?)
            .stderr(writer);
        if let Some(file) = said.files.last() {
            shell.env("FILE", self.directory.workspace().join(file));
        }
        let (child, group) = ProcessGroup::spawn(&mut shell)?;
        let output = pipe::Receiver::from_owned_fd(reader.into())?;
        tokio::spawn(pump(child, output, sender));
        Ok(RunningAgent { events, group: Some(group) })
    }
}

/// Reads a note, which is a short file. The agent's programs own the place and may have put
/// anything there: a link is not followed, and a pipe not waited for.
async fn read_note(path: &Path) -> Option<String> {
    let careful = libc::O_NOFOLLOW | libc::O_NONBLOCK;
    let file = OpenOptions::new().read(true).custom_flags(careful).open(path).await.ok()?;
    if !file.metadata().await.ok()?.is_file() {
        return None;
    }
    let mut note = String::new();
    file.take(PATH_BYTES_MAX).read_to_string(&mut note).await.ok()?;
    Some(note)
}

/// Carries output until the shell ended, then says how. It ends early when nobody listens.
async fn pump(mut child: Child, mut output: pipe::Receiver, events: mpsc::Sender<TurnEvent>) {
    let mut decoder = Utf8Decoder::default();
    let mut terminal = TerminalText::default();
    let mut chunk = vec![0; CHUNK_BYTES];
    let mut ended: Option<(ExitStatus, Instant)> = None;
    loop {
        let drained = ended.map(|(_, at)| at + DRAIN);
        tokio::select! {
            read = output.read(&mut chunk) => match read {
                Ok(length @ 1..) => {
                    let text = terminal.feed(&decoder.decode(&chunk[..length]));
                    if !text.is_empty() && events.send(TurnEvent::Text { text }).await.is_err() {
                        break;
                    }
                }
                _ => break,
            },
            status = child.wait(), if ended.is_none() => match status {
                Ok(status) => ended = Some((status, Instant::now())),
                Err(_) => break,
            },
            () = sleep(LINE_HELD), if terminal.holds_line() => {
                if events.send(TurnEvent::Text { text: terminal.take_line() }).await.is_err() {
                    break;
                }
            }
            () = until(drained) => break,
        }
    }
    let status = match ended {
        Some((status, _)) => Ok(status),
        None => child.wait().await,
    };
    let rest = terminal.feed(&decoder.finish()) + &terminal.take_line();
    let text = rest + &status.as_ref().map_or_else(|_| String::new(), verdict);
    let last = match status {
        Ok(_) => TurnEvent::Done,
        Err(_) => TurnEvent::Failed { reason: TurnFailure::AgentCrashed },
    };
    // Nobody listens any more when the turn was stopped.
    let _ = events.send(TurnEvent::Text { text }).await;
    let _ = events.send(last).await;
}

async fn until(deadline: Option<Instant>) {
    match deadline {
        Some(deadline) => tokio::time::sleep_until(deadline).await,
        None => std::future::pending().await,
    }
}

fn verdict(status: &ExitStatus) -> String {
    use std::os::unix::process::ExitStatusExt;
    match (status.code(), status.signal()) {
        (Some(0), _) => String::new(),
        (Some(code), _) => format!("\n[exit code {code}]"),
        (None, Some(signal)) => format!("\n[ended by signal {signal}]"),
        (None, None) => "\n[ended]".to_owned(),
    }
}
