//! What came of many stories, as a table.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use super::plan::KillKind;
use super::story::KillVerdict;

#[derive(Default)]
pub struct KillTable {
    rows: BTreeMap<KillKind, KillRow>,
    skipped: BTreeSet<(KillKind, &'static str)>,
}

#[derive(Default)]
struct KillRow {
    stories: usize,
    kills: usize,
    processes: usize,
    deployed: usize,
    removed: usize,
    broken: usize,
}

impl KillTable {
    pub fn add(&mut self, kind: KillKind, verdict: &KillVerdict) {
        if let Some(why) = verdict.skipped {
            self.skipped.insert((kind, why));
            return;
        }
        let row = self.rows.entry(kind).or_default();
        row.stories += 1;
        row.kills += verdict.kills;
        row.processes += verdict.processes;
        row.deployed += usize::from(verdict.deployed);
        row.removed += usize::from(verdict.removed);
        row.broken += usize::from(!verdict.violations.is_empty());
    }

    pub fn stories(&self) -> usize {
        self.rows.values().map(|row| row.stories).sum()
    }

    pub fn kills(&self) -> usize {
        self.rows.values().map(|row| row.kills).sum()
    }

    pub fn broken(&self) -> usize {
        self.rows.values().map(|row| row.broken).sum()
    }
}

impl fmt::Display for KillTable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "| what is done | stories | kills | processes | deployed | removed to nothing | \
             broken |"
        )?;
        writeln!(f, "|---|---|---|---|---|---|---|")?;
        for (kind, row) in &self.rows {
            let KillRow { stories, kills, processes, deployed, removed, broken } = row;
            writeln!(
                f,
                "| {kind} | {stories} | {kills} | {processes} | {deployed} | {removed} | {broken} |"
            )?;
        }
        for (kind, why) in &self.skipped {
            writeln!(f, "\nSkipped: {kind}: {why}.")?;
        }
        write!(f, "\n{} kills; broken stories: {}", self.kills(), self.broken())
    }
}
