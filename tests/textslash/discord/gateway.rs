//! The gateway's bad days: lines are cut, sessions end, processes die, and nothing is lost or heard
//! twice.

use adapters::channel::Channel;
use adapters::discord::{DiscordChannel, DiscordStartError};

use super::world::{DiscordWorld, in_time};

const IDENTIFY: u64 = 2;
const RESUME: u64 = 6;

#[tokio::test]
async fn a_cut_line_is_resumed_and_what_was_said_meanwhile_is_replayed_once() {
    let world = DiscordWorld::new().await;
    let mut ada = world.ada();
    ada.says("before");
    assert_eq!(world.hears().await, "before");
    for round in 1..=2 {
        world.simulated.gateway().cut_connections();
        ada.says("meanwhile");
        assert_eq!(world.hears().await, "meanwhile");
        ada.says("after");
        assert_eq!(world.hears().await, "after");
        in_time("it resumes", world.simulated.gateway().has_received(RESUME, round)).await;
    }
    assert_eq!(world.simulated.gateway().opcodes(), [IDENTIFY, RESUME, RESUME]);
    world.expect_only_described_calls();
}

#[tokio::test]
async fn asked_to_reconnect_it_resumes_without_loss_or_double() {
    let world = DiscordWorld::new().await;
    let mut ada = world.ada();
    world.simulated.gateway().ask_to_reconnect();
    for n in 0..5 {
        ada.says(&format!("line {n}"));
    }
    for n in 0..5 {
        assert_eq!(world.hears().await, format!("line {n}"));
    }
    assert_eq!(world.simulated.gateway().opcodes(), [IDENTIFY, RESUME]);
    world.expect_only_described_calls();
}

#[tokio::test]
async fn when_the_session_ends_what_the_gateway_does_not_replay_is_looked_up_once() {
    let world = DiscordWorld::new().await;
    let mut ada = world.ada();
    ada.says("before");
    assert_eq!(world.hears().await, "before");
    world.simulated.gateway().end_sessions();
    // More than one page of Discord's.
    let said: Vec<_> = (0..120).map(|n| format!("meanwhile {n}")).collect();
    said.iter().for_each(|line| ada.says(line));
    for line in &said {
        assert_eq!(world.hears().await, *line);
    }
    ada.says("after");
    assert_eq!(world.hears().await, "after");
    assert_eq!(world.simulated.gateway().opcodes(), [IDENTIFY, IDENTIFY]);
    world.expect_only_described_calls();
}

#[tokio::test]
async fn a_session_that_ended_while_the_line_was_cut_is_begun_anew() {
    let world = DiscordWorld::new().await;
    let mut ada = world.ada();
    world.channel().recover(&[world.chat()]).await;
    world.simulated.gateway().cut_connections();
    world.simulated.gateway().end_sessions();
    ada.says("meanwhile");
    assert_eq!(world.hears().await, "meanwhile");
    ada.says("after");
    assert_eq!(world.hears().await, "after");
    assert_eq!(world.simulated.gateway().opcodes(), [IDENTIFY, RESUME, IDENTIFY]);
    world.expect_only_described_calls();
}

#[tokio::test]
async fn what_was_said_while_nobody_listened_is_recovered_and_what_ended_hears_no_more() {
    let mut world = DiscordWorld::new().await;
    let mut ada = world.ada();
    ada.says("lost with the process");
    let lost = world.taken().await;
    world.dies().await;
    ada.says("nobody listens");
    world.starts().await;
    world.channel().recover(&[world.chat()]).await;
    ada.says("listens again");
    let again = world.taken().await;
    assert_eq!((again.id, again.content), (lost.id, lost.content));
    assert_eq!(world.hears().await, "nobody listens");
    assert_eq!(world.hears().await, "listens again");
    world.expect_only_described_calls();
}

#[tokio::test]
async fn a_wrong_token_is_refused_and_a_discord_that_is_not_there_is_out_of_reach() {
    let mut world = DiscordWorld::idle().await;
    let started = DiscordChannel::start(world.settings("MTIz.abc.def")).await;
    assert_eq!(started.err(), Some(DiscordStartError::TokenRefused));
    world.base = "http://127.0.0.1:9".to_owned();
    let started = DiscordChannel::start(world.settings(&world.token)).await;
    assert_eq!(started.err(), Some(DiscordStartError::Unreachable));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn what_is_said_in_one_breath_keeps_its_order() {
    let world = DiscordWorld::new().await;
    let mut ada = world.ada();
    let said: Vec<_> = (0..300).map(|n| format!("line {n}")).collect();
    said.iter().for_each(|line| ada.says(line));
    for line in &said {
        assert_eq!(world.hears().await, *line);
    }
    world.expect_only_described_calls();
}
