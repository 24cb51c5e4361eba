//! The provisioner against the simulated Fly, in one process and under paused time.

use std::time::Duration;

use http::{Method, StatusCode};
use textslash::cloud::{Cloud, FailureCause, StepContext};
use textslash::deployment::{Goal, Outcome, RunFailure, StageStatus, StageUpdate};
use textslash::journal::RunEnd;
use textslash::plan::{Facts, Stage, StepFacts, StepId};
use textslash::provisioner::DriveError;
use textslash::sandbox::faults::{FaultMode, FaultPosition, VendorCall};
use textslash::sandbox::fly::{BillingProfile, Latency, ReadLag};
use textslash::sandbox::machines::ModelFaults;
use textslash::spec::Role;
use tokio::sync::mpsc;

mod earlier;
mod sweep;
pub mod world;

use world::{DeployWorld, TestDatabase};

#[tokio::test]
async fn a_deployment_is_proven_and_its_removal_leaves_a_receipt() {
    let ada = DeployWorld::new().await;

    let Outcome::Deployed(known) = ada.deploys().await else { panic!("not deployed") };
    ada.expect_deployed();
    for machine in ["relay-machine", "vm-machine"] {
        let id = &known[&StepId::new(machine)]["id"];
        assert!(ada.runtime.commits(id) <= 1, "told at most once that it may stay");
    }

    let Outcome::Removed(receipt) = ada.removes().await else { panic!("not removed") };
    let names: Vec<_> = receipt.iter().map(|line| line.name.as_str()).collect();
    assert_eq!(names.len(), 6, "two apps, volumes and machines: {names:?}");
    assert!(names.contains(&format!("ada-relay-{}", ada.spec.id).as_str()));
    ada.expect_nothing();
    ada.expect_good_manners();
}

#[tokio::test]
async fn progress_tells_each_stage_once_begun_and_once_done() {
    let ada = DeployWorld::new().await;
    ada.open().await;
    let (progress, mut told) = mpsc::channel(StageUpdate::CHANNEL);

    let account = ada.account();
    ada.provisioner.drive(&ada.spec.id, Goal::Deployed, &account, &progress).await.unwrap();

    let mut lines = Vec::new();
    while let Ok(StageUpdate { stage, status }) = told.try_recv() {
        lines.push((stage, status));
    }
    for stage in [Stage::Apps, Stage::Network, Stage::Secrets, Stage::Storage, Stage::Proof] {
        let of_stage: Vec<_> = lines.iter().filter(|line| line.0 == stage).collect();
        let expected = [(stage, StageStatus::Running), (stage, StageStatus::Done)];
        assert_eq!(of_stage, expected.iter().collect::<Vec<_>>());
    }
}

#[tokio::test]
async fn the_person_sees_that_the_region_changes() {
    let ada = DeployWorld::with(TestDatabase::new().await, 1, Latency::MEDIANS);
    ada.fly.organisations().set_no_machines_in(&["ams"]);
    ada.open().await;
    let (progress, mut told) = mpsc::channel(StageUpdate::CHANNEL);

    let account = ada.account();
    ada.provisioner.drive(&ada.spec.id, Goal::Deployed, &account, &progress).await.unwrap();

    let updates: Vec<_> = std::iter::from_fn(|| told.try_recv().ok()).collect();
    let moved = StageUpdate { stage: Stage::Storage, status: StageStatus::ChangingRegion };
    let at = updates.iter().position(|update| *update == moved).expect("a change of region");
    let settled = StageUpdate { stage: Stage::Storage, status: StageStatus::Done };
    assert!(updates[at..].contains(&settled), "{updates:?}");
}

