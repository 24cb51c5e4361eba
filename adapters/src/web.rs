//! A WebSocket with small JSON messages behind an owner's key.
