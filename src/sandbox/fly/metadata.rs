//! Metadata of machines.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::routing::get;
use axum::{Extension, Json, Router};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::SimulatedFly;
use super::errors::FlyApiError;
use super::machine_table::MachineTable;
use super::state::{FlyApp, FlyMachine};

pub(super) fn routes() -> Router<Arc<SimulatedFly>> {
    let metadata = "/v1/apps/{app}/machines/{machine}/metadata";
    Router::new()
        .route(metadata, get(show).put(replace).patch(merge))
        .route(&format!("{metadata}/{{key}}"), get(show_key).post(set_key).delete(remove_key))
}

async fn show(
    State(fly): State<Arc<SimulatedFly>>,
    Extension(app): Extension<FlyApp>,
    Path((_, id)): Path<(String, String)>,
) -> Result<Json<Value>, FlyApiError> {
    Ok(Json(Value::Object(fly.machines.of(&app.name, &id)?.metadata())))
}

#[derive(Deserialize)]
struct MetadataUpdate {
    metadata: BTreeMap<String, String>,
    machine_version: Option<String>,
}

const FIELDS: &[&str] = &["metadata", "machine_version", "updated_at"];

async fn replace(
    State(fly): State<Arc<SimulatedFly>>,
    Extension(app): Extension<FlyApp>,
    Path((_, id)): Path<(String, String)>,
    Json(body): Json<Value>,
) -> Result<StatusCode, FlyApiError> {
    let update = read_update(&fly, &app.name, &id, &body)?;
    change(&fly.machines, &app.name, &id, |metadata| {
        metadata.clear();
        metadata.extend(update);
    })
}

async fn merge(
    State(fly): State<Arc<SimulatedFly>>,
    Extension(app): Extension<FlyApp>,
    Path((_, id)): Path<(String, String)>,
    Json(body): Json<Value>,
) -> Result<StatusCode, FlyApiError> {
    let update = read_update(&fly, &app.name, &id, &body)?;
    change(&fly.machines, &app.name, &id, |metadata| metadata.extend(update))
}

async fn show_key(
    State(fly): State<Arc<SimulatedFly>>,
    Extension(app): Extension<FlyApp>,
    Path((_, id, key)): Path<(String, String, String)>,
) -> Result<Json<Value>, FlyApiError> {
    let metadata = fly.machines.of(&app.name, &id)?.metadata();
    let value = metadata
        .get(&key)
        .ok_or_else(|| FlyApiError::new(StatusCode::NOT_FOUND, "metadata key not found"))?;
    Ok(Json(json!({ "value": value })))
}

#[derive(Deserialize)]
struct SetMetadataRequest {
    value: String,
}

async fn set_key(
    State(fly): State<Arc<SimulatedFly>>,
    Extension(app): Extension<FlyApp>,
    Path((_, id, key)): Path<(String, String, String)>,
    Json(body): Json<Value>,
) -> Result<StatusCode, FlyApiError> {
    let set: SetMetadataRequest =
        fly.call_log.read("POST metadata", &body, &["value", "updated_at"])?;
    change(&fly.machines, &app.name, &id, |metadata| {
        metadata.insert(key, set.value.into());
    })
}

async fn remove_key(
    State(fly): State<Arc<SimulatedFly>>,
    Extension(app): Extension<FlyApp>,
    Path((_, id, key)): Path<(String, String, String)>,
) -> Result<StatusCode, FlyApiError> {
    change(&fly.machines, &app.name, &id, |metadata| {
        metadata.remove(&key);
    })
}

/// Reads the body of an update; refuses one for another version of the machine.
fn read_update(
    fly: &SimulatedFly,
    app: &str,
    id: &str,
    body: &Value,
) -> Result<Map<String, Value>, FlyApiError> {
    let update: MetadataUpdate = fly.call_log.read("metadata", body, FIELDS)?;
    let machine = fly.machines.of(app, id)?;
    if update.machine_version.is_some_and(|version| version != machine.instance_id) {
        let status = StatusCode::PRECONDITION_FAILED;
        return Err(FlyApiError::version_mismatch(status, "machine_version"));
    }
    Ok(update.metadata.into_iter().map(|(key, value)| (key, value.into())).collect())
}

fn change(
    machines: &MachineTable,
    app: &str,
    id: &str,
    change: impl FnOnce(&mut Map<String, Value>),
) -> Result<StatusCode, FlyApiError> {
    machines.of(app, id)?;
    machines.change(id, |machine: &mut FlyMachine, _| {
        let mut metadata = machine.metadata();
        change(&mut metadata);
        machine.config.insert("metadata".into(), Value::Object(metadata));
    })?;
    Ok(StatusCode::NO_CONTENT)
}
