//! Volumes: made in a region, mounted by one machine, kept for a day after their deletion.

use std::sync::Arc;

use axum::extract::{Path, State};
use axum::routing::{get, put};
use axum::{Extension, Json, Router};
use serde::Deserialize;
use serde_json::{Value, json};

use super::errors::FlyApiError;
use super::regions;
use super::state::{FlyApp, FlyVolume};
use super::world::SharedWorld;
use super::{SimulatedFly, written};

/// The time for which lists show a deleted volume, in milliseconds.
const KEPT_MS: u64 = 24 * 3600 * 1000;

/// Largest volume of Fly, in GB.
const SIZE_GB_MAX: u64 = 500;

pub(super) fn routes() -> Router<Arc<SimulatedFly>> {
    Router::new()
        .route("/v1/apps/{app}/volumes", get(list).post(create))
        .route("/v1/apps/{app}/volumes/{volume}", get(show).put(update).delete(delete))
        .route("/v1/apps/{app}/volumes/{volume}/extend", put(extend))
}

pub(super) fn shown(volume: &FlyVolume) -> Value {
    let state = if volume.leaving_since_ms.is_some() { "pending_destroy" } else { "created" };
    json!({
        "id": volume.id,
        "name": volume.name,
        "state": state,
        "size_gb": volume.size_gb,
        "region": volume.region,
        "zone": "84d3",
        "encrypted": volume.encrypted,
        "attached_machine_id": volume.machine,
        "attached_alloc_id": null,
        "created_at": written(volume.created_ms),
        "blocks": 0,
        "block_size": 0,
        "blocks_free": 0,
        "blocks_avail": 0,
        "bytes_used": 0,
        "bytes_total": 0,
        "fstype": "ext4",
        "snapshot_retention": volume.snapshot_retention,
        "auto_backup_enabled": volume.auto_backup_enabled,
        "host_status": "ok",
        "host_dedication_key": "",
    })
}

fn is_listed(volume: &FlyVolume, now_ms: u64) -> bool {
    volume.leaving_since_ms.is_none_or(|since_ms| now_ms < since_ms + KEPT_MS)
}

async fn list(
    State(fly): State<Arc<SimulatedFly>>,
    Extension(app): Extension<FlyApp>,
) -> Json<Value> {
    let now_ms = fly.world.now_ms();
    let world = fly.world.state();
    let of_app = world.volumes.all_seen(now_ms).filter(|volume| volume.app == app.name);
    Json(of_app.filter(|volume| is_listed(volume, now_ms)).map(shown).collect())
}

async fn show(
    State(fly): State<Arc<SimulatedFly>>,
    Extension(app): Extension<FlyApp>,
    Path((_, id)): Path<(String, String)>,
) -> Result<Json<Value>, FlyApiError> {
    let now_ms = fly.world.now_ms();
    let world = fly.world.state();
    let volume = world.volumes.read(&id, now_ms).filter(|volume| volume.app == app.name);
    let volume = volume.filter(|volume| is_listed(volume, now_ms));
    volume.map(|volume| Json(shown(volume))).ok_or_else(FlyApiError::volume_not_found)
}

#[derive(Deserialize)]
struct CreateVolumeRequest {
    name: Option<String>,
    region: Option<String>,
    size_gb: Option<u64>,
    encrypted: Option<bool>,
    snapshot_retention: Option<u64>,
    auto_backup_enabled: Option<bool>,
}

const FIELDS: &[&str] = &[
    "name",
    "region",
    "size_gb",
    "encrypted",
    "snapshot_retention",
    "auto_backup_enabled",
    "fstype",
    "compute",
    "compute_image",
    "require_unique_zone",
    "unique_zone_app_wide",
    "snapshot_id",
    "source_volume_id",
];

