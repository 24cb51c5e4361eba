use super::*;

fn receipts(ada: &ConversationWorld) -> usize {
    ada.unread.iter().filter(|it| matches!(it, Effect::ErasePerson)).count()
}

#[test]
fn forget_shows_what_is_on_record_and_erases_it_on_a_yes() {
    let mut ada = ConversationWorld::on(RelayChannel::Telegram);
    ada.says("hi");
    ada.says("/cancel");
    ada.unread.clear();
    ada.removed = 2;
    ada.begun.by_person_ms = vec![ada.now_ms - 60 * MINUTE_MS];

    ada.says("/forget");
    insta::assert_snapshot!(ada.transcript(), @r"
    On record of you:

    Conversation: 1, with your answers and language
    Deployments that are gone: 2, each with its journal
    Credentials, in memory only: 0

    Shall I erase all of it? That cannot be undone. You get a receipt.
      [Yes, forget me] [Cancel]
    ");
    ada.taps("Yes, forget me");
    assert_eq!(receipts(&ada), 1);
    insta::assert_snapshot!(ada.transcript(), @r"
    I have erased what was on record of you (2027-01-15 08:00 UTC):

    Conversation: 1, with your answers and language
    Deployments that are gone: 2, each with its journal
    Credentials, in memory only: 0

    The last of it is where to send this message; I erase that once it is sent.

    What I cannot erase: this chat, which stays with Telegram until you delete it there (I can delete single messages, for two days only); what Fly.io keeps of your account, such as its activity and invoices; copies of my disk, if the people who run me make any.

    What stays does not lead back to you: for a week, a hash of the number of each message, so that I act on none twice; for a day, how many deployments were started, under a number that thousands of people share, for the daily limit.

    When you write again, we begin anew.
    ");
    assert_eq!(ada.state.phase, Phase::Idle);
    assert_eq!(ada.state.answers, Answers::default());
}

#[test]
fn what_no_longer_counts_for_the_limit_is_not_kept_and_not_mentioned() {
    let mut ada = ConversationWorld::new();
    ada.says("hi");
    ada.begun.by_person_ms = vec![ada.now_ms - 24 * 60 * MINUTE_MS];
    ada.says("/forget");
    ada.says("yes");
    ada.reads("what stands on your screen");
    assert!(!ada.texts().concat().contains("how many deployments"), "{:#?}", ada.texts());
}

#[test]
fn credentials_are_wiped_with_the_rest() {
    let mut ada = ConversationWorld::new();
    ada.says("hi");
    let token = ada.pastes(Vendor::Fly);
    ada.token_is_good();
    ada.says("/forget");
    ada.reads_question("in memory only: 1");
    ada.says("yes");
    ada.expects(&Effect::ForgetCredential(token));
    ada.expects(&Effect::ErasePerson);
}

#[test]
fn nothing_is_erased_without_a_yes() {
    for no in ["/cancel", "/back", "no", "2"] {
        let mut ada = ConversationWorld::new();
        ada.says("hi");
        ada.says("/forget");
        ada.says(no);
        assert_eq!(receipts(&ada), 0, "{no}");
    }
    let mut ada = ConversationWorld::new();
    ada.says("hi");
    ada.says("/forget");
    ada.minutes_pass(31);
    ada.reads_question("Nothing was erased; /forget asks again");
    ada.says("yes");
    assert_eq!(receipts(&ada), 0);
}

#[test]
fn what_still_stands_has_to_go_first() {
    for standing in
        [DeploymentStatus::Deployed, DeploymentStatus::InProgress, DeploymentStatus::Stuck]
    {
        let mut ada = ConversationWorld::deploying();
        ada.run_ends(RunOutcome::Deployed { link: Some(SecretRef(99)) });
        ada.runs[0].standing = standing;
        ada.unread.clear();
        ada.says("/forget");
        ada.reads_question("/teardown removes it. After that, /forget erases everything.");
        ada.says("yes");
        assert_eq!(receipts(&ada), 0);
        ada.taps("Tear down");
        ada.reads("Remove it?");
    }
}

#[test]
fn a_deployment_that_was_kept_after_a_failure_is_not_forgotten_either() {
    let mut ada = ConversationWorld::deploying();
    ada.run_ends(stopped(FailureCause::NoCapacity));
    ada.unread.clear();
    ada.says("/forget");
    ada.reads("This still stands in your account");
    ada.reads_question("stopped");
    ada.taps("Remove everything");
    assert_eq!(receipts(&ada), 0);
}

#[test]
fn what_was_begun_between_question_and_yes_is_not_forgotten() {
    let mut ada = ConversationWorld::new();
    ada.says("hi");
    ada.says("/forget");
    ada.runs = ConversationWorld::deploying().runs;
    ada.says("yes");
    assert_eq!(receipts(&ada), 0);
    ada.reads_question("This still stands in your account");
}

#[test]
fn while_something_is_under_way_nothing_is_forgotten() {
    let mut removing = ConversationWorld::deploying();
    removing.says("/cancel");
    removing.taps("Remove everything");
    let mut finding = ConversationWorld::new();
    finding.says("/teardown");
    finding.pastes(Vendor::Fly);
    finding.token_is_good();
    for mut ada in [ConversationWorld::deploying(), removing, finding] {
        ada.unread.clear();
        ada.says("/forget");
        ada.reads_question("I am still working on it");
        ada.says("yes");
        assert_eq!(receipts(&ada), 0);
    }
}

#[test]
fn who_is_not_known_is_told_so_and_is_not_known_afterwards_either() {
    let mut ada = ConversationWorld::new();
    for _ in 0..2 {
        ada.says("/forget");
        ada.expects(&Effect::ErasePerson);
        ada.reads_question("Nothing is on record of you");
        assert!(!ada.is_known);
    }
}

#[test]
fn a_button_of_before_means_nothing_afterwards() {
    let mut ada = ConversationWorld::at_the_review();
    let deploy = ada.button("Deploy");
    ada.says("/forget");
    let yes = ada.button("Yes, forget me");
    ada.event(Event::ButtonTapped(yes.clone()));
    for _ in 0..20 {
        ada.now_ms += MINUTE_MS / 60;
        ada.says("/forget");
        ada.event(Event::ButtonTapped(deploy.clone()));
        ada.event(Event::ButtonTapped(yes.clone()));
        ada.says("hi");
    }
    assert_eq!(receipts(&ada), 1 + 1, "the yes, and the first time that nothing was known");
    assert!(!ada.unread.iter().any(|it| matches!(it, Effect::Deploy { .. })));
}

#[test]
fn the_receipt_is_in_the_language_that_was_spoken() {
    let mut ada = ConversationWorld::new();
    ada.says("/language de");
    ada.says("/forget");
    ada.says("ja");
    ada.reads_question("Gelöscht ist, was über dich gespeichert war");
}
