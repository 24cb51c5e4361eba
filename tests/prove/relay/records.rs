//! The VM's records of its turns, on its disk.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde_json::Value;

use super::agent::AgentActions;
use super::disk;
use super::promise::RelayPromise;
use super::stage::StoryMonitor;

/// The records of all turns, by path.
pub fn records(dir: &Path) -> BTreeMap<PathBuf, String> {
    let entries = std::fs::read_dir(dir.join("vm/turns")).into_iter().flatten().flatten();
    let read = |path: PathBuf| {
        let bytes = std::fs::read(&path).unwrap();
        (path, String::from_utf8_lossy(&bytes).into_owned())
    };
    entries.map(|entry| read(entry.path())).collect()
}

pub fn is_last(line: &str) -> bool {
    let event: Value = serde_json::from_str(line).unwrap_or_default();
    event["type"] == "done" || event["type"] == "failed"
}

/// A file that is not in the outbox any more was told of, and its copy is whole.
pub fn outbox(stage: &StoryMonitor, dir: &Path, deeds: &AgentActions) {
    let vm = dir.join("vm");
    for (name, (bytes, _)) in &deeds.left {
        if vm.join("workspace/outbox").join(name).exists() {
            continue;
        }
        let is_told = records(dir).iter().any(|(path, text)| {
            let turn = path.file_stem().unwrap().to_string_lossy().into_owned();
            let events = text.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
            let mut of_file = events.filter(|event| event["name"] == name.as_str());
            of_file.any(|event| {
                let copy = format!("{turn}-{}", event["index"]);
                let places = [vm.join("files"), vm.join(disk::COPIES_AWAY)];
                let copies = places.map(|place| std::fs::read(place.join(&copy)));
                copies.iter().flatten().any(|copy| copy == bytes)
            })
        });
        stage.expect(RelayPromise::Outbox, is_told, || format!("{name} is gone"));
    }
}
