//! The small part of the stories, and what is asked of the stories themselves: the tests of this
//! program.

use libtest_mimic::Trial;

use crate::bot::CaseTable;

mod arguments;
mod chats;
mod provisioner;
mod relay;

/// All of them, each named after its function.
pub fn all() -> Vec<Trial> {
    vec![
        trial(arguments::a_number_is_answered_or_refused),
        trial(arguments::a_number_of_stories_is_of_the_kind_that_is_named),
        trial(arguments::names_of_tests_are_left_to_the_harness),
        trial(arguments::a_commit_is_the_same_seed_everywhere),
        trial(chats::every_conversation_has_a_legal_end),
        trial(chats::conversations_that_no_earlier_commit_was_told_have_legal_ends),
        trial(chats::the_same_seed_is_the_same_conversation_line_by_line),
        trial(chats::what_was_mended_stays_mended),
        trial(chats::a_crowd_loses_nothing_and_gets_nothing_twice),
        trial(chats::who_means_no_harm_is_served_among_those_who_do),
        trial(chats::a_promise_that_no_story_looked_at_is_not_called_kept),
        trial(provisioner::the_same_seed_is_the_same_story_line_by_line),
        trial(provisioner::single_faults_have_legal_ends),
        trial(provisioner::a_second_trouble_at_any_time_has_a_legal_end),
        trial(provisioner::a_bot_that_is_gone_for_ever_leaves_nothing_running_at_minute_31),
        trial(provisioner::random_stories_have_legal_ends),
        trial(provisioner::stories_that_no_earlier_commit_was_told_have_legal_ends),
        trial(provisioner::what_was_mended_stays_mended),
        trial(provisioner::an_odd_answer_anywhere_and_a_failure_later_do_not_keep_a_second_try_from_its_goal),
        trial(provisioner::what_takes_effect_after_the_bot_is_gone_runs_no_longer_than_the_rest),
        trial(provisioner::a_case_says_what_it_is),
        trial(provisioner::what_we_made_is_listed_as_remaining_although_no_list_shows_it_yet),
        trial(provisioner::a_disk_that_is_full_twice_is_a_story_too),
        trial(relay::stories_have_legal_ends),
        trial(relay::the_same_seed_is_the_same_story_line_by_line),
    ]
}

fn trial(check: impl FnOnce() + Send + 'static) -> Trial {
    let path = std::any::type_name_of_val(&check);
    let name = path.trim_start_matches("prove::");
    Trial::test(name, move || {
        check();
        Ok(())
    })
}

fn expect_kept(table: &CaseTable) {
    let told: Vec<_> = (table.broken().iter())
        .map(|(case, verdict)| format!("{case}\n  {}", named(&verdict.violations)))
        .collect();
    assert!(told.is_empty(), "{}\n{table}", told.join("\n"));
}

/// Each violation with the name of its promise, as the tables have it.
fn named(violations: &[impl ToString]) -> String {
    violations.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n  ")
}
