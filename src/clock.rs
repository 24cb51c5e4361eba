//! What time it is. Durations are measured by tokio; this is for time stamps and expiry.

use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

/// Tells the time in unix milliseconds.
#[derive(Clone)]
pub struct Clock(Arc<dyn Fn() -> u64 + Send + Sync>);

impl Clock {
    /// A clock that shows what `now_ms` says.
    pub fn from_fn(now_ms: impl Fn() -> u64 + Send + Sync + 'static) -> Self {
        Self(Arc::new(now_ms))
    }

    /// The machine's clock.
    pub fn system() -> Self {
        Self::from_fn(|| {
            let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
            u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
        })
    }

    /// A clock that shows `start_ms` now and follows tokio's time, paused or not.
    pub fn from_tokio(start_ms: u64) -> Self {
        let start = tokio::time::Instant::now();
        Self::from_fn(move || {
            start_ms + u64::try_from(start.elapsed().as_millis()).unwrap_or(u64::MAX)
        })
    }

    /// Now, in unix milliseconds.
    pub fn now_ms(&self) -> u64 {
        (self.0)()
    }
}
