//! Stories of the provisioner.

use super::{expect_kept, named};
use crate::arguments::{StoryKind, again};
use crate::bot::cases::{CaseLength, run_all};
use crate::bot::faults::FaultKind;
use crate::bot::{AfterKill, CoverageGoal, Fault, ProofCase};
use crate::seeds;

/// Random stories whose seeds are the commit's.
const STORIES: u64 = 240;

pub(super) fn the_same_seed_is_the_same_story_line_by_line() {
    let extent = CaseLength::measure(0).unwrap();
    // In the latter the disk is full once, and what makes room for it must take no time.
    for seed in (0..5).chain([116, 124, 129, 183, 250, 410, 505, 556]) {
        let case = extent.random(seed);
        let (first, again) = (case.run().unwrap(), case.run().unwrap());
        assert_eq!(first.trace, again.trace, "{case}");
        assert!(first.trace.len() > 50, "{case}: {:#?}", first.trace);
    }
}

pub(super) fn single_faults_have_legal_ends() {
    let extent = CaseLength::measure(0).unwrap();
    // A stride that no number of ways divides, so that every way meets calls of every kind.
    let table = run_all(extent.single_faults().step_by(23), |_| {}).unwrap();
    expect_kept(&table);
}

pub(super) fn a_second_trouble_at_any_time_has_a_legal_end() {
    let extent = CaseLength::measure(0).unwrap();
    let recoveries = extent.recoveries().step_by(151);
    let kills = extent.double_kills().step_by(307);
    let pairs = extent.pairs().step_by(1_511);
    let table = run_all(recoveries.chain(kills).chain(pairs), |_| {}).unwrap();
    expect_kept(&table);
}

pub(super) fn a_bot_that_is_gone_for_ever_leaves_nothing_running_at_minute_31() {
    let extent = CaseLength::measure(0).unwrap();
    let abandoned = extent
        .single_faults()
        .filter(|(_, case)| case.after_kill == AfterKill::Abandons)
        .step_by(8);
    let table = run_all(abandoned, |_| {}).unwrap();
    assert!(!table.unseen().contains(&CoverageGoal::Abandoned), "{table}");
    expect_kept(&table);
}

pub(super) fn random_stories_have_legal_ends() {
    let extent = CaseLength::measure(0).unwrap();
    let table = run_all(extent.random_cases(0..60), |_| {}).unwrap();
    expect_kept(&table);
}

pub(super) fn stories_that_no_earlier_commit_was_told_have_legal_ends() {
    let extent = CaseLength::measure(0).unwrap();
    let first = seeds::first_seed();
    println!("{} --seeds {STORIES}", again(StoryKind::Random, first));
    expect_kept(&run_all(extent.random_cases(first..first + STORIES), |_| {}).unwrap());
}

/// Stories that once broke a promise, with what broke it.
pub(super) fn what_was_mended_stays_mended() {
    let trouble = |at, way| Fault { at, kind: way };
    let cases = [
        // Keys whose version nobody knew, and machines that said none: "try again" kept the old
        // keys.
        ProofCase {
            lag_ms: 18_027,
            tries_again: true,
            after_kill: AfterKill::TearsDown,
            faults: vec![trouble(10, FaultKind::OtherBody), trouble(42, FaultKind::PageBody)],
            ..ProofCase::without_faults(2_469)
        },
        ProofCase {
            lag_ms: 916,
            tries_again: true,
            after_kill: AfterKill::Abandons,
            faults: vec![
                trouble(10, FaultKind::OtherBody),
                trouble(41, FaultKind::Capped),
                trouble(39, FaultKind::Twice),
                trouble(39, FaultKind::Twice),
            ],
            ..ProofCase::without_faults(4_500)
        },
        // A machine that was made after its process had died ran on at minute 31.
        ProofCase {
            lag_ms: 9_498,
            after_kill: AfterKill::Abandons,
            faults: vec![
                trouble(39, FaultKind::KilledAfter),
                trouble(23, FaultKind::OtherBody),
                trouble(7, FaultKind::Late),
            ],
            ..ProofCase::without_faults(15_708)
        },
        // The first process had asked for a removal. The second one listed what remained while it
        // took effect.
        ProofCase {
            lag_ms: 0,
            faults: vec![
                trouble(42, FaultKind::Held),
                trouble(39, FaultKind::SecondWorker),
                trouble(19, FaultKind::HangDone),
            ],
            ..ProofCase::without_faults(7_130_000_014_879)
        },
    ];
    for case in cases {
        let verdict = case.run().unwrap();
        assert_eq!(named(&verdict.violations), "", "{case}");
    }
}

