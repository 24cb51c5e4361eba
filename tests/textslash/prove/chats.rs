//! People chat with the real bot, whatever goes wrong: `textslash sandbox prove` tells more of it.

use std::time::Duration;

use textslash::journal::RunEnd;
use textslash::sandbox::prove::CoverageGoal;
use textslash::sandbox::prove::chats;
use textslash::sandbox::prove::chats::crowd::{Crowd, HostileCounts};

use super::{expect_kept, fresh};

/// The longest that a message waits for its acknowledgement: its chat may have to wait until it may
/// edit a message again.
const HELD_UP_MAX: Duration = Duration::from_secs(1);

#[test]
fn every_conversation_has_a_legal_end() {
    let table = chats::run_all(chats::cases(0..40), |_| {}).unwrap();
    println!("{table}");
    expect_kept(&table);
    for sight in [CoverageGoal::Forgotten, CoverageGoal::InvitationFull] {
        assert!(!table.unseen().contains(&sight), "{sight:?}: {table}");
    }
}

#[test]
fn conversations_that_no_earlier_commit_was_told_have_legal_ends() {
    let first = fresh::first_seed();
    let seeds = first..first + fresh::CONVERSATIONS;
    println!(
        "One of these again: textslash sandbox prove --of chats --seed {first} (and {seeds:?})"
    );
    expect_kept(&chats::run_all(chats::cases(seeds), |_| {}).unwrap());
}

#[test]
fn the_same_seed_is_the_same_conversation_line_by_line() {
    for seed in 0..12 {
        let (first, again) = (chats::run(seed).unwrap(), chats::run(seed).unwrap());
        assert_eq!(first.trace, again.trace, "{seed}");
        assert!(first.trace.len() > 20, "{seed}: {:#?}", first.trace);
    }
}

#[test]
fn a_crowd_loses_nothing_and_gets_nothing_twice() {
    let crowd = Crowd { seed: 1, people: 100, deploying: 10, hostile: HostileCounts::default() };
    let outcome = crowd.simulate().unwrap();
    assert_eq!(outcome.verdict.violations, []);
    assert_eq!(outcome.verdict.deployed, Some(RunEnd::Deployed), "nobody has a relay");
    // Three curious questions and a greeting each, at least.
    assert!(outcome.pace.acknowledged.len() > 90 * 4);
}

#[test]
fn who_means_no_harm_is_served_among_those_who_do() {
    let crowd = Crowd { seed: 1, people: 20, deploying: 2, hostile: HostileCounts::FEW };
    let outcome = crowd.simulate().unwrap();
    let slowest = outcome.pace.acknowledged.iter().max().unwrap();
    println!("{:?}, {} deployed, {slowest:?}", outcome.kept_back, outcome.deployed);
    assert_eq!(outcome.verdict.violations, []);
    assert!(*slowest < HELD_UP_MAX, "somebody was held up for {slowest:?}");
}
