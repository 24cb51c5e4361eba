//! What happens to a machine between calls: it starts, exits, is restarted, stopped, woken,
//! destroyed.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};
use tokio::sync::oneshot;

use super::accounts::{BillingProfile, TRIAL_RUN_MS};
use super::errors::FlyApiError;
use super::state::{FlyApp, FlyMachine, MachineEvent, MachineState};
use super::{SimulatedFly, pause};
use crate::sandbox::edge::PrivateNetwork;
use crate::sandbox::machines::{MachineEndpoint, MachineLaunch};

/// How often a failing machine is restarted when its config does not say: Fly's default.
const RETRIES_MAX: u64 = 10;

/// Between a failure and the restart.
const RESTART_AFTER_MS: u64 = 1000;

/// How long a process has to end when its machine is destroyed or its trial is over.
const GRACE: Duration = Duration::from_secs(5);

/// How long the proxy holds a request for a machine that is being woken.
const WAKE_MAX: Duration = Duration::from_secs(30);

/// The proxy's refusals, named as Fly's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RouteError {
    /// The name does not resolve: no such app, no such address, or not visible yet.
    #[error("name not found")]
    NameNotFound,
    /// The app has no machine that may be started for this.
    #[error("PR01: no machine to serve this")]
    NoMachine,
    /// The machine did not come up.
    #[error("PM07: the machine did not start")]
    NotWoken,
}

