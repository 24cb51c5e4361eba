//! The gateway: hello, identify or resume, heartbeats, and events in order.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::extract::ws::{CloseFrame, Message as Frame, WebSocket, WebSocketUpgrade};
use axum::http::{HeaderMap, header};
use axum::response::Response;
use serde_json::{Value, json};

use super::{SimulatedDiscord, user};

/// As Discord says.
const HEARTBEAT_MS: u64 = 41_250;

/// What a bot must ask for to hear of messages in servers, and in direct messages.
const GUILD_MESSAGES: u64 = 1 << 9;
const DIRECT_MESSAGES: u64 = 1 << 12;

/// What lives on between connections.
#[derive(Default)]
pub struct GatewayState {
    sessions: BTreeMap<String, GatewaySession>,
    /// What those who are connected must obey, in order.
    orders: Vec<GatewayOrder>,
    /// Opcodes that bots sent, heartbeats apart.
    heard: Vec<u64>,
    connections: usize,
}

struct GatewaySession {
    token: String,
    intents: u64,
    /// Events of the bot before this one are not told: they were before the session.
    start: usize,
}

#[derive(Clone, Copy)]
enum GatewayOrder {
    /// The line is cut without a word.
    Cut,
    /// Op 7: connect anew and resume.
    Reconnect,
    /// Op 9: the session is gone.
    Invalid,
}

/// A connection: the session that it carries, and how many of its events were told.
struct GatewayConnection {
    session: Option<(String, usize)>,
    obeyed: usize,
}

