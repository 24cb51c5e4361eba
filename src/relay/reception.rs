//! Lines from the channel to disk, and only then acknowledged.

use adapters::channel::ChannelEvent;
use adapters::chat::{Attachment, Citation, Inbound, InboundContent, Outbound};
use tracing::Instrument;

use super::commands::OwnerCommand;
use super::owner_filter::Access;
use super::relay_store::{AcceptOutcome, InboxMessage, NewInboxMessage};
use super::{Relay, messages};

/// Longest line taken, in bytes: a large paste. The VM takes up to a megabyte of JSON.
const TEXT_BYTES_MAX: usize = 128 * 1024;

/// Longest text of somebody else that is passed on, in bytes: eight times a message of Telegram.
const CITATION_BYTES_MAX: usize = 32 * 1024;

/// Texts of others that are passed on with one line: a service sends one or two.
const CITATIONS_MAX: usize = 4;

impl Relay {
    /// Ends when the channel has ended for good, and what it left is worked off.
    pub(super) async fn receive(&self) {
        while let Some(event) = self.channel.next().await {
            match event {
                ChannelEvent::Reachable(_) => self.reachable.notify_one(),
                ChannelEvent::Inbound(inbound) => {
                    self.take(&inbound).instrument(self.span(&inbound.chat)).await;
                }
            }
        }
        std::future::pending::<()>().await;
    }

    async fn take(&self, inbound: &Inbound) {
        match self.owner_filter.access(inbound) {
            // Nobody else delivers it again: a channel holds back what is not acknowledged.
            Access::Owner => {
                self.activity.touch();
                while let Err(error) = self.take_line(inbound).await {
                    self.database_failed(&error).await;
                }
                if self.store.database().intact().await.is_err() {
                    // The process is about to end, and the channel delivers it to the next one.
                    std::future::pending::<()>().await;
                }
            }
            Access::RejectOnce => self.reject_stranger(inbound).await,
            Access::Ignore => {}
        }
        self.channel.acknowledge(&inbound.id).await;
    }

    /// A stranger's words are not stored, and neither is this answer.
    async fn reject_stranger(&self, inbound: &Inbound) {
        let message = Outbound::text(
            format!("stranger-{}", inbound.id.0),
            messages::STRANGER.said(self.locale()),
        );
        if let Err(error) = self.channel.send(&inbound.chat, &message).await {
            tracing::info!(%error, "a stranger was not answered");
        }
    }

    async fn take_line(&self, inbound: &Inbound) -> anyhow::Result<()> {
        self.report_restore(Some(&inbound.chat)).await?;
        match &inbound.context.edit {
            Some(edit) => self.take_edit(inbound, edit).await,
            None => self.take_message(inbound).await,
        }
    }

    pub(super) async fn take_message(&self, inbound: &Inbound) -> anyhow::Result<()> {
        match &inbound.content {
            InboundContent::Text(text) if text.len() > TEXT_BYTES_MAX => {
                self.decline(inbound, messages::TOO_LONG.said(self.locale())).await
            }
            InboundContent::Text(_) | InboundContent::File(_) if !self.probation.serves() => {
                self.decline(inbound, messages::NOT_COMMITTED.said(self.locale())).await
            }
            InboundContent::Text(text)
                if text.trim().is_empty() && inbound.context.citations.is_empty() =>
            {
                Ok(())
            }
            InboundContent::Text(text) => self.accept(inbound, text.trim(), None).await,
            InboundContent::File(file) => self.accept_file(inbound, file).await,
            InboundContent::Secret(_) => {
                self.decline(inbound, messages::SECRET.said(self.locale())).await
            }
            InboundContent::Unsupported => {
                self.decline(inbound, messages::UNSUPPORTED.said(self.locale())).await
            }
            // The relay offers no buttons.
            InboundContent::Tap { .. } => Ok(()),
        }
    }

    pub(super) async fn decline(
        &self,
        inbound: &Inbound,
        why: impl Into<String>,
    ) -> anyhow::Result<()> {
        let message = Outbound::text(format!("declined-{}", inbound.id.0), why.into());
        let now_ms = self.clock.now_ms();
        self.store.decline(&inbound.id, &inbound.chat, &message, now_ms).await
    }

    pub(super) async fn accept(
        &self,
        inbound: &Inbound,
        text: &str,
        file: Option<&Attachment>,
    ) -> anyhow::Result<()> {
        if self.is_uncertain().await? && !self.store.has_inbound(&inbound.id).await? {
            return self.decline(inbound, messages::IN_DOUBT.said(self.locale())).await;
        }
        let command = self.command_in(inbound, text, file);
        if command.is_some() && !self.probation.is_committed() {
            return self.decline(inbound, messages::NOT_READY.said(self.locale())).await;
        }
        let citations = bounded(&inbound.context.citations);
        let turn = hex::encode(self.random.bytes::<16>());
        let new = NewInboxMessage {
            id: &inbound.id,
            chat: &inbound.chat,
            text,
            file,
            citations: &citations,
            digest: &self.digest(text, file),
            turn: &turn,
            is_command: command.is_some(),
        };
        let accepted = self.store.accept(new, self.clock.now_ms()).await?;
        tracing::debug!("a message was taken");
        match accepted {
            AcceptOutcome::Completed => Ok(()),
            AcceptOutcome::Full => self.decline(inbound, messages::FULL.said(self.locale())).await,
            AcceptOutcome::Waiting { line, ahead } => match command {
                Some(command) => self.run_command(command, &line).await,
                None if !self.probation.is_committed() => self.say_kept(&line).await,
                None if ahead > 0 => self.say_next(&line).await,
                None => Ok(()),
            },
        }
    }

    /// Says once for all lines that wait for the commit that they are kept.
    async fn say_kept(&self, line: &InboxMessage) -> anyhow::Result<()> {
        let first = self.store.first().await?;
        let turn = first.map_or_else(|| line.turn.clone(), |first| first.turn);
        let message = Outbound::text(format!("{turn}-kept"), messages::KEPT.said(self.locale()));
        self.store.post(&line.chat, &message, self.clock.now_ms()).await
    }

    /// The command that the owner wrote: never one that somebody else wrote, nor a caption.
    pub(super) fn command_in(
        &self,
        inbound: &Inbound,
        text: &str,
        file: Option<&Attachment>,
    ) -> Option<OwnerCommand> {
        let is_own_line = file.is_none() && !inbound.is_forwarded();
        OwnerCommand::parse(text).filter(|_| is_own_line)
    }

    /// Once per running turn: its id is in the key.
    async fn say_next(&self, line: &InboxMessage) -> anyhow::Result<()> {
        let Some(running) = self.store.first().await?.filter(|first| first.seq < line.seq) else {
            return Ok(());
        };
        let message =
            Outbound::text(format!("{}-next", running.turn), messages::NEXT.said(self.locale()));
        self.store.post(&line.chat, &message, self.clock.now_ms()).await
    }
}

/// As much of the text of others as fits into a turn.
pub(super) fn bounded(citations: &[Citation]) -> Vec<Citation> {
    let cut = |it: &Citation| {
        let mut it = it.clone();
        it.text.truncate(it.text.floor_char_boundary(CITATION_BYTES_MAX));
        it
    };
    citations.iter().take(CITATIONS_MAX).map(cut).collect()
}
