//! What came of many stories, as a table.

use std::collections::BTreeMap;
use std::fmt;

use crate::arguments::{StoryKind, again};

use super::promise::RelayPromise;
use super::stage::StoryVerdict;

/// Broken stories that are told; the first few say what is wrong.
const BROKEN_MAX: usize = 5;

/// Lines of a broken story's trace that are told, from its end.
const TRACE_LINES_MAX: usize = 400;

#[derive(Default)]
pub struct StoryTable {
    stories: usize,
    kills: usize,
    events: usize,
    checks: BTreeMap<RelayPromise, usize>,
    broken_in: BTreeMap<RelayPromise, usize>,
    broken: BTreeMap<u64, StoryVerdict>,
    pub first_trace: Vec<String>,
}

impl StoryTable {
    pub fn add(&mut self, seed: u64, verdict: StoryVerdict) {
        self.stories += 1;
        self.kills += verdict.kills;
        self.events += verdict.trace.len();
        for (promise, checks) in &verdict.checks {
            *self.checks.entry(*promise).or_default() += checks;
        }
        let broken: std::collections::BTreeSet<_> =
            verdict.violations.iter().map(|(promise, _)| *promise).collect();
        broken.iter().for_each(|promise| *self.broken_in.entry(*promise).or_default() += 1);
        if self.stories == 1 {
            self.first_trace.clone_from(&verdict.trace);
        }
        if !broken.is_empty() {
            self.broken.insert(seed, verdict);
        }
    }

    pub fn merge(&mut self, other: Self) {
        self.stories += other.stories;
        self.kills += other.kills;
        self.events += other.events;
        for (sum, more) in
            [(&mut self.checks, other.checks), (&mut self.broken_in, other.broken_in)]
        {
            more.into_iter().for_each(|(promise, count)| *sum.entry(promise).or_default() += count);
        }
        self.broken.extend(other.broken);
        if self.first_trace.is_empty() {
            self.first_trace = other.first_trace;
        }
    }

    pub fn is_broken(&self) -> bool {
        !self.broken.is_empty()
    }
}

impl fmt::Display for StoryTable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (number, (seed, verdict)) in self.broken.iter().enumerate() {
            let what = verdict.violations.iter().map(|(it, what)| format!("{it}: {what}"));
            let what: Vec<_> = what.collect();
            if number < BROKEN_MAX {
                let from = verdict.trace.len().saturating_sub(TRACE_LINES_MAX);
                writeln!(f, "{}", verdict.trace[from..].join("\n"))?;
            }
            writeln!(f, "broken: {}\n  {}", again(StoryKind::Relay, *seed), what.join("\n  "))?;
        }
        writeln!(f, "| promise | | checked | stories in which it was broken |\n|---|---|---|---|")?;
        for promise in RelayPromise::ALL {
            let checks = self.checks.get(&promise).copied().unwrap_or_default();
            let broken = self.broken_in.get(&promise).copied().unwrap_or_default();
            let (checks, broken) = match checks {
                0 => ("-".to_owned(), "-".to_owned()),
                _ => (checks.to_string(), broken.to_string()),
            };
            writeln!(f, "| {promise} | {} | {checks} | {broken} |", promise.sentence())?;
        }
        let (stories, kills, events) = (self.stories, self.kills, self.events);
        write!(
            f,
            "\n{stories} stories, {kills} kills, {events} events; broken: {}",
            self.broken.len()
        )
    }
}
