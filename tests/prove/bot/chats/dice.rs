//! Choices, each from its own part of the story's seed.

use std::time::Duration;

use textslash::random::Random;

#[derive(Clone)]
pub(super) struct BotStoryDice(Random);

impl BotStoryDice {
    pub(super) fn new(seed: u64, part: u64) -> Self {
        Self(Random::seeded(seed.rotate_left(17) ^ part))
    }

    /// A number below `max`; 0 below none.
    pub(super) fn below(&self, max: u64) -> u64 {
        u64::from_le_bytes(self.0.bytes()) % max.max(1)
    }

    /// A place in a list of so many.
    pub(super) fn index(&self, len: usize) -> usize {
        usize::try_from(self.below(u64::try_from(len).unwrap_or(u64::MAX))).unwrap_or_default()
    }

    /// True so many times of a hundred.
    pub(super) fn percent(&self, percent: u64) -> bool {
        self.below(100) < percent
    }

    pub(super) fn up_to(&self, max: Duration) -> Duration {
        Duration::from_millis(self.below(u64::try_from(max.as_millis()).unwrap_or(u64::MAX)))
    }
}
