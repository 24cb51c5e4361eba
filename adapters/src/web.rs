//! A WebSocket with small JSON messages behind an owner's key.
//!
//! # The protocol
//!
//! A client opens `GET /chat/socket` and sends text frames, each a JSON object with a `type`.
//! Unknown fields are ignored, so that both sides can grow.
//!
//! The client says:
//!
//! | frame | meaning |
//! |---|---|
//! | `{"type":"hello","key":K,"after":N}` | first, within seconds: the owner's key, and the last `seq` seen (0 for none) |
//! | `{"type":"say","id":I,"text":T,"secret":S}` | a line; `id` is unique for good and stays the same when it is sent again; `secret` is true when it was typed unseen, as a message asked for (false if left out) |
//! | `{"type":"file","id":I,"file":F,"name":N,"media_type":M,"caption":T}` | a file that was uploaded before as `F`; `media_type` and `caption` may be left out |
//! | `{"type":"tap","id":I,"button":B,"message":M}` | a tap of button `B` of message `M` (may be left out) |
//!
//! The server says:
//!
//! | frame | meaning |
//! |---|---|
//! | `{"type":"welcome","seq":N}` | the key is right; entries after `seq` follow |
//! | `{"type":"ack","id":I}` | that line or tap is safe on disk; until then, send it again after reconnecting |
//! | `{"type":"message","seq":N,"id":M,"text":T,"buttons":[{"id":B,"label":L}],"ask":A,"file":{"id":F,"name":N,"media_type":M,"bytes":B}}` | a message, or the new form of the one with this `id`; `ask` is `anything` or `secret`; `file` is left out where there is none |
//! | `{"type":"delete","seq":N,"id":M}` | that message was removed |
//! | `{"type":"typing"}` | an answer is on its way |
//! | `{"type":"sleep"}` | the relay stops because nobody uses it, and closes the connection normally; a new one wakes it |
//! | `{"type":"refused","text":T,"id":I}` | that line is not taken and must not be sent again; without `id`, the connection is not |
//!
//! The bytes of files travel beside the socket, with the header `Authorization: Bearer KEY`: `POST
//! /chat/files` with them as its body answers `{"id":F}` (507 with a sentence where there is no
//! room), and `GET /chat/files/F` gives them.
//!
//! A client that reconnects with the last `seq` it saw gets everything it has not seen, each
//! message in its latest form. Any number of clients of one owner see the same chat.
//!
//! A client whose connection is lost connects again by itself, with growing pauses. One that was
//! told `sleep` does not: a relay that runs costs money, so the client wakes it only for a new
//! line, or for one that is not acknowledged yet. Lines that a person writes while it sleeps are
//! kept, and sent after the next `welcome`.

use std::sync::Arc;

use async_trait::async_trait;
use axum::extract::DefaultBodyLimit;
use axum::routing::{get, post};
use bytes::Bytes;
use parking_lot::Mutex;
use tokio::sync::{Notify, Semaphore, broadcast, mpsc, watch};
use tokio::time::timeout;
use zeroize::Zeroizing;

use crate::channel::{Capabilities, Channel, ChannelError, ChannelEvent, SecretEntry};
use crate::chat::{Attachment, ChatId, Inbound, InboundId, MessageRef, Outbound, OutboundFile};
use crate::text::{LengthUnit, length};

mod admission;
pub mod client;
mod files;
mod inbox;
mod log;
mod socket;
#[cfg(test)]
pub(crate) mod tests;
mod timeouts;
mod wire;

pub use files::FILE_BYTES_MAX;
pub use log::{
    LogChange, LogEntry, LogError, MemoryLog, MessageLog, PostedFile, PostedMessage, StoredFile,
};

use admission::ClientAdmission;
use inbox::WebInbox;
use timeouts::ClientTimeouts;

/// The one chat and the one person of this channel.
const OWNER: &str = "owner";

/// Longest text of a message either way, in bytes: a long answer or a pasted file.
pub const TEXT_MAX: usize = 128 * 1024;

/// Longest frame: the longest text with every byte escaped as `\u0000`, and room for the rest.
const FRAME_MAX: usize = 6 * TEXT_MAX + 8 * 1024;

/// Longest id of a line, a button or a message that a client may name.
const ID_MAX: usize = 256;

/// Signs in the queue of a socket; a late sign is worth nothing.
const SIGNS_MAX: usize = 2 * inbox::UNACKNOWLEDGED_MAX;

/// The web channel of one owner.
pub struct WebChannel {
    key: Zeroizing<String>,
    log: Arc<dyn MessageLog>,
    capabilities: Capabilities,
    inbox: WebInbox,
    inbound: tokio::sync::Mutex<mpsc::Receiver<Inbound>>,
    reachable: Notify,
    /// Woken on every change of the log.
    changed: watch::Sender<()>,
    signals: broadcast::Sender<ClientSignal>,
    admission: Mutex<ClientAdmission>,
    /// Files that arrive.
    uploads: Semaphore,
    timeouts: ClientTimeouts,
}

/// A sign that goes to every connected client at once, or never.
#[derive(Clone)]
enum ClientSignal {
    Acknowledged(InboundId),
    Typing,
    Asleep,
}

impl WebChannel {
    /// A channel for the holder of `owner_key`; its messages go through `log`.
    pub fn new(owner_key: Zeroizing<String>, log: Arc<dyn MessageLog>) -> Arc<Self> {
        Self::waiting(owner_key, log, ClientTimeouts::default())
    }

