//! The facts that must hold before the next step, and before a deployment is called one.

pub(super) mod agent;
pub(super) mod committed;
pub(super) mod healthy;
pub(super) mod narrowed;
mod relay_probe;
pub(super) mod started;
pub(super) mod stranger;
#[cfg(test)]
mod tests;

/// The time limit of gates that Fly passes at once, in milliseconds.
const SHORT_MS: u64 = 2 * 60_000;

/// The time limit of the first public request, in milliseconds: a name takes up to a few minutes to
/// resolve, a certificate half a minute.
const HEALTH_MS: u64 = 5 * 60_000;
