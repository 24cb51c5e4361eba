use super::*;
use crate::sandbox::edge::PrivateNetwork;

#[tokio::test(start_paused = true)]
async fn a_relay_is_deployed_reached_and_removed_to_nothing() {
    let ada = FlyWorld::new();
    ada.app("ada-relay").await;
    let secrets = json!({ "values": { "LINK_KEY": "k" } });
    let (_, answer) = ada.post("/v1/apps/ada-relay/secrets", secrets).await;
    assert_eq!(answer["version"], 1);
    for kind in ["shared_v4", "v6"] {
        let wanted = json!({ "type": kind });
        assert_eq!(ada.post("/v1/apps/ada-relay/ip_assignments", wanted).await.0, 200);
    }
    let volume = ada.volume("ada-relay").await;
    let mut wanted = machine("relay");
    wanted["min_secrets_version"] = 1.into();
    wanted["config"]["mounts"] = json!([{ "volume": volume, "path": "/data", "name": "data" }]);
    let (_, made) = ada.post("/v1/apps/ada-relay/machines", wanted).await;
    let id = made["id"].as_str().unwrap();
    let wait = format!("/v1/apps/ada-relay/machines/{id}/wait?state=started&timeout=60");
    assert_eq!(ada.get(&wait).await.0, 200);

    assert_eq!(ada.visits("https://ada-relay.fly.dev/health").await, Ok(StatusCode::OK));
    assert_eq!(ada.visits("https://ada-relay.fly.dev/ready").await, Ok(StatusCode::UNAUTHORIZED));
    assert!(ada.fly.bill().per_month_cents > 0.0);

    assert_eq!(ada.delete("/v1/apps/ada-relay?force=true").await.0, StatusCode::ACCEPTED);
    assert_eq!(ada.get("/v1/apps/ada-relay").await.0, StatusCode::NOT_FOUND);
    assert_eq!(ada.fly.inventory(), nothing());
    assert_eq!(ada.fly.runtime().running(), Vec::<String>::new());
    assert_eq!(ada.fly.violations(), Vec::<String>::new());
}

