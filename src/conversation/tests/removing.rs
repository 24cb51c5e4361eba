use super::*;
use crate::deployment::{FoundDeployment, RemovedResource};
use crate::plan::StepId;

fn with_a_deployment() -> ConversationWorld {
    let mut ada = ConversationWorld::deploying();
    ada.run_ends(RunOutcome::Deployed { link: Some(SecretRef(99)) });
    ada.event(Event::LinkSent);
    ada.unread.clear();
    ada
}

fn gone() -> Vec<RemovedResource> {
    vec![RemovedResource {
        step: StepId::new("relay-app"),
        name: "my-relay-3333333333".into(),
        gone_at_ms: 1_800_000_000_000,
    }]
}

#[test]
fn teardown_shows_what_goes_and_then_that_it_is_gone() {
    let mut ada = with_a_deployment();
    ada.says("/teardown");
    ada.reads_question("my-vm-3333333333");
    ada.taps("Yes, remove it");
    ada.reads_question("I do not keep them");
    let token = ada.pastes(Vendor::Fly);
    ada.token_is_good();
    let target = TeardownTarget::Known(ada.runs[0].spec.id.clone());
    ada.expects(&Effect::Teardown { target, token });
    ada.unread.clear();

    ada.run_ends(RunOutcome::Removed(gone()));
    assert!(ada.held.is_empty());
    insta::assert_snapshot!(ada.transcript(), @r"
    Everything is gone. I looked for each of these, and it is not there any more:

    Relay app: my-relay-3333333333 - gone 2027-01-15 08:00 UTC

    I have forgotten your token. You can revoke it now.
      [Start deploying]
    ");
}

#[test]
fn what_is_not_on_record_is_found_in_the_account() {
    let mut ada = with_a_deployment();
    let spec = ada.runs.remove(0).spec;
    ada.says("/teardown");
    ada.reads("no deployment of yours");
    let token = ada.pastes(Vendor::Fly);
    ada.token_is_good();
    ada.expects(&Effect::SearchAccount { token });
    ada.unread.clear();

    let found = FoundDeployment { spec: Box::new(spec), roles: vec![Role::Relay, Role::Vm] };
    ada.event(Event::AccountSearched(Ok(vec![found.clone()])));
    ada.reads_question("I found these");
    ada.taps("my (relay and vm)");
    ada.reads_question("my-relay-3333333333");
    ada.says("yes");
    ada.expects(&Effect::Teardown { target: TeardownTarget::Found(found), token });
}

#[test]
fn an_account_without_anything_of_ours_is_told_so() {
    let mut ada = ConversationWorld::new();
    ada.says("/teardown");
    let token = ada.pastes(Vendor::Fly);
    ada.token_is_good();
    ada.unread.clear();
    ada.event(Event::AccountSearched(Ok(Vec::new())));
    ada.expects(&Effect::ForgetCredential(token));
    ada.reads_question("Nothing of mine");
}

#[test]
fn a_teardown_that_sticks_lists_what_is_left_and_can_be_repeated() {
    let mut ada = with_a_deployment();
    ada.says("/teardown");
    ada.says("yes");
    let token = ada.pastes(Vendor::Fly);
    ada.token_is_good();
    let cause = FailureCause::RetryLater { after_ms: None };
    ada.run_ends(stopped(cause));
    ada.reads_question("https://fly.io/apps/my-relay-3333333333");
    ada.taps("Try again");
    let target = TeardownTarget::Known(ada.runs[0].spec.id.clone());
    ada.expects(&Effect::Teardown { target, token });
}

#[test]
fn a_restart_during_a_teardown_goes_on_with_a_fresh_token() {
    let mut ada = with_a_deployment();
    ada.says("/teardown");
    ada.says("yes");
    ada.pastes(Vendor::Fly);
    ada.token_is_good();
    ada.unread.clear();
    ada.bot_restarts();
    ada.reads("middle of the removal");
    ada.pastes(Vendor::Fly);
    ada.token_is_good();
    assert!(matches!(ada.unread.last(), Some(Effect::Teardown { .. })), "{:#?}", ada.unread);
}

#[test]
fn status_says_what_exists_and_what_it_costs() {
    let mut ada = with_a_deployment();
    ada.says("/status");
    insta::assert_snapshot!(ada.transcript(), @r"
    my in ams, medium, deployed
    since 2027-01-15 08:00 UTC, about $1.81 a month when idle, at most $17.82
      [New link] [Status] [Tear down] [Deploy another one]
    ");
}

#[test]
fn privacy_says_what_this_channel_can_forget() {
    for (deletes_theirs, entry, words) in [
        (true, SecretEntry::PastedThenDeleted, "I delete the message at once"),
        (false, SecretEntry::PastedThenDeleted, "Delete it yourself"),
        (false, SecretEntry::Form, "a form that opens once"),
        (false, SecretEntry::Hidden, "a hidden field"),
    ] {
        let mut ada = ConversationWorld::new();
        ada.capabilities.deletes_theirs = deletes_theirs;
        ada.capabilities.secret_entry = entry;
        ada.says("/privacy");
        ada.reads_question(words);
    }
}
