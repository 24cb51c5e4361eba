use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::narrowed::NUMBERLESS_LOOKS_MAX;
use crate::cloud::fly::macaroon::{Caveat, Macaroon};
use crate::cloud::fly::tests::scripted_account::*;
use crate::cloud::fly::tests::{ScriptedFly, SeenRequest};
use crate::cloud::{Cloud, FailureCause, StepContext};
use crate::http::TransportError;
use crate::plan::{Facts, StepFacts, StepId};
use crate::protocol::BUILD;

async fn pass(
    answers: Vec<(&'static str, ScriptedResponse)>,
    gate: &'static str,
) -> (Vec<SeenRequest>, Result<Option<Facts>, FailureCause>) {
    let (scripted, account) = account_with(answers);
    let (spec, known) = (spec(), known_all());
    let here = StepContext { spec: &spec, region: &spec.regions[0], facts: &known };
    let passed = account.poll_gate(&here, &StepId::new(gate)).await.map_err(|error| error.cause);
    (scripted.seen(), passed)
}

#[tokio::test(start_paused = true)]
async fn the_token_is_cut_to_the_two_apps_once_they_exist() {
    let (scripted, account) = account_with(vec![
        ("GET /apps/ada-relay", Ok((200, json!({"internal_numeric_id": 11})))),
        ("GET /apps/ada-vm", Ok((200, json!({"internal_numeric_id": 12})))),
    ]);
    let (spec, known) = (spec(), StepFacts::new());
    let here = StepContext { spec: &spec, region: &spec.regions[0], facts: &known };
    assert!(account.poll_gate(&here, &StepId::new("narrow-token")).await.unwrap().is_some());
    account.observe(&here, &StepId::new("vm-app")).await.unwrap();

    let shown = scripted.seen().pop().unwrap().authorization;
    let shown = Macaroon::decode(shown.strip_prefix("FlyV1 ").unwrap()).unwrap();
    let apps = BTreeMap::from([(11, Caveat::ALL), (12, Caveat::ALL)]);
    assert_eq!(shown.caveats().last(), Some(&Caveat::Apps(apps)));
    assert!(shown.verify(b"fly's key"));
}

#[tokio::test(start_paused = true)]
async fn only_where_fly_never_names_numeric_ids_does_the_token_stay_as_it_is() {
    let (_, account) = account_with(vec![("GET /apps/", Ok((200, json!({}))))]);
    let (spec, known) = (spec(), StepFacts::new());
    let here = StepContext { spec: &spec, region: &spec.regions[0], facts: &known };
    let mut looks = 1;
    while account.poll_gate(&here, &StepId::new("narrow-token")).await.unwrap().is_none() {
        looks += 1;
    }
    assert_eq!(looks, NUMBERLESS_LOOKS_MAX);
}

#[tokio::test(start_paused = true)]
async fn a_machine_has_started_when_fly_says_so() {
    let cases = [
        ((200, json!({"id": "1r", "state": "started"})), Ok(true)),
        ((200, json!({"id": "1r", "state": "stopped"})), Ok(true)),
        ((200, json!({"id": "1r", "state": "created"})), Ok(false)),
        ((200, json!({"id": "1r", "state": "a new word"})), Ok(false)),
        ((404, json!({"error": "machine not found"})), Err(FailureCause::NotFound)),
        ((200, json!({"id": "1r", "state": "launch_failed"})), Err(FailureCause::NoCapacity)),
        ((401, json!({})), Err(FailureCause::TokenRefused)),
    ];
    for (answer, expected) in cases {
        let (_, passed) =
            pass(vec![("GET /apps/ada-relay", Ok(answer.clone()))], "relay-started").await;
        assert_eq!(passed.map(|facts| facts.is_some()), expected, "{answer:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn only_an_answer_from_this_deployment_proves_anything() {
    let health = |deployment: &str, role: &str| {
        Ok((200, json!({"deployment": deployment, "build": BUILD, "role": role})))
    };
    for (gate, path, role, other) in [
        ("relay-healthy", "GET https://ada-relay-0123456789.fly.dev/health", "relay", "vm"),
        ("agent-ready", "GET https://ada-relay-0123456789.fly.dev/ready", "vm", "relay"),
    ] {
        let cases = [
            (health(ID, role), true),
            (health(ID, other), false),
            (health("zzzzzzzzzz", role), false),
            (Ok((200, json!({"ok": true}))), false),
            (Ok((503, json!(null))), false),
            (Err(TransportError::NotSent), false),
        ];
        for (answer, expected) in cases {
            let (seen, passed) = pass(vec![(path, answer.clone())], gate).await;
            assert_eq!(passed.unwrap().is_some(), expected, "{gate} {answer:?}");
            assert_eq!(seen[0].signed, gate == "agent-ready");
            assert_eq!(seen[0].authorization, "", "the Fly token stays with Fly");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_clock_that_the_relay_would_not_believe_is_told_at_once() {
    let cases = [
        (None, ID, Ok(true)),
        (Some("no date"), ID, Ok(true)),
        (Some("Mon, 21 Sep 2026 14:13:20 GMT"), ID, Ok(true)),
        (Some("Mon, 21 Sep 2026 14:12:50 GMT"), ID, Ok(true)),
        (Some("Mon, 21 Sep 2026 14:12:49 GMT"), ID, Err(FailureCause::ClockSkew)),
        (Some("Mon, 21 Sep 2026 14:13:51 GMT"), ID, Err(FailureCause::ClockSkew)),
        (Some("Mon, 21 Sep 2026 14:13:51 GMT"), "zzzzzzzzzz", Ok(false)),
    ];
    for (date, deployment, expected) in cases {
        let health = json!({"deployment": deployment, "build": BUILD, "role": "relay"});
        let account = account(&ScriptedFly::dated(date, move |_| Ok((200, health.clone()))));
        let (spec, known) = (spec(), known_all());
        let here = StepContext { spec: &spec, region: &spec.regions[0], facts: &known };
        let passed = account.poll_gate(&here, &StepId::new("relay-healthy")).await;
        let passed = passed.map(|facts| facts.is_some()).map_err(|error| error.cause);
        assert_eq!(passed, expected, "{date:?} {deployment}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_vm_of_another_build_than_the_relay_is_refused() {
    let health = json!({"deployment": ID, "build": "another", "role": "vm"});
    let ready = "GET https://ada-relay-0123456789.fly.dev/ready";
    let (_, passed) = pass(vec![(ready, Ok((200, health)))], "agent-ready").await;
    assert_eq!(passed, Err(FailureCause::InvalidRequest));
}

#[tokio::test(start_paused = true)]
async fn a_stranger_must_be_turned_away_and_find_no_other_door() {
    let ips = |ips: Value| Ok((200, json!({"ips": ips})));
    let private = || ips(json!([{"ip": "fdaa::3"}]));
    let turned_away = || Ok((401, json!(null)));
    let nothing_there = || Ok((404, json!(null)));
    let cases = [
        (private(), turned_away(), nothing_there(), Ok(true)),
        (private(), turned_away(), Ok((503, json!(null))), Ok(false)),
        (private(), Err(TransportError::ConnectionLost), nothing_there(), Ok(false)),
        (private(), Ok((200, json!(null))), nothing_there(), Err(FailureCause::InvalidRequest)),
        (private(), nothing_there(), nothing_there(), Err(FailureCause::InvalidRequest)),
        (ips(json!([])), turned_away(), nothing_there(), Ok(false)),
        (Ok((200, json!({"data": {}}))), turned_away(), nothing_there(), Ok(false)),
        (private(), turned_away(), Ok((400, json!(null))), Err(FailureCause::InvalidRequest)),
        (private(), turned_away(), turned_away(), Err(FailureCause::InvalidRequest)),
        (
            ips(json!([{"ip": "2a09::1"}])),
            turned_away(),
            nothing_there(),
            Err(FailureCause::InvalidRequest),
        ),
    ];
    for (addresses, ready, model, expected) in cases {
        let answers = vec![
            ("GET /apps/ada-vm", addresses),
            ("GET https://ada-relay-0123456789.fly.dev/ready", ready),
            ("POST https://ada-relay-0123456789.fly.dev/v1/messages", model),
        ];
        let (seen, passed) = pass(answers.clone(), "stranger-refused").await;
        assert_eq!(passed.map(|facts| facts.is_some()), expected, "{answers:?}");
        assert!(seen.iter().all(|seen| !seen.signed));
    }
}

#[tokio::test(start_paused = true)]
async fn committing_is_signed_and_must_succeed() {
    let commit = "POST https://ada-relay-0123456789.fly.dev/commit";
    for (status, expected) in [(200, true), (204, true), (503, false), (401, false)] {
        let (seen, passed) = pass(vec![(commit, Ok((status, json!(null))))], "committed").await;
        assert_eq!(passed.unwrap().is_some(), expected, "{status}");
        assert!(seen[0].signed);
    }
}
