//! Who comes with an invitation deploys; who comes after it has let in as many as it is for does
//! not.

use textslash::invitation::WRONG_CODES_PERSON_MAX;
use textslash::quota::Quotas;
use textslash::sandbox::fly::nothing;

use super::world::ChatWorld;

const CODE: &str = "7f3k9q2m-4x8w1t6z-5h9c2n7d";

#[tokio::test]
async fn an_invitation_for_one_lets_one_in_and_the_next_finds_it_used_up() {
    let mut world = ChatWorld::inviting(&format!("{CODE}:1")).await;
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
    let mut world = ChatWorld::new().await;
    world.deploys().await;
    world.reads("Then just write").await;
    world.quotas = Quotas { all: 0, ..Quotas::PUBLIC };
    world.bot_restarts().await;
    world.says_as("bob", "/deploy");
    world.reads("I start no new deployments for now").await;
    world.tears_down().await;
    assert_eq!(world.inventory(), nothing());
}

#[tokio::test]
async fn who_guesses_codes_is_kept_out_after_a_restart_and_after_being_forgotten() {
    let mut world = ChatWorld::inviting(&format!("{CODE}:2")).await;
    for number in 0..WRONG_CODES_PERSON_MAX {
        world.says(&format!("/start guess-number-{number}"));
        world.reads("I know no invitation with that code").await;
    }
    let right = format!("/start {CODE}");
    world.says(&right);
    world.reads("Too many wrong codes came").await;
    world.bot_restarts().await;
    world.says(&right);
    world.reads("Too many wrong codes came").await;

    world.says("/forget");
    world.reads("Shall I erase all of it?").await;
    world.taps("Yes, forget me");
    world.reads("when wrong invitation codes came").await;
    world.says(&right);
    world.reads("Too many wrong codes came").await;

    // Nobody else is kept out.
    world.says_as("bob", &right);
    world.reads("That invitation works").await;
}
