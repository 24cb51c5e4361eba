//! Signals to a machine's process, and commands beside it.

use std::sync::Arc;
use std::time::Duration;

use axum::extract::{Path, State};
use axum::{Extension, Json};
use serde::Deserialize;
use serde_json::{Value, json};

use super::super::SimulatedFly;
use super::super::errors::FlyApiError;
use super::super::state::{FlyApp, MachineState};
use super::ok;

/// The time that a command may run: Fly's limit.
const EXEC_MAX: Duration = Duration::from_secs(60);

#[derive(Deserialize)]
struct SignalRequest {
    signal: String,
}

pub async fn signal(
    State(fly): State<Arc<SimulatedFly>>,
    Extension(app): Extension<FlyApp>,
    Path((_, id)): Path<(String, String)>,
    Json(body): Json<Value>,
) -> Result<Json<Value>, FlyApiError> {
    let wanted: SignalRequest = fly.call_log.read("POST signal", &body, &["signal"])?;
    fly.machines.of(&app.name, &id)?;
    fly.runtime.signal(&id, &wanted.signal);
    Ok(ok())
}

#[derive(Deserialize)]
struct ExecRequest {
    command: Option<Vec<String>>,
    cmd: Option<String>,
    timeout: Option<u64>,
}

const EXEC_FIELDS: &[&str] = &["command", "cmd", "timeout", "stdin", "container"];

/// The status is 200 even where the command failed.
pub async fn exec(
    State(fly): State<Arc<SimulatedFly>>,
    Extension(app): Extension<FlyApp>,
    Path((_, id)): Path<(String, String)>,
    Json(body): Json<Value>,
) -> Result<Json<Value>, FlyApiError> {
    let exec: ExecRequest = fly.call_log.read("POST exec", &body, EXEC_FIELDS)?;
    let machine = fly.machines.of(&app.name, &id)?;
    if machine.state != MachineState::Started {
        return Err(FlyApiError::precondition("machine not running"));
    }
    let words = |cmd: String| cmd.split_whitespace().map(str::to_owned).collect();
    let command = exec.command.or(exec.cmd.map(words)).unwrap_or_default();
    let deadline = exec.timeout.map_or(EXEC_MAX, Duration::from_secs).min(EXEC_MAX);
    let executed = fly.runtime.exec(&id, &command, deadline).await;
    Ok(Json(json!({
        "exit_code": executed.exit_code,
        "exit_signal": executed.exit_signal,
        "stdout": executed.stdout,
        "stderr": executed.stderr,
    })))
}
