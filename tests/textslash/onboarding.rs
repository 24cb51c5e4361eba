//! The onboarding bot, from hello to nothing left.

use std::time::Duration;

use textslash::sandbox::fly::{TokenKind, nothing};
use textslash::sandbox::machines::ModelFaults;

use script::ScriptedChannel;
use world::ChatWorld;

mod deletions;
mod forgetting;
mod invitations;
pub mod script;
pub mod world;

#[tokio::test]
async fn hello_to_relay_to_nothing() {
    let mut world = ChatWorld::new().await;
    let link = world.deploys().await;
    world.reads("Then just write").await;
    assert_eq!(world.inventory().apps.len(), 2, "{}", world.inventory());
    assert!(link.contains("/chat#"), "{link}");

    world.tears_down().await;
    assert_eq!(world.inventory(), nothing());
    world.says("/status");
    world.reads("no deployment").await;
}

#[tokio::test]
async fn no_credential_is_ever_stored_or_said() {
    let mut world = ChatWorld::new().await;
    world.says("hi");
    world.reads("I need a token").await;
    let token = world.fly.mint_org_token();
    let pasted = world.says(&token);
    world.reads("Which Anthropic API key").await;
    let key = world.anthropic.key().to_owned();
    world.says(&key);
    world.reads("Where should it run?").await;
    world.says("1");
    world.reads("How large").await;
    world.taps("Small");
    world.reads("This is the plan").await;
    world.taps("Deploy");
    let link = world.reads("https://my-relay-").await;
    world.reads("Then just write").await;

    let (_, owner_key) = link.split_once('#').unwrap();
    let tail = &token[token.len() - 40..];
    for secret in [&token, tail, &key] {
        world.expect_nowhere(secret);
    }
    assert_eq!(
        world.script.everything_ever().iter().filter(|it| it.contains(owner_key)).count(),
        1
    );
    world.expect_in_database("relay-app");
    world.expect_in_database("ada");
    assert!(world.script.deleted().contains(&pasted.id.0), "the pasted token is deleted");
}

#[tokio::test]
async fn the_sandbox_lends_what_is_needed() {
    let mut world = ChatWorld::lending().await;
    world.says("/start");
    world.reads("ready-made").await;
    world.taps("Use sandbox one");
    world.reads("ready-made").await;
    world.taps("Use sandbox one");
    world.reads("Where should it run?").await;
    world.says("iad");
    world.reads("How large").await;
    world.says("yes please");
    world.reads("choose one of these").await;
    world.says("small");
    world.reads("This is the plan").await;
    world.says("yes");
    world.reads("Your relay is ready").await;
    world.says("/teardown");
    world.reads("Remove it?").await;
    world.says("yes");
    world.reads("ready-made").await;
    world.taps("Use sandbox one");
    world.reads("Everything is gone").await;
    assert_eq!(world.inventory(), nothing());
}

#[tokio::test]
async fn a_service_without_buttons_edits_and_long_messages_will_do() {
    let mut world = ChatWorld::plain().await;
    world.says("hi");
    world.reads("1. Cancel").await;
    world.says(&world.fly.mint_org_token());
    world.reads("stays in").await;
    world.reads("1. Shell agent, no key").await;
    world.says("1");
    world.reads("Where should it run?").await;
    world.reads("Cancel").await;
    world.says("1");
    world.reads("3. Large").await;
    world.says("1");
    world.reads("This is the plan").await;
    world.reads("1. Deploy").await;
    world.says("1");
    world.reads("[x] Disks").await;
    world.reads("/chat#").await;
    world.reads("1. Status").await;
    world.says("/teardown");
    world.reads("1. Yes, remove it").await;
    world.says("1");
    world.reads("do not keep them").await;
    world.says(&world.fly.mint_org_token());
    world.reads("Everything is gone").await;
    assert_eq!(world.inventory(), nothing());
}

#[tokio::test]
async fn every_wrong_token_is_told_what_is_wrong_with_it() {
    let mut world = ChatWorld::new().await;
    world.says("hi");
    world.reads("I need a token").await;
    for (kind, reason) in [
        (TokenKind::Expired, "expired on"),
        (TokenKind::ReadOnly, "may only read"),
        (TokenKind::OneAppOnly, "a single app only"),
        (TokenKind::WithoutDischarge, "two parts"),
        (TokenKind::CutOff, "The end of that"),
        (TokenKind::Forged, "is refused"),
        (TokenKind::OAuth, "cannot be narrowed"),
    ] {
        world.says(&world.fly.mint_token(kind));
        world.reads(reason).await;
        world.reads("I need a token").await;
    }
    for (line, reason) in [("", "empty"), ("🦀", "not a Fly.io token"), ("sk-ant", "not a Fly.io")]
    {
        world.says(line);
        world.reads(reason).await;
        world.reads("I need a token").await;
    }
    world.says(&"fm2_".repeat(50_000));
    world.reads("I need a token").await;
    world.says(&world.fly.mint_org_token());
    world.reads("Which Anthropic API key").await;
}

