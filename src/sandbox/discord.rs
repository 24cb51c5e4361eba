//! Discord's REST API and gateway, simulated: bots, and people who write to them directly.
//!
//! It enforces the documented rules: lengths, rows and buttons, three seconds for an interaction,
//! one answer to it, nonces that are enforced, no deletion of a person's messages. The values of a
//! modal are passed on and not stored. There is no machine-readable description of gateway events
//! and incoming interactions; they are written here from Discord's documentation.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::middleware::from_fn_with_state;
use axum::routing::{any, get, patch, post, put};
use bytes::Bytes;
use parking_lot::{Mutex, MutexGuard};
use serde_json::{Value, json};
use tokio::sync::watch;

use crate::clock::Clock;
use crate::random::Random;

mod files;
mod gateway;
mod interactions;
mod limits;
mod messages;
mod person;

pub use gateway::DiscordGateway;
pub use limits::DiscordRateLimits;
pub use person::{DiscordPerson, InstallContext, SeenDiscordMessage};

/// The start of the time in Discord's ids, in unix milliseconds.
const EPOCH_MS: u64 = 1_420_070_400_000;

/// A simulated Discord.
pub struct SimulatedDiscord {
    clock: Clock,
    random: Random,
    state: Mutex<DiscordState>,
    gateway: DiscordGateway,
    limits: DiscordRateLimits,
    /// Changes with every event.
    changed: watch::Sender<()>,
}

#[derive(Default)]
struct DiscordState {
    bots: BTreeMap<String, DiscordBot>,
    next_id: u64,
    calls: Vec<(String, String, Value)>,
    /// The host in the last REST call, under which Discord is reached.
    host: String,
}

