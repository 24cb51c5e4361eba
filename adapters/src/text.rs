//! Long text into messages that fit.

/// What a service counts when it says how long a message may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    /// UTF-16 code units (Telegram).
    Utf16,
    /// Unicode scalar values (Discord, WhatsApp).
    Chars,
    /// Bytes of UTF-8 (our own web channel).
    Bytes,
}
