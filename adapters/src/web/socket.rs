//! One connected client, seen from the server.

use std::collections::HashSet;
use std::sync::Arc;

use axum::extract::State;
use axum::extract::ws::{CloseFrame, Message, WebSocket, WebSocketUpgrade, close_code};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use subtle::ConstantTimeEq;
use tokio::sync::{broadcast, watch};
use tokio::time::{Instant, MissedTickBehavior, interval, sleep_until, timeout};
use zeroize::Zeroizing;

use super::admission::{ClientTicket, is_same_origin};
use super::timeouts::ClientTimeouts;
use super::wire::{ClientFrame, ServerFrame, encode};
use super::{ClientSignal, FRAME_MAX, ID_MAX, OWNER, TEXT_MAX, WebChannel};
use crate::chat::{
    Attachment, ChatType, Inbound, InboundContent, InboundId, MessageContext, MessageRef, UserId,
};

/// Entries read from the log at once.
const BATCH: usize = 32;

const WRONG_KEY: &str = "This link is not valid here. Ask for a new one where you got it.";
const TOO_LONG: &str = "That line is too long and was not sent. Send it in smaller parts.";
const MALFORMED: &str = "That was not understood. This program may be too old for this relay.";

/// The connection must end.
struct ConnectionClosed;

/// `GET /chat/socket`: refuses pages of other sites, then talks.
pub(super) async fn upgrade(
    State(web): State<Arc<WebChannel>>,
    headers: HeaderMap,
    upgrade: WebSocketUpgrade,
) -> Response {
    if !is_same_origin(&headers) {
        return StatusCode::FORBIDDEN.into_response();
    }
    let stranger = UnverifiedClient::accept(&web);
    upgrade
        .max_message_size(FRAME_MAX)
        .max_frame_size(FRAME_MAX)
        .on_upgrade(move |socket| talk(web, stranger, socket))
}

/// A connection that has not shown the key yet.
struct UnverifiedClient {
    web: Arc<WebChannel>,
    ticket: ClientTicket,
}

impl UnverifiedClient {
    fn accept(web: &Arc<WebChannel>) -> Self {
        let ticket = web.door().admit_unverified(Instant::now());
        Self { web: web.clone(), ticket }
    }

    /// The first frame of the client; `None` when it sends nothing of use in time, or has to make
    /// room.
    async fn hello(&mut self, socket: &mut WebSocket) -> Option<(Zeroizing<String>, u64)> {
        tokio::select! {
            hello = timeout(self.web.timeouts.hello, read_hello(socket)) => hello.ok().flatten(),
            _ = &mut self.ticket.leave => None,
        }
    }
}

impl Drop for UnverifiedClient {
    fn drop(&mut self) {
        self.web.door().step_aside(self.ticket.number);
    }
}

async fn talk(web: Arc<WebChannel>, mut stranger: UnverifiedClient, mut socket: WebSocket) {
    let waits = web.timeouts;
    let Some((key, after)) = stranger.hello(&mut socket).await else { return };
    if !is_owner_key(&key, &web.key) {
        if web.door().count_wrong_key(Instant::now()) {
            // The connection ends either way.
            let mut wire = FrameSocket { socket, waits };
            let _ = wire.refuse(WRONG_KEY, None).await;
            let _ = wire.close().await;
        }
        return;
    }
    drop(stranger);
    let ticket = web.door().admit_verified(Instant::now());
    let connection = ClientConnection {
        number: ticket.number,
        signs: web.signals.subscribe(),
        changed: web.changed.subscribe(),
        web,
        wire: FrameSocket { socket, waits },
        waiting: HashSet::new(),
        seen: 0,
        heard_at: Instant::now(),
    };
    connection.run(ticket, after).await;
}

/// Whether the shown key is the owner's; an empty one opens nothing.
pub(super) fn is_owner_key(shown: &str, key: &str) -> bool {
    !key.is_empty() && bool::from(shown.as_bytes().ct_eq(key.as_bytes()))
}

