//! Actions of people on Discord, as the types that all services share.

use serde_json::{Map, Value};
use serenity::all::{
    ActionRowComponent, CommandInteraction, ComponentInteraction, Event, GatewayEvent, GuildId,
    Interaction, InteractionContext, Message, MessageType, MessageUpdateEvent, ModalInteraction,
    User,
};
use zeroize::Zeroizing;

use super::{cited, components};
use crate::chat::{
    Attachment, ChatId, ChatType, Inbound, InboundContent, InboundId, MessageContext, MessageEdit,
    MessageRef, UserId,
};

/// The actions of people in a payload of the gateway, read as its connection reads it. Empty for an
/// unreadable payload and for every other event.
pub fn done_in(payload: &[u8]) -> Vec<Inbound> {
    match serde_json::from_slice(payload) {
        Ok(GatewayEvent::Dispatch(_, Event::MessageCreate(created))) => {
            of_message(&created.message)
        }
        Ok(GatewayEvent::Dispatch(_, Event::MessageUpdate(updated))) => {
            updated_message(&updated).map(|message| of_message(&message)).unwrap_or_default()
        }
        Ok(GatewayEvent::Dispatch(_, Event::InteractionCreate(created))) => {
            of_interaction(&created.interaction).into_iter().collect()
        }
        _ => Vec::new(),
    }
}

/// The content of a person's message: a line, or its files, the first with the text. Empty for a
/// bot's message, ours included, and for notices.
pub(super) fn of_message(message: &Message) -> Vec<Inbound> {
    let is_written = matches!(message.kind, MessageType::Regular | MessageType::InlineReply);
    if message.author.bot || !is_written {
        return Vec::new();
    }
    let (chat, id) = (message.channel_id.to_string(), message.id.to_string());
    let own = MessageRef { chat: ChatId(chat.clone()), id: id.clone() };
    let context = cited::context(message);
    let inbound = |name: String, content, context: &MessageContext| Inbound {
        message: Some(own.clone()),
        context: MessageContext { edit: edit(&name, message), ..context.clone() },
        ..inbound(
            edited_id(&name, message),
            &chat,
            &message.author,
            None,
            place(message.guild_id, None),
            content,
        )
    };
    let words = message.content.as_str();
    let forwarded = message.message_snapshots.iter().flat_map(|it| &it.attachments);
    let files: Vec<_> = message.attachments.iter().chain(forwarded).collect();
    if files.is_empty() {
        let content = match words.is_empty() && context.citations.is_empty() {
            true => InboundContent::Unsupported,
            false => InboundContent::Text(Zeroizing::new(words.to_owned())),
        };
        return vec![inbound(id, content, &context)];
    }
    let of_others = MessageContext { citations: cited::without_words(&context), ..context.clone() };
    let files = files.into_iter().enumerate().map(|(n, file)| {
        let first = n == 0;
        let content = InboundContent::File(Box::new(Attachment {
            id: format!("{chat}/{id}/{}", file.id),
            name: file.filename.clone(),
            media_type: file.content_type.clone(),
            bytes: Some(u64::from(file.size)),
            caption: if first { words.to_owned() } else { String::new() },
        }));
        let own_id = if first { id.clone() } else { format!("{id}/{}", file.id) };
        inbound(own_id, content, if first { &context } else { &of_others })
    });
    files.collect()
}

/// The message of an update, if its author changed it: an update without the time of an edit is
/// about a link preview or a pin.
pub(super) fn updated_message(update: &MessageUpdateEvent) -> Option<Message> {
    update.edited_timestamp?;
    // It has the fields of a message, each of which may be missing.
    let fields = serde_json::to_value(update).ok()?;
    let known = fields.as_object()?.iter().filter(|(_, value)| !value.is_null());
    let known: Map<String, Value> = known.map(|(name, it)| (name.clone(), it.clone())).collect();
    serde_json::from_value(Value::Object(known)).ok()
}

/// Discord sends an edit as the whole message in its new form; only the time distinguishes two
/// edits.
fn edited_id(id: &str, message: &Message) -> String {
    match message.edited_timestamp {
        Some(at) => format!("{id}/edit/{at}"),
        None => id.to_owned(),
    }
}

fn edit(id: &str, message: &Message) -> Option<MessageEdit> {
    message.edited_timestamp?;
    let sent_at_s = u64::try_from(message.timestamp.unix_timestamp()).unwrap_or_default();
    let sent_at_ms = sent_at_s.saturating_mul(1000);
    Some(MessageEdit { original: InboundId(id.to_owned()), sent_at_ms })
}

/// The content of an interaction; `None` for a tap that opens a form.
pub(super) fn of_interaction(interaction: &Interaction) -> Option<Inbound> {
    match interaction {
        Interaction::Command(command) => Some(of_command(command)),
        Interaction::Component(tap) => {
            components::modal(&tap.data.custom_id).is_none().then(|| of_tap(tap))
        }
        Interaction::Modal(filled) => Some(of_modal(filled)),
        _ => None,
    }
}

/// A slash command is a line.
fn of_command(command: &CommandInteraction) -> Inbound {
    inbound(
        command.id.to_string(),
        &command.channel_id.to_string(),
        &command.user,
        Some(&command.locale),
        place(command.guild_id, command.context),
        InboundContent::Text(Zeroizing::new(format!("/{}", command.data.name))),
    )
}

fn of_tap(tap: &ComponentInteraction) -> Inbound {
    let chat = tap.channel_id.to_string();
    let message = MessageRef { chat: ChatId(chat.clone()), id: tap.message.id.to_string() };
    let content =
        InboundContent::Tap { button: tap.data.custom_id.clone(), message: Some(message) };
    let place = place(tap.guild_id, tap.context);
    inbound(tap.id.to_string(), &chat, &tap.user, Some(&tap.locale), place, content)
}

/// The values of a modal are a secret.
fn of_modal(filled: &ModalInteraction) -> Inbound {
    let content = InboundContent::Secret(values(filled));
    let (chat, place) = (filled.channel_id.to_string(), place(filled.guild_id, None));
    inbound(filled.id.to_string(), &chat, &filled.user, Some(&filled.locale), place, content)
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

fn place(server: Option<GuildId>, context: Option<InteractionContext>) -> ChatType {
    match (server, context) {
        (None, None | Some(InteractionContext::BotDm)) => ChatType::Private,
        _ => ChatType::Group,
    }
}

fn inbound(
    id: String,
    chat: &str,
    from: &User,
    locale: Option<&str>,
    place: ChatType,
    content: InboundContent,
) -> Inbound {
    Inbound {
        id: InboundId(id),
        chat: ChatId(chat.to_owned()),
        from: UserId(from.id.to_string()),
        place,
        locale: locale.map(str::to_owned),
        message: None,
        content,
        context: MessageContext::default(),
    }
}