/// Each call makes another volume, even for the same name.
async fn create(
    State(fly): State<Arc<SimulatedFly>>,
    Extension(app): Extension<FlyApp>,
    Json(body): Json<Value>,
) -> Result<Json<Value>, FlyApiError> {
    let wanted: CreateVolumeRequest = fly.call_log.read("POST volumes", &body, FIELDS)?;
    let region = regions::known(wanted.region.as_deref())?;
    let size_gb = wanted.size_gb.unwrap_or(3);
    if !(1..=SIZE_GB_MAX).contains(&size_gb) {
        return Err(FlyApiError::malformed("size_gb must be between 1 and 500"));
    }
    let full =
        |account: &mut super::accounts::OrganisationState| account.no_volumes_in.contains(&region);
    if fly.organisations.account(&app.organisation, full) == Some(true) {
        return Err(FlyApiError::no_volume_capacity());
    }
    let id = format!("vol_{}", fly.world.id::<8>());
    let volume = fly.world.write(|world, when| {
        // Reads may still show an app that is gone.
        if world.apps.get(&app.name).is_none() {
            return Err(FlyApiError::app_not_found());
        }
        let volume = FlyVolume {
            id: id.clone(),
            app: app.name,
            name: wanted.name.unwrap_or_else(|| "data".to_owned()),
            region,
            size_gb,
            encrypted: wanted.encrypted.unwrap_or(true),
            snapshot_retention: wanted.snapshot_retention.unwrap_or(5),
            auto_backup_enabled: wanted.auto_backup_enabled.unwrap_or(true),
            leaving_since_ms: None,
            machine: None,
            created_ms: when.now_ms,
        };
        world.volumes.put(&id, volume.clone(), when.now_ms, when.lag_ms);
        Ok(volume)
    })?;
    Ok(Json(shown(&volume)))
}

#[derive(Deserialize)]
struct VolumeUpdate {
    snapshot_retention: Option<u64>,
    auto_backup_enabled: Option<bool>,
}

async fn update(
    State(fly): State<Arc<SimulatedFly>>,
    Extension(app): Extension<FlyApp>,
    Path((_, id)): Path<(String, String)>,
    Json(body): Json<Value>,
) -> Result<Json<Value>, FlyApiError> {
    let fields = ["snapshot_retention", "auto_backup_enabled"];
    let update: VolumeUpdate = fly.call_log.read("PUT volume", &body, &fields)?;
    change(&fly.world, &app.name, &id, |volume, _| {
        volume.snapshot_retention = update.snapshot_retention.unwrap_or(volume.snapshot_retention);
        volume.auto_backup_enabled =
            update.auto_backup_enabled.unwrap_or(volume.auto_backup_enabled);
        Ok(Json(shown(volume)))
    })
}

#[derive(Deserialize)]
struct ExtendVolumeRequest {
    size_gb: u64,
}

async fn extend(
    State(fly): State<Arc<SimulatedFly>>,
    Extension(app): Extension<FlyApp>,
    Path((_, id)): Path<(String, String)>,
    Json(body): Json<Value>,
) -> Result<Json<Value>, FlyApiError> {
    let extend: ExtendVolumeRequest =
        fly.call_log.read("PUT volume/extend", &body, &["size_gb"])?;
    change(&fly.world, &app.name, &id, |volume, _| {
        if !(volume.size_gb..=SIZE_GB_MAX).contains(&extend.size_gb) {
            return Err(FlyApiError::malformed("size_gb cannot shrink or exceed 500"));
        }
        volume.size_gb = extend.size_gb;
        Ok(Json(json!({ "volume": shown(volume), "needs_restart": false })))
    })
}

async fn delete(
    State(fly): State<Arc<SimulatedFly>>,
    Extension(app): Extension<FlyApp>,
    Path((_, id)): Path<(String, String)>,
) -> Result<Json<Value>, FlyApiError> {
    let answer = change(&fly.world, &app.name, &id, |volume, now_ms| {
        if volume.machine.is_some() {
            return Err(FlyApiError::precondition("volume is attached to a machine"));
        }
        volume.leaving_since_ms.get_or_insert(now_ms);
        Ok(Json(shown(volume)))
    })?;
    fly.runtime.discard_volume(&id).await;
    Ok(answer)
}

fn change<R>(
    world: &SharedWorld,
    app: &str,
    id: &str,
    change: impl FnOnce(&mut FlyVolume, u64) -> Result<R, FlyApiError>,
) -> Result<R, FlyApiError> {
    world.write(|world, when| {
        let volume = world.volumes.get(id).filter(|volume| volume.app == app).cloned();
        let mut volume = volume.ok_or_else(FlyApiError::volume_not_found)?;
        let result = change(&mut volume, when.now_ms)?;
        world.volumes.put(id, volume, when.now_ms, when.lag_ms);
        Ok(result)
    })
}