async fn read_hello(socket: &mut WebSocket) -> Option<(Zeroizing<String>, u64)> {
    loop {
        match socket.recv().await?.ok()? {
            Message::Text(text) => {
                return match serde_json::from_str(&text) {
                    Ok(ClientFrame::Hello { key, after }) => Some((Zeroizing::new(key), after)),
                    _ => None,
                };
            }
            Message::Ping(_) | Message::Pong(_) => {}
            Message::Binary(_) | Message::Close(_) => return None,
        }
    }
}

/// Frames out, each within its time.
struct FrameSocket {
    socket: WebSocket,
    waits: ClientTimeouts,
}

impl FrameSocket {
    async fn refuse(&mut self, text: &str, id: Option<String>) -> Result<(), ConnectionClosed> {
        self.write(&ServerFrame::Refused { text: text.into(), id }).await
    }

    async fn write(&mut self, frame: &ServerFrame) -> Result<(), ConnectionClosed> {
        let text = encode(frame).ok_or(ConnectionClosed)?;
        self.send(Message::Text(text.into())).await
    }

    async fn ping(&mut self) -> Result<(), ConnectionClosed> {
        self.send(Message::Ping(Vec::new().into())).await
    }

    /// Closes normally, once the client has everything. Its further frames are read and dropped no
    /// more: dropping the socket with them unread would discard the frames on their way to it.
    async fn close(&mut self) -> Result<(), ConnectionClosed> {
        let normal = CloseFrame { code: close_code::NORMAL, reason: "".into() };
        self.send(Message::Close(Some(normal))).await?;
        let rest = async { while let Some(Ok(_)) = self.socket.recv().await {} };
        timeout(self.waits.farewell, rest).await.map_err(|_| ConnectionClosed)
    }

    async fn send(&mut self, message: Message) -> Result<(), ConnectionClosed> {
        match timeout(self.waits.write, self.socket.send(message)).await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(_)) | Err(_) => Err(ConnectionClosed),
        }
    }
}

/// A client that has shown the key.
struct ClientConnection {
    web: Arc<WebChannel>,
    number: u64,
    wire: FrameSocket,
    signs: broadcast::Receiver<ClientSignal>,
    changed: watch::Receiver<()>,
    /// Lines of this client that are not acknowledged yet.
    waiting: HashSet<InboundId>,
    seen: u64,
    heard_at: Instant,
}

impl Drop for ClientConnection {
    fn drop(&mut self) {
        self.web.door().let_out(self.number);
    }
}

