//! Bots that a bot makes for a person, with one tap of theirs.

use std::sync::Arc;

use serde_json::{Value, json};

use super::SimulatedTelegram;
use super::errors::TelegramApiError;
use super::parameters::Parameters;

/// The page on which a person agrees to a new bot: `<manager>/<username>` follows.
const PAGE: &str = "https://t.me/newbot/";

/// The token of a bot that this one made.
pub fn token(
    telegram: &SimulatedTelegram,
    manager: &str,
    parameters: &Parameters,
) -> Result<Value, TelegramApiError> {
    let id = parameters.number("user_id").unwrap_or_default();
    let state = telegram.state();
    let made = state.bots.iter().find(|(_, bot)| {
        i64::try_from(bot.id).is_ok_and(|it| it == id) && bot.manager.as_deref() == Some(manager)
    });
    made.map(|(token, _)| json!(token)).ok_or_else(|| TelegramApiError::bad("user not found"))
}

/// Closes a bot that this one made to all but its owner, or opens it.
pub fn restrict(
    telegram: &SimulatedTelegram,
    manager: &str,
    parameters: &Parameters,
) -> Result<Value, TelegramApiError> {
    let id = parameters.number("user_id").unwrap_or_default();
    let mut state = telegram.state();
    let made = state.bots.values_mut().find(|bot| {
        i64::try_from(bot.id).is_ok_and(|it| it == id) && bot.manager.as_deref() == Some(manager)
    });
    let bot = made.ok_or_else(|| TelegramApiError::bad("user not found"))?;
    bot.restricted = parameters.flag("is_access_restricted");
    Ok(json!(true))
}

/// Agrees, for the person, on the page that a button opened. Returns the new bot's token.
pub(super) fn agree(
    telegram: &Arc<SimulatedTelegram>,
    manager: &str,
    page: &str,
    person: &Value,
) -> Option<String> {
    let (_, username) = page.strip_prefix(PAGE)?.split_once('/')?;
    let token = telegram.mint_bot(username);
    let bot = {
        let mut state = telegram.state();
        let bot = state.bots.get_mut(&token)?;
        bot.manager = Some(manager.to_owned());
        json!({ "id": bot.id, "is_bot": true, "first_name": username, "username": username })
    };
    let created = json!({ "user": person, "bot": bot });
    telegram.update(manager, "managed_bot", created);
    Some(token)
}
