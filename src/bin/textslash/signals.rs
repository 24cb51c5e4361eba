//! When a role is told to end.

use tokio::signal::unix::{SignalKind, signal};

/// Returns at the first SIGTERM (the platform) or SIGINT (Ctrl-C).
pub async fn told_to_end() {
    match (signal(SignalKind::terminate()), signal(SignalKind::interrupt())) {
        (Ok(mut terminate), Ok(mut interrupt)) => {
            tokio::select! {
                _ = terminate.recv() => {}
                _ = interrupt.recv() => {}
            }
        }
        _ => std::future::pending().await,
    }
}
