//! Third-party libraries, unmodified, run a small bot against the simulated Bot API.

use bytes::Bytes;

use super::world::TelegramWorld;
use crate::clients::{installed, start, tell};

#[tokio::test]
async fn a_bot_on_grammy_runs_unmodified() {
    runs("node", "grammy.mjs", "node_modules/grammy").await;
}

#[tokio::test]
async fn a_bot_on_telegraf_runs_unmodified() {
    runs("node", "telegraf.mjs", "node_modules/telegraf").await;
}

#[tokio::test]
async fn a_bot_on_python_telegram_bot_runs_unmodified() {
    runs("venv/bin/python", "python-telegram-bot.py", "venv/bin/python").await;
}

async fn runs(interpreter: &str, script: &str, needs: &str) {
    let Some(directory) = installed(needs) else { return };
    let world = TelegramWorld::idle().await;
    let settings = [("TELEGRAM_API_URL", &*world.base), ("TELEGRAM_BOT_TOKEN", &*world.token)];
    let bot = start(&directory, interpreter, &format!("telegram/{script}"), &settings);
    tell(talks(&world), bot).await;
}

async fn talks(world: &TelegramWorld) {
    let mut ada = world.ada();
    ada.says("/start");
    ada.reads("Shall I?").await;
    ada.taps("Yes");
    ada.reads("You said yes.").await;
    ada.says("hello 👩‍👩‍👧‍👦");
    ada.reads("You said: hello 👩‍👩‍👧‍👦").await;
    ada.says("secret FlyV1 fm2_pasted");
    ada.reads("Deleted.").await;
    assert!(!world.simulated.stored_text().contains("fm2_pasted"));
    ada.sends_file("notes.bin", Bytes::from(vec![7; 100_000]), "");
    ada.reads("100000 bytes").await;
    let (_, menu) = world.calls("getMyCommands", serde_json::json!({})).await;
    assert_eq!(menu["result"][0]["command"], "start");
}
