//! People chat with the real bot, whatever goes wrong.

use std::time::Duration;

use textslash::journal::RunEnd;

use super::{expect_kept, named};
use crate::arguments::{StoryKind, again};
use crate::bot::cases::{CaseLength, run_all};
use crate::bot::chats::crowd::{Crowd, HostileCounts};
use crate::bot::{CoverageGoal, chats};
use crate::seeds;

/// Conversations whose seeds are the commit's.
const CONVERSATIONS: u64 = 20;

/// The longest that a message waits for its acknowledgement: its chat may have to wait until it may
/// edit a message again.
const HELD_UP_MAX: Duration = Duration::from_secs(1);

pub(super) fn every_conversation_has_a_legal_end() {
    let table = chats::run_all(chats::cases(0..40), |_| {}).unwrap();
    expect_kept(&table);
    for sight in [CoverageGoal::Forgotten, CoverageGoal::InvitationFull] {
        assert!(!table.unseen().contains(&sight), "{sight:?}: {table}");
    }
}

pub(super) fn conversations_that_no_earlier_commit_was_told_have_legal_ends() {
    let first = seeds::first_seed();
    println!("{} --seeds {CONVERSATIONS}", again(StoryKind::Chats, first));
    let cases = chats::cases(first..first + CONVERSATIONS);
    expect_kept(&chats::run_all(cases, |_| {}).unwrap());
}

pub(super) fn the_same_seed_is_the_same_conversation_line_by_line() {
    for seed in 0..12 {
        let (first, again) = (chats::run(seed).unwrap(), chats::run(seed).unwrap());
        assert_eq!(first.trace, again.trace, "{seed}");
        assert!(first.trace.len() > 20, "{seed}: {:#?}", first.trace);
    }
}

/// Conversations that once broke a promise.
pub(super) fn what_was_mended_stays_mended() {
    // Twenty messages wait for an answer while the chat cannot be reached, and the next is refused.
    let verdict = chats::run(175_024_537_638_979).unwrap();
    assert_eq!(named(&verdict.violations), "");
    assert!(verdict.trace.iter().any(|line| line.contains("That was a lot at once")), "another");
}

pub(super) fn a_crowd_loses_nothing_and_gets_nothing_twice() {
    let crowd = Crowd { seed: 1, people: 100, deploying: 10, hostile: HostileCounts::default() };
    let outcome = crowd.simulate().unwrap();
    assert_eq!(named(&outcome.verdict.violations), "");
    assert_eq!(outcome.verdict.deployed, Some(RunEnd::Deployed), "nobody has a relay");
    // Three curious questions and a greeting each, at least.
    assert!(outcome.pace.acknowledged.len() > 90 * 4);
}

pub(super) fn who_means_no_harm_is_served_among_those_who_do() {
    let crowd = Crowd { seed: 1, people: 20, deploying: 2, hostile: HostileCounts::FEW };
    let outcome = crowd.simulate().unwrap();
    let slowest = outcome.pace.acknowledged.iter().max().unwrap();
    println!("{:?}, {} deployed, {slowest:?}", outcome.kept_back, outcome.deployed);
    assert_eq!(named(&outcome.verdict.violations), "");
    assert!(*slowest < HELD_UP_MAX, "somebody was held up for {slowest:?}");
}

pub(super) fn a_promise_that_no_story_looked_at_is_not_called_kept() {
    let extent = CaseLength::measure(0).unwrap();
    let drives = run_all(extent.random_cases(0..1), |_| {}).unwrap().to_string();
    let talks = chats::run_all(chats::cases(1..2), |_| {}).unwrap().to_string();
    let figure = |table: &str, word: &str| {
        let line = table.lines().find(|line| line.starts_with(&format!("| {word} |"))).unwrap();
        line.trim_end_matches(" |").rsplit("| ").next().unwrap().to_owned()
    };
    // Nobody chats in the stories of a drive, and nobody reads a journal back in those of a chat.
    for word in ["answered", "one answer", "durable", "let in", "queue", "group", "strangers"] {
        assert_eq!(figure(&drives, word), "-", "{word}");
    }
    for word in ["append-only", "undo order", "budget", "narrowed", "probation", "let in"] {
        assert_eq!(figure(&talks, word), "-", "{word}");
    }
    for (table, word) in [(&drives, "orphan"), (&drives, "liveness"), (&talks, "durable")] {
        assert_eq!(figure(table, word), "0", "{word}");
    }
}
