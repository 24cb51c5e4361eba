//! The regions of the cloud.

use std::sync::Arc;

use axum::routing::get;
use axum::{Json, Router};
use serde_json::{Value, json};

use super::SimulatedFly;
use super::errors::FlyApiError;

/// The region nearest to every caller, and the default of requests that name none.
pub(super) const NEAREST: &str = "lhr";

/// Code, name, latitude, longitude, geographical region, only for paying accounts.
const REGIONS: [(&str, &str, f64, f64, &str, bool); 18] = [
    ("ams", "Amsterdam, Netherlands", 52.37, 4.9, "europe", false),
    ("arn", "Stockholm, Sweden", 59.65, 17.91, "europe", false),
    ("bom", "Mumbai, India", 19.09, 72.87, "asia_pacific", true),
    ("cdg", "Paris, France", 48.86, 2.35, "europe", false),
    ("dfw", "Dallas, Texas (US)", 32.78, -96.8, "north_america", false),
    ("ewr", "Secaucus, NJ (US)", 40.79, -74.06, "north_america", false),
    ("fra", "Frankfurt, Germany", 50.12, 8.64, "europe", true),
    ("gru", "Sao Paulo, Brazil", -23.55, -46.63, "south_america", false),
    ("iad", "Ashburn, Virginia (US)", 39.02, -77.54, "north_america", false),
    ("jnb", "Johannesburg, South Africa", -26.13, 28.24, "africa", false),
    ("lax", "Los Angeles, California (US)", 33.94, -118.41, "north_america", false),
    ("lhr", "London, United Kingdom", 51.52, -0.1, "europe", false),
    ("nrt", "Tokyo, Japan", 35.62, 139.75, "asia_pacific", false),
    ("ord", "Chicago, Illinois (US)", 41.89, -87.64, "north_america", false),
    ("sin", "Singapore, Singapore", 1.3, 103.86, "asia_pacific", false),
    ("sjc", "San Jose, California (US)", 37.35, -121.96, "north_america", false),
    ("syd", "Sydney, Australia", -33.87, 151.21, "asia_pacific", false),
    ("yyz", "Toronto, Canada", 43.64, -79.38, "north_america", false),
];

/// Every region's code.
pub(super) fn codes() -> Vec<&'static str> {
    REGIONS.iter().map(|(code, ..)| *code).collect()
}

pub(super) fn routes() -> Router<Arc<SimulatedFly>> {
    Router::new().route("/v1/platform/regions", get(list))
}

/// The keys are capitalised, whatever the description says.
async fn list() -> Json<Value> {
    let row = |&(code, name, latitude, longitude, geo, paid): &(_, _, _, _, _, _)| {
        json!({
            "code": code,
            "name": name,
            "latitude": latitude,
            "longitude": longitude,
            "gateway_available": true,
            "requires_paid_plan": paid,
            "geo_region": geo,
            "capacity": 100,
            "deprecated": false,
        })
    };
    let regions: Vec<Value> = REGIONS.iter().map(row).collect();
    Json(json!({ "Regions": regions, "Nearest": NEAREST }))
}

/// The region that was asked for, or the nearest.
pub(super) fn known(region: Option<&str>) -> Result<String, FlyApiError> {
    let region = region.filter(|region| !region.is_empty()).unwrap_or(NEAREST);
    if REGIONS.iter().any(|known| known.0 == region) {
        Ok(region.to_owned())
    } else {
        Err(FlyApiError::malformed(&format!("region {region} not found")))
    }
}
