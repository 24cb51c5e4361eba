//! Proves what is promised of the provisioner: no fault, no crash and no order of events leaves
//! something behind, doubles something or touches what is not ours.
//!
//! A [`ProofCase`] is a deployment and its removal in a world of its own: a simulated Fly, a
//! provisioner on a real database, one thread and tokio's paused clock. Whatever is random comes
//! from the case's seed, so that a case run again is the same story, line by line. The safety
//! invariants are checked after every call, the rest when a drive ends.
//!
//! The database is the real one, but no power is cut and no process truly killed: a kill here drops
//! the drive where it is. And one thing is let pass: a volume that the network made twice may stand
//! beside a deployment until reads catch up, and goes with its removal.

use std::collections::BTreeSet;
use std::fmt;

use textslash::journal::RunEnd;

mod case_monitor;
pub mod cases;
pub mod chats;
pub mod faults;
mod journal_reader;
mod promise;
mod story;
mod table;
mod world;

pub use faults::Fault;
pub use promise::Promise;
pub use table::CaseTable;

use case_monitor::Violation;
use faults::FaultKind;

/// One story to be told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProofCase {
    /// Where everything random comes from.
    pub seed: u64,
    /// What goes wrong, and when.
    pub faults: Vec<Fault>,
    /// How late reads are, in milliseconds; each write draws its own delay up to this.
    pub lag_ms: u64,
    /// After a failed deployment the person tries again before removing it.
    pub tries_again: bool,
    /// What happens when the deploying process is killed.
    pub after_kill: AfterKill,
}

/// What happens when a deploying process is killed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum AfterKill {
    /// Another carries on.
    #[default]
    Resumes,
    /// The person wants it removed.
    TearsDown,
    /// Nobody comes back for more than half an hour.
    Abandons,
}

/// What came of a case.
#[derive(Clone, Debug, Default)]
pub struct CaseVerdict {
    /// How the deployment ended, before anybody helped.
    pub deployed: Option<RunEnd>,
    /// Where the story went.
    pub coverage: BTreeSet<CoverageGoal>,
    /// Every call with its time and answer, and the journal.
    pub trace: Vec<String>,
    /// What must never happen, and did.
    pub violations: Vec<Violation>,
    /// The promises that were looked at.
    pub checked_promises: BTreeSet<Promise>,
    /// Calls in all.
    pub calls: usize,
    /// Kills of the process.
    pub kills: usize,
    /// The longest drive, in virtual milliseconds.
    pub longest_ms: u64,
    /// The longest that the bot held a credential, in virtual milliseconds.
    pub held_max_ms: u64,
    /// Which call met which trouble.
    pub fault_calls: BTreeSet<(String, FaultKind)>,
}

/// What must be seen in some case, or the proof is blind.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum CoverageGoal {
    /// Deployed and proven.
    Deployed,
    /// Stopped, with a list of what remains.
    Stuck,
    /// Removed to nothing.
    Removed,
    /// A process was killed while it recovered from a kill.
    KilledTwice,
    /// A create without an answer was found to have happened.
    UnconfirmedWasDone,
    /// A create without an answer was found not to have happened, and made anew.
    UnconfirmedWasNotDone,
    /// What a stuck run left was removed.
    StuckRemoved,
    /// A region was full, and the next one taken.
    Moved,
    /// Another process took the run over.
    Fenced,
    /// A run was turned to its removal where its process was killed.
    TornDownEarly,
    /// Nobody came back, and what ran ended by itself.
    Abandoned,
    /// Somebody who chatted wanted to be forgotten, and nothing of them was left.
    Forgotten,
    /// Somebody was told that an invitation has let in as many people as it is for.
    InvitationFull,
}

impl CoverageGoal {
    /// All of them.
    pub const ALL: [Self; 13] = [
        Self::Deployed,
        Self::Stuck,
        Self::Removed,
        Self::KilledTwice,
        Self::UnconfirmedWasDone,
        Self::UnconfirmedWasNotDone,
        Self::StuckRemoved,
        Self::Moved,
        Self::Fenced,
        Self::TornDownEarly,
        Self::Abandoned,
        Self::Forgotten,
        Self::InvitationFull,
    ];
}

impl ProofCase {
    /// A deployment to which nothing happens.
    pub fn without_faults(seed: u64) -> Self {
        Self {
            seed,
            faults: Vec::new(),
            lag_ms: 0,
            tries_again: false,
            after_kill: AfterKill::default(),
        }
    }

    /// The same with this trouble too.
    #[must_use]
    pub fn with(mut self, trouble: Fault) -> Self {
        self.faults.push(trouble);
        self
    }

    fn has(&self, way: FaultKind) -> bool {
        self.faults.iter().any(|trouble| trouble.kind == way)
    }

    /// The network may make something twice.
    fn may_duplicate(&self) -> bool {
        self.has(FaultKind::Twice) || self.has(FaultKind::Late)
    }

    /// Tells the story; its own thread must run nothing else meanwhile.
    ///
    /// # Errors
    /// When there is no room for a database.
    pub fn run(&self) -> anyhow::Result<CaseVerdict> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        runtime.block_on(story::run_case(self))
    }
}

impl fmt::Display for ProofCase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "seed {}, reads up to {} ms late", self.seed, self.lag_ms)?;
        if self.tries_again {
            f.write_str(", tries again")?;
        }
        match self.after_kill {
            AfterKill::Resumes => {}
            AfterKill::TearsDown => f.write_str(", turns back when killed")?,
            AfterKill::Abandons => f.write_str(", stays away when killed")?,
        }
        for trouble in &self.faults {
            write!(f, ", {trouble}")?;
        }
        Ok(())
    }
}