#[tokio::test]
async fn a_subscription_token_is_refused_with_a_sentence_in_both_languages() {
    for (language, token_question, key_question, sentence) in [
        (
            "/language en",
            "I need a token",
            "Which Anthropic API key",
            "A subscription token (sk-ant-oat…) does not work here",
        ),
        (
            "/language de",
            "Token",
            "Welchen API-Schlüssel",
            "Ein Abo-Token (sk-ant-oat…) funktioniert hier nicht",
        ),
    ] {
        let mut world = ChatWorld::new().await;
        let token = world.fly.mint_org_token();
        world.says(language);
        world.says("hi");
        world.reads(token_question).await;
        world.says(&token);
        world.reads(key_question).await;
        world.says(&format!("sk-ant-oat01-{}AA", "e".repeat(93)));
        world.reads(sentence).await;
        world.reads(key_question).await;
    }
}

#[tokio::test]
async fn a_message_that_is_delivered_again_and_again_is_answered_once() {
    let mut world = ChatWorld::new().await;
    let token = world.fly.mint_org_token();
    let key = world.anthropic.key().to_owned();
    let mut before = Vec::new();
    for (line, question) in [
        ("hi", "I need a token"),
        (token.as_str(), "Which Anthropic API key"),
        (key.as_str(), "Where should it run?"),
        ("1", "How large"),
        ("1", "This is the plan"),
    ] {
        before.push(world.says(line));
        before.iter().rev().cycle().take(5).for_each(|again| world.script.deliver(again.clone()));
        world.reads(question).await;
    }
    world.bot_restarts_quietly().await;
    before.iter().for_each(|again| world.script.deliver(again.clone()));
    world.reads("I no longer hold your Fly.io token").await;
    world.reads("I need a token").await;

    let shown = world.script.shown();
    for question in ["Hi, I am textslash", "Where should it run?", "How large", "This is the plan"]
    {
        let count = shown.iter().filter(|it| it.text.contains(question)).count();
        assert_eq!(count, 1, "{question}");
    }
    world.says("/status");
    world.reads("no deployment").await;
    world.reads("I need a token").await;
    assert_eq!(world.unread(), Vec::<String>::new());
}

#[tokio::test]
async fn a_restart_in_the_middle_of_a_deployment_loses_nothing() {
    let mut world = ChatWorld::new().await;
    world.machines(ModelFaults { never_healthy: Some("vm"), ..ModelFaults::default() });
    world.answers_everything().await;
    world.taps("Deploy");
    world.reads("[x] Machines started").await;

    world.machines(ModelFaults::default());
    world.bot_restarts().await;
    world.reads("restarted in the middle").await;
    world.reads("I need a token").await;
    world.says(&world.fly.mint_token(TokenKind::OtherOrganisation));
    world.reads("opens another organisation").await;
    world.reads("I need a token").await;
    world.says(&world.fly.mint_org_token());
    world.reads("Which Anthropic API key").await;
    world.restart_machines();
    world.says(world.anthropic.clone().key());
    world.reads("Your relay is ready").await;
    world.reads("/chat#").await;
    assert_eq!(world.inventory().apps.len(), 2, "{}", world.inventory());
    world.tears_down().await;
    assert_eq!(world.inventory(), nothing());
}

#[tokio::test]
async fn a_run_outlives_the_task_of_its_chat_and_is_watched_again() {
    let mut world = ChatWorld::new().await;
    world.machines(ModelFaults { never_healthy: Some("vm"), ..ModelFaults::default() });
    world.answers_everything().await;
    world.taps("Deploy");
    world.reads("[x] Machines started").await;

    world.script.panics_once();
    let lost = world.says("/status");
    world.acknowledged(&lost).await;
    world.says("Are you there?");
    world.machines(ModelFaults::default());
    world.restart_machines();
    world.reads("Your relay is ready").await;
    world.reads("/chat#").await;
    let said = world.script.everything_ever().join("\n");
    assert!(!said.contains("restarted in the middle"), "{said}");
    world.tears_down().await;
    assert_eq!(world.inventory(), nothing());
}