struct DiscordBot {
    id: u64,
    name: String,
    /// By channel.
    chats: BTreeMap<u64, DiscordChat>,
    /// Events of the gateway: type and data. The sequence number of an event is its position, from
    /// one.
    events: Vec<(&'static str, Value)>,
    commands: Value,
    interactions: BTreeMap<String, DiscordInteraction>,
}

/// A person's direct messages with one bot.
struct DiscordChat {
    person: u64,
    messages: Vec<DiscordMessage>,
    closed: bool,
    shown: Vec<SeenDiscordMessage>,
}

#[derive(Clone)]
struct DiscordMessage {
    id: u64,
    by_bot: bool,
    at_ms: u64,
    text: String,
    components: Value,
    nonce: Option<String>,
    edited: bool,
    files: Vec<DiscordFile>,
}

/// A file of a message.
#[derive(Clone)]
struct DiscordFile {
    id: u64,
    name: String,
    media_type: Option<String>,
    bytes: Bytes,
}

struct DiscordInteraction {
    id: u64,
    kind: u8,
    at_ms: u64,
    channel: u64,
    /// The message whose button was tapped.
    message: u64,
    answered: bool,
    modal: Option<Value>,
}

/// A refusal in the wording of Discord.
struct DiscordApiError(u16, u32, &'static str);

impl axum::response::IntoResponse for DiscordApiError {
    fn into_response(self) -> axum::response::Response {
        let Self(status, code, message) = self;
        let status = http::StatusCode::from_u16(status).unwrap_or_default();
        (status, axum::Json(json!({ "code": code, "message": message }))).into_response()
    }
}

impl SimulatedDiscord {
    /// A Discord without bots.
    pub fn new(clock: Clock, random: Random) -> Arc<Self> {
        let changed = watch::Sender::new(());
        Arc::new(Self {
            clock,
            random,
            state: Mutex::default(),
            gateway: DiscordGateway::new(changed.clone()),
            limits: DiscordRateLimits::default(),
            changed,
        })
    }

    /// REST below `/api/v10`, and the gateway.
    pub fn router(self: &Arc<Self>) -> Router {
        let api = Router::new()
            .route("/gateway", get(gateway::address))
            .route("/gateway/bot", get(gateway::address))
            .route("/users/@me", get(messages::me))
            .route(
                "/applications/{app}/commands",
                put(messages::set_commands).get(messages::list_commands),
            )
            .route("/channels/{channel}/messages", get(messages::list).post(messages::create))
            .route(
                "/channels/{channel}/messages/{message}",
                patch(messages::edit).delete(messages::delete).get(messages::show),
            )
            .route("/channels/{channel}/typing", post(messages::typing))
            .route("/interactions/{id}/{token}/callback", post(interactions::answer))
            .layer(from_fn_with_state(self.clone(), limits::limit))
            .layer(DefaultBodyLimit::max(files::BODY_MAX));
        Router::new()
            .nest("/api/v10", api)
            .route("/attachments/{channel}/{id}/{name}", get(files::download))
            .route("/gateway", any(gateway::connect))
            .route("/gateway/", any(gateway::connect))
            .with_state(self.clone())
    }

    /// The gateway, for tests that break its connections.
    pub fn gateway(&self) -> &DiscordGateway {
        &self.gateway
    }

    /// The rate limits of messages.
    pub fn limits(&self) -> &DiscordRateLimits {
        &self.limits
    }

    /// Makes a bot and returns its token, which is worth nothing elsewhere.
    pub fn mint_bot(&self, name: &str) -> String {
        let id = self.snowflake();
        let key = self.random.key();
        let token = format!("M{}.{}.{}", &key[..23], &key[23..29], &key[29..64]);
        let bot = DiscordBot {
            id,
            name: name.to_owned(),
            chats: BTreeMap::new(),
            events: Vec::new(),
            commands: json!([]),
            interactions: BTreeMap::new(),
        };
        self.state().bots.insert(token.clone(), bot);
        token
    }

    /// A person in direct messages with this bot.
    pub fn person(self: &Arc<Self>, token: &str, id: u64) -> DiscordPerson {
        DiscordPerson::new(self.clone(), token, id)
    }

    /// Everything that Discord keeps.
    pub fn stored_text(&self) -> String {
        let state = self.state();
        let chats = state.bots.values().flat_map(|bot| bot.chats.values());
        let texts = chats.flat_map(|chat| &chat.messages).map(|it| it.text.as_str());
        texts.collect::<Vec<_>>().join("\n")
    }

    /// The slash commands of a bot.
    pub fn commands(&self, token: &str) -> Value {
        self.state().bots.get(token).map_or(json!([]), |bot| bot.commands.clone())
    }

    /// Waits until a bot has slash commands.
    pub async fn has_commands(&self, token: &str) {
        let mut changed = self.changed.subscribe();
        while self.commands(token) == json!([]) {
            // The sender lives as long as this value.
            let _ = changed.changed().await;
        }
    }

    /// Every REST call so far: method, path, body.
    pub fn calls(&self) -> Vec<(String, String, Value)> {
        self.state().calls.clone()
    }

    fn note(&self, method: &str, path: &str, body: &Value) {
        self.state().calls.push((method.to_owned(), path.to_owned(), body.clone()));
    }

    /// An id that grows with time, as Discord's do.
    fn snowflake(&self) -> u64 {
        let at = self.clock.now_ms().saturating_sub(EPOCH_MS) << 22;
        let mut state = self.state();
        state.next_id = (state.next_id + 1).max(at);
        state.next_id
    }

    fn state(&self) -> MutexGuard<'_, DiscordState> {
        self.state.lock()
    }

    /// Acts as the bot of a REST call, with the host under which Discord is reached.
    fn with_bot<T>(
        &self,
        headers: &http::HeaderMap,
        act: impl FnOnce(&mut DiscordBot, &str) -> Result<T, DiscordApiError>,
    ) -> Result<T, DiscordApiError> {
        const UNAUTHORIZED: DiscordApiError = DiscordApiError(401, 0, "401: Unauthorized");
        let token = token_of(headers).ok_or(UNAUTHORIZED)?;
        let mut state = self.state();
        let host = state.host.clone();
        act(state.bots.get_mut(&token).ok_or(UNAUTHORIZED)?, &host)
    }

    fn has_changed(&self) {
        self.changed.send_replace(());
    }
}

/// The token that a REST call shows.
fn token_of(headers: &http::HeaderMap) -> Option<String> {
    let shown = headers.get(http::header::AUTHORIZATION)?.to_str().ok()?;
    Some(shown.strip_prefix("Bot ")?.to_owned())
}

fn user(id: u64, name: &str, bot: bool) -> Value {
    json!({
        "id": id.to_string(), "username": name, "discriminator": "0000", "global_name": null,
        "avatar": null, "bot": bot, "mfa_enabled": false, "verified": true, "flags": 0,
        "public_flags": 0, "locale": "en-US", "primary_guild": null,
    })
}

fn time(at_ms: u64) -> String {
    let at = i128::from(at_ms) * 1_000_000;
    let at = time::OffsetDateTime::from_unix_timestamp_nanos(at).ok();
    let form = &time::format_description::well_known::Rfc3339;
    at.and_then(|at| at.format(form).ok()).unwrap_or_default()
}

/// Components with the numbers that Discord gives them.
fn numbered(components: &Value) -> Value {
    fn number(components: &Value, next: &mut u32) -> Value {
        let all = components.as_array().into_iter().flatten().cloned().map(|mut it| {
            *next += 1;
            it["id"] = json!(*next);
            if it["components"].is_array() {
                it["components"] = number(&it["components"], next);
            }
            it
        });
        all.collect()
    }
    number(components, &mut 0)
}

/// A direct message in the form of gateway events.
fn as_event(bot: &DiscordBot, channel: u64, message: &DiscordMessage, host: &str) -> Value {
    let mut value = as_json(bot, channel, message, host);
    value["channel_type"] = json!(1);
    value
}

/// A message in the form of the API.
fn as_json(bot: &DiscordBot, channel: u64, message: &DiscordMessage, host: &str) -> Value {
    let person = bot.chats.get(&channel).map_or(0, |chat| chat.person);
    let author =
        if message.by_bot { user(bot.id, &bot.name, true) } else { user(person, "ada", false) };
    let files: Vec<Value> =
        message.files.iter().map(|it| files::as_json(it, channel, host)).collect();
    let mut value = json!({
        "id": message.id.to_string(), "channel_id": channel.to_string(), "author": author,
        "content": message.text, "timestamp": time(message.at_ms),
        "edited_timestamp": message.edited.then(|| time(message.at_ms)), "tts": false,
        "mention_everyone": false, "mentions": [], "mention_roles": [], "attachments": files,
        "embeds": [], "pinned": false, "type": 0, "components": numbered(&message.components),
        "flags": 0,
    });
    if let Some(nonce) = &message.nonce {
        value["nonce"] = json!(nonce);
    }
    value
}
