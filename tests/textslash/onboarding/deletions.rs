//! A message with a credential is deleted, and its person reads what came of it: once, whoever
//! dies.

use adapters::channel::ChannelError;

use super::world::ChatWorld;

#[tokio::test]
async fn a_deletion_outlives_the_process_and_has_one_receipt() {
    let mut world = ChatWorld::new().await;
    world.says("hi");
    world.reads("I need a token").await;
    world.script.fails_deletions_with(Some(ChannelError::InDoubt));
    let token = world.fly.mint_org_token();
    let pasted = world.says(&token);
    world.reads("Which Anthropic API key").await;
    world.bot_dies().await;
    assert_eq!(world.script.deleted(), Vec::<String>::new());

    world.script.fails_deletions_with(None);
    world.bot_starts().await;
    world.reads("I deleted your message").await;
    assert_eq!(world.script.deleted(), [pasted.id.0]);
    for _ in 0..2 {
        world.bot_restarts().await;
        world.says("/help");
        world.reads("/teardown - remove").await;
    }
    let all = world.script.everything_ever();
    assert_eq!(all.iter().filter(|it| it.contains("I deleted your message")).count(), 1);
}

#[tokio::test]
async fn a_deletion_that_the_service_refuses_has_a_receipt_that_says_so() {
    let mut world = ChatWorld::new().await;
    world.says("hi");
    world.reads("I need a token").await;
    world.script.fails_deletions_with(Some(ChannelError::Refused("too old")));
    let token = world.fly.mint_org_token();
    world.says(&token);
    world.reads("does not let me").await;
    world.bot_restarts().await;
    world.says("/help");
    world.reads("/teardown - remove").await;
    let all = world.script.everything_ever();
    assert_eq!(all.iter().filter(|it| it.contains("does not let me")).count(), 1);
}
