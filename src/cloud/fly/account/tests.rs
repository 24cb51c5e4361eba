use std::sync::Arc;

use serde_json::{Value, json};

use super::*;
use crate::cloud::fly::contract::Contract;
use crate::cloud::fly::macaroon::Macaroon;
use crate::cloud::fly::tests::{Paper, Seen, a_token, fly};
use crate::http::Unanswered;
use crate::plan::{Known, StepKind, Undo};
use crate::protocol::BUILD;
use crate::secret::{Audience, SecretKind};
use crate::spec::{AgentKind, CloudKind, DeploymentId, Images, Name, Region, RelayChannel, Size};

const MACHINES_API: &str = "https://api.machines.dev/v1";
const ID: &str = "0123456789";
const MODEL_KEY: &str = "sk-ant-api03-canary";

type Answer = Result<(u16, Value), Unanswered>;

fn spec() -> Spec {
    Spec {
        id: DeploymentId::try_from(ID.to_owned()).unwrap(),
        name: Name::near("ada"),
        cloud: CloudKind::Fly,
        organisation: "ada".to_owned(),
        regions: vec![region("ams"), region("iad")],
        size: Size::Medium,
        vm_volume_gb: 5,
        channel: RelayChannel::Web,
        agent: AgentKind::Claude,
        images: Images {
            relay: "ghcr.io/textslash/relay@sha256:0".to_owned(),
            vm: "ghcr.io/textslash/vm@sha256:0".to_owned(),
        },
    }
}

fn region(code: &str) -> Region {
    Region::try_from(code.to_owned()).unwrap()
}

fn account(paper: &Arc<Paper>) -> FlyAccount {
    let key = |kind, value: &str| {
        Arc::new(Secret::new(kind, value.to_owned(), Audience::of(["api.machines.dev"])))
    };
    let keys = Keys {
        model_key: Some(key(SecretKind::ModelKey, MODEL_KEY)),
        owner_key: key(SecretKind::OwnerKey, "owner"),
        link_key: key(SecretKind::LinkKey, "link"),
        model_proxy_token: key(SecretKind::ModelProxyToken, "proxy"),
    };
    let fly = fly(paper);
    let token = fly.judge(&a_token()).ok().unwrap();
    fly.open(token, keys)
}

