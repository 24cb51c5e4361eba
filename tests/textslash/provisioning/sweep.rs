//! Every call of a deployment and of its removal, failing in every way.

use std::collections::BTreeMap;
use std::time::Duration;

use http::StatusCode;
use textslash::deployment::{Goal, Outcome, RunFailure};
use textslash::journal::RunEnd;
use textslash::sandbox::faults::{FaultMode, FaultPosition, VendorCall};
use textslash::sandbox::fly::Latency;

use super::world::{DeployWorld, TestDatabase};

/// A way to fail, as the table calls it, and for how many calls in a row.
struct SweepFault {
    name: &'static str,
    mode: FaultMode,
    times: usize,
    /// For a read, which has no effect, it is the same as another way.
    changes_only: bool,
}

const GATEWAY_PAGE: &str = "<html>bad gateway</html>";

fn ways() -> Vec<SweepFault> {
    let unavailable = StatusCode::SERVICE_UNAVAILABLE;
    let way = |name, mode| SweepFault { name, mode, times: 1, changes_only: false };
    let change = |name, mode| SweepFault { name, mode, times: 1, changes_only: true };
    let burst = FaultMode::Refused(unavailable, GATEWAY_PAGE);
    vec![
        change("not sent", FaultMode::NotSent),
        change("429", FaultMode::Refused(StatusCode::TOO_MANY_REQUESTS, "")),
        way("5xx before", burst.clone()),
        change("5xx after", FaultMode::RefusedAfter(unavailable, GATEWAY_PAGE)),
        SweepFault { name: "5xx x8", mode: burst, times: 8, changes_only: false },
        change("408 after", FaultMode::RefusedAfter(StatusCode::REQUEST_TIMEOUT, "")),
        change("lost", FaultMode::LostReply),
        change("twice", FaultMode::Twice),
        way("hang", FaultMode::Hang),
        change("hang after", FaultMode::HangAfter),
        change("late 90 s", FaultMode::Late(Duration::from_secs(90))),
        way("bad body", FaultMode::BadBody("{\"id\": \"tru")),
        change("kill before", FaultMode::KilledBefore),
        way("kill after", FaultMode::KilledAfter),
    ]
}

fn ways_of(place: &FaultPosition) -> impl Iterator<Item = SweepFault> {
    let FaultPosition::NthOfCall(call, _) = place else {
        panic!("places are told by what they read like")
    };
    let reads = call.method == "GET";
    ways().into_iter().filter(move |way| !(reads && way.changes_only))
}

/// What became of the runs with one kind of fault at one kind of call.
#[derive(Clone, Copy, Default)]
struct SweepCounts {
    deployed: usize,
    asked: usize,
    removed: usize,
}

type SweepTable = BTreeMap<String, BTreeMap<&'static str, SweepCounts>>;

#[tokio::test]
async fn a_sweep_of_every_call_of_a_deployment_leaves_it_deployed_or_nothing_behind() {
    let database = TestDatabase::new().await;
    let clean = DeployWorld::with(database.clone(), 0, Latency::NONE);
    clean.deploys().await;
    let places = clean.faults.positions();

    let mut table = SweepTable::new();
    let mut seed = 1;
    for place in &places {
        for SweepFault { name, mode, times, .. } in ways_of(place) {
            let ada = DeployWorld::with(database.clone(), seed, Latency::NONE);
            seed += 1;
            let at = moved(place, &clean, &ada);
            ada.faults.plan_burst(at.clone(), mode, times);

            let told = ada.deploys().await;

            let ends = table.entry(row(place, &clean)).or_default().entry(name).or_default();
            match told {
                Outcome::Deployed(_) => {
                    ends.deployed += 1;
                    ada.expect_deployed();
                    assert_eq!(ada.run().await.end(), Some(RunEnd::Deployed));
                }
                Outcome::Failed(RunFailure { .. }) => {
                    ends.asked += 1;
                    assert_eq!(ada.run().await.end(), Some(RunEnd::Stuck));
                }
                Outcome::Removed(_) => panic!("nobody asked for that: {at:?} {name}"),
            }
            let fired = ada.faults.fired();
            ada.faults.clear();
            let end = ada.removes().await;
            assert!(matches!(end, Outcome::Removed(_)), "{at:?} {name}: {end:?}");
            ends.removed += 1;
            assert!(fired > 0, "{at:?} {name}");
            if name.starts_with("late") {
                ada.let_late_effects_happen().await;
            }
            ada.expect_nothing();
            match name {
                // The limit was ours to keep, the second request was not ours to send.
                "twice" => ada.expect_strangers_untouched(),
                _ => ada.expect_good_manners(),
            }
        }
    }
    print(&table);
}

