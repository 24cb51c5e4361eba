//! Messages of a bot, its profile and its commands.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, StatusCode};
use serde_json::{Value, json};

use super::files::PostedBody;
use super::{
    DiscordApiError, DiscordBot, DiscordFile, DiscordMessage, SeenDiscordMessage, SimulatedDiscord,
    as_event, as_json, user,
};

/// Longest content, in characters.
const TEXT_MAX: usize = 2000;

type DiscordResult = Result<Json<Value>, DiscordApiError>;

pub async fn me(State(discord): State<Arc<SimulatedDiscord>>, headers: HeaderMap) -> DiscordResult {
    discord.note("GET", "/users/@me", &json!({}));
    discord.with_bot(&headers, |bot, _| Ok(Json(user(bot.id, &bot.name, true))))
}

pub async fn set_commands(
    State(discord): State<Arc<SimulatedDiscord>>,
    Path(_): Path<String>,
    headers: HeaderMap,
    Json(commands): Json<Value>,
) -> DiscordResult {
    discord.note("PUT", "/applications/{application_id}/commands", &commands);
    let length = |value: &Value| value.as_str().unwrap_or_default().chars().count();
    let fits = |it: &Value| {
        (1..=32).contains(&length(&it["name"])) && (1..=100).contains(&length(&it["description"]))
    };
    let all = commands.as_array().cloned().unwrap_or_default();
    if !all.iter().all(fits) || all.len() > 100 {
        return Err(DiscordApiError(400, 50035, "Invalid Form Body"));
    }
    let shown = discord.with_bot(&headers, |bot, _| {
        bot.commands = commands;
        Ok(Json(commands_of(bot)))
    });
    discord.has_changed();
    shown
}

/// Refuses a body that breaks Discord's limits (error 50035).
fn check(body: &Value, with_file: bool) -> Result<(), DiscordApiError> {
    const INVALID: DiscordApiError = DiscordApiError(400, 50035, "Invalid Form Body");
    let text = body["content"].as_str().unwrap_or_default();
    if text.chars().count() > TEXT_MAX {
        return Err(INVALID);
    }
    if text.trim().is_empty() && !with_file {
        return Err(DiscordApiError(400, 50006, "Cannot send an empty message"));
    }
    let rows = body["components"].as_array().map(Vec::as_slice).unwrap_or_default();
    let mut ids = Vec::new();
    for row in rows {
        let buttons = row["components"].as_array().map(Vec::as_slice).unwrap_or_default();
        for button in buttons {
            let id = button["custom_id"].as_str().unwrap_or_default();
            let label = button["label"].as_str().unwrap_or_default().chars().count();
            if !(1..=100).contains(&id.chars().count()) || label > 80 || ids.contains(&id) {
                return Err(INVALID);
            }
            ids.push(id);
        }
        if !(1..=5).contains(&buttons.len()) {
            return Err(INVALID);
        }
    }
    if rows.len() > 5 { Err(INVALID) } else { Ok(()) }
}

pub async fn create(
    State(discord): State<Arc<SimulatedDiscord>>,
    Path(channel): Path<u64>,
    headers: HeaderMap,
    PostedBody { body, files }: PostedBody,
) -> DiscordResult {
    discord.note("POST", "/channels/{channel_id}/messages", &body);
    check(&body, !files.is_empty())?;
    let files: Vec<DiscordFile> = files
        .into_iter()
        .map(|(name, media_type, bytes)| DiscordFile {
            id: discord.snowflake(),
            name,
            media_type,
            bytes,
        })
        .collect();
    let (id, now_ms) = (discord.snowflake(), discord.clock.now_ms());
    let shown = discord.with_bot(&headers, |bot, host| {
        let chat =
            bot.chats.get_mut(&channel).ok_or(DiscordApiError(404, 10003, "Unknown Channel"))?;
        if chat.closed {
            return Err(DiscordApiError(403, 50007, "Cannot send messages to this user"));
        }
        let nonce = body["nonce"].as_str().map(str::to_owned);
        let enforced = body["enforce_nonce"] == json!(true);
        let same = chat.messages.iter().find(|it| enforced && nonce.is_some() && it.nonce == nonce);
        let message = match same.cloned() {
            Some(same) => same,
            None => {
                let text = body["content"].as_str().unwrap_or_default().to_owned();
                let components = body["components"].clone();
                let message = DiscordMessage {
                    id,
                    by_bot: true,
                    at_ms: now_ms,
                    text,
                    components,
                    nonce,
                    edited: false,
                    files,
                };
                chat.shown.push(SeenDiscordMessage::of(&message));
                chat.messages.push(message.clone());
                message
            }
        };
        let shown = as_json(bot, channel, &message, host);
        if message.id == id {
            bot.events.push(("MESSAGE_CREATE", as_event(bot, channel, &message, host)));
        }
        Ok(shown)
    })?;
    discord.has_changed();
    Ok(Json(shown))
}

