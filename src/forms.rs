//! One-time forms that take a credential where a chat is no safe place for it.
