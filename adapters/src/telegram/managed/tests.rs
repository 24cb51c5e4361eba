use serde_json::json;

use super::*;

fn ada() -> Value {
    json!({ "id": 7, "is_bot": false, "first_name": "Ada", "language_code": "de" })
}

#[test]
fn a_bot_is_told_of_by_an_update_or_by_a_message() {
    let bot = json!({ "id": 99, "is_bot": true, "first_name": "Ada's" });
    let by_update = json!({ "update_id": 1, "managed_bot": { "user": ada(), "bot": bot } });
    let by_message = json!({
        "update_id": 2,
        "message": { "message_id": 5, "from": ada(), "managed_bot_created": { "bot": bot } },
    });
    let expected = CreatedBot { bot: 99, owner: 7, locale: Some("de".to_owned()) };
    for update in [by_update, by_message] {
        assert_eq!(made(&update).as_ref(), Some(&expected), "{update}");
    }
}

#[test]
fn other_updates_tell_of_none() {
    for update in [
        json!({ "update_id": 1, "message": { "from": ada(), "text": "managed_bot" } }),
        json!({ "update_id": 1, "managed_bot": {} }),
        json!({ "update_id": 1, "managed_bot": { "bot": { "id": "99" }, "user": ada() } }),
        json!([]),
    ] {
        assert_eq!(made(&update), None, "{update}");
    }
}

#[test]
fn the_button_leads_to_telegrams_own_page() {
    let button = Button::new("make-bot:textslash_7_bot", "Make it for me");
    let page = page(&button, "textslash_bot").unwrap();
    assert_eq!(page.as_str(), "https://t.me/newbot/textslash_bot/textslash_7_bot");
    assert_eq!(super::page(&Button::new("yes", "Yes"), "textslash_bot"), None);
    let odd = super::page(&Button::new("make-bot:../x?y#z", "Make it"), "textslash_bot");
    assert_eq!(odd.unwrap().as_str(), "https://t.me/newbot/textslash_bot/..%2Fx%3Fy%23z");
}