enum GatewayUpdate {
    Order(GatewayOrder),
    Events(Vec<(usize, &'static str, Value)>),
}

impl SimulatedDiscord {
    /// Cuts every gateway connection without a word.
    pub fn cuts_connections(&self) {
        self.orders(GatewayOrder::Cut);
    }

    /// Tells every bot to connect anew and resume (op 7).
    pub fn asks_to_reconnect(&self) {
        self.orders(GatewayOrder::Reconnect);
    }

    /// Forgets every session and says so (op 9): who comes again misses what was told meanwhile.
    pub fn ends_sessions(&self) {
        self.state().gateway.sessions.clear();
        self.orders(GatewayOrder::Invalid);
    }

    /// Opcodes that bots sent to the gateway, heartbeats apart.
    pub fn opcodes(&self) -> Vec<u64> {
        self.state().gateway.heard.clone()
    }

    /// Waits until this many are connected to the gateway.
    pub async fn has_connections(&self, expected: usize) {
        let mut changed = self.changed.subscribe();
        while self.state().gateway.connections != expected {
            // The sender lives as long as this value.
            let _ = changed.changed().await;
        }
    }

    /// Waits until a bot has sent this opcode so many times.
    pub async fn has_heard(&self, opcode: u64, times: usize) {
        let mut changed = self.changed.subscribe();
        while self.opcodes().iter().filter(|it| **it == opcode).count() < times {
            let _ = changed.changed().await;
        }
    }

    fn orders(&self, order: GatewayOrder) {
        self.state().gateway.orders.push(order);
        self.has_changed();
    }

    fn news(&self, line: &GatewayConnection) -> GatewayUpdate {
        let state = self.state();
        if let Some(order) = state.gateway.orders.get(line.obeyed) {
            return GatewayUpdate::Order(*order);
        }
        let session = line.session.as_ref();
        let session = session.and_then(|(id, told)| Some((state.gateway.sessions.get(id)?, *told)));
        let Some((session, told)) = session else { return GatewayUpdate::Events(Vec::new()) };
        let events = state.bots.get(&session.token).map_or(&[][..], |bot| &bot.events);
        let asked_for = events.iter().skip(session.start).filter(|(kind, data)| {
            let needed = match (*kind, data.get("guild_id")) {
                ("MESSAGE_CREATE" | "MESSAGE_UPDATE", Some(_)) => GUILD_MESSAGES,
                ("MESSAGE_CREATE" | "MESSAGE_UPDATE", None) => DIRECT_MESSAGES,
                _ => return true,
            };
            session.intents & needed != 0
        });
        let news = asked_for.enumerate().skip(told);
        GatewayUpdate::Events(news.map(|(n, (kind, data))| (n, *kind, data.clone())).collect())
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
        discord.state().gateway.connections += 1;
        discord.has_changed();
        // Whoever is cut off connects again.
        let _ = serve(&discord, socket).await;
        discord.state().gateway.connections -= 1;
        discord.has_changed();
    })
}

async fn serve(discord: &SimulatedDiscord, mut socket: WebSocket) -> Result<(), axum::Error> {
    let mut changed = discord.changed.subscribe();
    let mut line =
        GatewayConnection { session: None, obeyed: discord.state().gateway.orders.len() };
    say(&mut socket, 10, json!({ "heartbeat_interval": HEARTBEAT_MS })).await?;
    loop {
        changed.borrow_and_update();
        match discord.news(&line) {
            GatewayUpdate::Order(order) => {
                line.obeyed += 1;
                line.session = None;
                match order {
                    GatewayOrder::Cut => return Ok(()),
                    GatewayOrder::Reconnect => say(&mut socket, 7, Value::Null).await?,
                    GatewayOrder::Invalid => say(&mut socket, 9, json!(false)).await?,
                }
                continue;
            }
            GatewayUpdate::Events(events) => {
                for (n, kind, data) in events {
                    // READY was the first.
                    let event = json!({ "op": 0, "t": kind, "s": n + 2, "d": data });
                    socket.send(Frame::Text(event.to_string().into())).await?;
                    if let Some((_, told)) = &mut line.session {
                        *told = n + 1;
                    }
                }
            }
        }
        tokio::select! {
            frame = socket.recv() => {
                let Some(Ok(frame)) = frame else { return Ok(()) };
                let Frame::Text(text) = frame else { continue };
                let heard = match serde_json::from_str::<Value>(&text) {
                    Ok(said) => hear(discord, &mut socket, &mut line, &said).await?,
                    Err(_) => Err((4002, "Error while decoding payload.")),
                };
                if let Err((code, reason)) = heard {
                    let close = CloseFrame { code, reason: reason.into() };
                    return socket.send(Frame::Close(Some(close))).await;
                }
            }
            _ = changed.changed() => {}
        }
    }
}

async fn say(socket: &mut WebSocket, op: u8, data: Value) -> Result<(), axum::Error> {
    let said = json!({ "op": op, "d": data, "t": null, "s": null });
    socket.send(Frame::Text(said.to_string().into())).await
}

/// Takes what the bot says, or why the connection is closed.
async fn hear(
    discord: &SimulatedDiscord,
    socket: &mut WebSocket,
    line: &mut GatewayConnection,
    said: &Value,
) -> Result<Result<(), (u16, &'static str)>, axum::Error> {
    const UNKNOWN_TOKEN: (u16, &str) = (4004, "Authentication failed.");
    let op = said["op"].as_u64().unwrap_or(u64::MAX);
    let token = said["d"]["token"].as_str().unwrap_or_default();
    let token = token.strip_prefix("Bot ").unwrap_or(token).to_owned();
    if op != 1 {
        discord.state().gateway.heard.push(op);
        discord.has_changed();
    }
    match op {
        1 => say(socket, 11, Value::Null).await?,
        2 if line.session.is_some() => return Ok(Err((4005, "Already authenticated."))),
        2 => match identified(discord, token, said) {
            None => return Ok(Err(UNKNOWN_TOKEN)),
            Some((session, ready)) => {
                socket.send(Frame::Text(ready.to_string().into())).await?;
                line.session = Some((session, 0));
            }
        },
        6 => {
            let id = said["d"]["session_id"].as_str().unwrap_or_default().to_owned();
            let known = {
                let state = discord.state();
                state.gateway.sessions.get(&id).is_some_and(|session| session.token == token)
            };
            if !known {
                say(socket, 9, json!(false)).await?;
                return Ok(Ok(()));
            }
            let heard = said["d"]["seq"].as_u64().and_then(|it| usize::try_from(it).ok());
            let heard = heard.unwrap_or(1).saturating_sub(1);
            let mut resumed = GatewayConnection { session: Some((id, heard)), obeyed: line.obeyed };
            if let GatewayUpdate::Events(missed) = discord.news(&resumed) {
                for (n, kind, data) in missed {
                    let event = json!({ "op": 0, "t": kind, "s": n + 2, "d": data });
                    socket.send(Frame::Text(event.to_string().into())).await?;
                    resumed.session.iter_mut().for_each(|(_, told)| *told = n + 1);
                }
            }
            // What was missed comes before it, as Discord has it.
            let last = resumed.session.as_ref().map_or(1, |(_, told)| told + 1);
            let told = json!({ "op": 0, "t": "RESUMED", "s": last, "d": {} });
            socket.send(Frame::Text(told.to_string().into())).await?;
            *line = resumed;
        }
        3 | 4 | 8 => {}
        _ => return Ok(Err((4001, "Unknown opcode."))),
    }
    Ok(Ok(()))
}

/// A new session for this bot, and how it is told.
fn identified(discord: &SimulatedDiscord, token: String, said: &Value) -> Option<(String, Value)> {
    let session = hex::encode(discord.random.bytes::<16>());
    let mut state = discord.state();
    let host = state.host.clone();
    let bot = state.bots.get(&token)?;
    let ready = json!({ "op": 0, "t": "READY", "s": 1, "d": {
        "v": 10, "user": user(bot.id, &bot.name, true), "guilds": [], "session_id": session,
        "resume_gateway_url": format!("ws://{host}/gateway"), "shard": [0, 1],
        "application": { "id": bot.id.to_string(), "flags": 0 },
    } });
    let (intents, start) = (said["d"]["intents"].as_u64().unwrap_or(0), bot.events.len());
    state.gateway.sessions.insert(session.clone(), GatewaySession { token, intents, start });
    Some((session, ready))
}
