use std::sync::Arc;

use serde_json::{Value, json};

use super::*;
use crate::cloud::Provider;
use crate::cloud::fly::macaroon::Macaroon;
use crate::cloud::fly::tests::{ScriptedFly, SeenRequest, a_token, fly};
use crate::contract::Contract;
use crate::http::TransportError;
use crate::plan::{StepFacts, StepKind, Undo};
use crate::protocol::BUILD;
use crate::secret::{Audience, SecretKind};
use crate::spec::{
    AgentKind, CloudKind, DeploymentId, DeploymentName, Images, MachineSize, Region, RelayChannel,
};

mod gates;
mod observing;

const MACHINES_API: &str = "https://api.machines.dev/v1";
const ID: &str = "0123456789";
const MODEL_KEY: &str = "sk-ant-api03-canary";

type ScriptedResponse = Result<(u16, Value), TransportError>;

fn spec() -> Spec {
    Spec {
        id: DeploymentId::try_from(ID.to_owned()).unwrap(),
        name: DeploymentName::nearest_to("ada"),
        cloud: CloudKind::Fly,
        organisation: "ada".to_owned(),
        regions: vec![region("ams"), region("iad")],
        size: MachineSize::Medium,
        vm_volume_gb: 5,
        channel: RelayChannel::Web,
        owner: RelayChannel::link_holder(),
        address: None,
        locale: String::new(),
        agent: AgentKind::Claude,
        daily_tokens: Spec::DAILY_TOKENS,
        images: Images {
            relay: format!("ghcr.io/textslash/relay@sha256:{}", "0".repeat(64)),
            vm: format!("ghcr.io/textslash/vm@sha256:{}", "0".repeat(64)),
        },
    }
}

fn region(code: &str) -> Region {
    Region::try_from(code.to_owned()).unwrap()
}

fn account(paper: &Arc<ScriptedFly>) -> FlyAccount {
    let key = |kind, value: &str| {
        Arc::new(Secret::new(kind, value.to_owned(), Audience::of(["api.machines.dev"])))
    };
    let keys = DeploymentKeys {
        model_key: Some(key(SecretKind::ModelKey, MODEL_KEY)),
        channel_key: None,
        owner_key: key(SecretKind::OwnerKey, "owner"),
        link_key: key(SecretKind::LinkKey, "link"),
    };
    let fly = fly(paper);
    let token = fly.check_format(&a_token()).ok().unwrap();
    fly.account(token, Some(keys))
}

