//! What an update means.

use teloxide::types::{
    CallbackQuery, ChatMemberKind, ChatMemberUpdated, Message, Update, UpdateKind, User,
};
use zeroize::Zeroizing;

use super::Telegram;
use super::calls::ask;
use crate::chat::{Attachment, ChatId, Content, Inbound, InboundId, MessageRef, Place, UserId};
use crate::inbox::{Delivery, NotTaken};

impl Telegram {
    /// Takes an update in. `Ok(None)` for one that means nothing to us.
    pub(super) fn hear(self: &Telegram, update: Update) -> Result<Option<Delivery>, NotTaken> {
        let id = InboundId(update.id.0.to_string());
        let inbound = match update.kind {
            UpdateKind::Message(message) => of_message(id, &message),
            UpdateKind::CallbackQuery(query) => {
                self.relieve(&query);
                of_tap(id, query)
            }
            UpdateKind::MyChatMember(change) => {
                self.may_be_reachable(&change);
                None
            }
            _ => None,
        };
        inbound.map(|inbound| self.inbox.put(inbound)).transpose()
    }

    /// The tapped button stops to look busy; Telegram forgets the tap when nobody says so.
    fn relieve(&self, query: &CallbackQuery) {
        let (bot, id) = (self.bot.clone(), query.id.clone());
        tokio::spawn(async move {
            use teloxide::requests::{HasPayload, Requester};
            // It stops by itself after a while.
            let _ = ask(&bot, bot.answer_callback_query(id).payload_ref()).await;
        });
    }

    fn may_be_reachable(&self, change: &ChatMemberUpdated) {
        let can_talk = !matches!(
            change.new_chat_member.kind,
            ChatMemberKind::Banned(_) | ChatMemberKind::Left
        );
        if can_talk && change.chat.is_private() {
            self.inbox.reachable(ChatId(change.chat.id.to_string()));
        }
    }
}

fn of_message(id: InboundId, message: &Message) -> Option<Inbound> {
    let from = message.from.as_ref().filter(|from| !from.is_bot)?;
    let content = content_of(message)?;
    let chat = ChatId(message.chat.id.to_string());
    let own = MessageRef { chat: chat.clone(), id: message.id.0.to_string() };
    let place = if message.chat.is_private() { Place::Private } else { Place::Group };
    Some(inbound(id, chat, from, place, Some(own), content))
}

fn content_of(message: &Message) -> Option<Content> {
    if let Some(text) = message.text() {
        return Some(Content::Text(Zeroizing::new(text.to_owned())));
    }
    let caption = message.caption().unwrap_or_default().to_owned();
    let file = |file: &teloxide::types::FileMeta,
                name: Option<&str>,
                kind: &str,
                media: Option<String>| {
        Some(Content::File(Box::new(Attachment {
            id: file.id.to_string(),
            name: name.unwrap_or(kind).to_owned(),
            media_type: media,
            bytes: Some(u64::from(file.size)),
            caption: caption.clone(),
        })))
    };
    if let Some(largest) = message.photo().and_then(|sizes| sizes.last()) {
        return file(&largest.file, None, "photo.jpg", Some("image/jpeg".to_owned()));
    }
    if let Some(it) = message.document() {
        let media = it.mime_type.as_ref().map(ToString::to_string);
        return file(&it.file, it.file_name.as_deref(), "document", media);
    }
    if let Some(it) = message.voice() {
        let media = it.mime_type.as_ref().map(ToString::to_string);
        return file(&it.file, None, "voice.ogg", media);
    }
    if let Some(it) = message.audio() {
        let media = it.mime_type.as_ref().map(ToString::to_string);
        return file(&it.file, it.file_name.as_deref(), "audio.mp3", media);
    }
    let video = message.video()?;
    let media = video.mime_type.as_ref().map(ToString::to_string);
    file(&video.file, video.file_name.as_deref(), "video.mp4", media)
}

fn of_tap(id: InboundId, query: CallbackQuery) -> Option<Inbound> {
    let carrier = query.message.as_ref()?;
    let chat = ChatId(carrier.chat().id.to_string());
    let place = if carrier.chat().is_private() { Place::Private } else { Place::Group };
    let message = MessageRef { chat: chat.clone(), id: carrier.id().0.to_string() };
    let content = Content::Tap { button: query.data?, message: Some(message) };
    Some(inbound(id, chat, &query.from, place, None, content))
}

fn inbound(
    id: InboundId,
    chat: ChatId,
    from: &User,
    place: Place,
    message: Option<MessageRef>,
    content: Content,
) -> Inbound {
    let from_id = UserId(from.id.0.to_string());
    Inbound { id, chat, from: from_id, place, locale: from.language_code.clone(), message, content }
}
