//! Proves what is promised of the provisioner: no fault, no crash and no order of events leaves something
//! behind, doubles something or touches what is not ours.
//!
//! A [`Case`] is a deployment and its removal in a world of its own: a simulated Fly, a provisioner on a
//! real database, one thread and tokio's paused clock. Whatever is random comes from the case's seed, so
//! that a case run again is the same story, line by line. The safety invariants are checked after every
//! call, the rest when a drive ends.
//!
//! The database is the real one, but no power is cut and no process truly killed: a kill here drops the drive
//! where it is. And one thing is let pass: a volume that the network made twice may stand beside a deployment
//! until reads catch up, and goes with its removal.

use std::collections::BTreeSet;
use std::fmt;

use crate::journal::End;

pub mod cases;
pub mod chats;
mod invariants;
mod promise;
mod readback;
mod story;
mod table;
pub mod trouble;
mod watch;
mod world;

pub use promise::Promise;
pub use table::Table;
pub use trouble::Trouble;

use trouble::Way;
use watch::Violation;

/// One story to be told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Case {
    /// Where everything random comes from.
    pub seed: u64,
    /// What goes wrong, and when.
    pub troubles: Vec<Trouble>,
    /// How late reads are, in milliseconds; each write draws its own delay up to this.
    pub lag_ms: u64,
    /// After a failed deployment the person tries again before removing it.
    pub tries_again: bool,
    /// What happens when the deploying process is killed.
    pub then: Then,
}

/// What happens when a deploying process is killed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Then {
    /// Another carries on.
    #[default]
    CarriesOn,
    /// The person wants it removed.
    TurnsBack,
    /// Nobody comes back for more than half an hour.
    StaysAway,
}

/// What came of a case.
#[derive(Clone, Debug, Default)]
pub struct Verdict {
    /// How the deployment ended, before anybody helped.
    pub deployed: Option<End>,
    /// Where the story went.
    pub seen: BTreeSet<Sight>,
    /// Every call with its time and answer, and the journal.
    pub trace: Vec<String>,
    /// What must never happen, and did.
    pub violations: Vec<Violation>,
    /// The promises that were looked at.
    pub looked_at: BTreeSet<Promise>,
    /// Calls in all.
    pub calls: usize,
    /// Kills of the process.
    pub kills: usize,
    /// The longest drive, in virtual milliseconds.
    pub longest_ms: u64,
    /// The longest that the bot held a credential, in virtual milliseconds.
    pub held_max_ms: u64,
    /// Which call met which trouble.
    pub met: BTreeSet<(String, Way)>,
}

/// What must be seen in some case, or the proof is blind.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Sight {
    /// Deployed and proven.
    Deployed,
    /// Stopped, with a list of what remains.
    Stuck,
    /// Removed to nothing.
    Removed,
    /// A process was killed while it recovered from a kill.
    KilledTwice,
    /// A create without an answer was found to have happened.
    DoubtWasDone,
    /// A create without an answer was found not to have happened, and made anew.
    DoubtWasNotDone,
    /// What a stuck run left was removed.
    StuckRemoved,
    /// A region was full, and the next one taken.
    Moved,
    /// Another process took the run over.
    Fenced,
    /// A run was turned to its removal where its process was killed.
    TurnedBack,
    /// Nobody came back, and what ran ended by itself.
    Abandoned,
    /// Somebody who chatted wanted to be forgotten, and nothing of them was left.
    Forgotten,
    /// Somebody was told that an invitation has let in as many people as it is for.
    KeptOut,
}

impl Sight {
    /// All of them.
    pub const ALL: [Self; 13] = [
        Self::Deployed,
        Self::Stuck,
        Self::Removed,
        Self::KilledTwice,
        Self::DoubtWasDone,
        Self::DoubtWasNotDone,
        Self::StuckRemoved,
        Self::Moved,
        Self::Fenced,
        Self::TurnedBack,
        Self::Abandoned,
        Self::Forgotten,
        Self::KeptOut,
    ];
}

impl Case {
    /// A deployment to which nothing happens.
    pub fn quiet(seed: u64) -> Self {
        Self { seed, troubles: Vec::new(), lag_ms: 0, tries_again: false, then: Then::default() }
    }

    /// The same with this trouble too.
    #[must_use]
    pub fn with(mut self, trouble: Trouble) -> Self {
        self.troubles.push(trouble);
        self
    }

    fn has(&self, way: Way) -> bool {
        self.troubles.iter().any(|trouble| trouble.way == way)
    }

    /// The network may make something twice.
    fn doubles(&self) -> bool {
        self.has(Way::Twice) || self.has(Way::Late)
    }

    /// Tells the story; its own thread must run nothing else meanwhile.
    ///
    /// # Errors
    /// When there is no room for a database.
    pub fn run(&self) -> anyhow::Result<Verdict> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        runtime.block_on(story::tell(self))
    }
}

impl fmt::Display for Case {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "seed {}, reads up to {} ms late", self.seed, self.lag_ms)?;
        if self.tries_again {
            f.write_str(", tries again")?;
        }
        match self.then {
            Then::CarriesOn => {}
            Then::TurnsBack => f.write_str(", turns back when killed")?,
            Then::StaysAway => f.write_str(", stays away when killed")?,
        }
        for trouble in &self.troubles {
            write!(f, ", {trouble}")?;
        }
        Ok(())
    }
}
