//! How things end: what is said of the account is what is known of it, and a next step is named.

use super::*;
use crate::conversation::choice::ChatCommand;
use crate::deployment::{RemainingResource, RunFailure};
use crate::plan::StepId;

/// Somebody whose run stopped so.
fn after(failure: RunFailure) -> ConversationWorld {
    let mut ada = ConversationWorld::deploying();
    ada.run_ends(RunOutcome::Failed(failure));
    ada
}

fn at(step: &'static str, cause: FailureCause) -> RunFailure {
    RunFailure { cause, step: Some(StepId::new(step)), remaining: Some(remains()) }
}

#[test]
fn an_account_that_nobody_has_looked_at_is_not_called_empty() {
    let failure = RunFailure { cause: FailureCause::InvalidRequest, step: None, remaining: None };
    let mut ada = after(failure);
    let text = ada.texts().join("\n");
    assert!(!text.contains("nothing of it"), "{text}");
    ada.reads_question("I could not look at what is in your account; /teardown");

    ada.taps("Keep for inspection");
    let text = ada.texts().join("\n");
    assert!(!text.contains("nothing of it"), "{text}");
    ada.reads_question("I could not look at what is in your account; /teardown");
}

#[test]
fn an_account_that_was_seen_empty_is_called_so() {
    let failure =
        RunFailure { cause: FailureCause::NoCapacity, step: None, remaining: Some(Vec::new()) };
    let mut ada = after(failure);
    ada.reads_question("I see nothing of it in your account now");
    ada.taps("Keep for inspection");
    ada.reads_question("I saw nothing of it");
}

#[test]
fn what_may_be_there_is_listed_with_its_doubt() {
    let unseen = RemainingResource { seen: false, ..remains().remove(0) };
    let failure =
        RunFailure { cause: FailureCause::InDoubt, step: None, remaining: Some(vec![unseen]) };
    after(failure).reads_question("Relay app: my-relay-3333333333 (may be there) https://");
}

#[test]
fn a_gate_that_never_opened_names_what_did_not_answer() {
    for cause in [FailureCause::RetryLater { after_ms: None }, FailureCause::InDoubt] {
        for (gate, words) in [
            ("relay-started", "Fly.io did not start your relay's machine in time"),
            ("vm-started", "Fly.io did not start your VM's machine in time"),
            ("relay-healthy", "Your relay did not answer in time"),
            ("agent-ready", "Your relay answered, but your VM did not in time"),
            ("stranger-refused", "Your relay did not answer in time"),
            ("committed", "did not answer to the end"),
        ] {
            let mut ada = after(at(gate, cause));
            ada.reads("Try again");
            ada.reads_question(words);
        }
    }
    after(at("relay-app", FailureCause::RetryLater { after_ms: None }))
        .reads_question("Fly.io was too busy");
    after(at("agent-ready", FailureCause::TokenRefused)).reads_question("Fly.io refuses the token");
}

#[test]
fn an_app_that_is_not_ours_may_be_somebody_elses_or_of_another_organisation() {
    let mut ada = after(at("relay-app", FailureCause::NameTaken));
    ada.reads("somebody else took the name");
    ada.reads_question("an organisation that the token does not open");
}

#[test]
fn cancelling_while_something_exists_does_not_say_that_nothing_does() {
    let mut ada = ConversationWorld::at_the_review();
    ada.says("/cancel");
    let text = ada.texts().join("\n");
    assert!(!text.contains("/teardown"), "{text}");
    ada.reads_question("leave your account as it is");

    let mut ada = ConversationWorld::deploying();
    ada.bot_restarts();
    ada.says("/cancel");
    ada.reads_question("What you have there stays until /teardown removes it");
    assert_eq!(ada.buttons[0].0, "Finish deploying");
}

#[test]
fn a_question_that_expired_says_what_leads_back_to_it() {
    let mut deploying = ConversationWorld::at_the_review();
    let mut removing = ConversationWorld::deploying();
    removing.run_ends(RunOutcome::Deployed { link: Some(SecretRef(99)) });
    removing.says("/teardown");
    let mut asked_for_the_token = ConversationWorld::deploying();
    asked_for_the_token.run_ends(RunOutcome::Deployed { link: Some(SecretRef(99)) });
    asked_for_the_token.says("/teardown");
    asked_for_the_token.says("yes");
    let mut finishing = ConversationWorld::deploying();
    finishing.bot_restarts();

    for (ada, words, command) in [
        (&mut deploying, "/deploy goes on where we were", ChatCommand::Deploy),
        (&mut removing, "/teardown starts again", ChatCommand::Teardown),
        (&mut asked_for_the_token, "/teardown starts again", ChatCommand::Teardown),
        (&mut finishing, "/status shows what you have", ChatCommand::Status),
    ] {
        ada.unread.clear();
        ada.minutes_pass(30);
        ada.reads_question(words);
        assert_eq!(ada.buttons.len(), 1);
        assert_eq!(ada.buttons[0].1, Choice::Command(command).id(0));
    }
}

#[test]
fn a_new_link_says_every_credential_that_it_takes() {
    let mut ada = ConversationWorld::deploying();
    ada.run_ends(RunOutcome::Deployed { link: Some(SecretRef(99)) });
    ada.unread.clear();
    ada.event(Event::LinkLost);
    ada.reads_question("your token and your Anthropic key again");

    let mut ada = ConversationWorld::deploying();
    ada.run_ends(RunOutcome::Deployed { link: Some(SecretRef(99)) });
    ada.runs[0].spec.agent = AgentKind::Shell;
    ada.unread.clear();
    ada.event(Event::LinkLost);
    ada.reads_question("your token again");
}
