//! The onboarding bot, from hello to nothing left.

use textslash::sandbox::fly::{TokenKind, nothing};
use textslash::sandbox::machines::Knobs;

use world::World;

mod script;
mod world;

#[tokio::test]
async fn hello_to_relay_to_nothing() {
    let mut world = World::new().await;
    let link = world.deploys().await;
    world.reads("First").await;
    assert_eq!(world.inventory().apps.len(), 2, "{}", world.inventory());
    assert!(link.contains("/chat#"), "{link}");

    world.tears_down().await;
    assert_eq!(world.inventory(), nothing());
    world.says("/status");
    world.reads("no deployment").await;
}

#[tokio::test]
async fn no_credential_is_ever_stored_or_said() {
    let mut world = World::new().await;
    world.says("hi");
    world.reads("I need a token").await;
    let token = world.fly.mint_org_token();
    let pasted = world.says(&token);
    world.reads("Which Anthropic API key").await;
    let key = world.anthropic.key().to_owned();
    world.says(&key);
    world.reads("Where should it run?").await;
    world.says("1");
    world.taps("Small");
    world.reads("This is the plan").await;
    world.taps("Deploy");
    let link = world.reads("https://my-relay-").await;
    world.reads("First").await;

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
