//! How a simulated person waits for what a service is to show them.

use std::time::Duration;

use tokio::sync::watch;

/// Far longer than anything here takes: beyond it the story so far is told.
const PATIENCE: Duration = Duration::from_secs(90);

/// What there is to see, now or after some change; nothing when it never comes.
pub(super) async fn wait_until<T>(
    mut changed: watch::Receiver<()>,
    mut look: impl FnMut() -> Option<T>,
) -> Option<T> {
    let seen = async {
        loop {
            changed.borrow_and_update();
            if let Some(seen) = look() {
                return seen;
            }
            if changed.changed().await.is_err() {
                // Nobody is left who could show anything.
                std::future::pending::<()>().await;
            }
        }
    };
    tokio::time::timeout(PATIENCE, seen).await.ok()
}
