//! What a person sent: known or new, theirs or somebody else's, a line or a credential.

use adapters::chat::{CitationKind, Inbound, InboundContent, InboundId, MessageRef};
use sha2::{Digest, Sha256};
use tokio::time::Instant;
use zeroize::Zeroizing;

use super::{
    CREDENTIAL_MAX, ChatInput, ChatTask, LINE_MAX, StepTrigger, UNANSWERED_MAX, truncated,
};
use crate::conversation::messages;
use crate::conversation::reading::{self, LineKind};
use crate::conversation::{Event, Exposure};
use crate::credential_format::recognise;
use crate::metrics::{self, DropReason};

/// How old a message may be whose edit counts as the message itself, in milliseconds: services
/// deliver what was missed within a day. Beyond it, the message may have been taken and forgotten.
const UNSEEN_AGE_MAX_MS: u64 = 24 * 60 * 60 * 1000;

/// What is known of a message when it comes.
enum ArrivalStatus {
    /// It was never seen; this is what it is seen as.
    New(InboundId),
    /// It was seen, in these very words.
    Seen,
    /// It was taken in other words than it has now.
    Edited,
}

impl ChatTask {
    /// Verified by the channel; now deduplicated, then understood, then acted upon.
    pub(super) async fn inbound(&mut self, mut inbound: Inbound, since: Instant) {
        if self.outbox.is_blocked() && self.outbox.retry_at().is_none() {
            self.retry_sending().await;
        }
        self.locale = messages::locale_of(&self.stored.state, inbound.locale.as_deref());
        let mut deliveries = self.replaced_in_line(&mut inbound);
        deliveries.push(inbound.id.clone());
        let known = match self.arrival_status(&inbound).await {
            Ok(ArrivalStatus::Seen) => {
                metrics::duplicate(self.bot_channel.channel.name());
                return self.acknowledge(&deliveries).await;
            }
            Ok(known) => known,
            Err(error) => return self.on_database_error(&error).await,
        };
        if self.unanswered.len() >= UNANSWERED_MAX {
            return self.refuse(&inbound.id, &deliveries).await;
        }
        let id = match &known {
            ArrivalStatus::New(id) => id.clone(),
            _ => inbound.id.clone(),
        };
        let cause = StepTrigger {
            id,
            version: version_of(&inbound),
            deliveries,
            messages: exposed_messages(&inbound),
            since,
        };
        match self.event_of(inbound, matches!(known, ArrivalStatus::Edited)).await {
            Ok(event) => self.take(event, Some(cause)).await,
            Err(error) => self.on_database_error(&error).await,
        }
    }

    pub(super) async fn acknowledge(&self, deliveries: &[InboundId]) {
        for delivery in deliveries {
            self.bot_channel.channel.acknowledge(delivery).await;
        }
    }

    /// Takes the edits of this message that wait in line; what they were delivered as.
    fn replaced_in_line(&mut self, inbound: &mut Inbound) -> Vec<InboundId> {
        while let Ok(queued) = self.items.try_recv() {
            self.backlog.push_back(queued);
        }
        let mut deliveries = Vec::new();
        self.backlog.retain(|queued| {
            let ChatInput::Inbound(edited, _) = &queued.item else { return true };
            let original = edited.context.edit.as_ref().map(|edit| &edit.original);
            if original != Some(&inbound.id) {
                return true;
            }
            deliveries.push(edited.id.clone());
            inbound.replace_with((**edited).clone());
            false
        });
        deliveries
    }

    async fn arrival_status(&self, inbound: &Inbound) -> anyhow::Result<ArrivalStatus> {
        let conversations = &self.bot_channel.conversations;
        if conversations.is_seen(&inbound.id).await? {
            return Ok(ArrivalStatus::Seen);
        }
        let Some(edit) = &inbound.context.edit else {
            return Ok(ArrivalStatus::New(inbound.id.clone()));
        };
        if let Some(version) = version_of(inbound)
            && conversations.is_seen(&version).await?
        {
            return Ok(ArrivalStatus::Seen);
        }
        let now_ms = self.bot_channel.shared.settings.clock.now_ms();
        let is_recent = now_ms.saturating_sub(edit.sent_at_ms) <= UNSEEN_AGE_MAX_MS;
        match is_recent && !conversations.is_seen(&edit.original).await? {
            true => Ok(ArrivalStatus::New(edit.original.clone())),
            false => Ok(ArrivalStatus::Edited),
        }
    }

