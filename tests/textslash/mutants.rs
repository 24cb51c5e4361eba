//! The bugs that are planted to see whether this suite bites. `cargo test --test mutants` plants
//! them, which takes long; that each can be planted, and names a test that there is, is seen here.

use std::path::Path;

use mutant::Mutant;

#[path = "../mutants/mutant.rs"]
mod mutant;

/// As many as `shared/reliability.md` lists in its part 3.
const LISTED: usize = 29;

#[test]
fn every_listed_bug_can_be_planted_and_names_the_test_that_catches_it() {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mutants = Mutant::all(&here.join("tests/mutants"));
    assert!(mutants.len() >= LISTED, "{} of {LISTED}", mutants.len());
    for (name, mutant) in mutants {
        let planted = mutant.planted(here).unwrap_or_else(|why| panic!("{name}: {why}"));
        for (path, text) in planted {
            assert_ne!(std::fs::read_to_string(&path).unwrap(), text, "{name}");
        }
        let (bug, promise) = (&mutant.bug, mutant.promise());
        assert!(is_there(here, &mutant), "{bug}: no test {} says {promise:?}", mutant.test);
    }
}

/// Whether a test of that name stands in the sources of its suite.
fn is_there(here: &Path, mutant: &Mutant) -> bool {
    let parts: Vec<&str> = mutant.test.split("::").filter(|part| !part.is_empty()).collect();
    let root = match mutant.suite.as_str() {
        "lib" => "src",
        "textslash" => "tests/textslash",
        "adapters" => "adapters/src",
        "prove" => "tests/prove",
        _ => return false,
    };
    let named = format!("fn {}", parts.last().unwrap_or(&""));
    let is_module = mutant.test.ends_with("::");
    let mut module = here.join(root);
    let ancestors = if is_module { parts.len() } else { parts.len() - 1 };
    parts[..ancestors].iter().for_each(|part| module.push(part));
    let file = module.with_extension("rs");
    let text = std::fs::read_to_string(file).unwrap_or_default();
    if is_module { !text.is_empty() } else { text.contains(&named) }
}
