//! What is left in the memory of the bot's process when it needs a credential no more.

use std::fs::File;
use std::os::unix::fs::FileExt;
use std::time::Duration;

use super::hunt::SecretHunt;
use super::{executable, may_look, of_fly_token};
use crate::program::PATIENCE;
use crate::services::world::ServicesWorld;

/// How often the memory is looked at.
const LOOK_INTERVAL: Duration = Duration::from_millis(500);

/// All that a process may have written to: what was only read from a file holds nothing of ours.
fn memory(process: u32) -> Vec<u8> {
    let maps = std::fs::read_to_string(format!("/proc/{process}/maps")).unwrap();
    let memory = File::open(format!("/proc/{process}/mem")).unwrap();
    let mut all = Vec::new();
    for map in maps.lines().filter(|map| map.contains(" rw")) {
        let (from, to) = map.split_once(' ').unwrap().0.split_once('-').unwrap();
        let [from, to] = [from, to].map(|it| u64::from_str_radix(it, 16).unwrap());
        let mut piece = vec![0; usize::try_from(to - from).unwrap()];
        // A mapping may have gone since the list was read.
        if memory.read_exact_at(&mut piece, from).is_ok() {
            all.append(&mut piece);
        }
    }
    assert!(all.len() > 1 << 20, "the hunt is blind: {} bytes", all.len());
    all
}

/// The names of those that are in the memory of a process.
pub fn remembered(process: u32, hunt: &SecretHunt) -> Vec<String> {
    hunt.found(&memory(process)).into_iter().map(str::to_owned).collect()
}

/// Waits until none is: the buffers of a connection are wiped when it is closed, seconds after its
/// last call.
pub async fn forgets(process: u32, hunt: &SecretHunt, when: &str) {
    let forgotten = async {
        while !remembered(process, hunt).is_empty() {
            tokio::time::sleep(LOOK_INTERVAL).await;
        }
    };
    let forgotten = tokio::time::timeout(PATIENCE, forgotten).await;
    assert!(forgotten.is_ok(), "{when}, it still remembers {:?}", remembered(process, hunt));
}

#[tokio::test]
async fn the_bot_forgets_every_credential_that_it_needs_no_more() {
    if !may_look() {
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let world = ServicesWorld::with_agent(executable(dir.path())).await;
    let own_bot = world.sandbox.telegram().mint_bot("ada_bot");
    let token = world.sandbox.fly_token().to_owned();
    let mut secrets = of_fly_token(&token);
    secrets.extend([("model key", world.sandbox.model_key()), ("own bot's token", &own_bot)]);
    let hunt = SecretHunt::of(&secrets);
    let forgets = |when| forgets(world.bot_id(), &hunt, when);
    let mut ada = world.ada();

    ada.says("hi");
    ada.reads("I need a token").await;
    ada.says(&token);
    ada.reads("Which Anthropic API key").await;
    ada.says(world.sandbox.model_key());
    ada.reads("Which channel").await;
    ada.taps("Telegram");
    ada.reads("Telegram bot of your own").await;
    ada.says(&own_bot);
    ada.reads("Where should it run?").await;
    let held = remembered(world.bot_id(), &hunt);
    for name in ["beginning of a Fly token", "model key", "own bot's token"] {
        assert!(
            held.iter().any(|it| it == name),
            "the hunt is blind: {name} is held, not {held:?}"
        );
    }

    ada.says("lhr");
    ada.reads("How large").await;
    ada.taps("Small");
    ada.reads("This is the plan").await;
    ada.taps("Deploy");
    ada.reads("https://t.me/ada_bot").await;
    forgets("after the deployment").await;

    ada.says("/teardown");
    ada.reads("Remove it?").await;
    ada.taps("Yes, remove it");
    ada.reads("I need a Fly.io token").await;
    ada.says(&token);
    ada.reads("Everything is gone").await;
    forgets("after the removal").await;

    ada.says("/start");
    ada.reads("I need a token").await;
    ada.says(&token);
    ada.reads("Which Anthropic API key").await;
    ada.says("/cancel");
    forgets("after a conversation that was broken off").await;
}
