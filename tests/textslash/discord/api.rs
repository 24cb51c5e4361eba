//! The simulated REST API as programs call it: what it answers is what Discord describes, and what
//! it refuses is refused in Discord's words.

use serde_json::{Value, json};

use super::world::DiscordWorld;

const MESSAGES: &str = "/channels/{channel_id}/messages";
const MESSAGE: &str = "/channels/{channel_id}/messages/{message_id}";
const COMMANDS: &str = "/applications/{application_id}/commands";

#[tokio::test]
async fn answers_are_as_discord_describes_them() {
    let world = DiscordWorld::idle().await;
    let (mut ada, none) = (world.ada(), json!(null));
    ada.sends_files(&[("a.txt", "abc".into())], "a file");
    let chat = ada.channel();
    let messages = format!("/channels/{chat}/messages");
    let (_, me) = world.asks("GET", "/users/@me", "/users/@me", &none).await;
    world.asks("GET", "/gateway/bot", "/gateway/bot", &none).await;

    let buttons = json!([{ "type": 2, "style": 1, "label": "Yes", "custom_id": "yes" }]);
    let buttons = json!([{ "type": 1, "components": buttons }]);
    let question = json!({ "content": "Shall I?", "components": buttons });
    let (status, sent) = world.asks("POST", &messages, MESSAGES, &question).await;
    assert_eq!(status, 200, "{sent}");
    let message = format!("{messages}/{}", sent["id"].as_str().unwrap());
    world.asks("GET", &messages, MESSAGES, &none).await;
    world.asks("GET", &message, MESSAGE, &none).await;
    world.asks("PATCH", &message, MESSAGE, &json!({ "content": "after" })).await;
    assert_eq!(world.asks("DELETE", &message, MESSAGE, &none).await.0, 204);

    let commands = format!("/applications/{}/commands", me["id"].as_str().unwrap());
    let command = json!([{ "name": "start", "description": "Begin" }]);
    let (_, registered) = world.asks("PUT", &commands, COMMANDS, &command).await;
    assert_eq!(world.asks("GET", &commands, COMMANDS, &none).await.1, registered);
}

#[tokio::test]
async fn what_discord_refuses_is_refused_in_its_words() {
    let world = DiscordWorld::idle().await;
    let mut ada = world.ada();
    let messages = format!("/channels/{}/messages", ada.channel());
    ada.says("mine");
    let mine = format!("{messages}/{}", ada.screen()[0].id);
    let row = |buttons: Value| {
        let row = json!({ "type": 1, "components": buttons });
        json!({ "content": "?", "components": [row] })
    };
    let button = |id: &str| json!({ "type": 2, "style": 1, "label": "x", "custom_id": id });
    for (method, path, body, status, code) in [
        ("POST", messages.as_str(), json!({ "content": "x".repeat(2_001) }), 400, 50035),
        ("POST", &messages, json!({ "content": " " }), 400, 50006),
        ("POST", &messages, row(json!([])), 400, 50035),
        ("POST", &messages, row(json!([button("a"), button("a")])), 400, 50035),
        ("POST", &messages, row(json!([button(&"x".repeat(101))])), 400, 50035),
        ("POST", &messages, row((0..6).map(|n| button(&n.to_string())).collect()), 400, 50035),
        ("GET", &format!("{messages}?limit=101"), json!(null), 400, 50035),
        ("POST", "/channels/1/messages", json!({ "content": "x" }), 404, 10003),
        ("PATCH", &format!("{messages}/1"), json!({ "content": "x" }), 404, 10008),
        ("PATCH", &mine, json!({ "content": "x" }), 403, 50005),
        ("DELETE", &mine, json!(null), 403, 50003),
        ("POST", "/interactions/1/none/callback", json!({ "type": 6 }), 404, 10062),
    ] {
        let (answered, answer) = world.calls_api(method, path, &body).await;
        assert_eq!((answered, &answer["code"]), (status, &json!(code)), "{method} {path} {body}");
    }
    let answer = reqwest::Client::new().get(format!("{}/api/v10/users/@me", world.base));
    let answer = answer.header("authorization", "Bot nobody").send().await.unwrap();
    assert_eq!(answer.status(), 401);
}
