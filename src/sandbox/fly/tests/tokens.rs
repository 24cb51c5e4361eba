use std::collections::BTreeMap;

use super::*;
use crate::cloud::fly::macaroon::{Caveat, Macaroon};

/// Adds a caveat to the first token of a pasted text, as its holder may.
fn narrowed(pasted: &str, caveat: Caveat) -> String {
    let (permission, discharge) = pasted.strip_prefix("FlyV1 ").unwrap().split_once(',').unwrap();
    let mut permission = Macaroon::decode(permission).unwrap();
    permission.attenuate(caveat);
    format!("FlyV1 {},{discharge}", permission.encode().as_str())
}

async fn list(world: &FlyWorld) -> u16 {
    world.get("/v1/apps?org_slug=personal").await.0.as_u16()
}

#[tokio::test(start_paused = true)]
async fn every_kind_of_token_gets_the_answer_that_fly_gives() {
    let ada = FlyWorld::new();
    for kind in TokenKind::ALL {
        let person = ada.with_token(&ada.fly.mint_token(kind));
        let expected = match kind {
            TokenKind::WholeOrganisation | TokenKind::ReadOnly | TokenKind::OAuth => 200,
            TokenKind::OtherOrganisation | TokenKind::OneAppOnly => 403,
            TokenKind::Expired
            | TokenKind::WithoutDischarge
            | TokenKind::CutOff
            | TokenKind::Forged => 401,
        };
        assert_eq!(list(&person).await, expected, "{kind:?}");
    }
    assert_eq!(list(&ada.with_token("")).await, 401);
    assert_eq!(list(&ada.with_token(&format!("Bearer {}", ada.token))).await, 200);
}

#[tokio::test(start_paused = true)]
async fn a_read_only_token_makes_nothing() {
    let ada = FlyWorld::new();
    let reader = ada.with_token(&ada.fly.mint_token(TokenKind::ReadOnly));
    let wanted = json!({ "name": "ada-vm", "org_slug": "personal" });
    assert_eq!(reader.post("/v1/apps", wanted).await.0, StatusCode::FORBIDDEN);
    assert_eq!(ada.fly.inventory(), nothing());
}

#[tokio::test(start_paused = true)]
async fn a_window_closes_by_the_clock() {
    let ada = FlyWorld::new();
    let now_s = i64::try_from(START_MS / 1000).unwrap();
    let window = Caveat::ValidityWindow { not_before: now_s, not_after: now_s + 60 };
    let brief = ada.with_token(&narrowed(&ada.token, window));
    assert_eq!(list(&brief).await, 200);
    tokio::time::sleep(Duration::from_secs(61)).await;
    assert_eq!(list(&brief).await, 401);
    assert_eq!(list(&ada).await, 200);
}

#[tokio::test(start_paused = true)]
async fn a_token_narrowed_to_an_app_opens_that_app_alone() {
    let ada = FlyWorld::new();
    for app in ["ada-relay", "ada-vm"] {
        ada.app(app).await;
    }
    let (_, app) = ada.get("/v1/apps/ada-relay").await;
    let number = app["internal_numeric_id"].as_u64().unwrap();
    let only = Caveat::Apps(BTreeMap::from([(number, Caveat::ALL)]));
    let relay_only = ada.with_token(&narrowed(&ada.token, only));

    let (_, shown) = relay_only.get("/v1/tokens/current").await;
    assert_eq!(shown["tokens"][0]["apps"], json!(["ada-relay"]));
    assert_eq!(relay_only.get("/v1/apps/ada-relay").await.0, 200);
    assert_eq!(relay_only.get("/v1/apps/ada-vm").await.0, 403);
    assert_eq!(relay_only.delete("/v1/apps/ada-vm?force=true").await.0, 403);
    assert_eq!(list(&relay_only).await, 403);
    assert_eq!(relay_only.delete("/v1/apps/ada-relay?force=true").await.0, 202);
}

#[tokio::test(start_paused = true)]
async fn an_unknown_caveat_closes_the_token() {
    let ada = FlyWorld::new();
    let unknown = Caveat::Other { kind: 4_000_000_000, body: vec![0x90] };
    assert_eq!(list(&ada.with_token(&narrowed(&ada.token, unknown))).await, 403);
}

#[tokio::test(start_paused = true)]
async fn a_revoked_token_opens_nothing() {
    let ada = FlyWorld::new();
    ada.fly.revoke_all_tokens();
    assert_eq!(list(&ada).await, 401);
    assert_eq!(list(&ada.with_token(&ada.fly.mint_org_token())).await, 200);
}

#[tokio::test(start_paused = true)]
async fn organisations_are_listed_with_their_standing_in_both_ways() {
    let ada = FlyWorld::new();
    ada.fly.organisations().set_billing_profile(BillingProfile::NoCard);

    let (_, rest) = ada.get("/api/v1/organizations?admin=false").await;
    let query = json!({ "query": "query { organizations { nodes { slug } } }" });
    let (_, graphql) = ada.post("/graphql", query).await;

    let [one] = rest["organizations"].as_array().unwrap().as_slice() else {
        panic!("one organisation, not {rest}")
    };
    assert_eq!(
        (&one["slug"], &one["billing_status"]),
        (&json!("personal"), &json!("SOURCE_REQUIRED"))
    );
    let node = &graphql["data"]["organizations"]["nodes"][0];
    assert_eq!(node["billingStatus"], "SOURCE_REQUIRED");
    assert_eq!(node["isCreditCardSaved"], false);
    let (_, regions) = ada.get("/v1/platform/regions").await;
    assert_eq!(regions["Regions"].as_array().unwrap().len(), 18);
}
