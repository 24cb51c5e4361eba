//! The methods of the Bot API, by name in any case.

use std::sync::Arc;
use std::time::Duration;

use axum::Json;
use axum::extract::{Path, Request, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};

use super::errors::TelegramApiError;
use super::parameters::Parameters;
use super::updates::RegisteredWebhook;
use super::{SimulatedTelegram, TelegramBot, files, managed, messages, token_of};

/// The longest time for which `getUpdates` is held, in seconds. Libraries use 50 (Bot API: short
/// polling is for tests).
const HOLD_S_MAX: u64 = 50;

/// Most updates in one answer.
const BATCH_MAX: usize = 100;

pub async fn call(
    State(telegram): State<Arc<SimulatedTelegram>>,
    Path((bot, method)): Path<(String, String)>,
    request: Request,
) -> Response {
    let Some(token) = token_of(&bot) else { return StatusCode::NOT_FOUND.into_response() };
    if !telegram.state().bots.contains_key(token) {
        let (status, words) = match token.split_once(':') {
            Some((id, secret)) if id.parse::<u64>().is_ok() && secret.len() >= 30 => {
                (StatusCode::UNAUTHORIZED, "Unauthorized")
            }
            _ => (StatusCode::NOT_FOUND, "Not Found"),
        };
        return TelegramApiError::Words(status, words.to_owned()).into_response();
    }
    let Some(parameters) = Parameters::read(request).await else {
        return TelegramApiError::bad("can't parse the request").into_response();
    };
    let method = method.to_ascii_lowercase();
    telegram.state().calls.push((method.clone(), parameters.named()));
    match answer(&telegram, token, &method, parameters).await {
        Ok(result) => Json(json!({ "ok": true, "result": result })).into_response(),
        Err(no) => no.into_response(),
    }
}

async fn answer(
    telegram: &Arc<SimulatedTelegram>,
    token: &str,
    method: &str,
    parameters: Parameters,
) -> Result<Value, TelegramApiError> {
    match method {
        "getme" => with_bot(telegram, token, |bot| Ok(profile(bot))),
        "getupdates" => get_updates(telegram, token, &parameters).await,
        "setwebhook" => set_webhook(telegram, token, &parameters),
        "deletewebhook" => remove_webhook(telegram, token, &parameters),
        "getwebhookinfo" => with_bot(telegram, token, |bot| Ok(bot.updates.webhook_info())),
        "sendmessage" => messages::send(telegram, token, &parameters),
        "editmessagetext" => messages::edit(telegram, token, &parameters),
        "editmessagereplymarkup" => messages::edit_keyboard(telegram, token, &parameters),
        "deletemessage" => messages::delete(telegram, token, &parameters),
        "deletemessages" => messages::delete_all(telegram, token, &parameters),
        "sendphoto" | "senddocument" | "sendvoice" | "sendaudio" | "sendvideo" => {
            files::send(telegram, token, &method[4..], &parameters)
        }
        "getfile" => telegram.files.describe(&parameters),
        "answercallbackquery" | "sendchataction" | "logout" | "close" => Ok(json!(true)),
        "setmycommands" => with_bot(telegram, token, |bot| bot.commands.set(&parameters)),
        "getmycommands" => with_bot(telegram, token, |bot| Ok(bot.commands.get(&parameters))),
        "deletemycommands" => with_bot(telegram, token, |bot| Ok(bot.commands.remove(&parameters))),
        "getmanagedbottoken" => managed::token(telegram, token, &parameters),
        "setmanagedbotaccesssettings" => managed::restrict(telegram, token, &parameters),
        "getchat" => messages::chat(telegram, token, &parameters),
        _ => Err(TelegramApiError::Words(
            StatusCode::NOT_FOUND,
            "Not Found: method not found".to_owned(),
        )),
    }
}

fn with_bot<T>(
    telegram: &SimulatedTelegram,
    token: &str,
    act: impl FnOnce(&mut TelegramBot) -> Result<T, TelegramApiError>,
) -> Result<T, TelegramApiError> {
    let mut state = telegram.state();
    act(state.bots.get_mut(token).ok_or_else(|| TelegramApiError::bad("no such bot"))?)
}

/// The answer to `getMe`.
fn profile(bot: &TelegramBot) -> Value {
    json!({
        "id": bot.id, "is_bot": true, "first_name": bot.username, "username": bot.username,
        "can_join_groups": true, "can_read_all_group_messages": false,
        "supports_inline_queries": false, "can_connect_to_business": false,
        "has_main_web_app": false, "can_manage_bots": bot.makes_bots,
    })
}

async fn get_updates(
    telegram: &SimulatedTelegram,
    token: &str,
    parameters: &Parameters,
) -> Result<Value, TelegramApiError> {
    let limit = parameters.number("limit").and_then(|it| usize::try_from(it).ok());
    let limit = limit.unwrap_or(BATCH_MAX).clamp(1, BATCH_MAX);
    let hold = parameters.number("timeout").and_then(|it| u64::try_from(it).ok());
    let hold = Duration::from_secs(hold.unwrap_or(0).min(HOLD_S_MAX));
    let until = tokio::time::Instant::now() + hold;
    let mut changed = telegram.changed.subscribe();
    let poll = with_bot(telegram, token, |bot| bot.updates.begin_poll(parameters))?;
    telegram.has_changed();
    loop {
        changed.borrow_and_update();
        let found = {
            let state = telegram.state();
            let bot = state.bots.get(token).ok_or_else(TelegramApiError::unauthorised)?;
            bot.updates.batch(poll, limit)?
        };
        if let Some(found) = found {
            return Ok(found);
        }
        if tokio::time::timeout_at(until, changed.changed()).await.is_err() {
            return Ok(json!([]));
        }
    }
}

fn set_webhook(
    telegram: &Arc<SimulatedTelegram>,
    token: &str,
    parameters: &Parameters,
) -> Result<Value, TelegramApiError> {
    let url = parameters.text("url").unwrap_or_default();
    if url.is_empty() {
        return remove_webhook(telegram, token, parameters);
    }
    let is_local =
        url.starts_with("http://") && (url.contains("localhost") || url.contains("127.0.0.1"));
    if !url.starts_with("https://") && !is_local {
        return Err(TelegramApiError::bad(
            "bad webhook: An HTTPS URL must be provided for webhook",
        ));
    }
    let secret = parameters.text("secret_token");
    let belongs = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
    if secret.as_ref().is_some_and(|it| it.len() > 256 || !it.chars().all(belongs)) {
        return Err(TelegramApiError::bad("secret token contains unallowed characters"));
    }
    let max_connections = parameters.number("max_connections").unwrap_or(40).unsigned_abs();
    with_bot(telegram, token, |bot| {
        let webhook = RegisteredWebhook { url, secret, max_connections };
        bot.updates.set_webhook(webhook, parameters);
        Ok(())
    })?;
    telegram.has_changed();
    telegram.deliver(token);
    Ok(json!(true))
}

fn remove_webhook(
    telegram: &SimulatedTelegram,
    token: &str,
    parameters: &Parameters,
) -> Result<Value, TelegramApiError> {
    with_bot(telegram, token, |bot| {
        bot.updates.remove_webhook(parameters);
        Ok(())
    })?;
    telegram.has_changed();
    Ok(json!(true))
}
