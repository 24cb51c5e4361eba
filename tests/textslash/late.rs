//! A chat service that does not answer when a bot or a relay starts.

use std::net::{Ipv4Addr, TcpListener as Reserved};

use serde_json::json;
use textslash::clock::Clock;
use textslash::http::NetworkTransport;
use textslash::random::Random;
use textslash::sandbox::telegram::SimulatedTelegram;
use tokio::net::TcpListener;

use crate::program::Program;
use crate::services::world::{self, ServicesWorld};

const LINK_KEY: &str = "b9d0c54f6f0e7d2c83a15e49f0a6d8817e3c52b4a90f6d1e";

/// A port on which nobody listens yet.
fn silent_port() -> u16 {
    Reserved::bind((Ipv4Addr::LOCALHOST, 0)).unwrap().local_addr().unwrap().port()
}

async fn health(port: u16) -> Option<u16> {
    let answer = reqwest::get(format!("http://127.0.0.1:{port}/health")).await.ok()?;
    Some(answer.status().as_u16())
}

#[tokio::test]
async fn a_bot_serves_its_other_channels_while_one_does_not_answer_and_that_one_later() {
    let mut world = ServicesWorld::polling().await;
    let port = silent_port();
    world.bot_starts_without_telegram(&format!("http://127.0.0.1:{port}")).await;
    let mut at_desk = world.ada_on_discord();
    at_desk.runs("/start");
    at_desk.reads("I need a token").await;
    assert_eq!(health(world.port()).await, Some(200));
    assert!(world.log().contains("a chat service does not answer"), "{}", world.log());
    assert!(!world.log().contains("https://t.me/"), "{}", world.log());

    let mut ada = world.ada();
    ada.says("hi");
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await.unwrap();
    let telegram = world.sandbox.telegram().router();
    tokio::spawn(async move { axum::serve(listener, telegram).await.unwrap() });
    ada.reads("I need a token").await;
}

#[tokio::test]
async fn a_relay_listens_while_its_service_does_not_answer_and_refuses_a_wrong_token() {
    let (dir, data) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let (port, api) = (silent_port(), silent_port());
    let telegram = SimulatedTelegram::new(
        Clock::system(),
        Random::seeded(3),
        std::sync::Arc::new(NetworkTransport::new().unwrap()),
    );
    let token = telegram.mint_bot("ada_bot");
    let start = |token: &str| {
        let url = |port: u16| format!("http://127.0.0.1:{port}");
        let settings = [
            ("TEXTSLASH_CHANNEL", "telegram".to_owned()),
            ("TEXTSLASH_OWNER", world::ADA.to_string()),
            ("TEXTSLASH_DEPLOYMENT", "abcdefghjk".to_owned()),
            ("TEXTSLASH_AGENT", "shell".to_owned()),
            ("DATA_DIR", data.path().to_str().unwrap().to_owned()),
            ("TEXTSLASH_VM_URL", url(9)),
            ("TEXTSLASH_MODEL_URL", url(9)),
            ("TEXTSLASH_PUBLIC_URL", url(port)),
            ("TELEGRAM_API_URL", url(api)),
            ("TEXTSLASH_ALLOW_SANDBOX", "1".to_owned()),
            ("TEXTSLASH_LOG", "info".to_owned()),
            ("LINK_KEY", LINK_KEY.to_owned()),
            ("CHANNEL_KEY", token.to_owned()),
            ("LISTEN_HOST", "127.0.0.1".to_owned()),
            ("PORT", port.to_string()),
        ];
        let settings = settings.map(|(name, value)| (name.to_owned(), value));
        Program::start(dir.path(), &["relay"], &settings)
    };
    let relay = start(&token);
    relay.err.until("a chat service does not answer").await;
    relay.err.until("the relay listens").await;
    assert_eq!(health(port).await, Some(200));
    let update = json!({ "update_id": 1 }).to_string();
    let early = reqwest::Client::new().post(format!("http://127.0.0.1:{port}/telegram"));
    assert_eq!(early.body(update).send().await.unwrap().status(), 503, "it comes again later");
    drop(relay);

    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, api)).await.unwrap();
    let router = telegram.router();
    tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
    let refused = start("1234567890:AAHdqTcvCH1vGWJxfSeofSAs0K5PALDsawa").end().await;
    assert_eq!(refused.code, 1, "{}", refused.err);
    assert!(refused.err.contains("Telegram refuses the bot token"), "{}", refused.err);
}