pub async fn list(
    State(discord): State<Arc<SimulatedDiscord>>,
    Path(channel): Path<u64>,
    Query(query): Query<Vec<(String, String)>>,
    headers: HeaderMap,
) -> DiscordResult {
    let all: serde_json::Map<_, _> =
        query.iter().map(|(name, value)| (name.clone(), json!(value))).collect();
    discord.note("GET", "/channels/{channel_id}/messages", &json!(all));
    let asked = |name| query.iter().find(|(it, _)| it == name).and_then(|(_, it)| it.parse().ok());
    let limit = asked("limit").unwrap_or(50_u64);
    if !(1..=100).contains(&limit) {
        return Err(DiscordApiError(400, 50035, "Invalid Form Body"));
    }
    let limit = usize::try_from(limit).unwrap_or(100);
    discord.with_bot(&headers, |bot, host| {
        let chat = bot.chats.get(&channel).ok_or(DiscordApiError(404, 10003, "Unknown Channel"))?;
        // The messages next to the named one, with the newest first in any case.
        let mut found: Vec<_> = match asked("after") {
            Some(after) => chat.messages.iter().filter(|it| it.id > after).take(limit).collect(),
            None => chat.messages.iter().rev().take(limit).collect(),
        };
        found.sort_by_key(|it| std::cmp::Reverse(it.id));
        Ok(Json(found.into_iter().map(|it| as_json(bot, channel, it, host)).collect()))
    })
}

pub async fn list_commands(
    State(discord): State<Arc<SimulatedDiscord>>,
    Path(_): Path<String>,
    headers: HeaderMap,
) -> DiscordResult {
    discord.note("GET", "/applications/{application_id}/commands", &json!({}));
    discord.with_bot(&headers, |bot, _| Ok(Json(commands_of(bot))))
}

fn commands_of(bot: &DiscordBot) -> Value {
    let all = bot.commands.as_array().into_iter().flatten().enumerate();
    let all = all.map(|(n, command)| {
        let mut command = command.clone();
        // Discord's defaults for missing fields.
        for (name, usual) in [
            ("type", json!(1)),
            ("integration_types", json!([0])),
            ("contexts", Value::Null),
            ("default_member_permissions", Value::Null),
            ("nsfw", json!(false)),
        ] {
            if command.get(name).is_none() {
                command[name] = usual;
            }
        }
        command["id"] = json!((bot.id + 1 + n as u64).to_string());
        command["application_id"] = json!(bot.id.to_string());
        command["version"] = json!(bot.id.to_string());
        command
    });
    all.collect()
}

pub async fn show(
    State(discord): State<Arc<SimulatedDiscord>>,
    Path((channel, message)): Path<(u64, u64)>,
    headers: HeaderMap,
) -> DiscordResult {
    discord.note("GET", "/channels/{channel_id}/messages/{message_id}", &json!({}));
    discord.with_bot(&headers, |bot, host| {
        let chat = bot.chats.get(&channel).ok_or(DiscordApiError(404, 10003, "Unknown Channel"))?;
        let found = chat.messages.iter().find(|it| it.id == message);
        found.map(|it| Json(as_json(bot, channel, it, host))).ok_or(DiscordApiError(
            404,
            10008,
            "Unknown Message",
        ))
    })
}

pub async fn edit(
    State(discord): State<Arc<SimulatedDiscord>>,
    Path((channel, message)): Path<(u64, u64)>,
    headers: HeaderMap,
    PostedBody { body, .. }: PostedBody,
) -> DiscordResult {
    discord.note("PATCH", "/channels/{channel_id}/messages/{message_id}", &body);
    check(&body, false)?;
    let shown = discord.with_bot(&headers, |bot, host| {
        let chat =
            bot.chats.get_mut(&channel).ok_or(DiscordApiError(404, 10003, "Unknown Channel"))?;
        let found = chat.messages.iter_mut().find(|it| it.id == message);
        let found = found.ok_or(DiscordApiError(404, 10008, "Unknown Message"))?;
        if !found.by_bot {
            return Err(DiscordApiError(
                403,
                50005,
                "Cannot edit a message authored by another user",
            ));
        }
        found.text = body["content"].as_str().unwrap_or_default().to_owned();
        found.components = body["components"].clone();
        found.edited = true;
        let found = found.clone();
        chat.shown.push(SeenDiscordMessage::of(&found));
        Ok(as_json(bot, channel, &found, host))
    })?;
    discord.has_changed();
    Ok(Json(shown))
}

pub async fn delete(
    State(discord): State<Arc<SimulatedDiscord>>,
    Path((channel, message)): Path<(u64, u64)>,
    headers: HeaderMap,
) -> Result<StatusCode, DiscordApiError> {
    discord.note("DELETE", "/channels/{channel_id}/messages/{message_id}", &json!({}));
    discord.with_bot(&headers, |bot, _| {
        let chat =
            bot.chats.get_mut(&channel).ok_or(DiscordApiError(404, 10003, "Unknown Channel"))?;
        let place = chat.messages.iter().position(|it| it.id == message);
        let place = place.ok_or(DiscordApiError(404, 10008, "Unknown Message"))?;
        if !chat.messages[place].by_bot {
            return Err(DiscordApiError(403, 50003, "Cannot execute action on a DM channel"));
        }
        chat.messages.remove(place);
        Ok(())
    })?;
    discord.has_changed();
    Ok(StatusCode::NO_CONTENT)
}

pub async fn typing(
    State(discord): State<Arc<SimulatedDiscord>>,
    Path(channel): Path<u64>,
    headers: HeaderMap,
) -> Result<StatusCode, DiscordApiError> {
    discord.note("POST", "/channels/{channel_id}/typing", &json!({}));
    discord.with_bot(&headers, |bot, _| match bot.chats.contains_key(&channel) {
        true => Ok(StatusCode::NO_CONTENT),
        false => Err(DiscordApiError(404, 10003, "Unknown Channel")),
    })
}
