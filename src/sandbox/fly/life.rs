//! The runs of machines: start, exit, restart, stop and destruction.

use std::collections::BTreeMap;
use std::sync::{Arc, Weak};
use std::time::Duration;

use serde_json::{Value, json};
use tokio::sync::oneshot;

use super::accounts::{BillingProfile, Organisations, TRIAL_RUN_MS};
use super::latency::Latency;
use super::machine_table::MachineTable;
use super::pause;
use super::state::{FlyApp, FlyMachine, MachineState};
use super::world::SharedWorld;
use crate::http::SharedTransport;
use crate::sandbox::machines::{MachineLaunch, MachineRuntime};

/// The restarts of a failing machine whose config does not say their number: Fly's default.
const RETRIES_MAX: u64 = 10;

/// The pause between a failure and the restart, in milliseconds.
const RESTART_AFTER_MS: u64 = 1000;

/// The time that a process has to end when its machine is destroyed or its trial is over.
const GRACE: Duration = Duration::from_secs(5);

/// Makes the private network of this name, through which its machines reach other apps.
pub(super) type NetworkOf = Box<dyn Fn(&str) -> SharedTransport + Send + Sync>;

/// Runs the processes of machines and records their states.
pub(super) struct MachineLife {
    pub world: Arc<SharedWorld>,
    pub machines: Arc<MachineTable>,
    pub organisations: Arc<Organisations>,
    pub runtime: Arc<dyn MachineRuntime>,
    pub latency: Latency,
    pub network_of: NetworkOf,
    /// Keeps this value alive in the tasks that it spawns.
    pub me: Weak<Self>,
}

impl MachineLife {
    /// Starts a machine that is down, after `delay_ms`.
    pub fn launch(&self, id: &str, delay_ms: u64, source: &'static str) {
        let event = self.machines.event("start", MachineState::Starting, source, json!({}));
        let begun = self.machines.change(id, |machine, _| {
            machine.state = MachineState::Starting;
            machine.run += 1;
            machine.events.insert(0, event);
        });
        if let Ok(machine) = begun {
            self.spawn(async move |life| life.live(&machine.id, machine.run, delay_ms).await);
        }
    }

    /// Stops a machine and starts it again.
    pub fn relaunch(&self, id: &str, grace: Duration) {
        let begun = self.machines.change(id, |machine, _| {
            machine.state = MachineState::Starting;
            machine.run += 1;
        });
        if let Ok(machine) = begun {
            self.spawn(async move |life| {
                life.runtime.stop(&machine.id, grace).await;
                life.live(&machine.id, machine.run, life.latency.machine_start_ms).await;
            });
        }
    }

    /// Starts the process of one run, and starts it again after each exit that the restart policy
    /// covers.
    async fn live(&self, id: &str, run: u64, mut delay_ms: u64) {
        loop {
            pause(delay_ms).await;
            let Some(launch) = self.launch_of(id, run) else { return };
            let status = match self.runtime.start(launch).await {
                Ok(exit) => {
                    if !self.note_started(id, run) {
                        self.runtime.stop(id, GRACE).await;
                        return;
                    }
                    self.exit_of(id, exit).await
                }
                Err(_) => -1,
            };
            if !self.note_exit(id, run, status) {
                return;
            }
            delay_ms = RESTART_AFTER_MS;
        }
    }

    /// The exit status; a trial's machine is stopped when its time is up.
    async fn exit_of(&self, id: &str, mut exit: oneshot::Receiver<i32>) -> i32 {
        if self.is_trial(id) {
            let time_up = Duration::from_millis(TRIAL_RUN_MS);
            if let Ok(status) = tokio::time::timeout(time_up, &mut exit).await {
                return status.unwrap_or(-1);
            }
            self.stop(id, GRACE);
        }
        exit.await.unwrap_or(-1)
    }

    fn is_trial(&self, id: &str) -> bool {
        let organisation = {
            let world = self.world.state();
            let app = world.machines.get(id).and_then(|machine| world.apps.get(&machine.app));
            app.map(|app| app.organisation.clone())
        };
        let organisation = organisation.unwrap_or_default();
        let is_trial = self
            .organisations
            .account(&organisation, |account| account.billing_profile == BillingProfile::Trial);
        is_trial == Some(true)
    }