    async fn event_of(&self, inbound: Inbound, is_edited: bool) -> anyhow::Result<Event> {
        let is_forwarded = inbound.is_forwarded();
        let (own, is_read) = match &inbound.content {
            InboundContent::Tap { button, .. } => return Ok(Event::ButtonTapped(button.clone())),
            InboundContent::Secret(text) => return self.text_event(text, false).await,
            InboundContent::Text(text) => (text.clone(), true),
            InboundContent::File(file) => {
                let caption = Zeroizing::new(file.caption.clone());
                (caption, !file.caption.trim().is_empty())
            }
            InboundContent::Unsupported => (Zeroizing::default(), false),
        };
        if is_edited || is_forwarded {
            let holds = recognise(&searched(&inbound)).is_some();
            let exposure = if is_edited { Exposure::Edited } else { Exposure::Forwarded };
            return Ok(match holds || self.may_be_awaited(&inbound, &own).await? {
                true => Event::SecretExposed(exposure),
                false if is_edited => Event::EditedTooLate,
                false => Event::ForwardedArrived,
            });
        }
        if recognise(&own).is_none() && recognise(&searched(&inbound)).is_some() {
            let quoted = inbound.context.citations.iter();
            let is_quoted = quoted.into_iter().any(|it| recognise(&it.text).is_some());
            let exposure = if is_quoted { Exposure::Quoted } else { Exposure::Elsewhere };
            return Ok(Event::SecretExposed(exposure));
        }
        match is_read {
            true => self.text_event(&own, true).await,
            false => Ok(Event::UnsupportedArrived),
        }
    }

    /// Whether text that is not taken may be the credential that is asked for.
    async fn may_be_awaited(&self, inbound: &Inbound, own: &str) -> anyhow::Result<bool> {
        let runs = self.person_record().await?;
        let cited = inbound.context.citations.iter();
        let forwarded = cited.filter(|it| it.kind == CitationKind::Forwarded);
        let mut texts = forwarded.map(|it| it.text.as_str()).chain([own]);
        Ok(texts.any(|text| {
            let state = &self.stored.state;
            let read = self.decide(&runs, |context| reading::reading(state, context, text));
            !text.trim().is_empty() && read != LineKind::Text
        }))
    }

    /// Leaves a message unread, for good: its sender is asked to write it again, so it must not be
    /// taken when it comes twice.
    async fn refuse(&mut self, id: &InboundId, deliveries: &[InboundId]) {
        let at_ms = self.bot_channel.shared.settings.clock.now_ms();
        if let Err(error) = self.bot_channel.conversations.see(id, at_ms).await {
            return self.on_database_error(&error).await;
        }
        metrics::refused(self.bot_channel.channel.name(), DropReason::TooManyInChat);
        self.flooded.store(true, std::sync::atomic::Ordering::Relaxed);
        self.acknowledge(deliveries).await;
    }

    /// A line becomes an event; a credential is held, and only its reference goes on.
    pub(super) async fn text_event(&self, text: &str, pasted: bool) -> anyhow::Result<Event> {
        let runs = self.person_record().await?;
        let reading =
            self.decide(&runs, |context| reading::reading(&self.stored.state, context, text));
        let vendor = match reading {
            LineKind::Secret(vendor) => vendor,
            LineKind::Text if !pasted && !reading::awaits_secret(&self.stored.state) => None,
            LineKind::Text => {
                return Ok(Event::TextReceived(truncated(text, LINE_MAX).to_owned()));
            }
        };
        let secret = self.hold(Zeroizing::new(truncated(text, CREDENTIAL_MAX).to_owned()))?;
        Ok(Event::SecretArrived { vendor, secret, pasted })
    }
}

/// Every text that came with a message.
fn searched(inbound: &Inbound) -> Zeroizing<String> {
    let mut all = inbound.context.searchable.0.clone();
    let mut add = |text: &str| {
        all.push('\n');
        all.push_str(text);
    };
    match &inbound.content {
        InboundContent::Text(text) => add(text),
        InboundContent::File(file) => {
            [&file.name, &file.caption].into_iter().for_each(|it| add(it))
        }
        InboundContent::Tap { .. } | InboundContent::Secret(_) | InboundContent::Unsupported => {}
    }
    inbound.context.citations.iter().for_each(|it| add(&it.text));
    all
}

/// The messages that go when a credential was sent: the one that came, and any other in the chat
/// that it cites and that holds one.
fn exposed_messages(inbound: &Inbound) -> Vec<MessageRef> {
    let cited = inbound.context.citations.iter().filter(|it| recognise(&it.text).is_some());
    let cited = cited.filter_map(|it| it.message.clone());
    inbound.message.clone().into_iter().chain(cited).collect()
}

/// Stands for a message in one form; nothing for what cannot be edited. Of it, too, only a print is
/// kept.
fn version_of(inbound: &Inbound) -> Option<InboundId> {
    let (text, name) = match &inbound.content {
        InboundContent::Text(text) => (text.as_str(), ""),
        InboundContent::File(file) => (file.caption.as_str(), file.name.as_str()),
        InboundContent::Unsupported => ("", inbound.context.searchable.0.as_str()),
        InboundContent::Tap { .. } | InboundContent::Secret(_) => return None,
    };
    inbound.message.as_ref()?;
    let original = inbound.context.edit.as_ref().map_or(&inbound.id, |edit| &edit.original);
    // A link preview changes what can be searched, and only a credential in it matters.
    let holds = if recognise(&searched(inbound)).is_some() { "credential" } else { "" };
    let mut hash = Sha256::new_with_prefix(&original.0);
    for part in [text, name, holds] {
        hash.update([0]);
        hash.update(part);
    }
    Some(InboundId(format!("{}#{}", original.0, hex::encode(hash.finalize()))))
}
