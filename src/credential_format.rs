//! What can be wrong with a pasted answer, and what can be seen of it without asking anybody.
//! This module is pure.

use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use crate::secret::SecretKind;

#[cfg(test)]
mod tests;

/// Why an answer is not taken. Each becomes a sentence that says what to do.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "rejection", rename_all = "snake_case")]
pub enum CredentialRejection {
    /// Nothing was written.
    Empty,
    /// Longer than any answer to this question.
    TooLong,
    /// Not at all what was asked for.
    Malformed,
    /// A credential of another vendor.
    OtherVendor { vendor: Vendor },
    /// The end of it is missing.
    #[serde(rename = "cut_off")]
    Truncated,
    /// A Fly permission token without the discharge that makes it valid.
    DischargeMissing,
    /// It was valid until then (unix milliseconds).
    Expired {
        /// When it ended.
        at_ms: u64,
    },
    /// It may only look.
    ReadOnly,
    /// It opens single apps or machines, not an organisation.
    AppScoped,
    /// An old Fly personal token (`fo1_`), which cannot be narrowed.
    NotNarrowable,
    /// It opens another organisation than the one this deployment stands in.
    OtherOrganisation {
        /// The one it should open.
        expected: String,
    },
    /// It opens another bot or number than the one this deployment answers at.
    OtherAddress {
        /// The one it should open.
        expected: String,
    },
    /// A token of a model subscription, which its vendor allows its own programs only.
    Subscription,
    /// The vendor says no.
    #[serde(rename = "refused")]
    RefusedByVendor,
    /// The vendor could not be asked; the answer may well be right.
    #[serde(rename = "out_of_reach")]
    VendorUnreachable,
    /// A choice that was not offered.
    NotOffered,
}

/// Whose credential something looks like.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Vendor {
    /// `fm1r_`, `fm1a_`, `fm2_`, `fo1_`.
    Fly,
    /// A key that begins with `sk-ant-`.
    Anthropic,
    /// Digits, a colon and 35 characters.
    Telegram,
    /// Three parts with dots.
    Discord,
    /// `AC`, `SK` and 32 hex digits.
    Twilio,
}

impl Vendor {
    /// The credential that this vendor issues.
    pub fn credential(self) -> SecretKind {
        match self {
            Self::Fly => SecretKind::FlyToken,
            Self::Anthropic => SecretKind::ModelKey,
            Self::Telegram => SecretKind::TelegramToken,
            Self::Discord => SecretKind::DiscordToken,
            Self::Twilio => SecretKind::TwilioKey,
        }
    }
}

/// The vendor of a credential that stands anywhere in `text`. Twilio's auth token, 32 bare hex
/// digits, could be anything and is not recognised.
pub fn recognise(text: &str) -> Option<Vendor> {
    let looks_like = |vendor: &Vendor| match vendor {
        Vendor::Fly => holds_fly_token(text),
        Vendor::Anthropic => holds_anthropic_key(text),
        Vendor::Telegram => holds_telegram_token(text),
        Vendor::Discord => holds_discord_token(text),
        Vendor::Twilio => holds_twilio_sid(text),
    };
    [Vendor::Fly, Vendor::Anthropic, Vendor::Telegram, Vendor::Discord, Vendor::Twilio]
        .into_iter()
        .find(looks_like)
}

/// A paste without everything that no credential holds, and the places at which something was left
/// out. A client may wrap a credential at such a place, and a person may write on behind one.
pub struct JoinedPaste {
    /// The characters of a credential, joined.
    pub text: Zeroizing<String>,
    /// The end of each piece in `text`, in bytes, in order.
    pub ends: Vec<usize>,
}

/// The most pieces that one credential is put together from: a Fly token of 4,000 characters takes
/// 53 lines of 76.
const PIECES_MAX: usize = 64;

impl JoinedPaste {
    /// Joins the characters that `belongs` names; all of them are ASCII. Invisible characters
    /// separate nothing.
    pub fn of(pasted: &str, belongs: impl Fn(char) -> bool) -> Self {
        let mut text = Zeroizing::new(String::with_capacity(pasted.len()));
        let mut ends = Vec::new();
        for piece in pasted.split(|c| !belongs(c) && !is_invisible(c)) {
            let before = text.len();
            text.extend(piece.chars().filter(|c| belongs(*c)));
            if text.len() > before {
                ends.push(text.len());
            }
        }
        Self { text, ends }
    }

    /// What may be the credential that starts at `start` and ends at `end` at the latest, the
    /// longest first.
    pub fn candidates(&self, start: usize, end: usize) -> impl Iterator<Item = &str> {
        let within = self.ends.iter().copied().filter(move |it| (start + 1..end).contains(it));
        let mut places: Vec<_> = within.take(PIECES_MAX).chain([end]).collect();
        places.reverse();
        places.into_iter().map(move |end| &self.text[start..end])
    }
}

fn is_invisible(c: char) -> bool {
    matches!(c, '\u{200B}'..='\u{200F}' | '\u{2060}'..='\u{2064}' | '\u{FEFF}' | '\u{00AD}')
}

/// `fm2_` and its kin, then at least 16 characters of base64.
fn holds_fly_token(text: &str) -> bool {
    ["fm1r_", "fm1a_", "fm2_", "fo1_"].iter().any(|label| {
        text.match_indices(label).any(|(at, _)| {
            let body = |c: char| c.is_ascii_alphanumeric() || "+/_-".contains(c);
            run(&text[at + label.len()..], body) >= 16
        })
    })
}

/// `sk-ant-`, a word, two digits, a dash, then at least 20 characters.
fn holds_anthropic_key(text: &str) -> bool {
    text.match_indices("sk-ant-").any(|(at, prefix)| {
        let rest = &text[at + prefix.len()..];
        let (word, rest) = rest.split_at(run(rest, |c| c.is_ascii_lowercase()));
        let (digits, rest) = rest.split_at(run(rest, |c| c.is_ascii_digit()));
        (2..=10).contains(&word.len())
            && digits.len() == 2
            && rest.strip_prefix('-').is_some_and(|key| run(key, is_token_character) >= 20)
    })
}

/// 5 to 16 digits, a colon, then `A` and 34 characters.
fn holds_telegram_token(text: &str) -> bool {
    text.match_indices(':').any(|(at, _)| {
        let digits = text[..at].bytes().rev().take_while(u8::is_ascii_digit).count();
        let secret = &text[at + 1..];
        (5..=16).contains(&digits)
            && secret.starts_with('A')
            && run(secret, is_token_character) == 35
    })
}

/// Three parts with dots: 24 to 26 characters from `M`, `N` or `O`, then 6, then at least 27.
fn holds_discord_token(text: &str) -> bool {
    text.split(|c| !is_token_character(c) && c != '.').any(|run| {
        let parts: Vec<_> = run.split('.').collect();
        parts.windows(3).any(|parts| {
            parts[0].starts_with(['M', 'N', 'O'])
                && (24..=26).contains(&parts[0].len())
                && parts[1].len() == 6
                && parts[2].len() >= 27
        })
    })
}

/// `AC` or `SK`, then 32 hex digits.
fn holds_twilio_sid(text: &str) -> bool {
    ["AC", "SK"].iter().any(|prefix| {
        text.match_indices(prefix)
            .any(|(at, _)| run(&text[at + prefix.len()..], |c| c.is_ascii_hexdigit()) >= 32)
    })
}

fn is_token_character(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '-' || c == '_'
}

/// How many bytes at the start are such characters; for ASCII ones only.
fn run(text: &str, belongs: fn(char) -> bool) -> usize {
    text.chars().take_while(|c| belongs(*c)).count()
}
