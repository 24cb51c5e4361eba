//! One story's simulated Fly, and the processes that are started against it.

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use textslash::clock::Clock;
use textslash::config::ALLOW_SANDBOX;
use textslash::journal::RunEnd;
use textslash::random::Random;
use textslash::sandbox::fly::{Latency, ReadLag, SimulatedFly, SimulatedFlySettings, nothing};
use textslash::sandbox::machines::ModelledRuntime;
use textslash::spec::{Role, Spec};
use tokio::io::{AsyncRead, AsyncReadExt};
use tokio::process::{Child, Command};
use tokio::task::{JoinHandle, JoinSet};

use super::disk::LimitedDisk;
use super::evidence::{self, RecordedRun};
use super::network::{KillMoment, KillNetwork, counts};
use super::wire::TcpProxy;

/// Every process ends within this time; as the proof's drives do.
const PATIENCE: Duration = Duration::from_secs(15 * 60);

/// A quick cloud that is not instant, so that kills meet requests on their way.
const LATENCY: Latency = Latency {
    read_ms: 2,
    app_create_ms: 6,
    address_create_ms: 6,
    secrets_write_ms: 4,
    volume_create_ms: 8,
    machine_create_ms: 10,
    write_ms: 4,
    machine_launch_ms: 15,
    machine_start_ms: 5,
    app_gone_ms: 20,
    name_visible_ms: 10,
};

/// A process that starts at once does not know how often the last one looked. It is told to wait,
/// and does.
const READ_TOO_OFTEN: &str = "too many calls: GET ";

/// What is done to a process at its moment.
pub enum KillAction<'a> {
    Kill,
    Cut,
    Fill(&'a LimitedDisk),
}

/// How a process ended.
#[derive(Debug)]
pub struct ProcessExit {
    /// `None` when it was killed.
    pub code: Option<i32>,
    pub out: String,
    pub err: String,
}

impl ProcessExit {
    /// The last thing that it said.
    pub fn last_output_line(&self) -> String {
        let line = self.err.lines().rev().find(|line| !line.trim().is_empty());
        format!("exit {:?}, {:?}", self.code, line.unwrap_or_default())
    }
}

pub struct KillWorld {
    pub network: Arc<KillNetwork>,
    pub wire: Option<TcpProxy>,
    pub directory: PathBuf,
    program: PathBuf,
    environment: Vec<(String, String)>,
    _servers: JoinSet<()>,
}

impl KillWorld {
    pub async fn new(root: &Path, seed: u64, lag_ms: u64, slow: bool) -> anyhow::Result<Self> {
        let (clock, chance) = (Clock::system(), Random::seeded(seed));
        let runtime = ModelledRuntime::new(clock.clone(), chance.clone());
        let lag = if lag_ms == 0 { ReadLag::None } else { ReadLag::UpToMs(lag_ms) };
        let settings = SimulatedFlySettings::prompt(clock, chance, Arc::new(runtime));
        let fly = SimulatedFly::new(SimulatedFlySettings { latency: LATENCY, lag, ..settings });
        fly.add_lookalikes();
        let token = fly.mint_org_token().trim_start_matches("FlyV1 ").to_owned();
        let network = KillNetwork::new(fly);
        let mut servers = JoinSet::new();
        let mut address = network.serve(&mut servers).await?;
        let wire = if slow { Some(TcpProxy::listen(address, &mut servers).await?) } else { None };
        if let Some(wire) = &wire {
            address = wire.address;
        }
        let name = hex::encode(Random::system()?.bytes::<8>());
        let directory = root.join(name);
        std::fs::create_dir_all(&directory).context("make a directory for a story")?;
        let image = |of| format!("ghcr.io/textslash/{of}@sha256:{}", "0".repeat(64));
        let port = address.port();
        let environment = [
            ("FLY_API_URL", format!("http://{address}/v1")),
            ("FLY_PLATFORM_URL", format!("http://{address}")),
            ("FLY_PUBLIC_APP_URL", format!("http://{{app}}.fly.dev.localhost:{port}")),
            ("FLY_PRIVATE_APP_URL", format!("http://{{app}}.flycast.localhost:{port}")),
            ("FLY_MODEL_PROXY_URL", format!("http://{{app}}.internal.localhost:{port}")),
            ("FLY_API_TOKEN", token),
            ("TEXTSLASH_RELAY_IMAGE", image("relay")),
            ("TEXTSLASH_VM_IMAGE", image("vm")),
            (ALLOW_SANDBOX, "1".to_owned()),
        ];
        Ok(Self {
            network,
            wire,
            directory,
            program: PathBuf::from(env!("CARGO_BIN_EXE_textslash")),
            environment: environment.map(|(name, value)| (name.to_owned(), value)).into(),
            _servers: servers,
        })
    }

    /// A data directory of this story.
    pub fn data(&self, name: &str) -> PathBuf {
        self.directory.join(name)
    }

    fn start(&self, data: &Path, arguments: &[&str]) -> anyhow::Result<Child> {
        let mut command = Command::new(&self.program);
        command.args(arguments).env_clear().env("TEXTSLASH_DATA", data);
        command.env("TMPDIR", &self.directory).env("HOME", &self.directory);
        command.envs(self.environment.iter().map(|(name, value)| (name, value)));
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command.kill_on_drop(true).spawn().context("start this program")
    }

