//! Turns that take long, and VMs that do not answer.

use adapters::chat::{ChatId, InboundId};
use adapters::text::{LengthUnit, split};
use sqlx::AnyPool;

use super::*;
use crate::relay::vm_failure::VmFailure;

fn tool() -> TurnEvent {
    TurnEvent::Tool { name: "bash".into(), detail: "cargo build".into() }
}

#[tokio::test]
async fn a_sleeping_machine_is_announced_and_the_answer_takes_the_place() {
    let mut world =
        RelayWorld::stopped(AgentScript { sleeps: true, ..AgentScript::answers("four") }).await;
    world.limits.waking_ms = 1;
    world.run().await;
    world.channel.says(line("1", "two and two?"));
    world.until(&[&messages::WAKING.said(Locale::English)]).await;
    world.vm.wakes();
    world.until(&["four"]).await;
    assert_eq!(world.vm.asked(), ["two and two?"]);
}

#[tokio::test]
async fn long_work_is_said_to_go_on() {
    let mut world =
        RelayWorld::stopped(AgentScript { ends: false, ..AgentScript::of(vec![tool()]) }).await;
    world.limits.heartbeat_ms = 300;
    world.run().await;
    world.channel.says(line("1", "build"));
    world.until(&["(bash cargo build)"]).await;
    world.until(&["Still working, 0 min, last: bash cargo build"]).await;
    world.channel.says(line("2", "/stop"));
    world.until(&["Stopped.", &messages::stopping(Locale::English, 0)]).await;
}

#[tokio::test]
async fn a_channel_without_edits_gets_every_part_once_and_notices_of_their_own() {
    let answer = "word ".repeat(100);
    let AgentScript { events, .. } = AgentScript::answers(&answer);
    let events = [vec![tool()], events].concat();
    let mut world =
        RelayWorld::without_edits(AgentScript { sleeps: true, ..AgentScript::of(events) }).await;
    world.limits.waking_ms = 1;
    world.run().await;
    world.channel.says(line("1", "write"));
    world.until(&[&messages::WAKING.said(Locale::English)]).await;
    world.vm.wakes();

    let parts = split(answer.trim_end(), world::TEXT_MAX, LengthUnit::Bytes);
    let waking = messages::WAKING.said(Locale::English);
    let mut texts = vec![waking.as_str()];
    texts.extend(parts.iter().map(String::as_str));
    world.until(&texts).await;
    assert_eq!(world.channel.texts(), texts);
    assert_eq!(world.channel.sent(), texts.len());
}

#[tokio::test]
async fn a_machine_out_of_reach_is_given_up_with_the_next_step() {
    use vm_failure::VmFailure::{DiskFailed, Full, Refused, Rejected, SessionBusy, Unreachable};
    for (status, unheard) in [
        (None, Unreachable),
        (Some(502), Unreachable),
        (Some(401), Refused),
        (Some(403), Refused),
        (Some(409), SessionBusy),
        (Some(429), Full),
        (Some(404), Rejected),
        (Some(413), Rejected),
        (Some(507), DiskFailed),
    ] {
        let mut world =
            RelayWorld::stopped(AgentScript { status, ..AgentScript::answers("ok") }).await;
        world.limits.give_up_ms = 1;
        world.run().await;
        world.channel.says(line("1", "ask"));
        world.until(&[&messages::vm_failure(unheard).said(Locale::English)]).await;
        world.vm.heard_cancel().await;
    }
}

#[tokio::test]
async fn a_line_waits_while_the_keys_of_the_machine_change() {
    for status in [401, 403, 409, 429, 502] {
        let script = AgentScript { status: Some(status), ..AgentScript::answers("four") };
        let world = RelayWorld::new(script).await;
        world.channel.says(line("1", "two and two?"));
        world.vm.began().await;
        world.vm.answers_with(200);
        world.until(&["four"]).await;
    }
}

