use std::path::Path;

use serde_json::Value;

use super::*;

#[test]
fn the_medians_are_those_of_the_collected_latencies() {
    let Ok(specs) = std::env::var("API_SPECS") else {
        println!("skipped: API_SPECS is not set, so there is no latency.json to compare with");
        return;
    };
    let text = std::fs::read_to_string(Path::new(&specs).join("latency.json")).unwrap();
    let collected: Value = serde_json::from_str(&text).unwrap();
    let rows = collected["replay_model"].as_array().unwrap();
    let median = |operation: &str| {
        let row = rows.iter().find(|row| row["op"] == operation).unwrap();
        row["p50_ms"].as_u64().unwrap()
    };

    let ours = Latency::MEDIANS;
    for (operation, ms) in [
        ("fly.GET any", ours.read_ms),
        ("fly.POST apps", ours.app_create_ms),
        ("fly.POST ip_assignments", ours.address_create_ms),
        ("fly.POST secrets", ours.secrets_write_ms),
        ("fly.POST volumes", ours.volume_create_ms),
        ("fly.POST machines (returns)", ours.machine_create_ms),
        ("fly.launch->started, image cached", ours.machine_launch_ms),
        ("fly.DELETE app until 404", ours.app_gone_ms),
        ("fly.dns visible", ours.name_visible_ms),
    ] {
        assert_eq!(ms, median(operation), "{operation}");
    }
}