impl ClientConnection {
    async fn run(mut self, ticket: ClientTicket, after: u64) {
        if self.welcome(after).await.is_err() {
            return;
        }
        self.web.reachable.notify_one();
        let mut leave = ticket.leave;
        let mut ping = interval(self.web.timeouts.ping);
        ping.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            let silence_ends = self.heard_at + self.web.timeouts.silence;
            let done = tokio::select! {
                _ = &mut leave => Err(ConnectionClosed),
                () = sleep_until(silence_ends) => Err(ConnectionClosed),
                sign = self.signs.recv() => self.pass_on(sign).await,
                changed = self.changed.changed() => match changed {
                    Ok(()) => self.catch_up().await,
                    Err(_) => Err(ConnectionClosed),
                },
                frame = self.wire.socket.recv() => match frame {
                    Some(Ok(frame)) => self.hear(frame).await,
                    Some(Err(_)) | None => Err(ConnectionClosed),
                },
                _ = ping.tick() => self.wire.ping().await,
            };
            if done.is_err() {
                return;
            }
        }
    }

    /// A client that has seen a larger number than the last one knows another log: it starts over.
    async fn welcome(&mut self, after: u64) -> Result<(), ConnectionClosed> {
        let head = self.web.log.head().await.map_err(|_| ConnectionClosed)?;
        self.seen = if after > head { 0 } else { after };
        self.wire.write(&ServerFrame::Welcome { seq: self.seen }).await?;
        self.catch_up().await
    }

    async fn catch_up(&mut self) -> Result<(), ConnectionClosed> {
        loop {
            let entries =
                self.web.log.after(self.seen, BATCH).await.map_err(|_| ConnectionClosed)?;
            let Some(last) = entries.last() else { return Ok(()) };
            let seen = last.seq;
            for entry in entries {
                self.wire.write(&entry.into()).await?;
            }
            self.seen = seen;
        }
    }

    async fn pass_on(
        &mut self,
        sign: Result<ClientSignal, broadcast::error::RecvError>,
    ) -> Result<(), ConnectionClosed> {
        match sign {
            Ok(ClientSignal::Typing) => self.wire.write(&ServerFrame::Typing).await,
            Ok(ClientSignal::Acknowledged(id)) if self.waiting.remove(&id) => {
                self.wire.write(&ServerFrame::Ack { id: id.0 }).await
            }
            Ok(ClientSignal::Acknowledged(_)) => Ok(()),
            Ok(ClientSignal::Asleep) => self.part().await.and(Err(ConnectionClosed)),
            Err(_) => Err(ConnectionClosed),
        }
    }

    /// Sends every entry that is left, and that the relay goes to sleep.
    async fn part(&mut self) -> Result<(), ConnectionClosed> {
        self.catch_up().await?;
        self.wire.write(&ServerFrame::Sleep).await?;
        self.wire.close().await
    }

    async fn hear(&mut self, message: Message) -> Result<(), ConnectionClosed> {
        self.heard_at = Instant::now();
        let text = match message {
            Message::Text(text) => text,
            Message::Ping(_) | Message::Pong(_) => return Ok(()),
            Message::Binary(_) | Message::Close(_) => return Err(ConnectionClosed),
        };
        self.web.door().touch(self.number, self.heard_at);
        let (id, content) = match serde_json::from_str(&text) {
            Ok(ClientFrame::Say { id, text, secret }) => (id, line(text.into(), secret)),
            Ok(ClientFrame::Tap { id, button, message }) => (id, tap(button, message)),
            Ok(ClientFrame::File { id, file, name, media_type, caption }) => {
                (id, attachment(file, name, media_type, caption))
            }
            Ok(ClientFrame::Hello { .. }) => return Ok(()),
            Err(_) => return self.wire.refuse(MALFORMED, None).await.and(Err(ConnectionClosed)),
        };
        let Some(content) = content.filter(|_| id.len() <= ID_MAX) else {
            return self.wire.refuse(TOO_LONG, Some(id)).await;
        };
        self.take(InboundId(id), content)
    }

    fn take(&mut self, id: InboundId, content: InboundContent) -> Result<(), ConnectionClosed> {
        self.waiting.insert(id.clone());
        let inbound = Inbound {
            id,
            chat: WebChannel::chat(),
            from: UserId(OWNER.into()),
            place: ChatType::Private,
            locale: None,
            message: None,
            content,
            context: MessageContext::default(),
        };
        // A client whose line finds no room reconnects a little later and sends it again.
        self.web.inbox.push(inbound).map_err(|_| ConnectionClosed)
    }
}

fn line(text: Zeroizing<String>, secret: bool) -> Option<InboundContent> {
    let content = if secret { InboundContent::Secret } else { InboundContent::Text };
    (text.len() <= TEXT_MAX).then(|| content(text))
}

fn attachment(
    id: String,
    name: String,
    media_type: Option<String>,
    caption: String,
) -> Option<InboundContent> {
    let kind = media_type.as_deref().unwrap_or_default();
    let fits = [&id, &name, kind].iter().all(|word| word.len() <= ID_MAX);
    let attachment = Attachment { id, name, media_type, bytes: None, caption };
    (fits && attachment.caption.len() <= TEXT_MAX)
        .then(|| InboundContent::File(Box::new(attachment)))
}

fn tap(button: String, message: Option<String>) -> Option<InboundContent> {
    let fits = button.len() <= ID_MAX && message.as_ref().is_none_or(|id| id.len() <= ID_MAX);
    let message = message.map(|id| MessageRef { chat: WebChannel::chat(), id });
    fits.then_some(InboundContent::Tap { button, message })
}
