//! The proof of the provisioner, in small: `textslash sandbox prove` tells all of it.

use std::process::{Command, Stdio};

use textslash::sandbox::prove::cases::{Extent, tell_all};
use textslash::sandbox::prove::trouble::Way;
use textslash::sandbox::prove::{Case, Sight, Table, Then, Trouble};

use crate::program;

mod chats;

fn expect_kept(table: &Table) {
    let told: Vec<_> = (table.broken().iter())
        .map(|(case, verdict)| {
            let broken: Vec<_> = verdict.violations.iter().map(ToString::to_string).collect();
            format!("{case}\n  {}", broken.join("\n  "))
        })
        .collect();
    assert!(told.is_empty(), "{}\n{table}", told.join("\n"));
}

#[test]
fn the_same_seed_is_the_same_story_line_by_line() {
    let extent = Extent::measure(0).unwrap();
    // In the latter the disk is full once, and what makes room for it must take no time.
    for seed in (0..5).chain([116, 124, 129, 183, 250, 410, 505, 556]) {
        let case = extent.random(seed);
        let (first, again) = (case.run().unwrap(), case.run().unwrap());
        assert_eq!(first.trace, again.trace, "{case}");
        assert!(first.trace.len() > 50, "{case}: {:#?}", first.trace);
    }
}

#[test]
fn single_faults_have_legal_ends() {
    let extent = Extent::measure(0).unwrap();
    // A stride that no number of ways divides, so that every way meets calls of every kind.
    let table = tell_all(extent.singles().step_by(23), |_| {}).unwrap();
    println!("{table}");
    expect_kept(&table);
}

#[test]
fn a_second_trouble_at_any_time_has_a_legal_end() {
    let extent = Extent::measure(0).unwrap();
    let recoveries = extent.recoveries().step_by(151);
    let kills = extent.double_kills().step_by(307);
    let pairs = extent.pairs().step_by(1_511);
    let table = tell_all(recoveries.chain(kills).chain(pairs), |_| {}).unwrap();
    println!("{table}");
    expect_kept(&table);
}

#[test]
fn a_bot_that_is_gone_for_ever_leaves_nothing_running_at_minute_31() {
    let extent = Extent::measure(0).unwrap();
    let abandoned = extent.singles().filter(|(_, case)| case.then == Then::StaysAway).step_by(8);
    let table = tell_all(abandoned, |_| {}).unwrap();
    assert!(!table.unseen().contains(&Sight::Abandoned), "{table}");
    expect_kept(&table);
}

#[test]
fn random_stories_have_legal_ends() {
    let extent = Extent::measure(0).unwrap();
    let table = tell_all(extent.swarm(60), |_| {}).unwrap();
    println!("{table}");
    expect_kept(&table);
}

#[test]
fn a_case_says_what_it_is() {
    let case = Case::quiet(7).with(Trouble { at: 12, way: Way::Late });
    assert_eq!(case.to_string(), "seed 7, reads up to 0 ms late, done 90 s later at call 12");
}

#[test]
fn what_we_made_is_listed_as_remaining_although_no_list_shows_it_yet() {
    let trouble = |at, way| Trouble { at, way };
    // Each stops with a machine of ours that reads do not show for seconds more: the last one after a
    // restart, whose first look missed it.
    let cases = [
        (89, 6_541, vec![trouble(22, Way::TooManyDay), trouble(29, Way::TimeoutDone)]),
        (120, 7_375, vec![trouble(15, Way::TooManyDay)]),
        (
            833,
            17_726,
            vec![
                trouble(47, Way::TooManyDay),
                trouble(32, Way::KilledBefore),
                trouble(15, Way::BadBody),
                trouble(19, Way::HangDone),
            ],
        ),
    ];
    for (seed, lag_ms, troubles) in cases {
        let case = Case { lag_ms, troubles, ..Case::quiet(seed) };
        let verdict = case.run().unwrap();
        assert!(verdict.seen.contains(&Sight::StuckRemoved), "{case}: another story");
        assert_eq!(verdict.violations, [], "{case}");
    }
}

#[test]
fn a_disk_that_is_full_twice_is_a_story_too() {
    let full = |at| Trouble { at, way: Way::DiskFull };
    for (first, then) in [(9, 9), (9, 14), (30, 12)] {
        let case = Case::quiet(1).with(full(first)).with(full(then));
        let verdict = case.run().unwrap();
        assert_eq!(verdict.violations, [], "{case}");
        assert_eq!(verdict.kills, if first == then { 1 } else { 2 }, "{case}");
    }
}

#[test]
fn a_reader_that_goes_away_is_no_bug_of_ours() {
    let story = ["sandbox", "prove", "--seed", "1"];
    let mut told = Command::new(program::PATH)
        .args(story)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    drop(told.stdout.take());
    let told = told.wait_with_output().unwrap();
    assert!(told.status.success(), "{told:?}");
    assert!(told.stderr.is_empty(), "{told:?}");
}
