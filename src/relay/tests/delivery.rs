//! What a channel can refuse, and what comes of the message.

use adapters::channel::ChannelError;

use super::*;

/// A relay that answers `four` when its VM wakes, and one line to it.
async fn asked() -> RelayWorld {
    let mut world =
        RelayWorld::stopped(AgentScript { sleeps: true, ..AgentScript::answers("four") }).await;
    world.limits.waking_ms = u64::MAX;
    world.run().await;
    world.channel.says(line("1", "two and two?"));
    world.vm.began().await;
    world
}

#[tokio::test]
async fn what_cannot_be_sent_now_is_sent_later_and_stands_once() {
    let too_fast = ChannelError::RateLimited { retry_after_ms: 100 };
    for (failure, wait_ms, sent) in [(too_fast, 100, 1), (ChannelError::InDoubt, 0, 2)] {
        let world = asked().await;
        world.channel.fails_with(failure);
        let began = tokio::time::Instant::now();
        world.vm.wakes();
        world.channel.has_failed().await;
        world.settled(1).await;
        assert_eq!(world.channel.texts(), ["four"]);
        assert_eq!(world.channel.sent(), sent);
        assert!(began.elapsed() >= Duration::from_millis(wait_ms));
    }
}

#[tokio::test]
async fn an_unreachable_chat_is_answered_when_it_is_reachable_again() {
    let world = asked().await;
    world.channel.fails_with(ChannelError::Unreachable);
    world.vm.wakes();
    world.channel.has_failed().await;
    assert!(world.channel.texts().is_empty());
    world.channel.becomes_reachable();
    world.until(&["four"]).await;
}

#[tokio::test]
async fn a_message_that_is_gone_is_sent_as_a_new_one() {
    let mut world =
        RelayWorld::stopped(AgentScript { sleeps: true, ..AgentScript::answers("four") }).await;
    world.limits.waking_ms = 1;
    world.run().await;
    world.channel.says(line("1", "two and two?"));
    world.until(&[&messages::WAKING.said(Locale::English)]).await;
    world.delivered().await;
    world.channel.forgets_all();
    world.vm.wakes();
    world.until(&["four"]).await;
    assert_eq!(world.channel.sent(), 2);
}

#[tokio::test]
async fn a_message_that_can_never_be_sent_does_not_hold_up_the_next() {
    let world = asked().await;
    world.channel.fails_with(ChannelError::Refused("blocked"));
    world.vm.wakes();
    world.channel.has_failed().await;
    world.channel.says(line("2", "/help"));
    world.until(&[&messages::HELP.said(Locale::English)]).await;
}
