//! The big list of naughty strings, at every question and on every service.

use std::path::Path;

use adapters::channel::{Capabilities, Channel, SecretEntry};
use adapters::chat::{InboundContent, Outbound};
use adapters::text::LengthUnit;
use adapters::{discord, telegram, whatsapp};

use crate::onboarding::script::ScriptedChannel;
use crate::onboarding::world::ChatWorld;

/// Questions of the story below.
const QUESTIONS: usize = 9;

/// The list, which stands beside the descriptions of the vendors' APIs; says so when that is not
/// set.
fn all() -> Option<Vec<String>> {
    let Ok(specs) = std::env::var("API_SPECS") else {
        println!("skipped: API_SPECS is not set, so the naughty strings are not at hand");
        return None;
    };
    let file = Path::new(&specs).join("../vectors/blns.json");
    let Ok(text) = std::fs::read(&file) else {
        println!("skipped: {} is not there", file.display());
        return None;
    };
    Some(serde_json::from_slice(&text).unwrap())
}

/// Those that are no answer to a question.
fn unanswering() -> Option<Vec<String>> {
    let is_answer = |line: &String| {
        let line = line.trim();
        line.parse::<u32>().is_ok()
            || textslash::spec::DeploymentName::try_from(line.to_owned()).is_ok()
    };
    Some(all()?.into_iter().filter(|line| !is_answer(line)).collect())
}

fn terminal() -> Capabilities {
    Capabilities {
        edits: true,
        deletes_theirs: false,
        scrubs_theirs: false,
        buttons_max: 30,
        text_max: 16 * 1024,
        text_unit: LengthUnit::Bytes,
        edit_interval_ms: 0,
        secret_entry: SecretEntry::Hidden,
        opens_pages: false,
        makes_bots: false,
        files_in_bytes_max: 0,
        files_out_bytes_max: 0,
    }
}

#[tokio::test]
async fn on_a_terminal() {
    asked_everything("console", terminal(), 0).await;
}

#[tokio::test]
async fn on_telegram() {
    asked_everything("telegram", telegram::capabilities(true), 1).await;
}

#[tokio::test]
async fn on_discord() {
    asked_everything("discord", discord::capabilities(), 2).await;
}

#[tokio::test]
async fn on_whatsapp() {
    asked_everything("whatsapp", whatsapp::capabilities(), 3).await;
}

/// Each question gets a share of the strings, and on each service another one. What every single
/// question makes of every single string is tested with the conversation itself.
async fn asked_everything(name: &'static str, can: Capabilities, service: usize) {
    let Some(naughty) = unanswering() else { return };
    let entered = can.secret_entry == SecretEntry::Hidden;
    let mut world = ChatWorld::on(ScriptedChannel::speaking(name, can)).await;
    let mut share = (service..).map(|n| naughty.iter().skip(n % QUESTIONS).step_by(QUESTIONS));
    let mut share = || share.next().unwrap();
    let own_channel = match name {
        "telegram" => Some(("Telegram", "Telegram bot")),
        "discord" => Some(("Discord", "Discord")),
        "whatsapp" => Some(("WhatsApp", "Twilio")),
        _ => None,
    };

    world.says("hi");
    world.reads("I need a token").await;
    world.is_bothered_with(share(), entered).await;
    world.says(&world.fly.mint_org_token());
    world.reads("Which Anthropic API key").await;
    world.is_bothered_with(share(), entered).await;
    world.chooses("Shell agent, no key");
    if own_channel.is_some() {
        world.reads("Which channel").await;
        world.is_bothered_with(share(), false).await;
        world.chooses("a web link");
    }
    world.reads("Where should it run?").await;
    world.is_bothered_with(share(), false).await;
    world.says("iad");
    world.reads("How large").await;
    world.is_bothered_with(share(), false).await;
    world.chooses("Small");
    world.reads("This is the plan").await;
    world.is_bothered_with(share(), false).await;
    world.chooses("Change an answer");
    world.reads("Which answer should change?").await;
    world.is_bothered_with(share(), false).await;
    world.chooses("Name");
    world.reads("What should I call it?").await;
    world.is_bothered_with(share(), false).await;
    world.says("lab");
    world.reads("Name: lab").await;
    if let Some((channel, asked)) = own_channel {
        world.chooses("Change an answer");
        world.reads("Which answer should change?").await;
        world.chooses("Channel");
        world.reads("Which channel").await;
        world.chooses(channel);
        world.reads(asked).await;
        world.is_bothered_with(share(), entered).await;
    }
}

#[tokio::test]
async fn over_telegrams_wire() {
    let Some(naughty) = all() else { return };
    let world =
        crate::telegram::world::TelegramWorld::new(crate::telegram::world::UpdateMode::Webhook)
            .await;
    let mut ada = world.ada();
    for line in naughty {
        ada.says(&line);
        let inbound = world.taken().await;
        assert!(
            inbound.content == InboundContent::Text(line.clone().into()),
            "{line:?} was harmed"
        );
    }
}

#[tokio::test]
async fn over_twilios_wire_and_back() {
    let Some(naughty) = all() else { return };
    let world = crate::whatsapp::world::WhatsAppWorld::new().await;
    let mut ada = world.ada();
    for (n, line) in naughty.into_iter().enumerate() {
        ada.says(&line);
        let inbound = world.taken().await;
        // A message without text is one of another kind.
        let is_text = inbound.content == InboundContent::Text(line.clone().into());
        assert!(is_text || line.is_empty(), "{line:?} was harmed");
        let answer = Outbound::text(n.to_string(), format!("You said: {line}"));
        world.channel().send(&world.chat(), &answer).await.unwrap();
        assert_eq!(ada.screen().last().unwrap().text, answer.text, "harmed");
    }
}
