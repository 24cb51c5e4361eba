//! Choices, each drawn from its own part of a story's seed.

use std::time::Duration;

use textslash::random::Random;

#[derive(Clone)]
pub struct RelayStoryDice(Random);

impl RelayStoryDice {
    pub fn new(seed: u64, part: u64) -> Self {
        Self(Random::seeded(seed.rotate_left(17) ^ part))
    }

    /// A number below `max`; 0 below none.
    pub fn below(&self, max: u64) -> u64 {
        u64::from_le_bytes(self.0.bytes()) % max.max(1)
    }

    /// True so many times of a hundred.
    pub fn percent(&self, percent: u64) -> bool {
        self.below(100) < percent
    }

    pub fn pick<T: Copy>(&self, from: &[T]) -> T {
        from[usize::try_from(self.below(from.len() as u64)).unwrap()]
    }

    pub fn up_to_ms(&self, max_ms: u64) -> Duration {
        Duration::from_millis(self.below(max_ms))
    }
}
