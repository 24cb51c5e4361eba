//! Discord, through a bot in direct messages.
