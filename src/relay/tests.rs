mod delivery;
mod files;
mod logs;
mod probation;
mod restored;
mod turns;
mod words;
pub(crate) mod world;

use std::time::Duration;

use adapters::chat::{ChatType, InboundContent};

use super::*;
use crate::protocol::TurnEvent;
use world::{AgentScript, KillPoint, OWNER, RelayWorld, line};

#[tokio::test]
async fn without_an_owner_it_does_not_start() {
    for owner in ["", "  "] {
        let world = RelayWorld::new(AgentScript::answers("hi")).await;
        let refusal = world.try_relay(owner).await.err().unwrap();
        assert!(refusal.to_string().contains("TEXTSLASH_OWNER"), "{refusal}");
    }
}

#[tokio::test]
async fn the_owner_is_answered() {
    let world = RelayWorld::new(AgentScript::answers("four")).await;
    world.channel.says(line("1", "two and two?"));
    world.until(&["four"]).await;
    assert_eq!(world.vm.asked(), ["two and two?"]);
}

#[tokio::test]
async fn a_stranger_is_refused_once_and_nothing_happens() {
    let world = RelayWorld::new(AgentScript::answers("four")).await;
    for id in ["1", "2", "3"] {
        let mut inbound = line(id, "/stop");
        inbound.from = UserId("stranger".into());
        world.channel.says(inbound);
    }
    let mut group = line("4", "hello");
    group.place = ChatType::Group;
    world.channel.says(group);
    world.channel.says(line("5", "mine"));

    world.until(&[&messages::STRANGER.said(Locale::English), "four"]).await;
    assert_eq!(world.vm.asked(), ["mine"]);
}

#[tokio::test]
async fn a_line_delivered_many_times_is_one_turn() {
    let world = RelayWorld::new(AgentScript::answers("ok")).await;
    for id in ["a", "b", "a", "c", "b", "a", "c", "c", "b", "a"] {
        world.channel.says(line(id, id));
    }
    world.settled(10).await;
    assert_eq!(world.vm.asked(), ["a", "b", "c"]);
    assert_eq!(world.channel.texts().iter().filter(|text| *text == "ok").count(), 3);
}

#[tokio::test]
async fn a_message_that_comes_again_with_other_words_is_no_new_turn() {
    let world = RelayWorld::new(AgentScript::never_ends()).await;
    world.channel.says(line("1", "running"));
    world.vm.began().await;
    world.channel.says(line("2", "waiting"));
    for id in ["1", "2"] {
        world.channel.says(line(id, "with other words"));
    }
    world.acknowledged(4).await;
    assert_eq!(world.store.waiting().await.unwrap(), 2);

    world.channel.says(line("3", "/stop"));
    world.settled(5).await;
    for id in ["1", "2", "3"] {
        world.channel.says(line(id, "with other words after its turn"));
    }
    world.settled(8).await;
    assert_eq!(world.vm.asked(), ["running"]);
}

#[tokio::test]
async fn a_relay_that_dies_anywhere_answers_once() {
    for cut in KillPoint::ALL {
        let world = RelayWorld::stopped(AgentScript::answers("the answer")).await;
        world.channel.says(line("1", "ask"));
        world.cut_at(cut).await;
        world.until(&["the answer"]).await;
        assert_eq!(world.vm.asked(), ["ask"], "{cut:?}");
        assert_eq!(world.channel.texts(), ["the answer"], "{cut:?}");
        let mut tokens = world.vm.tokens();
        tokens.dedup();
        assert_eq!(tokens.len(), 1, "{cut:?}: the same turn keeps its token");
    }
}

#[tokio::test]
async fn every_turn_has_a_token_of_its_own() {
    let world = RelayWorld::new(AgentScript::answers("ok")).await;
    for id in ["1", "2", "3"] {
        world.channel.says(line(id, id));
    }
    world.settled(3).await;
    let mut tokens = world.vm.tokens();
    tokens.sort();
    tokens.dedup();
    assert_eq!(tokens.len(), 3);
    assert!(tokens.iter().all(|token| token.len() == 64));
}

