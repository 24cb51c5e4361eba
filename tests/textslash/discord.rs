//! Discord's adapter and its simulator, face to face over loopback: what every channel promises,
//! kept with the bytes that Discord's REST API and gateway speak.

mod api;
mod clients;
mod description;
mod gateway;
mod promises;
pub mod world;
