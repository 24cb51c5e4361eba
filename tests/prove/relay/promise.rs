//! What relay and VM promise, and what every story checks.

use std::fmt;

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum RelayPromise {
    Recorded,
    OneTurn,
    Order,
    RunsOnce,
    Answered,
    AnsweredOnce,
    Strangers,
    Edited,
    Stopped,
    Replayed,
    FileIn,
    FileOut,
    Outbox,
    Events,
    OneEnd,
    Probation,
    Quiet,
}

impl RelayPromise {
    pub const ALL: [Self; 17] = [
        Self::Recorded,
        Self::OneTurn,
        Self::Order,
        Self::RunsOnce,
        Self::Answered,
        Self::AnsweredOnce,
        Self::Strangers,
        Self::Edited,
        Self::Stopped,
        Self::Replayed,
        Self::FileIn,
        Self::FileOut,
        Self::Outbox,
        Self::Events,
        Self::OneEnd,
        Self::Probation,
        Self::Quiet,
    ];

    pub fn sentence(self) -> &'static str {
        match self {
            Self::Recorded => "a message is on record before it is acknowledged",
            Self::OneTurn => {
                "an acknowledged line becomes exactly one turn, or its owner is told why not"
            }
            Self::Order => "turns run in the order in which their lines were taken",
            Self::RunsOnce => "the agent executes a turn at most once",
            Self::Answered => "every line is answered with everything that its agent said",
            Self::AnsweredOnce => "a message stands once where the channel can tell",
            Self::Strangers => "nothing of a stranger or of a group is executed",
            Self::Edited => "other words under a known id are not executed",
            Self::Stopped => "a stopped turn stays stopped",
            Self::Replayed => "a call that comes twice is refused the second time",
            Self::FileIn => "a file reaches the agent whole and once, or is said to be lost",
            Self::FileOut => "a file reaches its owner whole, or is said to be lost",
            Self::Outbox => "a file leaves the outbox only after its event and its copy are kept",
            Self::Events => "events of a turn keep their order, and what was told stays told",
            Self::OneEnd => "a turn ends exactly once, in its last event",
            Self::Probation => "nothing runs without a commit, nor after probation",
            Self::Quiet => "everything is quiet within an hour after the last fault",
        }
    }
}

impl fmt::Display for RelayPromise {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self, f)
    }
}
