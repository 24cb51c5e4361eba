//! Who comes with an invitation deploys; who comes after it has let in as many as it is for does not.

use textslash::quota::Quotas;
use textslash::sandbox::fly::nothing;

use super::world::World;

const CODE: &str = "friends-0123456789";

#[tokio::test]
async fn an_invitation_for_one_lets_one_in_and_the_next_finds_it_used_up() {
    let mut world = World::inviting(&format!("{CODE}:1")).await;
    world.says("hi");
    world.reads("send me your invitation code").await;
    world.says("somebody-elses-code");
    world.reads("I know no invitation with that code").await;
    let shown = world.says(CODE);
    world.reads("That invitation works").await;
    world.reads("I need a token").await;

    // The service delivers it again, and the bot is another process.
    world.script.deliver(shown);
    world.bot_restarts().await;
    world.says_as("bob", &format!("/start {CODE}"));
    world.reads("as many people as it is for").await;
    world.reads("send me your invitation code").await;

    world.says("/cancel");
    world.reads("Cancelled").await;
    world.deploys().await;
    world.reads("Then just write").await;
    world.tears_down().await;
    assert_eq!(world.inventory(), nothing());
}

#[tokio::test]
async fn a_host_closes_the_bot_and_what_stands_is_removed_all_the_same() {
    let mut world = World::new().await;
    world.deploys().await;
    world.reads("Then just write").await;
    world.quotas = Quotas { all: 0, ..Quotas::PUBLIC };
    world.bot_restarts().await;
    world.says_as("bob", "/deploy");
    world.reads("I begin no deployments for now").await;
    world.tears_down().await;
    assert_eq!(world.inventory(), nothing());
}
