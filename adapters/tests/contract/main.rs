//! The promises of every channel, tried on each of them.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on stops")]

use std::sync::Arc;
use std::time::Duration;

use adapters::channel::{Channel, ChannelError, ChannelEvent, SecretEntry};
use adapters::chat::{
    AnswerKind, Button, ChatId, ChatType, Inbound, InboundContent, MessageRef, Outbound,
};
use adapters::text::{length, split};

mod people;
mod telegram;

use people::{ContractPerson, console, web};

/// Generous: a promise that is kept is kept at once.
const PATIENCE: Duration = Duration::from_secs(20);

const STRANGE: &str = "👩‍👩‍👧‍👦 e\u{301} \"quoted\" {\"type\":\"say\"} <b>&amp; *_`~ \\n 0 -1 '; --";

/// A channel with a person at its other end.
pub struct Fixture {
    channel: Arc<dyn Channel>,
    chat: ChatId,
    person: Box<dyn ContractPerson>,
    /// Whether the channel ends when the person leaves.
    ends: bool,
}

async fn fixtures() -> Vec<Fixture> {
    vec![console(), web().await]
}

impl Fixture {
    async fn inbound(&self) -> Inbound {
        let next = async {
            loop {
                match self.channel.next().await {
                    Some(ChannelEvent::Inbound(inbound)) => return inbound,
                    Some(ChannelEvent::Reachable(chat)) => assert_eq!(chat, self.chat),
                    None => panic!("{} has ended", self.channel.name()),
                }
            }
        };
        let late = || panic!("nothing came in on {}", self.channel.name());
        tokio::time::timeout(PATIENCE, next).await.unwrap_or_else(|_| late())
    }

    async fn sends(&self, message: &Outbound) -> MessageRef {
        self.channel.send(&self.chat, message).await.unwrap()
    }

    async fn person_sees(&mut self, text: &str) {
        let seen = tokio::time::timeout(PATIENCE, self.person.sees(text)).await;
        assert!(seen.is_ok(), "{text:?} was not seen on {}", self.channel.name());
    }
}

#[tokio::test]
async fn a_line_arrives_with_an_id_of_its_own_and_can_be_answered() {
    for mut world in fixtures().await {
        let mut ids = Vec::new();
        for text in ["hi", "hi", ""] {
            world.person.says(text).await;
            let inbound = world.inbound().await;
            assert_eq!(inbound.content, InboundContent::Text(text.to_owned().into()));
            assert_eq!((&inbound.chat, inbound.place), (&world.chat, ChatType::Private));
            assert!(!inbound.from.0.is_empty());
            assert!(!ids.contains(&inbound.id), "{:?} came twice", inbound.id);
            world.channel.acknowledge(&inbound.id).await;
            ids.push(inbound.id);
        }
        world.sends(&Outbound::text("answer", "Hello.")).await;
        world.person_sees("Hello.").await;
    }
}

#[tokio::test]
async fn long_and_strange_text_arrives_unharmed_both_ways() {
    for mut world in fixtures().await {
        for text in [STRANGE.to_owned(), STRANGE.repeat(100_000 / STRANGE.len())] {
            world.person.says(&text).await;
            let inbound = world.inbound().await;
            assert!(inbound.content == InboundContent::Text(text.clone().into()), "harmed");

            let can = world.channel.capabilities().clone();
            for (n, part) in split(&text, can.text_max, can.text_unit).iter().enumerate() {
                world.sends(&Outbound::text(format!("{}-{n}", text.len()), part)).await;
                world.person_sees(part).await;
            }
        }
    }
}

#[tokio::test]
async fn a_text_may_be_as_long_as_promised_and_no_longer() {
    for mut world in fixtures().await {
        let can = world.channel.capabilities().clone();
        let longest = "x".repeat(can.text_max);
        assert_eq!(length(&longest, can.text_unit), can.text_max);
        world.sends(&Outbound::text("longest", &longest)).await;
        world.person_sees(&longest).await;

        let too_long = Outbound::text("too long", longest + "x");
        let refused = world.channel.send(&world.chat, &too_long).await;
        assert!(matches!(refused, Err(ChannelError::Refused(_))), "{refused:?}");
    }
}

#[tokio::test]
async fn messages_are_edited_and_deleted_by_their_ids() {
    for mut world in fixtures().await {
        if !world.channel.capabilities().edits {
            continue;
        }
        let message = world.sends(&Outbound::text("m", "before")).await;
        world.person_sees("before").await;
        world.channel.edit(&message, &Outbound::text("m", "after")).await.unwrap();
        world.person_sees("after").await;

        world.channel.delete(&message).await.unwrap();
        let unknown = MessageRef { chat: world.chat.clone(), id: "unknown".into() };
        for gone in [&message, &unknown] {
            let edited = world.channel.edit(gone, &Outbound::text("m", "again")).await;
            assert_eq!(edited, Err(ChannelError::NoSuchMessage));
            assert_eq!(world.channel.delete(gone).await, Err(ChannelError::NoSuchMessage));
        }
    }
}

#[tokio::test]
async fn the_same_key_sent_twice_is_one_message() {
    for mut world in fixtures().await {
        let message = Outbound::text("key", "Only once.");
        let first = world.sends(&message).await;
        assert_eq!(world.sends(&message).await, first);
        world.sends(&Outbound::text("last", "The last.")).await;
        world.person_sees("The last.").await;
        assert_eq!(world.person.messages_saying("Only once."), 1, "on {}", world.channel.name());
    }
}

#[tokio::test]
async fn a_button_comes_back_with_its_id_and_its_message() {
    for mut world in fixtures().await {
        let buttons = vec![Button::new("deploy:1", "Deploy"), Button::new("no", "Leave it")];
        let question = Outbound::text("q", "Shall I?").with_buttons(buttons);
        let sent = world.sends(&question).await;
        world.person_sees("Shall I?").await;
        for button in &question.buttons {
            world.person.taps(&sent.id, button).await;
            let tap =
                InboundContent::Tap { button: button.id.clone(), message: Some(sent.clone()) };
            assert_eq!(world.inbound().await.content, tap);
        }
    }
}

#[tokio::test]
async fn a_credential_arrives_as_a_secret_and_is_not_printed() {
    for mut world in fixtures().await {
        if world.channel.capabilities().secret_entry != SecretEntry::Hidden {
            continue;
        }
        world.sends(&Outbound::text("q", "Your token?").asking(AnswerKind::Secret)).await;
        world.person_sees("Your token?").await;
        world.person.enters_secret("hunter2").await;
        let inbound = world.inbound().await;
        assert_eq!(inbound.content, InboundContent::Secret("hunter2".to_owned().into()));
        assert!(!format!("{inbound:?}").contains("hunter2"));

        world.person.says("/cancel").await;
        let inbound = world.inbound().await;
        assert_eq!(inbound.content, InboundContent::Text("/cancel".to_owned().into()));
    }
}

#[tokio::test]
async fn a_channel_that_ends_says_so() {
    for mut world in fixtures().await {
        world.person.says("bye").await;
        world.person.leaves().await;
        assert_eq!(world.inbound().await.content, InboundContent::Text("bye".to_owned().into()));
        if world.ends {
            assert_eq!(world.channel.next().await, None);
        }
    }
}
