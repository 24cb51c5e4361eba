//! Options of the kills, beside those of the test harness.

use clap::error::ErrorKind;
use clap::{Args, CommandFactory, FromArgMatches, Parser};

use crate::harness::{self, HarnessArguments};

/// Stories in which nothing is left to kill are told too; more than this for each kill, and
/// something is wrong.
pub const STORIES_PER_KILL_MAX: u64 = 4;

/// Kills at the most: they are real, and some stories last for minutes.
const KILLS_MAX: u64 = 1_000_000;

/// Stories at the most.
const STORIES_MAX: u64 = KILLS_MAX * STORIES_PER_KILL_MAX;

/// Kills, where no number is given.
const KILLS: u64 = 100;

/// The last seed that any number of stories can begin at.
const FIRST_MAX: u64 = u64::MAX - STORIES_MAX;

#[derive(Debug, Parser)]
#[command(name = "cargo test --test kill --")]
pub struct ProgramArguments {
    #[command(flatten)]
    pub stories: KillArguments,
    #[command(flatten)]
    pub harness: HarnessArguments,
}

#[derive(Debug, Args)]
#[command(next_help_heading = "Kills")]
pub struct KillArguments {
    /// How many kills, at the least; 100 by default.
    #[arg(
        long,
        value_name = "N",
        conflicts_with = "filter",
        value_parser = clap::value_parser!(u64).range(1..=KILLS_MAX)
    )]
    kills: Option<u64>,
    /// The first seed; by default the commit's. Without a number of kills it is the plan of one
    /// story.
    #[arg(long, value_name = "S", conflicts_with = "filter")]
    pub seed: Option<u64>,
    /// Kill only where no request is left in doubt, so that no process waits for what may come
    /// late.
    #[arg(long, conflicts_with = "filter")]
    pub quick: bool,
}

impl ProgramArguments {
    /// # Errors
    /// When the words are not understood, or too few seeds follow the first one.
    pub fn read(words: impl Iterator<Item = String>) -> Result<Self, clap::Error> {
        let about = "Kills the program at random, and looks that nothing stays behind.\n\n\
                     Without an option of the first group, it does so a few dozen times as a test.";
        let mut command = harness::described(Self::command(), about);
        let matches = command.try_get_matches_from_mut(words)?;
        let arguments = Self::from_arg_matches(&matches)?;
        let KillArguments { seed, .. } = arguments.stories;
        if arguments.stories.only_seed().is_none() && seed.is_some_and(|seed| seed > FIRST_MAX) {
            let what =
                format!("invalid value for --seed: many stories begin at {FIRST_MAX} or below");
            return Err(command.error(ErrorKind::ValueValidation, what));
        }
        Ok(arguments)
    }
}

impl KillArguments {
    /// Whether kills are asked for, rather than tests.
    pub fn are_given(&self) -> bool {
        self.kills.is_some() || self.seed.is_some() || self.quick
    }

    /// The one plan that is asked for.
    pub fn only_seed(&self) -> Option<u64> {
        self.seed.filter(|_| self.kills.is_none())
    }

    /// How many kills, at the least; none where one plan is asked for.
    pub fn least(&self) -> u64 {
        if self.only_seed().is_some() { 0 } else { self.kills.unwrap_or(KILLS) }
    }
}
