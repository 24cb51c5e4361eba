//! Leases of machines, each for one writer and for a limited time.

use std::sync::Arc;

use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, StatusCode};
use axum::{Extension, Json};
use serde::Deserialize;
use serde_json::{Value, json};

use super::super::errors::FlyApiError;
use super::super::state::{FlyApp, FlyMachine, MachineLease};
use super::super::{SimulatedFly, written};
use super::machine_for_write;

const NONCE_HEADER: &str = "fly-machine-lease-nonce";

/// Fly's default, in seconds.
const TTL_S: u64 = 30;

/// Refuses a call without the nonce of the lease that is in force.
pub fn check(machine: &FlyMachine, headers: &HeaderMap, now_ms: u64) -> Result<(), FlyApiError> {
    let shown = headers.get(NONCE_HEADER).and_then(|nonce| nonce.to_str().ok());
    match machine.lease.as_ref().filter(|lease| lease.until_ms > now_ms) {
        Some(lease) if shown != Some(&lease.nonce) => {
            Err(FlyApiError::leased(&machine.id, &lease.nonce, &written(lease.until_ms)))
        }
        _ => Ok(()),
    }
}

fn shown(machine: &FlyMachine, lease: &MachineLease) -> Value {
    json!({
        "status": "success",
        "data": {
            "nonce": lease.nonce,
            "expires_at": lease.until_ms / 1000,
            "owner": "ada@example.com",
            "description": lease.description,
            "version": machine.instance_id,
        },
    })
}

pub async fn show(
    State(fly): State<Arc<SimulatedFly>>,
    Extension(app): Extension<FlyApp>,
    Path((_, id)): Path<(String, String)>,
) -> Result<Json<Value>, FlyApiError> {
    let machine = fly.machines.of(&app.name, &id)?;
    let lease = machine.lease.as_ref().filter(|lease| lease.until_ms > fly.world.now_ms());
    let lease = lease.ok_or_else(|| FlyApiError::new(StatusCode::NOT_FOUND, "lease not found"))?;
    Ok(Json(shown(&machine, lease)))
}

#[derive(Default, Deserialize)]
pub struct LeaseRequest {
    ttl: Option<u64>,
    description: Option<String>,
}

/// fly-go sends the time to live in the query, the description has it in the body.
pub async fn acquire(
    State(fly): State<Arc<SimulatedFly>>,
    Extension(app): Extension<FlyApp>,
    Path((_, id)): Path<(String, String)>,
    Query(query): Query<LeaseRequest>,
    headers: HeaderMap,
    body: Option<Json<Value>>,
) -> Result<(StatusCode, Json<Value>), FlyApiError> {
    let wanted: LeaseRequest = match body {
        Some(Json(body)) => fly.call_log.read("POST lease", &body, &["ttl", "description"])?,
        None => LeaseRequest::default(),
    };
    let machine = machine_for_write(&fly, &app.name, &id, &headers)?;
    let ttl_s = wanted.ttl.or(query.ttl).unwrap_or(TTL_S);
    let renewed = machine.lease.filter(|lease| lease.until_ms > fly.world.now_ms());
    let lease = MachineLease {
        nonce: renewed.map_or_else(|| fly.world.id::<6>(), |lease| lease.nonce),
        until_ms: fly.world.now_ms() + ttl_s * 1000,
        description: wanted.description.or(query.description).unwrap_or_default(),
    };
    let machine = fly.machines.change(&id, |machine, _| machine.lease = Some(lease.clone()))?;
    Ok((StatusCode::CREATED, Json(shown(&machine, &lease))))
}

pub async fn release(
    State(fly): State<Arc<SimulatedFly>>,
    Extension(app): Extension<FlyApp>,
    Path((_, id)): Path<(String, String)>,
    headers: HeaderMap,
) -> Result<Json<Value>, FlyApiError> {
    machine_for_write(&fly, &app.name, &id, &headers)?;
    fly.machines.change(&id, |machine, _| machine.lease = None)?;
    Ok(Json(json!({ "status": "success", "data": { "ok": true } })))
}
