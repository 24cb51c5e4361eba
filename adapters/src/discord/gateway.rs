//! The gateway's connection: what people write, run and tap.

use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};
use serenity::all::{
    ActionRowComponent, Client, Context, EventHandler, GatewayIntents, Http, Interaction,
    InteractionId, Message, ModalInteraction, Ready,
};
use serenity::async_trait;
use tokio::sync::Notify;
use zeroize::Zeroizing;

use super::components;
use crate::chat::{Attachment, ChatId, Content, Inbound, InboundId, MessageRef, Place, UserId};
use crate::inbox::Inbox;

/// Before the gateway is connected to anew after serenity gave up: it has tried a few times itself.
const RECONNECT_PAUSE: Duration = Duration::from_secs(5);

/// Only this person sees it.
const EPHEMERAL: u32 = 64;

struct Listener {
    inbox: Arc<Inbox>,
    /// Told when the connection listens.
    ready: Arc<Notify>,
}

/// Listens until the task is ended. serenity resumes and reconnects; when it gives up, it starts over.
pub(super) async fn listen(
    http: Http,
    intents: GatewayIntents,
    inbox: Arc<Inbox>,
    ready: Arc<Notify>,
) {
    let client = serenity::client::ClientBuilder::new_with_http(http, intents);
    let client: Result<Client, _> = client.event_handler(Listener { inbox, ready }).await;
    let Ok(mut client) = client else {
        tracing::error!("the connection to Discord cannot be made");
        return;
    };
    loop {
        if client.start().await.is_err() {
            tracing::warn!("the connection to Discord was lost; trying again");
        }
        tokio::time::sleep(RECONNECT_PAUSE).await;
    }
}

#[async_trait]
impl EventHandler for Listener {
    async fn ready(&self, _: Context, _: Ready) {
        self.ready.notify_one();
    }

    async fn message(&self, _: Context, message: Message) {
        if let Some(inbound) = of_message(&message) {
            // What is not taken is found again when this process starts anew.
            let _ = self.inbox.put(inbound);
        }
    }

    async fn interaction_create(&self, context: Context, interaction: Interaction) {
        let (id, token, answer, inbound) = match interaction {
            Interaction::Command(command) => {
                let text = Zeroizing::new(format!("/{}", command.data.name));
                let inbound = inbound(
                    command.id.to_string(),
                    command.channel_id.to_string(),
                    &command.user,
                    Some(&command.locale),
                    Content::Text(text),
                );
                let answer = json!({ "type": 4, "data": { "content": "✓", "flags": EPHEMERAL } });
                (command.id, command.token, answer, Some(inbound))
            }
            Interaction::Component(tap) => {
                let modal = components::modal(&tap.data.custom_id);
                let chat = tap.channel_id.to_string();
                let message =
                    MessageRef { chat: ChatId(chat.clone()), id: tap.message.id.to_string() };
                let content =
                    Content::Tap { button: tap.data.custom_id.clone(), message: Some(message) };
                let locale = Some(tap.locale.as_str());
                let inbound = inbound(tap.id.to_string(), chat, &tap.user, locale, content);
                match modal {
                    Some(modal) => (tap.id, tap.token, modal, None),
                    None => (tap.id, tap.token, json!({ "type": 6 }), Some(inbound)),
                }
            }
            Interaction::Modal(filled) => {
                let content = Content::Secret(values(&filled));
                let (id, chat) = (filled.id.to_string(), filled.channel_id.to_string());
                let locale = Some(filled.locale.as_str());
                let inbound = inbound(id, chat, &filled.user, locale, content);
                (filled.id, filled.token, json!({ "type": 6 }), Some(inbound))
            }
            _ => return,
        };
        answer_at_once(&context.http, id, &token, &answer).await;
        if let Some(inbound) = inbound {
            let _ = self.inbox.put(inbound);
        }
    }
}

/// Within three seconds, or Discord says that the bot failed; too late is no harm beyond that.
async fn answer_at_once(http: &Http, id: InteractionId, token: &str, answer: &Value) {
    if http.create_interaction_response(id, token, answer, Vec::new()).await.is_err() {
        tracing::info!("an interaction was not answered in time");
    }
}

/// The fields' values, a line each.
fn values(filled: &ModalInteraction) -> Zeroizing<String> {
    let mut lines = Zeroizing::new(String::new());
    for component in filled.data.components.iter().flat_map(|row| &row.components) {
        if let ActionRowComponent::InputText(input) = component {
            if !lines.is_empty() {
                lines.push('\n');
            }
            lines.push_str(input.value.as_deref().unwrap_or_default().trim());
        }
    }
    lines
}

/// What a person's message means; nothing for a bot's, ours among them.
pub(super) fn of_message(message: &Message) -> Option<Inbound> {
    if message.author.bot {
        return None;
    }
    let (chat, id) = (message.channel_id.to_string(), message.id.to_string());
    let content = match message.attachments.first() {
        Some(file) => Content::File(Box::new(Attachment {
            id: format!("{chat}/{id}/{}", file.id),
            name: file.filename.clone(),
            media_type: file.content_type.clone(),
            bytes: Some(u64::from(file.size)),
            caption: message.content.clone(),
        })),
        None => Content::Text(Zeroizing::new(message.content.clone())),
    };
    let place = if message.guild_id.is_some() { Place::Group } else { Place::Private };
    let own = MessageRef { chat: ChatId(chat.clone()), id: id.clone() };
    let inbound = inbound(id, chat, &message.author, None, content);
    Some(Inbound { place, message: Some(own), ..inbound })
}

fn inbound(
    id: String,
    chat: String,
    from: &serenity::all::User,
    locale: Option<&str>,
    content: Content,
) -> Inbound {
    Inbound {
        id: InboundId(id),
        chat: ChatId(chat),
        from: UserId(from.id.to_string()),
        place: Place::Private,
        locale: locale.map(str::to_owned),
        message: None,
        content,
    }
}
