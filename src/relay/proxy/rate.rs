//! Calls and tokens that pass within a minute. This module is pure: the time is an argument.

use std::collections::VecDeque;
use std::time::Duration;

use tokio::time::Instant;

#[cfg(test)]
mod tests;

/// The span in which calls and tokens are counted.
const WINDOW: Duration = Duration::from_secs(60);

/// What is counted together, so that a window is at most 61 slots however much passes.
const SLOT: Duration = Duration::from_secs(1);

/// The bounds of a window.
#[derive(Clone, Copy, Debug)]
pub(in crate::relay) struct RateLimits {
    pub(super) calls_max: u32,
    pub(super) tokens_max: u64,
}

/// What passed within the last minute.
#[derive(Debug, Default)]
pub(in crate::relay) struct RateWindow {
    slots: VecDeque<RateSlot>,
}

#[derive(Debug)]
struct RateSlot {
    from: Instant,
    calls: u32,
    tokens: u64,
}

impl RateWindow {
    /// Counts a call.
    ///
    /// # Errors
    /// With the time until a call can pass, when too many calls or tokens did; then it is not
    /// counted.
    pub(super) fn admit(&mut self, now: Instant, limits: RateLimits) -> Result<(), Duration> {
        while self.slots.front().is_some_and(|slot| slot.from + WINDOW <= now) {
            self.slots.pop_front();
        }
        let mut calls: u32 = self.slots.iter().map(|slot| slot.calls).sum();
        let mut tokens = self.slots.iter().fold(0_u64, |sum, it| sum.saturating_add(it.tokens));
        let mut wait = None;
        for slot in &self.slots {
            if calls < limits.calls_max && tokens < limits.tokens_max {
                break;
            }
            calls -= slot.calls;
            tokens = tokens.saturating_sub(slot.tokens);
            wait = Some(slot.from + WINDOW - now);
        }
        match wait {
            Some(wait) => Err(wait),
            None => {
                self.slot(now).calls += 1;
                Ok(())
            }
        }
    }

    /// Counts tokens of a call that was admitted.
    pub(super) fn spend(&mut self, now: Instant, tokens: u64) {
        let slot = self.slot(now);
        slot.tokens = slot.tokens.saturating_add(tokens);
    }

    fn slot(&mut self, now: Instant) -> &mut RateSlot {
        let is_current = |slot: &RateSlot| now < slot.from + SLOT;
        if !self.slots.back().is_some_and(is_current) {
            // Tokens come without a call too: old slots go here as well.
            while self.slots.front().is_some_and(|slot| slot.from + WINDOW <= now) {
                self.slots.pop_front();
            }
            self.slots.push_back(RateSlot { from: now, calls: 0, tokens: 0 });
        }
        let last = self.slots.len() - 1;
        &mut self.slots[last]
    }
}
