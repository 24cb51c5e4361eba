//! Messages of people, read field by field from Telegram's JSON.
//!
//! The library's `Message` loses what it does not know: a reply to a text in another chat, or a
//! kind of message that is newer than the library, is read as a message without content. Here an
//! unknown kind is [`InboundContent::Unsupported`], and every text in it can still be searched.

use serde_json::{Map, Value};
use zeroize::Zeroizing;

use crate::chat::{
    Attachment, Author, ChatId, ChatType, Citation, CitationKind, Inbound, InboundContent,
    InboundId, MessageContext, MessageEdit, MessageRef, SearchableText, UserId,
};

#[cfg(test)]
mod tests;

/// Fields of service messages (Bot API, `Message`): Telegram writes them, no person does, so that
/// they need no answer.
const NOTICES: [&str; 44] = [
    "new_chat_members",
    "left_chat_member",
    "chat_owner_left",
    "chat_owner_changed",
    "new_chat_title",
    "new_chat_photo",
    "delete_chat_photo",
    "group_chat_created",
    "supergroup_chat_created",
    "channel_chat_created",
    "message_auto_delete_timer_changed",
    "migrate_to_chat_id",
    "migrate_from_chat_id",
    "pinned_message",
    "successful_payment",
    "refunded_payment",
    "users_shared",
    "chat_shared",
    "gift",
    "unique_gift",
    "gift_upgrade_sent",
    "connected_website",
    "write_access_allowed",
    "passport_data",
    "proximity_alert_triggered",
    "boost_added",
    "chat_background_set",
    "checklist_tasks_done",
    "checklist_tasks_added",
    "direct_message_price_changed",
    "forum_topic_created",
    "forum_topic_edited",
    "forum_topic_closed",
    "forum_topic_reopened",
    "general_forum_topic_hidden",
    "general_forum_topic_unhidden",
    "giveaway_created",
    "giveaway_completed",
    "managed_bot_created",
    "paid_message_price_changed",
    "poll_option_added",
    "poll_option_deleted",
    "video_chat_ended",
    "web_app_data",
];

/// Fields with Telegram's own text or a person's name.
const NOT_SEARCHED: [&str; 9] = [
    "from",
    "chat",
    "sender_user",
    "sender_chat",
    "file_id",
    "file_unique_id",
    "type",
    "mime_type",
    "language_code",
];

/// Levels of JSON that are searched; a message that is cited within another has about eight.
const DEPTH_MAX: usize = 24;

/// Kinds of files, with the name of one that has none. `animation` and `live_photo` come with a
/// `document` or `photo` beside them.
const FILES: [(&str, &str); 5] = [
    ("document", "document"),
    ("voice", "voice.ogg"),
    ("audio", "audio.mp3"),
    ("video", "video.mp4"),
    ("video_note", "video.mp4"),
];

/// Reads the message of an update, new or edited; `None` for a message that no person wrote.
pub(super) fn read(update: &Value) -> Option<Inbound> {
    let (message, is_edit) = match &update["edited_message"] {
        Value::Null => (&update["message"], false),
        edited => (edited, true),
    };
    let from =
        message["from"].as_object().filter(|from| from.get("is_bot") != Some(&true.into()))?;
    let chat = message["chat"]["id"].as_i64()?;
    let number = message["message_id"].as_i64()?;
    let content = content_of(message)?;
    let own = MessageRef { chat: ChatId(chat.to_string()), id: number.to_string() };
    let original = InboundId(format!("{chat}/{number}"));
    let edit = is_edit.then(|| MessageEdit {
        original: original.clone(),
        sent_at_ms: message["date"].as_u64().unwrap_or_default().saturating_mul(1000),
    });
    let id = match (&edit, update["update_id"].as_i64()) {
        (Some(_), Some(update)) => InboundId(format!("{}/edit/{update}", original.0)),
        _ => original,
    };
    let place = match message["chat"]["type"].as_str() {
        Some("private") => ChatType::Private,
        _ => ChatType::Group,
    };
    Some(Inbound {
        id,
        chat: own.chat.clone(),
        from: UserId(from.get("id")?.as_i64()?.to_string()),
        place,
        locale: from.get("language_code").and_then(Value::as_str).map(str::to_owned),
        content,
        context: MessageContext {
            citations: citations(message, &own.chat),
            edit,
            searchable: SearchableText(searchable(message)),
        },
        message: Some(own),
    })
}

/// The sender's own words and file; nothing for a notice.
fn content_of(message: &Value) -> Option<InboundContent> {
    if NOTICES.iter().any(|notice| !message[*notice].is_null()) {
        return None;
    }
    let own = |words: &Value| match forwarded_from(message) {
        Some(_) => String::new(),
        None => words.as_str().unwrap_or_default().to_owned(),
    };
    if message["text"].is_string() {
        return Some(InboundContent::Text(Zeroizing::new(own(&message["text"]))));
    }
    Some(match file_of(message) {
        Some(file) => {
            InboundContent::File(Box::new(Attachment { caption: own(&message["caption"]), ..file }))
        }
        None => InboundContent::Unsupported,
    })
}

/// The file of a message, without its caption.
fn file_of(message: &Value) -> Option<Attachment> {
    let largest = message["photo"].as_array().and_then(|sizes| sizes.last());
    let photo = largest.and_then(|it| attachment(it, "photo.jpg", Some("image/jpeg")));
    let others = || FILES.iter().find_map(|(kind, name)| attachment(&message[*kind], name, None));
    photo.or_else(others)
}