    /// The process to start; `None` when the machine was stopped or started anew since.
    fn launch_of(&self, id: &str, run: u64) -> Option<MachineLaunch> {
        let (world, now_ms) = (self.world.state(), self.world.now_ms());
        let machine = world.machines.get(id)?;
        if machine.run != run || machine.state != MachineState::Starting {
            return None;
        }
        // Without a version of its own, a machine gets the secrets that reads show at its start.
        let app = match machine.secrets_version_min {
            Some(_) => world.apps.get(&machine.app)?,
            None => world.apps.read(&machine.app, now_ms)?,
        };
        let init = machine.config.get("init").cloned().unwrap_or_default();
        let cmd = init["cmd"].as_array().cloned().unwrap_or_default();
        Some(MachineLaunch {
            machine: id.to_owned(),
            cmd: cmd.iter().filter_map(Value::as_str).map(str::to_owned).collect(),
            env: environment(app, machine),
            mounts: machine.mounts(),
            network: (self.network_of)(&app.network),
        })
    }

    fn note_started(&self, id: &str, run: u64) -> bool {
        let event = self.machines.event("start", MachineState::Started, "flyd", json!({}));
        let mut noted = false;
        let _ = self.machines.change(id, |machine, _| {
            noted = machine.run == run && machine.state == MachineState::Starting;
            if noted {
                machine.state = MachineState::Started;
                machine.events.insert(0, event);
            }
        });
        noted
    }

    /// Records an exit; true when the process must start again.
    fn note_exit(&self, id: &str, run: u64, status: i32) -> bool {
        let about =
            json!({ "exit_event": { "exit_code": status.max(0), "requested_stop": false } });
        let event = self.machines.event("exit", MachineState::Stopped, "flyd", about);
        let mut again = false;
        let _ = self.machines.change(id, |machine, _| {
            if machine.run != run {
                return;
            }
            machine.events.insert(0, event);
            again = machine.state != MachineState::Stopping && restarts(machine, status);
            machine.retries = if again { machine.retries + 1 } else { 0 };
            machine.state = if again { MachineState::Starting } else { MachineState::Stopped };
        });
        again
    }

    /// Stops a machine. Its exit is noted when it happens.
    pub fn stop(&self, id: &str, grace: Duration) {
        let event = self.machines.event("stop", MachineState::Stopping, "user", json!({}));
        let mut runs = false;
        let changed = self.machines.change(id, |machine, _| match machine.state {
            MachineState::Started => {
                runs = true;
                machine.state = MachineState::Stopping;
                machine.events.insert(0, event);
            }
            MachineState::Starting => {
                machine.run += 1;
                machine.state = MachineState::Stopped;
            }
            _ => {}
        });
        if let (true, Ok(machine)) = (runs, changed) {
            self.spawn(async move |life| life.runtime.stop(&machine.id, grace).await);
        }
    }

    /// Ends a machine's process, removes the machine and detaches its volumes.
    pub async fn destroy(&self, id: &str) {
        let _ = self.machines.change(id, |machine, _| {
            machine.run += 1;
            machine.state = MachineState::Destroying;
        });
        self.runtime.stop(id, GRACE).await;
        self.machines.remove(id);
    }

    /// Runs `work` beside the requests, while the cloud exists.
    fn spawn<F>(&self, work: impl FnOnce(Arc<Self>) -> F)
    where
        F: Future<Output = ()> + Send + 'static,
    {
        if let Some(life) = self.me.upgrade() {
            tokio::spawn(work(life));
        }
    }
}

/// The environment of the machine's process: from its config, from the app's secrets and from Fly.
fn environment(app: &FlyApp, machine: &FlyMachine) -> BTreeMap<String, String> {
    let mut env = BTreeMap::new();
    if let Some(Value::Object(config)) = machine.config.get("env") {
        for (name, value) in config {
            env.insert(name.clone(), value.as_str().unwrap_or_default().to_owned());
        }
    }
    for (name, secret) in &app.secrets {
        env.insert(name.clone(), secret.value.clone());
    }
    env.insert("FLY_APP_NAME".into(), app.name.clone());
    env.insert("FLY_MACHINE_ID".into(), machine.id.clone());
    env.insert("FLY_REGION".into(), machine.region.clone());
    env.insert("FLY_PRIVATE_IP".into(), machine.private_ip.clone());
    env
}

fn restarts(machine: &FlyMachine, status: i32) -> bool {
    let restart = machine.config.get("restart").cloned().unwrap_or_default();
    let retries_max = restart["max_retries"].as_u64().unwrap_or(RETRIES_MAX);
    match restart["policy"].as_str() {
        Some("no") => false,
        Some("always") => true,
        _ => status != 0 && machine.retries < retries_max,
    }
}
