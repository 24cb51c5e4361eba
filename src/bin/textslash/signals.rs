//! When a role is told to end.

use std::future::Future;
use std::io::Read;

use anyhow::Context;
use textslash::config::{END_WITH_STDIN, Environment};
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::oneshot;

/// Bytes of an input that nobody means to read.
const IGNORED_BYTES: usize = 1024;

/// Listens from now on; ready at the first SIGTERM (the platform) or SIGINT (Ctrl-C) after it.
///
/// # Errors
/// When the system does not let us listen.
pub fn shutdown_signal() -> anyhow::Result<impl Future<Output = ()> + Send + Unpin> {
    let mut terminate = signal(SignalKind::terminate()).context("listen for SIGTERM")?;
    let mut interrupt = signal(SignalKind::interrupt()).context("listen for SIGINT")?;
    Ok(Box::pin(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
    }))
}

/// The same for a role that runs where it was deployed, which may be told to end with its input,
/// too.
///
/// # Errors
/// When the system does not let us listen, or the setting is wrong.
pub fn shutdown_signal_or_stdin_end(
    environment: &Environment<'_>,
) -> anyhow::Result<impl Future<Output = ()> + Send + 'static> {
    let told = shutdown_signal()?;
    let input = environment.flag(END_WITH_STDIN)?.then(stdin_ended);
    Ok(async move {
        match input {
            Some(ended) => tokio::select! {
                () = told => {}
                // The thread lets go of the other end when the input has ended.
                _ = ended => {}
            },
            None => told.await,
        }
    })
}

/// Reads on a thread of its own: a read of the standard input cannot be cancelled, and a runtime
/// would wait for it when it shuts down.
fn stdin_ended() -> oneshot::Receiver<()> {
    let (end, ended) = oneshot::channel();
    std::thread::spawn(move || {
        let mut ignored = [0; IGNORED_BYTES];
        while let Ok(1..) = std::io::stdin().read(&mut ignored) {}
        drop(end);
    });
    ended
}
