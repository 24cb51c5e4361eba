//! Bots that our bot makes for a person after one tap
//! (<https://core.telegram.org/bots/api#managedbotcreated>, Bot API 9.6). The library does not know
//! them yet, so these methods and fields are written out here.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use teloxide::requests::Payload;
use teloxide::{Bot, RequestError};
use url::Url;
use zeroize::Zeroizing;

use super::calls::ask;
use super::errors::meaning;
use crate::chat::{
    Button, ChatId, ChatType, Inbound, InboundContent, InboundId, MessageContext, UserId,
};
use crate::inbox::RedeliveryNeeded;

#[cfg(test)]
mod tests;

/// A [`Button`] whose id begins so asks Telegram to make a bot of the name that follows.
const MAKE_BOT: &str = "make-bot:";

/// A bot that was made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct CreatedBot {
    bot: i64,
    owner: i64,
    locale: Option<String>,
}

/// The bot in an update about a new bot. Telegram sends an update of its own and a message in the
/// chat.
pub(super) fn made(update: &Value) -> Option<CreatedBot> {
    let message = &update["message"];
    let created = &message["managed_bot_created"]["bot"];
    let (owner, bot) = match created.is_null() {
        false => (&message["from"], created),
        true => (&update["managed_bot"]["user"], &update["managed_bot"]["bot"]),
    };
    let locale = owner["language_code"].as_str().map(str::to_owned);
    Some(CreatedBot { bot: bot["id"].as_i64()?, owner: owner["id"].as_i64()?, locale })
}

/// The page on which Telegram makes the bot that this button offers.
pub(super) fn page(button: &Button, manager: &str) -> Option<Url> {
    let name = button.id.strip_prefix(MAKE_BOT)?;
    let mut url = Url::parse("https://t.me/newbot").ok()?;
    url.path_segments_mut().ok()?.push(manager).push(name);
    Some(url)
}

/// The profile of a bot.
#[derive(Deserialize)]
pub(super) struct TelegramProfile {
    pub(super) username: String,
    #[serde(default)]
    pub(super) can_manage_bots: bool,
}

pub(super) async fn me(bot: &Bot) -> Result<TelegramProfile, RequestError> {
    ask(bot, &GetMe {}).await
}

/// Fetches the token of a bot that was made, as if its owner had entered it. Each bot is reported
/// once.
pub(super) async fn receive(
    bot: &Bot,
    made: CreatedBot,
) -> Result<Option<Inbound>, RedeliveryNeeded> {
    let token = match ask(bot, &GetManagedBotToken { user_id: made.bot }).await {
        Ok(token) => Zeroizing::new(token),
        Err(RequestError::Api(error)) => {
            tracing::warn!(?error, "the token of a bot that was made is not given");
            return Ok(None);
        }
        Err(error) => {
            tracing::warn!(error = %meaning(&error), "the token of a bot that was made must \
                                                      wait");
            return Err(RedeliveryNeeded);
        }
    };
    close_to_others(bot, made.bot);
    let owner = made.owner.to_string();
    Ok(Some(Inbound {
        id: InboundId(format!("managed-bot-{}", made.bot)),
        chat: ChatId(owner.clone()),
        from: UserId(owner),
        place: ChatType::Private,
        locale: made.locale,
        message: None,
        content: InboundContent::Secret(token),
        context: MessageContext::default(),
    }))
}

/// Lets only the owner write to the bot. Its relay obeys no other person anyway.
fn close_to_others(bot: &Bot, user_id: i64) {
    let closed = SetManagedBotAccessSettings { user_id, is_access_restricted: true };
    let bot = bot.clone();
    tokio::spawn(async move {
        if let Err(error) = ask(&bot, &closed).await {
            tracing::info!(error = %meaning(&error), "a bot that was made stays open to all");
        }
    });
}

#[derive(Serialize)]
struct GetMe {}

impl Payload for GetMe {
    type Output = TelegramProfile;
    const NAME: &'static str = "GetMe";
}

#[derive(Serialize)]
struct GetManagedBotToken {
    /// Of the bot.
    user_id: i64,
}

impl Payload for GetManagedBotToken {
    type Output = String;
    const NAME: &'static str = "GetManagedBotToken";
}

#[derive(Serialize)]
struct SetManagedBotAccessSettings {
    /// Of the bot.
    user_id: i64,
    is_access_restricted: bool,
}

impl Payload for SetManagedBotAccessSettings {
    type Output = bool;
    const NAME: &'static str = "SetManagedBotAccessSettings";
}
