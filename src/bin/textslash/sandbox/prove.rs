//! `textslash sandbox prove`: every promise of the provisioner, told in thousands of stories.

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
    /// Tell only the random story of this seed, call by call.
    #[arg(long, conflicts_with = "seeds")]
    seed: Option<u64>,
    /// Every pair of faults and every second kill too; takes hours.
    #[arg(long)]
    pairs: bool,
}

/// Prints the table. It fails when anything happened that must not.
pub fn run(arguments: &Arguments) -> anyhow::Result<End> {
    let extent = Extent::measure(0)?;
    if let Some(seed) = arguments.seed {
        let case = extent.random(seed);
        let verdict = case.run()?;
        verdict.trace.iter().for_each(|line| report::print(line));
        return Ok(judge([(case, verdict)].iter()));
    }
    let told = |number: usize| {
        if number % TOLD_EVERY == TOLD_EVERY - 1 {
            report::say(&format!("{} stories told", number + 1));
        }
    };
    let mut table = Table::default();
    table.merge(tell_all(extent.singles(), told)?);
    table.merge(tell_all(extent.swarm(arguments.seeds), told)?);
    if arguments.pairs {
        table.merge(tell_all(extent.double_kills(), told)?);
        table.merge(tell_all(extent.pairs(), told)?);
    }
    report::print(&table.to_string());
    Ok(judge(table.broken().iter()))
}

fn judge<'a>(cases: impl Iterator<Item = &'a (Case, Verdict)>) -> End {
    let mut end = End::Done;
    for (case, verdict) in cases.filter(|(_, verdict)| !verdict.violations.is_empty()) {
        end = End::Failed;
        report::say(&format!("Broken: {case}"));
        verdict.violations.iter().for_each(|violation| report::say(&format!("  {violation}")));
        report::say(&format!(
            "  a random story is told by: textslash sandbox prove --seed {}",
            case.seed
        ));
    }
    end
}
