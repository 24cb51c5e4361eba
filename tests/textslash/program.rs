//! The real program, as a newcomer would start it.

pub mod processes;

use std::cell::Cell;
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWriteExt};
use tokio::process::{Child, ChildStdin, Command};
use tokio::sync::watch;
use tokio::task::JoinHandle;

/// Far longer than anything here takes on a slow machine.
pub const PATIENCE: Duration = Duration::from_secs(90);

pub const PATH: &str = env!("CARGO_BIN_EXE_textslash");

/// A running program. Killed when dropped.
pub struct Program {
    child: Child,
    stdin: Option<ChildStdin>,
    signalled: Cell<bool>,
    pub out: ProgramOutput,
    pub err: ProgramOutput,
}

/// A program that has ended. Its code is negative for a signal.
pub struct ProgramExit {
    pub code: i32,
    pub out: String,
    pub err: String,
}

impl Program {
    /// Starts it with these words, with nothing but this in its environment, and with its temporary
    /// files in `dir`.
    pub fn start(dir: &Path, arguments: &[&str], environment: &[(String, String)]) -> Self {
        let mut child = Command::new(PATH)
            .args(arguments)
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .env("TMPDIR", dir)
            .env("HOME", dir)
            .envs(environment.iter().map(|(name, value)| (name, value)))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        let out = ProgramOutput::of(child.stdout.take().unwrap());
        let err = ProgramOutput::of(child.stderr.take().unwrap());
        Self { stdin: child.stdin.take(), child, signalled: Cell::new(false), out, err }
    }

    pub fn id(&self) -> u32 {
        self.child.id().unwrap()
    }

    /// Types a line.
    pub async fn types(&mut self, line: &str) {
        let stdin = self.stdin.as_mut().unwrap();
        stdin.write_all(format!("{line}\n").as_bytes()).await.unwrap();
    }

    pub fn ends_input(&mut self) {
        self.stdin = None;
    }

    pub fn signal(&self, signal: Signal) {
        self.signalled.set(true);
        kill(Pid::from_raw(self.id().cast_signed()), signal).unwrap();
    }

    /// Waits for its end, with the input ended unless a signal is to end it: of the two, either may
    /// be noticed first.
    pub async fn end(mut self) -> ProgramExit {
        use std::os::unix::process::ExitStatusExt;
        if !self.signalled.get() {
            self.ends_input();
        }
        let ended = tokio::time::timeout(PATIENCE, self.child.wait()).await;
        let Ok(status) = ended else {
            panic!("it does not end:\n{}\n{}", self.out.so_far(), self.err.so_far())
        };
        let status = status.unwrap();
        let code = status.code().unwrap_or_else(|| -status.signal().unwrap());
        ProgramExit { code, out: self.out.all().await, err: self.err.all().await }
    }
}

/// What a program writes.
pub struct ProgramOutput {
    text: watch::Receiver<String>,
    reading: JoinHandle<()>,
}

impl ProgramOutput {
    fn of(mut stream: impl AsyncRead + Unpin + Send + 'static) -> Self {
        let (heard, text) = watch::channel(String::new());
        let reading = tokio::spawn(async move {
            let mut piece = [0; 4096];
            while let Ok(read @ 1..) = stream.read(&mut piece).await {
                heard.send_modify(|text| text.push_str(&String::from_utf8_lossy(&piece[..read])));
            }
        });
        Self { text, reading }
    }

    pub fn so_far(&self) -> String {
        self.text.borrow().clone()
    }

    /// Waits until it has written this.
    pub async fn until(&self, wanted: &str) {
        self.until_after("", wanted).await;
    }

    /// Waits until it has written this somewhere behind the first `after`.
    pub async fn until_after(&self, after: &str, wanted: &str) {
        let mut text = self.text.clone();
        let seen = text
            .wait_for(|text| text.split_once(after).is_some_and(|(_, rest)| rest.contains(wanted)));
        let seen = tokio::time::timeout(PATIENCE, seen).await.is_ok_and(|seen| seen.is_ok());
        assert!(seen, "{wanted:?} was never written:\n{}", self.so_far());
    }

    async fn all(self) -> String {
        self.reading.await.unwrap();
        self.text.borrow().clone()
    }
}