#[tokio::test]
async fn a_full_region_is_left_without_a_trace_for_the_next_one() {
    let database = TestDatabase::new().await;
    let lagging = ReadLag::FixedMs(20_000);
    let cases = [(true, ReadLag::None), (false, ReadLag::None), (true, lagging), (false, lagging)];
    for (seed, (machines, lag)) in (1..).zip(cases) {
        let ada = DeployWorld::with(database.clone(), seed, Latency::NONE).lagging(lag);
        if machines {
            ada.fly.organisations().set_no_machines_in(&["ams"]);
        } else {
            ada.fly.organisations().set_no_volumes_in(&["ams"]);
        }

        assert!(matches!(ada.deploys().await, Outcome::Deployed(_)));

        ada.expect_deployed();
        let there = ada.fly.inventory();
        assert!(there.machines.iter().all(|line| line.contains(" lhr ")), "{there}");
        assert!(there.volumes.iter().all(|line| line.contains(" lhr ")), "{there}");
        assert!(matches!(ada.removes().await, Outcome::Removed(_)));
        ada.expect_nothing();
        ada.expect_good_manners();
    }
}

#[tokio::test]
async fn where_no_region_has_room_the_person_is_asked_and_may_try_again() {
    let ada = DeployWorld::new().await;
    ada.fly.organisations().set_no_machines_in(&["ams", "lhr"]);

    let Outcome::Failed(RunFailure { cause, remaining, .. }) = ada.deploys().await else {
        panic!("deployed")
    };

    assert_eq!(cause, FailureCause::NoCapacity);
    assert!(remaining.unwrap().iter().any(|line| line.costs), "a volume costs money");
    ada.fly.organisations().set_no_machines_in(&[]);
    assert!(matches!(ada.drive_on(Goal::Deployed).await, Outcome::Deployed(_)));
    ada.expect_deployed();
    ada.expect_good_manners();
}

#[tokio::test]
async fn a_token_revoked_on_the_way_is_asked_for_again_and_the_run_carries_on() {
    let ada = DeployWorld::with(TestDatabase::new().await, 1, Latency::MEDIANS);
    ada.open().await;
    let revoke = async {
        tokio::time::sleep(Duration::from_secs(2)).await;
        ada.fly.revoke_all_tokens();
    };

    let (told, ()) = tokio::join!(ada.drive_on(Goal::Deployed), revoke);

    let Outcome::Failed(RunFailure { cause, remaining, .. }) = told else { panic!("deployed") };
    assert_eq!(cause, FailureCause::TokenRefused);
    assert!(remaining.unwrap().iter().all(|line| !line.seen), "nobody may look");
    assert!(matches!(ada.drive_on(Goal::Deployed).await, Outcome::Deployed(_)));
    ada.expect_deployed();
    ada.expect_good_manners();
}

#[tokio::test]
async fn a_missing_card_stops_the_run_until_there_is_one() {
    let ada = DeployWorld::new().await;
    ada.fly.organisations().set_billing_profile(BillingProfile::NoCard);

    let Outcome::Failed(RunFailure { cause, .. }) = ada.deploys().await else { panic!("deployed") };

    assert_eq!(cause, FailureCause::PaymentNeeded);
    ada.fly.organisations().set_billing_profile(BillingProfile::Paid);
    assert!(matches!(ada.drive_on(Goal::Deployed).await, Outcome::Deployed(_)));
    ada.expect_deployed();
}

#[tokio::test]
async fn nothing_but_a_token_is_needed_to_remove_what_nobody_remembers() {
    let database = TestDatabase::new().await;
    for seed in 2..6 {
        let ada = DeployWorld::with(database.clone(), seed, Latency::MEDIANS);
        ada.open().await;
        // The process dies at some point, and takes its database with it.
        let alive = Duration::from_millis(700 * seed);
        tokio::time::timeout(alive, ada.drive(Goal::Deployed)).await.ok();
        let ada = ada.in_database(database.another().await);

        let found = ada.account().find().await.unwrap();
        assert_eq!(found.len(), 1, "strangers' apps are not found");
        let id = ada.provisioner.adopt(&found[0], "ada").await.unwrap();
        assert_eq!(id, ada.spec.id);
        assert!(matches!(ada.removes().await, Outcome::Removed(_)));

        ada.expect_nothing();
        ada.expect_good_manners();
        let deploy = ada.drive(Goal::Deployed).await.unwrap();
        assert!(matches!(deploy, Err(DriveError::BeingRemoved(_))), "it can only be removed");
    }
}

