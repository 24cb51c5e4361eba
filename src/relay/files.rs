//! Files of the person's on their way to the agent, and the agent's on their way to the person.

use std::time::Duration;

use adapters::channel::ChannelError;
use adapters::chat::{Attachment, Inbound, Outbound};
use bytes::Bytes;
use tokio::time::{Instant, sleep};

use super::Relay;
use super::messages;
use super::relay_store::{InboxMessage, OutgoingFile};
use super::turn::{BACKOFF_MAX, BACKOFF_MIN};
use super::vm_client::FileDeliveryError;
use super::vm_failure::VmFailure;
use crate::body_budget::BudgetPermit;
use crate::files::{FILE_BYTES_MAX, safe_name};
use crate::messages::LocalizedText;

/// What became of an attempt.
enum TransferAttempt<T> {
    Done(T),
    /// Trying again does not help; why, for the person.
    Failed(LocalizedText),
    /// Not now; what to say when it stays so.
    Retry(LocalizedText, Duration),
}

impl Relay {
    /// The largest file that can come in here, in bytes.
    pub(super) fn file_in_bytes_max(&self) -> u64 {
        self.channel.capabilities().files_in_bytes_max.min(FILE_BYTES_MAX as u64)
    }

    fn file_out_bytes_max(&self) -> u64 {
        self.channel.capabilities().files_out_bytes_max.min(FILE_BYTES_MAX as u64)
    }

    pub(super) async fn accept_file(
        &self,
        inbound: &Inbound,
        file: &Attachment,
    ) -> anyhow::Result<()> {
        let bytes_max = self.file_in_bytes_max();
        if bytes_max == 0 {
            return self.decline(inbound, messages::NO_FILES.said(self.locale())).await;
        }
        if file.bytes.is_some_and(|bytes| bytes > bytes_max) {
            let why = messages::file_too_large_in(self.locale(), bytes_max);
            return self.decline(inbound, why).await;
        }
        self.accept(inbound, file.caption.trim(), Some(file)).await
    }

    /// Brings the file of a line to the VM; where it lies there, or why it does not.
    pub(super) async fn fetch_for_turn(
        &self,
        line: &InboxMessage,
        file: &Attachment,
    ) -> anyhow::Result<Result<String, LocalizedText>> {
        // The service may not give it a second time.
        if let Some(path) = self.store.arrived_at(line).await? {
            return Ok(Ok(path));
        }
        let (bytes, _held) = match self.with_retries(|| self.fetch(file)).await {
            Ok(fetched) => fetched,
            Err(why) => return Ok(Err(why)),
        };
        match self.with_retries(|| self.send_to_vm(line, file, bytes.clone())).await {
            Ok(path) => {
                self.store.arrived(line, &path).await?;
                Ok(Ok(path))
            }
            Err(why) => Ok(Err(why)),
        }
    }

    async fn with_retries<T, F: Future<Output = TransferAttempt<T>>>(
        &self,
        attempt: impl Fn() -> F,
    ) -> Result<T, LocalizedText> {
        let give_up_at = Instant::now() + Duration::from_millis(self.settings.limits.give_up_ms);
        let mut backoff = BACKOFF_MIN;
        loop {
            let (why, pause) = match attempt().await {
                TransferAttempt::Done(done) => return Ok(done),
                TransferAttempt::Failed(why) => return Err(why),
                TransferAttempt::Retry(why, pause) => (why, pause.max(backoff)),
            };
            if Instant::now() + pause > give_up_at {
                return Err(why);
            }
            sleep(pause).await;
            backoff = (backoff * 2).min(BACKOFF_MAX);
        }
    }

    async fn fetch(&self, file: &Attachment) -> TransferAttempt<(Bytes, BudgetPermit)> {
        let later =
            |ms| TransferAttempt::Retry(messages::FILE_NOT_FETCHED, Duration::from_millis(ms));
        let bytes = file.bytes.and_then(|bytes| usize::try_from(bytes).ok());
        let most = bytes.unwrap_or(FILE_BYTES_MAX).min(FILE_BYTES_MAX);
        let Ok(held) = self.bodies.hold(most).await else { return later(0) };
        match self.channel.fetch(file).await {
            Ok(bytes) if bytes.len() > FILE_BYTES_MAX => {
                TransferAttempt::Failed(messages::FILE_NOT_FETCHED)
            }
            Ok(bytes) => TransferAttempt::Done((bytes, held)),
            Err(ChannelError::Refused(reason)) => {
                tracing::info!(reason, "a file cannot be fetched");
                TransferAttempt::Failed(messages::FILE_NOT_FETCHED)
            }
            Err(ChannelError::NoSuchMessage) => TransferAttempt::Failed(messages::FILE_NOT_FETCHED),
            Err(ChannelError::RateLimited { retry_after_ms }) => later(retry_after_ms),
            Err(ChannelError::InDoubt | ChannelError::Unreachable) => later(0),
        }
    }

    async fn send_to_vm(
        &self,
        line: &InboxMessage,
        file: &Attachment,
        bytes: Bytes,
    ) -> TransferAttempt<String> {
        let later = |why| TransferAttempt::Retry(messages::vm_failure(why), Duration::ZERO);
        match self.vm.put_file(&line.turn, &file.name, bytes).await {
            Ok(received) => TransferAttempt::Done(received.path),
            Err(FileDeliveryError::NoRoom) => TransferAttempt::Failed(messages::NO_ROOM),
            Err(FileDeliveryError::Refused(status)) => match VmFailure::of(status) {
                why @ (VmFailure::Rejected | VmFailure::DiskFailed) => {
                    TransferAttempt::Failed(messages::vm_failure(why))
                }
                why => later(why),
            },
            Err(FileDeliveryError::Unanswered) => later(VmFailure::Unreachable),
        }
    }

    /// Takes a file of the agent's from the VM and writes it down to be sent; false when the VM is
    /// not to be reached.
    pub(super) async fn take_file(
        &self,
        line: &InboxMessage,
        index: usize,
        name: &str,
        bytes: u64,
    ) -> anyhow::Result<bool> {
        let key = format!("{}-file-{index}", line.turn);
        let now_ms = self.clock.now_ms();
        let bytes_max = self.file_out_bytes_max();
        if bytes > bytes_max {
            let text = messages::file_too_large_out(self.locale(), name, bytes, bytes_max);
            self.store.post(&line.chat, &Outbound::text(key, text), now_ms).await?;
            return Ok(true);
        }
        let most = usize::try_from(bytes).unwrap_or(FILE_BYTES_MAX).min(FILE_BYTES_MAX);
        let Ok(_held) = self.bodies.hold(most).await else { return Ok(false) };
        let Ok(taken) = self.vm.fetch_file(&line.turn, index).await else { return Ok(false) };
        match taken {
            Some(bytes) => {
                if let Err(error) = self.store.keep_to_send(&key, bytes).await {
                    tracing::error!(error = ?error.kind(), "a file of the agent cannot be kept");
                    let text = messages::file_not_kept(self.locale(), name);
                    self.store.post(&line.chat, &Outbound::text(key, text), now_ms).await?;
                    return Ok(true);
                }
                let media_type = mime_guess::from_path(name).first_or_octet_stream().to_string();
                let file = OutgoingFile { name: safe_name(name), media_type };
                self.store.post_file(&line.chat, &key, &file, now_ms).await?;
            }
            None => {
                let text = messages::file_not_sent(self.locale(), name);
                self.store.post(&line.chat, &Outbound::text(key, text), now_ms).await?;
            }
        }
        Ok(true)
    }
}
