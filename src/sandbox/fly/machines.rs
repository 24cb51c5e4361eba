//! Machines: made, read, changed, started, stopped and destroyed over the API.

use std::sync::Arc;
use std::time::Duration;

use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, StatusCode};
use axum::routing::{get, post};
use axum::{Extension, Json, Router};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::SimulatedFly;
use super::errors::FlyApiError;
use super::regions;
use super::state::{FlyApp, FlyMachine, MachineState, mounts};

mod exec;
mod lease;
mod shown;
mod wait;

pub(super) use shown::{overview, shown};

/// How long a process has to end when nobody said: Fly's default is 5 s.
const GRACE: Duration = Duration::from_secs(5);

pub(super) fn routes() -> Router<Arc<SimulatedFly>> {
    let machine = "/v1/apps/{app}/machines/{machine}";
    let of = |action: &str| format!("{machine}/{action}");
    Router::new()
        .route("/v1/apps/{app}/machines", get(list).post(create))
        .route(machine, get(show).post(update).delete(delete))
        .route(&of("start"), post(start))
        .route(&of("stop"), post(stop))
        .route(&of("suspend"), post(suspend))
        .route(&of("restart"), post(restart))
        .route(&of("signal"), post(exec::signal))
        .route(&of("exec"), post(exec::exec))
        .route(&of("wait"), get(wait::wait))
        .route(&of("events"), get(shown::events))
        .route(&of("lease"), get(lease::show).post(lease::acquire).delete(lease::release))
}

#[derive(Deserialize)]
struct MachineListQuery {
    region: Option<String>,
    state: Option<String>,
    include_deleted: Option<bool>,
}

async fn list(
    State(fly): State<Arc<SimulatedFly>>,
    Extension(app): Extension<FlyApp>,
    Query(query): Query<MachineListQuery>,
) -> Json<Value> {
    let world = fly.world();
    let of_app = world.machines.all_seen(fly.now_ms()).filter(|machine| {
        machine.app == app.name
            && (query.include_deleted == Some(true) || machine.exists())
            && query.region.as_ref().is_none_or(|region| *region == machine.region)
            && query.state.as_ref().is_none_or(|state| *state == machine.state.to_string())
    });
    Json(of_app.map(shown).collect())
}

async fn show(
    State(fly): State<Arc<SimulatedFly>>,
    Extension(app): Extension<FlyApp>,
    Path((_, id)): Path<(String, String)>,
) -> Result<Json<Value>, FlyApiError> {
    let world = fly.world();
    let machine = world.machines.read(&id, fly.now_ms()).filter(|m| m.app == app.name);
    machine.map(|machine| Json(shown(machine))).ok_or_else(FlyApiError::machine_not_found)
}

#[derive(Deserialize)]
struct MachineRequest {
    name: Option<String>,
    region: Option<String>,
    config: Option<Map<String, Value>>,
    min_secrets_version: Option<u64>,
    skip_launch: Option<bool>,
    current_version: Option<String>,
}

const FIELDS: &[&str] = &[
    "name",
    "region",
    "config",
    "min_secrets_version",
    "skip_launch",
    "skip_secrets",
    "skip_service_registration",
    "lease_ttl",
    "lsvd",
    "current_version",
];

async fn create(
    State(fly): State<Arc<SimulatedFly>>,
    Extension(app): Extension<FlyApp>,
    Json(body): Json<Value>,
) -> Result<Json<Value>, FlyApiError> {
    let wanted: MachineRequest = fly.read("POST machines", &body, FIELDS)?;
    let config = wanted.config.ok_or_else(|| FlyApiError::malformed("config is required"))?;
    let region = regions::known(wanted.region.as_deref())?;
    fly.check_image(&config)?;
    fly.check_secrets(&app, wanted.min_secrets_version)?;
    fly.check_mounts(&app.name, &region, &config, None)?;
    let id = fly.id::<7>();
    let name = wanted.name.unwrap_or_else(|| format!("quiet-water-{}", &id[..4]));
    let siblings = fly.check_name_free(&app.name, &name)?;
    fly.check_room_for_machine(&app.organisation, &region, siblings)?;
    let machine = fly.add_machine(FlyMachine {
        id,
        app: app.name,
        name,
        region,
        state: MachineState::Created,
        config,
        instance_id: fly.version_id(),
        private_ip: format!("fdaa:4:{}:a7b:1::2", fly.id::<2>()),
        secrets_version_min: wanted.min_secrets_version,
        events: Vec::new(),
        lease: None,
        run: 0,
        retries: 0,
        created_ms: fly.now_ms(),
        updated_ms: fly.now_ms(),
    })?;
    if wanted.skip_launch != Some(true) {
        fly.launch(&machine.id, fly.latency.machine_launch_ms, "flyd");
    }
    Ok(Json(shown(&machine)))
}

