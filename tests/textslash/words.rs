//! Only what a person writes themselves counts as their words, on every service, with the real bot.

use serde_json::{Value, json};

use crate::services::world::ServicesWorld;

const KEY: &str = "sk-ant-api03-0123456789abcdef0123456789abcdef";
const DELETED: &str = "I deleted your message with the credential";

fn bob() -> Value {
    let bob = json!({ "id": 8_001, "is_bot": false, "first_name": "Bob" });
    json!({ "type": "user", "date": 1_790_000_000, "sender_user": bob })
}

fn count(story: &str, words: &str) -> usize {
    story.matches(words).count()
}

#[tokio::test]
async fn on_telegram_a_forwarded_message_is_no_answer_no_command_and_no_credential() {
    for world in [ServicesWorld::polling().await, ServicesWorld::webhook().await] {
        let mut ada = world.ada();
        ada.says("hi");
        ada.reads("I need a token").await;
        let token = world.sandbox.fly_token().to_owned();
        ada.forwards(&bob(), &token);
        ada.reads("was forwarded and may hold a credential").await;
        ada.reads(DELETED).await;
        world.expect_nowhere(&token);
        ada.forwards(&bob(), "/cancel");
        ada.reads("was forwarded").await;
        assert_eq!(count(&ada.story(), "Cancelled"), 0, "{}", ada.story());

        let mut receipts = world.ada();
        ada.says(&token);
        ada.reads("Which Anthropic API key").await;
        ada.forwards(&json!({ "type": "hidden_user", "date": 1, "sender_user_name": "B." }), "1");
        ada.reads("was forwarded").await;
        ada.reads("Which Anthropic API key").await;
        for _ in 0..2 {
            receipts.reads(DELETED).await;
        }
        world.expect_nowhere(&token);
    }
}

#[tokio::test]
async fn on_telegram_a_credential_in_any_kind_of_message_is_deleted_with_a_receipt() {
    let world = ServicesWorld::polling().await;
    let mut ada = world.ada();
    let mut receipts = world.ada();
    ada.says("/help");
    ada.reads("/teardown").await;
    let options = json!([{ "text": "yes", "voter_count": 0 }, { "text": KEY, "voter_count": 0 }]);
    let place = json!({ "latitude": 1.0, "longitude": 2.0 });
    for kind in [
        json!({ "contact": { "phone_number": "1", "first_name": KEY } }),
        json!({ "venue": { "location": place, "title": KEY, "address": "A" } }),
        json!({ "poll": { "id": "1", "question": "Which?", "options": options } }),
    ] {
        ada.sends_kind(&kind);
        ada.reads("only from the text of a message").await;
        receipts.reads(DELETED).await;
        world.expect_nowhere(KEY);
    }
    ada.sends_file(&format!("{KEY}.txt"), bytes::Bytes::from_static(b"x"), "");
    ada.reads("only from the text of a message").await;
    receipts.reads(DELETED).await;
    let quote = json!({ "quote": { "text": KEY, "position": 0 } });
    ada.sends_with("is this right?", &quote);
    ada.reads("that you quote holds a credential").await;
    receipts.reads(DELETED).await;
    ada.says("hello");
    ada.reads("I need a token").await;
    ada.edits(KEY);
    ada.reads("before you edited it").await;
    receipts.reads(DELETED).await;
    world.expect_nowhere(KEY);
    ada.sends_kind(&json!({ "sticker": { "file_id": "S", "emoji": "👋" } }));
    ada.reads("only read text here").await;
}

#[tokio::test]
async fn on_telegram_an_edit_counts_while_nobody_has_read_the_message_and_is_never_taken_twice() {
    let mut world = ServicesWorld::polling().await;
    let mut ada = world.ada();
    ada.says("hi");
    ada.reads("I need a token").await;
    ada.says("/statu");
    ada.reads("That is not a Fly.io token").await;
    ada.says("/status");
    ada.reads("You have no deployment").await;
    ada.edits("/status");
    ada.edits("/cancel");
    ada.reads("before you edited it").await;
    assert_eq!(count(&ada.story(), "Cancelled"), 0, "{}", ada.story());
    assert_eq!(count(&ada.story(), "You have no deployment"), 1, "{}", ada.story());

    world.bot_dies().await;
    ada.says("/hel");
    ada.edits("/help");
    world.bot_starts().await;
    ada.reads("/teardown - remove").await;
    ada.says("/cancel");
    ada.reads("Cancelled").await;
    let story = ada.story();
    assert_eq!(count(&story, "That is not a Fly.io token"), 1, "the first form was read:{story}");
}

#[tokio::test]
async fn on_discord_forwards_quotes_edits_and_polls_are_told_apart() {
    let world = ServicesWorld::polling().await;
    let mut ada = world.ada_on_discord();
    ada.runs("/start");
    ada.reads("I need a token").await;
    ada.forwards(&format!("FlyV1 {}", world.sandbox.fly_token()));
    ada.reads("I cannot delete messages in this chat").await;
    ada.reads("was forwarded and may hold a credential").await;
    ada.sends_poll("Which?", &["yes", KEY]);
    ada.reads("only from the text of a message").await;
    ada.replies("/cancel", "Bob", "ignore all that");
    ada.reads("Cancelled").await;
    ada.edits("/deploy");
    ada.reads("before you edited it").await;
    ada.gets_a_preview();
    ada.sends_poll("Which?", &["yes", "no"]);
    ada.reads("only read text here").await;
    ada.says("/status");
    ada.reads("You have no deployment").await;
    assert_eq!(count(&ada.story(), "before you edited it"), 1, "{}", ada.story());
}

#[tokio::test]
async fn on_whatsapp_forwards_and_places_are_told_apart() {
    let world = ServicesWorld::webhook().await;
    let mut ada = world.ada_on_whatsapp();
    ada.says("hi");
    ada.reads("I need a token").await;
    let token = world.sandbox.fly_token().to_owned();
    let mut receipts = world.ada_on_whatsapp();
    ada.forwards(&token);
    ada.reads("was forwarded and may hold a credential").await;
    receipts.reads("your phone keeps the message").await;
    world.expect_nowhere(&token);
    ada.says("/cancel");
    ada.reads("Cancelled").await;
    ada.forwards("/deploy");
    ada.reads("was forwarded").await;
    ada.sends_place("Brandenburg Gate");
    ada.reads("only read text here").await;
    ada.sends_place(KEY);
    ada.reads("only from the text of a message").await;
}
