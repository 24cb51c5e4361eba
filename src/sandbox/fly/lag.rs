//! Records with two views: the current state, and the state that reads show. Fly's own lists are
//! replicas that lag behind writes.

use std::collections::{BTreeMap, VecDeque};

/// The delay after which reads show a write.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReadLag {
    /// Reads show every write at once.
    None,
    /// Reads show every write after this many milliseconds.
    FixedMs(u64),
    /// Each write draws its own delay, up to this many milliseconds.
    UpToMs(u64),
}

/// Values by key, each with the older versions that reads still show.
pub struct LaggingStore<T> {
    entries: BTreeMap<String, VecDeque<LaggingVersion<T>>>,
}

struct LaggingVersion<T> {
    seen_at_ms: u64,
    value: Option<T>,
}

impl<T> Default for LaggingStore<T> {
    fn default() -> Self {
        Self { entries: BTreeMap::new() }
    }
}

impl<T: Clone> LaggingStore<T> {
    /// The current value of `key`.
    pub fn get(&self, key: &str) -> Option<&T> {
        self.entries.get(key)?.back()?.value.as_ref()
    }

    /// The value of `key` that reads show now.
    pub fn read(&self, key: &str, now_ms: u64) -> Option<&T> {
        visible_value(self.entries.get(key)?, now_ms)
    }

    /// All current values.
    pub fn all(&self) -> impl Iterator<Item = &T> {
        self.entries.values().filter_map(|versions| versions.back()?.value.as_ref())
    }

    /// All values that reads show now.
    pub fn all_seen(&self, now_ms: u64) -> impl Iterator<Item = &T> {
        self.entries.values().filter_map(move |versions| visible_value(versions, now_ms))
    }

    /// Sets the current value; reads show it `lag_ms` later, but never before an earlier write.
    pub fn put(&mut self, key: &str, value: T, now_ms: u64, lag_ms: u64) {
        self.write(key, Some(value), now_ms, lag_ms);
    }

    /// Removes the value now; reads notice `lag_ms` later.
    pub fn remove(&mut self, key: &str, now_ms: u64, lag_ms: u64) {
        if self.get(key).is_some() {
            self.write(key, None, now_ms, lag_ms);
        }
    }

    fn write(&mut self, key: &str, value: Option<T>, now_ms: u64, lag_ms: u64) {
        let versions = self.entries.entry(key.to_owned()).or_default();
        let earlier_ms = versions.back().map_or(0, |last| last.seen_at_ms);
        versions.push_back(LaggingVersion { seen_at_ms: earlier_ms.max(now_ms + lag_ms), value });
        while versions.get(1).is_some_and(|next| next.seen_at_ms <= now_ms) {
            versions.pop_front();
        }
    }
}

fn visible_value<T>(versions: &VecDeque<LaggingVersion<T>>, now_ms: u64) -> Option<&T> {
    versions.iter().rev().find(|version| version.seen_at_ms <= now_ms)?.value.as_ref()
}
