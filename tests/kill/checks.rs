//! The small part of the stories, and what is asked of the command line.

use libtest_mimic::Trial;

use crate::arguments::{KillArguments, ProgramArguments};
use crate::kill;

/// Those that are on their way when there have been so many are told to their end: two or three
/// times as many.
const KILLS: u64 = 24;

pub fn all() -> Vec<Trial> {
    vec![
        Trial::test("dozens_of_kills_leave_nothing_behind", || {
            dozens_of_kills_leave_nothing_behind();
            Ok(())
        }),
        Trial::test("a_number_is_taken_or_refused", || {
            a_number_is_taken_or_refused();
            Ok(())
        }),
    ]
}

fn dozens_of_kills_leave_nothing_behind() {
    kill(&read(&format!("--quick --kills {KILLS}")).unwrap()).unwrap();
}

fn a_number_is_taken_or_refused() {
    let most = u64::MAX;
    let refused = [
        format!("--kills {most}"),
        "--kills 0".to_owned(),
        "--seed -1".to_owned(),
        format!("--seed {most} --kills 2"),
    ];
    for words in refused {
        let said = read(&words).unwrap_err().to_string();
        assert!(said.contains("invalid value") || said.contains("unexpected"), "{words}: {said}");
    }
    assert_eq!(read(&format!("--seed {most}")).unwrap().only_seed(), Some(most));
    assert!(!read("a_name another_name --nocapture").unwrap().are_given());
}

fn read(words: &str) -> Result<KillArguments, clap::Error> {
    let words = ["kill"].into_iter().chain(words.split(' ')).map(str::to_owned);
    ProgramArguments::read(words).map(|arguments| arguments.stories)
}
