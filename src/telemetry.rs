//! Logs, and what a crash may leave behind. Logs go to standard error, one line each.
//!
//! Only our own modules may be verbose: libraries that carry messages and requests print them when
//! asked to, and people type credentials here. So a level is all that can be set, and foreign
//! targets never say more than warnings.

use nix::sys::resource::{Resource, setrlimit};
use tracing::level_filters::LevelFilter;
use tracing_subscriber::Layer;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

use crate::vm::process;

#[cfg(test)]
mod tests;

/// Starts logging to standard error and makes a crash leave nothing that could hold a secret: a
/// panic prints its place only, no core is dumped, and no other process of the same user sees the
/// memory or the environment. Root sees them all the same.
pub fn start(level: LevelFilter) {
    tracing_subscriber::registry().with(layer(level, std::io::stderr)).init();
    std::panic::set_hook(Box::new(|panic| {
        let place = panic.location().map(ToString::to_string).unwrap_or_default();
        tracing::error!(target: "textslash", place, "a bug: this task panicked");
    }));
    if let Err(errno) = setrlimit(Resource::RLIMIT_CORE, 0, 0) {
        tracing::warn!(%errno, "core dumps could not be turned off");
    }
    if let Err(error) = process::hide_from_children() {
        tracing::warn!("{error:#}");
    }
}

/// How a task ended that did not end by itself, without the words of its panic: those may hold
/// anything.
pub fn ended(error: &tokio::task::JoinError) -> anyhow::Error {
    match error.is_panic() {
        true => anyhow::anyhow!("a bug: a task panicked; the log says where"),
        false => anyhow::anyhow!("a task was cancelled"),
    }
}

fn layer<S, W>(level: LevelFilter, writer: W) -> impl Layer<S>
where
    S: tracing::Subscriber + for<'a> tracing_subscriber::registry::LookupSpan<'a>,
    W: for<'w> MakeWriter<'w> + 'static,
{
    let targets = Targets::new()
        .with_default(level.min(LevelFilter::WARN))
        .with_target("textslash", level)
        .with_target("adapters", level);
    tracing_subscriber::fmt::layer()
        .with_writer(writer)
        .with_ansi(false)
        // Where nobody reads standard error any more, a complaint about that would be a panic.
        .log_internal_errors(false)
        .with_filter(targets)
}
