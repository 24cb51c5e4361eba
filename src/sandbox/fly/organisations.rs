//! Organisations: the REST read that flyctl uses, the GraphQL one, and their machines.

use std::sync::Arc;

use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Extension, Json, Router};
use serde_json::{Value, json};

use crate::cloud::fly::macaroon::Caveat;

use super::Fly;
use super::accounts::{Account, Face};
use super::errors::Refusal;
use super::machines::overview;
use super::tokens::{Access, Caller};

pub(super) fn routes() -> Router<Arc<Fly>> {
    Router::new()
        .route("/api/v1/organizations", get(list))
        .route("/api/v1/organizations/{slug}", get(show))
        .route("/graphql", post(graphql))
        .route("/v1/orgs/{slug}/machines", get(machines))
}

async fn list(State(fly): State<Arc<Fly>>, Extension(caller): Extension<Caller>) -> Json<Value> {
    let organisations: Vec<Value> = fly
        .organisations_of(&caller)
        .iter()
        .filter_map(|organisation| fly.account(&organisation.slug, rest))
        .collect();
    Json(json!({ "organizations": organisations }))
}

async fn show(
    State(fly): State<Arc<Fly>>,
    Extension(caller): Extension<Caller>,
    Path(slug): Path<String>,
) -> Result<Json<Value>, Refusal> {
    let known = fly.organisations_of(&caller);
    let organisation = known.iter().find(|organisation| organisation.slug == slug);
    let organisation = organisation.ok_or_else(Refusal::unauthorized)?;
    let shown = fly.account(&organisation.slug, rest);
    Ok(Json(json!({ "organization": shown })))
}

fn rest(account: &mut Account) -> Value {
    let organisation = &account.organisation;
    json!({
        "id": format!("org{}", organisation.number),
        "internal_numeric_id": organisation.number,
        "slug": organisation.slug,
        "raw_slug": organisation.slug,
        "name": organisation.name,
        "personal": organisation.slug == "personal",
        "paid_plan": account.face == Face::Paid,
        "billable": account.face == Face::Paid,
        "billing_status": account.billing_status(),
    })
}

/// Nothing of ours asks it; it is there for other programs. Only the one query that asks for organisations
/// is understood.
async fn graphql(
    State(fly): State<Arc<Fly>>,
    Extension(caller): Extension<Caller>,
    Json(body): Json<Value>,
) -> Response {
    let query = body["query"].as_str().unwrap_or_default();
    if !query.contains("organizations") || query.contains("mutation") {
        fly.violation("a GraphQL query that is not understood");
        let errors = json!([{ "message": "Field doesn't exist" }]);
        return (StatusCode::OK, Json(json!({ "errors": errors }))).into_response();
    }
    let nodes: Vec<Value> = fly
        .organisations_of(&caller)
        .iter()
        .filter_map(|organisation| fly.account(&organisation.slug, node))
        .collect();
    Json(json!({ "data": { "organizations": { "nodes": nodes } } })).into_response()
}

fn node(account: &mut Account) -> Value {
    let organisation = &account.organisation;
    let personal = organisation.slug == "personal";
    json!({
        "id": format!("org{}", organisation.number),
        "internalNumericId": organisation.number.to_string(),
        "slug": organisation.slug,
        "rawSlug": organisation.slug,
        "name": organisation.name,
        "type": if personal { "PERSONAL" } else { "SHARED" },
        "paidPlan": account.face == Face::Paid,
        "billable": account.face == Face::Paid,
        "viewerRole": "admin",
        "billingStatus": account.billing_status(),
        "highRisk": account.face == Face::HighRisk,
        "isCreditCardSaved": matches!(account.face, Face::Paid | Face::HighRisk),
        "trust": if account.face == Face::HighRisk { "HIGH_RISK" } else { "UNKNOWN" },
        "trialStartedAt": null,
        "trialEndedAt": null,
    })
}

async fn machines(
    State(fly): State<Arc<Fly>>,
    Extension(caller): Extension<Caller>,
    Path(slug): Path<String>,
) -> Result<Json<Value>, Refusal> {
    let organisation = fly.organisation(&slug)?;
    caller.may(Access {
        organisation: Some(organisation.number),
        mask: Caveat::READ,
        ..Access::default()
    })?;
    let world = fly.world();
    let of_organisation = world
        .machines
        .all_seen(fly.now_ms())
        .filter(|machine| world.apps.get(&machine.app).is_some_and(|app| app.organisation == slug));
    let machines: Vec<Value> = of_organisation.map(overview).collect();
    Ok(Json(json!({ "machines": machines, "error_regions": [], "next_cursor": "" })))
}
