//! The gateway: hello, identify or resume, heartbeats, and events in order.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::extract::ws::{CloseFrame, Message as Frame, WebSocket, WebSocketUpgrade};
use axum::http::{HeaderMap, header};
use axum::response::Response;
use parking_lot::{Mutex, MutexGuard};
use serde_json::{Value, json};
use tokio::sync::watch;

use super::{DiscordBot, SimulatedDiscord, user};

/// The interval of heartbeats that Discord sends, in milliseconds.
const HEARTBEAT_MS: u64 = 41_250;

/// The intents for messages in servers and for direct messages.
const GUILD_MESSAGES: u64 = 1 << 9;
const DIRECT_MESSAGES: u64 = 1 << 12;

/// The part of the gateway that outlives its connections.
pub struct DiscordGateway {
    state: Mutex<GatewayState>,
    /// Shared with the rest of Discord: changes with every event.
    changed: watch::Sender<()>,
}

#[derive(Default)]
struct GatewayState {
    sessions: BTreeMap<String, GatewaySession>,
    /// Orders that every connection obeys in turn.
    orders: Vec<GatewayOrder>,
    /// Opcodes from bots, except heartbeats.
    opcodes: Vec<u64>,
    connections: usize,
}

struct GatewaySession {
    token: String,
    intents: u64,
    /// The index of the first event of the bot that belongs to the session.
    start: usize,
}

#[derive(Clone, Copy)]
enum GatewayOrder {
    /// The connection is closed without a close frame.
    Cut,
    /// Op 7: connect again and resume.
    Reconnect,
    /// Op 9: the session is gone.
    Invalid,
}

/// A connection: the id of its session and the number of events sent in it, and the number of
/// orders obeyed.
struct GatewayConnection {
    session: Option<(String, usize)>,
    obeyed: usize,
}

