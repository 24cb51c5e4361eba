//! The runtimes of simulated machines: child processes of this program, or models of relay and VM
//! in this process.

use std::collections::BTreeMap;
use std::time::Duration;

use async_trait::async_trait;
use tokio::sync::oneshot;

use crate::http::SharedTransport;

pub use self::child::ChildProcesses;
pub use self::modelled::{ModelFaults, ModelledRuntime};

mod child;
mod modelled;
#[cfg(test)]
mod tests;

/// Runs the processes of machines.
#[async_trait]
pub trait MachineRuntime: Send + Sync {
    /// Starts a machine's process; its exit status follows when it ends, negative for a signal.
    ///
    /// # Errors
    /// When it could not be started at all.
    async fn start(&self, launch: MachineLaunch) -> anyhow::Result<oneshot::Receiver<i32>>;

    /// Asks a machine's process to end, and ends it after `grace`. Returns when it has ended.
    async fn stop(&self, machine: &str, grace: Duration);

    /// Sends a signal (`SIGTERM`) to a machine's process.
    fn signal(&self, machine: &str, signal: &str);

    /// The address of a running machine.
    fn endpoint(&self, machine: &str) -> Option<MachineEndpoint>;

    /// The address of a running relay's model proxy; `None` for a machine without one.
    fn model_proxy(&self, machine: &str) -> Option<MachineEndpoint>;

    /// Runs a command beside a machine's process, with its environment.
    async fn exec(&self, machine: &str, command: &[String], deadline: Duration) -> ExecOutput;

    /// Deletes the content of a volume.
    async fn discard_volume(&self, volume: &str);

    /// The machines whose processes run.
    fn running(&self) -> Vec<String>;

    /// The last part of a machine's standard output and error.
    fn output(&self, machine: &str) -> String;

    /// Ends every process at once and starts none any more.
    fn close(&self);
}

/// The process to start.
pub struct MachineLaunch {
    /// The machine's id.
    pub machine: String,
    /// The arguments of the image's entrypoint.
    pub cmd: Vec<String>,
    /// The whole environment, from config, secrets and Fly.
    pub env: BTreeMap<String, String>,
    /// Volumes and the paths of their mounts.
    pub mounts: Vec<(String, String)>,
    /// The network of the machine's app.
    pub network: SharedTransport,
}

/// The address of a running machine.
pub enum MachineEndpoint {
    /// On this port of this computer.
    Loopback(u16),
    /// In this process.
    InProcess(axum::Router),
}

/// The result of a command.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ExecOutput {
    /// As of a shell: 127 when there is no such command.
    pub exit_code: i32,
    /// The signal that ended it, or 0.
    pub exit_signal: i32,
    /// Standard output.
    pub stdout: String,
    /// Standard error.
    pub stderr: String,
}
