//! The simulated Bot API, called as any program would call it.

use adapters::chat::UserId;
use adapters::telegram::verify_init_data;
use bytes::Bytes;
use serde_json::{Value, json};
use textslash::clock::Clock;

use super::world::{ADA, TelegramWorld, read};

const BOUNDARY: &str = "form";

fn part(name: &str, value: &str) -> String {
    format!("--{BOUNDARY}\r\ncontent-disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n")
}

#[tokio::test]
async fn a_method_is_called_in_any_case_by_get_and_post_and_in_any_encoding() {
    let world = TelegramWorld::idle().await;
    let ada = world.ada();
    let url = format!("{}/bot{}/SendMessage?chat_id={ADA}&text=got+it", world.base, world.token);
    assert_eq!(read(reqwest::get(url).await.unwrap()).await.0, 200);
    let form = format!("chat_id={ADA}&text=urlencoded");
    let parts = part("chat_id", &ADA.to_string()) + &part("text", "multipart");
    let multipart = format!("multipart/form-data; boundary={BOUNDARY}");
    let json = json!({ "chat_id": ADA, "text": "json" }).to_string();
    for (method, kind, body) in [
        ("sendMessage", "application/x-www-form-urlencoded", form),
        ("sendmessage", &multipart, format!("{parts}--{BOUNDARY}--\r\n")),
        ("SENDMESSAGE", "application/json", json),
    ] {
        let (status, answer) = world.posts(method, kind, body).await;
        assert_eq!(status, 200, "{answer}");
    }
    let texts: Vec<_> = ada.screen().into_iter().map(|shown| shown.text).collect();
    assert_eq!(texts, ["got it", "urlencoded", "multipart", "json"]);
}

#[tokio::test]
async fn a_call_that_telegram_refuses_is_refused_in_its_words() {
    let world = TelegramWorld::idle().await;
    let mut ada = world.ada();
    ada.says("mine");
    let mine = ada.screen()[0].id;
    let message = |text: &str| json!({ "chat_id": ADA, "text": text });
    let keyboard = |button: Value| {
        let markup = json!({ "inline_keyboard": [[button]] });
        json!({ "chat_id": ADA, "text": "?", "reply_markup": markup })
    };
    let data = json!({ "text": "A", "callback_data": "x".repeat(65) });
    let page = json!({ "text": "A", "web_app": { "url": "http://example.com" } });
    let edit = |id: i32| json!({ "chat_id": ADA, "message_id": id, "text": "new" });
    for (method, parameters, status, words) in [
        ("sendMessage", message(" \n"), 400, "message text is empty"),
        ("sendMessage", message(&"😀".repeat(2049)), 400, "message is too long"),
        ("sendMessage", json!({ "chat_id": 1, "text": "hi" }), 400, "chat not found"),
        ("sendMessage", keyboard(data), 400, "BUTTON_DATA_INVALID"),
        ("sendMessage", keyboard(page), 400, "URL"),
        ("editMessageText", edit(99), 400, "message to edit not found"),
        ("editMessageText", edit(mine), 400, "message can't be edited"),
        (
            "deleteMessage",
            json!({ "chat_id": ADA, "message_id": 99 }),
            400,
            "message to delete not found",
        ),
        ("getFile", json!({ "file_id": "nothing" }), 400, "wrong file"),
        ("setWebhook", json!({ "url": "http://example.com" }), 400, "HTTPS URL must be provided"),
        (
            "setWebhook",
            json!({ "url": "https://a.example", "secret_token": "ä" }),
            400,
            "unallowed characters",
        ),
        ("sendNothing", json!({}), 404, "Not Found"),
    ] {
        let body = parameters.to_string();
        let (got, answer) = world.posts(method, "application/json", body).await;
        let described = answer["description"].as_str().unwrap_or_default();
        assert_eq!((got, answer["ok"].as_bool()), (status, Some(false)), "{method} {parameters}");
        assert_eq!(answer["error_code"], status, "{method}");
        assert!(described.contains(words), "{method} {parameters}: {described}");
    }
    ada.blocks();
    let (status, answer) = world.calls("sendMessage", message("hi")).await;
    assert_eq!(
        (status, &answer["description"]),
        (403, &json!("Forbidden: bot was blocked by the user"))
    );
}

#[tokio::test]
async fn a_token_that_is_not_a_bots_is_told_apart_from_one_that_is_no_token() {
    let world = TelegramWorld::idle().await;
    for (token, status, words) in [
        (format!("123456:{}", "A".repeat(35)), 401, "Unauthorized"),
        ("nonsense".to_owned(), 404, "Not Found"),
    ] {
        let url = format!("{}/bot{token}/getMe", world.base);
        let answer = read(reqwest::get(url).await.unwrap()).await;
        assert_eq!(
            answer,
            (status, json!({ "ok": false, "error_code": status, "description": words }))
        );
    }
    assert_eq!(world.calls("getMe", json!({})).await.1["result"]["username"], "textslash_bot");
}

#[tokio::test]
async fn updates_are_held_until_the_offset_passes_them() {
    let world = TelegramWorld::idle().await;
    let mut ada = world.ada();
    ["one", "two", "three"].iter().for_each(|text| ada.says(text));
    let texts = async |parameters: Value| -> Vec<String> {
        let (status, answer) = world.calls("getUpdates", parameters).await;
        assert_eq!(status, 200, "{answer}");
        let updates = answer["result"].as_array().cloned().unwrap();
        updates
            .iter()
            .map(|update| update["message"]["text"].as_str().unwrap().to_owned())
            .collect()
    };
    assert_eq!(texts(json!({ "limit": 2 })).await, ["one", "two"]);
    assert_eq!(texts(json!({})).await, ["one", "two", "three"], "nothing was confirmed");
    assert_eq!(texts(json!({ "offset": 2 })).await, ["two", "three"]);
    assert_eq!(texts(json!({ "offset": 1 })).await, ["two", "three"], "confirmed for good");
    assert_eq!(texts(json!({ "offset": -1 })).await, ["three"], "the last one, the rest forgotten");
    assert_eq!(texts(json!({ "offset": 4, "timeout": 0 })).await, Vec::<String>::new());
}

