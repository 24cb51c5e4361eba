//! What is done beside a chat's task may panic; the chat goes on, and its person is told.

use std::panic::AssertUnwindSafe;

use futures::FutureExt;

/// What came of it; `None` when it panicked, which the hook has logged. The panic's own words go no
/// further.
///
/// Nothing half-done is seen afterwards: what it worked with is dropped, or is a journal that each
/// drive reads anew.
pub(super) async fn catch_panic<T>(work: impl Future<Output = T>) -> Option<T> {
    AssertUnwindSafe(work).catch_unwind().await.ok()
}
