//! What can be wrong with a pasted answer, and what can be seen of it without asking anybody.
//! This module is pure.

use serde::{Deserialize, Serialize};

/// Why an answer is not taken. Each becomes a sentence that says what to do.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "rejection", rename_all = "snake_case")]
pub enum Rejection {
    /// Nothing was written.
    Empty,
    /// Longer than any answer to this question.
    TooLong,
    /// Not at all what was asked for.
    Malformed,
    /// A credential of another vendor.
    OtherVendor {
        /// Whose.
        vendor: Vendor,
    },
    /// The end of it is missing.
    CutOff,
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
    /// The vendor says no.
    Refused,
    /// The vendor could not be asked; the answer may well be right.
    OutOfReach,
    /// A choice that was not offered.
    NotOffered,
}

/// Whose credential something looks like.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Vendor {
    /// `fm1r_`, `fm1a_`, `fm2_`, `fo1_`.
    Fly,
    /// `sk-ant-`.
    Anthropic,
    /// Digits, a colon and 35 characters.
    Telegram,
    /// Three parts with dots.
    Discord,
    /// `AC`, `SK` and 32 hex digits.
    Twilio,
}

/// Whose credential a line looks like; `None` for ordinary words.
pub fn recognise(text: &str) -> Option<Vendor> {
    let has = |prefixes: &[&str]| prefixes.iter().any(|prefix| text.contains(prefix));
    if has(&["fm1r_", "fm1a_", "fm2_", "fo1_"]) {
        Some(Vendor::Fly)
    } else if has(&["sk-ant-"]) {
        Some(Vendor::Anthropic)
    } else {
        None
    }
}
