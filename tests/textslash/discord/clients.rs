//! A third-party library, unmodified, runs a small bot against the simulated Discord.

use bytes::Bytes;

use super::world::{DiscordWorld, in_time};
use crate::clients::{installed, start, tell};

#[tokio::test]
async fn a_bot_on_discord_js_runs_unmodified() {
    let Some(directory) = installed("node_modules/discord.js") else { return };
    let world = DiscordWorld::idle().await;
    let settings = [("DISCORD_API_URL", &*world.base), ("DISCORD_BOT_TOKEN", &*world.token)];
    let bot = start(&directory, "node", "discord/bot.mjs", &settings);
    tell(talks(&world), bot).await;
}

async fn talks(world: &DiscordWorld) {
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
    assert!(!world.simulated.stored_text().contains("fm2_typed"));
    ada.sends_files(&[("notes.bin", Bytes::from(vec![7; 100_000]))], "");
    ada.reads("100000 bytes").await;
    let files = ada.files();
    assert_eq!((files[1].0.as_str(), files[1].1.len()), ("back.bin", 100_000));

    world.simulated.gateway().cut_connections();
    ada.says("meanwhile");
    ada.reads("You said: meanwhile").await;
    world.simulated.gateway().ask_to_reconnect();
    ada.says("again");
    ada.reads("You said: again").await;
    assert_eq!(
        world.simulated.gateway().opcodes().iter().filter(|op| **op == 6).count(),
        2,
        "it resumes"
    );
    world.simulated.gateway().end_sessions();
    in_time("it identifies anew", world.simulated.gateway().has_received(2, 2)).await;
    ada.says("anew");
    ada.reads("You said: anew").await;
    assert_eq!(ada.unread(), Vec::<String>::new());
}
