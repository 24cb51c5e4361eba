//! Machines as child processes of this program, each in a process group of its own.

use std::collections::{BTreeMap, VecDeque};
use std::net::{Ipv4Addr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use async_trait::async_trait;
use nix::sys::signal::{Signal, killpg};
use nix::unistd::Pid;
use parking_lot::{Mutex, MutexGuard};
use tokio::io::{AsyncRead, AsyncReadExt};
use tokio::process::{Child, ChildStdin, Command};
use tokio::sync::{oneshot, watch};

use super::{ExecOutput, MachineEndpoint, MachineLaunch, MachineRuntime};
use crate::config::{ALLOW_SANDBOX, END_WITH_STDIN};
use crate::machine_env::{self, MODEL_PROXY_PORT};

/// The part of a machine's output that is kept, in bytes: enough to show why it ended.
const OUTPUT_MAX: usize = 64 * 1024;

/// The part of a command's output that is kept, in bytes: short, as Fly's.
const EXEC_OUTPUT_MAX: usize = 64 * 1024;

/// Runs machines as child processes. When it is dropped, they are all killed.
pub struct ChildProcesses {
    program: PathBuf,
    directory: PathBuf,
    extra_env: BTreeMap<String, String>,
    state: Mutex<ChildState>,
}

#[derive(Default)]
struct ChildState {
    closed: bool,
    running: BTreeMap<String, ChildProcess>,
    outputs: BTreeMap<String, ProcessOutput>,
}

struct ChildProcess {
    group: Pid,
    port: u16,
    model_proxy_port: Option<u16>,
    env: BTreeMap<String, String>,
    directory: PathBuf,
    ended: watch::Receiver<bool>,
    /// Closed when this program ends, however it ends; see [`END_WITH_STDIN`].
    _stdin: Option<ChildStdin>,
}

type ProcessOutput = Arc<Mutex<VecDeque<u8>>>;

impl ChildProcesses {
    /// Runs `program` (this executable, outside of tests) with the machines' files under
    /// `directory`. `extra_env` are variables for every machine besides its own, in place of those
    /// in its image (`CLAUDE_BIN`).
    pub fn new(program: PathBuf, directory: PathBuf, extra_env: BTreeMap<String, String>) -> Self {
        Self { program, directory, extra_env, state: Mutex::default() }
    }

    fn state(&self) -> MutexGuard<'_, ChildState> {
        self.state.lock()
    }

    fn volume(&self, volume: &str) -> PathBuf {
        self.directory.join("volumes").join(volume)
    }

    /// The environment of the process: the machine's, with the paths and the port of this computer.
    fn environment(
        &self,
        launch: &MachineLaunch,
        home: &Path,
        port: u16,
        model_proxy_port: Option<u16>,
    ) -> BTreeMap<String, String> {
        let mut env: BTreeMap<String, String> = self.extra_env.clone();
        env.insert("HOME".into(), home.to_string_lossy().into_owned());
        if let Ok(path) = std::env::var("PATH") {
            env.insert("PATH".into(), path);
        }
        for (name, value) in &launch.env {
            env.insert(name.clone(), self.moved(value, &launch.mounts));
        }
        env.insert(machine_env::PORT.into(), port.to_string());
        if let Some(port) = model_proxy_port {
            env.insert(MODEL_PROXY_PORT.into(), port.to_string());
        }
        env.insert("LISTEN_HOST".into(), Ipv4Addr::LOCALHOST.to_string());
        env.insert(END_WITH_STDIN.into(), "1".into());
        env.insert(ALLOW_SANDBOX.into(), "1".into());
        env
    }

    /// A path at or below a mount becomes the path of the volume's directory.
    fn moved(&self, value: &str, mounts: &[(String, String)]) -> String {
        for (volume, path) in mounts {
            if let Some(below) = value.strip_prefix(path.as_str())
                && (below.is_empty() || below.starts_with('/'))
            {
                return format!("{}{below}", self.volume(volume).display());
            }
        }
        value.to_owned()
    }

    async fn prepare(&self, launch: &MachineLaunch) -> anyhow::Result<PathBuf> {
        let home = self.directory.join("machines").join(&launch.machine);
        tokio::fs::create_dir_all(&home).await.context("make the machine's directory")?;
        for (volume, _) in &launch.mounts {
            let directory = self.volume(volume);
            tokio::fs::create_dir_all(directory).await.context("make the volume's directory")?;
        }
        Ok(home)
    }
}

/// A port that was free a moment ago. Should another program take it first, the machine fails to
/// listen, exits, and is restarted with another port.
fn free_port() -> std::io::Result<u16> {
    Ok(TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?.port())
}

#[async_trait]
impl MachineRuntime for ChildProcesses {
    async fn start(&self, launch: MachineLaunch) -> anyhow::Result<oneshot::Receiver<i32>> {
        let home = self.prepare(&launch).await?;
        let port = free_port().context("find a free port")?;
        let has_model_proxy = launch.env.contains_key(MODEL_PROXY_PORT);
        let model_proxy_port = has_model_proxy.then(free_port).transpose();
        let model_proxy_port = model_proxy_port.context("find a free port")?;
        let env = self.environment(&launch, &home, port, model_proxy_port);
        let mut state = self.state();
        anyhow::ensure!(!state.closed, "the sandbox is closed");
        let mut child = Command::new(&self.program)
            .args(&launch.cmd)
            .env_clear()
            .envs(&env)
            .current_dir(&home)
            .process_group(0)
            .kill_on_drop(true)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .context("start the machine's process")?;
        let group = group_of(&child)?;
        let output = state.outputs.entry(launch.machine.clone()).or_default().clone();
        let (exited, exit) = oneshot::channel();
        let (ended, when_ended) = watch::channel(false);
        let stdin = child.stdin.take();
        state.running.insert(
            launch.machine,
            ChildProcess {
                group,
                port,
                model_proxy_port,
                env,
                directory: home,
                ended: when_ended,
                _stdin: stdin,
            },
        );
        drop(state);
        keep_output(child.stdout.take(), output.clone());
        keep_output(child.stderr.take(), output);
        tokio::spawn(async move {
            let status = child.wait().await;
            // No process of its group must outlive the machine.
            let _ = killpg(group, Signal::SIGKILL);
            ended.send_replace(true);
            let _ = exited.send(status.map_or(-1, code_of));
        });
        Ok(exit)
    }

