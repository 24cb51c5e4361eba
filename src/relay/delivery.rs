//! Messages of ours on their way to the channel: at least once, in order, with the same key.

use std::time::Duration;

use adapters::channel::ChannelError;
use adapters::chat::{MessageRef, Outbound, OutboundFile};
use tracing::Instrument;

use super::relay_store::OutboxMessage;
use super::{Relay, messages};
use crate::files::FILE_BYTES_MAX;

/// Pause before a message is sent again that may have been sent, in milliseconds.
const IN_DOUBT_MS: u64 = 1_000;

/// Longest wait for an unreachable chat to say that it is reachable before trying it again.
const UNREACHABLE_MS: u64 = 60_000;

/// Pause before it is seen again whether there is room in memory for a file.
const NO_ROOM_MS: u64 = 1_000;

impl Relay {
    pub(super) async fn deliver(&self) {
        loop {
            match self.store.unsent().await {
                Ok(Some(unsent)) => {
                    let span = self.span(&unsent.chat);
                    self.deliver_message(&unsent).instrument(span).await;
                }
                Ok(None) => self.store.messages.notified().await,
                Err(error) => self.database_failed(&error).await,
            }
        }
    }

    async fn deliver_message(&self, unsent: &OutboxMessage) {
        if let Err(error) = self.try_to_deliver(unsent).await {
            self.database_failed(&error).await;
        }
    }

    /// # Errors
    /// When the database fails.
    async fn try_to_deliver(&self, unsent: &OutboxMessage) -> anyhow::Result<()> {
        match self.hand_over(unsent).await {
            Ok(message) => self.store.sent(unsent, Some(&message)).await?,
            Err(ChannelError::Refused(reason)) => {
                tracing::warn!(reason, "a message can never be sent");
                if let Some(file) = &unsent.file {
                    let key = format!("{}-refused", unsent.message.key);
                    let text = messages::file_not_sent(self.locale(), &file.name);
                    let now_ms = self.clock.now_ms();
                    self.store.post(&unsent.chat, &Outbound::text(key, text), now_ms).await?;
                }
                self.store.sent(unsent, unsent.sent_as.as_ref()).await?;
            }
            Err(ChannelError::NoSuchMessage) => self.store.lost(unsent).await?,
            Err(ChannelError::RateLimited { retry_after_ms }) => pause(retry_after_ms).await,
            Err(ChannelError::InDoubt) => pause(IN_DOUBT_MS).await,
            Err(ChannelError::Unreachable) => tokio::select! {
                biased;
                () = self.reachable.notified() => {}
                () = pause(UNREACHABLE_MS) => {}
            },
        }
        Ok(())
    }

    async fn hand_over(&self, unsent: &OutboxMessage) -> Result<MessageRef, ChannelError> {
        if let Some(sending) = &unsent.file {
            let key = &unsent.message.key;
            let Ok(_held) = self.bodies.hold(FILE_BYTES_MAX).await else {
                return Err(ChannelError::RateLimited { retry_after_ms: NO_ROOM_MS });
            };
            let Ok(bytes) = self.store.bytes_of(key).await else {
                return Err(ChannelError::InDoubt);
            };
            let file = OutboundFile {
                key: key.clone(),
                name: sending.name.clone(),
                media_type: sending.media_type.clone(),
                bytes: bytes.ok_or(ChannelError::Refused("the file is gone"))?,
                caption: unsent.message.text.clone(),
            };
            return self.channel.send_file(&unsent.chat, &file).await;
        }
        match &unsent.sent_as {
            Some(message) if self.channel.capabilities().edits => {
                self.channel.edit(message, &unsent.message).await?;
                Ok(message.clone())
            }
            _ => self.channel.send(&unsent.chat, &unsent.message).await,
        }
    }
}

async fn pause(ms: u64) {
    tokio::time::sleep(Duration::from_millis(ms)).await;
}
