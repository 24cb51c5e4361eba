//! Credentials held in memory, each with a deadline. Nothing here is ever written anywhere.

use std::collections::{BTreeMap, BTreeSet};
use std::convert::Infallible;
use std::sync::{Arc, Weak};
use std::time::Duration;

use parking_lot::{Mutex, MutexGuard};
use tokio::time::Instant;

use crate::metrics;
use crate::random::Random;
use crate::secret::{Secret, SecretKind, SecretRef};

#[cfg(test)]
mod tests;

/// How long a credential is held: half an hour of questions, the longest deploy, and half an hour
/// to decide what to do when it failed.
pub const HOLD_MAX: Duration = Duration::from_secs(75 * 60);

/// How often it is looked for credentials whose time is over: they stay this much longer at most.
const SWEEP_PERIOD: Duration = Duration::from_secs(60);

/// Credentials of one person at once: a token and a key, each with a successor, and what was pasted
/// by mistake. One more pushes out that person's oldest.
pub const PER_OWNER_MAX: usize = 8;

/// Credentials of all people at once: a few thousand conversations. Beyond it nobody's is dropped;
/// the new one is refused.
pub const ALL_MAX: usize = 16_384;

/// No room for another credential.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("too many credentials are held")]
pub struct VaultFull;

/// The credentials that are held, each for one person.
#[derive(Clone)]
pub struct Vault {
    held: Arc<Mutex<VaultContents>>,
    random: Random,
}

#[derive(Default)]
struct VaultContents {
    own: BTreeMap<(String, SecretRef), VaultEntry>,
    lent: BTreeMap<SecretRef, Arc<Secret>>,
    /// People's own that may live, since when: whoever uses one may do so longer than it is held
    /// here.
    lives: Vec<(Weak<Secret>, Instant)>,
    longest: Duration,
}

struct VaultEntry {
    secret: Arc<Secret>,
    since: Instant,
}

impl Vault {
    /// An empty vault.
    pub fn new(random: Random) -> Self {
        Self { held: Arc::default(), random }
    }

    /// Lends a credential of ours to everybody, for as long as the vault lives.
    pub fn lend(&self, secret: Arc<Secret>) -> (SecretKind, SecretRef) {
        let mut held = self.held();
        let reference = SecretRef(u64::try_from(held.lent.len()).unwrap_or(u64::MAX));
        let kind = secret.kind();
        held.lent.insert(reference, secret);
        (kind, reference)
    }

    /// Holds a credential for its owner.
    ///
    /// # Errors
    /// When [`ALL_MAX`] are held.
    pub fn put(&self, owner: &str, secret: Arc<Secret>) -> Result<SecretRef, VaultFull> {
        let random = u64::from_le_bytes(self.random.bytes());
        let reference = SecretRef(random | 1 << 63);
        let mut held = self.held();
        held.drop_oldest_beyond(owner, PER_OWNER_MAX - 1);
        if held.own.len() >= ALL_MAX {
            return Err(VaultFull);
        }
        held.insert((owner.to_owned(), reference), secret, Instant::now());
        Ok(reference)
    }

    /// Puts another credential in the place of one that is held, and wipes that. Its deadline
    /// stays. What is only lent gets a stand-in for this owner.
    pub fn replace(&self, owner: &str, reference: SecretRef, secret: Arc<Secret>) {
        let mut held = self.held();
        let key = (owner.to_owned(), reference);
        if let Some(since) = held.own.get(&key).map(|entry| entry.since) {
            held.insert(key, secret, since);
        } else if held.lent.contains_key(&reference) {
            held.insert(key, secret, Instant::now());
        }
    }

    /// A credential of this owner, or one that is lent.
    pub fn get(&self, owner: &str, reference: SecretRef) -> Option<Arc<Secret>> {
        let held = self.held();
        let own = held.own.get(&(owner.to_owned(), reference)).map(|entry| &entry.secret);
        own.or_else(|| held.lent.get(&reference)).cloned()
    }

    /// Wipes a credential, as soon as nobody uses it any more.
    pub fn forget(&self, owner: &str, reference: SecretRef) {
        self.held().own.remove(&(owner.to_owned(), reference));
    }

    /// Wipes all credentials of an owner, as soon as nobody uses them any more.
    pub fn forget_all(&self, owner: &str) {
        self.held().own.retain(|(whose, _), _| whose != owner);
    }

    /// What this owner can still use.
    pub fn references(&self, owner: &str) -> BTreeSet<SecretRef> {
        let held = self.held();
        let own = held.own.keys().filter(|(whose, _)| whose == owner).map(|(_, it)| *it);
        own.chain(held.lent.keys().copied()).collect()
    }

    /// How many are held of people's own.
    pub fn count(&self) -> usize {
        self.held().own.len()
    }

    /// The longest that a credential of anybody's has been in memory so far, whoever used it, from
    /// when its person gave it. A look at the vault notices its end, so that it may be less by a
    /// minute.
    pub fn longest_lifetime(&self) -> Duration {
        self.held().longest
    }

    /// Wipes whatever was held for too long, for ever. Every call does it as well; this is for when
    /// none comes.
    pub async fn sweep(&self) -> Infallible {
        let mut ticks = tokio::time::interval(SWEEP_PERIOD);
        loop {
            ticks.tick().await;
            metrics::secret_lifetime(self.longest_lifetime());
        }
    }

    fn held(&self) -> MutexGuard<'_, VaultContents> {
        let mut held = self.held.lock();
        held.own.retain(|_, entry| entry.since.elapsed() < HOLD_MAX);
        held.note_lives();
        held
    }
}

impl VaultContents {
    fn insert(&mut self, key: (String, SecretRef), secret: Arc<Secret>, since: Instant) {
        self.lives.push((Arc::downgrade(&secret), since));
        self.own.insert(key, VaultEntry { secret, since });
    }

    fn note_lives(&mut self) {
        self.lives.retain(|(secret, _)| secret.strong_count() > 0);
        let oldest = self.lives.iter().map(|(_, since)| since.elapsed()).max();
        self.longest = self.longest.max(oldest.unwrap_or_default());
    }

    fn drop_oldest_beyond(&mut self, owner: &str, keep: usize) {
        let mut own: Vec<(Instant, (String, SecretRef))> = (self.own.iter())
            .filter(|((whose, _), _)| whose == owner)
            .map(|(key, entry)| (entry.since, key.clone()))
            .collect();
        own.sort();
        let excess = own.len().saturating_sub(keep);
        for (_, key) in own.into_iter().take(excess) {
            self.own.remove(&key);
        }
    }
}
