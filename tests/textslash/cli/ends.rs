//! Deployments that do not go as they should, and how a script learns of it.

use nix::sys::signal::Signal;
use textslash::sandbox::fly::nothing;
use tokio::process::Command;

use super::CliWorld;
use crate::program;

const DEPLOY: [&str; 5] = ["deploy", "--agent", "shell", "--yes", "--json"];

#[tokio::test(flavor = "multi_thread")]
async fn an_account_that_cannot_have_machines_is_told_so_before_anything_is_made() {
    for face in ["no-card", "trial-ended", "held", "suspended"] {
        let world = CliWorld::with_face(face).await;

        let ended = world.run(&DEPLOY).await;

        assert_eq!(ended.code, 4, "{face}: {}", ended.err);
        assert_eq!(world.sandbox.inventory(), nothing(), "{face}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_region_is_passed_by_unless_it_was_meant() {
    let world = CliWorld::with_face("full-region").await;

    let meant = world.run(&[&DEPLOY[..], &["--region", "lhr"]].concat()).await;
    assert_eq!(meant.code, 1, "{}", meant.err);
    assert_eq!(world.sandbox.inventory(), nothing());

    let region = world.run(&DEPLOY).await.succeeds()["region"].clone();
    assert!(region.is_string() && region != "lhr", "{region}");
    assert_eq!(world.run(&["status", "my", "--json"]).await.document()["region"], region);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deploy_that_fails_midway_is_rolled_back() {
    let world = CliWorld::with_face("full").await;

    let ended = world.run(&DEPLOY).await;

    assert_eq!(ended.code, 1, "{}", ended.err);
    let document = ended.document();
    assert_eq!((&document["status"], &document["cause"]), (&"failed".into(), &"no_room".into()));
    assert_eq!(document["remaining"], serde_json::json!([]));
    assert!(ended.err.contains("Everything is gone"), "{}", ended.err);
    assert_eq!(world.sandbox.inventory(), nothing());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deploy_that_fails_midway_is_kept_for_who_wants_to_look() {
    let world = CliWorld::with_face("full").await;

    let ended = world.run(&[&DEPLOY[..], &["--on-failure", "keep"]].concat()).await;

    assert_eq!(ended.code, 5, "{}", ended.err);
    assert!(!ended.document()["remaining"].as_array().unwrap().is_empty());
    assert_ne!(world.sandbox.inventory(), nothing());
    let id = ended.document()["id"].as_str().unwrap().to_owned();
    assert!(ended.err.contains(&format!("`textslash teardown {id}`")), "{}", ended.err);

    let setup = world.start_with(&["setup"], &[]);
    setup.err.until("Write hi to begin").await;
    setup.signal(Signal::SIGINT);
    let ended = setup.end().await;
    assert_eq!(ended.code, 130, "{}", ended.err);
    assert!(ended.err.contains(&format!("`textslash teardown {id}`")), "{}", ended.err);

    world.run(&["teardown", &id, "--yes", "--json"]).await.succeeds();
    assert_eq!(world.sandbox.inventory(), nothing());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_removed_is_listed_and_removed_later() {
    let world = CliWorld::new().await;
    world.deploys("my").await;

    world.sandbox.fly().organisations().set_face("held");
    let ended = world.run(&["teardown", "my", "--yes", "--json"]).await;

    assert_eq!(ended.code, 5, "{}", ended.err);
    let remaining = &ended.document()["deployments"][0]["remaining"];
    assert!(!remaining.as_array().unwrap().is_empty(), "{}", ended.out);

    world.sandbox.fly().organisations().set_face("paid");
    world.run(&["teardown", "my", "--yes", "--json"]).await.succeeds();
    assert_eq!(world.sandbox.inventory(), nothing());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_an_interrupted_deploy_began_is_removed_by_a_later_teardown() {
    for signal in [Signal::SIGINT, Signal::SIGTERM] {
        let world = CliWorld::of_silence().await;
        let deploy = world.start_with(&DEPLOY, &[]);
        // From here on nothing is created, so that no lost reply has to settle.
        deploy.err.until("[x] Machines started").await;
        deploy.signal(signal);

        let ended = deploy.end().await;

        assert_eq!((ended.code, ended.out.as_str()), (130, ""), "{}", ended.err);
        assert_ne!(world.sandbox.inventory(), nothing());
        let said = ended.err.split("`textslash teardown ").nth(1).unwrap();
        let id = said.split('`').next().unwrap();
        for begun in ["relay-app: my-relay-", "relay-ipv4: my-relay-", "vm-machine: my-vm-"] {
            assert!(ended.err.contains(&format!("- {begun}{id}\n")), "{begun}: {}", ended.err);
        }
        world.run(&["teardown", id, "--yes", "--json"]).await.succeeds();
        assert_eq!(world.sandbox.inventory(), nothing());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_teardown_that_is_interrupted_goes_on_later() {
    let world = CliWorld::new().await;
    world.deploys("my").await;
    let teardown = world.start_with(&["teardown", "my", "--yes"], &[]);
    teardown.err.until("[..] Machines").await;
    teardown.signal(Signal::SIGINT);

    let ended = teardown.end().await;

    assert_eq!(ended.code, 130, "{}", ended.err);
    assert!(ended.err.contains("goes on where this one stopped"), "{}", ended.err);
    world.run(&["teardown", "my", "--yes", "--json"]).await.succeeds();
    assert_eq!(world.sandbox.inventory(), nothing());
}

#[tokio::test]
async fn a_reader_that_goes_away_is_no_bug_of_ours() {
    let dir = tempfile::tempdir().unwrap();
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    let mut list = Command::new(program::PATH);
    list.args(["list", "--json"]).env_clear().env("HOME", dir.path()).stdout(writer);
    let told = list.output().await.unwrap();
    assert!(told.status.success(), "{told:?}");
    assert!(told.stderr.is_empty(), "{told:?}");
}
