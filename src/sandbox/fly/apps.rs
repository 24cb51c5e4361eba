//! The calls about apps.

use std::sync::Arc;

use axum::extract::{Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Extension, Json, Router};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::cloud::fly::macaroon::Caveat;

use super::errors::FlyApiError;
use super::state::{FlyApp, FlyState};
use super::tokens::{AccessRequest, TokenCaller};
use super::{SimulatedFly, pause};

/// Longest name of an app, in characters.
const NAME_MAX: usize = 63;

/// The network of an app whose request names none.
const NETWORK_DEFAULT: &str = "default";

pub(super) fn routes() -> Router<Arc<SimulatedFly>> {
    Router::new()
        .route("/v1/apps", get(list).post(create))
        .route("/v1/apps/{app}", get(show).delete(delete))
}

#[derive(Deserialize)]
struct AppListQuery {
    org_slug: Option<String>,
}

async fn list(
    State(fly): State<Arc<SimulatedFly>>,
    Extension(caller): Extension<TokenCaller>,
    Query(query): Query<AppListQuery>,
) -> Result<Json<Value>, FlyApiError> {
    let slug = query.org_slug.ok_or_else(|| FlyApiError::malformed("org_slug is required"))?;
    let organisation = fly.organisations.named(&slug)?;
    caller.may(AccessRequest {
        organisation: Some(organisation.number),
        mask: Caveat::READ,
        ..AccessRequest::default()
    })?;
    let (world, now_ms) = (fly.world.state(), fly.world.now_ms());
    let of_organisation = world.apps.all_seen(now_ms).filter(|app| app.organisation == slug);
    let apps: Vec<Value> = of_organisation
        .map(|app| {
            let (machine_count, volume_count) = counts(&world, app, now_ms);
            json!({
                "id": app.id,
                "name": app.name,
                "machine_count": machine_count,
                "volume_count": volume_count,
                "network": app.network,
            })
        })
        .collect();
    Ok(Json(json!({ "total_apps": apps.len(), "apps": apps })))
}

async fn show(
    State(fly): State<Arc<SimulatedFly>>,
    Extension(app): Extension<FlyApp>,
) -> Result<Json<Value>, FlyApiError> {
    let organisation = fly.organisations.named(&app.organisation)?;
    let (world, now_ms) = (fly.world.state(), fly.world.now_ms());
    let (machine_count, volume_count) = counts(&world, &app, now_ms);
    Ok(Json(json!({
        "id": app.id,
        "internal_numeric_id": app.number,
        "name": app.name,
        "status": if machine_count == 0 { "pending" } else { "deployed" },
        "network": app.network,
        "machine_count": machine_count,
        "volume_count": volume_count,
        "organization": {
            "name": organisation.name,
            "slug": organisation.slug,
            "internal_numeric_id": organisation.number,
        },
    })))
}

fn counts(world: &FlyState, app: &FlyApp, now_ms: u64) -> (usize, usize) {
    let machines = world.machines.all_seen(now_ms).filter(|machine| machine.app == app.name);
    let volumes = world.volumes.all_seen(now_ms).filter(|volume| volume.app == app.name);
    (machines.count(), volumes.count())
}

/// The field is `app_name` in the documentation, `name` in the OpenAPI description and in fly-go.
#[derive(Deserialize)]
struct CreateAppRequest {
    name: Option<String>,
    app_name: Option<String>,
    org_slug: Option<String>,
    network: Option<String>,
}

const FIELDS: &[&str] = &["name", "app_name", "org_slug", "network", "enable_subdomains"];

#[derive(Deserialize)]
struct CreateAppQuery {
    wait: Option<bool>,
}

async fn create(
    State(fly): State<Arc<SimulatedFly>>,
    Extension(caller): Extension<TokenCaller>,
    Query(query): Query<CreateAppQuery>,
    Json(body): Json<Value>,
) -> Result<Response, FlyApiError> {
    let wanted: CreateAppRequest = fly.call_log.read("POST /v1/apps", &body, FIELDS)?;
    let slug = wanted.org_slug.ok_or_else(|| FlyApiError::malformed("org_slug is required"))?;
    let organisation = fly.organisations.named(&slug)?;
    caller.may(AccessRequest {
        organisation: Some(organisation.number),
        mask: Caveat::CREATE,
        ..AccessRequest::default()
    })?;
    fly.organisations.check_standing(&slug, true)?;
    let name = wanted.name.or(wanted.app_name).unwrap_or_default();
    if !is_name(&name) {
        return Err(FlyApiError::name_invalid());
    }
    let network = wanted.network.filter(|network| !network.is_empty());
    let app = fly.apps.add(name, slug, network.unwrap_or_else(|| NETWORK_DEFAULT.into()))?;
    if query.wait == Some(true) {
        fly.apps.until_seen(&app.name).await;
    }
    let body = json!({ "id": app.id, "created_at": fly.world.now_ms() });
    Ok((StatusCode::CREATED, Json(body)).into_response())
}

/// Fly accepts lower case, digits and dashes.
fn is_name(name: &str) -> bool {
    (1..=NAME_MAX).contains(&name.len())
        && name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
}

/// Answers at once and deletes later; a second request in between gets the same answer.
async fn delete(
    State(fly): State<Arc<SimulatedFly>>,
    Extension(app): Extension<FlyApp>,
) -> StatusCode {
    let begun = fly.apps.change(&app.name, |app, _| Ok(!std::mem::replace(&mut app.leaving, true)));
    if matches!(begun, Ok(true)) {
        tokio::spawn(async move {
            pause(fly.latency.app_gone_ms).await;
            remove(&fly, &app.name).await;
        });
    }
    StatusCode::ACCEPTED
}

/// Ends the machines of an app, and removes it with everything in it.
pub(super) async fn remove(fly: &SimulatedFly, app: &str) {
    for machine in &fly.machines.ids_of(app) {
        fly.proxy.life().destroy(machine).await;
    }
    for volume in fly.apps.remove(app) {
        fly.runtime.discard_volume(&volume).await;
    }
}
