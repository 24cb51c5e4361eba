//! The init data of a Mini App: the person who opened it, signed by Telegram.

use std::collections::BTreeMap;

use hmac::{Hmac, KeyInit, Mac};
use serde::Deserialize;
use sha2::Sha256;
use url::form_urlencoded;

use crate::chat::UserId;

/// The time by which Telegram's clock may be ahead of ours, in milliseconds.
const AHEAD_MAX_MS: u64 = 60_000;

/// The person who opened the Mini App.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InitData {
    /// The person.
    pub user: UserId,
    /// The language of their app (BCP 47), if Telegram says so.
    pub locale: Option<String>,
}

/// A refusal of init data. The caller learns none of it but "no".
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InitDataError {
    /// A field is missing, unreadable or there twice.
    #[error("malformed")]
    Malformed,
    /// It was not signed for this bot, or was altered.
    #[error("not signed for this bot")]
    Forged,
    /// It is older than allowed, or from the future.
    #[error("too old")]
    Stale,
}

#[derive(Deserialize)]
struct InitDataUser {
    id: u64,
    language_code: Option<String>,
}

/// Checks the init data of a Mini App (`Telegram.WebApp.initData`), as the Bot API describes under
/// "Validating data received via the Mini App": HMAC-SHA256 over all fields but `hash`, with a key
/// made of the bot's token.
///
/// # Errors
/// When it is not of this bot, altered, ambiguous, or older than `age_max_ms`.
pub fn verify_init_data(
    token: &str,
    init_data: &str,
    now_ms: u64,
    age_max_ms: u64,
) -> Result<InitData, InitDataError> {
    let mut fields = BTreeMap::new();
    for (name, value) in form_urlencoded::parse(init_data.as_bytes()) {
        if fields.insert(name.into_owned(), value.into_owned()).is_some() {
            return Err(InitDataError::Malformed);
        }
    }
    let hash = fields.remove("hash").ok_or(InitDataError::Malformed)?;
    let hash = hex::decode(hash).map_err(|_| InitDataError::Malformed)?;
    let lines: Vec<String> = fields.iter().map(|(name, value)| format!("{name}={value}")).collect();
    let key = mac(b"WebAppData", token.as_bytes()).finalize().into_bytes();
    mac(&key, lines.join("\n").as_bytes())
        .verify_slice(&hash)
        .map_err(|_| InitDataError::Forged)?;
    let signed_at_s: u64 =
        fields.get("auth_date").and_then(|at| at.parse().ok()).ok_or(InitDataError::Malformed)?;
    let signed_at_ms = signed_at_s.saturating_mul(1000);
    if now_ms.saturating_sub(signed_at_ms) > age_max_ms
        || signed_at_ms.saturating_sub(now_ms) > AHEAD_MAX_MS
    {
        return Err(InitDataError::Stale);
    }
    let user = fields.get("user").ok_or(InitDataError::Malformed)?;
    // The error would repeat what is in it.
    let user: InitDataUser = serde_json::from_str(user).map_err(|_| InitDataError::Malformed)?;
    Ok(InitData { user: UserId(user.id.to_string()), locale: user.language_code })
}

fn mac(key: &[u8], message: &[u8]) -> Hmac<Sha256> {
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(key) else {
        unreachable!("HMAC takes keys of any length")
    };
    mac.update(message);
    mac
}
