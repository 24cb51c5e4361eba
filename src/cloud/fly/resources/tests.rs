use serde_json::json;

use crate::cloud::fly::tests::scripted_account::*;
use crate::cloud::{Cloud, FailureCause, Observation, StepContext};
use crate::plan::{Facts, StepFacts, StepId};
use crate::spec::Role;

mod observing;

#[tokio::test(start_paused = true)]
async fn the_machines_are_made_as_agreed() {
    let made = json!({"id": "1x", "ip": "fdaa:0:1::3"});
    let (scripted, account) = account_with(vec![("POST /apps/", Ok((200, made)))]);
    let (spec, known) = (spec(), known_all());
    let here = StepContext { spec: &spec, region: &spec.regions[0], facts: &known };
    for step in ["relay-machine", "vm-machine", "relay-private"] {
        account.create(&here, &StepId::new(step)).await.unwrap();
    }
    let [relay, vm, address] = &scripted.seen()[..] else { panic!("three requests") };
    assert_eq!(relay.line, format!("POST {MACHINES_API}/apps/ada-relay-{ID}/machines"));
    assert_eq!(relay.body["name"], "relay");
    assert_eq!(relay.body["region"], "ams");
    assert_eq!(relay.body["min_secrets_version"], 7);
    let config = &relay.body["config"];
    assert_eq!(config["init"]["cmd"], json!(["relay"]));
    assert_eq!(config["env"]["TEXTSLASH_VM_URL"], format!("http://ada-vm-{ID}.flycast"));
    assert_eq!(config["env"]["TEXTSLASH_MODEL_URL"], "https://api.anthropic.com");
    assert_eq!(config["metadata"]["textslash_deployment"], ID);
    assert_eq!(config["metadata"]["textslash_secrets"], "7");
    assert_eq!(config["metadata"]["textslash_channel"], "web");
    assert_eq!(config["mounts"], json!([{"volume": "vol_r", "path": "/data"}]));
    let service = &config["services"][0];
    assert_eq!((&service["autostart"], &service["autostop"]), (&json!(true), &json!("off")));
    let config = &vm.body["config"];
    let model_proxy = format!("http://ada-relay-{ID}.internal:8081");
    assert_eq!(config["env"]["TEXTSLASH_MODEL_PROXY_URL"], model_proxy);
    assert_eq!(config["guest"]["memory_mb"], 2048);
    let network = format!("textslash-{ID}");
    assert_eq!(address.body, json!({"type": "private_v6", "network": network}));
}

#[tokio::test(start_paused = true)]
async fn only_the_relay_is_given_the_model_key_and_the_owner_key() {
    let (scripted, account) = account_with(vec![("POST /apps/", Ok((200, json!({"Version": 3}))))]);
    let (spec, known) = (spec(), StepFacts::new());
    let here = StepContext { spec: &spec, region: &spec.regions[0], facts: &known };
    for step in ["relay-keys", "vm-keys"] {
        let facts = account.create(&here, &StepId::new(step)).await.unwrap();
        assert_eq!(facts["version"], "3");
    }
    let [relay, vm] = &scripted.seen()[..] else { panic!("two requests") };
    assert_eq!(relay.body["values"]["MODEL_KEY"], MODEL_KEY);
    assert_eq!(relay.body["values"]["OWNER_KEY"], "owner");
    assert_eq!(vm.body, json!({"values": {"LINK_KEY": "link"}}));
}

#[tokio::test(start_paused = true)]
async fn a_resource_that_is_gone_counts_as_deleted() {
    let (_, account) = account_with(Vec::new());
    let (spec, known) = (spec(), StepFacts::new());
    let here = StepContext { spec: &spec, region: &spec.regions[0], facts: &known };
    let found = Facts::from([("id".to_owned(), "1x".to_owned())]);
    for step in ["vm-machine", "vm-volume", "vm-app"] {
        assert_eq!(account.delete(&here, &StepId::new(step), &found).await, Ok(()));
    }
    let nowhere = Facts::from([("id".to_owned(), "../relay".to_owned())]);
    let error = account.delete(&here, &StepId::new("vm-machine"), &nowhere).await.unwrap_err();
    assert_eq!(error.cause, FailureCause::InvalidRequest);
}

