//! A bug to plant: what it is, where, and which test is to catch it.
//!
//! A file of it reads like a patch without line numbers. What is taken out must stand in its file
//! exactly once:
//!
//! ```text
//! bug: Retry-After ignored
//! caught by: lib cloud::fly::errors::tests::a_wait_is_read
//! saying: left: None
//! file: src/cloud/fly/errors.rs
//! -    let value = headers.get(RETRY_AFTER)?;
//! +    return None;
//! ```

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// A bug to plant.
pub struct Mutant {
    /// In words.
    pub bug: String,
    /// `lib`, `textslash` (the integration tests), `prove` (the stories) or `adapters`.
    pub suite: String,
    /// The beginning of the test's name.
    pub test: String,
    /// What the failing test says, where one test watches many promises: the one that is broken.
    pub saying: Option<String>,
    changes: Vec<SourceChange>,
}

struct SourceChange {
    file: PathBuf,
    before: String,
    after: String,
}

impl Mutant {
    /// Every one in `directory`, by name.
    pub fn all(directory: &Path) -> Vec<(String, Self)> {
        let mut all: Vec<_> = std::fs::read_dir(directory)
            .unwrap()
            .map(|entry| entry.unwrap().path())
            .filter(|path| path.extension().is_some_and(|extension| extension == "mutant"))
            .map(|path| {
                let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
                let text = std::fs::read_to_string(&path).unwrap();
                let mutant = Self::read(&text).unwrap_or_else(|why| panic!("{name}: {why}"));
                (name, mutant)
            })
            .collect();
        all.sort_by(|(one, _), (other, _)| one.cmp(other));
        all
    }

    fn read(text: &str) -> Result<Self, String> {
        let (mut head, mut changes) = (BTreeMap::new(), Vec::<SourceChange>::new());
        let mut file = None;
        // A hunk takes out first and then puts in: what is taken out after that is the next one.
        let mut puts_in = true;
        for line in text.lines() {
            let added = line.strip_prefix('+');
            if let Some(line) = line.strip_prefix('-').or(added) {
                let taken_out = added.is_none();
                if taken_out && puts_in {
                    let file = file.clone().ok_or("a change without a file")?;
                    changes.push(SourceChange {
                        file,
                        before: String::new(),
                        after: String::new(),
                    });
                }
                puts_in = !taken_out;
                let change = changes.last_mut().ok_or("nothing is taken out")?;
                let side = if taken_out { &mut change.before } else { &mut change.after };
                side.push_str(line);
                side.push('\n');
            } else {
                let (name, value) = line.split_once(": ").ok_or_else(|| format!("{line:?}?"))?;
                match name {
                    "file" => (file, puts_in) = (Some(PathBuf::from(value)), true),
                    _ => drop(head.insert(name.to_owned(), value.to_owned())),
                }
            }
        }
        let mut take = |name: &str| head.remove(name).ok_or_else(|| format!("no {name:?}"));
        let caught_by = take("caught by")?;
        let (suite, test) = caught_by.split_once(' ').ok_or("a suite and a test are needed")?;
        Ok(Self {
            bug: take("bug")?,
            suite: suite.to_owned(),
            test: test.to_owned(),
            saying: take("saying").ok(),
            changes,
        })
    }

    /// The promise that it breaks: what the test says, or the test's own name, which is a sentence.
    pub fn promise(&self) -> String {
        let name = self.test.rsplit("::").next().unwrap_or_default();
        self.saying.clone().unwrap_or_else(|| name.replace('_', " "))
    }

    /// The files of a tree as they are with the bug in them.
    pub fn planted(&self, tree: &Path) -> Result<BTreeMap<PathBuf, String>, String> {
        let mut files = BTreeMap::new();
        for SourceChange { file, before, after } in &self.changes {
            let path = tree.join(file);
            let text = match files.get(&path) {
                Some(text) => String::clone(text),
                None => std::fs::read_to_string(&path)
                    .map_err(|error| format!("{}: {error}", path.display()))?,
            };
            match text.matches(before.as_str()).count() {
                1 => files.insert(path, text.replacen(before.as_str(), after, 1)),
                count => {
                    return Err(format!("{} has this {count} times:\n{before}", file.display()));
                }
            };
        }
        if files.is_empty() { Err("it changes nothing".to_owned()) } else { Ok(files) }
    }
}
