//! Messages of a bot, and what it asks about itself.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, StatusCode};
use serde_json::{Value, json};

use super::{Bot, Discord, Message, No, Shown, as_json, token_of, user};

/// Longest content, in characters.
const TEXT_MAX: usize = 2000;

type Answer = Result<Json<Value>, No>;

impl Discord {
    fn with_bot<T>(
        &self,
        headers: &HeaderMap,
        act: impl FnOnce(&mut Bot) -> Result<T, No>,
    ) -> Result<T, No> {
        const UNAUTHORIZED: No = No(401, 0, "401: Unauthorized");
        let token = token_of(headers).ok_or(UNAUTHORIZED)?;
        let mut state = self.state();
        act(state.bots.get_mut(&token).ok_or(UNAUTHORIZED)?)
    }
}

pub async fn me(State(discord): State<Arc<Discord>>, headers: HeaderMap) -> Answer {
    discord.with_bot(&headers, |bot| Ok(Json(user(bot.id, &bot.name, true))))
}

pub async fn set_commands(
    State(discord): State<Arc<Discord>>,
    Path(_): Path<String>,
    headers: HeaderMap,
    Json(commands): Json<Value>,
) -> Answer {
    discord.note("PUT", "/applications/{application_id}/commands", &commands);
    let length = |value: &Value| value.as_str().unwrap_or_default().chars().count();
    let fits = |it: &Value| {
        (1..=32).contains(&length(&it["name"])) && (1..=100).contains(&length(&it["description"]))
    };
    let all = commands.as_array().cloned().unwrap_or_default();
    if !all.iter().all(fits) || all.len() > 100 {
        return Err(No(400, 50035, "Invalid Form Body"));
    }
    let id = discord.snowflake();
    discord.with_bot(&headers, |bot| {
        bot.commands = commands;
        let told = bot.commands.as_array().into_iter().flatten().map(|it| {
            let mut it = it.clone();
            it["id"] = json!(id.to_string());
            it["application_id"] = json!(bot.id.to_string());
            it["version"] = json!(id.to_string());
            it
        });
        Ok(Json(told.collect()))
    })
}

/// What does not fit: Discord says 50035 and where.
fn check(body: &Value) -> Result<(), No> {
    const INVALID: No = No(400, 50035, "Invalid Form Body");
    let text = body["content"].as_str().unwrap_or_default();
    if text.chars().count() > TEXT_MAX {
        return Err(INVALID);
    }
    if text.trim().is_empty() {
        return Err(No(400, 50006, "Cannot send an empty message"));
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
    State(discord): State<Arc<Discord>>,
    Path(channel): Path<u64>,
    headers: HeaderMap,
    Json(body): Json<Value>,
) -> Answer {
    discord.note("POST", "/channels/{channel_id}/messages", &body);
    check(&body)?;
    let (id, now_ms) = (discord.snowflake(), discord.clock.now_ms());
    let told = discord.with_bot(&headers, |bot| {
        let chat = bot.chats.get_mut(&channel).ok_or(No(404, 10003, "Unknown Channel"))?;
        if chat.closed {
            return Err(No(403, 50007, "Cannot send messages to this user"));
        }
        let nonce = body["nonce"].as_str().map(str::to_owned);
        let enforced = body["enforce_nonce"] == json!(true);
        let same = chat.messages.iter().find(|it| enforced && nonce.is_some() && it.nonce == nonce);
        let message = match same.cloned() {
            Some(same) => same,
            None => {
                let text = body["content"].as_str().unwrap_or_default().to_owned();
                let components = body["components"].clone();
                let message = Message {
                    id,
                    by_bot: true,
                    at_ms: now_ms,
                    text,
                    components,
                    nonce,
                    edited: false,
                };
                chat.shown.push(Shown::of(&message));
                chat.messages.push(message.clone());
                message
            }
        };
        let told = as_json(bot, channel, &message);
        if message.id == id {
            bot.events.push(("MESSAGE_CREATE", told.clone()));
        }
        Ok(told)
    })?;
    discord.has_changed();
    Ok(Json(told))
}

pub async fn list(
    State(discord): State<Arc<Discord>>,
    Path(channel): Path<u64>,
    Query(query): Query<Vec<(String, String)>>,
    headers: HeaderMap,
) -> Answer {
    let limit = query.iter().find(|(name, _)| name == "limit").and_then(|(_, it)| it.parse().ok());
    discord.with_bot(&headers, |bot| {
        let chat = bot.chats.get(&channel).ok_or(No(404, 10003, "Unknown Channel"))?;
        let recent = chat.messages.iter().rev().take(limit.unwrap_or(50));
        Ok(Json(recent.map(|it| as_json(bot, channel, it)).collect()))
    })
}

pub async fn show(
    State(discord): State<Arc<Discord>>,
    Path((channel, message)): Path<(u64, u64)>,
    headers: HeaderMap,
) -> Answer {
    discord.with_bot(&headers, |bot| {
        let chat = bot.chats.get(&channel).ok_or(No(404, 10003, "Unknown Channel"))?;
        let found = chat.messages.iter().find(|it| it.id == message);
        found.map(|it| Json(as_json(bot, channel, it))).ok_or(No(404, 10008, "Unknown Message"))
    })
}

pub async fn edit(
    State(discord): State<Arc<Discord>>,
    Path((channel, message)): Path<(u64, u64)>,
    headers: HeaderMap,
    Json(body): Json<Value>,
) -> Answer {
    discord.note("PATCH", "/channels/{channel_id}/messages/{message_id}", &body);
    check(&body)?;
    let told = discord.with_bot(&headers, |bot| {
        let chat = bot.chats.get_mut(&channel).ok_or(No(404, 10003, "Unknown Channel"))?;
        let found = chat.messages.iter_mut().find(|it| it.id == message);
        let found = found.ok_or(No(404, 10008, "Unknown Message"))?;
        if !found.by_bot {
            return Err(No(403, 50005, "Cannot edit a message authored by another user"));
        }
        found.text = body["content"].as_str().unwrap_or_default().to_owned();
        found.components = body["components"].clone();
        found.edited = true;
        let found = found.clone();
        chat.shown.push(Shown::of(&found));
        Ok(as_json(bot, channel, &found))
    })?;
    discord.has_changed();
    Ok(Json(told))
}

pub async fn delete(
    State(discord): State<Arc<Discord>>,
    Path((channel, message)): Path<(u64, u64)>,
    headers: HeaderMap,
) -> Result<StatusCode, No> {
    discord.with_bot(&headers, |bot| {
        let chat = bot.chats.get_mut(&channel).ok_or(No(404, 10003, "Unknown Channel"))?;
        let place = chat.messages.iter().position(|it| it.id == message);
        let place = place.ok_or(No(404, 10008, "Unknown Message"))?;
        if !chat.messages[place].by_bot {
            return Err(No(403, 50003, "Cannot execute action on a DM channel"));
        }
        chat.messages.remove(place);
        Ok(())
    })?;
    discord.has_changed();
    Ok(StatusCode::NO_CONTENT)
}

pub async fn typing(
    State(discord): State<Arc<Discord>>,
    Path(channel): Path<u64>,
    headers: HeaderMap,
) -> Result<StatusCode, No> {
    discord.with_bot(&headers, |bot| match bot.chats.contains_key(&channel) {
        true => Ok(StatusCode::NO_CONTENT),
        false => Err(No(404, 10003, "Unknown Channel")),
    })
}
