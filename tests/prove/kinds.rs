//! Tells many stories of each kind and prints what came of them.

use std::ops::Range;

use clap::ValueEnum;

use crate::arguments::{StoryArguments, StoryKind, again};
use crate::bot::cases::{CaseLength, run_all};
use crate::bot::{CaseTable, CaseVerdict, ProofCase, chats};
use crate::{relay, seeds};

/// Stories between two words about how far it is.
const TOLD_EVERY: usize = 1_000;

/// The exit code where a seed names no story.
pub const WRONG_USAGE: u8 = 2;

type CaseIterator = Box<dyn Iterator<Item = (String, ProofCase)> + Send>;

/// The exit code: not zero when anything happened that must not.
pub fn run(arguments: &StoryArguments) -> u8 {
    let extent = CaseLength::measure(0).unwrap();
    if let Some(seed) = arguments.only_seed() {
        return match arguments.of.unwrap_or(StoryKind::Random) {
            StoryKind::Relay => run_relay(seed, 1),
            kind => run_one(kind, extent, seed),
        };
    }
    let first = arguments.first_seed().unwrap_or_else(seeds::first_seed);
    let mut all = CaseTable::default();
    let mut is_broken = false;
    for kind in StoryKind::value_variants().iter().copied() {
        if arguments.of.is_some_and(|of| of != kind) {
            continue;
        }
        let count = arguments.count(kind);
        println!("Stories of the kind {}", kind.word());
        if kind.is_drawn() {
            println!("  {} --seeds {count}", again(kind, first));
        }
        if kind == StoryKind::Relay {
            is_broken |= run_relay(first, count) != 0;
        } else {
            let stories = kind.stories(extent, first..first.saturating_add(count));
            let table = kind.run_all(stories).unwrap();
            table.broken().iter().for_each(|(case, verdict)| print_violations(kind, case, verdict));
            all.merge(table);
        }
    }
    if all.cases() > 0 {
        println!("{all}");
    }
    // Stories of one kind do not go everywhere.
    let is_blind =
        arguments.of.is_none() && !(all.unseen().is_empty() && all.missing_faults().is_empty());
    u8::from(is_broken || is_blind || !all.broken().is_empty())
}

impl StoryKind {
    /// A seed of these stories is drawn from; of the others, a seed is the place in their list.
    fn is_drawn(self) -> bool {
        matches!(self, Self::Random | Self::Chats | Self::Relay)
    }

    fn stories(self, extent: CaseLength, seeds: Range<u64>) -> CaseIterator {
        match self {
            Self::Single => Box::new(extent.single_faults()),
            Self::Recovery => Box::new(extent.recoveries()),
            Self::Kills => Box::new(extent.double_kills()),
            Self::Pairs => Box::new(extent.pairs()),
            Self::Random => Box::new(extent.random_cases(seeds)),
            Self::Chats => Box::new(chats::cases(seeds)),
            Self::Relay => Box::new(std::iter::empty()),
        }
    }

    /// The story of this seed, if there is one.
    fn story(self, extent: CaseLength, seed: u64) -> Option<ProofCase> {
        match self {
            Self::Random => Some(extent.random(seed)),
            Self::Chats => Some(ProofCase::without_faults(seed)),
            _ => {
                let listed = self.stories(extent, 0..0);
                listed.map(|(_, case)| case).find(|case| case.seed == seed)
            }
        }
    }

    fn run_all(self, stories: CaseIterator) -> anyhow::Result<CaseTable> {
        let told = |number: usize| {
            if number % TOLD_EVERY == TOLD_EVERY - 1 {
                println!("{} stories told", number + 1);
            }
        };
        match self {
            Self::Chats => chats::run_all(stories, told),
            _ => run_all(stories, told),
        }
    }

    fn run(self, case: &ProofCase) -> anyhow::Result<CaseVerdict> {
        match self {
            Self::Chats => chats::run(case.seed),
            _ => case.run(),
        }
    }
}

/// One story, line by line.
fn run_one(kind: StoryKind, extent: CaseLength, seed: u64) -> u8 {
    let Some(case) = kind.story(extent, seed) else {
        let count = kind.stories(extent, 0..0).count();
        println!("There are {count} stories of the kind {}, from seed 0 on.", kind.word());
        return WRONG_USAGE;
    };
    let verdict = kind.run(&case).unwrap();
    println!("{case}\n{}", verdict.trace.join("\n"));
    if verdict.violations.is_empty() {
        return 0;
    }
    print_violations(kind, &case, &verdict);
    1
}

fn print_violations(kind: StoryKind, case: &ProofCase, verdict: &CaseVerdict) {
    println!("Broken: {case}");
    verdict.violations.iter().for_each(|violation| println!("  {violation}"));
    println!("  Told again by: {}", again(kind, case.seed));
}

fn run_relay(first: u64, count: u64) -> u8 {
    let table = relay::run_stories(first, count);
    if count == 1 {
        println!("{}", table.first_trace.join("\n"));
    }
    println!("{table}");
    u8::from(table.is_broken() || relay::any_differs(first, count))
}
