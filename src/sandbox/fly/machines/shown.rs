//! Machines in the form of Fly's answers: normalised, with nulls where the description has none.

use std::sync::Arc;

use axum::extract::{Path, State};
use axum::{Extension, Json};
use serde_json::{Map, Value, json};

use super::super::errors::FlyApiError;
use super::super::state::{FlyApp, FlyMachine, MachineEvent};
use super::super::{SimulatedFly, written};

/// A machine, whole.
pub fn shown(machine: &FlyMachine) -> Value {
    json!({
        "id": machine.id,
        "name": machine.name,
        "state": machine.state.to_string(),
        "region": machine.region,
        "instance_id": machine.instance_id,
        "private_ip": machine.private_ip,
        "config": normalised(&machine.config),
        "incomplete_config": null,
        "image_ref": image_ref(machine),
        "created_at": written(machine.created_ms),
        "updated_at": written(machine.updated_ms),
        "events": machine.events.iter().map(event).collect::<Vec<_>>(),
        "checks": [],
        "host_status": "ok",
    })
}

/// A machine in the list of a whole organisation.
pub fn overview(machine: &FlyMachine) -> Value {
    json!({
        "app_name": machine.app,
        "id": machine.id,
        "name": machine.name,
        "state": machine.state.to_string(),
        "region": machine.region,
        "instance_id": machine.instance_id,
        "version": machine.instance_id,
        "private_ip": machine.private_ip,
        "created_at": written(machine.created_ms),
        "updated_at": written(machine.updated_ms),
        "config": {
            "image": machine.config.get("image"),
            "guest": machine.config.get("guest"),
            "metadata": machine.metadata(),
        },
    })
}

fn event(event: &MachineEvent) -> Value {
    json!({
        "id": event.id,
        "type": event.kind,
        "status": event.status.to_string(),
        "request": event.request,
        "source": event.source,
        "timestamp": event.at_ms,
    })
}

/// `autostop` comes back as a boolean where it can, and `dns` is added.
fn normalised(config: &Map<String, Value>) -> Value {
    let mut config = config.clone();
    config.entry("dns").or_insert_with(|| json!({}));
    for service in config.get_mut("services").and_then(Value::as_array_mut).into_iter().flatten() {
        match service["autostop"].as_str() {
            Some("off") => service["autostop"] = json!(false),
            Some("stop") => service["autostop"] = json!(true),
            _ => {}
        }
    }
    Value::Object(config)
}

fn image_ref(machine: &FlyMachine) -> Value {
    let image = machine.config.get("image").and_then(Value::as_str).unwrap_or_default();
    let (name, digest) = image.split_once('@').unwrap_or((image, ""));
    let (registry, repository) = match name.split_once('/') {
        Some((registry, repository)) if registry.contains('.') => (registry, repository),
        _ => ("docker-hub-mirror.fly.io", name),
    };
    json!({ "registry": registry, "repository": repository, "digest": digest, "labels": {} })
}

/// The events of one machine.
pub async fn events(
    State(fly): State<Arc<SimulatedFly>>,
    Extension(app): Extension<FlyApp>,
    Path((_, id)): Path<(String, String)>,
) -> Result<Json<Value>, FlyApiError> {
    Ok(Json(fly.machines.of(&app.name, &id)?.events.iter().map(event).collect()))
}
