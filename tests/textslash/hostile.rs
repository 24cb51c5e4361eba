//! Bytes that nobody means well with, at every door: the functions of `tests/fuzz`, with its corpus
//! and with more. `cargo fuzz` looks further; see tests/README.md.

use std::path::Path;

use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};

use targets::TARGETS;

mod addresses;
mod floods;
#[path = "../fuzz/src/lib.rs"]
mod targets;

/// Tries for each door and each way of making bytes.
const TRIES: u32 = 96;

fn corpus(target: &str) -> Vec<Vec<u8>> {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fuzz/corpus").join(target);
    let files = std::fs::read_dir(directory).unwrap();
    let mut all: Vec<_> = files.map(|file| std::fs::read(file.unwrap().path()).unwrap()).collect();
    assert!(!all.is_empty(), "{target} has no corpus");
    all.sort();
    all
}

#[test]
fn what_was_found_or_thought_of_before_breaks_no_promise() {
    for (name, target) in TARGETS {
        corpus(name).iter().for_each(|data| target(data));
    }
}

#[test]
fn no_bytes_break_a_promise() {
    for (name, target) in TARGETS {
        let mut runner = TestRunner::new(Config { cases: TRIES, ..Config::default() });
        let any_bytes = prop::collection::vec(any::<u8>(), 0..400);
        runner
            .run(&any_bytes, |data| {
                target(&data);
                Ok(())
            })
            .unwrap_or_else(|broken| panic!("{name}: {broken}"));
        runner
            .run(&mutated(corpus(name)), |data| {
                target(&data);
                Ok(())
            })
            .unwrap_or_else(|broken| panic!("{name}: {broken}"));
    }
}

/// Something of the corpus, with a piece of it replaced.
fn mutated(corpus: Vec<Vec<u8>>) -> impl Strategy<Value = Vec<u8>> {
    let piece = prop::collection::vec(any::<u8>(), 0..6);
    (prop::sample::select(corpus), any::<prop::sample::Index>(), 0_usize..6, piece).prop_map(
        |(mut data, at, length, piece)| {
            // The first two bytes choose the door.
            let from = at.index(data.len() + 1).max(2.min(data.len()));
            let to = (from + length).min(data.len());
            data.splice(from..to, piece);
            data
        },
    )
}
