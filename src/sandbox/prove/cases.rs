//! Which stories are told.

use std::sync::{Mutex, PoisonError};

use super::trouble::Way;
use super::{Case, Table, Trouble};
use crate::chance::Chance;

/// The troubles of which every pair is tried: each kind of doubt, a refusal, and a kill.
const PAIRED: [Way; 5] =
    [Way::Unavailable, Way::UnavailableDone, Way::Late, Way::TokenRefused, Way::KilledAfter];

/// Troubles of one random story at the most.
const TROUBLES_MAX: u8 = 4;

/// The latest that reads of a random story are, in milliseconds.
const LAG_MAX_MS: u64 = 20_000;

/// What a story has in which nothing goes wrong.
#[derive(Clone, Copy, Debug)]
pub struct Extent {
    /// Calls of the deployment and of the removal.
    pub calls: usize,
    /// Entries of the journal.
    pub entries: usize,
}

impl Extent {
    /// Of the story with this seed.
    ///
    /// # Errors
    /// When there is no room for a database.
    pub fn measure(seed: u64) -> anyhow::Result<Self> {
        let verdict = Case::quiet(seed).run()?;
        let entries = verdict.trace.iter().filter(|line| line.contains(" journal ")).count();
        Ok(Self { calls: verdict.calls, entries })
    }

    /// Everything that can go wrong once.
    pub fn singles(self) -> impl Iterator<Item = (String, Case)> {
        let ways = move || Way::AT_CALLS.into_iter().chain(Way::KILLS);
        let at_calls = (0..self.calls)
            .flat_map(move |at| ways().map(move |way| (Trouble { at, way }, way.word())));
        let at_entries = (1..self.entries).map(|at| {
            let way = Way::DiskFull;
            (Trouble { at, way }, way.word())
        });
        at_calls.chain(at_entries).enumerate().map(|(seed, (trouble, row))| {
            let seed = u64::try_from(seed).unwrap_or_default();
            (row.to_owned(), Case::quiet(seed).with(trouble))
        })
    }

    /// Every pair of troubles at two calls, of those in [`PAIRED`].
    pub fn pairs(self) -> impl Iterator<Item = (String, Case)> {
        let troubles = move || {
            (0..self.calls).flat_map(|at| PAIRED.into_iter().map(move |way| Trouble { at, way }))
        };
        troubles()
            .flat_map(move |one| {
                troubles().filter(move |other| other.at > one.at).map(move |other| (one, other))
            })
            .enumerate()
            .map(|(seed, (one, other))| {
                let seed = u64::try_from(seed).unwrap_or_default();
                ("every pair of two faults".to_owned(), Case::quiet(seed).with(one).with(other))
            })
    }

    /// A kill at every call and at every entry of the journal, and another at every one of the calls
    /// that follow.
    pub fn double_kills(self) -> impl Iterator<Item = (String, Case)> {
        // A recovery looks at everything once more.
        let calls = 2 * self.calls;
        let firsts = (0..self.calls)
            .flat_map(|at| Way::KILLS.into_iter().map(move |way| (at, Trouble { at, way })))
            .chain((1..self.entries).map(move |at| {
                let call = at * self.calls / self.entries;
                (call, Trouble { at, way: Way::DiskFull })
            }));
        firsts
            .flat_map(move |(call, first)| {
                (call + 1..calls).map(move |at| (first, Trouble { at, way: Way::KilledAfter }))
            })
            .enumerate()
            .map(|(seed, (first, second))| {
                let seed = u64::try_from(seed).unwrap_or_default();
                (
                    "a kill, and another while it recovers".to_owned(),
                    Case::quiet(seed).with(first).with(second),
                )
            })
    }

    /// A random story.
    pub fn random(self, seed: u64) -> Case {
        let chance = Chance::seeded(seed ^ 0x5eed);
        let below = |max: u64| u64::from_le_bytes(chance.bytes()) % max.max(1);
        let place = |max: usize| {
            usize::try_from(below(u64::try_from(max).unwrap_or(u64::MAX))).unwrap_or_default()
        };
        let mut case = Case::quiet(seed);
        for _ in 0..=below(u64::from(TROUBLES_MAX)) {
            let ways = Way::AT_CALLS.len() + Way::KILLS.len() + 1;
            let all = Way::AT_CALLS.into_iter().chain(Way::KILLS).chain([Way::DiskFull]);
            let way = all.clone().nth(place(ways)).unwrap_or(Way::LostReply);
            let places = if way == Way::DiskFull { self.entries } else { self.calls };
            case = case.with(Trouble { at: place(places), way });
        }
        if below(2) == 0 {
            case.lag_ms = below(LAG_MAX_MS);
        }
        case.tries_again = below(2) == 0;
        case
    }

    /// Random stories, by seed.
    pub fn swarm(self, seeds: u64) -> impl Iterator<Item = (String, Case)> {
        (0..seeds).map(move |seed| ("random stories, by seed".to_owned(), self.random(seed)))
    }
}

/// Tells these stories on as many threads as there are cores. `told` hears of each.
///
/// # Errors
/// When there is no room for databases.
pub fn tell_all(
    cases: impl Iterator<Item = (String, Case)> + Send,
    told: impl Fn(usize) + Sync,
) -> anyhow::Result<Table> {
    let cases = Mutex::new(cases.enumerate());
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    let work = || -> anyhow::Result<Table> {
        let mut table = Table::default();
        loop {
            let next = cases.lock().unwrap_or_else(PoisonError::into_inner).next();
            let Some((number, (row, case))) = next else { return Ok(table) };
            let verdict = case.run()?;
            table.add(&row, case, verdict);
            told(number);
        }
    };
    std::thread::scope(|scope| {
        let workers: Vec<_> = (0..threads).map(|_| scope.spawn(work)).collect();
        let mut all = Table::default();
        for worker in workers {
            let table = worker.join().map_err(|_| anyhow::anyhow!("a story panicked"))??;
            all.merge(table);
        }
        Ok(all)
    })
}
