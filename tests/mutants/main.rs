//! Plants bugs, one at a time, in a copy of the tree, and sees whether the suite bites.
//!
//! `cargo test --test mutants` takes about a minute for each; `-- NAME ...` plants those whose name
//! has one of these in it. It prints a table and fails when one survives.

#![expect(clippy::print_stdout, clippy::print_stderr, reason = "it is a program for the terminal")]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Output};

use mutant::Mutant;

mod mutant;

/// What the crate is built of.
const PARTS: [&str; 8] = [
    "src",
    "adapters",
    "tests",
    "Cargo.toml",
    "Cargo.lock",
    "README.md",
    "Dockerfile",
    ".clippy.toml",
];

fn main() -> ExitCode {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let wanted: Vec<String> =
        std::env::args().skip(1).filter(|argument| !argument.starts_with('-')).collect();
    let mut mutants = Mutant::all(&here.join("tests/mutants"));
    let is_wanted = |name: &String| wanted.iter().any(|wanted| name.contains(wanted.as_str()));
    mutants.retain(|(name, _)| wanted.is_empty() || is_wanted(name));
    let room = here.join("target/mutants");
    let tree = room.join("tree");
    if tree.exists() {
        std::fs::remove_dir_all(&tree).unwrap();
    }
    for part in PARTS {
        copy(&here.join(part), &tree.join(part));
    }
    expect_sound(&tree, &mutants);
    println!("| planted bug | caught by | the promise |\n|---|---|---|");
    let mut survived = 0;
    for (name, mutant) in &mutants {
        let caught = caught(&tree, mutant);
        match &caught {
            Ok(()) => println!("| {} | `{}` | {} |", mutant.bug, mutant.test, mutant.promise()),
            Err(why) => println!("| {} | **NOT CAUGHT** ({name}): {why} | |", mutant.bug),
        }
        survived += usize::from(caught.is_err());
    }
    println!("\n{} planted, {survived} survived", mutants.len());
    ExitCode::from(u8::from(survived > 0))
}

fn copy(from: &Path, to: &Path) {
    if from.is_dir() {
        std::fs::create_dir_all(to).unwrap();
        for entry in std::fs::read_dir(from).unwrap() {
            let entry = entry.unwrap();
            if entry.file_name() != "target" {
                copy(&entry.path(), &to.join(entry.file_name()));
            }
        }
    } else {
        std::fs::copy(from, to).unwrap();
    }
}

/// Without a bug, every one of the tests passes.
fn expect_sound(tree: &Path, mutants: &[(String, Mutant)]) {
    let mut suites: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for (_, mutant) in mutants {
        suites.entry(&mutant.suite).or_default().push(&mutant.test);
    }
    for (suite, tests) in suites {
        eprintln!("Without a bug: {suite}");
        let output = run(tree, suite, &tests);
        assert!(output.status.success(), "{suite} fails without a bug:\n{}", text(&output));
    }
}

fn caught(tree: &Path, mutant: &Mutant) -> Result<(), String> {
    eprintln!("Planted: {}", mutant.bug);
    let planted = mutant.planted(tree)?;
    let sound = write(planted);
    let output = run(tree, &mutant.suite, &[&mutant.test]);
    write(sound);
    let text = text(&output);
    if output.status.success() {
        Err("the test passes".to_owned())
    } else if text.contains("could not compile") {
        Err(format!("it does not compile:\n{text}"))
    } else if let Some(saying) = &mutant.saying
        && !outside_tables(&text).any(|line| line.contains(saying))
    {
        Err(format!("the test fails without saying {saying:?}:\n{text}"))
    } else {
        Ok(())
    }
}

/// A table names every promise, broken or not.
fn outside_tables(text: &str) -> impl Iterator<Item = &str> {
    text.lines().filter(|line| !line.starts_with('|'))
}

/// Writes files, and gives what they held before.
fn write(files: BTreeMap<PathBuf, String>) -> BTreeMap<PathBuf, String> {
    let swap = |(path, text): (PathBuf, String)| {
        let before = std::fs::read_to_string(&path).unwrap();
        std::fs::write(&path, text).unwrap();
        (path, before)
    };
    files.into_iter().map(swap).collect()
}

fn run(tree: &Path, suite: &str, tests: &[&str]) -> Output {
    let of_suite: &[&str] = match suite {
        "lib" => &["--lib"],
        "adapters" => &["--package", "adapters", "--lib"],
        suite => &["--test", suite],
    };
    Command::new(env!("CARGO"))
        .current_dir(tree)
        .arg("test")
        .args(of_suite)
        .arg("--target-dir")
        .arg(tree.with_file_name("build"))
        .arg("--")
        .args(tests)
        .output()
        .unwrap()
}

fn text(output: &Output) -> String {
    let both = [output.stdout.as_slice(), output.stderr.as_slice()];
    both.map(|text| String::from_utf8_lossy(text).into_owned()).concat()
}
