//! Seeds that differ from commit to commit, so that the proof does not rest on stories that were
//! mended once.

use std::hash::{BuildHasher, RandomState};
use std::process::Command;

/// Hexadecimal digits of a commit that make a seed: small enough to be typed again, and to count on
/// from.
const DIGITS: usize = 12;

/// From `TEXTSLASH_COMMIT`, or from git, or by chance where neither is there. It is printed.
pub fn first_seed() -> u64 {
    let told = std::env::var("TEXTSLASH_COMMIT").ok();
    let commit = told.or_else(head).map(|commit| commit.trim().to_owned());
    let drawn = commit.as_deref().and_then(seed_of);
    let first = drawn.unwrap_or_else(|| RandomState::new().hash_one(std::process::id()) >> 16);
    match commit {
        Some(commit) if drawn.is_some() => println!("Seeds from {first} on, of commit {commit}"),
        _ => println!("Seeds from {first} on, by chance: no commit is known"),
    }
    first
}

pub fn seed_of(commit: &str) -> Option<u64> {
    u64::from_str_radix(commit.get(..DIGITS)?, 16).ok()
}

fn head() -> Option<String> {
    let git = Command::new("git").args(["rev-parse", "HEAD"]).output().ok()?;
    git.status.success().then(|| String::from_utf8_lossy(&git.stdout).into_owned())
}
