//! What came of many cases, as a table.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use super::faults::FaultKind;
use super::{CaseVerdict, CoverageGoal, Promise, ProofCase};
use textslash::journal::RunEnd;

/// Broken cases that are told; the first few say what is wrong.
const BROKEN_MAX: usize = 20;

/// What came of many cases.
#[derive(Default)]
pub struct CaseTable {
    rows: BTreeMap<String, CaseRow>,
    seen: BTreeSet<CoverageGoal>,
    met: BTreeSet<(String, FaultKind)>,
    broken: Vec<(ProofCase, CaseVerdict)>,
    broken_count: usize,
    /// The promises that some case looked at.
    checked_promises: BTreeSet<Promise>,
    /// In how many cases each promise was broken.
    broken_in: BTreeMap<Promise, usize>,
    longest_ms: u64,
    held_max_ms: u64,
    calls: usize,
}

#[derive(Default)]
struct CaseRow {
    cases: usize,
    deployed: usize,
    stopped: usize,
    removed: usize,
}

impl CaseTable {
    /// Takes a verdict in, in the row of this name.
    pub fn add(&mut self, row: &str, case: ProofCase, verdict: CaseVerdict) {
        let ends = self.rows.entry(row.to_owned()).or_default();
        ends.cases += 1;
        ends.deployed += usize::from(verdict.deployed == Some(RunEnd::Deployed));
        ends.stopped += usize::from(verdict.deployed == Some(RunEnd::Stuck));
        ends.removed += usize::from(verdict.coverage.contains(&CoverageGoal::Removed));
        self.seen.extend(&verdict.coverage);
        self.checked_promises.extend(&verdict.checked_promises);
        self.met.extend(verdict.fault_calls.iter().cloned());
        self.longest_ms = self.longest_ms.max(verdict.longest_ms);
        self.held_max_ms = self.held_max_ms.max(verdict.held_max_ms);
        self.calls += verdict.calls;
        let promises: BTreeSet<Promise> = verdict.violations.iter().map(|it| it.promise).collect();
        promises.into_iter().for_each(|promise| *self.broken_in.entry(promise).or_default() += 1);
        if !verdict.violations.is_empty() {
            self.broken_count += 1;
            if self.broken.len() < BROKEN_MAX {
                self.broken.push((case, verdict));
            }
        }
    }

    /// What of another table.
    pub fn merge(&mut self, other: Self) {
        for (name, row) in other.rows {
            let ends = self.rows.entry(name).or_default();
            ends.cases += row.cases;
            ends.deployed += row.deployed;
            ends.stopped += row.stopped;
            ends.removed += row.removed;
        }
        self.seen.extend(other.seen);
        self.checked_promises.extend(other.checked_promises);
        self.met.extend(other.met);
        for (promise, cases) in other.broken_in {
            *self.broken_in.entry(promise).or_default() += cases;
        }
        self.longest_ms = self.longest_ms.max(other.longest_ms);
        self.held_max_ms = self.held_max_ms.max(other.held_max_ms);
        self.calls += other.calls;
        self.broken_count += other.broken_count;
        let room = BROKEN_MAX.saturating_sub(self.broken.len());
        self.broken.extend(other.broken.into_iter().take(room));
    }

    /// Cases in all.
    pub fn cases(&self) -> usize {
        self.rows.values().map(|row| row.cases).sum()
    }

    /// The cases in which something happened that must not; the first of them.
    pub fn broken(&self) -> &[(ProofCase, CaseVerdict)] {
        &self.broken
    }

    /// What was never seen and should have been.
    pub fn unseen(&self) -> Vec<CoverageGoal> {
        CoverageGoal::ALL.into_iter().filter(|sight| !self.seen.contains(sight)).collect()
    }

    /// The kinds of call that met some trouble but not this one: each should meet each.
    pub fn missing_faults(&self) -> Vec<(&str, FaultKind)> {
        let ways = || FaultKind::AT_CALLS.into_iter().chain(FaultKind::KILLS);
        let pairs = self.kinds().into_iter().flat_map(|kind| ways().map(move |way| (kind, way)));
        pairs.filter(|(kind, way)| !self.met.contains(&((*kind).to_owned(), *way))).collect()
    }

    fn kinds(&self) -> BTreeSet<&str> {
        self.met.iter().map(|(kind, _)| kind.as_str()).collect()
    }
}

impl fmt::Display for CaseTable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "| what went wrong | cases | deployed | stopped, asked | removed to nothing |"
        )?;
        writeln!(f, "|---|---|---|---|---|")?;
        for (name, CaseRow { cases, deployed, stopped, removed }) in &self.rows {
            writeln!(f, "| {name} | {cases} | {deployed} | {stopped} | {removed} |")?;
        }
        writeln!(f, "\n| promise | | cases in which it was broken |\n|---|---|---|")?;
        for promise in Promise::OF_STORIES {
            let broken = self.broken_in.get(&promise).copied().unwrap_or_default();
            // Zero where nothing was looked at would be a claim without a proof.
            let is_looked_at = self.checked_promises.contains(&promise);
            let cases = if is_looked_at { broken.to_string() } else { "-".to_owned() };
            writeln!(f, "| {promise} | {} | {cases} |", promise.sentence())?;
        }
        let (cases, calls, broken) = (self.cases(), self.calls, self.broken_count);
        writeln!(f, "\n{cases} cases, {calls} calls; broken: {broken}")?;
        writeln!(f, "The longest drive: {} virtual seconds", self.longest_ms / 1000)?;
        if self.held_max_ms > 0 {
            let held_max_s = self.held_max_ms / 1000;
            writeln!(f, "The longest that a credential was held: {held_max_s} virtual seconds")?;
        }
        match self.unseen().as_slice() {
            [] => writeln!(f, "Every sight was seen at least once.")?,
            unseen => writeln!(f, "Never seen: {unseen:?}")?,
        }
        let (kinds, met, unmet) = (self.kinds().len(), self.met.len(), self.missing_faults());
        write!(f, "{kinds} kinds of call, {met} pairs of a call and a fault")?;
        match unmet.as_slice() {
            [] => Ok(()),
            [first, ..] => write!(f, "; {} others never, such as {first:?}", unmet.len()),
        }
    }
}
