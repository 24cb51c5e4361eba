//! Turns that take long, and VMs that do not answer.

use adapters::text::{Unit, split};

use super::*;

fn tool() -> TurnEvent {
    TurnEvent::Tool { name: "bash".into(), detail: "cargo build".into() }
}

#[tokio::test]
async fn a_sleeping_machine_is_announced_and_the_answer_takes_the_place() {
    let mut world = World::stopped(Script { sleeps: true, ..Script::answers("four") }).await;
    world.limits.waking_ms = 1;
    world.run().await;
    world.channel.says(line("1", "two and two?"));
    world.until(&[messages::WAKING]).await;
    world.vm.wakes();
    world.until(&["four"]).await;
    assert_eq!(world.vm.asked(), ["two and two?"]);
}

#[tokio::test]
async fn long_work_is_said_to_go_on() {
    let mut world = World::stopped(Script { ends: false, ..Script::of(vec![tool()]) }).await;
    world.limits.heartbeat_ms = 300;
    world.run().await;
    world.channel.says(line("1", "build"));
    world.until(&["(bash cargo build)"]).await;
    world.until(&["Still working, 0 min, last: bash cargo build"]).await;
    world.channel.says(line("2", "/stop"));
    world.until(&["Stopped.", &messages::stopping(0)]).await;
}

#[tokio::test]
async fn a_channel_without_edits_gets_every_part_once_and_notices_of_their_own() {
    let answer = "word ".repeat(100);
    let Script { events, .. } = Script::answers(&answer);
    let events = [vec![tool()], events].concat();
    let mut world = World::without_edits(Script { sleeps: true, ..Script::of(events) }).await;
    world.limits.waking_ms = 1;
    world.run().await;
    world.channel.says(line("1", "write"));
    world.until(&[messages::WAKING]).await;
    world.vm.wakes();

    let parts = split(answer.trim_end(), world::TEXT_MAX, Unit::Bytes);
    let mut texts = vec![messages::WAKING];
    texts.extend(parts.iter().map(String::as_str));
    world.until(&texts).await;
    assert_eq!(world.channel.texts(), texts);
    assert_eq!(world.channel.sent(), texts.len());
}

#[tokio::test]
async fn a_machine_out_of_reach_is_given_up_with_the_next_step() {
    use turn::Unheard::{OutOfReach, Refused};
    for (status, unheard) in [
        (None, OutOfReach),
        (Some(502), OutOfReach),
        (Some(401), Refused),
        (Some(404), Refused),
        (Some(413), Refused),
    ] {
        let mut world = World::stopped(Script { status, ..Script::answers("ok") }).await;
        world.limits.give_up_ms = 1;
        world.run().await;
        world.channel.says(line("1", "ask"));
        world.until(&[messages::unheard(unheard)]).await;
    }
}

#[tokio::test]
async fn too_many_waiting_lines_are_declined_and_commands_are_not() {
    let world = World::new(Script::never_ends()).await;
    let room = usize::try_from(ledger::QUEUE_MAX).unwrap();
    for id in 0..=room {
        world.channel.says(line(&id.to_string(), "more"));
    }
    world.until(&[messages::NEXT, messages::FULL]).await;
    world.channel.says(line("stop", "/stop"));
    let stopping = messages::stopping(ledger::QUEUE_MAX.unsigned_abs() - 1);
    world.until(&[messages::NEXT, messages::FULL, "Stopped.", &stopping]).await;
    assert_eq!(world.vm.asked(), ["more"]);
}