#[tokio::test]
async fn only_the_kinds_of_updates_that_were_asked_for_come() {
    let world = TelegramWorld::idle().await;
    let mut ada = world.ada();
    let asked = json!({ "allowed_updates": ["callback_query"] });
    assert_eq!(world.calls("getUpdates", asked).await.1["result"], json!([]));
    ada.says("unheard");
    let keyboard = json!({ "inline_keyboard": [[{ "text": "Yes", "callback_data": "yes" }]] });
    let question = json!({ "chat_id": ADA, "text": "?", "reply_markup": keyboard });
    world.calls("sendMessage", question).await;
    ada.taps("Yes");
    let (_, answer) = world.calls("getUpdates", json!({})).await;
    let updates = answer["result"].as_array().unwrap();
    assert_eq!(updates.len(), 1, "{answer}");
    assert_eq!(updates[0]["callback_query"]["data"], "yes");
}

#[tokio::test]
async fn one_asks_for_updates_at_a_time_and_none_beside_a_webhook() {
    let world = TelegramWorld::idle().await;
    let held = world.calls("getUpdates", json!({ "timeout": 50 }));
    let newer = async {
        while world.simulated.calls().is_empty() {
            tokio::task::yield_now().await;
        }
        world.calls("getUpdates", json!({ "timeout": 0 })).await
    };
    let (held, newer) = tokio::join!(held, newer);
    assert_eq!((held.0, newer.0), (409, 200));
    let words = held.1["description"].as_str().unwrap();
    assert!(words.starts_with("Conflict: terminated by other getUpdates request"), "{words}");

    let set = json!({ "url": "https://bot.example/telegram", "allowed_updates": ["message"] });
    assert_eq!(world.calls("setWebhook", set).await.0, 200);
    let info = world.calls("getWebhookInfo", json!({})).await.1;
    assert_eq!(info["result"]["url"], "https://bot.example/telegram");
    assert_eq!(info["result"]["allowed_updates"], json!(["message"]));
    let (status, answer) = world.calls("getUpdates", json!({})).await;
    let words = answer["description"].as_str().unwrap();
    assert_eq!(status, 409);
    assert!(words.starts_with("Conflict: can't use getUpdates method while webhook"), "{words}");
    world.ada().says("waits");
    world.calls("deleteWebhook", json!({ "drop_pending_updates": true })).await;
    assert_eq!(world.calls("getUpdates", json!({})).await.1["result"], json!([]));
    assert_eq!(world.calls("getWebhookInfo", json!({})).await.1["result"]["url"], "");
}

#[tokio::test]
async fn what_a_person_does_is_told_as_the_bot_api_describes_it() {
    let world = TelegramWorld::idle().await;
    let mut ada = world.ada();
    let keyboard = json!({ "inline_keyboard": [[{ "text": "Yes", "callback_data": "yes" }]] });
    let question = json!({ "chat_id": ADA, "text": "?", "reply_markup": keyboard });
    let sent = world.calls("sendMessage", question).await.1["result"]["message_id"].clone();
    ada.says("hi");
    ada.taps("Yes");
    ada.sends_file("notes.txt", Bytes::from_static(b"notes"), "read this");
    ada.blocks();
    ada.unblocks();
    let (status, answer) = world.calls("getUpdates", json!({})).await;
    assert_eq!(status, 200);
    let updates = answer["result"].as_array().unwrap();
    assert_eq!(updates.len(), 5, "{answer}");
    assert_eq!(updates[1]["callback_query"]["message"]["message_id"], sent);
    let file = updates[2]["message"]["document"]["file_id"].clone();
    let file = world.calls("getFile", json!({ "file_id": file })).await.1;
    let path = file["result"]["file_path"].as_str().unwrap();
    let got = reqwest::get(format!("{}/file/bot{}/{path}", world.base, world.token)).await.unwrap();
    assert_eq!(got.bytes().await.unwrap(), "notes");
    assert_eq!(world.calls("getChat", json!({ "chat_id": ADA })).await.0, 200);
    let deleted = json!({ "chat_id": ADA, "message_ids": [sent, 99] });
    assert_eq!(world.calls("deleteMessages", deleted).await.0, 200);
}

#[tokio::test]
async fn init_data_of_a_mini_app_holds_for_its_bot_and_its_hour() {
    const MINUTES_10: u64 = 600_000;
    let world = TelegramWorld::idle().await;
    let data = world.ada().init_data();
    let now_ms = Clock::system().now_ms();
    let opened = verify_init_data(&world.token, &data, now_ms, MINUTES_10).unwrap();
    assert_eq!(opened.user, UserId(ADA.to_string()));
    let other = world.simulated.mint_bot("other_bot");
    assert!(verify_init_data(&other, &data, now_ms, MINUTES_10).is_err());
    assert!(verify_init_data(&world.token, &data, now_ms + 2 * MINUTES_10, MINUTES_10).is_err());
    assert!(verify_init_data(&world.token, &data, now_ms - MINUTES_10, MINUTES_10).is_err());
}
