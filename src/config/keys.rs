//! Refuses keys that somebody could guess.

use anyhow::bail;
use zeroize::Zeroizing;

use super::Environment;
use crate::secret::strength::{KEY_BITS_MIN, KEY_CHARS_MIN, guess_bits};

/// Checks those of these settings that are set.
///
/// # Errors
/// When a key is short or guessable, or two of them are the same. The error names settings and
/// never a key.
pub(super) fn check(environment: &Environment<'_>, names: &[&'static str]) -> anyhow::Result<()> {
    let set = names.iter().filter_map(|name| Some((*name, environment.get(name)?)));
    let keys: Vec<_> = set.map(|(name, key)| (name, Zeroizing::new(key))).collect();
    for (name, key) in &keys {
        if key.chars().count() < KEY_CHARS_MIN {
            bail!("{name} needs {KEY_CHARS_MIN} or more characters: {}", remedy(name));
        }
        if guess_bits(key) < KEY_BITS_MIN {
            bail!("{name} is too easy to guess: {}", remedy(name));
        }
    }
    for (place, (name, key)) in keys.iter().enumerate() {
        if let Some((other, _)) = keys[..place].iter().find(|(_, other)| is_same(other, key)) {
            bail!("{name} and {other} are the same key: {}", remedy(name));
        }
    }
    Ok(())
}

/// Whether one key gives the other away.
fn is_same(one: &str, other: &str) -> bool {
    let [one, other] = [one, other].map(|key| Zeroizing::new(key.to_ascii_lowercase()));
    one.contains(other.as_str()) || other.contains(one.as_str())
}

fn remedy(name: &str) -> &'static str {
    match name {
        "CHANNEL_KEY" | "TELEGRAM_BOT_TOKEN" | "DISCORD_BOT_TOKEN" | "TWILIO_AUTH_TOKEN" => {
            "set it to the one that the chat service has issued"
        }
        "MODEL_KEY" => "set it to the one that the model's vendor has issued",
        _ => "set it to one of its own, made with `openssl rand -hex 32`",
    }
}
