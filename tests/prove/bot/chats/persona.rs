//! How somebody chats.

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Persona {
    /// As people do.
    Whimsical,
    /// Answers whatever is asked until there is a relay, or none can be had now.
    Purposeful,
    /// Looks around and deploys nothing.
    Curious,
    /// Writes more at once than is taken.
    Flooding {
        /// What is said to them arrives.
        reachable: bool,
    },
    /// Writes and taps what nobody means.
    Garbling,
    /// Deploys until no more is let.
    Greedy,
    /// One of many accounts that deploy into one organisation.
    Sharing,
    /// Deploys when the bot has had enough for the day.
    Late,
    /// Guesses codes, and knows one in the end.
    Guessing,
}

impl Persona {
    /// Means no harm, and must not suffer from those who do.
    pub(super) fn is_ordinary(self) -> bool {
        matches!(self, Self::Whimsical | Self::Purposeful | Self::Curious)
    }
}