/// An account in which the first request line that begins so is answered so, and all else is missing.
fn account_with(answers: Vec<(&'static str, Answer)>) -> (Arc<Paper>, FlyAccount) {
    let paper = Paper::new(move |line| {
        let line = line.replace(MACHINES_API, "");
        let found = answers.iter().find(|(start, _)| line.starts_with(start));
        found.map_or(Ok((404, json!({"error": "not found"}))), |(_, answer)| answer.clone())
    });
    let account = account(&paper);
    (paper, account)
}

/// What is known once every step is done.
fn known_all() -> Known {
    let facts = |all: &[(&str, &str)]| {
        all.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    };
    Known::from([
        (StepId::new("relay-keys"), facts(&[("version", "7")])),
        (StepId::new("vm-keys"), facts(&[("version", "8")])),
        (StepId::new("relay-volume"), facts(&[("id", "vol_r"), ("region", "ams")])),
        (StepId::new("vm-volume"), facts(&[("id", "vol_v"), ("region", "ams")])),
        (StepId::new("relay-machine"), facts(&[("id", "1r")])),
        (StepId::new("vm-machine"), facts(&[("id", "1v")])),
    ])
}

async fn observe(
    answer: Answer,
    path: &'static str,
    step: &'static str,
) -> Result<Observation, Cause> {
    let (_, account) = account_with(vec![(path, answer)]);
    let (spec, known) = (spec(), known_all());
    let here = Here { spec: &spec, region: &spec.regions[0], known: &known };
    account.observe(&here, &StepId::new(step)).await.map_err(|error| error.cause)
}

async fn pass(
    answers: Vec<(&'static str, Answer)>,
    gate: &'static str,
) -> (Vec<Seen>, Result<Option<Facts>, Cause>) {
    let (paper, account) = account_with(answers);
    let (spec, known) = (spec(), known_all());
    let here = Here { spec: &spec, region: &spec.regions[0], known: &known };
    let passed = account.pass(&here, &StepId::new(gate)).await.map_err(|error| error.cause);
    (paper.seen(), passed)
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
async fn every_request_of_a_deployment_and_its_removal_is_as_fly_describes_it() {
    let Some(contract) = Contract::load() else { return };
    let paper = Paper::new(|line| {
        let body = if line.ends_with("/machines") || line.ends_with("/volumes") {
            if line.starts_with("POST") { json!({"id": "1x"}) } else { json!([]) }
        } else {
            json!({})
        };
        Ok((200, body))
    });
    let account = account(&paper);
    let (spec, known) = (spec(), known_all());
    let here = Here { spec: &spec, region: &spec.regions[0], known: &known };
    let found = Facts::from([("id".to_owned(), "1x".to_owned())]);
    for step in account.plan(&spec).steps() {
        match &step.kind {
            StepKind::Gate { .. } => drop(account.pass(&here, &step.id).await),
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
    for Seen { line, body, .. } in seen {
        let Some((method, url)) = line.split_once(' ') else { panic!("{line}") };
        let Some(path) = url.strip_prefix(MACHINES_API) else { continue };
        let (path, query) = path.split_once('?').unwrap_or((path, ""));
        contract.check(method, path, query, &body);
    }
}

#[tokio::test(start_paused = true)]
async fn the_machines_are_made_as_agreed() {
    let (paper, account) = account_with(vec![("POST /apps/", Ok((200, json!({"id": "1x"}))))]);
    let (spec, known) = (spec(), known_all());
    let here = Here { spec: &spec, region: &spec.regions[0], known: &known };
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
    assert_eq!(config["mounts"], json!([{"volume": "vol_r", "path": "/data"}]));
    let service = &config["services"][0];
    assert_eq!((&service["autostart"], &service["autostop"]), (&json!(true), &json!("off")));
    let config = &vm.body["config"];
    assert_eq!(config["env"]["TEXTSLASH_RELAY_URL"], format!("http://ada-relay-{ID}.flycast"));
    assert_eq!(config["guest"]["memory_mb"], 2048);
    let network = format!("textslash-{ID}");
    assert_eq!(address.body, json!({"type": "private_v6", "network": network}));
}

#[tokio::test(start_paused = true)]
async fn only_the_relay_is_given_the_model_key_and_the_owner_key() {
    let (paper, account) = account_with(vec![("POST /apps/", Ok((200, json!({"Version": 3}))))]);
    let (spec, known) = (spec(), Known::new());
    let here = Here { spec: &spec, region: &spec.regions[0], known: &known };
    for step in ["relay-keys", "vm-keys"] {
        let facts = account.create(&here, &StepId::new(step)).await.unwrap();
        assert_eq!(facts["version"], "3");
    }
    let [relay, vm] = &paper.seen()[..] else { panic!("two requests") };
    assert_eq!(relay.body["values"]["MODEL_KEY"], MODEL_KEY);
    assert_eq!(relay.body["values"]["OWNER_KEY"], "owner");
    assert_eq!(vm.body, json!({"values": {"LINK_KEY": "link", "MODEL_PROXY_TOKEN": "proxy"}}));
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
        (app("default", "ada"), Err(Cause::Taken)),
        (app(&ours, "eve"), Err(Cause::Taken)),
        (Ok((200, json!({"id": "a", "status": "destroying"}))), Ok("leaving")),
        (Ok((403, json!({"error": "unauthorized"}))), Err(Cause::Taken)),
        (Ok((404, json!({"error": "Could not find App"}))), Ok("absent")),
        (Ok((401, json!({"error": "invalid token"}))), Err(Cause::TokenRefused)),
        (Err(Unanswered::Lost), Err(Cause::Later { after_ms: None })),
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
    let unreachable = json!({"id": "1", "name": "relay", "state": "started", "config": null});
    let cases = [
        (machine("started", "ams", ID, "7"), "present"),
        (machine("stopped", "ams", ID, "7"), "present"),
        (machine("started", "ams", ID, "6"), "outdated"),
        (machine("started", "iad", ID, "7"), "outdated"),
        (machine("destroying", "ams", ID, "7"), "leaving"),
        (machine("destroyed", "ams", ID, "7"), "absent"),
        (machine("started", "ams", "zzzzzzzzzz", "7"), "absent"),
        (unreachable, "present"),
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

#[tokio::test(start_paused = true)]
async fn what_is_gone_already_is_deleted() {
    let (_, account) = account_with(Vec::new());
    let (spec, known) = (spec(), Known::new());
    let here = Here { spec: &spec, region: &spec.regions[0], known: &known };
    let found = Facts::from([("id".to_owned(), "1x".to_owned())]);
    for step in ["vm-machine", "vm-volume", "vm-app"] {
        assert_eq!(account.delete(&here, &StepId::new(step), &found).await, Ok(()));
    }
    let nowhere = Facts::from([("id".to_owned(), "../relay".to_owned())]);
    let error = account.delete(&here, &StepId::new("vm-machine"), &nowhere).await.unwrap_err();
    assert_eq!(error.cause, Cause::OurFault);
}

#[tokio::test(start_paused = true)]
async fn an_app_made_just_now_may_not_be_known_yet() {
    let (_, account) = account_with(vec![
        ("POST /apps?wait=true", Ok((201, json!(null)))),
        ("GET /apps/ada-relay", Ok((401, json!({"error": "unauthorized"})))),
    ]);
    let (spec, known) = (spec(), Known::new());
    let here = Here { spec: &spec, region: &spec.regions[0], known: &known };
    let (app, volume) = (StepId::new("relay-app"), StepId::new("relay-volume"));
    account.create(&here, &app).await.unwrap();

    let later = Cause::Later { after_ms: None };
    assert_eq!(account.observe(&here, &app).await.unwrap_err().cause, later);
    assert_eq!(account.create(&here, &volume).await.unwrap_err().cause, later);

    tokio::time::sleep(SETTLING).await;
    assert_eq!(account.observe(&here, &app).await.unwrap_err().cause, Cause::TokenRefused);
    assert_eq!(account.create(&here, &volume).await.unwrap_err().cause, Cause::Missing);
}

#[tokio::test(start_paused = true)]
async fn an_app_made_just_now_is_not_called_absent_before_it_was_deleted() {
    let (_, account) = account_with(vec![("POST /apps?wait=true", Ok((201, json!(null))))]);
    let (spec, known) = (spec(), Known::new());
    let here = Here { spec: &spec, region: &spec.regions[0], known: &known };
    let app = StepId::new("relay-app");
    account.create(&here, &app).await.unwrap();

    let error = account.observe(&here, &app).await.unwrap_err();
    assert_eq!(error.cause, Cause::Later { after_ms: None });

    account.delete(&here, &app, &Facts::new()).await.unwrap();
    assert_eq!(account.observe(&here, &app).await, Ok(Observation::Absent));
}

#[tokio::test(start_paused = true)]
async fn an_app_that_may_have_been_made_is_not_called_absent_at_once() {
    let (_, account) = account_with(vec![("POST /apps?wait=true", Err(Unanswered::Lost))]);
    let (spec, known) = (spec(), Known::new());
    let here = Here { spec: &spec, region: &spec.regions[0], known: &known };
    let app = StepId::new("relay-app");
    assert_eq!(account.create(&here, &app).await.unwrap_err().cause, Cause::InDoubt);

    let error = account.observe(&here, &app).await.unwrap_err();
    assert_eq!(error.cause, Cause::Later { after_ms: None });

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
    let here = Here { spec: &spec, region: &spec.regions[0], known: &known };
    for step in ["relay-machine", "vm-machine"] {
        let error = account.create(&here, &StepId::new(step)).await.unwrap_err();
        assert_eq!(error.cause, Cause::InDoubt, "{step}");
    }
}

#[tokio::test(start_paused = true)]
async fn the_token_is_cut_to_the_two_apps_once_they_exist() {
    let (paper, account) = account_with(vec![
        ("GET /apps/ada-relay", Ok((200, json!({"internal_numeric_id": 11})))),
        ("GET /apps/ada-vm", Ok((200, json!({"internal_numeric_id": 12})))),
    ]);
    let (spec, known) = (spec(), Known::new());
    let here = Here { spec: &spec, region: &spec.regions[0], known: &known };
    assert!(account.pass(&here, &StepId::new("narrow-token")).await.unwrap().is_some());
    account.observe(&here, &StepId::new("vm-app")).await.unwrap();

    let shown = paper.seen().pop().unwrap().authorization;
    let shown = Macaroon::decode(shown.strip_prefix("FlyV1 ").unwrap()).unwrap();
    let apps = BTreeMap::from([(11, Caveat::ALL), (12, Caveat::ALL)]);
    assert_eq!(shown.caveats().last(), Some(&Caveat::Apps(apps)));
    assert!(shown.verify(b"fly's key"));
}

#[tokio::test(start_paused = true)]
async fn without_numeric_ids_the_token_stays_as_it_is() {
    let (_, passed) = pass(vec![("GET /apps/", Ok((200, json!({}))))], "narrow-token").await;
    assert_eq!(passed, Ok(Some(Facts::new())));
}

#[tokio::test(start_paused = true)]
async fn a_machine_has_started_when_fly_says_so() {
    let cases = [
        ((200, json!({"id": "1r", "state": "started"})), Ok(true)),
        ((200, json!({"id": "1r", "state": "stopped"})), Ok(true)),
        ((200, json!({"id": "1r", "state": "created"})), Ok(false)),
        ((200, json!({"id": "1r", "state": "a new word"})), Ok(false)),
        ((404, json!({"error": "machine not found"})), Ok(false)),
        ((200, json!({"id": "1r", "state": "launch_failed"})), Err(Cause::NoRoom)),
        ((401, json!({})), Err(Cause::TokenRefused)),
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
            (Err(Unanswered::NotSent), false),
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
async fn a_stranger_must_be_turned_away_and_find_no_other_door() {
    let ips = |ips: Value| Ok((200, json!({"ips": ips})));
    let private = || ips(json!([{"ip": "fdaa::3"}]));
    let turned_away = || Ok((401, json!(null)));
    let cases = [
        (private(), turned_away(), turned_away(), Ok(true)),
        (private(), turned_away(), Ok((503, json!(null))), Ok(false)),
        (private(), Err(Unanswered::Lost), turned_away(), Ok(false)),
        (private(), Ok((200, json!(null))), turned_away(), Err(Cause::OurFault)),
        (private(), turned_away(), Ok((400, json!(null))), Err(Cause::OurFault)),
        (ips(json!([{"ip": "2a09::1"}])), turned_away(), turned_away(), Err(Cause::OurFault)),
    ];
    for (addresses, ready, model, expected) in cases {
        let answers = vec![
            ("GET /apps/ada-vm", addresses),
            ("GET https://ada-relay-0123456789.fly.dev/ready", ready),
            ("POST https://ada-relay-0123456789.fly.dev/model/v1/messages", model),
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

#[tokio::test(start_paused = true)]
async fn only_what_carries_our_id_twice_is_found() {
    let ours = format!("textslash-{ID}");
    let apps = json!({"apps": [
        {"name": format!("ada-relay-{ID}"), "network": ours},
        {"name": format!("ada-vm-{ID}"), "network": ours},
        {"name": "solo-vm-zzzzzzzzzz", "network": "textslash-zzzzzzzzzz"},
        {"name": format!("eve-relay-{ID}"), "network": "default"},
        {"name": format!("eve-vm-{ID}"), "network": null},
        {"name": "eve-relay-yyyyyyyyyy", "network": ours},
        {"name": format!("eve-web-{ID}"), "network": ours},
        {"name": format!("relay-{ID}"), "network": ours},
        {"name": "blog", "network": "textslash-blog"},
    ]});
    let (_, account) = account_with(vec![
        ("GET /tokens/current", Ok((200, json!({"tokens": [{"org_slug": "ada"}]})))),
        ("GET /apps?org_slug=ada", Ok((200, apps))),
        ("GET /apps/ada-vm-0123456789/volumes", Ok((200, json!([{"region": "iad"}])))),
    ]);

    let found = account.find().await.unwrap();

    let summary: Vec<_> = found
        .iter()
        .map(|found| (found.spec.app(Role::Vm), found.roles.clone(), found.spec.regions.clone()))
        .collect();
    assert_eq!(
        summary,
        [
            (format!("ada-vm-{ID}"), vec![Role::Relay, Role::Vm], vec![region("iad")]),
            ("solo-vm-zzzzzzzzzz".to_owned(), vec![Role::Vm], vec![region("iad")]),
        ]
    );
}

#[tokio::test]
async fn a_person_is_shown_where_to_look() {
    let (_, account) = account_with(Vec::new());
    let link = |step| account.link(&spec(), &StepId::new(step));
    assert_eq!(link("vm-app"), format!("https://fly.io/apps/ada-vm-{ID}"));
    assert_eq!(link("relay-machine"), format!("https://fly.io/apps/ada-relay-{ID}/machines"));
    assert_eq!(link("vm-volume"), format!("https://fly.io/apps/ada-vm-{ID}/volumes"));
}