#[tokio::test]
async fn a_sweep_of_every_call_of_a_removal_leaves_nothing_behind() {
    let database = TestDatabase::new().await;
    let clean = DeployWorld::with(database.clone(), 0, Latency::NONE);
    clean.deploys().await;
    let before = clean.faults.positions().len();
    clean.removes().await;
    let places = clean.faults.positions();

    let mut table = SweepTable::new();
    let mut seed = 100_001;
    for place in &places[before..] {
        for SweepFault { name, mode, times, .. } in ways_of(place) {
            let ada = DeployWorld::with(database.clone(), seed, Latency::NONE);
            seed += 1;
            ada.deploys().await;
            ada.faults.plan_burst(moved(place, &clean, &ada), mode, times);

            let told = ada.removes().await;

            let ends = table.entry(row(place, &clean)).or_default().entry(name).or_default();
            if matches!(told, Outcome::Failed(RunFailure { .. })) {
                ends.asked += 1;
                ada.faults.clear();
                assert!(matches!(ada.removes().await, Outcome::Removed(_)), "{place:?} {name}");
            }
            ends.removed += 1;
            if name.starts_with("late") {
                ada.let_late_effects_happen().await;
            }
            ada.expect_nothing();
            match name {
                // The limit was ours to keep, the second request was not ours to send.
                "twice" => ada.expect_strangers_untouched(),
                _ => ada.expect_good_manners(),
            }
            assert_eq!(ada.run().await.end(), Some(RunEnd::Removed));
        }
    }
    print(&table);
}

#[tokio::test]
async fn a_person_who_retries_after_any_refusal_gets_a_deployment() {
    let database = TestDatabase::new().await;
    let clean = DeployWorld::with(database.clone(), 0, Latency::NONE);
    clean.deploys().await;
    let refused = FaultMode::Refused(StatusCode::UNAUTHORIZED, "{\"error\":\"invalid token\"}");

    for (seed, place) in (200_001..).zip(&clean.faults.positions()) {
        let ada = DeployWorld::with(database.clone(), seed, Latency::NONE);
        ada.faults.plan(moved(place, &clean, &ada), refused.clone());
        ada.open().await;

        let told = ada.drive_on(Goal::Deployed).await;

        if let Outcome::Failed(RunFailure { remaining, .. }) = &told {
            let there = ada.fly.inventory();
            let listed = remaining.as_ref().map_or(0, Vec::len);
            assert_eq!(listed, there.apps.len() + there.volumes.len() + there.machines.len());
            let told = ada.drive_on(Goal::Deployed).await;
            assert!(matches!(told, Outcome::Deployed(_)), "{place:?}: {told:?}");
        }
        ada.expect_deployed();
        ada.expect_good_manners();
    }
}

/// The same place in another world, whose deployment has another id.
pub fn moved(place: &FaultPosition, from: &DeployWorld, to: &DeployWorld) -> FaultPosition {
    let FaultPosition::NthOfCall(call, nth) = place else {
        panic!("places are told by what they read like")
    };
    let (from, to) = (from.spec.id.as_ref(), to.spec.id.as_ref());
    let call = VendorCall {
        authority: call.authority.replace(from, to),
        path: call.path.replace(from, to),
        method: call.method.clone(),
    };
    FaultPosition::NthOfCall(call, *nth)
}

/// A place without its random part.
fn row(place: &FaultPosition, world: &DeployWorld) -> String {
    let FaultPosition::NthOfCall(call, nth) = place else {
        panic!("places are told by what they read like")
    };
    let call = call.to_string().replace(&format!("-{}", world.spec.id), "");
    format!("{} #{nth}", call.replace("api.machines.dev/v1/", ""))
}

/// `D` deployed, `A` the person was asked; all of them were then removed to nothing (`R`). A dot is
/// what another column says already.
fn print(table: &SweepTable) {
    let width = table.keys().map(String::len).max().unwrap_or_default();
    let heads: Vec<_> = ways().iter().map(|way| way.name).collect();
    let cell = |ends: &SweepCounts| {
        let told = [("D", ends.deployed), ("A", ends.asked), ("R", ends.removed)];
        let told = told.iter().filter(|(_, count)| *count > 0);
        told.map(|(word, count)| format!("{word}{count}")).collect::<Vec<_>>().join(" ")
    };
    let line = |row: &str, cells: Vec<String>| {
        println!(
            "{row:<width$} {}",
            cells.iter().map(|cell| format!("{cell:>12}")).collect::<String>()
        );
    };
    line("", heads.iter().map(|head| (*head).to_owned()).collect());
    for (row, cells) in table {
        let told = heads.iter().map(|head| cells.get(head).map_or(".".to_owned(), cell));
        line(row, told.collect());
    }
}
