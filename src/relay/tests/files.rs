//! Files of the person's and of the agent's.

use adapters::channel::ChannelError;

use super::world::{FILE_MAX, photo};
use super::*;
use crate::protocol::WithheldReason;

const PHOTO_1: &str = "inbox/a_photo.jpg";

fn left(index: usize, name: &str, bytes: u64) -> TurnEvent {
    TurnEvent::File { index, name: name.into(), bytes }
}

fn there() -> String {
    messages::file_is_there(Locale::English, PHOTO_1)
}

#[tokio::test]
async fn a_file_with_words_is_a_turn_that_tells_of_it() {
    let world = RelayWorld::new(AgentScript::answers("a cat")).await;
    world.channel.says(photo("1", "what is this?"));
    world.until(&["a cat"]).await;
    assert_eq!(world.vm.asked(), ["what is this?"]);
    assert_eq!(world.vm.told_of(), [[PHOTO_1]]);
    assert_eq!(world.vm.inbox(), ["bytes of photo 1"]);
}

#[tokio::test]
async fn a_file_without_words_waits_for_the_next_line() {
    let world = RelayWorld::new(AgentScript::answers("a cat")).await;
    world.channel.says(photo("1", "  "));
    world.until(&[&there()]).await;
    world.channel.says(line("2", "what is this?"));
    world.until(&[&there(), "a cat"]).await;
    world.channel.says(line("3", "really?"));
    world.until(&[&there(), "a cat", "a cat"]).await;
    assert_eq!(world.vm.told_of(), [vec![PHOTO_1.to_owned()], vec![]]);
}

#[tokio::test]
async fn a_file_waits_until_there_is_room_for_it_in_memory() {
    let world = RelayWorld::stopped(AgentScript::answers("a cat")).await;
    let relay = world.run().await;
    let others = relay.bodies().hold(BODY_BYTES_MAX).await.unwrap();
    world.channel.says(photo("1", "what is this?"));
    tokio::time::pause();
    tokio::time::sleep(Duration::from_secs(30)).await;
    tokio::time::resume();
    assert!(world.vm.inbox().is_empty(), "it is not even fetched");
    drop(others);
    world.until(&["a cat"]).await;
    assert_eq!(world.vm.inbox(), ["bytes of photo 1"]);
    assert_eq!(relay.bodies().free(), BODY_BYTES_MAX);
}

#[tokio::test]
async fn a_file_is_no_command_whatever_is_written_with_it() {
    let world = RelayWorld::new(AgentScript::answers("stopped what?")).await;
    world.channel.says(photo("1", "/stop"));
    world.until(&["stopped what?"]).await;
    assert_eq!(world.vm.asked(), ["/stop"]);
}

#[tokio::test]
async fn a_file_that_is_too_large_or_gone_is_told_of_and_harms_nothing() {
    let world = RelayWorld::new(AgentScript::answers("yes")).await;
    let mut large = photo("1", "look");
    if let InboundContent::File(file) = &mut large.content {
        file.bytes = Some(FILE_MAX + 1);
    }
    world.channel.says(large);
    world.settled(1).await;
    world.channel.fails_with(ChannelError::Refused("gone"));
    world.channel.says(photo("2", "look"));
    world.settled(2).await;
    world.channel.says(line("3", "are you there?"));

    let too_large = messages::file_too_large_in(Locale::English, FILE_MAX);
    let gone = &messages::FILE_NOT_FETCHED.said(Locale::English);
    world.until(&[&too_large, gone, "yes"]).await;
    assert_eq!(world.vm.told_of(), [Vec::<String>::new()]);
}

#[tokio::test]
async fn what_stands_in_the_way_of_a_file_is_waited_for() {
    let world = RelayWorld::new(AgentScript::answers("a cat")).await;
    for failure in [ChannelError::RateLimited { retry_after_ms: 10 }, ChannelError::InDoubt] {
        world.channel.fails_with(failure);
    }
    world.vm.answers_files_with(&[503, 401]);
    world.channel.says(photo("1", "what is this?"));
    world.until(&["a cat"]).await;
    assert_eq!(world.vm.inbox(), ["bytes of photo 1"]);
}

#[tokio::test]
async fn a_full_disk_is_told_of_at_once() {
    let world = RelayWorld::new(AgentScript::answers("yes")).await;
    world.vm.answers_files_with(&[507]);
    world.channel.says(photo("1", "look"));
    world.until(&[&messages::NO_ROOM.said(Locale::English)]).await;
    assert_eq!(world.vm.asked(), [""; 0]);
}

#[tokio::test]
async fn a_relay_that_dies_anywhere_brings_a_file_once() {
    for cut in KillPoint::ALL {
        let world = RelayWorld::stopped(AgentScript::answers("a cat")).await;
        world.channel.says(photo("1", "what is this?"));
        world.cut_at(cut).await;
        world.until(&["a cat"]).await;
        assert_eq!(world.vm.inbox(), ["bytes of photo 1"], "{cut:?}");
        assert_eq!(world.vm.told_of(), [[PHOTO_1]], "{cut:?}");
        assert_eq!(world.channel.texts(), ["a cat"], "{cut:?}");
    }
}

