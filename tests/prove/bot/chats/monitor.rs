//! What is written down of a story, what must never be shown, and where the bot's process is
//! killed.

use std::collections::BTreeSet;

use parking_lot::{Mutex, MutexGuard};
use tokio::sync::Notify;
use tokio::time::Instant;

use super::super::Promise;
use super::super::case_monitor::{Violation, elapsed_ms};

/// Violations that are told of one story; the first say it all.
const VIOLATIONS_MAX: usize = 10;

/// Characters of a credential that give it away. Any shorter, and chance would find them.
const TELLTALE: usize = 24;

pub(super) struct ChatMonitor {
    began: Instant,
    state: Mutex<ChatMonitorState>,
    killed: Notify,
}

#[derive(Default)]
struct ChatMonitorState {
    trace: Vec<String>,
    violations: Vec<Violation>,
    /// The promises that were looked at.
    checked_promises: BTreeSet<Promise>,
    /// What the bot did so far.
    deeds: usize,
    /// The bot's process is killed at these of its deeds.
    kills: BTreeSet<usize>,
    /// The ends of what must be shown nowhere.
    secrets: BTreeSet<String>,
}

impl ChatMonitor {
    pub(super) fn new(kills: BTreeSet<usize>) -> Self {
        let state = ChatMonitorState { kills, ..ChatMonitorState::default() };
        Self { began: Instant::now(), state: Mutex::new(state), killed: Notify::new() }
    }

    fn state(&self) -> MutexGuard<'_, ChatMonitorState> {
        self.state.lock()
    }

    pub(super) fn trace(&self, line: &str) {
        let at_ms = elapsed_ms(self.began);
        self.state().trace.push(format!("{at_ms:>9} ms  {line}"));
    }

    /// Notes that these promises are looked at: one that no story looks at is not proven by it.
    pub(super) fn mark_checked(&self, promises: impl IntoIterator<Item = Promise>) {
        self.state().checked_promises.extend(promises);
    }

    pub(super) fn violation(&self, promise: Promise, what: impl Into<String>) {
        let violation = Violation { promise, what: what.into() };
        self.trace(&format!("BROKEN {violation}"));
        let mut state = self.state();
        state.checked_promises.insert(promise);
        if state.violations.len() < VIOLATIONS_MAX {
            state.violations.push(violation);
        }
    }

    /// The bot does something. Where the story says so, that is the last thing its process does.
    pub(super) async fn deed(&self, line: &str) {
        self.trace(line);
        let dies = {
            let mut state = self.state();
            let number = state.deeds;
            state.deeds += 1;
            state.kills.remove(&number)
        };
        if dies {
            self.killed.notify_one();
            std::future::pending().await
        }
    }

    /// Returns when the bot's process is to be killed.
    pub(super) async fn killed(&self) {
        self.killed.notified().await;
    }

    /// Nothing is killed any more.
    pub(super) fn stop_kills(&self) {
        self.state().kills.clear();
    }

    /// This must be shown nowhere from here on.
    pub(super) fn keep_secret(&self, secret: &str) {
        let from = secret.len().checked_sub(TELLTALE);
        if let Some(end) = from.and_then(|from| secret.get(from..)) {
            self.state().secrets.insert(end.to_owned());
        }
    }

    /// Looks for everything that must be shown nowhere.
    pub(super) fn expect_no_secret(&self, place: &str, bytes: &[u8]) {
        self.mark_checked([Promise::Secrets]);
        // Credentials are ASCII, so that nothing of them is lost here.
        let text = String::from_utf8_lossy(bytes);
        let shown = {
            let state = self.state();
            state.secrets.iter().filter(|secret| text.contains(secret.as_str())).count()
        };
        if shown > 0 {
            self.violation(Promise::Secrets, format!("{shown} shown in {place}"));
        }
    }

    /// The promises that were looked at.
    pub(super) fn checked_promises(&self) -> BTreeSet<Promise> {
        std::mem::take(&mut self.state().checked_promises)
    }

    pub(super) fn report(&self) -> (Vec<String>, Vec<Violation>) {
        let mut state = self.state();
        (std::mem::take(&mut state.trace), std::mem::take(&mut state.violations))
    }
}
