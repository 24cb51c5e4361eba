//! How long a deployment takes from yes to ready, beside the longest path of its plan: in virtual
//! time, with the median latencies of [`Latency::MEDIANS`]. Exits with 1 when it takes more than 5
//! % longer.
//!
//! `cargo bench --bench deploy`, or without optimisation `cargo test --bench deploy`.

#![allow(clippy::print_stdout, reason = "it prints a table")]

use std::collections::BTreeMap;
use std::process::ExitCode;
use std::time::Duration;

use futures::future::join_all;
use textslash::cloud::Cloud;
use textslash::deployment::Outcome;
use textslash::plan::{Plan, Step, StepId};
use textslash::sandbox::fly::Latency;
use tokio::time::Instant;

#[allow(dead_code, clippy::unwrap_used, reason = "the world of the tests, which use all of it")]
#[path = "../textslash/provisioning/world.rs"]
mod world;

use world::{DeployWorld, TestDatabase};

const LATENCY: Latency = Latency::MEDIANS;

/// How much longer than its longest path a deployment may take.
const OVERHEAD_MAX: f64 = 0.05;

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    // A tick of the clock that holds time while the database works is what each write may cost.
    let database = TestDatabase::ticking(Duration::from_millis(1)).await;
    let alone = DeployWorld::with(database.clone(), 0, LATENCY);
    let longest = longest_path(&alone.account().plan(&alone.spec));
    println!("{:<28}{:>12}{:>12}{:>10}", "", "longest", "confirm to", "over");
    println!("{:<28}{:>12}{:>12}{:>10}", "", "path, ms", "ready, ms", "");

    let one = row("one deployment", longest, &[took(&alone).await]);
    let ten: Vec<_> = (1..=10).map(|n| DeployWorld::with(database.clone(), n, LATENCY)).collect();
    let ten = row("ten at once, the slowest", longest, &join_all(ten.iter().map(took)).await);

    if one.max(ten) <= OVERHEAD_MAX { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

async fn took(world: &DeployWorld) -> Duration {
    let confirmed = Instant::now();
    let outcome = world.deploys().await;
    assert!(matches!(outcome, Outcome::Deployed(_)), "{outcome:?}");
    confirmed.elapsed()
}

#[expect(clippy::cast_precision_loss, reason = "milliseconds of a minute are small")]
fn row(what: &str, longest_ms: u64, took: &[Duration]) -> f64 {
    let slowest = took.iter().max().copied().unwrap_or_default();
    let over = slowest.as_secs_f64() * 1000.0 / longest_ms as f64 - 1.0;
    println!("{what:<28}{longest_ms:>12}{:>12}{:>9.1}%", slowest.as_millis(), over * 100.0);
    over
}

/// When the last step can be done at the earliest, in milliseconds: each step begins when the last
/// of what it needs is done.
fn longest_path(plan: &Plan) -> u64 {
    let mut done: BTreeMap<&StepId, u64> = BTreeMap::new();
    for step in plan.steps() {
        let begins = step.needs.iter().map(|need| done[need]).max().unwrap_or(0);
        done.insert(&step.id, earliest_end(step, begins, &done));
    }
    done.into_values().max().unwrap_or(0)
}

fn earliest_end(step: &Step, begins: u64, done: &BTreeMap<&StepId, u64>) -> u64 {
    match &*step.id.0 {
        "relay-app" | "vm-app" => begins + LATENCY.app_create_ms,
        "relay-ipv4" | "relay-ipv6" | "relay-private" | "vm-private" => {
            begins + LATENCY.address_create_ms
        }
        "relay-keys" | "vm-keys" => begins + LATENCY.secrets_write_ms,
        "relay-volume" | "vm-volume" => begins + LATENCY.volume_create_ms,
        "relay-machine" | "vm-machine" => begins + LATENCY.machine_create_ms,
        "relay-started" | "vm-started" => begins + LATENCY.machine_launch_ms + LATENCY.read_ms,
        // Its name is known a while after its first public address was made.
        "relay-healthy" => {
            let addressed = done[&StepId::new("relay-ipv4")].min(done[&StepId::new("relay-ipv6")]);
            begins.max(addressed + LATENCY.name_visible_ms)
        }
        "narrow-token" => begins + 2 * LATENCY.read_ms,
        "stranger-refused" => begins + LATENCY.read_ms,
        // Answered by the deployed apps themselves, at once in this world.
        "agent-ready" | "committed" => begins,
        other => panic!("a step that this bench does not know: {other}"),
    }
}
