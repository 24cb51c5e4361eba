//! Fly.io.

pub mod macaroon;
pub mod token;
