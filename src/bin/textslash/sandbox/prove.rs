//! `textslash sandbox prove`: every promise of the provisioner, told in thousands of stories.

use std::ops::Range;

use clap::ValueEnum;
use textslash::clock::Clock;
use textslash::sandbox::prove::cases::{CaseLength, run_all};
use textslash::sandbox::prove::chats;
use textslash::sandbox::prove::{CaseTable, CaseVerdict, ProofCase};

use super::seeds;
use crate::exit::ExitReason;
use crate::report;

/// Stories between two words about how far it is.
const TOLD_EVERY: usize = 1_000;

/// Stories of one kind at the most: a day of an optimised build on two cores.
const STORIES_MAX: u64 = 10_000_000;

#[derive(clap::Args)]
pub struct ProveArguments {
    /// How many random stories.
    #[arg(
        long,
        default_value_t = 2_000,
        value_parser = clap::value_parser!(u64).range(1..=STORIES_MAX)
    )]
    seeds: u64,
    /// How many conversations.
    #[arg(
        long,
        default_value_t = 100,
        value_parser = clap::value_parser!(u64).range(1..=STORIES_MAX)
    )]
    chats: u64,
    /// The first seed of the random stories and of the conversations; by default the date (UTC)
    /// followed by zeros.
    #[arg(long, value_parser = clap::value_parser!(u64).range(..=u64::MAX - STORIES_MAX))]
    from: Option<u64>,
    /// Tell only the story of this seed, call by call.
    #[arg(long, conflicts_with_all = ["seeds", "chats", "from"])]
    seed: Option<u64>,
    /// Tell only stories of this kind; a seed is one of the random ones, unless another kind is
    /// named.
    #[arg(long)]
    of: Option<StoryKind>,
}

/// A kind of stories. Within it, a seed is one story.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum StoryKind {
    /// One fault.
    Single,
    /// A fault while a run is resumed or rolled back.
    Recovery,
    /// A kill, and another while the process recovers.
    Kills,
    /// Two faults.
    Pairs,
    /// Several, at random.
    Random,
    /// Conversations with the bot.
    Chats,
}

const KINDS: [StoryKind; 6] = [
    StoryKind::Single,
    StoryKind::Recovery,
    StoryKind::Kills,
    StoryKind::Pairs,
    StoryKind::Random,
    StoryKind::Chats,
];

type CaseIterator = Box<dyn Iterator<Item = (String, ProofCase)> + Send>;

impl StoryKind {
    /// A seed of these stories is drawn from; of the others, a seed is the place in their list.
    fn is_drawn(self) -> bool {
        matches!(self, Self::Random | Self::Chats)
    }

    fn stories(self, extent: CaseLength, seeds: Range<u64>) -> CaseIterator {
        match self {
            Self::Single => Box::new(extent.single_faults()),
            Self::Recovery => Box::new(extent.recoveries()),
            Self::Kills => Box::new(extent.double_kills()),
            Self::Pairs => Box::new(extent.pairs()),
            Self::Random => Box::new(extent.random_cases(seeds)),
            Self::Chats => Box::new(chats::cases(seeds)),
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

    fn run_all(
        self,
        stories: CaseIterator,
        told: impl Fn(usize) + Sync,
    ) -> anyhow::Result<CaseTable> {
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

    fn word(self) -> &'static str {
        match self {
            Self::Single => "single",
            Self::Recovery => "recovery",
            Self::Kills => "kills",
            Self::Pairs => "pairs",
            Self::Random => "random",
            Self::Chats => "chats",
        }
    }
}

/// Prints the table. It fails when anything happened that must not.
pub fn run(arguments: &ProveArguments) -> anyhow::Result<ExitReason> {
    let extent = CaseLength::measure(0)?;
    if let Some(seed) = arguments.seed {
        return run_one(arguments.of.unwrap_or(StoryKind::Random), extent, seed);
    }
    let first = arguments.from.unwrap_or_else(|| seeds::of_date(Clock::system().now_ms()));
    let told = |number: usize| {
        if number % TOLD_EVERY == TOLD_EVERY - 1 {
            report::say(&format!("{} stories told", number + 1));
        }
    };
    let mut all = CaseTable::default();
    for kind in KINDS.into_iter().filter(|kind| arguments.of.is_none_or(|of| of == *kind)) {
        let word = kind.word();
        let count = if kind == StoryKind::Chats { arguments.chats } else { arguments.seeds };
        let seeds = first..first.saturating_add(count);
        if kind.is_drawn() {
            let last = seeds.end.saturating_sub(1);
            let option = if kind == StoryKind::Chats { "--chats" } else { "--seeds" };
            report::say(&format!("Stories of the kind {word}, of the seeds {first} to {last}"));
            let again = format!("sandbox prove --of {word} --from {first} {option} {count}");
            report::say(&format!("  Told again by: textslash {again}"));
        } else {
            report::say(&format!("Stories of the kind {word}"));
        }
        let table = kind.run_all(kind.stories(extent, seeds), told)?;
        table.broken().iter().for_each(|(case, verdict)| print_violations(kind, case, verdict));
        all.merge(table);
    }
    report::print(&all.to_string());
    // Stories of one kind do not go everywhere.
    let is_blind = !(all.unseen().is_empty() && all.missing_faults().is_empty());
    let kept = all.broken().is_empty() && (arguments.of.is_some() || !is_blind);
    Ok(if kept { ExitReason::Done } else { ExitReason::Failed })
}

/// One story, line by line.
fn run_one(kind: StoryKind, extent: CaseLength, seed: u64) -> anyhow::Result<ExitReason> {
    let Some(case) = kind.story(extent, seed) else {
        let count = kind.stories(extent, 0..0).count();
        let word = kind.word();
        report::say(&format!("There are {count} stories of the kind {word}, from seed 0 on."));
        return Ok(ExitReason::WrongUsage);
    };
    let verdict = kind.run(&case)?;
    report::print(&case.to_string());
    verdict.trace.iter().for_each(|line| report::print(line));
    if verdict.violations.is_empty() {
        return Ok(ExitReason::Done);
    }
    print_violations(kind, &case, &verdict);
    Ok(ExitReason::Failed)
}

fn print_violations(kind: StoryKind, case: &ProofCase, verdict: &CaseVerdict) {
    report::say(&format!("Broken: {case}"));
    verdict.violations.iter().for_each(|violation| report::say(&format!("  {violation}")));
    let (seed, of) = (case.seed, kind.word());
    report::say(&format!("  Told again by: textslash sandbox prove --seed {seed} --of {of}"));
}
