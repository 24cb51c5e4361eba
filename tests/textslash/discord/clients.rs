//! A third-party library, unmodified, runs a small bot against the simulated Discord.

use std::path::{Path, PathBuf};
use std::process::Stdio;

use bytes::Bytes;
use tokio::process::{Child, Command};

use super::world::{World, in_time};

/// Where the libraries are installed (`tests/clients/install`); says so when that is not set.
fn installed() -> Option<PathBuf> {
    let directory = std::env::var_os("CLIENTS_DIR").map(PathBuf::from);
    if directory.is_none() {
        println!("skipped: CLIENTS_DIR is not set, so no third-party library is run");
    }
    directory
}

#[tokio::test]
async fn a_bot_on_discord_js_runs_unmodified() {
    let Some(directory) = installed() else { return };
    if !directory.join("node_modules/discord.js").exists() {
        return println!("skipped: discord.js is not in CLIENTS_DIR");
    }
    let world = World::idle().await;
    let mut bot = start(&directory, &world);
    tokio::select! {
        () = talks(&world) => {}
        ended = bot.wait() => panic!("bot.mjs ended: {ended:?}"),
    }
}

async fn talks(world: &World) {
    in_time("the menu is registered", world.simulated.has_commands(&world.token)).await;
    let mut ada = world.ada();
    ada.says("hello 👩‍👩‍👧‍👦");
    ada.reads("You said: hello 👩‍👩‍👧‍👦").await;
    ada.runs("/start");
    ada.reads("Shall I?").await;
    ada.taps("Yes");
    ada.reads("You said yes.").await;
    ada.says("key");
    ada.reads("Your key?").await;
    in_time("the modal opens", ada.fills_in("Enter", &["FlyV1 fm2_typed"])).await;
    ada.reads("15 characters").await;
    assert!(!world.simulated.kept().contains("fm2_typed"));
    ada.sends_files(&[("notes.bin", Bytes::from(vec![7; 100_000]))], "");
    ada.reads("100000 bytes").await;
    let files = ada.files();
    assert_eq!((files[1].0.as_str(), files[1].1.len()), ("back.bin", 100_000));

    world.simulated.cuts_connections();
    ada.says("meanwhile");
    ada.reads("You said: meanwhile").await;
    world.simulated.asks_to_reconnect();
    ada.says("again");
    ada.reads("You said: again").await;
    assert_eq!(world.simulated.opcodes().iter().filter(|op| **op == 6).count(), 2, "it resumes");
    world.simulated.ends_sessions();
    in_time("it identifies anew", world.simulated.has_heard(2, 2)).await;
    ada.says("anew");
    ada.reads("You said: anew").await;
    assert_eq!(ada.unread(), Vec::<String>::new());
}

fn start(directory: &Path, world: &World) -> Child {
    let here = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/clients/discord");
    Command::new("node")
        .arg(here.join("bot.mjs"))
        .env_clear()
        .env("PATH", std::env::var_os("PATH").unwrap_or_default())
        .env("CLIENTS_DIR", directory)
        .env("DISCORD_API_URL", &world.base)
        .env("DISCORD_BOT_TOKEN", &world.token)
        .stdin(Stdio::null())
        .kill_on_drop(true)
        .spawn()
        .unwrap()
}
