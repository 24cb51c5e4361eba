//! Addresses of apps: public ones, and Flycast's in a private network.

use std::sync::Arc;

use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::routing::{delete, get};
use axum::{Extension, Json, Router};
use serde::Deserialize;
use serde_json::{Value, json};

use super::errors::FlyApiError;
use super::state::{AddressKind, AppAddress, FlyApp};
use super::{SimulatedFly, written};

pub(super) fn routes() -> Router<Arc<SimulatedFly>> {
    Router::new()
        .route("/v1/apps/{app}/ip_assignments", get(list).post(assign))
        .route("/v1/apps/{app}/ip_assignments/{ip}", delete(release))
}

async fn list(Extension(app): Extension<FlyApp>) -> Json<Value> {
    Json(json!({ "ips": app.addresses.iter().map(shown).collect::<Vec<_>>() }))
}

fn shown(address: &AppAddress) -> Value {
    json!({
        "ip": address.ip,
        "region": if address.kind.is_public() { "global" } else { "" },
        "service_name": "",
        "shared": address.kind == AddressKind::SharedV4,
        "created_at": written(address.created_ms),
    })
}

#[derive(Deserialize)]
struct AddressRequest {
    r#type: String,
    network: Option<String>,
}

const FIELDS: &[&str] = &["type", "network", "region", "org_slug", "service_name"];

/// Each call makes another v6 address. A Flycast address without `network` is in the default
/// network, where it does not reach an app that has a network of its own.
async fn assign(
    State(fly): State<Arc<SimulatedFly>>,
    Extension(app): Extension<FlyApp>,
    Json(body): Json<Value>,
) -> Result<Json<Value>, FlyApiError> {
    let wanted: AddressRequest = fly.call_log.read("POST ip_assignments", &body, FIELDS)?;
    let draw = fly.world.draw();
    let serial = fly.world.write(|world, _| {
        world.serial += 1;
        world.serial
    });
    fly.apps.change(&app.name, |app, now_ms| {
        let network = wanted.network.filter(|network| !network.is_empty());
        let kind = match wanted.r#type.as_str() {
            "v4" => AddressKind::V4,
            "v6" => AddressKind::V6,
            "shared_v4" => AddressKind::SharedV4,
            "private_v6" => {
                AddressKind::PrivateV6 { network: network.unwrap_or_else(|| "default".to_owned()) }
            }
            _ => {
                return Err(FlyApiError::malformed("type must be v4, v6, shared_v4 or private_v6"));
            }
        };
        let shares = app.addresses.iter().any(|address| address.kind == AddressKind::SharedV4);
        if kind == AddressKind::SharedV4 && shares {
            return Err(FlyApiError::already_shared(draw));
        }
        let ip = match &kind {
            AddressKind::V4 => format!("137.66.{}.{}", serial / 250 % 250, serial % 250 + 1),
            AddressKind::SharedV4 => "66.241.124.7".to_owned(),
            AddressKind::V6 => format!("2a09:8280:1::{serial:x}:0"),
            AddressKind::PrivateV6 { .. } => format!("fdaa:4:{serial:x}:0:1::2"),
        };
        let address = AppAddress { ip, kind, created_ms: now_ms };
        app.addresses.push(address.clone());
        Ok(Json(shown(&address)))
    })
}

async fn release(
    State(fly): State<Arc<SimulatedFly>>,
    Extension(app): Extension<FlyApp>,
    Path((_, ip)): Path<(String, String)>,
) -> Result<StatusCode, FlyApiError> {
    fly.apps.change(&app.name, |app, _| {
        let before = app.addresses.len();
        app.addresses.retain(|address| address.ip != ip);
        if app.addresses.len() == before {
            return Err(FlyApiError::new(StatusCode::NOT_FOUND, "ip address not found"));
        }
        Ok(StatusCode::NO_CONTENT)
    })
}
