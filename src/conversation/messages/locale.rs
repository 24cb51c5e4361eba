//! Which language is spoken.

use serde::{Deserialize, Serialize};

use super::super::ConversationState;

/// A language that is spoken.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Locale {
    #[default]
    #[serde(rename = "en")]
    English,
    #[serde(rename = "de")]
    German,
}

impl Locale {
    /// All languages, the usual one first.
    pub const ALL: [Self; 2] = [Self::English, Self::German];

    /// The language for a service's hint (BCP 47, such as `de-AT`): the one we speak that is
    /// nearest.
    pub fn of_hint(hint: Option<&str>) -> Self {
        let language = hint.unwrap_or_default().split(['-', '_']).next().unwrap_or_default();
        let spoken = |locale: &Self| language.eq_ignore_ascii_case(locale.code());
        Self::ALL.into_iter().find(spoken).unwrap_or_default()
    }

    /// Its code (ISO 639-1), as in `/language de`.
    pub fn code(self) -> &'static str {
        match self {
            Self::English => "en",
            Self::German => "de",
        }
    }

    /// A number in groups of three digits.
    pub fn grouped(self, number: u64) -> String {
        let separator = match self {
            Self::English => ',',
            Self::German => '.',
        };
        let digits = number.to_string();
        let mut grouped = String::with_capacity(digits.len() + digits.len() / 3);
        for (at, digit) in digits.chars().enumerate() {
            if at > 0 && (digits.len() - at).is_multiple_of(3) {
                grouped.push(separator);
            }
            grouped.push(digit);
        }
        grouped
    }

    /// What it calls itself.
    pub fn name(self) -> &'static str {
        match self {
            Self::English => "English",
            Self::German => "Deutsch",
        }
    }
}

/// The language to speak: the one that the person chose; else the one that the service hints at now
/// (BCP 47); else the one that was spoken last.
pub fn locale_of(state: &ConversationState, hint: Option<&str>) -> Locale {
    let hinted = || hint.map(|hint| Locale::of_hint(Some(hint)));
    state.locale.or_else(hinted).or(state.spoken).unwrap_or_default()
}
