//! Options of the stories, beside those of the test harness.

use clap::error::ErrorKind;
use clap::{Args, CommandFactory, FromArgMatches, Parser, ValueEnum};

use crate::harness::{self, HarnessArguments};

/// Stories of one kind at the most: a day of an optimised build on two cores.
pub const STORIES_MAX: u64 = 10_000_000;

/// The last seed that any number of stories can begin at.
const FIRST_MAX: u64 = u64::MAX - STORIES_MAX;

/// Drawn stories of a kind, where no number is given.
const STORIES: u64 = 2_000;

/// A conversation takes as long as so many other stories.
const STORIES_PER_CHAT: u64 = 20;

#[derive(Debug, Parser)]
#[command(name = "cargo test --test prove --")]
pub struct ProveArguments {
    #[command(flatten)]
    pub stories: StoryArguments,
    #[command(flatten)]
    pub harness: HarnessArguments,
}

#[derive(Debug, Args)]
#[command(next_help_heading = "Stories")]
pub struct StoryArguments {
    /// How many random stories, and how many of a relay and its VM; 2,000 by default.
    #[arg(
        long,
        value_name = "N",
        conflicts_with = "filter",
        value_parser = clap::value_parser!(u64).range(1..=STORIES_MAX)
    )]
    seeds: Option<u64>,
    /// How many conversations; by default a twentieth of the seeds.
    #[arg(
        long,
        value_name = "N",
        conflicts_with = "filter",
        value_parser = clap::value_parser!(u64).range(1..=STORIES_MAX)
    )]
    chats: Option<u64>,
    /// The first seed; by default the commit's. Without a number of stories it is one story with
    /// its trace, a random one where no kind is named.
    #[arg(long, value_name = "S", conflicts_with = "filter")]
    seed: Option<u64>,
    /// Only stories of this kind.
    #[arg(long, value_name = "KIND", conflicts_with = "filter")]
    pub of: Option<StoryKind>,
}

/// A kind of stories. Within it, a seed is one story.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum StoryKind {
    /// One fault.
    Single,
    /// A fault while a run is resumed or rolled back.
    Recovery,
    /// A kill, and another while the process recovers.
    Kills,
    /// Two faults.
    Pairs,
    /// Several faults, at random.
    Random,
    /// Conversations with the bot.
    Chats,
    /// A relay and its VM.
    Relay,
}

impl ProveArguments {
    /// # Errors
    /// When the words are not understood, or too few seeds follow the first one.
    pub fn read(words: impl Iterator<Item = String>) -> Result<Self, clap::Error> {
        let about = "Tells stories of the bot, of its provisioner, and of a relay and its VM.\n\n\
                     Without an option of the first group, a small part of them runs as tests.";
        let mut command = harness::described(Self::command(), about);
        let matches = command.try_get_matches_from_mut(words)?;
        let arguments = Self::from_arg_matches(&matches)?;
        let StoryArguments { seed, .. } = arguments.stories;
        if arguments.stories.only_seed().is_none() && seed.is_some_and(|seed| seed > FIRST_MAX) {
            let what =
                format!("invalid value for --seed: many stories begin at {FIRST_MAX} or below");
            return Err(command.error(ErrorKind::ValueValidation, what));
        }
        Ok(arguments)
    }
}

impl StoryArguments {
    /// Whether stories are asked for, rather than tests.
    pub fn are_given(&self) -> bool {
        let Self { seeds, chats, seed, of } = self;
        seeds.is_some() || chats.is_some() || seed.is_some() || of.is_some()
    }

    /// The one story that is asked for.
    pub fn only_seed(&self) -> Option<u64> {
        self.seed.filter(|_| self.seeds.is_none() && self.chats.is_none())
    }

    pub fn first_seed(&self) -> Option<u64> {
        self.seed
    }

    /// How many stories of a kind whose seeds are drawn.
    pub fn count(&self, kind: StoryKind) -> u64 {
        let seeds = self.seeds.unwrap_or(STORIES);
        match kind {
            StoryKind::Chats if self.of != Some(kind) || self.seeds.is_none() => {
                self.chats.unwrap_or((seeds / STORIES_PER_CHAT).max(1))
            }
            _ => seeds,
        }
    }
}

impl StoryKind {
    pub fn word(self) -> String {
        self.to_possible_value().map(|value| value.get_name().to_owned()).unwrap_or_default()
    }
}

/// How a story is told again.
pub fn again(kind: StoryKind, seed: u64) -> String {
    format!("cargo test --test prove -- --of {} --seed {seed}", kind.word())
}
