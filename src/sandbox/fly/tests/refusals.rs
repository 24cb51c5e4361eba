use super::*;

#[tokio::test(start_paused = true)]
async fn names_of_apps_are_checked_and_belong_to_one_organisation() {
    let ada = FlyWorld::new();
    let bob = ada.with_token(&ada.fly.mint_token(TokenKind::OtherOrganisation));
    let wanted = json!({ "name": "taken", "org_slug": "acme" });
    assert_eq!(bob.post("/v1/apps", wanted).await.0, StatusCode::CREATED);

    assert_eq!(ada.get("/v1/apps/free").await.0, StatusCode::NOT_FOUND);
    assert_eq!(ada.get("/v1/apps/taken").await.0, StatusCode::FORBIDDEN);
    let cases = [
        ("taken", "Validation failed: Name has already been taken"),
        (
            "Ada_Relay",
            "Validation failed: Name under 63 chars using numbers, lowercase letters and dashes",
        ),
    ];
    for (name, refusal) in cases {
        let (status, answer) =
            ada.post("/v1/apps", json!({ "name": name, "org_slug": "personal" })).await;
        assert_eq!((status.as_u16(), text(&answer)), (422, refusal));
    }
    assert_eq!(ada.fly.inventory(), nothing());
}

#[tokio::test(start_paused = true)]
async fn a_second_machine_of_a_name_is_refused_with_the_id_of_the_first() {
    let ada = FlyWorld::new();
    ada.app("ada-vm").await;
    let id = ada.machine("ada-vm", "vm").await;

    let (status, answer) = ada.post("/v1/apps/ada-vm/machines", machine("vm")).await;

    assert_eq!(status, StatusCode::CONFLICT);
    let expected = format!(
        "already_exists: unique machine name violation, machine ID {id} already exists with name \
         \"vm\""
    );
    assert_eq!(text(&answer), expected);
}

#[tokio::test(start_paused = true)]
async fn a_machine_that_cannot_be_is_refused_and_leaves_no_trace() {
    type Change = fn(&mut Value);
    let cases: [(Change, &str); 7] = [
        (|m| m["region"] = "xyz".into(), "region xyz not found"),
        (|m| m["config"]["image"] = "ghcr.io/textslash/vm:latest".into(), "manifest"),
        (|m| m["config"]["image"] = IMAGE.replace('1', "A").into(), "manifest"),
        (|m| m["min_secrets_version"] = 1.into(), "secrets version not yet available"),
        (
            |m| m["config"]["mounts"] = json!([{ "volume": "vol_x", "path": "/d" }]),
            "volume not found",
        ),
        (|m| m["config"] = json!({}), "config.image is required"),
        (|m| drop(m.as_object_mut().unwrap().remove("config")), "config is required"),
    ];
    for (change, refusal) in cases {
        let ada = FlyWorld::new();
        ada.app("ada-vm").await;
        let mut wanted = machine("vm");
        change(&mut wanted);

        let (status, answer) = ada.post("/v1/apps/ada-vm/machines", wanted).await;

        assert!(status.is_client_error());
        assert!(text(&answer).contains(refusal), "{answer} should say {refusal}");
        assert_eq!(ada.fly.inventory().machines, Vec::<String>::new());
    }
}

#[tokio::test(start_paused = true)]
async fn a_volume_has_one_machine_in_its_own_region_and_lingers_when_deleted() {
    let ada = FlyWorld::new();
    ada.app("ada-vm").await;
    let volume = ada.volume("ada-vm").await;
    let mut wanted = machine("vm");
    wanted["config"]["mounts"] = json!([{ "volume": volume, "path": "/data" }]);
    let elsewhere = {
        let mut elsewhere = wanted.clone();
        elsewhere["region"] = "iad".into();
        elsewhere
    };
    let (_, answer) = ada.post("/v1/apps/ada-vm/machines", elsewhere).await;
    assert!(text(&answer).ends_with("is in the wrong region (\"lhr\" != \"iad\")"), "{answer}");
    let (_, made) = ada.post("/v1/apps/ada-vm/machines", wanted.clone()).await;
    wanted["name"] = "another".into();
    assert_eq!(ada.post("/v1/apps/ada-vm/machines", wanted).await.0, 412);
    let path = format!("/v1/apps/ada-vm/volumes/{volume}");
    assert_eq!(ada.delete(&path).await.0, 412);

    let id = made["id"].as_str().unwrap();
    ada.delete(&format!("/v1/apps/ada-vm/machines/{id}?force=true")).await;
    assert_eq!(ada.delete(&path).await.1["state"], "pending_destroy");

    assert_eq!(ada.fly.inventory().volumes, Vec::<String>::new());
    assert_eq!(ada.get(&path).await.0, StatusCode::OK);
    tokio::time::sleep(Duration::from_secs(24 * 3600)).await;
    assert_eq!(ada.get(&path).await.0, StatusCode::NOT_FOUND);
}

