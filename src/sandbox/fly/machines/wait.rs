//! Waiting for a machine to reach a state.

use std::sync::Arc;
use std::time::Duration;

use axum::extract::{Path, Query, State};
use axum::{Extension, Json};
use serde::Deserialize;
use serde_json::{Value, json};

use super::super::SimulatedFly;
use super::super::errors::FlyApiError;
use super::super::state::{FlyApp, MachineState};

#[derive(Deserialize)]
pub struct WaitQuery {
    state: Option<String>,
    timeout: Option<u64>,
    instance_id: Option<String>,
    version: Option<String>,
}

/// Answers as soon as the state is reached. A machine that reads do not show yet is not found.
pub async fn wait(
    State(fly): State<Arc<SimulatedFly>>,
    Extension(app): Extension<FlyApp>,
    Path((_, id)): Path<(String, String)>,
    Query(wanted): Query<WaitQuery>,
) -> Result<Json<Value>, FlyApiError> {
    let timeout_s = wanted.timeout.unwrap_or(60);
    if !(1..=60).contains(&timeout_s) {
        return Err(FlyApiError::malformed("timeout must be in range [1s, 60s]"));
    }
    if fly.world.state().machines.read(&id, fly.world.now_ms()).is_none() {
        return Err(FlyApiError::machine_not_found());
    }
    let state = wanted.state.unwrap_or_else(|| "started".to_owned());
    let version = wanted.version.or(wanted.instance_id);
    if state == "stopped" && version.is_none() {
        return Err(FlyApiError::malformed("instance_id is required to wait for stopped"));
    }
    let deadline = Duration::from_secs(timeout_s);
    tokio::time::timeout(deadline, reached(&fly, &app.name, &id, &state, version.as_deref()))
        .await
        .unwrap_or_else(|_| {
            let current = fly.machines.of(&app.name, &id).map(|machine| machine.state.to_string());
            Err(FlyApiError::not_reached(&state, current.as_deref().unwrap_or("destroyed")))
        })
}

async fn reached(
    fly: &SimulatedFly,
    app: &str,
    id: &str,
    wanted: &str,
    version: Option<&str>,
) -> Result<Json<Value>, FlyApiError> {
    let mut changes = fly.world.changes();
    loop {
        changes.borrow_and_update();
        match fly.machines.of(app, id) {
            Ok(machine) if version.is_some_and(|version| version != machine.instance_id) => {
                return Err(FlyApiError::not_reached(wanted, "replaced"));
            }
            Ok(machine) if is_one_of(machine.state, wanted) => {
                return Ok(Json(json!({
                    "ok": true,
                    "event_id": machine.events.first().map(|event| event.id.clone()),
                    "state": machine.state.to_string(),
                    "version": machine.instance_id,
                })));
            }
            Err(_) if wanted == "destroyed" => return Ok(Json(json!({ "ok": true }))),
            Err(refusal) => return Err(refusal),
            Ok(_) => {}
        }
        if changes.changed().await.is_err() {
            return Err(FlyApiError::machine_not_found());
        }
    }
}

fn is_one_of(state: MachineState, wanted: &str) -> bool {
    let state = state.to_string();
    wanted.split(',').any(|wanted| wanted == state)
}
