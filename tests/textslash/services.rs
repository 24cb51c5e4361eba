//! The whole way on the services that people use: the real bot, relays and VMs as processes, and the
//! services simulated, with every byte over loopback.

use textslash::sandbox::fly::nothing;

use world::World;

mod world;

#[tokio::test]
async fn hello_to_relay_to_nothing_on_telegram() {
    hello_to_nothing(World::polling().await).await;
}

#[tokio::test]
async fn hello_to_relay_to_nothing_on_telegram_by_webhook() {
    hello_to_nothing(World::webhook().await).await;
}

async fn hello_to_nothing(mut world: World) {
    let own_bot = world.sandbox.telegram().mint_bot("ada_bot");
    world.sandbox.telegram().set_webhook(&own_bot, "https://shop.example/hook");
    let mut ada = world.ada();

    ada.says("hi");
    ada.reads("I need a token").await;
    let token = world.sandbox.fly_token().to_owned();
    ada.says(&token);
    ada.reads("Which Anthropic API key").await;
    ada.taps("Shell agent, no key");
    ada.reads("Which channel").await;
    ada.taps("Telegram");
    ada.reads("needs a Telegram bot of its own").await;
    ada.says(&own_bot);
    ada.reads("That works. It opens: @ada_bot").await;
    ada.reads("already serves shop.example").await;
    ada.taps("Take it over");
    ada.reads("Where should it run?").await;
    ada.says("lhr");
    ada.reads("How large").await;
    ada.taps("Small");
    ada.reads("This is the plan").await;
    assert_eq!(world.sandbox.inventory(), nothing(), "nothing is made before the yes");
    let before = world.sandbox.telegram().webhook(&own_bot);
    assert_eq!(before.as_deref(), Some("https://shop.example/hook"), "nothing is taken either");
    ada.taps("Deploy");
    ada.reads("Your relay is ready").await;
    ada.reads("https://t.me/ada_bot").await;
    ada.reads("Write to it there").await;
    world.expect_nowhere(&token);
    world.expect_nowhere(&own_bot);

    let mut at_relay = world.sandbox.telegram().person(&own_bot, world::ADA, "en");
    at_relay.says("echo hello from $(basename $PWD)");
    at_relay.reads("hello from workspace").await;
    let mut stranger = world.sandbox.telegram().person(&own_bot, world::ADA + 1, "en");
    stranger.says("echo let me in");
    stranger.reads("answers its owner only").await;

    world.bot_restarts().await;
    ada.says("/teardown");
    ada.reads("Remove it?").await;
    ada.taps("Yes, remove it");
    ada.reads("I need a Fly.io token").await;
    ada.says(&token);
    ada.reads("Everything is gone").await;
    assert_eq!(world.sandbox.inventory(), nothing());
    let after = world.sandbox.telegram().webhook(&own_bot);
    assert_eq!(after.as_deref(), Some("https://shop.example/hook"), "the bot is given back");
    world.expect_nowhere(&token);
    world.tell("telegram", &ada.story());
    assert_eq!(ada.unread(), Vec::<String>::new());
}

#[tokio::test]
async fn messages_that_come_often_and_late_are_answered_once() {
    let mut world = World::webhook().await;
    world.sandbox.telegram().be_unruly();
    let mut ada = world.ada();
    ada.says("hi");
    ada.reads("I need a token").await;
    world.bot_restarts().await;
    ada.says("not a token");
    ada.reads("That is not a Fly.io token").await;
    ada.says("/help");
    ada.reads("/teardown - remove").await;
    world.bot_restarts().await;
    ada.says("/cancel");
    ada.reads("Cancelled").await;
    ada.says("/status");
    ada.reads("You have no deployment").await;
    for (said, times) in
        [("Hi, I am textslash", 1), ("That is not a Fly.io token", 1), ("Cancelled", 1)]
    {
        assert_eq!(ada.story().matches(said).count(), times, "{said}{}", ada.story());
    }
}
