//! The command line of this program.

use std::process::Command;

use clap::ValueEnum;

use crate::arguments::{ProveArguments, StoryArguments, StoryKind};
use crate::kinds::WRONG_USAGE;
use crate::seeds;

fn read(words: &str) -> Result<StoryArguments, clap::Error> {
    let words = ["prove"].into_iter().chain(words.split(' ')).map(str::to_owned);
    ProveArguments::read(words).map(|arguments| arguments.stories)
}

/// The exit code of this program, and what it says on standard output.
fn ends(words: &str) -> (i32, String) {
    let program = std::env::current_exe().unwrap();
    let told = Command::new(program).args(words.split(' ')).output().unwrap();
    (told.status.code().unwrap(), String::from_utf8_lossy(&told.stdout).into_owned())
}

pub(super) fn a_number_is_answered_or_refused() {
    let most = u64::MAX;
    for kind in StoryKind::value_variants() {
        let (code, said) = ends(&format!("--of {} --seed {most}", kind.word()));
        let (expected, sentence) = match kind {
            StoryKind::Random | StoryKind::Chats | StoryKind::Relay => (0, "ms"),
            _ => (WRONG_USAGE.into(), "stories of the kind"),
        };
        assert_eq!(code, expected, "{kind:?}: {said}");
        assert!(said.contains(sentence), "{kind:?}: {said}");
    }
    let refused = [
        "--seed 18446744073709551616".to_owned(),
        "--seed -1".to_owned(),
        format!("--seeds {most}"),
        "--seeds 0".to_owned(),
        format!("--chats {most}"),
        format!("--seed {most} --seeds 2"),
    ];
    for words in refused {
        let said = read(&words).unwrap_err().to_string();
        assert!(said.contains("invalid value") || said.contains("unexpected"), "{words}: {said}");
    }
}

pub(super) fn a_number_of_stories_is_of_the_kind_that_is_named() {
    let count = |words: &str, kind| read(words).unwrap().count(kind);
    assert_eq!(count("--seeds 400", StoryKind::Random), 400);
    assert_eq!(count("--seeds 400", StoryKind::Chats), 20);
    assert_eq!(count("--seeds 400 --of chats", StoryKind::Chats), 400);
    assert_eq!(count("--seeds 400 --chats 7", StoryKind::Chats), 7);
    assert_eq!(count("--chats 7 --of chats", StoryKind::Chats), 7);
}

pub(super) fn names_of_tests_are_left_to_the_harness() {
    let harness =
        ["relay::", "relay:: chats::", "--test-threads 2", "--list", "a --skip b --exact"];
    for words in harness {
        assert!(!read(words).unwrap().are_given(), "{words}");
    }
    assert!(read("--seed=7").unwrap().are_given());
    let said = read("relay:: --seeds 7").unwrap_err().to_string();
    assert!(said.contains("cannot be used with"), "{said}");
    let said = read("--sed 7").unwrap_err().to_string();
    assert!(said.contains("--seed"), "{said}");
}

pub(super) fn a_commit_is_the_same_seed_everywhere() {
    let commit = "3d82ab6f00aa11bb22cc33dd44ee55ff66778899";
    assert_eq!(seeds::seed_of(commit), Some(0x3d82_ab6f_00aa));
    assert_eq!(seeds::seed_of("3d82"), None);
    assert_eq!(seeds::seed_of("no commit is here"), None);
}
