//! The trace of a story, its broken promises, and the moments at which processes are killed.

use std::collections::BTreeMap;

use parking_lot::{Mutex, MutexGuard};
use tokio::sync::Notify;
use tokio::time::Instant;

use super::promise::RelayPromise;

/// Violations told of one story; the first say it all.
const VIOLATIONS_MAX: usize = 10;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ProcessKind {
    Relay,
    Vm,
}

/// Which processes a kill takes, seen from the one that acts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kill {
    Actor,
    Other,
    Both,
}

pub struct StoryMonitor {
    began: Instant,
    state: Mutex<StoryMonitorState>,
    killed: Notify,
}

#[derive(Default)]
struct StoryMonitorState {
    trace: Vec<String>,
    violations: Vec<(RelayPromise, String)>,
    checks: BTreeMap<RelayPromise, usize>,
    /// Things that relay or VM did so far.
    deeds: usize,
    kills: BTreeMap<usize, Kill>,
    victims: Vec<ProcessKind>,
}

/// What came of a story.
#[derive(Clone, Debug, Default)]
pub struct StoryVerdict {
    pub trace: Vec<String>,
    pub violations: Vec<(RelayPromise, String)>,
    pub checks: BTreeMap<RelayPromise, usize>,
    pub kills: usize,
}

impl StoryMonitor {
    pub fn new(kills: BTreeMap<usize, Kill>) -> Self {
        let state = StoryMonitorState { kills, ..StoryMonitorState::default() };
        Self { began: Instant::now(), state: Mutex::new(state), killed: Notify::new() }
    }

    fn state(&self) -> MutexGuard<'_, StoryMonitorState> {
        self.state.lock()
    }

    pub fn trace(&self, line: &str) {
        let at_ms = self.began.elapsed().as_millis();
        self.state().trace.push(format!("{at_ms:>9} ms  {line}"));
    }

    /// Notes that a promise was checked, and whether it held.
    pub fn expect(&self, promise: RelayPromise, holds: bool, otherwise: impl FnOnce() -> String) {
        *self.state().checks.entry(promise).or_default() += 1;
        if holds {
            return;
        }
        let what = otherwise();
        self.trace(&format!("BROKEN {promise}: {what}"));
        let mut state = self.state();
        if state.violations.len() < VIOLATIONS_MAX {
            state.violations.push((promise, what));
        }
    }

    /// Returns when `actor` did this, unless that is the last thing it does.
    pub async fn deed(&self, actor: ProcessKind, line: &str) {
        self.trace(line);
        let kill = {
            let mut state = self.state();
            let number = state.deeds;
            state.deeds += 1;
            let kill = state.kills.remove(&number);
            let other =
                if actor == ProcessKind::Relay { ProcessKind::Vm } else { ProcessKind::Relay };
            match kill {
                None => {}
                Some(Kill::Actor) => state.victims.push(actor),
                Some(Kill::Other) => state.victims.push(other),
                Some(Kill::Both) => state.victims.extend([actor, other]),
            }
            kill
        };
        match kill {
            None => {}
            Some(Kill::Other) => {
                self.killed.notify_one();
                tokio::task::yield_now().await;
            }
            Some(Kill::Actor | Kill::Both) => {
                self.killed.notify_one();
                std::future::pending().await
            }
        }
    }

    /// Waits for the next kill; who is its victim.
    pub async fn killed(&self) -> Vec<ProcessKind> {
        loop {
            let victims = std::mem::take(&mut self.state().victims);
            if !victims.is_empty() {
                return victims;
            }
            self.killed.notified().await;
        }
    }

    /// Nothing is killed from now on.
    pub fn stop_kills(&self) {
        self.state().kills.clear();
    }

    pub fn verdict(&self, kills: usize) -> StoryVerdict {
        let mut state = self.state();
        StoryVerdict {
            trace: std::mem::take(&mut state.trace),
            violations: std::mem::take(&mut state.violations),
            checks: std::mem::take(&mut state.checks),
            kills,
        }
    }
}
