//! Twilio's own helper libraries, unmodified, run a small bot against the simulated Twilio.

use bytes::Bytes;
use textslash::clock::Clock;
use tokio::time::timeout;

use super::world::{NUMBER, PATIENCE, WhatsAppWorld};
use crate::clients::{installed, start, tell};

#[tokio::test]
async fn a_bot_on_twilios_library_for_node_runs_unmodified() {
    runs("node", "bot.mjs", "node_modules/twilio").await;
}

#[tokio::test]
async fn a_bot_on_twilios_library_for_python_runs_unmodified() {
    runs("venv/bin/python", "bot.py", "venv/bin/python").await;
}

async fn runs(interpreter: &str, script: &str, needs: &str) {
    let Some(directory) = installed(needs) else { return };
    let world = WhatsAppWorld::idle(Clock::system()).await;
    let settings = [
        ("TWILIO_API_URL", &*world.base),
        ("TWILIO_ACCOUNT_SID", world.simulated.account_sid()),
        ("TWILIO_AUTH_TOKEN", world.simulated.auth_token()),
        ("TWILIO_WHATSAPP_NUMBER", NUMBER),
    ];
    let bot = start(&directory, interpreter, &format!("twilio/{script}"), &settings);
    tell(talks(&world), bot).await;
}

async fn talks(world: &WhatsAppWorld) {
    let led = async {
        while world.simulated.callback_url(NUMBER).is_none() {
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
    assert!(!world.simulated.stored_text().contains("fm2_pasted"));
    ada.sends_file("application/octet-stream", Bytes::from(vec![7; 100_000]), "");
    ada.reads("100000 bytes").await;
    ada.says("count");
    ada.reads("I sent 5 messages, the last one delivered.").await;

    let forged = [("From".to_owned(), "whatsapp:+1".to_owned())];
    let url = world.simulated.callback_url(NUMBER).unwrap();
    let request = reqwest::Client::new().post(url).form(&forged);
    let answer = request.header("x-twilio-signature", "AAAA").send().await.unwrap();
    assert_eq!(answer.status(), 403);
}
