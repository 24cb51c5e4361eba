//! The connection to the relay, which is made again after each loss.

use std::collections::{HashSet, VecDeque};
use std::time::Duration;

use futures::{SinkExt, StreamExt};
use tokio::net::TcpStream;
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep, timeout, timeout_at};
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, client_async_tls_with_config};
use zeroize::Zeroizing;

use super::outbox::{ClientOutbox, chance};
use super::{ClientCommand, ClientEvent, RelayLink, tls};
use crate::web::FRAME_MAX;
use crate::web::timeouts::ClientTimeouts;
use crate::web::wire::{ClientFrame, ServerFrame, encode, outbound};

/// The first wait before connecting again; each failure doubles it.
const BACKOFF_FIRST: Duration = Duration::from_millis(250);

/// The longest wait: a person is waiting.
const BACKOFF_MAX: Duration = Duration::from_secs(15);

/// Message keys that are remembered to tell an edit from a new message.
const KNOWN_MAX: usize = 1_024;

type ClientSocket = WebSocketStream<MaybeTlsStream<TcpStream>>;

/// The end of a connection.
enum ConnectionEnd {
    /// Try again.
    Lost,
    /// The relay goes to sleep, and no line waits for it.
    Asleep,
    /// The client was dropped, or the relay refuses it.
    Final,
}

/// Connects again and again until refused, or until the client is dropped. A relay that sleeps is
/// left alone until there is a line for it.
pub(super) async fn keep(
    link: RelayLink,
    waits: ClientTimeouts,
    commands: mpsc::Receiver<ClientCommand>,
    events: mpsc::Sender<ClientEvent>,
    outbox: ClientOutbox,
) {
    let known = RecentKeys::default();
    let mut session =
        ClientSession { link, waits, commands, events, outbox, known, seen: 0, welcomed: false };
    let mut failures = 0;
    loop {
        session.welcomed = false;
        let dialed = timeout(waits.connect, dial(&session.link)).await;
        let end = match dialed {
            Ok(Some(socket)) => session.run(socket).await,
            Ok(None) | Err(_) => ConnectionEnd::Lost,
        };
        match end {
            ConnectionEnd::Lost => {}
            ConnectionEnd::Asleep => {
                let Some(()) = session.sleep().await else { return };
                failures = 0;
                continue;
            }
            ConnectionEnd::Final => return,
        }
        if session.welcomed || failures == 0 {
            failures = 0;
            if session.events.send(ClientEvent::Reconnecting).await.is_err() {
                return;
            }
        }
        sleep(backoff(failures)).await;
        failures += 1;
    }
}

/// Half of the doubled wait, and a random part of the other half, so that many clients do not
/// connect at once.
pub(super) fn backoff(failures: u32) -> Duration {
    let full = BACKOFF_FIRST.saturating_mul(2_u32.saturating_pow(failures)).min(BACKOFF_MAX);
    full / 2 + (full / 2).mul_f64(f64::from(chance() as u32) / f64::from(u32::MAX))
}

async fn dial(link: &RelayLink) -> Option<ClientSocket> {
    let tls = tls::connector().ok()?;
    let stream = TcpStream::connect(link.address()).await.ok()?;
    let config = WebSocketConfig::default()
        .max_message_size(Some(FRAME_MAX))
        .max_frame_size(Some(FRAME_MAX));
    let url = link.socket_url();
    let connected = client_async_tls_with_config(url, stream, Some(config), Some(tls)).await;
    connected.ok().map(|(socket, _)| socket)
}

struct ClientSession {
    link: RelayLink,
    waits: ClientTimeouts,
    commands: mpsc::Receiver<ClientCommand>,
    events: mpsc::Sender<ClientEvent>,
    outbox: ClientOutbox,
    known: RecentKeys,
    seen: u64,
    welcomed: bool,
}

impl ClientSession {
    async fn run(&mut self, mut socket: ClientSocket) -> ConnectionEnd {
        match self.talk(&mut socket).await {
            Ok(never) => match never {},
            Err(end) => end,
        }
    }