#[tokio::test]
async fn a_run_that_ends_while_its_chat_has_no_task_is_told_with_the_next_message() {
    let mut world = ChatWorld::new().await;
    world.machines(ModelFaults { never_healthy: Some("vm"), ..ModelFaults::default() });
    world.answers_everything().await;
    world.taps("Deploy");
    world.reads("[x] Machines started").await;

    world.script.panics_once();
    let lost = world.says("/status");
    world.acknowledged(&lost).await;
    world.machines(ModelFaults::default());
    world.restart_machines();
    world.a_run_ends().await;
    world.says("Are you there?");
    world.reads("Your relay is ready").await;
    world.reads("/chat#").await;
    world.tears_down().await;
    assert_eq!(world.inventory(), nothing());
}

#[tokio::test]
async fn who_shares_an_account_takes_no_deployment_from_somebody_who_works_on_it() {
    let mut world = ChatWorld::new().await;
    world.machines(ModelFaults { never_healthy: Some("vm"), ..ModelFaults::default() });
    world.answers_everything().await;
    world.taps("Deploy");
    world.reads("[x] Machines started").await;

    world.says_as("bob", "/teardown");
    world.reads("no deployment of yours").await;
    world.says_as("bob", &world.fly.mint_org_token());
    world.reads("I found").await;
    world.says_as("bob", "1");
    world.reads("Remove it?").await;
    world.says_as("bob", "yes");
    world.reads("Somebody else who can use that account").await;

    world.machines(ModelFaults::default());
    world.restart_machines();
    world.reads("Your relay is ready").await;
    world.says_as("bob", "try again");
    world.reads("Everything is gone").await;
    assert_eq!(world.inventory(), nothing());
}

#[tokio::test]
async fn a_deployment_that_is_cancelled_leaves_nothing() {
    let mut world = ChatWorld::new().await;
    world.machines(ModelFaults { never_healthy: Some("vm"), ..ModelFaults::default() });
    world.answers_everything().await;
    world.taps("Deploy");
    world.reads("[x] Machines started").await;
    world.says("/cancel");
    world.reads("Stop it and remove everything").await;
    world.taps("Remove everything");
    world.reads("Everything is gone").await;
    assert_eq!(world.inventory(), nothing());
}

#[tokio::test]
async fn what_a_lost_database_knew_is_found_and_removed() {
    let mut world = ChatWorld::new().await;
    world.deploys().await;
    world.fly.add_lookalikes();
    world.bot_starts_from_nothing().await;
    world.says("/teardown");
    world.reads("no deployment of yours").await;
    world.says(&world.fly.mint_org_token());
    world.reads("I found these").await;
    world.says("1");
    world.reads("Remove it?").await;
    world.says("yes");
    world.reads("Everything is gone").await;
    assert_eq!(world.inventory(), nothing());
    assert!(world.fly.lookalikes_untouched());
}

#[tokio::test]
async fn a_group_is_pointed_to_the_private_chat_once_and_nothing_is_stored() {
    let mut world = ChatWorld::new().await;
    for _ in 0..3 {
        world.says_in_a_group("deploy me a pineapple");
    }
    world.says("/help");
    world.reads("/teardown - remove a deployment").await;
    let in_group = world.script.shown().into_iter().filter(|it| it.chat == "group").count();
    assert_eq!(in_group, 1);
    world.expect_nowhere("pineapple");
    world.expect_nowhere("group");
}

#[tokio::test]
async fn what_could_not_be_sent_is_sent_when_the_chat_can_be_reached() {
    let mut world = ChatWorld::new().await;
    world.says("/help");
    world.reads("/teardown - remove a deployment").await;
    world.script.set_unreachable("ada", true);
    let last = world.says("hi");
    world.acknowledged(&last).await;
    world.script.set_unreachable("ada", false);
    world.reads("I am textslash").await;
    world.reads("I need a token").await;
}

#[tokio::test]
async fn a_chat_in_which_we_must_wait_is_heard_and_holds_up_nobody() {
    let mut world = ChatWorld::new().await;
    world.script.is_too_fast("ada", 30_000, usize::MAX);
    let first = world.says("hi");
    world.acknowledged(&first).await;
    let meanwhile = world.says("/help");
    world.acknowledged(&meanwhile).await;
    world.says_as("bob", "hi");
    world.reads("I need a token").await;
    let shown = world.script.shown();
    assert!(shown.iter().all(|it| it.chat == "bob"), "{shown:?}");

    world.script.is_too_fast("ada", 0, 0);
    world.bot_restarts_quietly().await;
    world.reads("Hi, I am textslash").await;
    world.reads("/teardown - remove").await;
}

