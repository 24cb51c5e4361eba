//! An owner edits a message that their relay has taken already.

use std::sync::Arc;

use adapters::chat::UserId;
use axum::body::Body;
use axum::http::Request;
use serde_json::{Value, json};
use textslash::clock::Clock;
use textslash::http::NetworkTransport;
use textslash::random::Random;
use textslash::relay::Relay;
use textslash::relay::relay_store::RelayStore;
use tower::ServiceExt;

use super::world::{ADA, SECRET, TelegramWorld, UpdateMode};
use crate::relay::{served_vm, settings};

/// An update about message 1 of Ada's.
fn update(id: u64, kind: &str, text: &str) -> Value {
    let mut message = json!({
        "message_id": 1_000, "date": 1_790_000_000, "text": text,
        "from": { "id": ADA, "is_bot": false, "first_name": "Ada" },
        "chat": { "id": ADA, "type": "private", "first_name": "Ada" },
    });
    if kind == "edited_message" {
        message["edit_date"] = json!(1_790_000_100);
    }
    json!({ "update_id": id, kind: message })
}

async fn delivers(world: &TelegramWorld, update: &Value) {
    let request = Request::post("/telegram")
        .header("x-telegram-bot-api-secret-token", SECRET)
        .body(Body::from(update.to_string()))
        .unwrap();
    let answer = world.channel().router().oneshot(request).await.unwrap();
    assert_eq!(answer.status(), 200, "{update}");
}

#[tokio::test]
async fn an_edited_message_is_not_executed_again() {
    let world = TelegramWorld::new(UpdateMode::Webhook).await;
    let mut ada = world.ada();
    let (vm_dir, relay_dir) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let mut settings = settings(relay_dir.path(), &served_vm(vm_dir.path()).await);
    settings.owner = UserId(ADA.to_string());
    std::fs::write(relay_dir.path().join("committed"), "").unwrap();
    let ledger = RelayStore::open(relay_dir.path()).await.unwrap();
    let transport = Arc::new(NetworkTransport::new().unwrap());
    let (clock, chance) = (Clock::system(), Random::seeded(1));
    let channel = world.channel();
    let relay = Relay::start(settings, ledger, channel, None, transport, clock, chance).unwrap();
    let running = tokio::spawn(async move { relay.run(std::future::pending()).await });

    delivers(&world, &update(9_001, "message", "echo ran >> count; echo begun")).await;
    ada.reads("begun").await;
    for (id, text) in [(9_002, "echo ran >> count"), (9_003, "echo ran again >> count")] {
        for _ in 0..2 {
            delivers(&world, &update(id, "edited_message", text)).await;
        }
    }
    delivers(&world, &update(9_001, "message", "echo ran >> count; echo begun")).await;
    ada.says("cat count; echo that is all");

    assert_eq!(ada.reads("that is all").await, "ran\nthat is all");
    running.abort();
}
