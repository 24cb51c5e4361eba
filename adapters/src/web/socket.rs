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

use super::door::{Ticket, is_same_origin};
use super::waits::Waits;
use super::wire::{ClientFrame, ServerFrame, encode};
use super::{FRAME_MAX, ID_MAX, OWNER, Sign, TEXT_MAX, Web};
use crate::chat::{
    Attachment, Content, Inbound, InboundId, MessageContext, MessageRef, Place, UserId,
};

/// Entries read from the log at once.
const BATCH: usize = 32;

const WRONG_KEY: &str = "This link is not valid here. Ask for a new one where you got it.";
const TOO_LONG: &str = "That line is too long and was not sent. Send it in smaller parts.";
const MALFORMED: &str = "That was not understood. This program may be too old for this relay.";

/// The connection is of no more use.
struct Closed;

/// `GET /chat/socket`: refuses pages of other sites, then talks.
pub(super) async fn upgrade(
    State(web): State<Arc<Web>>,
    headers: HeaderMap,
    upgrade: WebSocketUpgrade,
) -> Response {
    if !is_same_origin(&headers) {
        return StatusCode::FORBIDDEN.into_response();
    }
    let stranger = Stranger::knock(&web);
    upgrade
        .max_message_size(FRAME_MAX)
        .max_frame_size(FRAME_MAX)
        .on_upgrade(move |socket| talk(web, stranger, socket))
}

/// A connection that has not shown the key yet.
struct Stranger {
    web: Arc<Web>,
    ticket: Ticket,
}

impl Stranger {
    fn knock(web: &Arc<Web>) -> Self {
        let ticket = web.door().knock(Instant::now());
        Self { web: web.clone(), ticket }
    }

    /// What it says first; `None` when it says nothing of use in time, or has to make room.
    async fn hello(&mut self, socket: &mut WebSocket) -> Option<(Zeroizing<String>, u64)> {
        tokio::select! {
            hello = timeout(self.web.waits.hello, read_hello(socket)) => hello.ok().flatten(),
            _ = &mut self.ticket.leave => None,
        }
    }
}

impl Drop for Stranger {
    fn drop(&mut self) {
        self.web.door().step_aside(self.ticket.number);
    }
}

async fn talk(web: Arc<Web>, mut stranger: Stranger, mut socket: WebSocket) {
    let waits = web.waits;
    let Some((key, after)) = stranger.hello(&mut socket).await else { return };
    if !opens(&key, &web.key) {
        if web.door().turn_away(Instant::now()) {
            // The connection ends either way.
            let mut wire = Wire { socket, waits };
            let _ = wire.refuse(WRONG_KEY, None).await;
            let _ = wire.close().await;
        }
        return;
    }
    drop(stranger);
    let ticket = web.door().let_in(Instant::now());
    let connection = Connection {
        number: ticket.number,
        signs: web.signs.subscribe(),
        changed: web.changed.subscribe(),
        web,
        wire: Wire { socket, waits },
        waiting: HashSet::new(),
        seen: 0,
        heard_at: Instant::now(),
    };
    connection.run(ticket, after).await;
}

/// Whether the shown key is the owner's; an empty one opens nothing.
pub(super) fn opens(shown: &str, key: &str) -> bool {
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
struct Wire {
    socket: WebSocket,
    waits: Waits,
}

impl Wire {
    async fn refuse(&mut self, text: &str, id: Option<String>) -> Result<(), Closed> {
        self.write(&ServerFrame::Refused { text: text.into(), id }).await
    }

    async fn write(&mut self, frame: &ServerFrame) -> Result<(), Closed> {
        let text = encode(frame).ok_or(Closed)?;
        self.send(Message::Text(text.into())).await
    }

    async fn ping(&mut self) -> Result<(), Closed> {
        self.send(Message::Ping(Vec::new().into())).await
    }

    /// Closes normally, once the client has heard everything: what it still says is not read, and
    /// dropping the socket with it unread would take back what is on its way.
    async fn close(&mut self) -> Result<(), Closed> {
        let normal = CloseFrame { code: close_code::NORMAL, reason: "".into() };
        self.send(Message::Close(Some(normal))).await?;
        let rest = async { while let Some(Ok(_)) = self.socket.recv().await {} };
        timeout(self.waits.farewell, rest).await.map_err(|_| Closed)
    }

    async fn send(&mut self, message: Message) -> Result<(), Closed> {
        match timeout(self.waits.write, self.socket.send(message)).await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(_)) | Err(_) => Err(Closed),
        }
    }
}

/// A client that has shown the key.
struct Connection {
    web: Arc<Web>,
    number: u64,
    wire: Wire,
    signs: broadcast::Receiver<Sign>,
    changed: watch::Receiver<()>,
    /// Lines of this client that are not acknowledged yet.
    waiting: HashSet<InboundId>,
    seen: u64,
    heard_at: Instant,
}

impl Drop for Connection {
    fn drop(&mut self) {
        self.web.door().let_out(self.number);
    }
}

