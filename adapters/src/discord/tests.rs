use super::*;
use crate::chat::{AnswerKind, Button, ChatType, SecretField, SecretForm};

fn form(label: &str) -> SecretForm {
    let field = |id: &str| SecretField {
        id: id.to_owned(),
        label: label.to_owned(),
        example: "AC".to_owned(),
    };
    SecretForm {
        button: "Enter key".to_owned(),
        title: "Twilio key".to_owned(),
        fields: vec![field("sid"), field("token")],
    }
}

#[test]
fn a_forms_button_opens_its_fields_also_after_a_restart() {
    let mut message = Outbound::text("k", "Your key?").asking(AnswerKind::Secret);
    message.fields = Some(form("A label"));
    let message = message.with_buttons(vec![Button::new("back", "Back")]);
    let rows = components::rows(&message);
    let button = &rows[0]["components"][0];
    assert_eq!(button["label"], "Enter key");
    assert_eq!(rows[0]["components"][1]["custom_id"], "back");

    let modal = components::modal(button["custom_id"].as_str().unwrap()).unwrap();
    assert_eq!(modal["type"], 9);
    let inputs = modal["data"]["components"].as_array().unwrap();
    let ids: Vec<_> = inputs.iter().map(|row| &row["components"][0]["custom_id"]).collect();
    assert_eq!(ids, ["sid", "token"]);
    assert!(components::modal("back").is_none());
}

#[test]
fn a_form_whose_words_do_not_fit_a_button_asks_in_one_field() {
    let mut message = Outbound::text("k", "Your key?").asking(AnswerKind::Secret);
    message.fields = Some(form(&"long ".repeat(20)));
    let rows = components::rows(&message);
    let id = rows[0]["components"][0]["custom_id"].as_str().unwrap();
    assert!(id.len() <= 100);
    let modal = components::modal(id).unwrap();
    assert_eq!(modal["data"]["components"].as_array().unwrap().len(), 1);
}

#[test]
fn five_buttons_stand_in_a_row_and_a_key_has_one_nonce() {
    let buttons = (0..12).map(|n| Button::new(n.to_string(), "x".repeat(100))).collect();
    let rows = components::rows(&Outbound::text("k", "Which?").with_buttons(buttons));
    let lengths: Vec<_> = rows
        .as_array()
        .unwrap()
        .iter()
        .map(|row| row["components"].as_array().unwrap().len())
        .collect();
    assert_eq!(lengths, [5, 5, 2]);
    let (one, other) = (ChatId("1".into()), ChatId("2".into()));
    assert_eq!(nonce(&one, "k"), nonce(&one, "k"));
    assert_ne!(nonce(&one, "k"), nonce(&other, "k"));
    assert_eq!(nonce(&one, "k").len(), NONCE_CHARS);
}

#[test]
fn a_message_in_a_server_is_no_private_one_and_every_file_of_a_message_is_heard() {
    let user = json!({ "id": "7", "username": "ada", "discriminator": "0", "avatar": null });
    let file = |id: &str| {
        json!({
            "id": id, "filename": id, "size": 3, "url": "http://a.example", "proxy_url": "",
        })
    };
    let mut message = json!({
        "id": "1", "channel_id": "2", "author": user, "content": "two files", "tts": false,
        "timestamp": "2026-11-26T00:00:00Z", "edited_timestamp": null, "mention_everyone": false,
        "mentions": [], "mention_roles": [], "attachments": [file("3"), file("4")], "embeds": [],
        "pinned": false, "type": 0,
    });
    let inbound_of = |message: &Value| {
        let message = serde_json::from_value(message.clone()).unwrap();
        inbound::of_message(&message)
    };
    let of_person = inbound_of(&message);
    let ids: Vec<_> = of_person.iter().map(|it| it.id.0.as_str()).collect();
    assert_eq!(ids, ["1", "1/4"]);
    assert!(of_person.iter().all(|it| it.place == ChatType::Private));

    message["guild_id"] = json!("9");
    assert!(inbound_of(&message).iter().all(|it| it.place == ChatType::Group));
    message["author"]["bot"] = json!(true);
    assert_eq!(inbound_of(&message), []);
}
