//! The log of a relay, as a log collector reads it.

use adapters::channel::ChannelError;
use adapters::chat::{ChatId, Inbound};
use serde_json::Value;

use super::*;
use crate::telemetry::tests::{CapturedLog, span_field};

fn in_other_chat(inbound: Inbound) -> Inbound {
    Inbound { chat: ChatId("the other chat".into()), ..inbound }
}

#[tokio::test]
async fn the_lines_of_two_chats_and_of_their_turns_can_be_told_apart() {
    let log = CapturedLog::start();
    let world = RelayWorld::new(AgentScript::answers("four")).await;

    world.channel.says(line("1", "first secret words"));
    world.channel.says(in_other_chat(line("2", "second secret words")));
    world.channel.says(line("3", "third secret words"));
    world.channel.says(in_other_chat(line("4", "fourth secret words")));
    world.settled(4).await;

    let lines = log.lines();
    let told = |words: &str, of: &str| -> Vec<Value> {
        let about = lines.iter().filter(|line| line["fields"]["message"] == words);
        about.map(|line| span_field(line, of)).collect()
    };
    let [one, other] = [0, 1].map(|at| told("a turn begins", "conversation")[at].clone());
    assert_ne!(one, other);
    let in_turn = [one.clone(), other.clone(), one, other];
    for words in ["a message was taken", "a turn begins", "a turn has ended"] {
        assert_eq!(told(words, "conversation"), in_turn, "{words}");
    }
    let turns = told("a turn begins", "turn");
    assert_eq!(turns, told("a turn has ended", "turn"), "a turn ends before the next one");
    assert_eq!(told("a turn begins", "number"), [1, 2, 3, 4]);
    let all = serde_json::to_string(&lines).unwrap();
    for private in ["secret words", "other chat", OWNER] {
        assert!(!all.contains(private), "{private} is in {all}");
    }
}

#[tokio::test]
async fn a_message_that_cannot_be_sent_is_logged_with_its_conversation() {
    let log = CapturedLog::start();
    let world = RelayWorld::new(AgentScript::answers("four")).await;
    world.channel.fails_with(ChannelError::Refused("the chat is closed"));
    world.channel.says(line("1", "two and two?"));
    world.settled(1).await;
    world.delivered().await;

    let lines = log.lines();
    let of = |words| lines.iter().find(|line| line["fields"]["message"] == words).unwrap();
    let refused = span_field(of("a message can never be sent"), "conversation");
    assert_eq!(refused, span_field(of("a turn begins"), "conversation"));
}