#[tokio::test]
async fn of_two_drivers_the_earlier_is_fenced_out() {
    let ada = DeployWorld::with(TestDatabase::new().await, 1, Latency::MEDIANS);
    ada.open().await;
    let second = async {
        tokio::time::sleep(Duration::from_secs(1)).await;
        ada.drive(Goal::Deployed).await.unwrap()
    };

    let (first, second) = tokio::join!(ada.drive(Goal::Deployed), second);

    assert!(matches!(first.unwrap(), Err(DriveError::Fenced)));
    assert!(matches!(second, Ok(Outcome::Deployed(_))));
    ada.expect_deployed();
    assert!(matches!(ada.removes().await, Outcome::Removed(_)));
    ada.expect_nothing();
}

#[tokio::test]
async fn a_driver_that_is_fenced_out_while_it_waits_asks_nothing_more() {
    let ada = DeployWorld::with(TestDatabase::new().await, 1, Latency::MEDIANS);
    ada.runtime.set(ModelFaults { never_healthy: Some("relay"), ..ModelFaults::default() });
    ada.open().await;
    let first = async {
        let began = tokio::time::Instant::now();
        (ada.drive(Goal::Deployed).await.unwrap(), began.elapsed())
    };
    let second = async {
        tokio::time::sleep(Duration::from_secs(60)).await;
        ada.removes().await
    };

    let ((first, took), second) = tokio::join!(first, second);

    assert!(matches!(first, Err(DriveError::Fenced)));
    assert!(took < Duration::from_secs(65), "{took:?}");
    assert!(matches!(second, Outcome::Removed(_)));
    ada.expect_nothing();
}

/// An image that is large, or not yet in this region.
const SLOW_TO_START: Latency = Latency { machine_launch_ms: 600_000, ..Latency::MEDIANS };

#[tokio::test]
async fn an_app_that_was_removed_elsewhere_is_not_waited_for_until_a_machine_would_have_started() {
    let ada = DeployWorld::with(TestDatabase::new().await, 1, SLOW_TO_START);
    ada.open().await;
    let began = tokio::time::Instant::now();
    let removal = async {
        tokio::time::sleep(Duration::from_secs(30)).await;
        ada.fly.remove_by_hand(&ada.spec.app(Role::Vm)).await;
    };

    let (deployed, ()) = tokio::join!(ada.drive(Goal::Deployed), removal);

    let Some(Ok(Outcome::Failed(RunFailure { cause, .. }))) = deployed else {
        panic!("{deployed:?}")
    };
    assert_eq!(cause, FailureCause::NotFound);
    assert!(began.elapsed() < Duration::from_secs(180), "{:?}", began.elapsed());
    assert!(matches!(ada.removes().await, Outcome::Removed(_)));
    ada.expect_nothing();
}

#[tokio::test]
async fn an_app_that_comes_late_is_waited_for_before_nothing_is_said_to_be_left() {
    let ada = DeployWorld::with(TestDatabase::new().await, 1, Latency::MEDIANS);
    let apps = VendorCall::new(&Method::POST, "api.machines.dev", "/v1/apps");
    ada.faults.plan(FaultPosition::NthOfCall(apps, 0), FaultMode::Late(Duration::from_secs(100)));
    ada.open().await;
    tokio::time::timeout(Duration::from_millis(100), ada.drive(Goal::Deployed)).await.ok();

    let (progress, mut told) = mpsc::channel(StageUpdate::CHANNEL);
    let account = ada.account();
    let removed = ada.provisioner.drive(&ada.spec.id, Goal::Removed, &account, &progress).await;
    assert!(matches!(removed, Ok(Outcome::Removed(_))));

    let settling = StageUpdate { stage: Stage::Apps, status: StageStatus::Unconfirmed };
    let mut lines = Vec::new();
    while let Ok(line) = told.try_recv() {
        lines.push(line);
    }
    assert!(lines.contains(&settling), "the wait is explained: {lines:?}");
    ada.expect_nothing();
    ada.let_late_effects_happen().await;
    ada.expect_nothing();
}