#[tokio::test]
async fn a_stream_that_breaks_goes_on_after_what_was_seen() {
    let mut script = AgentScript::answers("one two three");
    script.break_after = Some(1);
    let world = RelayWorld::new(script).await;
    world.channel.says(line("1", "count"));
    world.until(&["one two three"]).await;
    assert_eq!(world.vm.asked(), ["count"]);
    assert!(world.vm.attached_after().contains(&1));
}

#[tokio::test]
async fn stop_ends_the_turn_and_drops_what_waits() {
    let world = RelayWorld::new(AgentScript::never_ends()).await;
    world.channel.says(line("1", "long"));
    world.vm.began().await;
    world.channel.says(line("2", "second"));
    world.channel.says(line("3", "third"));
    world.channel.says(line("4", "/stop"));
    let stopping = messages::stopping(Locale::English, 2);
    world.until(&["Stopped.", &messages::NEXT.said(Locale::English), &stopping]).await;
    assert_eq!(world.vm.asked(), ["long"]);
    assert_eq!(world.vm.cancelled(), 1);
}

#[tokio::test]
async fn a_new_session_is_the_next_lines() {
    let world = RelayWorld::new(AgentScript::answers("ok")).await;
    for (id, text) in [("1", "before"), ("2", "/new"), ("2", "/new"), ("3", "after")] {
        world.channel.says(line(id, text));
    }
    world.settled(4).await;
    let sessions = world.vm.sessions();
    assert_eq!(sessions[0], "main");
    assert_ne!(sessions[1], "main");
}

#[tokio::test]
async fn status_tells_the_machine_the_work_and_the_tokens() {
    let world = RelayWorld::new(AgentScript::answers("ok")).await;
    let used = relay_store::TokenCounts { input: 12, output: 34 };
    let today = relay_store::UsageDay::of(1_700_000_000_000);
    for day in [relay_store::UsageDay::of(0), today] {
        world.store.count(day, used, 0).await.unwrap();
    }
    assert!(world.store.reserve(today, 4_000, 5_000_000).await.unwrap());
    world.channel.says(line("1", "/status"));
    world
        .until(&[&messages::status(
            Locale::English,
            true,
            "main",
            0,
            relay_store::TokenCounts { input: 24, output: 68 },
            Some(messages::UsageToday { spent: 4_046, limit: 5_000_000 }),
        )])
        .await;
    let said = world.channel.texts().concat();
    assert!(said.ends_with("Today: 4,046 of 5,000,000 tokens, until 00:00 UTC"), "{said}");
}

#[tokio::test]
async fn status_says_that_the_agents_network_could_not_be_restricted() {
    use crate::protocol::AgentNetwork::{Open, Restricted};
    let told = &messages::NETWORK_OPEN.said(Locale::English);
    for (network, is_told) in [(None, false), (Some(Restricted), false), (Some(Open), true)] {
        let world = RelayWorld::new(AgentScript::answers("ok")).await;
        *world.vm.network.lock() = network;
        world.channel.says(line("1", "/status"));
        let status = messages::status(
            Locale::English,
            true,
            "main",
            0,
            relay_store::TokenCounts::default(),
            Some(messages::UsageToday { spent: 0, limit: 5_000_000 }),
        );
        let expected = if is_told { format!("{status}\n{told}") } else { status };
        world.until(&[&expected]).await;
    }
}

#[tokio::test]
async fn each_failure_is_a_sentence_with_the_next_step() {
    use crate::protocol::TurnFailure::{
        AgentCrashed, DiskFailed, Interrupted, ModelRefused, TimedOut,
    };
    for reason in [AgentCrashed, DiskFailed, Interrupted, ModelRefused, TimedOut] {
        let world = RelayWorld::new(AgentScript::of(vec![TurnEvent::Failed { reason }])).await;
        world.channel.says(line("1", "ask"));
        world.until(&[&messages::failed(reason).said(Locale::English)]).await;
    }
}

#[tokio::test]
async fn a_long_answer_is_cut_into_messages_that_fit() {
    let answer = "word ".repeat(100);
    let world = RelayWorld::new(AgentScript::answers(&answer)).await;
    world.channel.says(line("1", "write"));
    world.settled(1).await;
    let texts = world.channel.texts();
    assert!(texts.len() > 1 && texts.iter().all(|text| text.len() <= world::TEXT_MAX));
    assert_eq!(texts.join(" ").split_whitespace().count(), 100);
}

