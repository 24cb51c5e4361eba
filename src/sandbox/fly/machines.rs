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
use super::state::{FlyApp, FlyMachine, MachineState};

mod exec;
mod lease;
mod shown;
mod wait;

pub(super) use shown::{overview, shown};

/// The time that a process has to end where the call names none: Fly's default is 5 s.
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
    let world = fly.world.state();
    let of_app = world.machines.all_seen(fly.world.now_ms()).filter(|machine| {
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
    let world = fly.world.state();
    let machine = world.machines.read(&id, fly.world.now_ms()).filter(|m| m.app == app.name);
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
    let wanted: MachineRequest = fly.call_log.read("POST machines", &body, FIELDS)?;
    let config = wanted.config.ok_or_else(|| FlyApiError::malformed("config is required"))?;
    let region = regions::known(wanted.region.as_deref())?;
    check_image(&fly, &config)?;
    fly.machines.check_secrets(&app, wanted.min_secrets_version)?;
    fly.machines.check_mounts(&app.name, &region, &config, None)?;
    let id = fly.world.id::<7>();
    let name = wanted.name.unwrap_or_else(|| format!("quiet-water-{}", &id[..4]));
    let siblings = fly.machines.check_name_free(&app.name, &name)?;
    fly.organisations.check_room_for_machine(&app.organisation, &region, siblings)?;
    let machine = fly.machines.add(FlyMachine {
        id,
        app: app.name,
        name,
        region,
        state: MachineState::Created,
        config,
        instance_id: fly.world.version_id(),
        private_ip: format!("fdaa:4:{}:a7b:1::2", fly.world.id::<2>()),
        secrets_version_min: wanted.min_secrets_version,
        events: Vec::new(),
        lease: None,
        run: 0,
        retries: 0,
        created_ms: fly.world.now_ms(),
        updated_ms: fly.world.now_ms(),
    })?;
    if wanted.skip_launch != Some(true) {
        fly.proxy.life().launch(&machine.id, fly.latency.machine_launch_ms, "flyd");
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
    let wanted: MachineRequest = fly.call_log.read("POST machine", &body, FIELDS)?;
    let config = wanted.config.ok_or_else(|| FlyApiError::malformed("config is required"))?;
    let machine = machine_for_write(&fly, &app.name, &id, &headers)?;
    if wanted.current_version.is_some_and(|version| version != machine.instance_id) {
        return Err(FlyApiError::version_mismatch(StatusCode::CONFLICT, "current_version"));
    }
    check_image(&fly, &config)?;
    fly.machines.check_secrets(&app, wanted.min_secrets_version)?;
    fly.machines.check_mounts(&app.name, &machine.region, &config, Some(&id))?;
    let instance_id = fly.world.version_id();
    let machine = fly.machines.change(&id, |machine, _| {
        machine.config = config;
        machine.instance_id = instance_id;
        machine.secrets_version_min = wanted.min_secrets_version.or(machine.secrets_version_min);
        machine.name = wanted.name.unwrap_or_else(|| machine.name.clone());
    })?;
    if matches!(machine.state, MachineState::Started | MachineState::Starting) {
        fly.proxy.life().relaunch(&id, GRACE);
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
    let machine = machine_for_write(&fly, &app.name, &id, &headers)?;
    let forced = query.force == Some(true) || query.kill == Some(true);
    let down = [MachineState::Stopped, MachineState::Suspended, MachineState::Created];
    if !forced && !down.contains(&machine.state) {
        return Err(FlyApiError::precondition(
            "unable to destroy machine, not currently stopped, suspended, or failed",
        ));
    }
    fly.machines.change(&id, |machine, _| {
        machine.state = MachineState::Destroying;
        machine.run += 1;
    })?;
    tokio::spawn(async move { fly.proxy.life().destroy(&id).await });
    Ok(ok())
}

/// The answer of most writes.
fn ok() -> Json<Value> {
    Json(json!({ "ok": true }))
}

async fn start(
    State(fly): State<Arc<SimulatedFly>>,
    Extension(app): Extension<FlyApp>,
    Path((_, id)): Path<(String, String)>,
    headers: HeaderMap,
) -> Result<Json<Value>, FlyApiError> {
    let machine = machine_for_write(&fly, &app.name, &id, &headers)?;
    match machine.state {
        MachineState::Started | MachineState::Starting => {}
        MachineState::Created | MachineState::Stopped | MachineState::Suspended => {
            fly.proxy.life().launch(&id, fly.latency.machine_start_ms, "user");
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
        Some(Json(body)) => fly.call_log.read("POST stop", &body, &["signal", "timeout"])?,
        None => StopRequest::default(),
    };
    machine_for_write(&fly, &app.name, &id, &headers)?;
    fly.proxy.life().stop(&id, stop.timeout.as_deref().and_then(duration).unwrap_or(GRACE));
    Ok(ok())
}

/// Fly stops a machine that it cannot suspend.
async fn suspend(
    State(fly): State<Arc<SimulatedFly>>,
    Extension(app): Extension<FlyApp>,
    Path((_, id)): Path<(String, String)>,
    headers: HeaderMap,
) -> Result<Json<Value>, FlyApiError> {
    machine_for_write(&fly, &app.name, &id, &headers)?;
    fly.proxy.life().stop(&id, GRACE);
    Ok(ok())
}

async fn restart(
    State(fly): State<Arc<SimulatedFly>>,
    Extension(app): Extension<FlyApp>,
    Path((_, id)): Path<(String, String)>,
    headers: HeaderMap,
) -> Result<Json<Value>, FlyApiError> {
    machine_for_write(&fly, &app.name, &id, &headers)?;
    fly.proxy.life().relaunch(&id, GRACE);
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

/// A machine for a call that changes it; refuses a writer without the lease that is in force.
fn machine_for_write(
    fly: &SimulatedFly,
    app: &str,
    id: &str,
    headers: &HeaderMap,
) -> Result<FlyMachine, FlyApiError> {
    let machine = fly.machines.of(app, id)?;
    lease::check(&machine, headers, fly.world.now_ms())?;
    Ok(machine)
}

fn check_image(fly: &SimulatedFly, config: &Map<String, Value>) -> Result<(), FlyApiError> {
    let image = config.get("image").and_then(Value::as_str).unwrap_or_default();
    if image.is_empty() {
        return Err(FlyApiError::malformed("config.image is required"));
    }
    let exists = match &fly.images {
        Some(images) => images.contains(image),
        None => is_pinned(image),
    };
    if exists { Ok(()) } else { Err(FlyApiError::manifest_unknown(image, fly.world.draw())) }
}

fn is_pinned(image: &str) -> bool {
    image.split_once("@sha256:").is_some_and(|(_, digest)| {
        digest.len() == 64 && digest.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'))
    })
}
