//! Telegram's Bot API, simulated.
