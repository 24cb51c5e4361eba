//! What becomes of a message that Twilio cannot take, cannot send, or does not answer for.

use std::time::Duration;

use adapters::channel::{Channel, ChannelError, ChannelEvent};
use adapters::chat::{Button, InboundContent, Outbound, OutboundFile};
use adapters::whatsapp::signature::{SignedContent, sign};
use bytes::Bytes;
use textslash::clock::Clock;
use textslash::sandbox::twilio::TwilioFault;

use super::world::WhatsAppWorld;

const A_DAY: Duration = Duration::from_secs(24 * 60 * 60);

async fn pass(time: Duration) {
    tokio::time::pause();
    tokio::time::advance(time).await;
    tokio::time::resume();
}

async fn following_tokio() -> WhatsAppWorld {
    WhatsAppWorld::with_clock(Clock::from_tokio(1_790_000_000_000)).await
}

/// Ada writes, and that she can be reached is told before what she wrote.
async fn writes_and_is_reachable(world: &WhatsAppWorld) {
    world.ada().says("back");
    assert_eq!(world.event().await, ChannelEvent::Reachable(world.chat()));
    let ChannelEvent::Inbound(inbound) = world.event().await else { panic!("told twice") };
    world.channel().acknowledge(&inbound.id).await;
    assert_eq!(inbound.content, InboundContent::Text("back".to_owned().into()));
}

#[tokio::test]
async fn what_came_too_late_is_read_once_when_the_person_writes_again() {
    let mut world = following_tokio().await;
    let mut ada = world.ada_who_wrote().await;
    world.dies_and_comes_back();
    pass(A_DAY).await;
    world.sends("late", "It is deployed.").await;
    world.is_unreachable().await;
    assert_eq!(ada.screen().len(), 1, "nothing comes outside the window");

    writes_and_is_reachable(&world).await;
    ada.reads("It is deployed.").await;
    world.sends("now", "Hello again.").await;
    ada.reads("Hello again.").await;
    let shown = ada.screen().into_iter().filter(|it| it.text == "It is deployed.");
    assert_eq!(shown.count(), 1);
    world.expect_only_described_calls();
}

#[tokio::test]
async fn a_day_after_the_last_message_nothing_is_tried_until_the_person_writes() {
    let world = following_tokio().await;
    let mut ada = world.ada_who_wrote().await;
    pass(A_DAY - Duration::from_secs(60)).await;
    world.sends("in time", "Just in time.").await;
    ada.reads("Just in time.").await;
    pass(Duration::from_secs(120)).await;
    let before = world.calls("POST", "/Messages.json").len();
    assert_eq!(world.tries("late", "Too late.").await, Err(ChannelError::Unreachable));
    assert_eq!(world.calls("POST", "/Messages.json").len(), before);
    writes_and_is_reachable(&world).await;
    world.sends("late", "Too late.").await;
    ada.reads("Too late.").await;
}

#[tokio::test]
async fn callbacks_that_are_old_repeated_forged_or_of_nobodys_change_nothing() {
    let world = WhatsAppWorld::new().await;
    let mut ada = world.ada_who_wrote().await;
    let sent = world.sends("k", "Hello.").await;
    ada.reads("Hello.").await;
    let status = async |sid: &str, token: &str| {
        let fields = [("MessageSid", sid), ("MessageStatus", "failed"), ("ErrorCode", "63016")];
        let fields = fields.map(|(name, value)| (name.to_owned(), value.to_owned()));
        let url = format!("{}/whatsapp/status", world.door);
        let signature = sign(token, &url, SignedContent::Form(&fields));
        world.posts("/whatsapp/status", &fields, Some(&signature)).await.0
    };
    let token = world.simulated.auth_token();
    assert_eq!(status(&sent.id, "another token").await, 403);
    assert_eq!(status(&format!("SM{}", "0".repeat(32)), token).await, 200);
    world.sends("open", "Still open.").await;

    assert_eq!(status(&sent.id, token).await, 200);
    assert_eq!(world.tries("closed", "?").await, Err(ChannelError::Unreachable));
    writes_and_is_reachable(&world).await;
    ada.reads("Still open.").await;
    assert_eq!(status(&sent.id, token).await, 200, "repeated");
    world.sends("open again", "Open again.").await;
    ada.reads("Open again.").await;
}

#[tokio::test]
async fn who_sends_too_fast_is_told_how_long_to_wait() {
    let world = WhatsAppWorld::new().await;
    let mut ada = world.ada_who_wrote().await;
    for (asked, obeyed) in [(Some(7), 7_000), (None, 3_000)] {
        world.simulated.faults().add(TwilioFault::Busy(asked));
        let refused = world.tries("k", "Quick.").await;
        assert_eq!(refused, Err(ChannelError::RateLimited { retry_after_ms: obeyed }));
    }
    world.sends("k", "Quick.").await;
    ada.reads("Quick.").await;
    assert_eq!(ada.unread(), Vec::<String>::new());
}

#[tokio::test]
async fn a_lost_answer_neither_loses_nor_doubles_a_message() {
    let world = WhatsAppWorld::new().await;
    let mut ada = world.ada_who_wrote().await;
    world.sends("first", "The same words.").await;
    ada.reads("The same words.").await;

    world.simulated.faults().add(TwilioFault::LostBefore);
    let doubt = world.tries("second", "The same words.").await;
    assert_eq!(
        doubt,
        Err(ChannelError::InDoubt),
        "the first message does not stand for the second"
    );
    let second = world.sends("second", "The same words.").await;
    ada.reads("The same words.").await;

    world.simulated.faults().add(TwilioFault::LostAfter);
    let third = world.sends("third", "The same words.").await;
    assert_ne!(third, second);
    assert_eq!(world.sends("third", "The same words.").await, third);
    ada.reads("The same words.").await;

    world.simulated.faults().add(TwilioFault::LostAfter);
    let buttons = vec![Button::new("yes", "Yes")];
    let question = Outbound::text("q", "Shall I?").with_buttons(buttons);
    let asked = world.channel().send(&world.chat(), &question).await.unwrap();
    assert_eq!(ada.screen().last().unwrap().sid, asked.id);

    world.simulated.faults().add(TwilioFault::LostAfter);
    let file = OutboundFile {
        key: "file".into(),
        name: "a.png".into(),
        media_type: "image/png".into(),
        bytes: Bytes::from_static(b"png"),
        caption: String::new(),
    };
    let sent = world.channel().send_file(&world.chat(), &file).await.unwrap();
    assert_eq!(ada.screen().last().unwrap().sid, sent.id);
    assert_eq!(ada.screen().len(), 6);
    world.expect_only_described_calls();
}

#[tokio::test]
async fn a_number_that_is_none_and_a_sender_that_is_not_there_are_refused() {
    let world = WhatsAppWorld::new().await;
    let nobody = adapters::chat::ChatId("whatsapp:nobody".into());
    let refused = world.channel().send(&nobody, &Outbound::text("k", "hello?")).await;
    assert!(matches!(refused, Err(ChannelError::Refused(_))), "{refused:?}");
}
