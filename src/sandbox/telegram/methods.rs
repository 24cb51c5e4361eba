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
use super::{RegisteredWebhook, SimulatedTelegram, files, managed, messages, token_of};

/// The longest that `getUpdates` is held (Bot API: short polling is for tests; 50 is what libraries
/// use).
const HOLD_S_MAX: u64 = 50;

/// Updates in one answer at the most.
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
    match telegram.answer(token, &method, parameters).await {
        Ok(result) => Json(json!({ "ok": true, "result": result })).into_response(),
        Err(no) => no.into_response(),
    }
}

impl SimulatedTelegram {
    async fn answer(
        self: &Arc<Self>,
        token: &str,
        method: &str,
        parameters: Parameters,
    ) -> Result<Value, TelegramApiError> {
        match method {
            "getme" => self.get_me(token),
            "getupdates" => self.get_updates(token, &parameters).await,
            "setwebhook" => self.point(token, &parameters),
            "deletewebhook" => self.unpoint(token, &parameters),
            "getwebhookinfo" => self.webhook_info(token),
            "sendmessage" => messages::send(self, token, &parameters),
            "editmessagetext" => messages::edit(self, token, &parameters),
            "editmessagereplymarkup" => messages::edit_keyboard(self, token, &parameters),
            "deletemessage" => messages::delete(self, token, &parameters),
            "deletemessages" => messages::delete_all(self, token, &parameters),
            "sendphoto" | "senddocument" | "sendvoice" | "sendaudio" | "sendvideo" => {
                files::send(self, token, &method[4..], &parameters)
            }
            "getfile" => files::get(self, &parameters),
            "answercallbackquery" | "sendchataction" | "logout" | "close" => Ok(json!(true)),
            "setmycommands" => self.set_commands(token, &parameters),
            "getmycommands" => self.commands(token, &parameters),
            "deletemycommands" => self.forget_commands(token, &parameters),
            "getmanagedbottoken" => managed::token(self, token, &parameters),
            "setmanagedbotaccesssettings" => managed::restrict(self, token, &parameters),
            "getchat" => messages::chat(self, token, &parameters),
            _ => Err(TelegramApiError::Words(
                StatusCode::NOT_FOUND,
                "Not Found: method not found".to_owned(),
            )),
        }
    }

    fn get_me(&self, token: &str) -> Result<Value, TelegramApiError> {
        let state = self.state();
        let bot = state.bots.get(token).ok_or_else(|| TelegramApiError::bad("no such bot"))?;
        Ok(json!({
            "id": bot.id, "is_bot": true, "first_name": bot.username, "username": bot.username,
            "can_join_groups": true, "can_read_all_group_messages": false,
            "supports_inline_queries": false, "can_connect_to_business": false,
            "has_main_web_app": false, "can_manage_bots": bot.makes_bots,
        }))
    }

    async fn get_updates(
        &self,
        token: &str,
        parameters: &Parameters,
    ) -> Result<Value, TelegramApiError> {
        let offset = parameters.number("offset").unwrap_or(0);
        let limit = parameters.number("limit").and_then(|it| usize::try_from(it).ok());
        let limit = limit.unwrap_or(BATCH_MAX).clamp(1, BATCH_MAX);
        let hold = parameters.number("timeout").and_then(|it| u64::try_from(it).ok());
        let hold = Duration::from_secs(hold.unwrap_or(0).min(HOLD_S_MAX));
        let until = tokio::time::Instant::now() + hold;
        let mut changed = self.changed.subscribe();
        let poll = {
            let mut state = self.state();
            let Some(bot) = state.bots.get_mut(token) else {
                return Err(TelegramApiError::bad("no such bot"));
            };
            if bot.webhook.is_some() {
                return Err(TelegramApiError::conflict(
                    "can't use getUpdates method while webhook is active; use deleteWebhook to \
                     delete the webhook first",
                ));
            }
            bot.allow(parameters);
            bot.confirm(offset);
            bot.polls += 1;
            bot.polls
        };
        self.has_changed();
        loop {
            changed.borrow_and_update();
            if let Some(found) = self.waiting(token, poll, limit)? {
                return Ok(found);
            }
            if tokio::time::timeout_at(until, changed.changed()).await.is_err() {
                return Ok(json!([]));
            }
        }
    }

