//! Fly.io.

pub mod macaroon;