    fn waiting(
        owner_key: Zeroizing<String>,
        log: Arc<dyn MessageLog>,
        waits: ClientTimeouts,
    ) -> Arc<Self> {
        let (inbox, inbound) = WebInbox::new();
        Arc::new(Self {
            key: owner_key,
            log,
            capabilities: Capabilities {
                edits: true,
                deletes_theirs: false,
                scrubs_theirs: false,
                buttons_max: 30,
                text_max: TEXT_MAX,
                text_unit: LengthUnit::Bytes,
                edit_interval_ms: 100,
                secret_entry: SecretEntry::Hidden,
                opens_pages: false,
                makes_bots: false,
                files_in_bytes_max: FILE_BYTES_MAX as u64,
                files_out_bytes_max: FILE_BYTES_MAX as u64,
            },
            inbox,
            inbound: tokio::sync::Mutex::new(inbound),
            reachable: Notify::new(),
            changed: watch::Sender::new(()),
            signals: broadcast::Sender::new(SIGNS_MAX),
            admission: Mutex::default(),
            uploads: Semaphore::new(files::UPLOADS_MAX),
            timeouts: waits,
        })
    }

    /// `/chat/socket` and `/chat/files`.
    pub fn router(self: &Arc<Self>) -> axum::Router {
        axum::Router::new()
            .route("/chat/socket", get(socket::upgrade))
            .route("/chat/files", post(files::upload))
            .route("/chat/files/{id}", get(files::download))
            .layer(DefaultBodyLimit::max(FILE_BYTES_MAX))
            .with_state(self.clone())
    }

    /// The chat with the owner.
    pub fn chat() -> ChatId {
        ChatId(OWNER.into())
    }

    /// Clients that are connected and have shown the key.
    #[cfg(test)]
    fn sockets(&self) -> usize {
        self.door().guests()
    }

    fn door(&self) -> parking_lot::MutexGuard<'_, ClientAdmission> {
        self.admission.lock()
    }

    async fn put(&self, posted: &PostedMessage) -> Result<(), ChannelError> {
        if length(&posted.message.text, LengthUnit::Bytes) > TEXT_MAX {
            return Err(ChannelError::Refused("too long"));
        }
        self.log.put(posted).await.map_err(in_doubt)?;
        self.changed.send_replace(());
        Ok(())
    }
}

/// A log that failed may have written.
fn in_doubt(_: LogError) -> ChannelError {
    ChannelError::InDoubt
}

#[async_trait]
impl Channel for WebChannel {
    fn name(&self) -> &'static str {
        "web"
    }

    fn capabilities(&self) -> &Capabilities {
        &self.capabilities
    }

    async fn next(&self) -> Option<ChannelEvent> {
        let mut inbound = self.inbound.lock().await;
        tokio::select! {
            biased;
            () = self.reachable.notified() => Some(ChannelEvent::Reachable(Self::chat())),
            inbound = inbound.recv() => inbound.map(ChannelEvent::Inbound),
        }
    }

    async fn acknowledge(&self, id: &InboundId) {
        self.inbox.acknowledge(id);
        // Without a connected client the acknowledgement is lost; the client sends the line again.
        let _ = self.signals.send(ClientSignal::Acknowledged(id.clone()));
    }

    async fn send(&self, chat: &ChatId, message: &Outbound) -> Result<MessageRef, ChannelError> {
        self.put(&message.clone().into()).await?;
        Ok(MessageRef { chat: chat.clone(), id: message.key.clone() })
    }

    async fn edit(&self, message: &MessageRef, new: &Outbound) -> Result<(), ChannelError> {
        if !self.log.contains(&message.id).await.map_err(in_doubt)? {
            return Err(ChannelError::NoSuchMessage);
        }
        self.put(&Outbound { key: message.id.clone(), ..new.clone() }.into()).await
    }

    async fn delete(&self, message: &MessageRef) -> Result<(), ChannelError> {
        match self.log.remove(&message.id).await.map_err(in_doubt)? {
            Some(_) => {
                self.changed.send_replace(());
                Ok(())
            }
            None => Err(ChannelError::NoSuchMessage),
        }
    }

    async fn fetch(&self, attachment: &Attachment) -> Result<Bytes, ChannelError> {
        self.kept(&attachment.id).await
    }

    async fn send_file(
        &self,
        chat: &ChatId,
        file: &OutboundFile,
    ) -> Result<MessageRef, ChannelError> {
        let kept = Box::new(PostedFile {
            id: self.keep(file).await?,
            name: file.name.clone(),
            media_type: file.media_type.clone(),
            bytes: file.bytes.len() as u64,
        });
        let message = Outbound::text(file.key.clone(), file.caption.clone());
        self.put(&PostedMessage { message, file: Some(kept) }).await?;
        Ok(MessageRef { chat: chat.clone(), id: file.key.clone() })
    }

    async fn typing(&self, _: &ChatId) {
        // A sign without a receiver does no harm.
        let _ = self.signals.send(ClientSignal::Typing);
    }

    async fn sleep(&self) {
        // Without a connected client there is no receiver.
        let _ = self.signals.send(ClientSignal::Asleep);
        // Every connection listens for changes for as long as it lives. A client that missed one
        // reconnects.
        let _ = timeout(self.timeouts.farewell, self.changed.closed()).await;
    }
}
