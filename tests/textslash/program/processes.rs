//! Processes of this machine, as the kernel tells them.

use std::path::{Path, PathBuf};
use std::time::Duration;

use super::PATIENCE;

/// How often a process that is nobody's child of ours is looked at.
const LOOK_INTERVAL: Duration = Duration::from_millis(20);

/// A process; its start tells it from a later one with the same id.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProcessEntry {
    pub id: u32,
    parent: u32,
    start: u64,
    pub command: String,
}

impl ProcessEntry {
    /// Everything that runs; zombies do not.
    fn all() -> Vec<Self> {
        let numbers = std::fs::read_dir("/proc").unwrap().filter_map(|entry| {
            entry.unwrap().file_name().to_str().and_then(|name| name.parse().ok())
        });
        numbers.filter_map(Self::read).collect()
    }

    /// All that came from this process, itself left out.
    pub fn below(root: u32) -> Vec<Self> {
        let all = Self::all();
        let mut found = Vec::new();
        let mut parents = vec![root];
        while let Some(parent) = parents.pop() {
            let children = all.iter().filter(|it| it.parent == parent);
            for child in children {
                parents.push(child.id);
                found.push(child.clone());
            }
        }
        found
    }

    /// All whose environment names this directory, as far as we may look.
    pub fn told_of(dir: &Path) -> Vec<Self> {
        let dir = dir.to_str().unwrap();
        let is_told = |it: &Self| {
            let environment = std::fs::read(it.directory().join("environ")).unwrap_or_default();
            String::from_utf8_lossy(&environment).contains(dir)
        };
        Self::all().into_iter().filter(is_told).collect()
    }

    fn read(id: u32) -> Option<Self> {
        let stat = std::fs::read_to_string(format!("/proc/{id}/stat")).ok()?;
        // The name in parentheses may hold anything; the fields are counted behind it.
        let fields: Vec<_> = stat.rsplit_once(')')?.1.split_whitespace().collect();
        let is_alive = !matches!(fields[0], "Z" | "X");
        let command = std::fs::read(format!("/proc/{id}/cmdline")).ok()?;
        is_alive.then(|| Self {
            id,
            parent: fields[1].parse().unwrap(),
            start: fields[19].parse().unwrap(),
            command: String::from_utf8_lossy(&command).replace('\0', " "),
        })
    }

    pub fn is_alive(&self) -> bool {
        Self::read(self.id).is_some_and(|now| now.start == self.start)
    }

    pub fn directory(&self) -> PathBuf {
        PathBuf::from(format!("/proc/{}", self.id))
    }
}

/// Waits until none of them runs.
pub async fn gone(processes: &[ProcessEntry]) {
    let gone = async {
        while processes.iter().any(ProcessEntry::is_alive) {
            tokio::time::sleep(LOOK_INTERVAL).await;
        }
    };
    let is_gone = tokio::time::timeout(PATIENCE, gone).await.is_ok();
    let left: Vec<_> = processes.iter().filter(|it| it.is_alive()).collect();
    assert!(is_gone, "these still run: {left:?}");
}