impl Connection {
    async fn run(mut self, ticket: Ticket, after: u64) {
        if self.welcome(after).await.is_err() {
            return;
        }
        self.web.reachable.notify_one();
        let mut leave = ticket.leave;
        let mut ping = interval(self.web.waits.ping);
        ping.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            let silence_ends = self.heard_at + self.web.waits.silence;
            let done = tokio::select! {
                _ = &mut leave => Err(Closed),
                () = sleep_until(silence_ends) => Err(Closed),
                sign = self.signs.recv() => self.pass_on(sign).await,
                changed = self.changed.changed() => match changed {
                    Ok(()) => self.catch_up().await,
                    Err(_) => Err(Closed),
                },
                frame = self.wire.socket.recv() => match frame {
                    Some(Ok(frame)) => self.hear(frame).await,
                    Some(Err(_)) | None => Err(Closed),
                },
                _ = ping.tick() => self.wire.ping().await,
            };
            if done.is_err() {
                return;
            }
        }
    }

    /// A client that has seen more than there is knows another log: it starts over.
    async fn welcome(&mut self, after: u64) -> Result<(), Closed> {
        let head = self.web.log.head().await.map_err(|_| Closed)?;
        self.seen = if after > head { 0 } else { after };
        self.wire.write(&ServerFrame::Welcome { seq: self.seen }).await?;
        self.catch_up().await
    }

    async fn catch_up(&mut self) -> Result<(), Closed> {
        loop {
            let entries = self.web.log.after(self.seen, BATCH).await.map_err(|_| Closed)?;
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
        sign: Result<Sign, broadcast::error::RecvError>,
    ) -> Result<(), Closed> {
        match sign {
            Ok(Sign::Typing) => self.wire.write(&ServerFrame::Typing).await,
            Ok(Sign::Acknowledged(id)) if self.waiting.remove(&id) => {
                self.wire.write(&ServerFrame::Ack { id: id.0 }).await
            }
            Ok(Sign::Acknowledged(_)) => Ok(()),
            Ok(Sign::Sleep) => self.part().await.and(Err(Closed)),
            Err(_) => Err(Closed),
        }
    }

    /// Says everything there is to say, and that the relay goes to sleep.
    async fn part(&mut self) -> Result<(), Closed> {
        self.catch_up().await?;
        self.wire.write(&ServerFrame::Sleep).await?;
        self.wire.close().await
    }

    async fn hear(&mut self, message: Message) -> Result<(), Closed> {
        self.heard_at = Instant::now();
        let text = match message {
            Message::Text(text) => text,
            Message::Ping(_) | Message::Pong(_) => return Ok(()),
            Message::Binary(_) | Message::Close(_) => return Err(Closed),
        };
        self.web.door().heard(self.number, self.heard_at);
        let (id, content) = match serde_json::from_str(&text) {
            Ok(ClientFrame::Say { id, text, secret }) => (id, line(text.into(), secret)),
            Ok(ClientFrame::Tap { id, button, message }) => (id, tap(button, message)),
            Ok(ClientFrame::File { id, file, name, media_type, caption }) => {
                (id, attachment(file, name, media_type, caption))
            }
            Ok(ClientFrame::Hello { .. }) => return Ok(()),
            Err(_) => return self.wire.refuse(MALFORMED, None).await.and(Err(Closed)),
        };
        let Some(content) = content.filter(|_| id.len() <= ID_MAX) else {
            return self.wire.refuse(TOO_LONG, Some(id)).await;
        };
        self.take(InboundId(id), content)
    }

    fn take(&mut self, id: InboundId, content: Content) -> Result<(), Closed> {
        self.waiting.insert(id.clone());
        let inbound = Inbound {
            id,
            chat: Web::chat(),
            from: UserId(OWNER.into()),
            place: Place::Private,
            locale: None,
            message: None,
            content,
            context: MessageContext::default(),
        };
        // A client whose line finds no room reconnects a little later and sends it again.
        self.web.inbox.push(inbound).map_err(|_| Closed)
    }
}

fn line(text: Zeroizing<String>, secret: bool) -> Option<Content> {
    let content = if secret { Content::Secret } else { Content::Text };
    (text.len() <= TEXT_MAX).then(|| content(text))
}

fn attachment(
    id: String,
    name: String,
    media_type: Option<String>,
    caption: String,
) -> Option<Content> {
    let kind = media_type.as_deref().unwrap_or_default();
    let fits = [&id, &name, kind].iter().all(|word| word.len() <= ID_MAX);
    let attachment = Attachment { id, name, media_type, bytes: None, caption };
    (fits && attachment.caption.len() <= TEXT_MAX).then(|| Content::File(Box::new(attachment)))
}

fn tap(button: String, message: Option<String>) -> Option<Content> {
    let fits = button.len() <= ID_MAX && message.as_ref().is_none_or(|id| id.len() <= ID_MAX);
    let message = message.map(|id| MessageRef { chat: Web::chat(), id });
    fits.then_some(Content::Tap { button, message })
}
