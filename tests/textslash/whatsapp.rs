//! WhatsApp's adapter and a simulated Twilio, face to face over loopback: what every channel
//! promises, kept with the bytes that Twilio speaks.

mod api;
mod clients;
mod description;
mod doubt;
mod promises;
mod webhook;
pub mod world;
