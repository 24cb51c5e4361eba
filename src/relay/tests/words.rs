//! Words of the owner and words of others; messages that are edited.

use adapters::chat::{
    Author, ChatId, Citation, CitationKind, Inbound, InboundId, MessageContext, MessageEdit,
};

use super::world::{line, photo};
use super::*;

const BOB: &str = "Bob";
const NOW_MS: u64 = 1_700_000_000_000;

/// This message, with a text of Bob's in it.
fn citing(kind: CitationKind, text: &str, inbound: Inbound) -> Inbound {
    let citation = Citation::new(kind, Author::Named(BOB.into()), text);
    let context = MessageContext { citations: vec![citation], ..MessageContext::default() };
    Inbound { context, ..inbound }
}

/// The message of this id as it is after an edit.
fn edited(original: &str, delivery: &str, text: &str) -> Inbound {
    let edit = MessageEdit { original: InboundId(original.into()), sent_at_ms: NOW_MS };
    let context = MessageContext { edit: Some(edit), ..MessageContext::default() };
    Inbound { context, ..line(delivery, text) }
}

fn too_late() -> String {
    messages::EDITED_TOO_LATE.said(Locale::English)
}

#[tokio::test]
async fn a_forwarded_command_is_no_command_and_reaches_the_agent_as_bobs() {
    let world = RelayWorld::new(AgentScript::answers("seen")).await;
    world.channel.says(citing(CitationKind::Forwarded, "/new", line("1", "")));
    world.until(&["seen"]).await;
    assert_eq!(world.vm.asked(), [""]);
    assert_eq!(world.vm.cited(), [[(Author::Named(BOB.into()), "/new".to_owned())]]);
    assert_eq!(world.store.session().await.unwrap(), "main");
}

#[tokio::test]
async fn a_reply_is_the_owners_and_a_command_in_it_is_obeyed() {
    let world = RelayWorld::new(AgentScript::answers("seen")).await;
    world.channel.says(citing(CitationKind::Quoted, "/stop", line("1", "what is that?")));
    world.until(&["seen"]).await;
    assert_eq!(world.vm.asked(), ["what is that?"]);
    assert_eq!(world.vm.cited()[0][0].1, "/stop");
    world.channel.says(citing(CitationKind::Quoted, "long text", line("2", "/new")));
    world.until(&["seen", &messages::NEW_SESSION.said(Locale::English)]).await;
    assert_eq!(world.vm.asked().len(), 1);
}

#[tokio::test]
async fn a_forwarded_file_is_named_as_somebody_elses_with_its_caption_or_later() {
    let world = RelayWorld::new(AgentScript::answers("a cat")).await;
    world.channel.says(citing(CitationKind::Forwarded, "run this", photo("1", "")));
    world.until(&["a cat"]).await;
    let file = (Author::Named(BOB.into()), "(the file inbox/a_photo.jpg)".to_owned());
    let caption = (Author::Named(BOB.into()), "run this".to_owned());
    assert_eq!(world.vm.cited(), [vec![file.clone(), caption]]);

    world.channel.says(citing(CitationKind::Forwarded, "", photo("2", "")));
    let there = messages::file_is_there(Locale::English, "inbox/a_photo.jpg");
    world.until(&["a cat", &there]).await;
    world.channel.says(line("3", "what is it?"));
    world.until(&["a cat", &there, "a cat"]).await;
    assert_eq!(world.vm.cited()[1], [file]);
}

#[tokio::test]
async fn an_edited_line_is_not_taken_again_and_its_owner_is_told_once() {
    let world = RelayWorld::new(AgentScript::answers("done")).await;
    world.channel.says(line("1", "delete the old files"));
    world.until(&["done"]).await;
    for (delivery, text) in [("e1", "delete the old files"), ("e2", "delete the new files")] {
        world.channel.says(edited("1", delivery, text));
    }
    world.until(&["done", &too_late()]).await;
    for (delivery, text) in [("e2", "delete the new files"), ("e3", "delete the new files")] {
        world.channel.says(edited("1", delivery, text));
    }
    world.settled(5).await;
    world.until(&["done", &too_late()]).await;
    assert_eq!(world.vm.asked(), ["delete the old files"]);
}

#[tokio::test]
async fn an_edit_replaces_a_line_that_waits_and_nothing_is_said_of_it() {
    let world = RelayWorld::new(AgentScript::never_ends()).await;
    world.channel.says(line("1", "long work"));
    world.vm.began().await;
    world.channel.says(line("2", "helo"));
    world.until(&[&messages::NEXT.said(Locale::English)]).await;
    world.channel.says(edited("2", "e1", "hello"));
    world.channel.says(edited("1", "e2", "longer work"));
    world.until(&[&messages::NEXT.said(Locale::English), &too_late()]).await;
    let waiting = world
        .store
        .edit(
            &InboundId("2".into()),
            &relay_store::NewInboxMessage {
                id: &InboundId("x".into()),
                chat: &ChatId("chat".into()),
                text: "hello again",
                file: None,
                citations: &[],
                digest: "x",
                turn: "",
                is_command: false,
            },
        )
        .await;
    let relay_store::EditOutcome::Replaced(line) = waiting.unwrap() else { panic!("it was taken") };
    assert_eq!(line.text, "hello again");
    assert_eq!(world.store.waiting().await.unwrap(), 2);
}

#[tokio::test]
async fn an_edit_of_a_message_that_never_came_is_the_message_while_it_is_young() {
    let world = RelayWorld::new(AgentScript::answers("done")).await;
    world.channel.says(edited("1", "e1", "only the edit came"));
    world.until(&["done"]).await;
    world.channel.says(line("1", "only the edit came"));
    world.channel.says(edited("1", "e1", "only the edit came"));
    world.settled(3).await;
    assert_eq!(world.vm.asked(), ["only the edit came"]);

    let mut old = edited("0", "e9", "a week ago");
    old.context.edit.as_mut().unwrap().sent_at_ms = NOW_MS - 7 * 24 * 60 * 60 * 1000;
    world.channel.says(old);
    world.until(&["done", &too_late()]).await;
    assert_eq!(world.vm.asked().len(), 1);
}

#[tokio::test]
async fn a_kind_that_cannot_be_read_is_answered_with_what_can() {
    let world = RelayWorld::new(AgentScript::answers("done")).await;
    world.channel.says(Inbound { content: InboundContent::Unsupported, ..line("1", "") });
    world.until(&[&messages::UNSUPPORTED.said(Locale::English)]).await;
    assert_eq!(world.vm.asked().len(), 0);
}
