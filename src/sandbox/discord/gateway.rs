//! The gateway: hello, identify or resume, heartbeats, and events in order.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::extract::ws::{Message as Frame, WebSocket, WebSocketUpgrade};
use axum::http::{HeaderMap, header};
use axum::response::Response;
use serde_json::{Value, json};

use super::{Discord, user};

/// As Discord says.
const HEARTBEAT_MS: u64 = 41_250;

pub async fn address(State(_): State<Arc<Discord>>, headers: HeaderMap) -> Json<Value> {
    let host = headers.get(header::HOST).and_then(|it| it.to_str().ok()).unwrap_or_default();
    Json(json!({
        "url": format!("ws://{host}/gateway"), "shards": 1,
        "session_start_limit": {
            "total": 1000, "remaining": 999, "reset_after": 86_400_000, "max_concurrency": 1,
        },
    }))
}

pub async fn connect(State(discord): State<Arc<Discord>>, upgrade: WebSocketUpgrade) -> Response {
    upgrade.on_upgrade(move |socket| async move {
        // Whoever is cut off connects again.
        let _ = serve(&discord, socket).await;
    })
}

/// Somebody who has shown a token, and what they have heard.
struct Session {
    token: String,
    told: usize,
}

async fn serve(discord: &Discord, mut socket: WebSocket) -> Result<(), axum::Error> {
    let mut changed = discord.changed.subscribe();
    let hello =
        json!({ "op": 10, "d": { "heartbeat_interval": HEARTBEAT_MS }, "t": null, "s": null });
    socket.send(Frame::Text(hello.to_string().into())).await?;
    let mut session: Option<Session> = None;
    loop {
        if let Some(session) = &mut session {
            changed.borrow_and_update();
            tell(discord, &mut socket, session).await?;
        }
        tokio::select! {
            frame = socket.recv() => {
                let Some(Ok(frame)) = frame else { return Ok(()) };
                let Frame::Text(text) = frame else { continue };
                let Ok(said) = serde_json::from_str::<Value>(&text) else { return Ok(()) };
                if !hear(discord, &mut socket, &mut session, &said).await? {
                    return Ok(());
                }
            }
            _ = changed.changed(), if session.is_some() => {}
        }
    }
}

async fn tell(
    discord: &Discord,
    socket: &mut WebSocket,
    session: &mut Session,
) -> Result<(), axum::Error> {
    let news: Vec<_> = {
        let state = discord.state();
        let events = state.bots.get(&session.token).map_or(&[][..], |bot| &bot.events);
        events.iter().skip(session.told).cloned().collect()
    };
    for (kind, data) in news {
        session.told += 1;
        // READY was the first.
        let event = json!({ "op": 0, "t": kind, "s": session.told + 1, "d": data });
        socket.send(Frame::Text(event.to_string().into())).await?;
    }
    Ok(())
}

/// Takes what the bot says; whether the connection goes on.
async fn hear(
    discord: &Discord,
    socket: &mut WebSocket,
    session: &mut Option<Session>,
    said: &Value,
) -> Result<bool, axum::Error> {
    let token = || {
        let token = said["d"]["token"].as_str().unwrap_or_default();
        token.strip_prefix("Bot ").unwrap_or(token).to_owned()
    };
    let known = |token: &str| {
        let state = discord.state();
        state.bots.get(token).map(|bot| (bot.id, bot.name.clone(), bot.events.len()))
    };
    match said["op"].as_u64() {
        Some(1) => {
            let answer = json!({ "op": 11, "d": null, "t": null, "s": null });
            socket.send(Frame::Text(answer.to_string().into())).await?;
        }
        Some(2) => {
            let token = token();
            let Some((id, name, told)) = known(&token) else { return Ok(false) };
            let ready = json!({ "op": 0, "t": "READY", "s": 1, "d": {
                "v": 10, "user": user(id, &name, true), "guilds": [], "session_id": token.len().to_string(),
                "resume_gateway_url": "ws://localhost", "shard": [0, 1],
                "application": { "id": id.to_string(), "flags": 0 },
            } });
            socket.send(Frame::Text(ready.to_string().into())).await?;
            *session = Some(Session { token, told });
        }
        Some(6) => {
            let token = token();
            let heard = said["d"]["seq"].as_u64().and_then(|it| usize::try_from(it).ok());
            if known(&token).is_none() {
                return Ok(false);
            }
            *session = Some(Session { token, told: heard.unwrap_or(1).saturating_sub(1) });
            let resumed = json!({ "op": 0, "t": "RESUMED", "s": heard, "d": {} });
            socket.send(Frame::Text(resumed.to_string().into())).await?;
        }
        _ => {}
    }
    Ok(true)
}
