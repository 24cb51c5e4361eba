//! When something last happened here.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use parking_lot::Mutex;
use tokio::time::Instant;

use super::Relay;

pub(super) struct Activity {
    busy: AtomicUsize,
    last: Mutex<Instant>,
}

impl Default for Activity {
    fn default() -> Self {
        Self { busy: AtomicUsize::new(0), last: Mutex::new(Instant::now()) }
    }
}

impl Activity {
    pub(super) fn touch(&self) {
        *self.last.lock() = Instant::now();
    }

    pub(super) fn last(&self) -> Instant {
        *self.last.lock()
    }

    pub(super) fn is_busy(&self) -> bool {
        self.busy.load(Ordering::Acquire) > 0
    }
}

/// A call that is being answered, by somebody who has shown who they are: strangers keep nothing
/// up.
pub struct ActivityGuard(Arc<Relay>);

impl ActivityGuard {
    pub(super) fn new(relay: Arc<Relay>) -> Self {
        relay.activity.busy.fetch_add(1, Ordering::AcqRel);
        Self(relay)
    }
}

impl Drop for ActivityGuard {
    fn drop(&mut self) {
        self.0.activity.touch();
        self.0.activity.busy.fetch_sub(1, Ordering::AcqRel);
    }
}
