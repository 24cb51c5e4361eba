//! Text of others in a message on Discord: forwarded messages, and the message that a reply replies
//! to.

use serenity::all::{Embed, Message, MessageReferenceKind, User};
use zeroize::Zeroizing;

use crate::chat::{
    Author, ChatId, Citation, CitationKind, MessageContext, MessageRef, SearchableText,
};

/// The text in a message that its author did not write.
pub(super) fn context(message: &Message) -> MessageContext {
    MessageContext {
        citations: citations(message),
        edit: None,
        searchable: SearchableText(searchable(message)),
    }
}

/// The same citations for a further file of a message, whose text goes with the first file.
pub(super) fn without_words(context: &MessageContext) -> Vec<Citation> {
    let of_whole = context.citations.iter().filter(|it| it.kind == CitationKind::Forwarded);
    of_whole.map(|it| Citation { text: String::new(), ..it.clone() }).collect()
}

fn citations(message: &Message) -> Vec<Citation> {
    let mut all: Vec<Citation> = message
        .message_snapshots
        .iter()
        .map(|snapshot| {
            let words = [snapshot.content.clone()].into_iter();
            let words = words.chain(snapshot.embeds.iter().flat_map(texts_of));
            let words: Vec<_> = words.filter(|text| !text.is_empty()).collect();
            // A snapshot does not name its author.
            Citation::new(CitationKind::Forwarded, Author::Hidden, words.join("\n"))
        })
        .collect();
    let reference = message.message_reference.as_ref();
    if all.is_empty() && reference.is_some_and(|it| it.kind == MessageReferenceKind::Forward) {
        all.push(Citation::new(CitationKind::Forwarded, Author::Hidden, ""));
    }
    if let Some(replied_to) = &message.referenced_message
        && !replied_to.content.is_empty()
    {
        let author = author_of(&replied_to.author, &message.author);
        let chat = ChatId(replied_to.channel_id.to_string());
        all.push(Citation {
            message: Some(MessageRef { chat, id: replied_to.id.to_string() }),
            ..Citation::new(CitationKind::Quoted, author, replied_to.content.clone())
        });
    }
    all
}

/// In direct messages the only bot is ours.
fn author_of(user: &User, sender: &User) -> Author {
    match user {
        _ if user.id == sender.id => Author::Sender,
        _ if user.bot => Author::Bot,
        _ => Author::Named(user.name.clone()),
    }
}

fn searchable(message: &Message) -> Zeroizing<String> {
    let mut all: Vec<String> = vec![message.content.clone()];
    all.extend(message.embeds.iter().flat_map(texts_of));
    let forwarded = message.message_snapshots.iter().flat_map(|it| &it.attachments);
    for file in message.attachments.iter().chain(forwarded) {
        all.push(file.filename.clone());
        all.extend(file.description.clone());
    }
    all.extend(message.sticker_items.iter().map(|sticker| sticker.name.clone()));
    if let Some(poll) = &message.poll {
        all.extend(poll.question.text.clone());
        all.extend(poll.answers.iter().filter_map(|answer| answer.poll_media.text.clone()));
    }
    all.extend(citations(message).into_iter().map(|citation| citation.text));
    Zeroizing::new(all.join("\n"))
}

fn texts_of(embed: &Embed) -> Vec<String> {
    let mut all: Vec<String> =
        [&embed.title, &embed.description, &embed.url].into_iter().flatten().cloned().collect();
    all.extend(embed.author.iter().map(|it| it.name.clone()));
    all.extend(embed.footer.iter().map(|it| it.text.clone()));
    all.extend(embed.fields.iter().flat_map(|it| [it.name.clone(), it.value.clone()]));
    all
}
