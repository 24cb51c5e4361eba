//! Fly's published rate limits, kept by us so that Fly never has to refuse.

use std::collections::HashMap;
use std::time::Duration;

use parking_lot::Mutex;
use tokio::time::{Instant, sleep, sleep_until};

#[cfg(test)]
mod tests;

/// A kind of call with a limit of its own. Fly allows one a second for each machine or app, three
/// at once (docs, `working-with-machines-api`). Calls about neither are limited by token, which Fly
/// does not document.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum FlyOperation {
    CurrentTokens,
    ListOrganisations,
    ListRegions,
    ListApps,
    GetApp,
    CreateApp,
    DeleteApp,
    /// Not of one app: all deletions of apps together, a hundred a minute.
    DeleteAnyApp,
    ListAddresses,
    AssignAddress,
    SetSecrets,
    ListVolumes,
    CreateVolume,
    DeleteVolume,
    ListMachines,
    /// Five a second, ten at once.
    GetMachine,
    CreateMachine,
    DeleteMachine,
    StartMachine,
    Exec,
}

/// So many at once, and from then on one for each interval.
#[derive(Clone, Copy)]
struct CallRate {
    interval: Duration,
    burst: u32,
}

impl FlyOperation {
    fn rate(self) -> CallRate {
        match self {
            Self::GetMachine => CallRate { interval: Duration::from_millis(200), burst: 10 },
            // 10 at once and 90 in the 60 seconds that follow: never more than 100 in a minute.
            Self::DeleteAnyApp => CallRate { interval: Duration::from_millis(667), burst: 10 },
            _ => CallRate { interval: Duration::from_secs(1), burst: 3 },
        }
    }
}

/// Ids that are counted at once. A deployment touches about twenty in a minute, so this is hundreds
/// of deployments at the same time; beyond it, callers wait.
const COUNTED_MAX: usize = 10_000;

/// Lets callers through as fast as Fly allows. Follows tokio's clock, paused or not.
#[derive(Default)]
pub(super) struct FlyRateLimiter {
    /// The time at which an id's allowance is used up: a call passes while it lies no more than a
    /// burst ahead.
    used_until: Mutex<HashMap<(FlyOperation, String), Instant>>,
}

impl FlyRateLimiter {
    /// Waits until the limit of this action allows a call for this id.
    pub(super) async fn permit(&self, action: FlyOperation, id: &str) {
        loop {
            match self.reserve(action, id) {
                Some(at) => return sleep_until(at).await,
                None => sleep(action.rate().interval).await,
            }
        }
    }

    /// The time of the next call; `None` when too many ids are counted already.
    fn reserve(&self, action: FlyOperation, id: &str) -> Option<Instant> {
        let CallRate { interval, burst } = action.rate();
        let now = Instant::now();
        let mut all = self.used_until.lock();
        if all.len() >= COUNTED_MAX {
            all.retain(|_, used_until| *used_until > now);
            if all.len() >= COUNTED_MAX {
                return None;
            }
        }
        let used_until = all.entry((action, id.to_owned())).or_insert(now);
        let until = (*used_until).max(now) + interval;
        *used_until = until;
        Some(until.checked_sub(interval * burst).unwrap_or(now).max(now))
    }
}
