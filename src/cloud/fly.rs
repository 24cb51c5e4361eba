//! Fly.io.