enum GatewayUpdate {
    Order(GatewayOrder),
    Events(Vec<(usize, &'static str, Value)>),
}

impl DiscordGateway {
    pub(super) fn new(changed: watch::Sender<()>) -> Self {
        Self { state: Mutex::default(), changed }
    }

    /// Closes every connection without a close frame.
    pub fn cut_connections(&self) {
        self.order(GatewayOrder::Cut);
    }

    /// Tells every bot to connect again and resume (op 7).
    pub fn ask_to_reconnect(&self) {
        self.order(GatewayOrder::Reconnect);
    }

    /// Ends every session (op 9): a bot that connects again misses the events in between.
    pub fn end_sessions(&self) {
        self.state().sessions.clear();
        self.order(GatewayOrder::Invalid);
    }

    /// Opcodes that bots sent to the gateway, except heartbeats.
    pub fn opcodes(&self) -> Vec<u64> {
        self.state().opcodes.clone()
    }

    /// Waits until exactly this many connections are open.
    pub async fn has_connections(&self, expected: usize) {
        let mut changed = self.changed.subscribe();
        while self.state().connections != expected {
            // The sender lives as long as this value.
            let _ = changed.changed().await;
        }
    }

    /// Waits until bots have sent this opcode so many times.
    pub async fn has_received(&self, opcode: u64, times: usize) {
        let mut changed = self.changed.subscribe();
        while self.opcodes().iter().filter(|it| **it == opcode).count() < times {
            let _ = changed.changed().await;
        }
    }

    fn order(&self, order: GatewayOrder) {
        self.state().orders.push(order);
        self.changed.send_replace(());
    }

    fn state(&self) -> MutexGuard<'_, GatewayState> {
        self.state.lock()
    }

    /// The next order for a connection, or the events that it has not sent yet.
    fn next_update(
        &self,
        bots: &BTreeMap<String, DiscordBot>,
        connection: &GatewayConnection,
    ) -> GatewayUpdate {
        let state = self.state();
        if let Some(order) = state.orders.get(connection.obeyed) {
            return GatewayUpdate::Order(*order);
        }
        let session = connection.session.as_ref();
        let session = session.and_then(|(id, sent)| Some((state.sessions.get(id)?, *sent)));
        let Some((session, sent)) = session else { return GatewayUpdate::Events(Vec::new()) };
        let events = bots.get(&session.token).map_or(&[][..], |bot| &bot.events);
        let asked_for = events.iter().skip(session.start).filter(|(kind, data)| {
            let needed = match (*kind, data.get("guild_id")) {
                ("MESSAGE_CREATE" | "MESSAGE_UPDATE", Some(_)) => GUILD_MESSAGES,
                ("MESSAGE_CREATE" | "MESSAGE_UPDATE", None) => DIRECT_MESSAGES,
                _ => return true,
            };
            session.intents & needed != 0
        });
        let unsent = asked_for.enumerate().skip(sent);
        GatewayUpdate::Events(unsent.map(|(n, (kind, data))| (n, *kind, data.clone())).collect())
    }
}

pub async fn address(
    State(discord): State<Arc<SimulatedDiscord>>,
    headers: HeaderMap,
) -> Json<Value> {
    discord.note("GET", "/gateway/bot", &json!({}));
    let host = headers.get(header::HOST).and_then(|it| it.to_str().ok()).unwrap_or_default();
    Json(json!({
        "url": format!("ws://{host}/gateway"), "shards": 1,
        "session_start_limit": {
            "total": 1000, "remaining": 999, "reset_after": 86_400_000, "max_concurrency": 1,
        },
    }))
}

pub async fn connect(
    State(discord): State<Arc<SimulatedDiscord>>,
    upgrade: WebSocketUpgrade,
) -> Response {
    upgrade.on_upgrade(move |socket| async move {
        discord.gateway.state().connections += 1;
        discord.has_changed();
        // A bot connects again after a failure.
        let _ = serve(&discord, socket).await;
        discord.gateway.state().connections -= 1;
        discord.has_changed();
    })
}

async fn serve(discord: &SimulatedDiscord, mut socket: WebSocket) -> Result<(), axum::Error> {
    let mut changed = discord.changed.subscribe();
    let mut connection =
        GatewayConnection { session: None, obeyed: discord.gateway.state().orders.len() };
    send(&mut socket, 10, json!({ "heartbeat_interval": HEARTBEAT_MS })).await?;
    loop {
        changed.borrow_and_update();
        let update = discord.gateway.next_update(&discord.state().bots, &connection);
        match update {
            GatewayUpdate::Order(order) => {
                connection.obeyed += 1;
                connection.session = None;
                match order {
                    GatewayOrder::Cut => return Ok(()),
                    GatewayOrder::Reconnect => send(&mut socket, 7, Value::Null).await?,
                    GatewayOrder::Invalid => send(&mut socket, 9, json!(false)).await?,
                }
                continue;
            }
            GatewayUpdate::Events(events) => {
                for (n, kind, data) in events {
                    // READY has the sequence number 1.
                    let event = json!({ "op": 0, "t": kind, "s": n + 2, "d": data });
                    socket.send(Frame::Text(event.to_string().into())).await?;
                    if let Some((_, sent)) = &mut connection.session {
                        *sent = n + 1;
                    }
                }
            }
        }
        tokio::select! {
            frame = socket.recv() => {
                let Some(Ok(frame)) = frame else { return Ok(()) };
                let Frame::Text(text) = frame else { continue };
                let handled = match serde_json::from_str::<Value>(&text) {
                    Ok(payload) => handle(discord, &mut socket, &mut connection, &payload).await?,
                    Err(_) => Err((4002, "Error while decoding payload.")),
                };
                if let Err((code, reason)) = handled {
                    let close = CloseFrame { code, reason: reason.into() };
                    return socket.send(Frame::Close(Some(close))).await;
                }
            }
            _ = changed.changed() => {}
        }
    }
}

async fn send(socket: &mut WebSocket, op: u8, data: Value) -> Result<(), axum::Error> {
    let payload = json!({ "op": op, "d": data, "t": null, "s": null });
    socket.send(Frame::Text(payload.to_string().into())).await
}

/// Handles one payload of a bot; the inner error closes the connection with its code and reason.
async fn handle(
    discord: &SimulatedDiscord,
    socket: &mut WebSocket,
    connection: &mut GatewayConnection,
    payload: &Value,
) -> Result<Result<(), (u16, &'static str)>, axum::Error> {
    const UNKNOWN_TOKEN: (u16, &str) = (4004, "Authentication failed.");
    let op = payload["op"].as_u64().unwrap_or(u64::MAX);
    let token = payload["d"]["token"].as_str().unwrap_or_default();
    let token = token.strip_prefix("Bot ").unwrap_or(token).to_owned();
    if op != 1 {
        discord.gateway.state().opcodes.push(op);
        discord.has_changed();
    }
    match op {
        1 => send(socket, 11, Value::Null).await?,
        2 if connection.session.is_some() => return Ok(Err((4005, "Already authenticated."))),
        2 => match identified(discord, token, payload) {
            None => return Ok(Err(UNKNOWN_TOKEN)),
            Some((session, ready)) => {
                socket.send(Frame::Text(ready.to_string().into())).await?;
                connection.session = Some((session, 0));
            }
        },
        6 => {
            let id = payload["d"]["session_id"].as_str().unwrap_or_default().to_owned();
            let known = {
                let gateway = discord.gateway.state();
                gateway.sessions.get(&id).is_some_and(|session| session.token == token)
            };
            if !known {
                send(socket, 9, json!(false)).await?;
                return Ok(Ok(()));
            }
            let seen = payload["d"]["seq"].as_u64().and_then(|it| usize::try_from(it).ok());
            let seen = seen.unwrap_or(1).saturating_sub(1);
            let mut resumed =
                GatewayConnection { session: Some((id, seen)), obeyed: connection.obeyed };
            let update = discord.gateway.next_update(&discord.state().bots, &resumed);
            if let GatewayUpdate::Events(missed) = update {
                for (n, kind, data) in missed {
                    let event = json!({ "op": 0, "t": kind, "s": n + 2, "d": data });
                    socket.send(Frame::Text(event.to_string().into())).await?;
                    resumed.session.iter_mut().for_each(|(_, sent)| *sent = n + 1);
                }
            }
            // The missed events come before it (Discord's docs, "Resuming").
            let last = resumed.session.as_ref().map_or(1, |(_, sent)| sent + 1);
            let event = json!({ "op": 0, "t": "RESUMED", "s": last, "d": {} });
            socket.send(Frame::Text(event.to_string().into())).await?;
            *connection = resumed;
        }
        3 | 4 | 8 => {}
        _ => return Ok(Err((4001, "Unknown opcode."))),
    }
    Ok(Ok(()))
}

/// The id of a new session for this bot, and its READY event.
fn identified(
    discord: &SimulatedDiscord,
    token: String,
    payload: &Value,
) -> Option<(String, Value)> {
    let session = hex::encode(discord.random.bytes::<16>());
    let state = discord.state();
    let host = state.host.clone();
    let bot = state.bots.get(&token)?;
    let ready = json!({ "op": 0, "t": "READY", "s": 1, "d": {
        "v": 10, "user": user(bot.id, &bot.name, true), "guilds": [], "session_id": session,
        "resume_gateway_url": format!("ws://{host}/gateway"), "shard": [0, 1],
        "application": { "id": bot.id.to_string(), "flags": 0 },
    } });
    let (intents, start) = (payload["d"]["intents"].as_u64().unwrap_or(0), bot.events.len());
    discord
        .gateway
        .state()
        .sessions
        .insert(session.clone(), GatewaySession { token, intents, start });
    Some((session, ready))
}