#[tokio::test]
async fn after_the_wait_that_a_service_asks_for_everything_is_said_once_and_in_order() {
    let mut world = ChatWorld::plain().await;
    world.script.is_too_fast("ada", 1, 3);
    world.says("hi");
    world.says("/help");
    world.reads("Hi, I am textslash").await;
    world.reads("I need a token").await;
    world.reads("/teardown - remove").await;
    let said = world.script.everything_ever().concat();
    assert_eq!(said.matches("Hi, I am textslash").count(), 1, "{said}");
}

#[tokio::test]
async fn who_floods_a_chat_is_told_once_that_the_rest_was_not_read() {
    let mut world = ChatWorld::new().await;
    world.script.set_unreachable("ada", true);
    let mut last = world.says("hi");
    for _ in 0..30 {
        last = world.says("/help");
    }
    world.acknowledged(&last).await;
    world.script.set_unreachable("ada", false);
    world.reads("That was a lot at once").await;
    let said = world.script.everything_ever().concat();
    assert_eq!(said.matches("/teardown - remove").count(), 19, "twenty were taken, with the hello");
    world.says("/status");
    world.reads("no deployment").await;
    let said = world.script.everything_ever().concat();
    assert_eq!(said.matches("That was a lot at once").count(), 1);
}

#[tokio::test]
async fn who_flooded_a_chat_is_told_even_where_nothing_can_be_sent_for_long() {
    let mut world = ChatWorld::watched(ScriptedChannel::new(), |network| network).await;
    tokio::time::pause();
    world.script.set_unreachable("ada", true);
    let mut last = world.says("/help");
    for _ in 0..30 {
        last = world.says("/help");
    }
    world.acknowledged(&last).await;
    tokio::time::sleep(Duration::from_secs(10 * 60)).await;
    world.script.set_unreachable("ada", false);
    world.reads("That was a lot at once").await;
}

#[tokio::test]
async fn a_message_that_was_not_read_is_not_read_either_when_it_comes_twice() {
    let mut world = ChatWorld::new().await;
    world.script.set_unreachable("ada", true);
    world.says("hi");
    for _ in 0..19 {
        world.says("/help");
    }
    let refused = world.says("/language");
    world.acknowledged(&refused).await;
    world.script.set_unreachable("ada", false);
    world.reads("That was a lot at once").await;
    world.script.deliver(refused);
    world.says("/status");
    world.reads("no deployment").await;
    let said = world.script.everything_ever().concat();
    assert!(!said.contains("Which language"), "{said}");
}

#[tokio::test]
async fn what_could_not_be_sent_is_sent_when_the_person_writes_again() {
    let mut world = ChatWorld::new().await;
    world.says("/help");
    world.reads("/teardown - remove a deployment").await;
    world.script.set_unreachable("ada", true);
    let last = world.says("hi");
    world.acknowledged(&last).await;
    world.script.is_back_silently();
    world.says("/privacy");
    world.reads("I am textslash").await;
    world.reads("I need a token").await;
    world.reads("I never store credentials").await;
}

#[tokio::test]
async fn how_a_run_ended_is_told_although_the_database_failed_just_then() {
    let mut world = ChatWorld::new().await;
    world.machines(ModelFaults { never_healthy: Some("vm"), ..ModelFaults::default() });
    world.answers_everything().await;
    world.taps("Deploy");
    world.reads("[x] Machines started").await;
    world.conversations_fail(true).await;
    world.machines(ModelFaults::default());
    world.restart_machines();
    world.a_run_ends().await;
    world.conversations_fail(false).await;
    world.reads("Your relay is ready").await;
    world.reads("/chat#").await;
}

#[tokio::test]
async fn a_failed_deployment_that_is_kept_can_be_finished() {
    let mut world = ChatWorld::new().await;
    world.answers_everything().await;
    world
        .fly
        .organisations()
        .set_no_machines_in(&["ams", "fra", "lhr", "cdg", "iad", "ord", "sjc", "nrt", "syd"]);
    world.taps("Deploy");
    world.reads("The deployment stopped").await;
    world.taps("Keep for inspection");
    world.reads("I leave it as it is").await;
    world.says("/status");
    world.reads("not finished").await;
    world.taps("Finish deploying");
    world.reads("I need a token").await;
}