/// The whole config is replaced. A running machine is restarted with it; one that is down stays
/// down.
async fn update(
    State(fly): State<Arc<SimulatedFly>>,
    Extension(app): Extension<FlyApp>,
    Path((_, id)): Path<(String, String)>,
    headers: HeaderMap,
    Json(body): Json<Value>,
) -> Result<Json<Value>, FlyApiError> {
    let wanted: MachineRequest = fly.read("POST machine", &body, FIELDS)?;
    let config = wanted.config.ok_or_else(|| FlyApiError::malformed("config is required"))?;
    let machine = fly.machine_for_write(&app.name, &id, &headers)?;
    if wanted.current_version.is_some_and(|version| version != machine.instance_id) {
        return Err(FlyApiError::version_mismatch(StatusCode::CONFLICT, "current_version"));
    }
    fly.check_image(&config)?;
    fly.check_secrets(&app, wanted.min_secrets_version)?;
    fly.check_mounts(&app.name, &machine.region, &config, Some(&id))?;
    let instance_id = fly.version_id();
    let machine = fly.change_machine(&id, |machine, _| {
        machine.config = config;
        machine.instance_id = instance_id;
        machine.secrets_version_min = wanted.min_secrets_version.or(machine.secrets_version_min);
        machine.name = wanted.name.unwrap_or_else(|| machine.name.clone());
    })?;
    if matches!(machine.state, MachineState::Started | MachineState::Starting) {
        fly.relaunch(&id, GRACE);
    }
    Ok(Json(shown(&machine)))
}

#[derive(Deserialize)]
struct DeleteMachineQuery {
    force: Option<bool>,
    kill: Option<bool>,
}

async fn delete(
    State(fly): State<Arc<SimulatedFly>>,
    Extension(app): Extension<FlyApp>,
    Path((_, id)): Path<(String, String)>,
    Query(query): Query<DeleteMachineQuery>,
    headers: HeaderMap,
) -> Result<Json<Value>, FlyApiError> {
    let machine = fly.machine_for_write(&app.name, &id, &headers)?;
    let forced = query.force == Some(true) || query.kill == Some(true);
    let down = [MachineState::Stopped, MachineState::Suspended, MachineState::Created];
    if !forced && !down.contains(&machine.state) {
        return Err(FlyApiError::precondition(
            "unable to destroy machine, not currently stopped, suspended, or failed",
        ));
    }
    fly.change_machine(&id, |machine, _| {
        machine.state = MachineState::Destroying;
        machine.run += 1;
    })?;
    fly.spawn(async move |fly| fly.destroy(&id).await);
    Ok(ok())
}

/// What most writes answer.
fn ok() -> Json<Value> {
    Json(json!({ "ok": true }))
}

async fn start(
    State(fly): State<Arc<SimulatedFly>>,
    Extension(app): Extension<FlyApp>,
    Path((_, id)): Path<(String, String)>,
    headers: HeaderMap,
) -> Result<Json<Value>, FlyApiError> {
    let machine = fly.machine_for_write(&app.name, &id, &headers)?;
    match machine.state {
        MachineState::Started | MachineState::Starting => {}
        MachineState::Created | MachineState::Stopped | MachineState::Suspended => {
            fly.launch(&id, fly.latency.machine_start_ms, "user");
        }
        state => {
            let text = format!("unable to start machine from current state: '{state}'");
            return Err(FlyApiError::precondition(&text));
        }
    }
    let previous = machine.state.to_string();
    Ok(Json(json!({ "previous_state": previous, "migrated": false, "new_host": "" })))
}

#[derive(Default, Deserialize)]
struct StopRequest {
    timeout: Option<String>,
}

async fn stop(
    State(fly): State<Arc<SimulatedFly>>,
    Extension(app): Extension<FlyApp>,
    Path((_, id)): Path<(String, String)>,
    headers: HeaderMap,
    body: Option<Json<Value>>,
) -> Result<Json<Value>, FlyApiError> {
    let stop: StopRequest = match body {
        Some(Json(body)) => fly.read("POST stop", &body, &["signal", "timeout"])?,
        None => StopRequest::default(),
    };
    fly.machine_for_write(&app.name, &id, &headers)?;
    fly.stop(&id, stop.timeout.as_deref().and_then(duration).unwrap_or(GRACE));
    Ok(ok())
}

