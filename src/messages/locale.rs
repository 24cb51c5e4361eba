//! Languages. A new one is a folder of Fluent files and a line in [`languages!`].

use serde::{Deserialize, Serialize};

use super::LocalizedText;

macro_rules! files {
    ($code:literal: $($file:literal)*) => {
        &[$(include_str!(concat!($code, "/", $file, ".ftl"))),*]
    };
    ($code:literal) => {
        files!($code: "chat" "cli" "common" "labels" "lists" "pages" "questions" "refusals" "relay")
    };
}

macro_rules! languages {
    ($($(#[$meta:meta])* $language:ident = $code:literal,)*) => {
        /// A language that is spoken.
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
        pub enum Locale {
            $($(#[$meta])* #[serde(rename = $code)] $language,)*
        }

        impl Locale {
            /// All languages, the default first.
            pub const ALL: [Self; [$($code),*].len()] = [$(Self::$language),*];

            /// Its code (ISO 639-1), as in `/language de`.
            pub fn code(self) -> &'static str {
                match self {
                    $(Self::$language => $code,)*
                }
            }

            /// The contents of its Fluent files.
            pub(super) fn files(self) -> &'static [&'static str] {
                match self {
                    $(Self::$language => files!($code),)*
                }
            }
        }
    };
}

languages! {
    #[default]
    English = "en",
    German = "de",
}

impl Locale {
    /// The language for a service's hint (BCP 47, such as `de-AT`): the nearest that is spoken.
    pub fn of_hint(hint: Option<&str>) -> Self {
        let language = hint.unwrap_or_default().split(['-', '_']).next().unwrap_or_default();
        let spoken = |locale: &Self| language.eq_ignore_ascii_case(locale.code());
        Self::ALL.into_iter().find(spoken).unwrap_or_default()
    }

    /// A number in groups of three digits.
    pub fn grouped(self, number: u64) -> String {
        let separator = LocalizedText::new("digit-group-separator").said(self);
        let digits = number.to_string();
        let mut grouped = String::with_capacity(digits.len() + digits.len() / 3);
        for (at, digit) in digits.chars().enumerate() {
            if at > 0 && (digits.len() - at).is_multiple_of(3) {
                grouped.push_str(&separator);
            }
            grouped.push(digit);
        }
        grouped
    }

    /// Its name in the language itself.
    pub fn name(self) -> String {
        LocalizedText::new("language-name").said(self)
    }
}
