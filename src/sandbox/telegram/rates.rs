//! The rate limits of a bot: about one message a second in a chat with short bursts, thirty a
//! second in all (Bots FAQ, "My bot is hitting limits").

use std::collections::BTreeMap;

/// Messages of a short burst in one chat.
const BURST: f64 = 20.0;

/// Messages of a second in all chats.
const ALL_PER_S: f64 = 30.0;

#[derive(Default)]
pub struct TelegramRateLimits {
    chats: BTreeMap<u64, RateBucket>,
    all: Option<RateBucket>,
    /// Calls that were too fast.
    pub violations: u64,
}

struct RateBucket {
    left: f64,
    at_ms: u64,
}

impl RateBucket {
    fn take(&mut self, per_s: f64, max: f64, now_ms: u64) -> Result<(), u64> {
        let since_ms = now_ms.saturating_sub(self.at_ms);
        self.left = (self.left + since_ms as f64 / 1000.0 * per_s).min(max);
        self.at_ms = now_ms;
        if self.left < 1.0 {
            return Err(((1.0 - self.left) / per_s).ceil() as u64);
        }
        self.left -= 1.0;
        Ok(())
    }
}

impl TelegramRateLimits {
    /// Counts a message to this person; the error of one message too many is the seconds to wait.
    pub fn take(&mut self, person: u64, now_ms: u64) -> Result<(), u64> {
        let all = self.all.get_or_insert(RateBucket { left: ALL_PER_S, at_ms: now_ms });
        let chat = self.chats.entry(person).or_insert(RateBucket { left: BURST, at_ms: now_ms });
        let taken =
            all.take(ALL_PER_S, ALL_PER_S, now_ms).and_then(|()| chat.take(1.0, BURST, now_ms));
        if taken.is_err() {
            self.violations += 1;
        }
        taken
    }
}
