//! Telegram, through a bot.