    fn waiting(
        &self,
        token: &str,
        poll: u64,
        limit: usize,
    ) -> Result<Option<Value>, TelegramApiError> {
        let state = self.state();
        let Some(bot) = state.bots.get(token) else { return Err(TelegramApiError::unauthorised()) };
        if bot.polls != poll {
            return Err(TelegramApiError::conflict(
                "terminated by other getUpdates request; make sure that only one bot instance is \
                 running",
            ));
        }
        let found: Vec<Value> = bot.updates.iter().take(limit).cloned().collect();
        Ok((!found.is_empty()).then_some(Value::Array(found)))
    }

    fn point(
        self: &Arc<Self>,
        token: &str,
        parameters: &Parameters,
    ) -> Result<Value, TelegramApiError> {
        let url = parameters.text("url").unwrap_or_default();
        if url.is_empty() {
            return self.unpoint(token, parameters);
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
        {
            let mut state = self.state();
            let Some(bot) = state.bots.get_mut(token) else {
                return Err(TelegramApiError::bad("no such bot"));
            };
            if parameters.flag("drop_pending_updates") {
                bot.updates.clear();
            }
            let max_connections = parameters.number("max_connections").unwrap_or(40).unsigned_abs();
            bot.allow(parameters);
            bot.webhook = Some(RegisteredWebhook { url, secret, max_connections });
            bot.polls += 1;
        }
        self.has_changed();
        self.deliver(token);
        Ok(json!(true))
    }

    fn unpoint(&self, token: &str, parameters: &Parameters) -> Result<Value, TelegramApiError> {
        if let Some(bot) = self.state().bots.get_mut(token) {
            bot.webhook = None;
            if parameters.flag("drop_pending_updates") {
                bot.updates.clear();
            }
        }
        self.has_changed();
        Ok(json!(true))
    }

    fn webhook_info(&self, token: &str) -> Result<Value, TelegramApiError> {
        let state = self.state();
        let bot = state.bots.get(token).ok_or_else(|| TelegramApiError::bad("no such bot"))?;
        let mut info = json!({
            "url": bot.webhook.as_ref().map_or("", |webhook| webhook.url.as_str()),
            "has_custom_certificate": false,
            "pending_update_count": bot.updates.len(),
        });
        if let Some(webhook) = &bot.webhook {
            info["max_connections"] = json!(webhook.max_connections);
        }
        if let Some(allowed) = &bot.allowed {
            info["allowed_updates"] = allowed.clone();
        }
        Ok(info)
    }

    fn set_commands(
        &self,
        token: &str,
        parameters: &Parameters,
    ) -> Result<Value, TelegramApiError> {
        let commands = parameters.structure("commands").unwrap_or(json!([]));
        let all = commands.as_array().map(Vec::as_slice).unwrap_or_default();
        let fits = |command: &Value| {
            let word = command["command"].as_str().unwrap_or_default();
            let small = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
            let meaning = command["description"].as_str().unwrap_or_default().chars().count();
            (1..=32).contains(&word.len())
                && word.chars().all(small)
                && (1..=256).contains(&meaning)
        };
        if all.len() > 100 || !all.iter().all(fits) {
            return Err(TelegramApiError::bad("BOT_COMMAND_INVALID"));
        }
        let language = parameters.text("language_code").unwrap_or_default();
        if let Some(bot) = self.state().bots.get_mut(token) {
            bot.commands.insert(language, commands);
        }
        Ok(json!(true))
    }

    fn commands(&self, token: &str, parameters: &Parameters) -> Result<Value, TelegramApiError> {
        let language = parameters.text("language_code").unwrap_or_default();
        let state = self.state();
        let known = state.bots.get(token).and_then(|bot| bot.commands.get(&language).cloned());
        Ok(known.unwrap_or(json!([])))
    }

    fn forget_commands(
        &self,
        token: &str,
        parameters: &Parameters,
    ) -> Result<Value, TelegramApiError> {
        let language = parameters.text("language_code").unwrap_or_default();
        if let Some(bot) = self.state().bots.get_mut(token) {
            bot.commands.remove(&language);
        }
        Ok(json!(true))
    }
}