fn attachment(file: &Value, name: &str, media_type: Option<&str>) -> Option<Attachment> {
    Some(Attachment {
        id: file["file_id"].as_str()?.to_owned(),
        name: file["file_name"].as_str().unwrap_or(name).to_owned(),
        media_type: file["mime_type"].as_str().or(media_type).map(str::to_owned),
        bytes: file["file_size"].as_u64(),
        caption: String::new(),
    })
}

/// Text of others: a forwarded message, and the message that a reply replies to.
fn citations(message: &Value, chat: &ChatId) -> Vec<Citation> {
    let forwarded = forwarded_from(message)
        .map(|author| Citation::new(CitationKind::Forwarded, author, words_of(message)));
    forwarded.into_iter().chain(quoted(message, chat)).collect()
}

/// The message that a reply replies to: the quoted part, else all of it.
fn quoted(message: &Value, chat: &ChatId) -> Option<Citation> {
    let (replied_to, elsewhere) = (&message["reply_to_message"], &message["external_reply"]);
    let author = match (forwarded_from(replied_to), &elsewhere["origin"]) {
        (Some(author), _) => author,
        (None, Value::Null) => author_of(&replied_to["from"], &message["from"]),
        (None, origin) => author_at(origin, &message["from"]),
    };
    let part = message["quote"]["text"].as_str().filter(|part| !part.is_empty());
    let text = match (part, replied_to.is_object(), elsewhere.is_object()) {
        (Some(part), _, _) => part.to_owned(),
        (None, true, _) => words_of(replied_to),
        (None, false, true) => searchable(elsewhere).to_string(),
        (None, false, false) => return None,
    };
    let named = replied_to["message_id"].as_i64();
    let message = named.map(|id| MessageRef { chat: chat.clone(), id: id.to_string() });
    let citation = Citation { message, ..Citation::new(CitationKind::Quoted, author, text) };
    (!citation.text.is_empty()).then_some(citation)
}

/// Text or caption of a message; of other kinds whatever text there is.
fn words_of(message: &Value) -> String {
    match message["text"].as_str().or(message["caption"].as_str()) {
        Some(words) => words.to_owned(),
        None if file_of(message).is_some() => String::new(),
        None => searchable(message).to_string(),
    }
}

/// The author of a message that was forwarded, or that another bot wrote in its sender's name;
/// `None` for a message of the sender.
fn forwarded_from(message: &Value) -> Option<Author> {
    let from = &message["from"];
    if !message["forward_origin"].is_null() {
        return Some(author_at(&message["forward_origin"], from));
    }
    if !message["via_bot"].is_null() {
        return Some(named(&message["via_bot"]));
    }
    // Before Bot API 7.0.
    if message["forward_date"].is_null() && message["is_automatic_forward"] != true {
        return None;
    }
    let by_name = &message["forward_sender_name"];
    Some(match (&message["forward_from"], &message["forward_from_chat"], by_name.as_str()) {
        (Value::Object(_), _, _) => author_of(&message["forward_from"], from),
        (_, Value::Object(_), _) => named(&message["forward_from_chat"]),
        (_, _, Some(name)) => Author::Named(name.to_owned()),
        _ => Author::Hidden,
    })
}

/// The author that a `MessageOrigin` names.
fn author_at(origin: &Value, sender: &Value) -> Author {
    if origin["sender_user"].is_object() {
        return author_of(&origin["sender_user"], sender);
    }
    let by_name = origin["sender_user_name"].as_str().map(|name| Author::Named(name.to_owned()));
    let places = [&origin["chat"], &origin["sender_chat"]];
    let place = places.into_iter().find(|it| it.is_object());
    by_name.or(place.map(named)).unwrap_or(Author::Hidden)
}

/// In a private chat the only bot is ours.
fn author_of(user: &Value, sender: &Value) -> Author {
    match (user["id"].as_i64(), user["is_bot"].as_bool()) {
        (None, _) => Author::Hidden,
        (id, _) if id == sender["id"].as_i64() => Author::Sender,
        (_, Some(true)) => Author::Bot,
        _ => named(user),
    }
}

fn named(somebody: &Value) -> Author {
    let part = |name: &str| somebody[name].as_str().filter(|it| !it.is_empty());
    let title = part("title").map(str::to_owned);
    let names: Vec<_> = ["first_name", "last_name"].into_iter().filter_map(part).collect();
    let name = (!names.is_empty()).then(|| names.join(" "));
    let name = title.or(name).or(part("username").map(|it| format!("@{it}")));
    name.map_or(Author::Hidden, Author::Named)
}

/// Every text in a message, a line each.
fn searchable(message: &Value) -> Zeroizing<String> {
    let mut all = Zeroizing::new(String::new());
    collect(message, DEPTH_MAX, &mut all);
    all
}

fn collect(value: &Value, depth: usize, all: &mut String) {
    let Some(below) = depth.checked_sub(1) else { return };
    match value {
        Value::String(text) => {
            if !all.is_empty() {
                all.push('\n');
            }
            all.push_str(text);
        }
        Value::Array(items) => items.iter().for_each(|item| collect(item, below, all)),
        Value::Object(fields) => searched(fields).for_each(|it| collect(it, below, all)),
        _ => {}
    }
}

fn searched(fields: &Map<String, Value>) -> impl Iterator<Item = &Value> {
    let searched = fields.iter().filter(|(name, _)| !NOT_SEARCHED.contains(&name.as_str()));
    searched.map(|(_, value)| value)
}
