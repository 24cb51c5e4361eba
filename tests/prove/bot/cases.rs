//! Which stories are told.

use parking_lot::Mutex;

use super::faults::FaultKind;
use super::{AfterKill, CaseTable, CaseVerdict, Fault, ProofCase};
use textslash::random::Random;

/// The troubles of which every pair is tried: each kind of effect (none, done, late, twice), a
/// refusal, and a kill.
const PAIRED: [FaultKind; 6] = [
    FaultKind::Unavailable,
    FaultKind::UnavailableDone,
    FaultKind::Late,
    FaultKind::Twice,
    FaultKind::TokenRefused,
    FaultKind::KilledAfter,
];

/// Troubles of one random story at the most.
const TROUBLES_MAX: u8 = 4;

/// The latest that reads of a random story are, in milliseconds.
const LAG_MAX_MS: u64 = 20_000;

/// What a story has in which nothing goes wrong.
#[derive(Clone, Copy, Debug)]
pub struct CaseLength {
    /// Calls of the deployment and of the removal.
    pub calls: usize,
    /// Entries of the journal.
    pub entries: usize,
}

impl CaseLength {
    /// Of the story with this seed.
    ///
    /// # Errors
    /// When there is no room for a database.
    pub fn measure(seed: u64) -> anyhow::Result<Self> {
        let verdict = ProofCase::without_faults(seed).run()?;
        let entries = verdict.trace.iter().filter(|line| line.contains(" journal ")).count();
        Ok(Self { calls: verdict.calls, entries })
    }

    /// Everything that can go wrong once; and every kill after which the person turns back, or
    /// nobody comes back.
    pub fn single_faults(self) -> impl Iterator<Item = (String, ProofCase)> {
        let quiet =
            |trouble: Fault| (trouble.kind.word(), ProofCase::without_faults(0).with(trouble));
        let at_calls = self.troubles_from(0, self.calls).map(quiet);
        let at_entries =
            (1..self.entries).map(|at| Fault { at, kind: FaultKind::DiskFull }).map(quiet);
        let thens = [
            (AfterKill::TearsDown, "killed, and the person turns back"),
            (AfterKill::Abandons, "killed, and nobody comes back for 31 minutes"),
        ];
        let for_good = thens.into_iter().flat_map(move |(then, row)| {
            let kills =
                (0..self.calls).flat_map(|at| FaultKind::KILLS.map(|way| Fault { at, kind: way }));
            kills.map(move |kill| {
                (row, ProofCase { after_kill: then, ..ProofCase::without_faults(0).with(kill) })
            })
        });
        seeded(at_calls.chain(at_entries).chain(for_good))
    }

    /// Everything that can go wrong once more while a killed run is resumed, and while a failed one
    /// is rolled back.
    pub fn recoveries(self) -> impl Iterator<Item = (String, ProofCase)> {
        let at = self.calls / 3;
        let firsts = [
            (FaultKind::KilledAfter, "a fault while a killed run is resumed"),
            (FaultKind::Held, "a fault while a failed run is rolled back"),
        ];
        seeded(firsts.into_iter().flat_map(move |(way, row)| {
            let first = ProofCase::without_faults(0).with(Fault { at, kind: way });
            let seconds = self.troubles_from(at + 1, 2 * self.calls);
            seconds.map(move |second| (row, first.clone().with(second)))
        }))
    }

    /// Every pair of troubles at two calls, of those in [`PAIRED`].
    pub fn pairs(self) -> impl Iterator<Item = (String, ProofCase)> {
        let troubles =
            move |from| (from..self.calls).flat_map(|at| PAIRED.map(|way| Fault { at, kind: way }));
        seeded(troubles(0).flat_map(move |one| {
            let case = ProofCase::without_faults(0).with(one);
            troubles(one.at + 1).map(move |other| ("two faults", case.clone().with(other)))
        }))
    }

