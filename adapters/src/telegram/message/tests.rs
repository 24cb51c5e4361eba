use serde_json::json;

use super::*;

const KEY: &str = "sk-ant-api03-0123456789abcdef0123456789abcdef";

fn user(id: i64, name: &str) -> Value {
    json!({ "id": id, "is_bot": false, "first_name": name, "language_code": "de" })
}

/// A message of Ada's in her chat with the bot, with these further fields.
fn message(fields: &Value) -> Value {
    let mut message = json!({
        "message_id": 5, "date": 1_790_000_000, "from": user(7, "Ada"),
        "chat": { "id": 7, "type": "private", "first_name": "Ada" },
    });
    for (name, value) in fields.as_object().unwrap() {
        message[name] = value.clone();
    }
    message
}

fn read_message(fields: &Value) -> Option<Inbound> {
    read(&json!({ "update_id": 1, "message": message(fields) }))
}

fn text(inbound: &Inbound) -> &str {
    match &inbound.content {
        InboundContent::Text(text) => text,
        InboundContent::File(file) => &file.caption,
        other => panic!("{other:?} has no text"),
    }
}

#[test]
fn a_forwarded_text_is_never_the_senders_own_words() {
    let channel = json!({ "id": -100, "type": "channel", "title": "News" });
    let at = 1_700_000_000;
    for (origin, author) in [
        (
            json!({ "type": "user", "date": at, "sender_user": user(8, "Bob") }),
            Author::Named("Bob".into()),
        ),
        (json!({ "type": "user", "date": at, "sender_user": user(7, "Ada") }), Author::Sender),
        (
            json!({ "type": "hidden_user", "date": at, "sender_user_name": "B." }),
            Author::Named("B.".into()),
        ),
        (
            json!({ "type": "channel", "date": at, "chat": channel, "message_id": 3 }),
            Author::Named("News".into()),
        ),
        (
            json!({ "type": "chat", "date": at, "sender_chat": channel }),
            Author::Named("News".into()),
        ),
        (json!({ "type": "an_origin_of_tomorrow", "date": at }), Author::Hidden),
    ] {
        let line = read_message(&json!({ "text": "/stop", "forward_origin": origin })).unwrap();
        assert_eq!(text(&line), "", "{origin}");
        let cited = &line.context.citations[0];
        assert_eq!((&cited.author, cited.text.as_str()), (&author, "/stop"), "{origin}");
        assert!(line.is_forwarded());

        let photo = json!([{ "file_id": "F", "file_unique_id": "U", "file_size": 3 }]);
        let fields = json!({ "photo": photo, "caption": "/stop", "forward_origin": origin });
        let photo = read_message(&fields).unwrap();
        assert!(matches!(&photo.content, InboundContent::File(file) if file.caption.is_empty()));
        assert_eq!(photo.context.citations[0].text, "/stop");
    }
}

#[test]
fn forwards_of_an_older_interface_and_words_of_another_bot_count_as_forwarded() {
    for mark in [
        json!({ "forward_date": 1, "forward_from": user(8, "Bob") }),
        json!({ "forward_date": 1, "forward_sender_name": "B." }),
        json!({ "forward_date": 1 }),
        json!({ "is_automatic_forward": true }),
        json!({ "via_bot": { "id": 9, "is_bot": true, "first_name": "Gif", "username": "gif" } }),
    ] {
        let mut fields = mark.clone();
        fields["text"] = json!("yes");
        let line = read_message(&fields).unwrap();
        assert!(line.is_forwarded() && text(&line).is_empty(), "{mark}");
    }
}

#[test]
fn a_reply_keeps_its_own_words_and_cites_the_original() {
    let by_bot = json!({ "id": 1, "is_bot": true, "first_name": "bot" });
    let replied = json!({ "message_id": 4, "from": by_bot, "text": "Shall I? Or not?" });
    let reply = read_message(&json!({ "text": "yes", "reply_to_message": replied })).unwrap();
    assert_eq!(text(&reply), "yes");
    let cited = &reply.context.citations[0];
    assert_eq!((cited.kind, &cited.author), (CitationKind::Quoted, &Author::Bot));
    assert_eq!(cited.text, "Shall I? Or not?");
    assert_eq!(cited.message.as_ref().unwrap().id, "4");
    assert!(!reply.is_forwarded());

    let part = json!({ "text": "Or not?", "position": 10, "is_manual": true });
    let fields = json!({ "text": "not", "reply_to_message": replied, "quote": part });
    assert_eq!(read_message(&fields).unwrap().context.citations[0].text, "Or not?");
}

