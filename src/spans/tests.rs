use super::*;

#[test]
fn a_pseudonym_tells_chats_apart_and_holds_nothing_of_their_ids() {
    let chat = ChatId("4915112345678".into());
    let on_telegram = pseudonym("telegram", &chat);

    assert_eq!(on_telegram, pseudonym("telegram", &chat));
    assert_ne!(on_telegram, pseudonym("whatsapp", &chat));
    assert_ne!(on_telegram, pseudonym("telegram", &ChatId("4915112345679".into())));
    assert!(on_telegram.chars().all(|c| c.is_ascii_hexdigit()), "{on_telegram}");
    assert_eq!(on_telegram.len(), 16);
    let other_process = RandomState::new().hash_one(("telegram", &chat));
    assert_ne!(on_telegram, format!("{other_process:016x}"), "it needs the process's key");
}
