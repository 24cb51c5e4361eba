//! The real program, killed at random with its database, until nothing is left.
//!
//! `cargo test --test kill` does it a few dozen times. `-- --kills N` does it more often;
//! `--help` lists the other options.
//!
//! What is real: the processes, their `kill -9`, their files, the sockets, the time. What is
//! simulated: Fly, with strangers' things in it, and the machines, which are models. No power is
//! cut: what the system took to be written stays written, but for the torn tail of a log. A seed
//! replays the plan of a story, not the story: two processes never meet twice in the same way.

#![cfg(test)]

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use tokio::runtime::Runtime;
use tokio::task::JoinSet;

mod arguments;
mod checks;
mod disk;
mod evidence;
#[path = "../prove/harness.rs"]
mod harness;
mod network;
mod plan;
#[path = "../prove/seeds.rs"]
mod seeds;
mod story;
mod table;
mod wire;
mod world;

use arguments::{KillArguments, ProgramArguments, STORIES_PER_KILL_MAX};
use plan::{KillPlan, StoryLength};
use story::KillVerdict;
use table::KillTable;

/// Stories told at once. Most of them wait: for two minutes, when an effect may still come late.
const AT_ONCE: usize = 24;

/// The fewest stories, so that every kind is told.
const STORIES_MIN: u64 = 10;

/// After so many stories it is said how far they are: they are slow, and may be silent for minutes.
const SAY_EVERY: usize = 10;

fn main() -> anyhow::Result<ExitCode> {
    let arguments = ProgramArguments::read(std::env::args()).unwrap_or_else(|error| error.exit());
    if !arguments.stories.are_given() {
        return Ok(arguments.harness.run(checks::all()));
    }
    kill(&arguments.stories)?;
    Ok(ExitCode::SUCCESS)
}

/// Tells stories until there are kills enough, and prints what came of them.
///
/// # Errors
/// When a promise is broken, something is left, or too little was killed to say anything.
fn kill(arguments: &KillArguments) -> anyhow::Result<()> {
    let directory = tempfile::tempdir()?;
    let table = Runtime::new()?.block_on(run_all(arguments, directory.path()))?;
    println!("{table}");
    anyhow::ensure!(table.broken() == 0, "promises are broken in {} stories", table.broken());
    let left = std::fs::read_dir(directory.path())?.count();
    anyhow::ensure!(left == 0, "the stories left files behind");
    let (kills, least) = (table.kills(), arguments.least());
    anyhow::ensure!(u64::try_from(kills)? >= least, "{kills} kills are fewer than {least}");
    Ok(())
}

async fn run_all(arguments: &KillArguments, directory: &Path) -> anyhow::Result<KillTable> {
    let extent = story::measure(directory).await?;
    let mut table = KillTable::default();
    let mut told = JoinSet::new();
    let kills = usize::try_from(arguments.least())?;
    let mut seeds = match arguments.only_seed() {
        Some(seed) => seed..=seed,
        None => {
            let first = arguments.seed.unwrap_or_else(seeds::first_seed);
            let count = STORIES_MIN.max(arguments.least() * STORIES_PER_KILL_MAX);
            first..=first + (count - 1)
        }
    };
    let mut begun = 0;
    loop {
        let enough = table.kills() >= kills && begun >= STORIES_MIN;
        while told.len() < AT_ONCE && (arguments.only_seed().is_some() || !enough) {
            let Some(seed) = seeds.next() else { break };
            begun += 1;
            told.spawn(run_one(seed, extent, arguments.quick, directory.to_owned()));
        }
        let Some(story) = told.join_next().await else { break };
        let (plan, verdict) = story??;
        table.add(plan.kind, &verdict);
        if verdict.skipped.is_none() && table.stories().is_multiple_of(SAY_EVERY) {
            println!("{} stories told, {} kills", table.stories(), table.kills());
        }
        print_violations(&plan, &verdict, arguments.quick);
    }
    Ok(table)
}

async fn run_one(
    seed: u64,
    extent: StoryLength,
    quick: bool,
    directory: PathBuf,
) -> anyhow::Result<(KillPlan, KillVerdict)> {
    let plan = KillPlan::new(seed, extent, quick);
    let verdict = story::run_story(&plan, &directory).await?;
    Ok((plan, verdict))
}

fn print_violations(plan: &KillPlan, verdict: &KillVerdict, quick: bool) {
    if verdict.violations.is_empty() {
        return;
    }
    println!("Broken: {}, seed {}", plan.kind, plan.seed);
    verdict.violations.iter().for_each(|violation| println!("  {violation}"));
    let (seed, quick) = (plan.seed, if quick { " --quick" } else { "" });
    println!("  Its plan again: cargo test --test kill -- --seed {seed}{quick}");
}