    /// Runs a process to its end. At the moment, the deed is done to it.
    pub async fn run(
        &self,
        data: &Path,
        arguments: &[&str],
        deed: Option<(KillMoment, KillAction<'_>)>,
    ) -> anyhow::Result<ProcessExit> {
        self.network.begin(deed.as_ref().map(|(moment, _)| *moment));
        let ended = self.run_second(data, arguments, deed.map(|(_, deed)| deed)).await;
        self.network.end().await;
        ended
    }

    /// As [`KillWorld::run`], beside a process that runs already.
    pub async fn run_second(
        &self,
        data: &Path,
        arguments: &[&str],
        deed: Option<KillAction<'_>>,
    ) -> anyhow::Result<ProcessExit> {
        let mut child = self.start(data, arguments)?;
        let (out, err) = (read(child.stdout.take()), read(child.stderr.take()));
        let status = tokio::time::timeout(PATIENCE, async {
            tokio::select! {
                biased;
                status = child.wait() => return status.map_err(Into::into),
                deed = async { match deed {
                    Some(deed) => { self.network.due().await; deed }
                    None => std::future::pending().await,
                } } => self.act(&mut child, &deed)?,
            }
            anyhow::Ok(child.wait().await?)
        });
        let Ok(status) = status.await else {
            self.network.add_violation(format!("{arguments:?} takes longer than 15 minutes"));
            anyhow::bail!("a process does not end");
        };
        Ok(ProcessExit { code: status?.code(), out: out.await?, err: err.await? })
    }

    fn act(&self, child: &mut Child, deed: &KillAction<'_>) -> anyhow::Result<()> {
        match (deed, &self.wire) {
            (KillAction::Kill, _) => Ok(child.start_kill()?),
            (KillAction::Fill(disk), _) => disk.fill(),
            (KillAction::Cut, Some(wire)) => {
                wire.cut();
                Ok(())
            }
            (KillAction::Cut, None) => Ok(()),
        }
    }

    /// What stands on record, which must be whole; and whatever exists must stand there.
    pub async fn record(&self, datas: &[&Path]) -> Vec<RecordedRun> {
        let mut all = Vec::new();
        for data in datas {
            match evidence::read(data, &self.data("copy")).await {
                Ok(recorded) => all.extend(recorded),
                Err(error) => self.network.add_violation(format!("the record: {error:#}")),
            }
        }
        let there = self.network.fly.inventory();
        for app in &there.apps {
            let (machines, volumes) = counts(&there, app);
            for (kind, count) in [("app", 1), ("machine", machines), ("volume", volumes)] {
                let is_known = all.iter().any(|run: &RecordedRun| {
                    [(Role::Relay, "relay"), (Role::Vm, "vm")].iter().any(|(role, word)| {
                        run.summary.spec.app(*role) == *app
                            && run.may_have_made(&format!("{word}-{kind}"))
                    })
                });
                if count > 0 && !is_known {
                    self.network
                        .add_violation(format!("the {kind} of {app} was made without an intent"));
                }
            }
        }
        all
    }

    /// What was said to be deployed is.
    pub fn expect_deployed(&self, run: &RecordedRun) {
        let there = self.network.fly.inventory();
        let spec = &run.summary.spec;
        let is_there = [Role::Relay, Role::Vm].iter().all(|role| {
            let app = spec.app(*role);
            let started = (there.machines.iter())
                .any(|line| line.starts_with(&format!("{app}/")) && line.ends_with(" started"));
            there.apps.contains(&app) && counts(&there, &app) == (1, 1) && started
        });
        if run.summary.end != Some(RunEnd::Deployed) || !is_there {
            self.network.add_violation(format!("{} was said to be deployed: {there}", spec.id));
        }
    }

    /// What was said to be removed is gone.
    pub fn expect_removed(&self, spec: &Spec) {
        let there = self.network.fly.inventory();
        if [Role::Relay, Role::Vm].iter().any(|role| there.apps.contains(&spec.app(*role))) {
            self.network.add_violation(format!("{} was said to be removed: {there}", spec.id));
        }
    }

    /// Nothing is left but the strangers' things, and no limit of writes was exceeded.
    pub fn expect_nothing(&self) {
        let there = self.network.fly.inventory();
        if there != nothing() {
            self.network.add_violation(format!("left behind: {there}"));
        }
        let of_a_read = |violation: &String| violation.starts_with(READ_TOO_OFTEN);
        for violation in self.network.fly.violations().into_iter().filter(|it| !of_a_read(it)) {
            self.network.add_violation(format!("Fly's rules: {violation}"));
        }
    }
}

impl Drop for KillWorld {
    fn drop(&mut self) {
        // Temporary files: what cannot be removed now, the system removes later.
        let _ = std::fs::remove_dir_all(&self.directory);
    }
}

fn read(stream: Option<impl AsyncRead + Unpin + Send + 'static>) -> JoinHandle<String> {
    tokio::spawn(async move {
        let mut text = Vec::new();
        if let Some(mut stream) = stream {
            // What a killed process had not written yet is not there to be read.
            let _ = stream.read_to_end(&mut text).await;
        }
        String::from_utf8_lossy(&text).into_owned()
    })
}