#[tokio::test]
async fn too_many_waiting_lines_are_declined_and_commands_are_not() {
    let world = RelayWorld::new(AgentScript::never_ends()).await;
    let room = usize::try_from(relay_store::QUEUE_MAX).unwrap();
    for id in 0..=room {
        world.channel.says(line(&id.to_string(), "more"));
    }
    world
        .until(&[&messages::NEXT.said(Locale::English), &messages::FULL.said(Locale::English)])
        .await;
    world.channel.says(line("stop", "/stop"));
    let stopping = messages::stopping(Locale::English, relay_store::QUEUE_MAX.unsigned_abs() - 1);
    world
        .until(&[
            &messages::NEXT.said(Locale::English),
            &messages::FULL.said(Locale::English),
            "Stopped.",
            &stopping,
        ])
        .await;
    assert_eq!(world.vm.asked(), ["more"]);
}

#[tokio::test]
async fn a_line_that_was_declined_is_not_taken_when_it_comes_again() {
    let world = RelayWorld::new(AgentScript::never_ends()).await;
    let room = usize::try_from(relay_store::QUEUE_MAX).unwrap();
    for id in 0..=room {
        world.channel.says(line(&id.to_string(), "more"));
    }
    world
        .until(&[&messages::NEXT.said(Locale::English), &messages::FULL.said(Locale::English)])
        .await;
    world.channel.says(line("stop", "/stop"));
    world.settled(room + 2).await;

    world.channel.says(line(&room.to_string(), "more"));
    world.settled(room + 3).await;

    assert_eq!(world.vm.asked(), ["more"]);
}

#[tokio::test]
async fn a_stop_is_obeyed_though_the_database_failed_when_it_was_looked_for() {
    let mut world = RelayWorld::stopped(AgentScript::never_ends()).await;
    world.limits.retry_ms = 1;
    let relay = world.try_relay(OWNER).await.unwrap();
    for (id, text, is_command) in [("1", "long", false), ("2", "/stop", true)] {
        let (id, chat) = (InboundId(id.into()), ChatId("chat".into()));
        let new = relay_store::NewInboxMessage {
            id: &id,
            chat: &chat,
            text,
            file: None,
            citations: &[],
            digest: text,
            turn: text,
            is_command,
        };
        let accepted = world.store.accept(new, 0).await.unwrap();
        let relay_store::AcceptOutcome::Waiting { line, .. } = accepted else {
            panic!("{accepted:?}")
        };
        if is_command {
            world.store.stop(&line).await.unwrap();
        }
    }
    let running = world.store.first().await.unwrap().unwrap();
    let url = format!("sqlite://{}", world.dir.path().join("relay.db").display());
    let database = AnyPool::connect(&url).await.unwrap();
    let rename = async |rename: &'static str| {
        sqlx::query(rename).execute(&database).await.unwrap();
    };

    rename("ALTER TABLE inbox RENAME TO gone").await;
    let mut stopped = std::pin::pin!(relay.stopped_turn(&running));
    let others = async {
        for _ in 0..100 {
            world.store.first().await.unwrap_err();
        }
    };
    tokio::select! {
        biased;
        () = &mut stopped => panic!("nobody could know"),
        () = others => {}
    }
    rename("ALTER TABLE gone RENAME TO inbox").await;

    tokio::time::timeout(Duration::from_secs(20), stopped).await.expect("it is never stopped");
}

#[tokio::test]
async fn a_machine_of_a_newer_release_is_heard_as_far_as_it_is_understood() {
    let mut events = AgentScript::answers("four").events;
    events.insert(0, TurnEvent::Unknown);
    let world = RelayWorld::new(AgentScript::of(events)).await;
    world.channel.says(line("1", "two and two?"));
    world.until(&["four"]).await;
}

#[tokio::test]
async fn a_machine_of_an_older_release_is_named_at_once() {
    let world =
        RelayWorld::new(AgentScript { status: Some(426), ..AgentScript::never_ends() }).await;
    world.channel.says(line("1", "two and two?"));
    let told = messages::vm_failure(VmFailure::OtherRelease).said(Locale::English);
    world.until(&[&told]).await;
    assert_eq!(world.vm.attached_after().len(), 1, "asking again would not help");
}