#[tokio::test]
async fn lists_that_lag_behind_make_no_doubles_and_hide_no_orphans() {
    let database = TestDatabase::new().await;
    let clean = DeployWorld::with(database.clone(), 0, Latency::NONE);
    clean.deploys().await;
    let changes = clean.faults.positions().into_iter().filter(|place| {
        matches!(place, FaultPosition::NthOfCall(call, _)
            if call.method == "POST" && call.path.starts_with("/v1"))
    });
    let mut seed = 0;
    for place in changes {
        for mode in [FaultMode::KilledAfter, FaultMode::LostReply] {
            seed += 1;
            let ada = DeployWorld::with(database.clone(), seed, Latency::NONE);
            let ada = ada.lagging(ReadLag::UpToMs(20_000));
            ada.faults.plan(sweep::moved(&place, &clean, &ada), mode.clone());

            let told = ada.deploys().await;

            assert!(matches!(told, Outcome::Deployed(_)), "{place:?} {mode:?}: {told:?}");
            ada.expect_deployed();
            assert!(matches!(ada.removes().await, Outcome::Removed(_)), "{place:?} {mode:?}");
            ada.expect_nothing();
        }
    }
}

#[tokio::test]
async fn what_the_person_removed_by_hand_is_made_again_or_gone_already() {
    let database = TestDatabase::new().await;
    for (seed, goal) in [(1, Goal::Deployed), (2, Goal::Removed)] {
        let ada = DeployWorld::with(database.clone(), seed, Latency::NONE);
        ada.deploys().await;
        let (region, known) = (world::region("ams"), StepFacts::new());
        let here = StepContext { spec: &ada.spec, region: &region, facts: &known };
        let app = StepId::new("relay-app");
        ada.account().delete(&here, &app, &Facts::new()).await.unwrap();

        let told = ada.drive_on(goal).await;

        match goal {
            Goal::Deployed => {
                assert!(matches!(told, Outcome::Deployed(_)), "{told:?}");
                ada.expect_deployed();
            }
            Goal::Removed => {
                assert!(matches!(told, Outcome::Removed(_)), "{told:?}");
                ada.expect_nothing();
            }
        }
        ada.expect_good_manners();
    }
}

#[tokio::test]
async fn driving_a_deployed_run_again_replaces_its_keys_and_proves_it_again() {
    let ada = DeployWorld::new().await;
    let Outcome::Deployed(before) = ada.deploys().await else { panic!("not deployed") };

    let Outcome::Deployed(after) = ada.drive_on(Goal::Deployed).await else { panic!("failed") };

    let machine = StepId::new("relay-machine");
    assert_ne!(before[&machine]["id"], after[&machine]["id"], "a machine keeps the keys it has");
    let volume = StepId::new("relay-volume");
    assert_eq!(before[&volume]["id"], after[&volume]["id"], "what the person wrote stays");
    ada.expect_deployed();
    ada.expect_good_manners();
}

#[tokio::test]
async fn a_deployment_in_use_never_leaves_its_region_or_its_volumes() {
    let ada = DeployWorld::new().await;
    let Outcome::Deployed(before) = ada.deploys().await else { panic!("not deployed") };
    let volumes = ada.fly.inventory().volumes;
    for full in [vec!["ams"], vec!["ams", "lhr"]] {
        ada.fly.organisations().set_no_machines_in(&full);

        let told = ada.drive_on(Goal::Deployed).await;

        let Outcome::Failed(RunFailure { cause, .. }) = told else {
            panic!("not refused: {told:?}")
        };
        assert_eq!(cause, FailureCause::NoCapacity);
        assert_eq!(ada.fly.inventory().volumes, volumes);
        let a_person_tries_again_after = Duration::from_secs(60);
        tokio::time::sleep(a_person_tries_again_after).await;
    }

    ada.fly.organisations().set_no_machines_in(&[]);
    let Outcome::Deployed(after) = ada.drive_on(Goal::Deployed).await else { panic!("failed") };

    for volume in ["relay-volume", "vm-volume"].map(StepId::new) {
        assert_eq!(before[&volume]["id"], after[&volume]["id"], "what the person wrote stays");
    }
    ada.expect_deployed();
    ada.expect_good_manners();
}

