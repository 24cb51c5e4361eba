//! Telegram's adapter and its simulator, face to face over loopback: what every channel promises,
//! kept with the bytes that the Bot API speaks.

mod api;
mod clients;
mod description;
mod edited;
mod promises;
pub mod world;
