//! Twilio's own helper libraries, unmodified, run a small bot against the simulated Twilio.

use std::path::{Path, PathBuf};
use std::process::Stdio;

use bytes::Bytes;
use textslash::clock::Clock;
use tokio::process::{Child, Command};
use tokio::time::timeout;

use super::world::{NUMBER, PATIENCE, World};

/// Where the libraries are installed (`tests/clients/install`); says so when that is not set.
fn installed() -> Option<PathBuf> {
    let directory = std::env::var_os("CLIENTS_DIR").map(PathBuf::from);
    if directory.is_none() {
        println!("skipped: CLIENTS_DIR is not set, so no third-party library is run");
    }
    directory
}

#[tokio::test]
async fn a_bot_on_twilios_library_for_node_runs_unmodified() {
    runs("node", "bot.mjs", "node_modules/twilio").await;
}

#[tokio::test]
async fn a_bot_on_twilios_library_for_python_runs_unmodified() {
    runs("venv/bin/python", "bot.py", "venv/bin/python").await;
}

async fn runs(interpreter: &str, script: &str, needs: &str) {
    let Some(directory) = installed() else { return };
    if !directory.join(needs).exists() {
        return println!("skipped: {needs} is not in CLIENTS_DIR");
    }
    let world = World::idle(Clock::system()).await;
    let mut bot = start(&directory, interpreter, script, &world);
    let story = talks(&world);
    tokio::select! {
        () = story => {}
        ended = bot.wait() => panic!("{script} ended: {ended:?}"),
    }
}

async fn talks(world: &World) {
    let led = async {
        while world.simulated.leads_to(NUMBER).is_none() {
            tokio::task::yield_now().await;
        }
    };
    timeout(PATIENCE, led).await.expect("the bot leads its number to itself");
    let mut ada = world.ada();
    ada.says("ask me");
    ada.reads("Shall I?").await;
    ada.taps("Yes");
    ada.reads("You tapped yes.").await;
    ada.says("hello 👩‍👩‍👧‍👦 & \"friends\"");
    ada.reads("You said: hello 👩‍👩‍👧‍👦 & \"friends\"").await;
    ada.says("secret FlyV1 fm2_pasted");
    ada.reads("Deleted.").await;
    assert!(!world.simulated.kept().contains("fm2_pasted"));
    ada.sends_file("application/octet-stream", Bytes::from(vec![7; 100_000]), "");
    ada.reads("100000 bytes").await;
    ada.says("count");
    ada.reads("I sent 5 messages, the last one delivered.").await;

    let forged = [("From".to_owned(), "whatsapp:+1".to_owned())];
    let url = world.simulated.leads_to(NUMBER).unwrap();
    let request = reqwest::Client::new().post(url).form(&forged);
    let answer = request.header("x-twilio-signature", "AAAA").send().await.unwrap();
    assert_eq!(answer.status(), 403);
}

fn start(directory: &Path, interpreter: &str, script: &str, world: &World) -> Child {
    let here = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/clients/twilio");
    let own = directory.join(interpreter);
    let program = if own.exists() { own } else { interpreter.into() };
    Command::new(program)
        .arg(here.join(script))
        .env_clear()
        .env("PATH", std::env::var_os("PATH").unwrap_or_default())
        .env("CLIENTS_DIR", directory)
        .env("TWILIO_API_URL", &world.base)
        .env("TWILIO_ACCOUNT_SID", world.simulated.account_sid())
        .env("TWILIO_AUTH_TOKEN", world.simulated.auth_token())
        .env("TWILIO_WHATSAPP_NUMBER", NUMBER)
        .stdin(Stdio::null())
        .kill_on_drop(true)
        .spawn()
        .unwrap()
}
