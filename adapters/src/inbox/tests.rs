use zeroize::Zeroizing;

use super::*;
use crate::chat::{ChatId, Content, Inbound, Place, UserId};

fn inbound(id: &str) -> Inbound {
    Inbound {
        id: InboundId(id.into()),
        chat: ChatId("chat".into()),
        from: UserId("ada".into()),
        place: Place::Private,
        locale: None,
        message: None,
        content: Content::Text(Zeroizing::new("hi".into())),
    }
}

#[tokio::test(start_paused = true)]
async fn a_message_is_taken_only_when_it_is_acknowledged() {
    let inbox = Inbox::new();
    let first = inbox.put(inbound("1")).unwrap();
    let again = inbox.put(inbound("1")).unwrap();
    let other = inbox.put(inbound("2")).unwrap();
    inbox.acknowledge(&InboundId("1".into()));
    assert_eq!(first.taken().await, Ok(()));
    assert_eq!(again.taken().await, Ok(()));
    assert_eq!(other.taken().await, Err(NotTaken));
}

#[tokio::test(start_paused = true)]
async fn beyond_what_can_wait_nothing_is_taken_in() {
    let inbox = Inbox::new();
    let waiting: Vec<_> = (0..WAITING_MAX).map(|n| inbox.put(inbound(&n.to_string()))).collect();
    assert!(waiting.iter().all(Result::is_ok));
    assert!(inbox.put(inbound("one more")).is_err());
    assert!(matches!(inbox.next().await, Some(Event::Inbound(_))));
    assert!(inbox.put(inbound("one more")).is_ok());
}

#[tokio::test]
async fn a_service_that_has_ended_still_hands_over_what_is_in_line() {
    let inbox = Inbox::new();
    let _delivery = inbox.put(inbound("1")).unwrap();
    inbox.end();
    assert!(inbox.put(inbound("2")).is_err());
    assert!(matches!(inbox.next().await, Some(Event::Inbound(it)) if it.id.0 == "1"));
    assert_eq!(inbox.next().await, None);
}