    /// A kill at every call and at every entry of the journal, and another at every one of the
    /// calls that follow.
    pub fn double_kills(self) -> impl Iterator<Item = (String, ProofCase)> {
        let at_calls = (0..self.calls)
            .flat_map(|at| FaultKind::KILLS.map(|way| (at, Fault { at, kind: way })));
        let at_entries = (1..self.entries).map(move |at| {
            let call = at * self.calls / self.entries;
            (call, Fault { at, kind: FaultKind::DiskFull })
        });
        seeded(at_calls.chain(at_entries).flat_map(move |(call, first)| {
            let case = ProofCase::without_faults(0).with(first);
            // A recovery looks at everything once more.
            (call + 1..2 * self.calls).map(move |at| {
                let again = Fault { at, kind: FaultKind::KilledAfter };
                ("a kill, and another while it recovers", case.clone().with(again))
            })
        }))
    }

    fn troubles_from(self, from: usize, to: usize) -> impl Iterator<Item = Fault> {
        let ways = || FaultKind::AT_CALLS.into_iter().chain(FaultKind::KILLS);
        (from..to).flat_map(move |at| ways().map(move |way| Fault { at, kind: way }))
    }

    /// A random story.
    pub fn random(self, seed: u64) -> ProofCase {
        let chance = Random::seeded(seed ^ 0x5eed);
        let below = |max: u64| u64::from_le_bytes(chance.bytes()) % max.max(1);
        let place = |max: usize| {
            usize::try_from(below(u64::try_from(max).unwrap_or(u64::MAX))).unwrap_or_default()
        };
        let mut case = ProofCase::without_faults(seed);
        for _ in 0..=below(u64::from(TROUBLES_MAX)) {
            let ways = FaultKind::AT_CALLS.len() + FaultKind::KILLS.len() + 1;
            let all = FaultKind::AT_CALLS
                .into_iter()
                .chain(FaultKind::KILLS)
                .chain([FaultKind::DiskFull]);
            let way = all.clone().nth(place(ways)).unwrap_or(FaultKind::LostReply);
            let places = if way == FaultKind::DiskFull { self.entries } else { self.calls };
            case = case.with(Fault { at: place(places), kind: way });
        }
        if below(2) == 0 {
            case.lag_ms = below(LAG_MAX_MS);
        }
        case.tries_again = below(2) == 0;
        case.after_kill = match below(8) {
            0 => AfterKill::TearsDown,
            1 => AfterKill::Abandons,
            _ => AfterKill::Resumes,
        };
        case
    }

    /// Random stories, by seed.
    pub fn random_cases(
        self,
        seeds: impl Iterator<Item = u64>,
    ) -> impl Iterator<Item = (String, ProofCase)> {
        seeds.map(move |seed| ("random stories, by seed".to_owned(), self.random(seed)))
    }
}

/// Each with a seed of its own: its place among them.
fn seeded<'a>(
    cases: impl Iterator<Item = (&'a str, ProofCase)>,
) -> impl Iterator<Item = (String, ProofCase)> {
    (0..).zip(cases).map(|(seed, (row, case))| (row.to_owned(), ProofCase { seed, ..case }))
}

/// Tells these stories on as many threads as there are cores. `told` hears of each.
///
/// # Errors
/// When there is no room for databases.
pub fn run_all(
    cases: impl Iterator<Item = (String, ProofCase)> + Send,
    told: impl Fn(usize) + Sync,
) -> anyhow::Result<CaseTable> {
    tell_all_by(cases, ProofCase::run, told)
}

/// The same, told in this way.
pub(super) fn tell_all_by(
    cases: impl Iterator<Item = (String, ProofCase)> + Send,
    tell: impl Fn(&ProofCase) -> anyhow::Result<CaseVerdict> + Sync,
    told: impl Fn(usize) + Sync,
) -> anyhow::Result<CaseTable> {
    let cases = Mutex::new(cases.enumerate());
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    let work = || -> anyhow::Result<CaseTable> {
        let mut table = CaseTable::default();
        loop {
            let next = cases.lock().next();
            let Some((number, (row, case))) = next else { return Ok(table) };
            let verdict = tell(&case)?;
            table.add(&row, case, verdict);
            told(number);
        }
    };
    std::thread::scope(|scope| {
        let workers: Vec<_> = (0..threads).map(|_| scope.spawn(work)).collect();
        let mut all = CaseTable::default();
        for worker in workers {
            let table = worker.join().map_err(|_| anyhow::anyhow!("a story panicked"))??;
            all.merge(table);
        }
        Ok(all)
    })
}