#[tokio::test(start_paused = true)]
async fn reads_lag_behind_writes_but_names_are_unique_at_once() {
    let ada = FlyWorld::with(|settings| settings.lag = ReadLag::FixedMs(5_000));
    let wanted = json!({ "name": "ada-vm", "org_slug": "personal" });

    assert_eq!(ada.post("/v1/apps", wanted.clone()).await.0, StatusCode::CREATED);

    assert_eq!(ada.get("/v1/apps/ada-vm").await.0, StatusCode::NOT_FOUND);
    let (_, again) = ada.post("/v1/apps", wanted).await;
    assert_eq!(text(&again), "Validation failed: Name has already been taken");
    tokio::time::sleep(Duration::from_secs(5)).await;
    assert_eq!(ada.get("/v1/apps/ada-vm").await.0, StatusCode::OK);
    let id = ada.machine("ada-vm", "vm").await;
    let list = "/v1/apps/ada-vm/machines";
    assert_eq!(ada.get(list).await.1, json!([]));
    let wait = format!("{list}/{id}/wait?state=started&timeout=1");
    assert_eq!(ada.get(&wait).await.0, StatusCode::NOT_FOUND);
    tokio::time::sleep(Duration::from_secs(5)).await;
    assert_eq!(ada.get(list).await.1.as_array().unwrap().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_waited_for_app_is_seen_when_the_answer_comes() {
    let ada = FlyWorld::with(|settings| settings.lag = ReadLag::FixedMs(5_000));
    ada.app("ada-vm").await;
    assert_eq!(ada.get("/v1/apps/ada-vm").await.0, StatusCode::OK);
}

#[tokio::test(start_paused = true)]
async fn a_clean_exit_stays_down_and_traffic_wakes_it() {
    let ada = FlyWorld::new();
    ada.app("ada-relay").await;
    ada.post("/v1/apps/ada-relay/ip_assignments", json!({ "type": "v6" })).await;
    let id = ada.machine("ada-relay", "relay").await;
    assert_eq!(ada.state("ada-relay", &id).await, "started");

    ada.runtime.exit(&id, 0);
    assert_eq!(ada.state("ada-relay", &id).await, "stopped");

    assert_eq!(ada.visits("https://ada-relay.fly.dev/health").await, Ok(StatusCode::OK));
    assert_eq!(ada.state("ada-relay", &id).await, "started");
}

#[tokio::test(start_paused = true)]
async fn a_failing_machine_is_restarted_as_often_as_its_config_says() {
    let ada = FlyWorld::new();
    ada.runtime.set(ModelFaults { exits: Some(("vm", 3)), ..ModelFaults::default() });
    ada.app("ada-vm").await;
    let id = ada.machine("ada-vm", "vm").await;
    tokio::time::sleep(Duration::from_secs(10)).await;

    let (_, machine) = ada.get(&format!("/v1/apps/ada-vm/machines/{id}")).await;

    assert_eq!(machine["state"], "stopped");
    let events = machine["events"].as_array().unwrap();
    let exits: Vec<&Value> = events.iter().filter(|event| event["type"] == "exit").collect();
    assert_eq!(exits.len(), 3, "the first run and two retries");
    assert_eq!(exits[0]["request"]["exit_event"]["exit_code"], 3);
}

#[tokio::test(start_paused = true)]
async fn a_stopped_machine_starts_again_and_waiting_tells() {
    let ada = FlyWorld::new();
    ada.app("ada-vm").await;
    let id = ada.machine("ada-vm", "vm").await;
    let path = format!("/v1/apps/ada-vm/machines/{id}");
    let (_, machine) = ada.get(&path).await;
    let version = machine["instance_id"].as_str().unwrap();

    assert_eq!(ada.post(&format!("{path}/stop"), json!({ "timeout": "1s" })).await.0, 200);
    let stopped = format!("{path}/wait?state=stopped&timeout=10&instance_id={version}");
    assert_eq!(ada.get(&stopped).await.0, 200);
    let (status, answer) = ada.get(&format!("{path}/wait?state=started&timeout=2")).await;
    assert_eq!(status, StatusCode::REQUEST_TIMEOUT);
    assert_eq!(text(&answer), "machine failed to reach desired state, started, currently stopped");
    assert_eq!(ada.get(&format!("{path}/wait?timeout=90")).await.0, StatusCode::BAD_REQUEST);
    let (_, answer) = ada.call(Method::POST, &format!("{path}/start"), None).await;
    assert_eq!(answer["previous_state"], "stopped");
    assert_eq!(ada.get(&format!("{path}/wait?state=started&timeout=2")).await.0, 200);
}

#[tokio::test(start_paused = true)]
async fn a_lease_keeps_others_from_writing() {
    let ada = FlyWorld::new();
    ada.app("ada-vm").await;
    let id = ada.machine("ada-vm", "vm").await;
    let path = format!("/v1/apps/ada-vm/machines/{id}");
    let lease = json!({ "ttl": 60, "description": "mine" });
    let (status, answer) = ada.post(&format!("{path}/lease"), lease).await;
    assert_eq!((status, &answer["status"]), (StatusCode::CREATED, &json!("success")));

    let (status, answer) = ada.delete(&format!("{path}?force=true")).await;
    assert_eq!(status, StatusCode::CONFLICT);
    assert!(answer["message"].as_str().unwrap().contains("lease currently held"));

    tokio::time::sleep(Duration::from_secs(60)).await;
    assert_eq!(ada.delete(&format!("{path}?force=true")).await.0, StatusCode::OK);
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert_eq!(ada.fly.inventory().machines, Vec::<String>::new());
}

#[tokio::test(start_paused = true)]
async fn metadata_is_read_merged_replaced_and_guarded_by_version() {
    let ada = FlyWorld::new();
    ada.app("ada-vm").await;
    let id = ada.machine("ada-vm", "vm").await;
    let path = format!("/v1/apps/ada-vm/machines/{id}/metadata");

    let merged = json!({ "metadata": { "a": "1" } });
    assert_eq!(ada.call(Method::PATCH, &path, Some(merged)).await.0, 204);
    assert_eq!(ada.get(&path).await.1, json!({ "textslash_role": "vm", "a": "1" }));
    assert_eq!(ada.post(&format!("{path}/b"), json!({ "value": "2" })).await.0, 204);
    assert_eq!(ada.get(&format!("{path}/b")).await.1, json!({ "value": "2" }));
    let stale = json!({ "metadata": {}, "machine_version": "01OLD" });
    assert_eq!(ada.call(Method::PUT, &path, Some(stale)).await.0, 412);
    let replaced = json!({ "metadata": { "c": "3" } });
    assert_eq!(ada.call(Method::PUT, &path, Some(replaced)).await.0, 204);
    assert_eq!(ada.get(&path).await.1, json!({ "c": "3" }));
}

#[tokio::test(start_paused = true)]
async fn a_vm_is_reached_only_from_its_own_network() {
    let ada = FlyWorld::new();
    for app in ["ada-relay", "ada-vm"] {
        ada.app(app).await;
    }
    ada.machine("ada-vm", "vm").await;
    let inside =
        |network: &str| PrivateNetwork::new(Arc::downgrade(ada.fly.proxy()), network.to_owned());
    let health = || Request::get("http://ada-vm.flycast/health").body(Bytes::new()).unwrap();
    let addresses = "/v1/apps/ada-vm/ip_assignments";

    ada.post(addresses, json!({ "type": "private_v6" })).await;
    let ours = inside("textslash-k3v9");
    assert!(ours.send(health()).await.is_err(), "an address in the default network is of no use");

    let wanted = json!({ "type": "private_v6", "network": "textslash-k3v9" });
    ada.post(addresses, wanted).await;
    assert_eq!(ours.send(health()).await.unwrap().head.status, 200);
    assert!(inside("default").send(health()).await.is_err());
    assert!(ada.visits("https://ada-vm.fly.dev/health").await.is_err());
}

#[tokio::test(start_paused = true)]
async fn calls_beyond_the_published_rate_are_refused_and_remembered() {
    let ada = FlyWorld::new();
    ada.app("ada-vm").await;
    let show = || ada.call_at_once(Method::GET, "/v1/apps/ada-vm", None);

    for _ in 0..3 {
        assert_eq!(show().await.0, StatusCode::OK);
    }
    assert_eq!(show().await.0, StatusCode::TOO_MANY_REQUESTS);

    assert_eq!(ada.fly.violations().len(), 1);
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert_eq!(show().await.0, StatusCode::OK);
}

#[tokio::test(start_paused = true)]
async fn strangers_things_are_told_from_ours() {
    let ada = FlyWorld::new();
    ada.fly.add_lookalikes();
    assert_eq!(ada.fly.inventory(), nothing());
    assert!(ada.fly.lookalikes_untouched());

    ada.delete("/v1/apps/textslash-vm-1?force=true").await;
    tokio::time::sleep(Duration::from_secs(1)).await;

    assert!(!ada.fly.lookalikes_untouched());
}

#[tokio::test(start_paused = true)]
async fn a_trials_machine_is_stopped_after_five_minutes() {
    let ada = FlyWorld::new();
    ada.fly.organisations().set_billing_profile(BillingProfile::Trial);
    ada.app("ada-vm").await;
    let id = ada.machine("ada-vm", "vm").await;
    tokio::time::sleep(Duration::from_secs(290)).await;
    assert_eq!(ada.state("ada-vm", &id).await, "started");
    tokio::time::sleep(Duration::from_secs(10)).await;
    assert_eq!(ada.state("ada-vm", &id).await, "stopped");
}
