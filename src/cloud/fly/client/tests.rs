use std::path::PathBuf;

use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::cloud::Provider;
use crate::cloud::fly::tests::{ScriptedFly, a_token, fly};
use crate::cloud::{CloudError, FailureCause};
use crate::contract::Contract;
use crate::secret::{Audience, SecretKind};

proptest! {
    #[test]
    fn no_url_leaves_its_prefix(app in "\\PC{0,70}", id in "(\\.|/|%|\\?|#|\\\\|[a-z]){0,12}") {
        let endpoints = FlyEndpoints::real();
        for text in [&app, &id] {
            let Ok(PathSegment(safe)) = PathSegment::of(text) else { continue };
            let path = ["apps", safe, "machines", safe];
            let request = FlyRequest::get(FlyOperation::GetMachine, safe, &path);
            let url = request.url(&endpoints).unwrap();
            let expected = format!("https://api.machines.dev/v1/apps/{safe}/machines/{safe}");
            prop_assert_eq!(url.as_str(), expected);
        }
    }

    #[test]
    fn an_organisation_stays_in_the_query(slug in "\\PC{0,30}") {
        let query = [("org_slug", slug.as_str())];
        let request = FlyRequest::get(FlyOperation::ListApps, "", &["apps"]).query(&query);
        let url = request.url(&FlyEndpoints::real()).unwrap();
        prop_assert_eq!(url.path(), "/v1/apps");
        prop_assert_eq!(url.query_pairs().collect::<Vec<_>>(), [("org_slug".into(), slug.into())]);
        prop_assert_eq!(url.fragment(), None);
    }
}

#[test]
fn the_contract_refuses_a_field_that_fly_does_not_describe() {
    let Some(contract) = Contract::load() else { return };
    let wrong =
        contract.check_request("POST", "/v1/apps", Some(&json!({"name": "a", "surprise": 1})));
    assert!(wrong.iter().any(|wrong| wrong.contains("surprise")), "{wrong:?}");
}

#[test]
fn recorded_and_documented_replies_are_read() {
    let Some(specs) = std::env::var_os("API_SPECS") else {
        eprintln!("skipped: API_SPECS is not set, so the recorded replies are out of reach");
        return;
    };
    let file = std::fs::read(PathBuf::from(specs).join("fly-real-samples.json")).unwrap();
    let samples: Value = serde_json::from_slice(&file).unwrap();
    let mut read = 0;
    for sample in samples["samples"].as_array().unwrap() {
        if sample["status"] != 200 {
            continue;
        }
        let body = sample["body"].clone();
        let ok = match sample["operationId"].as_str().unwrap() {
            "Apps_show" => serde_json::from_value::<wire::AppBody>(body).is_ok(),
            "Apps_list" => serde_json::from_value::<wire::AppListBody>(body).is_ok(),
            "Machines_create" | "Machines_show" => {
                serde_json::from_value::<wire::MachineBody>(body).is_ok_and(|m| m.id.is_some())
            }
            "Machines_list" => {
                serde_json::from_value::<wire::NullableList<wire::MachineBody>>(body).is_ok()
            }
            "Volumes_create" => serde_json::from_value::<wire::VolumeBody>(body).is_ok(),
            "Volumes_list" => {
                serde_json::from_value::<wire::NullableList<wire::VolumeBody>>(body).is_ok()
            }
            _ => continue,
        };
        assert!(ok, "{}", sample["id"]);
        read += 1;
    }
    assert!(read >= 6, "only {read}");
}

#[test]
fn odd_but_legal_replies_are_read() {
    let machine: wire::MachineBody = serde_json::from_value(json!({
        "id": "148", "config": null, "new": {}, "state": null,
        "incomplete_config": {"metadata": {"textslash_deployment": "x", "other": null}},
    }))
    .unwrap();
    assert_eq!(machine.metadata("textslash_deployment"), Some("x"));
    assert_eq!(machine.metadata("other"), None);
    let machines: Vec<wire::MachineBody> =
        serde_json::from_value::<wire::NullableList<_>>(Value::Null).unwrap().into();
    assert!(machines.is_empty());
    let both: wire::SecretsBody =
        serde_json::from_value(json!({"version": 3, "Version": 2, "secrets": null})).unwrap();
    assert_eq!((both.version, both.version_deprecated), (Some(3), Some(2)));
    let regions: wire::RegionListBody = serde_json::from_value(json!({
        "regions": [{"code": "ams"}], "Regions": null, "nearest": "ams",
    }))
    .unwrap();
    assert_eq!((regions.all().count(), regions.nearest()), (1, Some(&"ams".to_owned())));
}

#[tokio::test]
async fn a_secret_goes_only_to_hosts_that_may_see_it() {
    let scripted = ScriptedFly::new(|_| Ok((200, json!({}))));
    let fly = fly(&scripted);
    let token = fly.check_format(&a_token()).ok().unwrap();
    let elsewhere = Audience::of(["example.com"]);
    let key = Secret::new(SecretKind::OwnerKey, "k".to_owned(), elsewhere);
    let app = PathSegment::of("app").unwrap();

    let failure = fly.client.set_secrets(&token, app, &[("K", &key)]).await.unwrap_err();
    assert_eq!(failure.error.cause, FailureCause::InvalidRequest);

    let failure = fly.client.app(&key, app).await.unwrap_err();
    assert_eq!(failure.error.cause, FailureCause::InvalidRequest);
    assert!(scripted.seen().is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_success_that_cannot_be_read_is_a_doubt_or_asked_again() {
    let fly = fly(&ScriptedFly::new(|_| Ok((200, json!("<html>")))));
    let token = fly.check_format(&a_token()).ok().unwrap();
    let app = PathSegment::of("app").unwrap();

    let read = CloudError::from(fly.client.app(&token, app).await.unwrap_err());
    assert_eq!(read.cause, FailureCause::RetryLater { after_ms: None });

    let address = wire::AssignAddress { kind: "v6", network: None };
    let change = fly.client.assign_address(&token, app, &address).await.unwrap_err();
    assert_eq!(change.error.cause, FailureCause::InDoubt);
}