#[tokio::test(start_paused = true)]
async fn a_create_that_may_have_happened_is_a_doubt() {
    let taken = json!({"error": "already_exists: unique machine name violation, machine ID 3287"});
    let (_, account) = account_with(vec![
        ("POST /apps/ada-relay", Ok((409, taken))),
        ("POST /apps/ada-vm", Ok((200, json!({})))),
    ]);
    let (spec, known) = (spec(), known_all());
    let here = StepContext { spec: &spec, region: &spec.regions[0], facts: &known };
    for step in ["relay-machine", "vm-machine"] {
        let error = account.create(&here, &StepId::new(step)).await.unwrap_err();
        assert_eq!(error.cause, FailureCause::InDoubt, "{step}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_change_whose_answer_names_no_resource_is_in_doubt() {
    let odd = json!({"data": {"state": "levitating"}, "next": null});
    let changed = ["relay-keys", "vm-keys", "relay-ipv4", "vm-private", "vm-volume", "vm-machine"];
    for answer in [json!({}), json!([]), json!("ok"), json!(null), odd] {
        let (_, account) = account_with(vec![("POST /apps/", Ok((200, answer.clone())))]);
        let (spec, known) = (spec(), known_all());
        let here = StepContext { spec: &spec, region: &spec.regions[0], facts: &known };
        for step in changed {
            let made = account.create(&here, &StepId::new(step)).await;
            let cause = made.map_err(|error| error.cause);
            assert_eq!(cause, Err(FailureCause::InDoubt), "{step}: {answer}");
        }
    }
}

#[tokio::test]
async fn a_person_is_shown_where_to_look() {
    let (_, account) = account_with(Vec::new());
    let link = |step| account.link(&spec(), &StepId::new(step)).unwrap();
    assert_eq!(link("vm-app"), format!("https://fly.io/apps/ada-vm-{ID}"));
    assert_eq!(link("relay-machine"), format!("https://fly.io/apps/ada-relay-{ID}/machines"));
    assert_eq!(link("vm-volume"), format!("https://fly.io/apps/ada-vm-{ID}/volumes"));
}

/// A journal that an earlier build wrote is read with these names.
#[tokio::test(start_paused = true)]
async fn facts_are_journalled_under_the_names_that_they_always_had() {
    let made = json!({"id": "1x", "ip": "fdaa:0:1::3", "version": 9, "region": "ams",
        "state": "created", "config": {"metadata": {"textslash_secrets": "7"}}});
    let app = json!({"id": "a1", "name": "ada", "internal_numeric_id": 11});
    let (_, account) = account_with(vec![
        ("POST /apps", Ok((200, made))),
        ("GET /apps/ada-relay", Ok((200, app))),
    ]);
    let (spec, known) = (spec(), known_all());
    let here = StepContext { spec: &spec, region: &spec.regions[0], facts: &known };
    for (step, stored) in [
        ("relay-app", json!({})),
        ("relay-ipv4", json!({"ip": "fdaa:0:1::3"})),
        ("relay-keys", json!({"version": "9"})),
        ("relay-volume", json!({"id": "1x", "region": "ams", "state": "created"})),
        ("relay-machine", json!({"id": "1x", "region": "ams", "secrets": "7", "state": "created"})),
    ] {
        let facts = account.create(&here, &StepId::new(step)).await.unwrap();
        assert_eq!(json!(facts), stored, "{step}");
    }
    let seen = account.observe(&here, &StepId::new("relay-app")).await.unwrap();
    let Observation::Present(seen) = seen else { panic!("{seen:?}") };
    let name = spec.app(Role::Relay);
    assert_eq!(json!(seen), json!([{"id": "a1", "name": name, "numeric_id": "11"}]));
}