/// An account in which the first request line that begins so is answered so, and all else is
/// missing.
fn account_with(answers: Vec<(&'static str, ScriptedResponse)>) -> (Arc<ScriptedFly>, FlyAccount) {
    let paper = ScriptedFly::new(move |line| {
        let line = line.replace(MACHINES_API, "");
        let found = answers.iter().find(|(start, _)| line.starts_with(start));
        found.map_or(Ok((404, json!({"error": "not found"}))), |(_, answer)| answer.clone())
    });
    let account = account(&paper);
    (paper, account)
}

/// What is known once every step is done.
fn known_all() -> StepFacts {
    let facts = |all: &[(&str, &str)]| {
        all.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    };
    StepFacts::from([
        (StepId::new("relay-keys"), facts(&[("version", "7")])),
        (StepId::new("vm-keys"), facts(&[("version", "8")])),
        (StepId::new("relay-volume"), facts(&[("id", "vol_r"), ("region", "ams")])),
        (StepId::new("vm-volume"), facts(&[("id", "vol_v"), ("region", "ams")])),
        (StepId::new("relay-machine"), facts(&[("id", "1r")])),
        (StepId::new("vm-machine"), facts(&[("id", "1v")])),
        (StepId::new("relay-healthy"), facts(&[("build", BUILD)])),
    ])
}

#[tokio::test(start_paused = true)]
async fn every_request_of_a_deployment_and_its_removal_is_as_fly_describes_it() {
    let Some(contract) = Contract::load() else { return };
    let paper = ScriptedFly::new(|line| {
        let body = if line.ends_with("/machines") || line.ends_with("/volumes") {
            if line.starts_with("POST") { json!({"id": "1x"}) } else { json!([]) }
        } else if line.ends_with("/tokens/current") {
            json!({"tokens": [{"org_slug": "ada"}]})
        } else {
            json!({"id": "a", "ip": "fdaa:0:1::3", "version": 1})
        };
        Ok((200, body))
    });
    let account = account(&paper);
    let (spec, known) = (spec(), known_all());
    let here = StepContext { spec: &spec, region: &spec.regions[0], facts: &known };
    let found = Facts::from([("id".to_owned(), "1x".to_owned())]);
    for step in account.plan(&spec).steps() {
        match &step.kind {
            StepKind::Gate { .. } => drop(account.poll_gate(&here, &step.id).await),
            StepKind::Handover { .. } => drop(account.create(&here, &step.id).await.unwrap()),
            StepKind::Resource { undo, .. } => {
                account.observe(&here, &step.id).await.unwrap();
                account.create(&here, &step.id).await.unwrap();
                if *undo == Undo::Delete {
                    account.delete(&here, &step.id, &found).await.unwrap();
                }
            }
        }
    }
    account.find().await.unwrap();
    let seen = paper.seen();
    assert!(seen.len() > 30);
    for SeenRequest { line, body, .. } in seen {
        let Some((method, url)) = line.split_once(' ') else { panic!("{line}") };
        let Some(path) = url.strip_prefix("https://api.machines.dev") else { continue };
        let wrong =
            contract.check_request(method, path, Some(&body).filter(|body| !body.is_null()));
        assert_eq!(wrong, Vec::<String>::new(), "{line}");
    }
}

#[tokio::test(start_paused = true)]
async fn the_machines_are_made_as_agreed() {
    let made = json!({"id": "1x", "ip": "fdaa:0:1::3"});
    let (paper, account) = account_with(vec![("POST /apps/", Ok((200, made)))]);
    let (spec, known) = (spec(), known_all());
    let here = StepContext { spec: &spec, region: &spec.regions[0], facts: &known };
    for step in ["relay-machine", "vm-machine", "relay-private"] {
        account.create(&here, &StepId::new(step)).await.unwrap();
    }
    let [relay, vm, address] = &paper.seen()[..] else { panic!("three requests") };
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
    let (paper, account) = account_with(vec![("POST /apps/", Ok((200, json!({"Version": 3}))))]);
    let (spec, known) = (spec(), StepFacts::new());
    let here = StepContext { spec: &spec, region: &spec.regions[0], facts: &known };
    for step in ["relay-keys", "vm-keys"] {
        let facts = account.create(&here, &StepId::new(step)).await.unwrap();
        assert_eq!(facts["version"], "3");
    }
    let [relay, vm] = &paper.seen()[..] else { panic!("two requests") };
    assert_eq!(relay.body["values"]["MODEL_KEY"], MODEL_KEY);
    assert_eq!(relay.body["values"]["OWNER_KEY"], "owner");
    assert_eq!(vm.body, json!({"values": {"LINK_KEY": "link"}}));
}

#[tokio::test(start_paused = true)]
async fn what_is_gone_already_is_deleted() {
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
async fn an_app_made_just_now_may_not_be_known_yet() {
    let (_, account) = account_with(vec![
        ("POST /apps?wait=true", Ok((201, json!(null)))),
        ("GET /apps/ada-relay", Ok((401, json!({"error": "unauthorized"})))),
    ]);
    let (spec, known) = (spec(), StepFacts::new());
    let here = StepContext { spec: &spec, region: &spec.regions[0], facts: &known };
    let (app, volume) = (StepId::new("relay-app"), StepId::new("relay-volume"));
    account.create(&here, &app).await.unwrap();

    let later = FailureCause::RetryLater { after_ms: None };
    assert_eq!(account.observe(&here, &app).await.unwrap_err().cause, later);
    assert_eq!(account.create(&here, &volume).await.unwrap_err().cause, later);

    tokio::time::sleep(SETTLING).await;
    assert_eq!(account.observe(&here, &app).await.unwrap_err().cause, FailureCause::TokenRefused);
    assert_eq!(account.create(&here, &volume).await.unwrap_err().cause, FailureCause::NotFound);
}

#[tokio::test(start_paused = true)]
async fn an_app_made_just_now_is_not_called_absent_before_it_was_deleted() {
    let (_, account) = account_with(vec![("POST /apps?wait=true", Ok((201, json!(null))))]);
    let (spec, known) = (spec(), StepFacts::new());
    let here = StepContext { spec: &spec, region: &spec.regions[0], facts: &known };
    let app = StepId::new("relay-app");
    account.create(&here, &app).await.unwrap();

    let error = account.observe(&here, &app).await.unwrap_err();
    assert_eq!(error.cause, FailureCause::RetryLater { after_ms: None });

    account.delete(&here, &app, &Facts::new()).await.unwrap();
    assert_eq!(account.observe(&here, &app).await, Ok(Observation::Absent));
}

#[tokio::test(start_paused = true)]
async fn an_app_that_may_have_been_made_is_not_called_absent_at_once() {
    let (_, account) =
        account_with(vec![("POST /apps?wait=true", Err(TransportError::ConnectionLost))]);
    let (spec, known) = (spec(), StepFacts::new());
    let here = StepContext { spec: &spec, region: &spec.regions[0], facts: &known };
    let app = StepId::new("relay-app");
    assert_eq!(account.create(&here, &app).await.unwrap_err().cause, FailureCause::InDoubt);

    let error = account.observe(&here, &app).await.unwrap_err();
    assert_eq!(error.cause, FailureCause::RetryLater { after_ms: None });

    tokio::time::sleep(DOUBTFUL).await;
    assert_eq!(account.observe(&here, &app).await, Ok(Observation::Absent));
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
async fn a_change_whose_answer_does_not_name_what_it_made_is_a_doubt() {
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
    let link = |step| account.link(&spec(), &StepId::new(step));
    assert_eq!(link("vm-app"), format!("https://fly.io/apps/ada-vm-{ID}"));
    assert_eq!(link("relay-machine"), format!("https://fly.io/apps/ada-relay-{ID}/machines"));
    assert_eq!(link("vm-volume"), format!("https://fly.io/apps/ada-vm-{ID}/volumes"));
}
