//! Fly's published rate limits: one call a second for each action and id with a burst of three;
//! reading one machine five a second with a burst of ten; a hundred app deletions a minute.

use std::collections::HashMap;

/// Buckets by action and id.
#[derive(Default)]
pub struct TokenBuckets {
    buckets: HashMap<String, TokenBucket>,
}

struct TokenBucket {
    left: f64,
    at_ms: u64,
}

struct BucketRate {
    per_second: f64,
    burst: f64,
}

/// Sums of parts of a second are not exact; a caller that waits to the millisecond is in time.
const ROUNDING: f64 = 1e-6;

const USUAL: BucketRate = BucketRate { per_second: 1.0, burst: 3.0 };
const READ_MACHINE: BucketRate = BucketRate { per_second: 5.0, burst: 10.0 };
const DELETE_APP: BucketRate = BucketRate { per_second: 100.0 / 60.0, burst: 100.0 };

impl TokenBuckets {
    /// Takes one call of `action` on `id` from its bucket; false when the bucket is empty.
    pub fn admit(&mut self, action: &str, id: &str, now_ms: u64) -> bool {
        match action {
            "GET /v1/apps/{app}/machines/{machine}" => {
                self.take(&format!("{action} {id}"), READ_MACHINE, now_ms)
            }
            "DELETE /v1/apps/{app}" => {
                self.take(action, DELETE_APP, now_ms)
                    && self.take(&format!("{action} {id}"), USUAL, now_ms)
            }
            _ => self.take(&format!("{action} {id}"), USUAL, now_ms),
        }
    }

    #[expect(clippy::cast_precision_loss, reason = "milliseconds between calls are small")]
    fn take(&mut self, key: &str, rate: BucketRate, now_ms: u64) -> bool {
        let bucket = self
            .buckets
            .entry(key.to_owned())
            .or_insert(TokenBucket { left: rate.burst, at_ms: now_ms });
        let passed_s = now_ms.saturating_sub(bucket.at_ms) as f64 / 1000.0;
        bucket.left = (bucket.left + passed_s * rate.per_second).min(rate.burst);
        bucket.at_ms = now_ms;
        let admitted = bucket.left >= 1.0 - ROUNDING;
        if admitted {
            bucket.left -= 1.0;
        }
        admitted
    }
}
