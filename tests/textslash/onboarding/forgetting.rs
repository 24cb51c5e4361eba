//! `/forget`: nothing of a person is left with us, not even what deleted rows leave.

use std::time::Duration;

use adapters::channel::{Capabilities, SecretEntry};
use adapters::text::LengthUnit;
use textslash::sandbox::fly::nothing;

use super::script::ScriptedChannel;
use super::world::ChatWorld;

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// On a service that takes itself for Telegram, where time passes by itself.
async fn world() -> ChatWorld {
    let telegram = Capabilities {
        edits: true,
        deletes_theirs: true,
        scrubs_theirs: false,
        buttons_max: 100,
        text_max: 4096,
        text_unit: LengthUnit::Utf16,
        edit_interval_ms: 0,
        secret_entry: SecretEntry::PastedThenDeleted,
        opens_pages: false,
        makes_bots: false,
        files_in_bytes_max: 0,
        files_out_bytes_max: 0,
    };
    ChatWorld::watched(ScriptedChannel::speaking("telegram", telegram), |network| network).await
}

/// Everything in the database that names Ada.
async fn names_of_ada(world: &ChatWorld) -> Vec<String> {
    let mut names = world.deployments().await;
    names.push("ada".to_owned());
    names
}

/// As everywhere, but that Telegram could be the relay's channel too.
async fn comes_to_the_plan(world: &mut ChatWorld) {
    world.says("hi");
    world.reads("I need a token").await;
    world.says(&world.fly.mint_org_token());
    world.reads("Which Anthropic API key").await;
    world.says(world.anthropic.clone().key());
    world.reads("Which channel").await;
    world.taps("a web link");
    world.reads("Where should it run?").await;
    world.says("1");
    world.reads("How large").await;
    world.taps("Small");
    world.reads("This is the plan").await;
}

async fn deploys_and_removes(world: &mut ChatWorld) -> Vec<String> {
    comes_to_the_plan(world).await;
    world.taps("Deploy");
    world.reads("Your relay is ready").await;
    let names = names_of_ada(world).await;
    world.tears_down().await;
    assert_eq!(world.inventory(), nothing());
    names
}

async fn is_forgotten(world: &mut ChatWorld) -> String {
    world.says("/forget");
    world.reads("On record of you").await;
    world.taps("Yes, forget me");
    world.reads("I have erased").await
}

#[tokio::test(start_paused = true)]
async fn who_is_forgotten_is_in_no_row_no_free_page_and_no_log() {
    let mut world = world().await;
    let names = deploys_and_removes(&mut world).await;
    assert_eq!(names.len(), 2, "{names:?}");
    for name in &names {
        world.expect_in_database(name);
    }
    let receipt = is_forgotten(&mut world).await;
    for told in ["Deployments that are gone: 1", "stays with Telegram", "Fly.io keeps"] {
        assert!(receipt.contains(told), "{receipt}");
    }
    world.forgets(&names).await;
    assert_eq!(world.rows().await, 0);

    tokio::time::sleep(2 * DAY).await;
    assert_eq!(world.rows().await, 0, "what comes by itself is put on no record");
    world.says("hi");
    world.reads("Hi, I am textslash").await;
}

#[tokio::test(start_paused = true)]
async fn what_still_stands_is_removed_first_and_never_orphaned() {
    let mut world = ChatWorld::new().await;
    world.deploys().await;
    world.says("/forget");
    world.reads("This still stands in your account").await;
    world.says("yes");
    world.reads("What would you like to do").await;
    assert_eq!(world.deployments().await.len(), 1);
    world.tears_down().await;
    is_forgotten(&mut world).await;
    assert_eq!(world.inventory(), nothing());
}

#[tokio::test(start_paused = true)]
async fn a_receipt_that_could_not_be_sent_waits_for_another_process_and_then_goes() {
    let mut world = world().await;
    let names = deploys_and_removes(&mut world).await;
    world.says("/forget");
    world.reads("On record of you").await;
    world.script.set_unreachable("ada", true);
    let yes = world.taps("Yes, forget me");
    world.acknowledged(&yes).await;
    assert!(
        world.deployments().await.is_empty(),
        "what is not needed for the receipt went at once"
    );
    world.expect_in_database("ada");
    world.bot_restarts().await;
    world.script.set_unreachable("ada", false);
    world.reads("I have erased").await;
    world.forgets(&names).await;
    assert_eq!(world.rows().await, 0);
    let said = world.script.everything_ever().concat();
    assert_eq!(said.matches("I have erased").count(), 1);
}

#[tokio::test(start_paused = true)]
async fn who_cannot_be_told_is_forgotten_after_a_day_or_two() {
    let mut world = world().await;
    world.says("hi");
    world.reads("I need a token").await;
    world.says("/forget");
    world.reads("On record of you").await;
    world.script.set_unreachable("ada", true);
    let yes = world.taps("Yes, forget me");
    world.acknowledged(&yes).await;
    tokio::time::sleep(2 * DAY).await;
    world.forgets(&["ada".to_owned()]).await;
    assert_eq!(world.rows().await, 0);
}

#[tokio::test(start_paused = true)]
async fn what_is_delivered_again_means_nothing_before_and_after_a_restart() {
    let mut world = world().await;
    let mut all = vec![world.says("hi")];
    world.reads("I need a token").await;
    all.push(world.says("/forget"));
    world.reads("On record of you").await;
    all.push(world.says("yes"));
    world.reads("I have erased").await;
    world.forgets(&["ada".to_owned()]).await;
    let before = world.script.count();
    for _ in 0..2 {
        for inbound in &all {
            world.script.deliver(inbound.clone());
            world.acknowledged(inbound).await;
        }
        world.bot_restarts().await;
    }
    tokio::time::sleep(DAY).await;
    assert_eq!(world.script.count(), before, "{:#?}", world.unread());
    assert_eq!(world.rows().await, 0);
}

#[tokio::test(start_paused = true)]
async fn being_forgotten_gives_nobody_another_deployment() {
    let mut world = world().await;
    for begun in 0..3 {
        deploys_and_removes(&mut world).await;
        let receipt = is_forgotten(&mut world).await;
        assert!(receipt.contains("thousands of people share"), "{begun}: {receipt}");
    }
    world.bot_restarts().await;
    comes_to_the_plan(&mut world).await;
    world.taps("Deploy");
    world.reads("within a day").await;
    tokio::time::sleep(DAY).await;
    world.says("/forget");
    world.reads("On record of you").await;
    world.taps("Yes, forget me");
    let receipt = world.reads("I have erased").await;
    assert!(!receipt.contains("thousands of people"), "{receipt}");
}

#[tokio::test(start_paused = true)]
async fn who_only_asks_to_be_forgotten_leaves_nothing() {
    let mut world = world().await;
    for _ in 0..3 {
        world.says("/forget");
        world.reads("Nothing is on record of you").await;
    }
    world.forgets(&["ada".to_owned()]).await;
    assert_eq!(world.rows().await, 0);
}

#[tokio::test(start_paused = true)]
async fn while_a_deployment_is_under_way_nothing_is_forgotten() {
    let mut world = ChatWorld::new().await;
    world.answers_everything().await;
    world.taps("Deploy");
    world.says("/forget");
    world.reads("I am still working on it").await;
    world.reads("Your relay is ready").await;
    world.tears_down().await;
    assert_eq!(world.inventory(), nothing());
}
