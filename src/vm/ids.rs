//! Ids that name files: parsed once, so that no path is ever built from what somebody sent.

use std::fmt;

/// Longest id accepted: room for a UUID with a prefix.
pub const ID_LENGTH_MAX: usize = 64;

/// Text that cannot be an id. It does not repeat the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not an id: 1 to {ID_LENGTH_MAX} letters, digits, dashes and underscores")]
pub struct InvalidId;

fn is_id(text: &str) -> bool {
    (1..=ID_LENGTH_MAX).contains(&text.len())
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
}

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident),*) => {$(
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, Hash)]
        pub struct $name(String);

        impl TryFrom<&str> for $name {
            type Error = InvalidId;

            fn try_from(text: &str) -> Result<Self, InvalidId> {
                if is_id(text) { Ok(Self(text.to_owned())) } else { Err(InvalidId) }
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    )*};
}

ids! {
    /// One turn, chosen by the relay: the same id is the same turn.
    TurnId,
    /// Turns of one session remember each other.
    SessionId
}