#[tokio::test]
async fn a_file_that_is_with_the_agent_is_not_fetched_again_after_a_death() {
    let world = RelayWorld::stopped(AgentScript::answers("a cat")).await;
    world.channel.says(photo("1", "what is this?"));
    world.cut_at(KillPoint::MidStream).await;
    world.until(&["a cat"]).await;
    assert_eq!(world.channel.fetched(), 1);
}

#[tokio::test]
async fn a_file_that_was_handed_out_before_a_stop_is_sent_all_the_same() {
    let events =
        vec![TurnEvent::Text { text: "Here.".into() }, left(0, "a.txt", 15), TurnEvent::Done];
    let world = RelayWorld::new(AgentScript::of(events)).await;
    world.vm.answers_files_with(&[503; 3]);
    world.channel.says(line("1", "make it"));
    world.until(&["Here."]).await;
    world.channel.says(line("2", "/stop"));
    let stopping = messages::stopping(Locale::English, 0);
    world.until(&["Here.\n\nStopped.", "[a.txt bytes of file 0]", &stopping]).await;
}

#[tokio::test]
async fn what_the_agent_left_is_sent_after_its_words() {
    let events = vec![
        TurnEvent::Text { text: "Here.".into() },
        left(0, "report.pdf", 15),
        left(1, "film.mp4", FILE_MAX + 1),
        TurnEvent::Done,
    ];
    let script = AgentScript::of(events);
    for world in
        [RelayWorld::stopped(script.clone()).await, RelayWorld::without_edits(script).await]
    {
        world.run().await;
        world.channel.says(line("1", "make it"));
        let too_large =
            messages::file_too_large_out(Locale::English, "film.mp4", FILE_MAX + 1, FILE_MAX);
        world.until(&["Here.", "[report.pdf bytes of file 0]", &too_large]).await;
        assert_eq!(world.channel.texts()[0], "Here.");
        world.delivered().await;
        assert_eq!(std::fs::read_dir(world.dir.path().join("sending")).unwrap().count(), 0);
    }
}

#[tokio::test]
async fn what_the_agent_left_and_is_not_sent_is_told_once() {
    let withheld = |reason, names: &[&str], count| TurnEvent::Withheld {
        reason,
        names: names.iter().map(|name| (*name).to_owned()).collect(),
        count,
    };
    let events = vec![
        TurnEvent::Text { text: "Here.".into() },
        withheld(WithheldReason::NotPlain, &["site"], 1),
        withheld(WithheldReason::TooMany, &["a", "b", "c"], 1_191),
        TurnEvent::Done,
    ];
    let world = RelayWorld::stopped(AgentScript::of(events)).await;
    world.channel.says(line("1", "make it"));
    world.cut_at(KillPoint::MidStream).await;
    world
        .until(&[
            "Here.",
            "Not sent from outbox/, because only plain files can be: site. Ask your agent for an \
             archive or a copy.",
            "Still in outbox/: a, b, c and 1188 more. Your next answers bring a few each; to get \
             all at once, ask your agent for one archive.",
        ])
        .await;
    world.delivered().await;
    assert_eq!(world.channel.texts().len(), 3);
}

#[test]
fn every_reason_to_withhold_a_file_is_a_sentence_in_each_language() {
    use WithheldReason::{NoOutbox, NoRoom, NotPlain, TooMany, TooSlow, Unreadable};
    for reason in [NoOutbox, NotPlain, Unreadable, NoRoom, TooSlow, TooMany] {
        let [english, german] = [Locale::English, Locale::German]
            .map(|locale| messages::withheld(locale, reason, &["a.txt".into()], 3));
        assert_ne!(english, german);
        for sentence in [english, german] {
            assert!(sentence.contains("outbox/") && sentence.ends_with('.'), "{sentence}");
            assert!(reason == NoOutbox || sentence.contains("a.txt"), "{sentence}");
        }
    }
}

#[tokio::test]
async fn a_file_that_the_service_refuses_is_said_to_be_where_it_is() {
    let events = vec![left(0, "virus.exe", 15), TurnEvent::Done];
    let world = RelayWorld::new(AgentScript::of(events)).await;
    world.channel.fails_with(ChannelError::Refused("blocked"));
    world.channel.says(line("1", "make it"));
    let refused = messages::file_not_sent(Locale::English, "virus.exe");
    world.until(&[&refused, &messages::NOTHING_SAID.said(Locale::English)]).await;
}

#[tokio::test]
async fn a_file_that_cannot_be_taken_now_is_taken_with_the_rest_of_the_stream() {
    let events =
        vec![TurnEvent::Text { text: "Here.".into() }, left(0, "a.txt", 15), TurnEvent::Done];
    let world = RelayWorld::new(AgentScript::of(events)).await;
    world.vm.answers_files_with(&[503]);
    world.channel.says(line("1", "make it"));
    world.until(&["Here.", "[a.txt bytes of file 0]"]).await;
    assert!(world.vm.attached_after().ends_with(&[1]), "{:?}", world.vm.attached_after());
}
