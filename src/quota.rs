//! How many deployments may be begun within a day: by one person, in one organisation, and by all
//! together. This module is pure.

#[cfg(test)]
mod tests;

/// How long a deployment counts after it was begun, in milliseconds: a day.
pub const DAY_MS: u64 = 24 * 60 * 60 * 1000;

const HOUR_MS: u64 = 60 * 60 * 1000;

/// How many deployments may be begun within a day.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Quotas {
    /// By one person.
    pub person: usize,
    /// In one organisation, whoever begins them.
    pub organisation: usize,
    /// By all people together; with none nothing is begun at all.
    pub all: usize,
}

impl Quotas {
    /// For a bot that anybody can write to.
    ///
    /// A person: a try, another, and the one that is kept. An organisation: the same for two people
    /// who share it; further accounts of one person add nothing. All: each is an account's worth of
    /// calls and minutes of ours, a few dozen calls and two to five minutes, so that 300 keep one
    /// small machine and one address well below what a vendor would take for an attack.
    pub const PUBLIC: Self = Self { person: 3, organisation: 6, all: 300 };

    /// Where people serve themselves.
    pub const UNLIMITED: Self =
        Self { person: usize::MAX, organisation: usize::MAX, all: usize::MAX };

    /// Nothing is begun, by nobody.
    pub fn is_closed(&self) -> bool {
        self.all == 0
    }

    /// The quota that keeps another deployment from being begun now; the one that lasts longest
    /// where there are several.
    pub fn used_up(&self, begun: &RecentStarts, now_ms: u64) -> Option<QuotaExceeded> {
        let quotas = [
            (QuotaScope::Person, self.person, &begun.by_person_ms),
            (QuotaScope::Organisation, self.organisation, &begun.in_organisation_ms),
            (QuotaScope::All, self.all, &begun.by_all_ms),
        ];
        let used_up = quotas.into_iter().filter_map(|(scope, max, begun_ms)| {
            let since_ms = match max.checked_sub(1) {
                Some(last) => *begun_ms.get(last)?,
                // What allows nothing is used up at any time.
                None => now_ms,
            };
            let free_ms = since_ms.saturating_add(DAY_MS);
            let from_ms = match scope {
                QuotaScope::Person => free_ms,
                // The minute would tell when somebody else began.
                QuotaScope::Organisation | QuotaScope::All => free_ms.next_multiple_of(HOUR_MS),
            };
            (now_ms < free_ms).then_some(QuotaExceeded { scope, max, from_ms })
        });
        used_up.max_by_key(|it| it.from_ms)
    }
}

/// When deployments were begun, each list newest first, in unix milliseconds.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RecentStarts {
    /// By this person.
    pub by_person_ms: Vec<u64>,
    /// In the organisation of the next one.
    pub in_organisation_ms: Vec<u64>,
    /// By all people together.
    pub by_all_ms: Vec<u64>,
}

/// Whose quota it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum QuotaScope {
    /// The person's own.
    Person,
    /// That of the organisation.
    Organisation,
    /// That of all people together.
    All,
}

/// A quota of which nothing is left.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct QuotaExceeded {
    pub scope: QuotaScope,
    /// How many it allows.
    pub max: usize,
    /// From when on there is something left, in unix milliseconds; of others' deployments, to the
    /// hour.
    pub from_ms: u64,
}