pub(super) fn an_odd_answer_anywhere_and_a_failure_later_do_not_keep_a_second_try_from_its_goal() {
    let extent = CaseLength::measure(0).unwrap();
    let failing = Fault { at: extent.calls / 2, kind: FaultKind::Held };
    let odd = [FaultKind::OtherBody, FaultKind::EmptyBody, FaultKind::PageBody];
    let cases = (0..extent.calls / 2).map(|at| {
        let odd = Fault { at, kind: odd[at % odd.len()] };
        let case =
            ProofCase { tries_again: true, ..ProofCase::without_faults(7).with(odd).with(failing) };
        ("an odd answer, a failure, and a second try".to_owned(), case)
    });
    expect_kept(&run_all(cases, |_| {}).unwrap());
}

pub(super) fn what_takes_effect_after_the_bot_is_gone_runs_no_longer_than_the_rest() {
    let extent = CaseLength::measure(0).unwrap();
    let killed = Fault { at: extent.calls / 2, kind: FaultKind::KilledAfter };
    let cases = (0..extent.calls / 2).map(|at| {
        let late = Fault { at, kind: FaultKind::Late };
        let case = ProofCase {
            after_kill: AfterKill::Abandons,
            ..ProofCase::without_faults(7).with(late).with(killed)
        };
        ("an effect after the bot is gone".to_owned(), case)
    });
    let table = run_all(cases, |_| {}).unwrap();
    assert!(!table.unseen().contains(&CoverageGoal::Abandoned), "{table}");
    expect_kept(&table);
}

pub(super) fn a_case_says_what_it_is() {
    let case = ProofCase::without_faults(7).with(Fault { at: 12, kind: FaultKind::Late });
    assert_eq!(case.to_string(), "seed 7, reads up to 0 ms late, done 90 s later at call 12");
}

pub(super) fn what_we_made_is_listed_as_remaining_although_no_list_shows_it_yet() {
    let trouble = |at, way| Fault { at, kind: way };
    // Each stops with a machine of ours that reads do not show for seconds more: the last one after
    // a restart, whose first look missed it.
    let cases = [
        (89, 6_541, vec![trouble(22, FaultKind::TooManyDay), trouble(29, FaultKind::TimeoutDone)]),
        (120, 7_375, vec![trouble(15, FaultKind::TooManyDay)]),
        (
            833,
            17_726,
            vec![
                trouble(47, FaultKind::TooManyDay),
                trouble(32, FaultKind::KilledBefore),
                trouble(15, FaultKind::BadBody),
                trouble(19, FaultKind::HangDone),
            ],
        ),
    ];
    for (seed, lag_ms, troubles) in cases {
        let case = ProofCase { lag_ms, faults: troubles, ..ProofCase::without_faults(seed) };
        let verdict = case.run().unwrap();
        assert!(verdict.coverage.contains(&CoverageGoal::StuckRemoved), "{case}: another story");
        assert_eq!(named(&verdict.violations), "", "{case}");
    }
}

pub(super) fn a_disk_that_is_full_twice_is_a_story_too() {
    let full = |at| Fault { at, kind: FaultKind::DiskFull };
    for (first, then) in [(9, 9), (9, 14), (30, 12)] {
        let case = ProofCase::without_faults(1).with(full(first)).with(full(then));
        let verdict = case.run().unwrap();
        assert_eq!(named(&verdict.violations), "", "{case}");
        assert_eq!(verdict.kills, if first == then { 1 } else { 2 }, "{case}");
    }
}