#[tokio::test]
async fn a_secret_and_too_long_a_line_are_declined_and_not_kept() {
    let world = RelayWorld::new(AgentScript::answers("ok")).await;
    let mut secret = line("1", "");
    secret.content = InboundContent::Secret("hunter2".to_owned().into());
    world.channel.says(secret);
    world.channel.says(line("2", &"x".repeat(200_000)));
    world
        .until(&[
            &messages::SECRET.said(Locale::English),
            &messages::TOO_LONG.said(Locale::English),
        ])
        .await;
    assert!(world.vm.asked().is_empty());
}

#[tokio::test]
async fn it_ends_when_nothing_happens_for_a_while() {
    let world = RelayWorld::stopped(AgentScript::answers("ok")).await;
    let began = tokio::time::Instant::now();
    let relay = world.try_relay(OWNER).await.unwrap();
    relay.commit().await.unwrap();
    tokio::time::pause();
    assert_eq!(relay.run(std::future::pending()).await, RelayExit::Idle);
    assert!(began.elapsed() >= Duration::from_millis(IDLE_MS));
}

#[tokio::test]
async fn what_is_done_to_a_deployment_is_done_where_it_was_made() {
    let world = RelayWorld::new(AgentScript::answers("ok")).await;
    for (id, text) in [("1", "/teardown"), ("2", "/deploy"), ("3", "/start")] {
        world.channel.says(line(id, text));
    }
    world.until(&[messages::ELSEWHERE.said(Locale::English).as_str(); 3]).await;
    assert!(messages::ELSEWHERE.said(Locale::English).contains("textslash teardown"));
    assert!(world.vm.asked().is_empty());
}

#[test]
fn only_a_single_word_after_a_slash_is_a_command() {
    use commands::OwnerCommand;
    for (text, command) in [
        ("/stop", Some(OwnerCommand::Stop)),
        ("/STOP", Some(OwnerCommand::Stop)),
        ("/status@my_bot", Some(OwnerCommand::Status)),
        ("/new", Some(OwnerCommand::New)),
        ("/help", Some(OwnerCommand::Help)),
        ("/nonsense", Some(OwnerCommand::Unknown("/nonsense".into()))),
        ("/usr/bin/env", None),
        ("/tmp is full", None),
        ("/", None),
        ("please /stop", None),
    ] {
        assert_eq!(OwnerCommand::parse(text), command, "{text}");
    }
}

#[test]
fn every_sentence_is_said_in_german_too() {
    let all = [
        messages::STRANGER,
        messages::NEXT,
        messages::FULL,
        messages::TOO_LONG,
        messages::SECRET,
        messages::NO_FILES,
        messages::FILE_NOT_FETCHED,
        messages::NO_ROOM,
        messages::NOT_COMMITTED,
        messages::NOT_READY,
        messages::KEPT,
        messages::IN_DOUBT,
        messages::WAKING,
        messages::NOTHING_TO_STOP,
        messages::NEW_SESSION,
        messages::NOTHING_SAID,
        messages::HELP,
        messages::ELSEWHERE,
        messages::TOO_FAST,
    ];
    for words in all {
        let [english, german] = Locale::ALL.map(|locale| words.said(locale));
        assert!(!german.is_empty() && english != german, "{english}");
        assert!(!english.contains("  ") && !german.contains("  "), "{english} {german}");
    }
}

#[tokio::test]
async fn a_line_is_not_acknowledged_when_the_database_file_is_gone() {
    let world = RelayWorld::stopped(AgentScript::answers("ok")).await;
    let relay = world.try_relay(OWNER).await.unwrap();
    world.channel.says(line("1", "kept"));
    let runs = relay.clone();
    let running = tokio::spawn(async move { runs.run(std::future::pending()).await });
    world.settled(1).await;

    std::fs::remove_file(world.dir.path().join("relay.db")).unwrap();
    world.channel.says(line("2", "lost"));

    assert_eq!(running.await.unwrap(), RelayExit::Damaged);
    assert_eq!(*world.channel.acknowledged.borrow(), 1);
    assert!(relay.probe().await.is_err());
}
