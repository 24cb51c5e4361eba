//! Time stands still while the database works, whoever of many tasks it works for.
//!
//! Paused time runs ahead whenever the thread would wait, and does not know that a database works on a
//! thread of its own. So before the thread waits, it is looked whether the one connection is in use; if it
//! is, the thread goes round once more instead.

use std::sync::{Arc, OnceLock};
use std::task::{Poll, Waker};

use sqlx::AnyPool;

#[derive(Clone, Default)]
pub(super) struct Hush(Arc<Inner>);

#[derive(Default)]
struct Inner {
    pool: OnceLock<AnyPool>,
    main: OnceLock<Waker>,
}

impl Hush {
    /// From here on, this pool is looked at, and the caller's future is what keeps the thread awake.
    pub(super) async fn watch(&self, pool: AnyPool) {
        let main = std::future::poll_fn(|context| Poll::Ready(context.waker().clone())).await;
        // A story has one pool and one main future, so neither was there before.
        let _ = (self.0.pool.set(pool), self.0.main.set(main));
    }

    /// The thread is about to wait.
    pub(super) fn before_waiting(&self) {
        if let (Some(pool), Some(main)) = (self.0.pool.get(), self.0.main.get())
            && pool.num_idle() < usize::try_from(pool.size()).unwrap_or(usize::MAX)
        {
            std::thread::yield_now();
            main.wake_by_ref();
        }
    }
}
