//! Time stands still while the database works.
//!
//! Paused time runs ahead whenever nothing but a timer is left to wait for, and does not know that a
//! database works on a thread of its own. A story that is polled again for as long as a connection is in
//! use keeps the runtime from waiting, and so the time from passing.

use std::pin::Pin;
use std::task::{Context, Poll};

use sqlx::AnyPool;

pub(super) struct Still<F> {
    story: Pin<Box<F>>,
    pool: AnyPool,
}

impl<F: Future> Still<F> {
    pub(super) fn new(pool: AnyPool, story: F) -> Self {
        Self { story: Box::pin(story), pool }
    }
}

impl<F: Future> Future for Still<F> {
    type Output = F::Output;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<F::Output> {
        let told = self.story.as_mut().poll(context);
        if told.is_pending() && is_busy(&self.pool) {
            std::thread::yield_now();
            context.waker().wake_by_ref();
        }
        told
    }
}

fn is_busy(pool: &AnyPool) -> bool {
    pool.num_idle() < usize::try_from(pool.size()).unwrap_or(usize::MAX)
}