/// How a request reaches an app.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AppRoute<'a> {
    /// Through a public address.
    Public,
    /// Through Flycast, from this network; on sockets the caller's network is not known.
    Private(Option<&'a str>),
    /// To the model proxy of a started machine, from this network, past Fly's proxy: nothing is
    /// woken.
    Internal(Option<&'a str>),
}

impl SimulatedFly {
    pub(super) fn add_machine(&self, machine: FlyMachine) -> Result<FlyMachine, FlyApiError> {
        let event = self.event("launch", MachineState::Created, "user", json!({}));
        self.write(|world, when| {
            // Reads may still show an app that is gone.
            if world.apps.get(&machine.app).is_none() {
                return Err(FlyApiError::app_not_found());
            }
            let same_name =
                |other: &&FlyMachine| other.app == machine.app && other.name == machine.name;
            if let Some(taken) = world.machines.all().filter(|m| m.exists()).find(same_name) {
                return Err(FlyApiError::machine_name_taken(&taken.id, &machine.name));
            }
            let mut machine = machine;
            machine.events.insert(0, event);
            for (volume, _) in machine.mounts() {
                if let Some(mut volume) = world.volumes.get(&volume).cloned() {
                    volume.machine = Some(machine.id.clone());
                    world.volumes.put(&volume.id.clone(), volume, when.now_ms, when.lag_ms);
                }
            }
            world.machines.put(&machine.id, machine.clone(), when.now_ms, when.lag_ms);
            Ok(machine)
        })
    }

    pub(super) fn change_machine(
        &self,
        id: &str,
        change: impl FnOnce(&mut FlyMachine, u64),
    ) -> Result<FlyMachine, FlyApiError> {
        self.write(|world, when| {
            let machine = world.machines.get(id).cloned();
            let mut machine = machine.ok_or_else(FlyApiError::machine_not_found)?;
            change(&mut machine, when.now_ms);
            machine.updated_ms = when.now_ms;
            world.machines.put(id, machine.clone(), when.now_ms, when.lag_ms);
            Ok(machine)
        })
    }

    fn event(
        &self,
        kind: &'static str,
        status: MachineState,
        source: &'static str,
        request: Value,
    ) -> MachineEvent {
        MachineEvent { id: self.version_id(), kind, status, source, request, at_ms: self.now_ms() }
    }

    /// Starts a machine that is down, after `delay_ms`.
    pub(super) fn launch(&self, id: &str, delay_ms: u64, source: &'static str) {
        let event = self.event("start", MachineState::Starting, source, json!({}));
        let begun = self.change_machine(id, |machine, _| {
            machine.state = MachineState::Starting;
            machine.run += 1;
            machine.events.insert(0, event);
        });
        if let Ok(machine) = begun {
            self.spawn(async move |fly| fly.live(&machine.id, machine.run, delay_ms).await);
        }
    }

    /// Stops a machine and starts it again.
    pub(super) fn relaunch(&self, id: &str, grace: Duration) {
        let begun = self.change_machine(id, |machine, _| {
            machine.state = MachineState::Starting;
            machine.run += 1;
        });
        if let Ok(machine) = begun {
            self.spawn(async move |fly| {
                fly.runtime.stop(&machine.id, grace).await;
                fly.live(&machine.id, machine.run, fly.latency.machine_start_ms).await;
            });
        }
    }

    /// Lives through the starts and exits of one run.
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
            let world = self.world();
            let app = world.machines.get(id).and_then(|machine| world.apps.get(&machine.app));
            app.map(|app| app.organisation.clone())
        };
        let organisation = organisation.unwrap_or_default();
        self.account(&organisation, |account| account.billing_profile == BillingProfile::Trial)
            == Some(true)
    }

    /// What to start, while the run is still wanted.
    fn launch_of(&self, id: &str, run: u64) -> Option<MachineLaunch> {
        let (world, now_ms) = (self.world(), self.now_ms());
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
            network: Arc::new(PrivateNetwork::new(self.me.clone(), app.network.clone())),
        })
    }

    fn note_started(&self, id: &str, run: u64) -> bool {
        let event = self.event("start", MachineState::Started, "flyd", json!({}));
        let mut noted = false;
        let _ = self.change_machine(id, |machine, _| {
            noted = machine.run == run && machine.state == MachineState::Starting;
            if noted {
                machine.state = MachineState::Started;
                machine.events.insert(0, event);
            }
        });
        noted
    }

    /// Whether it is to be started again.
    fn note_exit(&self, id: &str, run: u64, status: i32) -> bool {
        let about =
            json!({ "exit_event": { "exit_code": status.max(0), "requested_stop": false } });
        let event = self.event("exit", MachineState::Stopped, "flyd", about);
        let mut again = false;
        let _ = self.change_machine(id, |machine, _| {
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
    pub(super) fn stop(&self, id: &str, grace: Duration) {
        let event = self.event("stop", MachineState::Stopping, "user", json!({}));
        let mut runs = false;
        let changed = self.change_machine(id, |machine, _| match machine.state {
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
            self.spawn(async move |fly| fly.runtime.stop(&machine.id, grace).await);
        }
    }

    /// Destroys a machine and lets go of its volumes.
    pub(super) async fn destroy(&self, id: &str) {
        let _ = self.change_machine(id, |machine, _| {
            machine.run += 1;
            machine.state = MachineState::Destroying;
        });
        self.runtime.stop(id, GRACE).await;
        self.write(|world, when| {
            let mounted = world.volumes.all().filter(|v| v.machine.as_deref() == Some(id));
            let volumes: Vec<_> = mounted.cloned().collect();
            for mut volume in volumes {
                volume.machine = None;
                world.volumes.put(&volume.id.clone(), volume, when.now_ms, when.lag_ms);
            }
            world.machines.remove(id, when.now_ms, when.lag_ms);
        });
    }

    /// The door of the app's machine, which is woken if it is down and may be.
    pub(in crate::sandbox) async fn awake_endpoint(
        &self,
        app: &str,
        route: AppRoute<'_>,
    ) -> Result<(String, MachineEndpoint), RouteError> {
        if let AppRoute::Internal(from) = route {
            return self.internal_door(app, from);
        }
        let id = self.machine_to_serve(app, route)?;
        let opened = async {
            let mut changes = self.changed.subscribe();
            loop {
                changes.borrow_and_update();
                let state = self.world().machines.get(&id).map(|machine| machine.state);
                match state {
                    Some(MachineState::Started) => {
                        if let Some(door) = self.runtime.endpoint(&id) {
                            return Ok((id.clone(), door));
                        }
                        pause(20).await;
                        continue;
                    }
                    Some(MachineState::Stopped | MachineState::Suspended) => {
                        self.launch(&id, self.latency.machine_start_ms, "proxy");
                    }
                    Some(_) => {}
                    None => return Err(RouteError::NoMachine),
                }
                if changes.changed().await.is_err() {
                    return Err(RouteError::NotWoken);
                }
            }
        };
        tokio::time::timeout(WAKE_MAX, opened).await.unwrap_or(Err(RouteError::NotWoken))
    }

    fn internal_door(
        &self,
        app: &str,
        from: Option<&str>,
    ) -> Result<(String, MachineEndpoint), RouteError> {
        let id = {
            let world = self.world();
            let app = world.apps.get(app).ok_or(RouteError::NameNotFound)?;
            if from.is_some_and(|from| from != app.network) {
                return Err(RouteError::NameNotFound);
            }
            let mut of_app = world.machines.all().filter(|machine| machine.app == app.name);
            let started = of_app.find(|machine| machine.state == MachineState::Started);
            started.map(|machine| machine.id.clone()).ok_or(RouteError::NameNotFound)?
        };
        let door = self.runtime.model_proxy(&id).ok_or(RouteError::NoMachine)?;
        Ok((id, door))
    }

    fn machine_to_serve(&self, app: &str, route: AppRoute<'_>) -> Result<String, RouteError> {
        let (world, now_ms) = (self.world(), self.now_ms());
        let app = world.apps.get(app).ok_or(RouteError::NameNotFound)?;
        if !self.has_address(app, route, now_ms) {
            return Err(RouteError::NameNotFound);
        }
        let of_app = || world.machines.all().filter(|m| m.app == app.name && m.exists());
        let serves = |machine: &&FlyMachine| !machine.services().is_empty();
        let is_up = |machine: &&FlyMachine| machine.state == MachineState::Started;
        of_app()
            .filter(serves)
            .find(is_up)
            .or_else(|| of_app().filter(serves).find(|machine| machine.wakes_on_traffic()))
            .map(|machine| machine.id.clone())
            .ok_or(RouteError::NoMachine)
    }

    fn has_address(&self, app: &FlyApp, route: AppRoute<'_>, now_ms: u64) -> bool {
        use super::state::AddressKind::PrivateV6;
        app.addresses.iter().any(|address| match (&address.kind, route) {
            (PrivateV6 { network }, AppRoute::Private(from)) => {
                *network == app.network && from.is_none_or(|from| from == network)
            }
            (PrivateV6 { .. }, AppRoute::Public)
            | (_, AppRoute::Private(_) | AppRoute::Internal(_)) => false,
            (_, AppRoute::Public) => address.created_ms + self.latency.name_visible_ms <= now_ms,
        })
    }
}

/// What the machine's process sees: its config, the app's secrets, and what Fly adds.
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
