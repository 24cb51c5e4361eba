//! Secrets of apps: no call reads a value back, and each write raises their version.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::routing::get;
use axum::{Extension, Json, Router};
use serde::Deserialize;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::app_table::AppTable;
use super::errors::FlyApiError;
use super::state::{AppSecret, FlyApp};
use super::{SimulatedFly, written};

pub(super) fn routes() -> Router<Arc<SimulatedFly>> {
    Router::new()
        .route("/v1/apps/{app}/secrets", get(list).post(update))
        .route("/v1/apps/{app}/secrets/{name}", get(show).post(set).delete(remove))
}

async fn list(Extension(app): Extension<FlyApp>) -> Json<Value> {
    Json(json!({ "secrets": all(&app) }))
}

fn all(app: &FlyApp) -> Vec<Value> {
    app.secrets.iter().map(|(name, secret)| shown(name, secret)).collect()
}

fn shown(name: &str, secret: &AppSecret) -> Value {
    let at = written(secret.updated_ms);
    json!({ "name": name, "digest": secret.digest, "created_at": at, "updated_at": at })
}

async fn show(
    Extension(app): Extension<FlyApp>,
    Path((_, name)): Path<(String, String)>,
) -> Result<Json<Value>, FlyApiError> {
    let secret = app.secrets.get(&name).ok_or_else(not_found)?;
    Ok(Json(shown(&name, secret)))
}

#[derive(Deserialize)]
struct SecretsUpdate {
    values: BTreeMap<String, Option<String>>,
}

/// A value of null removes the secret.
async fn update(
    State(fly): State<Arc<SimulatedFly>>,
    Extension(app): Extension<FlyApp>,
    Json(body): Json<Value>,
) -> Result<Json<Value>, FlyApiError> {
    let update: SecretsUpdate = fly.call_log.read("POST secrets", &body, &["values"])?;
    let app = write(&fly.apps, &app.name, update.values)?;
    let version = app.secrets_version;
    Ok(Json(json!({ "secrets": all(&app), "version": version, "Version": version })))
}

#[derive(Deserialize)]
struct SetSecretRequest {
    value: String,
}

async fn set(
    State(fly): State<Arc<SimulatedFly>>,
    Extension(app): Extension<FlyApp>,
    Path((_, name)): Path<(String, String)>,
    Json(body): Json<Value>,
) -> Result<(StatusCode, Json<Value>), FlyApiError> {
    let set: SetSecretRequest = fly.call_log.read("POST secret", &body, &["value"])?;
    let app = write(&fly.apps, &app.name, BTreeMap::from([(name.clone(), Some(set.value))]))?;
    let mut answer = app.secrets.get(&name).map(|secret| shown(&name, secret)).unwrap_or_default();
    answer["version"] = app.secrets_version.into();
    Ok((StatusCode::CREATED, Json(answer)))
}

async fn remove(
    State(fly): State<Arc<SimulatedFly>>,
    Extension(app): Extension<FlyApp>,
    Path((_, name)): Path<(String, String)>,
) -> Result<Json<Value>, FlyApiError> {
    if !app.secrets.contains_key(&name) {
        return Err(not_found());
    }
    let app = write(&fly.apps, &app.name, BTreeMap::from([(name, None)]))?;
    Ok(Json(json!({ "version": app.secrets_version })))
}

fn not_found() -> FlyApiError {
    FlyApiError::new(StatusCode::NOT_FOUND, "secret not found")
}

fn is_name(name: &str) -> bool {
    !name.is_empty()
        && !name.starts_with(|c: char| c.is_ascii_digit())
        && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
}

fn write(
    apps: &AppTable,
    app: &str,
    values: BTreeMap<String, Option<String>>,
) -> Result<FlyApp, FlyApiError> {
    if !values.keys().all(|name| is_name(name)) {
        return Err(FlyApiError::new(StatusCode::BAD_REQUEST, "invalid secret name"));
    }
    apps.change(app, |app, now_ms| {
        for (name, value) in values {
            match value {
                Some(value) => {
                    let digest = hex::encode(&Sha256::digest(&value)[..8]);
                    app.secrets.insert(name, AppSecret { value, digest, updated_ms: now_ms });
                }
                None => drop(app.secrets.remove(&name)),
            }
        }
        app.secrets_version += 1;
        Ok(app.clone())
    })
}