#[tokio::test(start_paused = true)]
async fn each_face_of_an_account_refuses_in_its_own_words() {
    let cases = [
        (BillingProfile::NoCard, "We need your payment information"),
        (BillingProfile::TrialEnded, "Trial has ended"),
        (BillingProfile::HighRisk, "marked as high risk"),
        (BillingProfile::Suspended, "organization is suspended"),
    ];
    for (face, words) in cases {
        let ada = FlyWorld::new();
        ada.app("ada-vm").await;
        ada.fly.organisations().set_billing_profile(face);
        let (status, answer) = ada.post("/v1/apps/ada-vm/machines", machine("vm")).await;
        assert!(status.is_client_error());
        assert!(text(&answer).contains(words), "{answer} should say {words}");
        assert_eq!(ada.fly.inventory().machines, Vec::<String>::new());
    }
}

#[tokio::test(start_paused = true)]
async fn full_regions_refuse_and_others_do_not() {
    let ada = FlyWorld::new();
    ada.app("ada-vm").await;
    let path = "/v1/apps/ada-vm/machines";
    ada.fly.organisations().set_over_quota_in(&["lhr"]);
    let (status, answer) = ada.post(path, machine("vm")).await;
    assert_eq!(status, StatusCode::FORBIDDEN);
    assert!(text(&answer).contains("in lhr which is over the allowed quota"));
    ada.fly.organisations().set_over_quota_in(&[]);
    ada.fly.organisations().set_no_machines_in(&["lhr"]);
    let (status, _) = ada.post(path, machine("vm")).await;
    assert!([409, 503].contains(&status.as_u16()));
    ada.fly.organisations().set_no_volumes_in(&["lhr"]);
    let wanted = json!({ "name": "data", "region": "lhr", "size_gb": 1 });
    let (_, answer) = ada.post("/v1/apps/ada-vm/volumes", wanted).await;
    assert_eq!(text(&answer), "no capacity");

    let mut elsewhere = machine("vm");
    elsewhere["region"] = "ams".into();
    assert_eq!(ada.post(path, elsewhere).await.0, StatusCode::OK);
}

#[tokio::test(start_paused = true)]
async fn a_second_shared_address_is_refused_and_a_second_v6_is_not() {
    let ada = FlyWorld::new();
    ada.app("ada-relay").await;
    let path = "/v1/apps/ada-relay/ip_assignments";
    let mut statuses = Vec::new();
    for kind in ["shared_v4", "shared_v4", "v6", "v6"] {
        statuses.push(ada.post(path, json!({ "type": kind })).await.0.as_u16());
    }
    assert!([409, 422].contains(&statuses.remove(1)));
    assert_eq!(statuses, [200, 200, 200]);
    assert_eq!(ada.fly.inventory().addresses.len(), 3);
    let (_, list) = ada.get(path).await;
    let ip = list["ips"][1]["ip"].as_str().unwrap();
    assert_eq!(ada.delete(&format!("{path}/{ip}")).await.0, 204);
    assert_eq!(ada.fly.inventory().addresses.len(), 2);
}

#[tokio::test(start_paused = true)]
async fn calls_outside_the_description_are_violations() {
    let ada = FlyWorld { contract: None, ..FlyWorld::new() };
    assert_eq!(ada.get("/v1/app").await.0, StatusCode::NOT_FOUND);
    let wanted = json!({ "name": "ada", "org_slug": "personal", "colour": "red" });
    assert_eq!(ada.post("/v1/apps", wanted).await.0, StatusCode::CREATED);
    assert_eq!(
        ada.fly.violations(),
        ["no such route: GET /v1/app", "POST /v1/apps has no field \"colour\""]
    );
}
