//! `textslash sandbox kill`: this very program, killed at random with its database, until nothing
//! is left.
//!
//! What is real: the processes, their `kill -9`, their files, the sockets, the time. What is
//! simulated: Fly, with strangers' things in it, and the machines, which are models. No power is
//! cut: what the system took to be written stays written, but for the torn tail of a log. A seed
//! replays the plan of a story, not the story: two processes never meet twice in the same way.

use textslash::clock::Clock;
use tokio::task::JoinSet;

use super::seeds;
use crate::exit::ExitReason;
use crate::report;

mod disk;
mod evidence;
mod network;
mod plan;
mod story;
mod table;
mod wire;
mod world;

use plan::{KillPlan, StoryLength};
use story::KillVerdict;
use table::KillTable;

/// Stories told at once. Most of them wait: for two minutes, when an effect may still come late.
const AT_ONCE: usize = 24;

/// Stories in which nothing is left to kill are told too; more than this for each kill, and
/// something is wrong.
const STORIES_PER_KILL_MAX: u64 = 4;

/// Kills at the most: they are real, and some stories last for minutes.
const KILLS_MAX: u64 = 1_000_000;

/// Stories at the most.
const STORIES_MAX: u64 = KILLS_MAX * STORIES_PER_KILL_MAX;

/// The fewest stories, so that every kind is told.
const STORIES_MIN: u64 = 10;

/// After so many stories it is said how far they are: they are slow, and may be silent for minutes.
const SAY_EVERY: usize = 10;

#[derive(clap::Args)]
pub struct KillArguments {
    /// How many kills, at the least.
    #[arg(
        long,
        default_value_t = 100,
        value_parser = clap::value_parser!(u64).range(1..=KILLS_MAX)
    )]
    kills: u64,
    /// The first seed; by default the date (UTC) followed by zeros.
    #[arg(long, value_parser = clap::value_parser!(u64).range(..=u64::MAX - STORIES_MAX))]
    from: Option<u64>,
    /// Follow only the plan of this seed.
    #[arg(long, conflicts_with_all = ["kills", "from"])]
    seed: Option<u64>,
    /// Kill only where no request is left in doubt, so that no process waits for what may come
    /// late.
    #[arg(long)]
    quick: bool,
}

/// Prints the table. It fails when anything happened that must not.
pub async fn run(arguments: &KillArguments) -> anyhow::Result<ExitReason> {
    let extent = story::measure().await?;
    let mut table = KillTable::default();
    let mut told = JoinSet::new();
    let kills = usize::try_from(arguments.kills)?;
    let first = arguments.from.unwrap_or_else(|| seeds::of_date(Clock::system().now_ms()));
    let mut seeds = match arguments.seed {
        Some(seed) => seed..=seed,
        None => {
            let count = STORIES_MIN.max(arguments.kills * STORIES_PER_KILL_MAX);
            report::say(&format!("Stories from seed {first} on"));
            first..=first.saturating_add(count - 1)
        }
    };
    let mut begun = 0;
    loop {
        let enough = table.kills() >= kills && begun >= STORIES_MIN;
        while told.len() < AT_ONCE && (arguments.seed.is_some() || !enough) {
            let Some(seed) = seeds.next() else { break };
            begun += 1;
            told.spawn(run_one(seed, extent, arguments.quick));
        }
        let Some(story) = told.join_next().await else { break };
        let (plan, verdict) = story??;
        table.add(plan.kind, &verdict);
        if verdict.skipped.is_none() && table.stories().is_multiple_of(SAY_EVERY) {
            let (stories, kills) = (table.stories(), table.kills());
            report::say(&format!("{stories} stories told, {kills} kills"));
        }
        print_violations(&plan, &verdict, arguments.quick);
    }
    report::print(&table.to_string());
    let is_short = arguments.seed.is_none() && table.kills() < kills;
    Ok(if table.broken() == 0 && !is_short { ExitReason::Done } else { ExitReason::Failed })
}

async fn run_one(
    seed: u64,
    extent: StoryLength,
    quick: bool,
) -> anyhow::Result<(KillPlan, KillVerdict)> {
    let plan = KillPlan::new(seed, extent, quick);
    let verdict = story::run_story(&plan).await?;
    Ok((plan, verdict))
}

fn print_violations(plan: &KillPlan, verdict: &KillVerdict, quick: bool) {
    if verdict.violations.is_empty() {
        return;
    }
    report::say(&format!("Broken: {}, seed {}", plan.kind, plan.seed));
    verdict.violations.iter().for_each(|violation| report::say(&format!("  {violation}")));
    let (seed, quick) = (plan.seed, if quick { " --quick" } else { "" });
    report::say(&format!("  Its plan again: textslash sandbox kill --seed {seed}{quick}"));
}
