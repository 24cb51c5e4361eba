//! What Discord's gateway may tell: the shape chooses whether the body is a whole payload, or what
//! a message or an interaction is said to be.

use adapters::chat::{Attachment, ChatType, Inbound, InboundContent};
use adapters::discord::done_in;
use serde_json::Value;

use super::file_names::expect_to_stay;

/// Ids of Discord's with their separators.
const ID_BYTES_MAX: usize = 3 * 20 + 2;

/// Whoever is heard is a person who is named whole, nobody in a server is taken for private, and
/// only what a modal asked for is a secret.
pub(super) fn discord_payloads(shape: u8, body: &[u8]) {
    let payload = match shape % 3 {
        0 => body.to_vec(),
        1 => dispatch("MESSAGE_CREATE", body),
        _ => dispatch("INTERACTION_CREATE", body),
    };
    let told: Value = serde_json::from_slice(&payload).unwrap_or_default();
    let heard = done_in(&payload);
    for inbound in &heard {
        expect_addressed(inbound);
        let is_private = inbound.place == ChatType::Private;
        assert!(!is_private || told["d"]["guild_id"].is_null(), "heard from a server: {told}");
        expect_meant(&told, &inbound.content);
    }
    let mut ids: Vec<_> = heard.iter().map(|it| &it.id).collect();
    ids.sort();
    ids.dedup();
    assert!(ids.len() == heard.len() || has_twins(&told["d"]), "one would be lost: {told}");
}

fn dispatch(kind: &str, body: &[u8]) -> Vec<u8> {
    [format!("{{\"op\":0,\"s\":1,\"t\":\"{kind}\",\"d\":").as_bytes(), body, b"}"].concat()
}

/// Chat and person are numbers, and not zero: they stand in paths, and one of them is the owner's.
fn expect_addressed(inbound: &Inbound) {
    let is_number = |id: &str| id.parse::<u64>().is_ok_and(|id| id != 0);
    assert!(is_number(&inbound.chat.0), "{:?}", inbound.chat);
    assert!(is_number(&inbound.from.0), "{:?}", inbound.from);
    let is_id = |id: &str| id.len() <= ID_BYTES_MAX && id.split('/').all(is_number);
    let id = inbound.id.0.split("/edit/").next().unwrap_or_default();
    assert!(is_id(id), "{:?}", inbound.id);
    if let Some(edit) = &inbound.context.edit {
        assert!(is_id(&edit.original.0) && inbound.id != edit.original, "{edit:?}");
    }
    if let Some(message) = &inbound.message {
        assert!(message.chat == inbound.chat && is_number(&message.id), "{message:?}");
    }
}

fn expect_meant(told: &Value, content: &InboundContent) {
    match content {
        InboundContent::Text(_) | InboundContent::Unsupported
            if told["t"] == "MESSAGE_CREATE" || told["t"] == "MESSAGE_UPDATE" =>
        {
            assert_ne!(told["d"]["author"]["bot"], true, "a bot is heard: {told}");
        }
        InboundContent::Unsupported => panic!("only a message has a kind: {told}"),
        InboundContent::Text(text) => assert!(text.starts_with('/'), "a command is a line: {told}"),
        InboundContent::Secret(_) => {
            assert_eq!(told["d"]["type"], 5, "nobody asked for it: {told}")
        }
        InboundContent::Tap { button, .. } => {
            assert_ne!(button.split('|').next(), Some("form"), "a form is no answer: {told}");
        }
        InboundContent::File(file) => expect_harmless(file),
    }
}

fn expect_harmless(file: &Attachment) {
    let parts = file.id.split('/').filter(|part| part.parse::<u64>().is_ok_and(|id| id != 0));
    assert_eq!(parts.count(), 3, "{:?}", file.id);
    expect_to_stay(&file.name);
}

/// Discord gives no two files one id.
fn has_twins(told: &Value) -> bool {
    let files = told["attachments"].as_array().map(Vec::as_slice).unwrap_or_default();
    let mut ids: Vec<_> = files.iter().map(|file| file["id"].to_string()).collect();
    ids.sort();
    let all = ids.len();
    ids.dedup();
    ids.len() < all
}
