//! Interactions: sent over the gateway, answered once and within three seconds.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use serde_json::{Value, json};

use super::{
    DiscordApiError, DiscordChat, DiscordInteraction, DiscordMessage, InstallContext,
    SeenDiscordMessage, SimulatedDiscord, as_json, user,
};

/// The flag of a message that only this person sees and that is not kept.
const EPHEMERAL: u64 = 1 << 6;

/// The time in which an interaction can be answered, in milliseconds.
const ANSWER_MS: u64 = 3_000;

impl SimulatedDiscord {
    /// Sends an interaction to a bot and returns the token for its answer.
    pub(super) fn interact(
        &self,
        token: &str,
        channel: u64,
        kind: u8,
        data: Value,
        message: u64,
        place: InstallContext,
    ) -> String {
        let (id, at_ms) = (self.snowflake(), self.clock.now_ms());
        let answer_token = hex::encode(self.random.bytes::<16>());
        {
            let mut state = self.state();
            let host = state.host.clone();
            let Some(bot) = state.bots.get_mut(token) else { return answer_token };
            let person = bot.chats.get(&channel).map_or(0, |chat| chat.person);
            let tapped_message = bot
                .chats
                .get(&channel)
                .and_then(|chat| chat.messages.iter().find(|it| it.id == message).cloned());
            let mut event = json!({
                "id": id.to_string(), "application_id": bot.id.to_string(), "type": kind,
                "data": data, "channel_id": channel.to_string(),
                "token": answer_token, "version": 1, "locale": "en-US", "entitlements": [],
                "authorizing_integration_owners": {}, "context": place as u8,
                "app_permissions": "0",
                "attachment_size_limit": 10_485_760,
                "channel": { "id": channel.to_string(), "type": 1 },
            });
            let ada = user(person, "ada", false);
            if place == InstallContext::Server {
                event["guild_id"] = json!("77");
                event["member"] = json!({
                    "user": ada, "roles": [], "joined_at": "2026-01-01T00:00:00+00:00",
                    "deaf": false, "mute": false, "flags": 0, "permissions": "0",
                });
            } else {
                event["user"] = ada;
            }
            if let Some(tapped_message) = tapped_message {
                event["message"] = as_json(bot, channel, &tapped_message, &host);
            }
            bot.events.push(("INTERACTION_CREATE", event));
            let interaction = DiscordInteraction {
                id,
                kind,
                at_ms,
                channel,
                message,
                answered: false,
                modal: None,
            };
            bot.interactions.insert(answer_token.clone(), interaction);
        }
        self.has_changed();
        answer_token
    }

    /// Waits until so many interactions were answered in time.
    pub async fn has_answered(&self, expected: usize) {
        let mut changed = self.changed.subscribe();
        let answered = || {
            let state = self.state();
            let all = state.bots.values().flat_map(|bot| bot.interactions.values());
            all.filter(|it| it.answered).count()
        };
        while answered() < expected {
            // The sender lives as long as this value.
            let _ = changed.changed().await;
        }
    }

    /// The modal that this interaction was answered with.
    pub(super) fn modal(&self, token: &str, interaction: &str) -> Option<Value> {
        let state = self.state();
        state.bots.get(token)?.interactions.get(interaction)?.modal.clone()
    }
}

impl DiscordChat {
    /// Shows the answer; an ephemeral one is not kept.
    fn is_answered(&mut self, id: u64, at_ms: u64, data: &Value) {
        let message = DiscordMessage {
            id,
            by_bot: true,
            at_ms,
            text: data["content"].as_str().unwrap_or_default().to_owned(),
            components: data["components"].clone(),
            nonce: None,
            edited: false,
            files: Vec::new(),
        };
        self.shown.push(SeenDiscordMessage::of(&message));
        if data["flags"].as_u64().unwrap_or(0) & EPHEMERAL == 0 {
            self.messages.push(message);
        }
    }

    /// Changes the message whose button was tapped, as the answer says.
    fn is_updated(&mut self, id: u64, data: &Value) {
        let Some(message) = self.messages.iter_mut().find(|it| it.id == id) else { return };
        if let Some(text) = data["content"].as_str() {
            text.clone_into(&mut message.text);
        }
        if data["components"].is_array() {
            message.components = data["components"].clone();
        }
        message.edited = true;
        self.shown.push(SeenDiscordMessage::of(message));
    }
}

/// A modal that Discord would show.
fn is_modal(data: &Value) -> bool {
    let length = |value: &Value| value.as_str().unwrap_or_default().chars().count();
    let rows = data["components"].as_array().map(Vec::as_slice).unwrap_or_default();
    let fits = |row: &Value| {
        let input = &row["components"][0];
        (1..=100).contains(&length(&input["custom_id"]))
            && (1..=45).contains(&length(&input["label"]))
            && input["max_length"].as_u64().is_none_or(|it| (1..=4_000).contains(&it))
    };
    (1..=45).contains(&length(&data["title"]))
        && (1..=100).contains(&length(&data["custom_id"]))
        && (1..=5).contains(&rows.len())
        && rows.iter().all(fits)
}

pub async fn answer(
    State(discord): State<Arc<SimulatedDiscord>>,
    Path((id, token)): Path<(u64, String)>,
    Json(body): Json<Value>,
) -> Result<StatusCode, DiscordApiError> {
    discord.note("POST", "/interactions/{interaction_id}/{interaction_token}/callback", &body);
    let (now_ms, fresh) = (discord.clock.now_ms(), discord.snowflake());
    {
        let mut state = discord.state();
        let bot = state.bots.values_mut().find(|bot| bot.interactions.contains_key(&token));
        let bot = bot.ok_or(DiscordApiError(404, 10062, "Unknown interaction"))?;
        let interaction = bot.interactions.get_mut(&token).filter(|it| it.id == id);
        let interaction = interaction.ok_or(DiscordApiError(404, 10062, "Unknown interaction"))?;
        if now_ms.saturating_sub(interaction.at_ms) > ANSWER_MS {
            return Err(DiscordApiError(404, 10062, "Unknown interaction"));
        }
        if interaction.answered {
            return Err(DiscordApiError(400, 40060, "Interaction has already been acknowledged."));
        }
        // A modal that was filled in cannot open another.
        let fits = body["type"] != json!(9) || interaction.kind != 5 && is_modal(&body["data"]);
        if !fits {
            return Err(DiscordApiError(400, 50035, "Invalid Form Body"));
        }
        interaction.answered = true;
        let (channel, tapped_message) = (interaction.channel, interaction.message);
        let data = &body["data"];
        match body["type"].as_u64() {
            Some(9) => interaction.modal = Some(data.clone()),
            Some(4) => {
                let chat = bot.chats.get_mut(&channel);
                chat.into_iter().for_each(|chat| chat.is_answered(fresh, now_ms, data));
            }
            Some(7) => {
                let chat = bot.chats.get_mut(&channel);
                chat.into_iter().for_each(|chat| chat.is_updated(tapped_message, data));
            }
            Some(5..=6) => {}
            _ => return Err(DiscordApiError(400, 50035, "Invalid Form Body")),
        }
    }
    discord.has_changed();
    Ok(StatusCode::NO_CONTENT)
}
