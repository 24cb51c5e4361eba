//! The simulated APIs, called as any program would call them.

use bytes::Bytes;
use reqwest::Method;
use serde_json::{Value, json};
use textslash::clock::Clock;

use super::description::TwilioDescription;
use super::world::{ADAS_NUMBER, NUMBER, WhatsAppWorld};

const ACCOUNT: &str = "/2010-04-01/Accounts/{Sid}.json";
const MESSAGES: &str = "/2010-04-01/Accounts/{AccountSid}/Messages.json";
const MESSAGE: &str = "/2010-04-01/Accounts/{AccountSid}/Messages/{Sid}.json";
const MEDIA: &str = "/2010-04-01/Accounts/{AccountSid}/Messages/{MessageSid}/Media.json";
const MEDIUM: &str = "/2010-04-01/Accounts/{AccountSid}/Messages/{MessageSid}/Media/{Sid}.json";

/// A call that must be answered with this status, and as it is described.
async fn calls(
    world: &WhatsAppWorld,
    (method, path): (&str, &str),
    ids: &[&str],
    parameters: Value,
    expected: u16,
) -> Value {
    let mut ids = ids.iter();
    let parts = path.split('/').map(|part| match part.find('}') {
        Some(end) if part.starts_with('{') => {
            format!("{}{}", ids.next().unwrap(), &part[end + 1..])
        }
        _ => part.to_owned(),
    });
    let url = format!("{}{}", world.base, parts.collect::<Vec<_>>().join("/"));
    let request = reqwest::Client::new()
        .request(method.parse::<Method>().unwrap(), url)
        .basic_auth(world.simulated.account_sid(), Some(world.simulated.auth_token()));
    let is_json = path.starts_with("/v1/") || path.starts_with("/v2/Channels");
    let request = match method {
        "POST" if is_json => {
            request.header("content-type", "application/json").body(parameters.to_string())
        }
        "POST" => request.form(&parameters),
        _ => request.query(&parameters),
    };
    let answer = request.send().await.unwrap();
    let status = answer.status().as_u16();
    let answer = answer.text().await.unwrap();
    let answer = serde_json::from_str(&answer).unwrap_or(Value::Null);
    assert_eq!(status, expected, "{method} {path} {parameters}: {answer}");
    if let (Some(description), true) = (TwilioDescription::load(), status < 300 && status != 204) {
        let wrong = description.check_call(method, path, &parameters);
        assert_eq!(wrong, Vec::<String>::new(), "{method} {path} {parameters}");
        let wrong = description.check_answer(method, path, status, &answer);
        assert_eq!(wrong, Vec::<String>::new(), "{method} {path} answered {answer}");
    }
    answer
}

#[tokio::test]
async fn every_call_is_answered_as_described() {
    let world = WhatsAppWorld::idle(Clock::system()).await;
    let account = world.simulated.account_sid();
    calls(&world, ("GET", ACCOUNT), &[account], json!({}), 200).await;

    let mut ada = world.ada();
    ada.sends_file("image/png", Bytes::from_static(b"png"), "FlyV1 fm2_pasted");
    let (from, to) = (format!("whatsapp:{NUMBER}"), format!("whatsapp:{ADAS_NUMBER}"));
    let hello = json!({ "From": from, "To": to, "Body": "Hello." });
    let sent = calls(&world, ("POST", MESSAGES), &[account], hello, 201).await;
    let sid = sent["sid"].as_str().unwrap();
    let shown = calls(&world, ("GET", MESSAGE), &[account, sid], json!({}), 200).await;
    assert_eq!((&shown["body"], &shown["status"]), (&json!("Hello."), &json!("delivered")));

    let query = json!({ "To": from, "PageSize": "1" });
    let listed = calls(&world, ("GET", MESSAGES), &[account], query, 200).await;
    let pasted = listed["messages"][0]["sid"].as_str().unwrap().to_owned();
    let media = calls(&world, ("GET", MEDIA), &[account, &pasted], json!({}), 200).await;
    let medium = media["media_list"][0]["sid"].as_str().unwrap();
    let shown = calls(&world, ("GET", MEDIUM), &[account, &pasted, medium], json!({}), 200).await;
    assert_eq!(shown["content_type"], "image/png");

    let redacted = json!({ "Body": "" });
    let shown = calls(&world, ("POST", MESSAGE), &[account, &pasted], redacted, 200).await;
    assert_eq!(shown["body"], "");
    assert!(!world.simulated.stored_text().contains("fm2_pasted"));
    calls(&world, ("DELETE", MESSAGE), &[account, &pasted], json!({}), 204).await;
    calls(&world, ("DELETE", MESSAGE), &[account, &pasted], json!({}), 404).await;
    calls(&world, ("GET", MESSAGE), &[account, &pasted], json!({}), 404).await;
    calls(&world, ("GET", MEDIA), &[account, &pasted], json!({}), 404).await;

    let action = json!({ "type": "QUICK_REPLY", "title": "Yes", "id": "yes" });
    let types = json!({ "twilio/quick-reply": { "body": "?", "actions": [action] } });
    let content = json!({ "friendly_name": "q", "language": "en", "types": types });
    calls(&world, ("POST", "/v1/Content"), &[], content, 201).await;
    let typing = json!({ "channel": "whatsapp", "messageId": sid });
    calls(&world, ("POST", "/v2/Indicators/Typing.json"), &[], typing, 200).await;

    let query = json!({ "Channel": "whatsapp" });
    let senders = calls(&world, ("GET", "/v2/Channels/Senders"), &[], query, 200).await;
    let sender = senders["senders"][0]["sid"].as_str().unwrap();
    let path = "/v2/Channels/Senders/{Sid}";
    let led = json!({ "webhook": { "callback_url": "https://bot.example/whatsapp" } });
    calls(&world, ("POST", path), &[sender], led, 202).await;
    calls(&world, ("GET", path), &[sender], json!({}), 200).await;
    let leads_to = world.simulated.callback_url(NUMBER);
    assert_eq!(leads_to.as_deref(), Some("https://bot.example/whatsapp"));
    world.expect_only_described_calls();
}

#[tokio::test]
async fn what_twilio_refuses_is_refused_with_its_codes() {
    let world = WhatsAppWorld::idle(Clock::system()).await;
    let account = world.simulated.account_sid();
    let (from, to) = (format!("whatsapp:{NUMBER}"), format!("whatsapp:{ADAS_NUMBER}"));
    let content = format!("HX{}", "0".repeat(32));
    for (message, code) in [
        (json!({ "From": from, "To": to }), 21619),
        (json!({ "From": from, "To": to, "Body": "x".repeat(1_601) }), 21617),
        (json!({ "From": "whatsapp:+15550009999", "To": to, "Body": "hi" }), 63007),
        (json!({ "From": from, "To": "whatsapp:ada", "Body": "hi" }), 21211),
        (json!({ "From": from, "To": to, "ContentSid": content }), 21656),
    ] {
        let refused = calls(&world, ("POST", MESSAGES), &[account], message, 400).await;
        assert_eq!(refused["code"], code);
    }
    let stranger = reqwest::get(format!("{}/2010-04-01/Accounts/{account}.json", world.base)).await;
    assert_eq!(stranger.unwrap().status(), 401);
}
