//! The waiting of simulated people for messages of a service.

use std::time::Duration;

use tokio::sync::watch;

/// Longer than every step of a test; after it the test fails with the story so far.
const PATIENCE: Duration = Duration::from_secs(90);

/// The result of `look`, now or after a change; `None` when it stays `None`.
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
                // The service is gone.
                std::future::pending::<()>().await;
            }
        }
    };
    tokio::time::timeout(PATIENCE, seen).await.ok()
}