#[test]
fn a_reply_to_a_message_in_another_chat_is_not_lost() {
    let origin = json!({ "type": "user", "date": 1, "sender_user": user(8, "Bob") });
    let elsewhere = json!({ "origin": origin });
    let part = json!({ "text": "Bob's words", "position": 0 });
    let fields = json!({ "text": "look", "external_reply": elsewhere, "quote": part });
    let reply = read_message(&fields).unwrap();
    assert_eq!(text(&reply), "look");
    assert_eq!(reply.context.citations[0].author, Author::Named("Bob".into()));
    assert_eq!(reply.context.citations[0].text, "Bob's words");

    let to_story = json!({ "text": "nice", "reply_to_story": { "id": 1, "chat": { "id": 8 } } });
    assert_eq!(text(&read_message(&to_story).unwrap()), "nice");
}

#[test]
fn an_edit_has_an_id_of_its_own_and_names_its_original() {
    let first = read_message(&json!({ "text": "helo" })).unwrap();
    let edited = message(&json!({ "text": "hello", "edit_date": 1_790_000_060 }));
    let edit =
        |update: u64| read(&json!({ "update_id": update, "edited_message": edited })).unwrap();
    assert_eq!(edit(2).context.edit.as_ref().unwrap().original, first.id);
    assert_eq!(edit(2).context.edit.unwrap().sent_at_ms, 1_790_000_000_000);
    assert_ne!(edit(2).id, first.id);
    assert_ne!(edit(2).id, edit(3).id);
    assert_eq!(edit(2).message, first.message);
}

#[test]
fn other_kinds_are_heard_as_unsupported_and_every_text_in_them_is_searched() {
    let options = json!([{ "text": "yes" }, { "text": KEY }]);
    for fields in [
        json!({ "venue": { "location": {}, "title": KEY, "address": "A" } }),
        json!({ "venue": { "location": {}, "title": "A", "address": KEY }, "location": {} }),
        json!({ "contact": { "phone_number": "1", "first_name": KEY } }),
        json!({ "contact": { "phone_number": "1", "first_name": "A", "vcard": KEY } }),
        json!({ "poll": { "id": "1", "question": "Which?", "options": options } }),
        json!({ "checklist": { "title": "T", "tasks": [{ "id": 1, "text": KEY }] } }),
        json!({ "a_kind_of_tomorrow": { "deep": [{ "er": KEY }] } }),
    ] {
        let inbound = read_message(&fields).unwrap();
        assert_eq!(inbound.content, InboundContent::Unsupported, "{fields}");
        assert!(inbound.context.searchable.0.contains(KEY), "{fields}");
        assert!(!format!("{inbound:?}").contains(KEY));
    }
    let file = json!({ "file_id": "F", "file_name": KEY });
    assert!(read_message(&json!({ "document": file })).unwrap().context.searchable.0.contains(KEY));
    let link = json!([{ "type": "text_link", "offset": 0, "length": 2, "url": KEY }]);
    let linked = read_message(&json!({ "text": "hi", "entities": link })).unwrap();
    assert!(linked.context.searchable.0.contains(KEY));
}

#[test]
fn notices_and_bots_are_not_heard() {
    assert_eq!(read_message(&json!({ "pinned_message": message(&json!({ "text": "hi" })) })), None);
    let by_bot = json!({ "id": 1, "is_bot": true, "first_name": "bot" });
    assert_eq!(read_message(&json!({ "text": "hi", "from": by_bot })), None);
    assert_eq!(read_message(&json!({ "text": "hi", "from": null })), None);
}

#[test]
fn deep_nesting_is_followed_to_a_limit() {
    let mut deep = json!(KEY);
    for _ in 0..100 {
        deep = json!([deep]);
    }
    assert!(read_message(&json!({ "text": "hi", "deep": deep })).is_some());
}