    async fn talk(
        &mut self,
        socket: &mut ClientSocket,
    ) -> Result<std::convert::Infallible, ConnectionEnd> {
        let hello = ClientFrame::Hello { key: self.link.key().to_owned(), after: self.seen };
        let hello = Zeroizing::new(encode(&hello).ok_or(ConnectionEnd::Final)?);
        self.write(socket, &hello).await?;
        let events = self.events.clone();
        let mut received_at = Instant::now();
        loop {
            tokio::select! {
                received = receive(&events, socket, received_at + self.waits.silence) => {
                    let (permit, frame) = received?;
                    received_at = Instant::now();
                    let welcome = matches!(frame, Some(ServerFrame::Welcome { .. }));
                    let (event, end) = self.understand(frame);
                    if let Some(event) = event {
                        permit.send(event);
                    }
                    if let Some(end) = end {
                        return Err(end);
                    }
                    if welcome {
                        for frame in self.outbox.frames() {
                            self.write(socket, &frame).await?;
                        }
                    }
                }
                command = self.commands.recv(), if self.welcomed && self.outbox.has_room() => {
                    let Some(command) = command else { return Err(ConnectionEnd::Final) };
                    if let Some(frame) = self.outbox.queue(command) {
                        self.write(socket, &frame).await?;
                    }
                }
            }
        }
    }

    /// The event of a frame, and its effect on the connection if it is the last frame.
    fn understand(
        &mut self,
        frame: Option<ServerFrame>,
    ) -> (Option<ClientEvent>, Option<ConnectionEnd>) {
        let event = match frame {
            Some(ServerFrame::Welcome { seq }) => {
                self.seen = seq;
                self.welcomed = true;
                Some(ClientEvent::Connected)
            }
            Some(ServerFrame::Message { seq, id, text, buttons, ask, file }) => {
                let message = outbound(id, text, buttons, ask, file.as_deref());
                self.is_new(seq).then(|| match self.known.add(&message.key) {
                    true => ClientEvent::Message(message),
                    false => ClientEvent::Edited(message),
                })
            }
            Some(ServerFrame::Delete { seq, id }) => {
                (self.is_new(seq) && self.known.remove(&id)).then_some(ClientEvent::Deleted(id))
            }
            Some(ServerFrame::Ack { id }) => {
                self.outbox.forget(&id);
                None
            }
            Some(ServerFrame::Refused { text, id: Some(id) }) => {
                self.outbox.forget(&id);
                Some(ClientEvent::NotTaken(text))
            }
            Some(ServerFrame::Refused { text, id: None }) => {
                return (Some(ClientEvent::Refused(text)), Some(ConnectionEnd::Final));
            }
            Some(ServerFrame::Sleep) if self.outbox.is_empty() => {
                return (None, Some(ConnectionEnd::Asleep));
            }
            Some(ServerFrame::Sleep) => return (None, Some(ConnectionEnd::Lost)),
            Some(ServerFrame::Typing) => Some(ClientEvent::Typing),
            None => None,
        };
        (event, None)
    }

    /// Waits for the next line; `None` when the client was dropped.
    async fn sleep(&mut self) -> Option<()> {
        self.events.send(ClientEvent::Asleep).await.ok()?;
        let command = self.commands.recv().await?;
        // After the next welcome it is sent with all unacknowledged lines.
        self.outbox.queue(command);
        Some(())
    }

    async fn write(&self, socket: &mut ClientSocket, frame: &str) -> Result<(), ConnectionEnd> {
        match timeout(self.waits.write, socket.send(Message::text(frame))).await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(_)) | Err(_) => Err(ConnectionEnd::Lost),
        }
    }

    fn is_new(&mut self, seq: u64) -> bool {
        let is_new = seq > self.seen;
        self.seen = self.seen.max(seq);
        is_new
    }
}

/// The next frame with an event, read only when there is room for it; `None` for one that this
/// client is too old for.
async fn receive<'a>(
    events: &'a mpsc::Sender<ClientEvent>,
    socket: &mut ClientSocket,
    deadline: Instant,
) -> Result<(mpsc::Permit<'a, ClientEvent>, Option<ServerFrame>), ConnectionEnd> {
    let permit = events.reserve().await.map_err(|_| ConnectionEnd::Final)?;
    match timeout_at(deadline, socket.next()).await {
        Ok(Some(Ok(Message::Text(text)))) => Ok((permit, serde_json::from_str(&text).ok())),
        Ok(Some(Ok(Message::Ping(_) | Message::Pong(_)))) => Ok((permit, None)),
        _ => Err(ConnectionEnd::Lost),
    }
}

/// The keys of the latest messages.
#[derive(Default)]
struct RecentKeys {
    keys: HashSet<String>,
    order: VecDeque<String>,
}

impl RecentKeys {
    /// Whether it was not known before.
    fn add(&mut self, key: &str) -> bool {
        if !self.keys.insert(key.to_owned()) {
            return false;
        }
        self.order.push_back(key.to_owned());
        if self.order.len() > KNOWN_MAX
            && let Some(oldest) = self.order.pop_front()
        {
            self.keys.remove(&oldest);
        }
        true
    }

    /// Whether it was known.
    fn remove(&mut self, key: &str) -> bool {
        self.order.retain(|known| known != key);
        self.keys.remove(key)
    }
}
