//! Third-party libraries, unmodified, run a small bot against the simulated Bot API.

use std::path::{Path, PathBuf};
use std::process::Stdio;

use bytes::Bytes;
use tokio::process::{Child, Command};

use super::world::World;

/// Where the libraries are installed (`tests/clients/install`); says so when that is not set.
fn installed() -> Option<PathBuf> {
    let directory = std::env::var_os("CLIENTS_DIR").map(PathBuf::from);
    if directory.is_none() {
        println!("skipped: CLIENTS_DIR is not set, so no third-party library is run");
    }
    directory
}

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
    let Some(directory) = installed() else { return };
    if !directory.join(needs).exists() {
        return println!("skipped: {needs} is not in CLIENTS_DIR");
    }
    let world = World::idle().await;
    let mut bot = start(&directory, interpreter, script, &world);
    let story = talks(&world);
    tokio::select! {
        () = story => {}
        ended = bot.wait() => panic!("{script} ended: {ended:?}"),
    }
}

async fn talks(world: &World) {
    let mut ada = world.ada();
    ada.says("/start");
    ada.reads("Shall I?").await;
    ada.taps("Yes");
    ada.reads("You said yes.").await;
    ada.says("hello 👩‍👩‍👧‍👦");
    ada.reads("You said: hello 👩‍👩‍👧‍👦").await;
    ada.says("secret FlyV1 fm2_pasted");
    ada.reads("Deleted.").await;
    assert!(!world.simulated.kept().contains("fm2_pasted"));
    ada.sends_file("notes.bin", Bytes::from(vec![7; 100_000]), "");
    ada.reads("100000 bytes").await;
    let (_, menu) = world.calls("getMyCommands", serde_json::json!({})).await;
    assert_eq!(menu["result"][0]["command"], "start");
}

fn start(directory: &Path, interpreter: &str, script: &str, world: &World) -> Child {
    let here = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/clients/telegram");
    let own = directory.join(interpreter);
    let program = if own.exists() { own } else { interpreter.into() };
    Command::new(program)
        .arg(here.join(script))
        .env_clear()
        .env("PATH", std::env::var_os("PATH").unwrap_or_default())
        .env("CLIENTS_DIR", directory)
        .env("TELEGRAM_API_URL", &world.base)
        .env("TELEGRAM_BOT_TOKEN", &world.token)
        .stdin(Stdio::null())
        .kill_on_drop(true)
        .spawn()
        .unwrap()
}
