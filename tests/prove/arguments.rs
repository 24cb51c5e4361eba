//! What the program is asked for.

use std::process::Command;

/// Stories that a plain `cargo test` tells.
const SEEDS: u64 = 300;

/// What a filter of `cargo test` finds here.
const NAMES: [&str; 2] = ["prove", "story::run"];

pub struct StoryArguments {
    pub first: u64,
    pub seeds: u64,
}

impl StoryArguments {
    /// `None` when nothing is to be told: the arguments name tests of other programs.
    pub fn read(mut words: impl Iterator<Item = String>) -> Option<Self> {
        let (mut first, mut seeds) = (None, None);
        while let Some(word) = words.next() {
            let mut number = || words.next().and_then(|number| number.parse().ok());
            match word.as_str() {
                "--seed" => first = Some(number().expect("--seed takes a number")),
                "--seeds" => seeds = Some(number().expect("--seeds takes a number")),
                "--list" => return None,
                flag if flag.starts_with('-') || flag.parse::<u64>().is_ok() => {}
                name if NAMES.iter().any(|own| own.contains(name)) => {}
                _ => return None,
            }
        }
        let seeds = seeds.unwrap_or(if first.is_some() { 1 } else { SEEDS });
        Some(Self { first: first.unwrap_or_else(of_this_commit), seeds })
    }
}

/// The first seed of this commit, so that every commit is tried with other stories.
fn of_this_commit() -> u64 {
    let head = Command::new("git").args(["rev-parse", "HEAD"]).output();
    let head = head.map(|output| output.stdout).unwrap_or_default();
    let digits = String::from_utf8_lossy(&head).chars().take(8).collect::<String>();
    u64::from_str_radix(&digits, 16).unwrap_or(1)
}
