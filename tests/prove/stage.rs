//! The trace of a story, its broken promises, and the moments at which processes are killed.

use std::collections::BTreeMap;

use parking_lot::{Mutex, MutexGuard};
use tokio::sync::Notify;
use tokio::time::Instant;

use crate::promise::Promise;

/// Violations told of one story; the first say it all.
const VIOLATIONS_MAX: usize = 10;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Process {
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

pub struct Stage {
    began: Instant,
    state: Mutex<State>,
    killed: Notify,
}

#[derive(Default)]
struct State {
    trace: Vec<String>,
    violations: Vec<(Promise, String)>,
    checks: BTreeMap<Promise, usize>,
    /// Things that relay or VM did so far.
    deeds: usize,
    kills: BTreeMap<usize, Kill>,
    victims: Vec<Process>,
}

/// What came of a story.
#[derive(Clone, Debug, Default)]
pub struct Verdict {
    pub trace: Vec<String>,
    pub violations: Vec<(Promise, String)>,
    pub checks: BTreeMap<Promise, usize>,
    pub kills: usize,
}

impl Stage {
    pub fn new(kills: BTreeMap<usize, Kill>) -> Self {
        let state = State { kills, ..State::default() };
        Self { began: Instant::now(), state: Mutex::new(state), killed: Notify::new() }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock()
    }

    pub fn tell(&self, line: &str) {
        let at_ms = self.began.elapsed().as_millis();
        self.state().trace.push(format!("{at_ms:>9} ms  {line}"));
    }

    /// Notes that a promise was checked, and whether it held.
    pub fn expect(&self, promise: Promise, holds: bool, otherwise: impl FnOnce() -> String) {
        *self.state().checks.entry(promise).or_default() += 1;
        if holds {
            return;
        }
        let what = otherwise();
        self.tell(&format!("BROKEN {promise}: {what}"));
        let mut state = self.state();
        if state.violations.len() < VIOLATIONS_MAX {
            state.violations.push((promise, what));
        }
    }

    /// Returns when `actor` did this, unless that is the last thing it does.
    pub async fn deed(&self, actor: Process, line: &str) {
        self.tell(line);
        let kill = {
            let mut state = self.state();
            let number = state.deeds;
            state.deeds += 1;
            let kill = state.kills.remove(&number);
            let other = if actor == Process::Relay { Process::Vm } else { Process::Relay };
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
    pub async fn killed(&self) -> Vec<Process> {
        loop {
            let victims = std::mem::take(&mut self.state().victims);
            if !victims.is_empty() {
                return victims;
            }
            self.killed.notified().await;
        }
    }

    /// Nothing is killed from now on.
    pub fn calm(&self) {
        self.state().kills.clear();
    }

    pub fn verdict(&self, kills: usize) -> Verdict {
        let mut state = self.state();
        Verdict {
            trace: std::mem::take(&mut state.trace),
            violations: std::mem::take(&mut state.violations),
            checks: std::mem::take(&mut state.checks),
            kills,
        }
    }
}