#[tokio::test]
async fn a_volume_that_the_person_restored_beside_the_runs_own_is_left_alone() {
    let ada = DeployWorld::new().await;
    let Outcome::Deployed(before) = ada.deploys().await else { panic!("not deployed") };
    let volume = StepId::new("vm-volume");
    for place in ["ams", "lhr"].map(world::region) {
        let here = StepContext { spec: &ada.spec, region: &place, facts: &before };
        ada.account().create(&here, &volume).await.unwrap();
    }
    let volumes = ada.fly.inventory().volumes;
    assert_eq!(volumes.len(), 4, "{volumes:?}");

    let Outcome::Deployed(after) = ada.drive_on(Goal::Deployed).await else { panic!("failed") };

    assert_eq!(before[&volume]["id"], after[&volume]["id"], "the run's own is the one in use");
    assert_eq!(ada.fly.inventory().volumes, volumes);
    assert!(matches!(ada.removes().await, Outcome::Removed(_)));
    ada.expect_nothing();
}

#[tokio::test]
async fn a_journal_that_cannot_be_written_stops_the_run_before_the_effect() {
    let database = TestDatabase::new().await;
    let clean = DeployWorld::with(database.clone(), 0, Latency::NONE);
    clean.deploys().await;
    for first_lost in 1..clean.journal_length().await {
        let ada = DeployWorld::with(database.clone(), first_lost, Latency::NONE);
        ada.open().await;
        ada.lose_journal_entries_from(first_lost).await;

        let told = ada.drive(Goal::Deployed).await.unwrap();

        assert!(matches!(told, Err(DriveError::Store(_))), "entry {first_lost}: {told:?}");
        ada.lose_no_more_journal_entries().await;
        assert!(matches!(ada.removes().await, Outcome::Removed(_)));
        ada.expect_nothing();
    }
}

#[tokio::test]
async fn no_secret_is_in_the_journal() {
    let ada = DeployWorld::new().await;
    ada.deploys().await;
    ada.removes().await;

    let written = [ada.database_file(""), ada.database_file("-wal")].concat();
    let holds = |text: &str| written.windows(text.len()).any(|window| window == text.as_bytes());
    assert!(holds(ada.spec.id.as_ref()), "the search finds what is there");
    for secret in ada.secrets() {
        for part in secret.split([',', ' ']).filter(|part| part.len() > 10) {
            assert!(!holds(part), "a secret is in the database");
        }
    }
}

#[tokio::test]
async fn a_refused_stranger_is_part_of_the_proof() {
    let ada = DeployWorld::new().await;
    ada.runtime.set(ModelFaults { open_to_all: true, ..ModelFaults::default() });

    let Outcome::Failed(RunFailure { step, cause, .. }) = ada.deploys().await else {
        panic!("deployed")
    };

    assert_eq!(
        (step, cause),
        (Some(StepId::new("stranger-refused")), FailureCause::InvalidRequest)
    );
    assert_eq!(ada.run().await.end(), Some(RunEnd::Stuck));
}

#[tokio::test]
async fn a_gate_that_never_opens_is_not_waited_for_for_ever() {
    let ada = DeployWorld::new().await;
    ada.runtime.set(ModelFaults { never_healthy: Some("relay"), ..ModelFaults::default() });

    let Outcome::Failed(RunFailure { step, .. }) = ada.deploys().await else { panic!("deployed") };

    assert_eq!(step, Some(StepId::new("relay-healthy")));
    ada.runtime.set(ModelFaults::default());
    assert!(matches!(ada.removes().await, Outcome::Removed(_)));
    ada.expect_nothing();
}

#[tokio::test]
async fn the_calls_of_a_bad_day_stay_within_six_times_the_plan() {
    let ada = DeployWorld::new().await;
    let plan = ada.account().plan(&ada.spec).steps().len();
    for at in (0..40).step_by(3) {
        let refusal = FaultMode::Refused(StatusCode::SERVICE_UNAVAILABLE, "");
        ada.faults.plan(FaultPosition::CallIndex(at), refusal);
    }

    assert!(matches!(ada.deploys().await, Outcome::Deployed(_)));

    assert!(ada.faults.calls().len() <= 6 * plan);
    ada.expect_deployed();
}
