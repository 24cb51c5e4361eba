use super::*;
use crate::invitation::{Invitation, InvitationUse, WRONG_CODES_WINDOW_MS};

const CODE: &str = "friends-0123456789";

fn invitation() -> Invitation {
    Invitation { code: CODE.to_owned(), people: 2 }
}

/// Somebody new, where it takes an invitation that has let in so many.
fn outside(let_in: u32) -> ConversationWorld {
    let mut ada = ConversationWorld::new();
    ada.invitations = Some(vec![InvitationUse { invitation: invitation(), let_in }]);
    ada
}

#[test]
fn who_wants_to_deploy_is_asked_for_an_invitation_before_anything_else() {
    let mut ada = outside(1);
    ada.says("hi");
    insta::assert_snapshot!(ada.transcript(), @r"
    Hi, I am textslash. I put a coding agent of your own into your own cloud account: a small relay that you chat with, and a VM where the agent works. It takes a few questions and a few minutes. You see the price before anything is created, and /teardown removes all of it.
    For now I deploy only for people with an invitation. Please send me your invitation code. If you have none, ask the person who told you about me.
      [Cancel]
    ");
    ada.says("Friends-0123456789");
    ada.expects(&Effect::CountInvitation { invitation: invitation() });
    ada.reads("That invitation works");
    ada.reads_question("I need a token for it");

    // From here on it is not asked again, whatever comes of it, and cannot be gone back to.
    ada.says("/back");
    ada.reads("There is no earlier question");
    ada.says("/cancel");
    ada.says("/deploy");
    ada.reads_question("I need a token for it");
}

#[test]
fn a_link_that_carries_the_code_lets_in_at_once() {
    for line in ["/start friends-0123456789", "/START@textslash_bot  friends-0123456789 "] {
        let mut ada = outside(0);
        ada.says(line);
        ada.expects(&Effect::CountInvitation { invitation: invitation() });
        ada.reads("Hi, I am textslash");
        ada.reads_question("I need a token for it");
        ada.says(line);
        assert!(!ada.unread.iter().any(|it| matches!(it, Effect::CountInvitation { .. })), "once");
    }
}

#[test]
fn a_code_that_lets_nobody_in_is_refused_with_the_next_step() {
    let mut ada = outside(2);
    ada.says("/start friends-0123456789");
    ada.reads("as many people as it is for");
    ada.reads_question("send me your invitation code");
    ada.says("friends-0123456780");
    ada.reads("I know no invitation with that code");
    ada.reads_question("send me your invitation code");
    assert!(!ada.state.is_let_in);
}

#[test]
fn who_was_asked_for_an_invitation_that_is_needed_no_more_goes_on() {
    let mut ada = outside(0);
    ada.says("hi");
    ada.unread.clear();
    ada.invitations = None;
    ada.says("I have none");
    assert!(!ada.texts().concat().contains("invitation"), "{:?}", ada.texts());
    ada.reads_question("I need a token for it");
}

#[test]
fn nothing_but_a_deployment_takes_an_invitation() {
    let mut ada = outside(0);
    ada.says("/teardown");
    ada.reads_question("I need a Fly.io token of that account");
    ada.says("/cancel");
    ada.says("/status");
    ada.reads("You have no deployment");
    ada.says("/privacy");
    ada.says("/forget");
    ada.reads_question("On record of you");
}

#[test]
fn who_has_a_deployment_goes_on_with_it_and_may_begin_another() {
    let mut ada = ConversationWorld::deploying();
    ada.run_ends(stopped(FailureCause::NoCapacity));
    ada.invitations = outside(2).invitations;
    ada.taps("Try again");
    assert!(ada.unread.iter().any(|it| matches!(it, Effect::Resume { .. })), "{:?}", ada.unread);
    ada.run_ends(RunOutcome::Deployed { link: Some(SecretRef(99)) });
    ada.says("hi");
    ada.taps("Deploy another one");
    ada.reads_question("I need a token for it");
}

#[test]
fn a_credential_in_place_of_a_code_is_deleted_and_forgotten() {
    for is_greeted in [true, false] {
        let mut ada = outside(0);
        if is_greeted {
            ada.says("hi");
        }
        let token = ada.pastes(Vendor::Fly);
        ada.expects(&Effect::DeleteMessage);
        ada.expects(&Effect::ForgetCredential(token));
        assert!(!ada.unread.iter().any(|it| matches!(it, Effect::Check { .. })), "nobody is asked");
    }
}

#[test]
fn who_is_forgotten_is_a_stranger_again() {
    let mut ada = outside(0);
    ada.says("/start friends-0123456789");
    ada.says("/forget");
    ada.taps("Yes, forget me");
    ada.reads("how many people each invitation has let in, but not whom");
    ada.says("/deploy");
    ada.reads_question("send me your invitation code");
}

#[test]
fn while_the_bot_begins_nothing_everybody_is_told_and_nobody_asked_for_a_key() {
    let closed = Quotas { all: 0, ..Quotas::PUBLIC };
    let mut ada = outside(0);
    ada.quotas = closed;
    ada.says("/start friends-0123456789");
    ada.reads_question("I start no new deployments for now");
    assert_eq!(ada.state.phase, Phase::Idle);

    let mut ada = ConversationWorld::new();
    ada.says("hi");
    ada.quotas = closed;
    ada.bot_restarts();
    ada.reads_question("I start no new deployments for now");
    assert_eq!(ada.state.phase, Phase::Idle);

    let mut ada = ConversationWorld::at_the_review();
    ada.quotas = closed;
    let held = ada.held.clone();
    ada.taps("Deploy");
    ada.reads_question("I start no new deployments for now");
    assert!(!held.is_empty() && ada.held.is_empty(), "what was given is forgotten");
    ada.says("/teardown");
    ada.reads_question("I need a Fly.io token of that account");
}

#[test]
fn a_wrong_code_counts_and_a_line_that_is_no_code_does_not() {
    let counts = |ada: &ConversationWorld| ada.unread.contains(&Effect::CountWrongCode);
    for wrong in ["friends-0123456780", "/start friends-0123456780"] {
        let mut ada = outside(0);
        ada.says("hi");
        ada.says(wrong);
        assert!(counts(&ada), "{wrong}");
    }
    for harmless in ["what is an invitation?", "none", "friends-0123456789"] {
        let mut ada = outside(0);
        ada.says("hi");
        ada.says(harmless);
        assert!(!counts(&ada), "{harmless}");
    }
    let mut used_up = outside(2);
    used_up.says("/start friends-0123456789");
    assert!(!counts(&used_up), "it was a code");
}

#[test]
fn after_too_many_wrong_codes_even_a_right_one_waits_and_nothing_is_asked() {
    let mut ada = outside(0);
    ada.wrong_codes.by_person = true;
    ada.wrong_codes.person_limit_at_ms = Some(ada.now_ms - MINUTE_MS);
    ada.says("hi");
    ada.reads_question("send me your invitation code");
    ada.says("friends-0123456789");
    assert!(!ada.unread.contains(&Effect::CountWrongCode), "what is not looked at is not counted");
    ada.reads_question("Too many wrong codes came, so for now I check no more of yours. From");
    ada.says("/start friends-0123456789");
    ada.reads_question("Too many wrong codes came");
    assert_eq!((ada.state.phase.clone(), ada.state.is_let_in), (Phase::Idle, false));

    ada.says("/forget");
    ada.taps("Yes, forget me");
    ada.reads("when wrong invitation codes came, under a number that many people share");

    ada.now_ms += WRONG_CODES_WINDOW_MS;
    ada.says("/start friends-0123456789");
    ada.reads("That invitation works");
}
