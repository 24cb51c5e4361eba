//! Time stands still while the database works, whoever of many tasks it works for.
//!
//! Paused time runs ahead whenever the thread would wait, and does not know that a database works on a
//! thread of its own. So before the thread waits, it is looked whether the one connection is in use; if it
//! is, the thread goes round once more instead.

use std::sync::{Arc, OnceLock};
use std::task::{Poll, Waker};

use sqlx::AnyPool;
use tokio::runtime::{Builder, Runtime};

#[derive(Clone, Default)]
pub(super) struct Hush(Arc<Inner>);

#[derive(Default)]
struct Inner {
    pool: OnceLock<AnyPool>,
    main: OnceLock<Waker>,
}

impl Hush {
    /// A runtime of one thread that is hushed.
    pub(super) fn runtime(&self) -> anyhow::Result<Runtime> {
        let waits = self.clone();
        Ok(Builder::new_current_thread()
            // Whoever waits for the database comes last: the rest does not depend on how fast it is.
            .global_queue_interval(u32::MAX)
            .on_thread_park(move || waits.before_waiting())
            .enable_all()
            .build()?)
    }

    /// From here on, this pool is looked at, and the caller's future is what keeps the thread awake.
    pub(super) async fn watch(&self, pool: AnyPool) {
        let main = std::future::poll_fn(|context| Poll::Ready(context.waker().clone())).await;
        // A story has one pool and one main future, so neither was there before.
        let _ = (self.0.pool.set(pool), self.0.main.set(main));
    }

    /// The thread is about to wait.
    fn before_waiting(&self) {
        if let (Some(pool), Some(main)) = (self.0.pool.get(), self.0.main.get())
            && pool.num_idle() < usize::try_from(pool.size()).unwrap_or(usize::MAX)
        {
            std::thread::yield_now();
            main.wake_by_ref();
        }
    }
}
