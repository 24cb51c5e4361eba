use serde_json::{Value, json};

use crate::cloud::fly::tests::scripted_account::*;
use crate::cloud::{Cloud, FailureCause, Observation, StepContext};
use crate::http::TransportError;
use crate::plan::{Facts, StepId};

async fn observe(
    answer: ScriptedResponse,
    path: &'static str,
    step: &'static str,
) -> Result<Observation, FailureCause> {
    let (_, account) = account_with(vec![(path, answer)]);
    let (spec, known) = (spec(), known_all());
    let here = StepContext { spec: &spec, region: &spec.regions[0], facts: &known };
    account.observe(&here, &StepId::new(step)).await.map_err(|error| error.cause)
}

fn ids(observation: Observation) -> (&'static str, Vec<String>) {
    let id = |facts: &Facts| facts.get("id").or(facts.get("ip")).cloned().unwrap_or_default();
    match observation {
        Observation::Absent => ("absent", Vec::new()),
        Observation::Leaving => ("leaving", Vec::new()),
        Observation::Present(all) => ("present", all.iter().map(id).collect()),
        Observation::Outdated(all) => ("outdated", all.iter().map(id).collect()),
    }
}

#[tokio::test(start_paused = true)]
async fn an_app_is_ours_by_name_network_and_organisation() {
    let app = |network: &str, slug: &str| {
        Ok((200, json!({"id": "a", "network": network, "organization": {"slug": slug}})))
    };
    let ours = format!("textslash-{ID}");
    let cases = [
        (app(&ours, "ada"), Ok("present")),
        (Ok((200, json!({"id": "a"}))), Ok("present")),
        (app(&ours, "personal"), Ok("present")),
        (app("default", "ada"), Err(FailureCause::NameTaken)),
        (app(&ours, "eve"), Err(FailureCause::NameTaken)),
        (Ok((200, json!({"id": "a", "status": "destroying"}))), Ok("leaving")),
        (Ok((403, json!({"error": "unauthorized"}))), Err(FailureCause::NameTaken)),
        (Ok((404, json!({"error": "Could not find App"}))), Ok("absent")),
        (Ok((401, json!({"error": "invalid token"}))), Err(FailureCause::TokenRefused)),
        (Err(TransportError::ConnectionLost), Err(FailureCause::RetryLater { after_ms: None })),
        (Ok((200, json!({}))), Err(FailureCause::RetryLater { after_ms: None })),
        (
            Ok((200, json!({"data": {"state": "levitating"}}))),
            Err(FailureCause::RetryLater { after_ms: None }),
        ),
    ];
    for (answer, expected) in cases {
        let seen = observe(answer.clone(), "GET /apps/ada-relay", "relay-app").await;
        assert_eq!(seen.map(|seen| ids(seen).0), expected, "{answer:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn volumes_are_told_apart_by_name_state_and_region() {
    let volume = |id: &str, region: &str, state: &str, machine: Option<&str>| {
        json!({"id": id, "name": "vm_data", "region": region, "state": state,
               "attached_machine_id": machine, "created_at": id})
    };
    let other = json!({"id": "x", "name": "precious", "region": "ams"});
    let cases = [
        (json!([]), "absent", vec![]),
        (json!(null), "absent", vec![]),
        (json!([other]), "absent", vec![]),
        (json!([volume("a", "ams", "pending_destroy", None)]), "absent", vec![]),
        (json!([volume("a", "ams", "created", None), other]), "present", vec!["a"]),
        (
            json!([volume("a", "ams", "created", None), volume("b", "ams", "created", Some("1"))]),
            "present",
            vec!["b", "a"],
        ),
        (
            json!([volume("a", "iad", "created", Some("1")), volume("b", "ams", "created", None)]),
            "present",
            vec!["b", "a"],
        ),
        (json!([volume("a", "iad", "created", None)]), "outdated", vec!["a"]),
    ];
    for (list, kind, expected) in cases {
        let seen = observe(Ok((200, list.clone())), "GET /apps/ada-vm", "vm-volume").await;
        let (found, ids) = ids(seen.unwrap());
        assert_eq!(
            (found, ids),
            (kind, expected.into_iter().map(str::to_owned).collect()),
            "{list}"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn machines_are_told_apart_by_name_metadata_state_region_and_keys() {
    let machine = |state: &str, region: &str, deployment: &str, secrets: &str| {
        json!({"id": "1", "name": "relay", "state": state, "region": region, "config": {"metadata":
            {"textslash_deployment": deployment, "textslash_secrets": secrets}}})
    };
    let unreachable = |config: Value| {
        json!({"id": "1", "name": "relay", "state": "started", "region": "ams", "config": null,
               "incomplete_config": config})
    };
    let without_version = |mut machine: Value| {
        machine["config"]["metadata"]["textslash_secrets"].take();
        machine
    };
    let cases = [
        (machine("started", "ams", ID, "7"), "present"),
        (machine("stopped", "ams", ID, "7"), "present"),
        (machine("started", "ams", ID, "6"), "outdated"),
        (machine("started", "iad", ID, "7"), "outdated"),
        (machine("destroying", "ams", ID, "7"), "leaving"),
        (machine("destroyed", "ams", ID, "7"), "absent"),
        (machine("started", "ams", "zzzzzzzzzz", "7"), "absent"),
        (machine("started", "ams", ID, ""), "outdated"),
        (without_version(machine("started", "ams", ID, "")), "outdated"),
        (unreachable(json!({"metadata": {"textslash_secrets": "7"}})), "present"),
        (unreachable(json!(null)), "outdated"),
        (json!({"id": "1", "name": "other", "state": "started"}), "absent"),
    ];
    for (machine, kind) in cases {
        let answer = Ok((200, json!([machine])));
        let seen = observe(answer, "GET /apps/ada-relay", "relay-machine").await;
        assert_eq!(ids(seen.unwrap()).0, kind, "{machine}");
    }
}

#[tokio::test(start_paused = true)]
async fn addresses_are_told_apart_by_their_form() {
    let list = json!({"ips": [{"ip": "66.241.1.1", "shared": true}, {"ip": "2a09:8280::1"},
                              {"ip": "fdaa:0:1::3"}, {"ip": null}]});
    for (step, ip) in [
        ("relay-ipv4", "66.241.1.1"),
        ("relay-ipv6", "2a09:8280::1"),
        ("relay-private", "fdaa:0:1::3"),
    ] {
        let seen = observe(Ok((200, list.clone())), "GET /apps/ada-relay", step).await;
        assert_eq!(ids(seen.unwrap()), ("present", vec![ip.to_owned()]));
    }
}
