//! `textslash sandbox prove`: every promise of the provisioner, told in thousands of stories.

use clap::ValueEnum;
use textslash::sandbox::prove::cases::{Extent, tell_all};
use textslash::sandbox::prove::{Case, Table, Verdict};

use crate::exit::End;
use crate::report;

/// Stories between two words about how far it is.
const TOLD_EVERY: usize = 1_000;

#[derive(clap::Args)]
pub struct Arguments {
    /// How many random stories.
    #[arg(long, default_value_t = 2_000)]
    seeds: u64,
    /// Tell only the story of this seed, call by call.
    #[arg(long, conflicts_with = "seeds")]
    seed: Option<u64>,
    /// Which stories the seed is one of.
    #[arg(long, requires = "seed", default_value = "random")]
    of: Kind,
    /// Every pair of faults and every second kill too; takes hours.
    #[arg(long)]
    pairs: bool,
}

/// A kind of stories. Within it, a seed is one story.
#[derive(Clone, Copy, ValueEnum)]
enum Kind {
    /// One fault.
    Single,
    /// Several, at random.
    Random,
    /// A kill, and another while the process recovers.
    Kills,
    /// Two faults.
    Pairs,
}

type Stories = Box<dyn Iterator<Item = (String, Case)> + Send>;

impl Kind {
    fn stories(self, extent: Extent, seeds: u64) -> Stories {
        match self {
            Self::Single => Box::new(extent.singles()),
            Self::Random => Box::new(extent.swarm(seeds)),
            Self::Kills => Box::new(extent.double_kills()),
            Self::Pairs => Box::new(extent.pairs()),
        }
    }

    fn word(self) -> &'static str {
        match self {
            Self::Single => "single",
            Self::Random => "random",
            Self::Kills => "kills",
            Self::Pairs => "pairs",
        }
    }
}

/// Prints the table. It fails when anything happened that must not.
pub fn run(arguments: &Arguments) -> anyhow::Result<End> {
    let extent = Extent::measure(0)?;
    if let Some(seed) = arguments.seed {
        return tell(arguments.of, extent, seed);
    }
    let told = |number: usize| {
        if number % TOLD_EVERY == TOLD_EVERY - 1 {
            report::say(&format!("{} stories told", number + 1));
        }
    };
    let further: &[Kind] = if arguments.pairs { &[Kind::Kills, Kind::Pairs] } else { &[] };
    let (mut all, mut kept) = (Table::default(), true);
    for kind in [Kind::Single, Kind::Random].iter().chain(further) {
        let table = tell_all(kind.stories(extent, arguments.seeds), told)?;
        for (case, verdict) in table.broken() {
            kept = false;
            accuse(*kind, case, verdict);
        }
        all.merge(table);
    }
    report::print(&all.to_string());
    Ok(if kept { End::Done } else { End::Failed })
}

/// One story, line by line.
fn tell(kind: Kind, extent: Extent, seed: u64) -> anyhow::Result<End> {
    let mut stories = kind.stories(extent, seed.saturating_add(1));
    let Some((_, case)) = stories.find(|(_, case)| case.seed == seed) else {
        report::say(&format!("There is no such story among the {} ones.", kind.word()));
        return Ok(End::WrongUsage);
    };
    let verdict = case.run()?;
    report::print(&case.to_string());
    verdict.trace.iter().for_each(|line| report::print(line));
    if verdict.violations.is_empty() {
        return Ok(End::Done);
    }
    accuse(kind, &case, &verdict);
    Ok(End::Failed)
}

fn accuse(kind: Kind, case: &Case, verdict: &Verdict) {
    report::say(&format!("Broken: {case}"));
    verdict.violations.iter().for_each(|violation| report::say(&format!("  {violation}")));
    let (seed, of) = (case.seed, kind.word());
    report::say(&format!("  Told again by: textslash sandbox prove --seed {seed} --of {of}"));
}