    async fn stop(&self, machine: &str, grace: Duration) {
        let Some((group, mut ended)) =
            self.state().running.get(machine).map(|process| (process.group, process.ended.clone()))
        else {
            return;
        };
        if !*ended.borrow() {
            let _ = killpg(group, Signal::SIGTERM);
            if tokio::time::timeout(grace, ended.wait_for(|ended| *ended)).await.is_err() {
                let _ = killpg(group, Signal::SIGKILL);
                let _ = ended.wait_for(|ended| *ended).await;
            }
        }
    }

    fn signal(&self, machine: &str, signal: &str) {
        if let Some(process) = self.state().running.get(machine)
            && !*process.ended.borrow()
            && let Ok(signal) = signal.parse::<Signal>()
        {
            let _ = killpg(process.group, signal);
        }
    }

    fn endpoint(&self, machine: &str) -> Option<MachineEndpoint> {
        let state = self.state();
        let process = state.running.get(machine)?;
        (!*process.ended.borrow()).then_some(MachineEndpoint::Loopback(process.port))
    }

    fn model_proxy(&self, machine: &str) -> Option<MachineEndpoint> {
        let state = self.state();
        let process = state.running.get(machine)?;
        if *process.ended.borrow() {
            None
        } else {
            process.model_proxy_port.map(MachineEndpoint::Loopback)
        }
    }

    async fn exec(&self, machine: &str, command: &[String], deadline: Duration) -> ExecOutput {
        let place = self
            .state()
            .running
            .get(machine)
            .map(|process| (process.env.clone(), process.directory.clone()));
        let (Some((env, directory)), Some((program, arguments))) = (place, command.split_first())
        else {
            return ExecOutput { exit_code: 127, ..ExecOutput::default() };
        };
        // As the images of both roles have it.
        let program = match program.as_str() {
            "/textslash" => self.program.as_os_str(),
            other => other.as_ref(),
        };
        let run = Command::new(program)
            .args(arguments)
            .env_clear()
            .envs(env)
            .current_dir(directory)
            .kill_on_drop(true)
            .stdin(Stdio::null())
            .output();
        match tokio::time::timeout(deadline, run).await {
            Ok(Ok(output)) => ExecOutput {
                exit_code: output.status.code().unwrap_or_default(),
                exit_signal: (-code_of(output.status)).max(0),
                stdout: shortened(&output.stdout),
                stderr: shortened(&output.stderr),
            },
            Ok(Err(_)) => ExecOutput { exit_code: 127, ..ExecOutput::default() },
            Err(_) => ExecOutput { exit_signal: 9, ..ExecOutput::default() },
        }
    }

    async fn discard_volume(&self, volume: &str) {
        let _ = tokio::fs::remove_dir_all(self.volume(volume)).await;
    }

    fn running(&self) -> Vec<String> {
        let state = self.state();
        let alive = state.running.iter().filter(|(_, process)| !*process.ended.borrow());
        alive.map(|(machine, _)| machine.clone()).collect()
    }

    fn output(&self, machine: &str) -> String {
        let Some(output) = self.state().outputs.get(machine).cloned() else {
            return String::new();
        };
        let bytes: Vec<u8> = locked(&output).iter().copied().collect();
        String::from_utf8_lossy(&bytes).into_owned()
    }

    fn close(&self) {
        let mut state = self.state();
        state.closed = true;
        for process in state.running.values().filter(|process| !*process.ended.borrow()) {
            let _ = killpg(process.group, Signal::SIGKILL);
        }
    }
}

impl Drop for ChildProcesses {
    fn drop(&mut self) {
        self.close();
    }
}

/// The child leads a group of its own, so its id is the group's.
fn group_of(child: &Child) -> anyhow::Result<Pid> {
    let id = child.id().context("the machine's process ended at once")?;
    Ok(Pid::from_raw(i32::try_from(id)?))
}

fn code_of(status: ExitStatus) -> i32 {
    use std::os::unix::process::ExitStatusExt;
    status.code().unwrap_or_else(|| -status.signal().unwrap_or(1))
}

fn shortened(bytes: &[u8]) -> String {
    let kept = &bytes[..bytes.len().min(EXEC_OUTPUT_MAX)];
    String::from_utf8_lossy(kept).into_owned()
}

fn locked(output: &ProcessOutput) -> MutexGuard<'_, VecDeque<u8>> {
    output.lock()
}

fn keep_output(stream: Option<impl AsyncRead + Unpin + Send + 'static>, output: ProcessOutput) {
    let Some(mut stream) = stream else { return };
    tokio::spawn(async move {
        let mut piece = [0; 4096];
        while let Ok(read @ 1..) = stream.read(&mut piece).await {
            let mut kept = locked(&output);
            kept.extend(&piece[..read]);
            let beyond = kept.len().saturating_sub(OUTPUT_MAX);
            kept.drain(..beyond);
        }
    });
}
