//! The owner's id on each channel. Nobody can take over an id; a name can change hands.

use std::ops::RangeInclusive;

use super::RelayChannel;

/// Digits of an id on Discord (a snowflake): 17 since 2015, and 64 bits have at most 20.
const SNOWFLAKE_DIGITS: RangeInclusive<usize> = 17..=20;

/// Digits of an id on Telegram, which has at most 52 significant bits (Bot API, "User").
const TELEGRAM_DIGITS: RangeInclusive<usize> = 1..=16;

/// Digits of a telephone number with its country code: 15 at most (ITU-T E.164).
const NUMBER_DIGITS: RangeInclusive<usize> = 7..=15;

impl RelayChannel {
    /// True for an id as the channel's own messages carry it.
    pub fn is_owner_id(self, id: &str) -> bool {
        match self {
            Self::Web => id == Self::link_holder(),
            Self::Telegram => is_number(id, TELEGRAM_DIGITS),
            Self::Discord => is_number(id, SNOWFLAKE_DIGITS) && id.parse::<u64>().is_ok(),
            Self::WhatsApp => {
                let digits = id.strip_prefix("whatsapp:+");
                digits.is_some_and(|digits| is_number(digits, NUMBER_DIGITS))
            }
        }
    }

    /// The form of an owner's id, for a sentence that asks for one.
    pub fn owner_id_form(self) -> &'static str {
        match self {
            Self::Web => "`owner`",
            Self::Telegram => "the number that @userinfobot tells you, such as 123456789",
            Self::Discord => {
                "the number of 17 or more digits that Copy User ID gives, such as \
                 100000000000007001"
            }
            Self::WhatsApp => {
                "whatsapp: and a number with its country code, such as whatsapp:+4915112345678"
            }
        }
    }
}

/// Ids and numbers start with no zero.
fn is_number(text: &str, lengths: RangeInclusive<usize>) -> bool {
    lengths.contains(&text.len())
        && text.bytes().all(|byte| byte.is_ascii_digit())
        && !text.starts_with('0')
}