/// Fly falls back to stopping what it cannot suspend.
async fn suspend(
    State(fly): State<Arc<SimulatedFly>>,
    Extension(app): Extension<FlyApp>,
    Path((_, id)): Path<(String, String)>,
    headers: HeaderMap,
) -> Result<Json<Value>, FlyApiError> {
    fly.machine_for_write(&app.name, &id, &headers)?;
    fly.stop(&id, GRACE);
    Ok(ok())
}

async fn restart(
    State(fly): State<Arc<SimulatedFly>>,
    Extension(app): Extension<FlyApp>,
    Path((_, id)): Path<(String, String)>,
    headers: HeaderMap,
) -> Result<Json<Value>, FlyApiError> {
    fly.machine_for_write(&app.name, &id, &headers)?;
    fly.relaunch(&id, GRACE);
    Ok(ok())
}

/// `10s`, `1m`, or plain seconds.
fn duration(text: &str) -> Option<Duration> {
    let (number, unit_s) = match text.strip_suffix('m') {
        Some(number) => (number, 60),
        None => (text.strip_suffix('s').unwrap_or(text), 1),
    };
    Some(Duration::from_secs(number.parse::<u64>().ok()? * unit_s))
}

impl SimulatedFly {
    /// A machine of this app, as it truly is.
    pub(super) fn machine_of(&self, app: &str, id: &str) -> Result<FlyMachine, FlyApiError> {
        let world = self.world();
        let machine = world.machines.get(id).filter(|machine| machine.app == app);
        machine.cloned().ok_or_else(FlyApiError::machine_not_found)
    }

    /// The same, unless somebody else holds its lease.
    pub(super) fn machine_for_write(
        &self,
        app: &str,
        id: &str,
        headers: &HeaderMap,
    ) -> Result<FlyMachine, FlyApiError> {
        let machine = self.machine_of(app, id)?;
        lease::check(&machine, headers, self.now_ms())?;
        Ok(machine)
    }

    fn check_image(&self, config: &Map<String, Value>) -> Result<(), FlyApiError> {
        let image = config.get("image").and_then(Value::as_str).unwrap_or_default();
        if image.is_empty() {
            return Err(FlyApiError::malformed("config.image is required"));
        }
        let exists = match &self.images {
            Some(images) => images.contains(image),
            None => is_pinned(image),
        };
        if exists { Ok(()) } else { Err(FlyApiError::manifest_unknown(image, self.draw())) }
    }

    fn check_secrets(&self, app: &FlyApp, wanted: Option<u64>) -> Result<(), FlyApiError> {
        let version = self.world().apps.get(&app.name).map_or(0, |app| app.secrets_version);
        if wanted.is_some_and(|wanted| wanted > version) {
            return Err(FlyApiError::secrets_not_available());
        }
        Ok(())
    }

    /// Every mount must be a volume of this app in this region that nobody else has.
    fn check_mounts(
        &self,
        app: &str,
        region: &str,
        config: &Map<String, Value>,
        by: Option<&str>,
    ) -> Result<(), FlyApiError> {
        let (world, now_ms) = (self.world(), self.now_ms());
        for (id, _) in mounts(config) {
            let volume = world.volumes.read(&id, now_ms).and(world.volumes.get(&id));
            let volume = volume
                .filter(|volume| volume.app == app && volume.leaving_since_ms.is_none())
                .ok_or_else(FlyApiError::mount_not_found)?;
            if volume.region != region {
                return Err(FlyApiError::volume_in_wrong_region(&id, &volume.region, region));
            }
            if let Some(machine) = volume.machine.as_deref().filter(|m| Some(*m) != by) {
                return Err(FlyApiError::volume_in_use(&id, machine));
            }
        }
        Ok(())
    }

    /// How many machines the app has, none of them of this name.
    fn check_name_free(&self, app: &str, name: &str) -> Result<usize, FlyApiError> {
        let world = self.world();
        let siblings: Vec<&FlyMachine> =
            world.machines.all().filter(|machine| machine.app == app && machine.exists()).collect();
        match siblings.iter().find(|machine| machine.name == name) {
            Some(taken) => Err(FlyApiError::machine_name_taken(&taken.id, name)),
            None => Ok(siblings.len()),
        }
    }
}

fn is_pinned(image: &str) -> bool {
    image.split_once("@sha256:").is_some_and(|(_, digest)| {
        digest.len() == 64 && digest.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'))
    })
}
