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

/// Whether two ids name the same person. Numbers of three countries have two spellings: the one
/// that people dial and the one that WhatsApp uses.
pub fn is_same_person(a: &str, b: &str) -> bool {
    a == b || matches!((one_spelling(a), one_spelling(b)), (Some(a), Some(b)) if a == b)
}

/// The number of an id on WhatsApp in the longer of its spellings. Both reach the same phone:
/// - Mexico: `52`, then `1` since before 2019, then 10 digits
/// - Argentina: `54`, then `9` for a mobile phone, then 10 digits
/// - Brazil: `55`, 2 digits of the area, then `9` since 2012, then 8 digits; a number of 8 digits
///   is one of a mobile phone only if it begins with 6 to 9
fn one_spelling(id: &str) -> Option<String> {
    let digits = id.strip_prefix("whatsapp:+").filter(|it| is_number(it, NUMBER_DIGITS))?;
    let (country, rest) = digits.split_at(2);
    Some(match (country, rest.len()) {
        ("52", 10) => format!("521{rest}"),
        ("54", 10) => format!("549{rest}"),
        ("55", 10) if rest[2..].starts_with(['6', '7', '8', '9']) => {
            format!("55{}9{}", &rest[..2], &rest[2..])
        }
        _ => digits.to_owned(),
    })
}

/// Ids and numbers start with no zero.
fn is_number(text: &str, lengths: RangeInclusive<usize>) -> bool {
    lengths.contains(&text.len())
        && text.bytes().all(|byte| byte.is_ascii_digit())
        && !text.starts_with('0')
}
