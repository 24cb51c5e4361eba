//! The meaning of updates.

use serde_json::Value;
use teloxide::types::{CallbackQuery, ChatMemberKind, ChatMemberUpdated, Update, UpdateKind};

use super::calls::ask;
use super::{TelegramChannel, managed, message};
use crate::channel::ChannelEvent;
use crate::chat::{
    ChatId, ChatType, Inbound, InboundContent, InboundId, MessageContext, MessageRef, UserId,
};
use crate::inbox::RedeliveryNeeded;

/// Kinds of updates that are asked for (Bot API, `Update`).
pub const UPDATE_KINDS: [&str; 5] =
    ["message", "edited_message", "callback_query", "my_chat_member", "managed_bot"];

impl TelegramChannel {
    /// Reads an update. `Ok(None)` for one of no interest, and for an unreadable one: Telegram
    /// would send it again for a day, and no person waits for it.
    pub(super) async fn read_update(
        &self,
        update: &Value,
    ) -> Result<Option<ChannelEvent>, RedeliveryNeeded> {
        if let Some(made) = managed::made(update) {
            return Ok(managed::receive(&self.bot, made).await?.map(ChannelEvent::Inbound));
        }
        Ok(match update["message"].is_object() || update["edited_message"].is_object() {
            true => message::read(update).map(ChannelEvent::Inbound),
            false => self.other(update),
        })
    }

    fn other(&self, update: &Value) -> Option<ChannelEvent> {
        // The library reads updates from text only.
        let update: Update = serde_json::from_str(&update.to_string()).ok()?;
        match update.kind {
            UpdateKind::CallbackQuery(query) => {
                self.relieve(&query);
                of_tap(InboundId(update.id.0.to_string()), query).map(ChannelEvent::Inbound)
            }
            UpdateKind::MyChatMember(change) => reachable(&change).map(ChannelEvent::Reachable),
            _ => None,
        }
    }

    /// Stops the tapped button from looking busy; without this answer Telegram shows a spinner.
    fn relieve(&self, query: &CallbackQuery) {
        let (bot, id) = (self.bot.clone(), query.id.clone());
        tokio::spawn(async move {
            use teloxide::requests::{HasPayload, Requester};
            // The button recovers by itself after a while.
            let _ = ask(&bot, bot.answer_callback_query(id).payload_ref()).await;
        });
    }
}

/// The chat in which the bot may talk (again), if it may.
fn reachable(change: &ChatMemberUpdated) -> Option<ChatId> {
    let is_silenced =
        matches!(change.new_chat_member.kind, ChatMemberKind::Banned(_) | ChatMemberKind::Left);
    let can_talk = !is_silenced && change.chat.is_private();
    can_talk.then(|| ChatId(change.chat.id.to_string()))
}

fn of_tap(id: InboundId, query: CallbackQuery) -> Option<Inbound> {
    let carrier = query.message.as_ref()?;
    let chat = ChatId(carrier.chat().id.to_string());
    let place = if carrier.chat().is_private() { ChatType::Private } else { ChatType::Group };
    let message = MessageRef { chat: chat.clone(), id: carrier.id().0.to_string() };
    Some(Inbound {
        id,
        chat,
        from: UserId(query.from.id.0.to_string()),
        place,
        locale: query.from.language_code.clone(),
        message: None,
        content: InboundContent::Tap { button: query.data?, message: Some(message) },
        context: MessageContext::default(),
    })
}
