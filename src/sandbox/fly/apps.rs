//! Apps.

use std::collections::BTreeMap;
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

/// The longest app name.
const NAME_MAX: usize = 63;

/// Names and networks that Fly accepts: lower case, digits and dashes.
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
    let organisation = fly.organisation(&slug)?;
    caller.may(AccessRequest {
        organisation: Some(organisation.number),
        mask: Caveat::READ,
        ..AccessRequest::default()
    })?;
    let (world, now_ms) = (fly.world(), fly.now_ms());
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
    let organisation = fly.organisation(&app.organisation)?;
    let (world, now_ms) = (fly.world(), fly.now_ms());
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

/// `app_name` stands in the documentation, `name` in the description and in fly-go.
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
    let wanted: CreateAppRequest = fly.read("POST /v1/apps", &body, FIELDS)?;
    let slug = wanted.org_slug.ok_or_else(|| FlyApiError::malformed("org_slug is required"))?;
    let organisation = fly.organisation(&slug)?;
    caller.may(AccessRequest {
        organisation: Some(organisation.number),
        mask: Caveat::CREATE,
        ..AccessRequest::default()
    })?;
    fly.check_standing(&slug, true)?;
    let name = wanted.name.or(wanted.app_name).unwrap_or_default();
    if !is_name(&name) {
        return Err(FlyApiError::name_invalid());
    }
    let network = wanted.network.filter(|network| !network.is_empty());
    let app = fly.add_app(name, slug, network.unwrap_or_else(|| NETWORK_DEFAULT.into()))?;
    if query.wait == Some(true) {
        fly.until_seen(&app.name).await;
    }
    let body = json!({ "id": app.id, "created_at": fly.now_ms() });
    Ok((StatusCode::CREATED, Json(body)).into_response())
}

fn is_name(name: &str) -> bool {
    (1..=NAME_MAX).contains(&name.len())
        && name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
}

/// Accepted at once, done a while later; asked again meanwhile, it is accepted again.
async fn delete(
    State(fly): State<Arc<SimulatedFly>>,
    Extension(app): Extension<FlyApp>,
) -> StatusCode {
    let begun = fly.change_app(&app.name, |app, _| Ok(!std::mem::replace(&mut app.leaving, true)));
    if matches!(begun, Ok(true)) {
        fly.spawn(async move |fly| {
            pause(fly.latency.app_gone_ms).await;
            fly.remove_app(&app.name).await;
        });
    }
    StatusCode::ACCEPTED
}

impl SimulatedFly {
    pub(super) fn add_app(
        &self,
        name: String,
        organisation: String,
        network: String,
    ) -> Result<FlyApp, FlyApiError> {
        let id = self.id::<8>();
        self.write(|world, when| {
            if world.apps.get(&name).is_some() {
                return Err(FlyApiError::name_taken());
            }
            world.serial += 1;
            let app = FlyApp {
                id,
                number: 100_000 + world.serial,
                name: name.clone(),
                organisation,
                network,
                addresses: Vec::new(),
                secrets: BTreeMap::new(),
                secrets_version: 0,
                leaving: false,
            };
            world.apps.put(&name, app.clone(), when.now_ms, when.lag_ms);
            Ok(app)
        })
    }

    async fn until_seen(&self, app: &str) {
        const LOOK_EVERY_MS: u64 = 50;
        while self.world().apps.get(app).is_some()
            && self.world().apps.read(app, self.now_ms()).is_none()
        {
            pause(LOOK_EVERY_MS).await;
        }
    }

    /// Changes an app that exists.
    pub(super) fn change_app<R>(
        &self,
        name: &str,
        change: impl FnOnce(&mut FlyApp, u64) -> Result<R, FlyApiError>,
    ) -> Result<R, FlyApiError> {
        self.write(|world, when| {
            let mut app = world.apps.get(name).cloned().ok_or_else(FlyApiError::app_not_found)?;
            let result = change(&mut app, when.now_ms)?;
            world.apps.put(name, app, when.now_ms, when.lag_ms);
            Ok(result)
        })
    }

    /// A person removes an app by hand, with everything in it.
    pub async fn remove_by_hand(&self, app: &str) {
        self.remove_app(app).await;
    }

    /// With everything in it.
    async fn remove_app(&self, app: &str) {
        let machines: Vec<String> = {
            let world = self.world();
            let of_app = world.machines.all().filter(|machine| machine.app == app);
            of_app.map(|machine| machine.id.clone()).collect()
        };
        for machine in &machines {
            self.destroy(machine).await;
        }
        let volumes = self.write(|world, when| {
            let of_app = world.volumes.all().filter(|volume| volume.app == app);
            let volumes: Vec<String> = of_app.map(|volume| volume.id.clone()).collect();
            for volume in &volumes {
                world.volumes.remove(volume, when.now_ms, when.lag_ms);
            }
            world.apps.remove(app, when.now_ms, when.lag_ms);
            volumes
        });
        for volume in volumes {
            self.runtime.discard_volume(&volume).await;
        }
    }

    /// Reads a body, leniently as Fly does, and notes fields that the operation does not have.
    pub(super) fn read<T: serde::de::DeserializeOwned>(
        &self,
        operation: &str,
        body: &Value,
        fields: &[&str],
    ) -> Result<T, FlyApiError> {
        let object =
            body.as_object().ok_or_else(|| FlyApiError::malformed("an object is required"))?;
        for unknown in object.keys().filter(|key| !fields.contains(&key.as_str())) {
            self.violation(format!("{operation} has no field {unknown:?}"));
        }
        T::deserialize(body).map_err(|_| FlyApiError::malformed("a field has the wrong type"))
    }
}
