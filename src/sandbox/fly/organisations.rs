//! Organisations: the REST read that flyctl uses, the GraphQL one, and their machines.

use std::sync::Arc;

use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Extension, Json, Router};
use serde_json::{Value, json};

use crate::cloud::fly::macaroon::Caveat;

use super::SimulatedFly;
use super::accounts::{BillingProfile, OrganisationState};
use super::errors::FlyApiError;
use super::machines::overview;
use super::tokens::{AccessRequest, TokenCaller};

pub(super) fn routes() -> Router<Arc<SimulatedFly>> {
    Router::new()
        .route("/api/v1/organizations", get(list))
        .route("/api/v1/organizations/{slug}", get(show))
        .route("/graphql", post(graphql))
        .route("/v1/orgs/{slug}/machines", get(machines))
}

async fn list(
    State(fly): State<Arc<SimulatedFly>>,
    Extension(caller): Extension<TokenCaller>,
) -> Json<Value> {
    let organisations: Vec<Value> = fly
        .organisations
        .of(&caller)
        .iter()
        .filter_map(|organisation| fly.organisations.account(&organisation.slug, rest))
        .collect();
    Json(json!({ "organizations": organisations }))
}

async fn show(
    State(fly): State<Arc<SimulatedFly>>,
    Extension(caller): Extension<TokenCaller>,
    Path(slug): Path<String>,
) -> Result<Json<Value>, FlyApiError> {
    let known = fly.organisations.of(&caller);
    let organisation = known.iter().find(|organisation| organisation.slug == slug);
    let organisation = organisation.ok_or_else(FlyApiError::unauthorized)?;
    let shown = fly.organisations.account(&organisation.slug, rest);
    Ok(Json(json!({ "organization": shown })))
}

fn rest(account: &mut OrganisationState) -> Value {
    let organisation = &account.organisation;
    json!({
        "id": format!("org{}", organisation.number),
        "internal_numeric_id": organisation.number,
        "slug": organisation.slug,
        "raw_slug": organisation.slug,
        "name": organisation.name,
        "personal": organisation.slug == "personal",
        "paid_plan": account.billing_profile == BillingProfile::Paid,
        "billable": account.billing_profile == BillingProfile::Paid,
        "billing_status": account.billing_status(),
    })
}

/// Our program does not call it; it serves other programs. Only the one query for organisations is
/// understood.
async fn graphql(
    State(fly): State<Arc<SimulatedFly>>,
    Extension(caller): Extension<TokenCaller>,
    Json(body): Json<Value>,
) -> Response {
    let query = body["query"].as_str().unwrap_or_default();
    if !query.contains("organizations") || query.contains("mutation") {
        fly.call_log.add_violation("a GraphQL query that is not understood");
        let errors = json!([{ "message": "Field doesn't exist" }]);
        return (StatusCode::OK, Json(json!({ "errors": errors }))).into_response();
    }
    let nodes: Vec<Value> = fly
        .organisations
        .of(&caller)
        .iter()
        .filter_map(|organisation| fly.organisations.account(&organisation.slug, node))
        .collect();
    Json(json!({ "data": { "organizations": { "nodes": nodes } } })).into_response()
}

fn node(account: &mut OrganisationState) -> Value {
    let organisation = &account.organisation;
    let personal = organisation.slug == "personal";
    let profile = &account.billing_profile;
    let is_high_risk = *profile == BillingProfile::HighRisk;
    let has_card = is_high_risk || *profile == BillingProfile::Paid;
    let trust = if is_high_risk { "HIGH_RISK" } else { "UNKNOWN" };
    json!({
        "id": format!("org{}", organisation.number),
        "internalNumericId": organisation.number.to_string(),
        "slug": organisation.slug,
        "rawSlug": organisation.slug,
        "name": organisation.name,
        "type": if personal { "PERSONAL" } else { "SHARED" },
        "paidPlan": *profile == BillingProfile::Paid,
        "billable": *profile == BillingProfile::Paid,
        "viewerRole": "admin",
        "billingStatus": account.billing_status(),
        "highRisk": is_high_risk,
        "isCreditCardSaved": has_card,
        "trust": trust,
        "trialStartedAt": null,
        "trialEndedAt": null,
    })
}

async fn machines(
    State(fly): State<Arc<SimulatedFly>>,
    Extension(caller): Extension<TokenCaller>,
    Path(slug): Path<String>,
) -> Result<Json<Value>, FlyApiError> {
    let organisation = fly.organisations.named(&slug)?;
    caller.may(AccessRequest {
        organisation: Some(organisation.number),
        mask: Caveat::READ,
        ..AccessRequest::default()
    })?;
    let world = fly.world.state();
    let of_organisation = world
        .machines
        .all_seen(fly.world.now_ms())
        .filter(|machine| world.apps.get(&machine.app).is_some_and(|app| app.organisation == slug));
    let machines: Vec<Value> = of_organisation.map(overview).collect();
    Ok(Json(json!({ "machines": machines, "error_regions": [], "next_cursor": "" })))
}
