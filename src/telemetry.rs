//! Logs, and what a crash may leave behind. Logs go to standard error, one line each, and a
//! line names its [spans](crate::spans).
//!
//! Only our own modules may be verbose: libraries that carry messages and requests print them when
//! asked to, and people type credentials here. So a level is all that can be set, and foreign
//! targets never say more than warnings.

use std::str::FromStr;

use nix::sys::resource::{Resource, setrlimit};
use tracing::level_filters::LevelFilter;
use tracing_subscriber::Layer;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::registry::LookupSpan;
use tracing_subscriber::util::SubscriberInitExt;

use crate::vm::process;

#[cfg(test)]
pub(crate) mod tests;

/// The form of a log line.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum LogFormat {
    /// For people.
    #[default]
    Text,
    /// One JSON object for each line, for log collectors.
    Json,
}

impl FromStr for LogFormat {
    type Err = UnknownLogFormat;

    fn from_str(word: &str) -> Result<Self, UnknownLogFormat> {
        match word {
            "text" => Ok(Self::Text),
            "json" => Ok(Self::Json),
            _ => Err(UnknownLogFormat),
        }
    }
}

/// There is no such form.
#[derive(Clone, Copy, Debug, thiserror::Error)]
#[error("a log is text or json")]
pub struct UnknownLogFormat;

/// Starts logging to standard error and makes a crash leave nothing that could hold a secret: a
/// panic prints its place only, no core is dumped, and no other process of the same user sees the
/// memory or the environment. Root sees them all the same.
pub fn start(level: LevelFilter, format: LogFormat) {
    tracing_subscriber::registry().with(layer(level, format, std::io::stderr)).init();
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

fn layer<S, W>(level: LevelFilter, format: LogFormat, writer: W) -> Box<dyn Layer<S> + Send + Sync>
where
    S: tracing::Subscriber + for<'a> LookupSpan<'a>,
    W: for<'w> MakeWriter<'w> + Send + Sync + 'static,
{
    let targets = Targets::new()
        .with_default(level.min(LevelFilter::WARN))
        .with_target("textslash", level)
        .with_target("adapters", level);
    let lines = tracing_subscriber::fmt::layer()
        .with_writer(writer)
        .with_ansi(false)
        // Where nobody reads standard error any more, a complaint about that would be a panic.
        .log_internal_errors(false);
    match format {
        LogFormat::Text => lines.with_filter(targets).boxed(),
        // The list of spans ends with the current one.
        LogFormat::Json => lines.json().with_current_span(false).with_filter(targets).boxed(),
    }
}
