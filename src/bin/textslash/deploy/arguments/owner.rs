//! Whom a relay obeys: an id that nobody can take over, as its channel writes it. A name would do for
//! whoever takes that name next.

use textslash::spec::RelayChannel;

/// Digits of an id on Discord (a snowflake): 17 since 2015, and 20 are the most that 64 bits have.
const SNOWFLAKE_DIGITS: std::ops::RangeInclusive<usize> = 17..=20;

/// Digits of an id on Telegram, which has at most 52 significant bits (Bot API, "User").
const TELEGRAM_DIGITS: std::ops::RangeInclusive<usize> = 1..=16;

/// Digits of a telephone number with its country code: 15 at most (ITU-T E.164).
const NUMBER_DIGITS: std::ops::RangeInclusive<usize> = 7..=15;

/// The owner on this channel, as its messages name them; else what is wrong.
pub fn on(channel: RelayChannel, said: Option<&str>) -> Result<String, String> {
    let said = said.map(str::trim);
    match (channel, said) {
        (RelayChannel::Web, None) => Ok(RelayChannel::link_holder()),
        (RelayChannel::Web, Some(_)) => {
            Err("on the web channel whoever has the link is the owner; pass --channel too".into())
        }
        (RelayChannel::Telegram, Some(id)) if is_number(id, TELEGRAM_DIGITS) => Ok(id.to_owned()),
        (RelayChannel::Telegram, _) => Err("an owner on Telegram is a number, which @userinfobot \
             tells you; a @name can change hands"
            .into()),
        (RelayChannel::Discord, Some(id)) if is_number(id, SNOWFLAKE_DIGITS) => Ok(id.to_owned()),
        (RelayChannel::Discord, _) => Err("an owner on Discord is a number of 17 or more digits: \
             Developer Mode on, then Copy User ID; a name can change hands"
            .into()),
        (RelayChannel::WhatsApp, said) => {
            let number = said.unwrap_or_default();
            let number = number.strip_prefix("whatsapp:").unwrap_or(number);
            match number.strip_prefix('+') {
                Some(digits) if is_number(digits, NUMBER_DIGITS) => {
                    Ok(format!("whatsapp:{number}"))
                }
                _ => Err("an owner on WhatsApp is a number with its country code, such as \
                     +4915112345678"
                    .into()),
            }
        }
    }
}

/// Ids and numbers start with no zero.
fn is_number(text: &str, lengths: std::ops::RangeInclusive<usize>) -> bool {
    lengths.contains(&text.len())
        && text.bytes().all(|byte| byte.is_ascii_digit())
        && !text.starts_with('0')
}
