use zeroize::Zeroizing;

use super::*;
use crate::chat::{ChatId, ChatType, Inbound, InboundContent, MessageContext, MessageEdit, UserId};

fn inbound(id: &str) -> Inbound {
    Inbound {
        id: InboundId(id.into()),
        chat: ChatId("chat".into()),
        from: UserId("ada".into()),
        place: ChatType::Private,
        locale: None,
        message: None,
        content: InboundContent::Text(Zeroizing::new("hi".into())),
        context: MessageContext::default(),
    }
}

#[tokio::test(start_paused = true)]
async fn a_message_is_taken_only_when_it_is_acknowledged() {
    let inbox = Inbox::default();
    let first = inbox.put(inbound("1")).unwrap();
    let again = inbox.put(inbound("1")).unwrap();
    let other = inbox.put(inbound("2")).unwrap();
    inbox.acknowledge(&InboundId("1".into()));
    assert_eq!(first.taken().await, Ok(()));
    assert_eq!(again.taken().await, Ok(()));
    assert_eq!(other.taken().await, Err(RedeliveryNeeded));
}

#[tokio::test(start_paused = true)]
async fn a_full_inbox_takes_no_message() {
    let inbox = Inbox::default();
    let waiting: Vec<_> = (0..WAITING_MAX).map(|n| inbox.put(inbound(&n.to_string()))).collect();
    assert!(waiting.iter().all(Result::is_ok));
    assert!(inbox.put(inbound("one more")).is_err());
    assert!(matches!(inbox.next().await, Some(ChannelEvent::Inbound(_))));
    assert!(inbox.put(inbound("one more")).is_ok());
}

#[tokio::test]
async fn a_service_that_has_ended_still_hands_over_queued_messages() {
    let inbox = Inbox::default();
    let _delivery = inbox.put(inbound("1")).unwrap();
    inbox.end();
    assert!(inbox.put(inbound("2")).is_err());
    assert!(matches!(inbox.next().await, Some(ChannelEvent::Inbound(it)) if it.id.0 == "1"));
    assert_eq!(inbox.next().await, None);
}

fn edited(original: &str, id: &str, text: &str) -> Inbound {
    let edit = MessageEdit { original: InboundId(original.into()), sent_at_ms: 0 };
    let context = MessageContext { edit: Some(edit), ..MessageContext::default() };
    Inbound { content: InboundContent::Text(text.to_owned().into()), context, ..inbound(id) }
}

#[tokio::test]
async fn an_edit_takes_the_place_of_its_original_while_that_waits_and_no_longer() {
    let inbox = Inbox::default();
    let events = [inbound("1"), edited("1", "1/edit/9", "hello"), inbound("2")];
    let deliveries = inbox.put_all(events.into_iter().map(ChannelEvent::Inbound).collect());
    let Some(ChannelEvent::Inbound(first)) = inbox.next().await else { panic!("nothing came") };
    assert_eq!((first.id.0.as_str(), &first.context.edit), ("1", &None));
    assert_eq!(first.content, InboundContent::Text("hello".to_owned().into()));
    inbox.acknowledge(&first.id);
    for delivery in deliveries.into_iter().take(2) {
        assert_eq!(delivery.unwrap().unwrap().taken().await, Ok(()));
    }
    let _late = inbox.put(edited("1", "1/edit/10", "hello again")).unwrap();
    for id in ["2", "1/edit/10"] {
        assert!(matches!(inbox.next().await, Some(ChannelEvent::Inbound(it)) if it.id.0 == id));
    }
}
