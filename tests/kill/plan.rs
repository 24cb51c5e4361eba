//! What is done to whom, and when: drawn from a seed.

use std::fmt;

use textslash::random::Random;

use super::network::KillMoment;

/// A kind of stories.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum KillKind {
    Kills,
    TornLog,
    TwoProcesses,
    TwoDirectories,
    DiskFull,
    SlowNetwork,
}

impl KillKind {
    /// Of the story with this seed: every kind is among any ten in a row.
    pub fn of(seed: u64) -> Self {
        match seed % 10 {
            1 => Self::TwoProcesses,
            3 => Self::TwoDirectories,
            5 => Self::DiskFull,
            7 => Self::SlowNetwork,
            2 | 8 => Self::TornLog,
            _ => Self::Kills,
        }
    }
}

impl fmt::Display for KillKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Kills => "killed at random",
            Self::TornLog => "killed, and the database's log torn",
            Self::TwoProcesses => "two processes on one data directory",
            Self::TwoDirectories => "a removal from nothing but the token",
            Self::DiskFull => "the disk full",
            Self::SlowNetwork => "a slow network",
        })
    }
}

/// Requests of a deployment and of a removal to which nothing happens.
#[derive(Clone, Copy, Debug)]
pub struct StoryLength {
    pub deploy: usize,
    pub teardown: usize,
}

/// Draws of one story.
pub struct KillPlan {
    pub seed: u64,
    pub kind: KillKind,
    pub extent: StoryLength,
    /// Only kills that leave no request in doubt.
    pub quick: bool,
    pub random: Random,
}

/// A process has connected its database by then, on a slow machine too.
const START_MAX_MS: u64 = 60;

/// The first requests make the apps. An app that may yet appear is waited for.
const APPS: usize = 2;

/// The longest time from an answer to the kill: the journal is written meanwhile.
const THEN_MAX_MS: u64 = 6;

/// The most requests of the next process before what was held back arrives.
const LATE_MAX: u64 = 12;

impl KillPlan {
    pub fn new(seed: u64, extent: StoryLength, quick: bool) -> Self {
        let random = Random::seeded(seed ^ 0x6b11);
        Self { seed, kind: KillKind::of(seed), extent, quick, random }
    }

    pub fn below(&self, max: u64) -> u64 {
        u64::from_le_bytes(self.random.bytes()) % max.max(1)
    }

    /// One of the requests of a drive that makes about so many.
    pub fn request(&self, requests: usize) -> usize {
        let requests = u64::try_from(requests).unwrap_or(u64::MAX);
        usize::try_from(self.below(requests)).unwrap_or_default()
    }

    /// A moment for a kill or a cut in a drive of about so many requests.
    pub fn moment(&self, requests: usize) -> KillMoment {
        let request = self.request(requests);
        match self.below(10) {
            _ if self.quick => KillMoment::AfterAlone(request.max(APPS)),
            0 => KillMoment::Start(self.below(START_MAX_MS)),
            1..=3 => {
                let late = usize::try_from(1 + self.below(LATE_MAX)).unwrap_or(1);
                KillMoment::Before { request, late }
            }
            4..=6 => KillMoment::After(request),
            _ => self.moment_between(requests),
        }
    }

    /// A moment between two requests.
    pub fn moment_between(&self, requests: usize) -> KillMoment {
        KillMoment::Answered { request: self.request(requests), then_ms: self.below(THEN_MAX_MS) }
    }

    /// How late reads are.
    pub fn lag_ms(&self) -> u64 {
        if self.below(2) == 0 { 0 } else { self.below(400) }
    }
}
