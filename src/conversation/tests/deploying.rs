use super::*;
use crate::deployment::{StageStatus, StageUpdate};
use crate::quota::QuotaScope;

#[test]
fn hello_to_relay() {
    let mut ada = ConversationWorld::new();
    ada.says("hi");
    ada.reads("I am textslash");
    ada.reads_question("I need a token");

    ada.pastes(Vendor::Fly);
    ada.expects(&Effect::DeleteMessage);
    ada.token_is_good();
    ada.reads("It opens: ada's.");
    ada.reads_question("Which Anthropic API key");

    ada.pastes(Vendor::Anthropic);
    ada.key_is_good();
    ada.reads_question("Where should it run?");
    ada.says("iad");
    ada.reads_question("How large");
    ada.taps("Small");
    insta::assert_snapshot!(ada.transcript(), @r"
    This is the plan:

    Name: my
    Cloud: Fly.io, organisation ada
    Region: iad
    Relay: 1 CPU, 256 MB, 1 GB disk; you reach it by a web link
    VM: 1 CPU, 1 GB, 10 GB disk; agent: Claude Code; at most 5,000,000 tokens a day (UTC)

    For 30 days:
    Relay, if it ran all the time: $2.19
    VM, if it ran all the time: $6.70
    Disks, 11 GB: $1.65
    Stopped machines' root filesystems: $0.16
    Addresses: $0.00

    Both machines stop when idle: about $1.81 a month if you never use it, at most $10.53 if both ran day and night. Fly.io bills you directly (prices of 2026-11-20, without traffic). Deploy?
      [Deploy] [Change an answer] [Cancel]
    ");

    ada.taps("Deploy");
    let spec = ada.expects_deploy();
    assert_eq!((spec.size, spec.regions[0].as_ref()), (MachineSize::Small, "iad"));
    let run = spec.id.clone();
    for stage in [Stage::Apps, Stage::Secrets] {
        ada.event(Event::RunProgressed {
            run: run.clone(),
            update: StageUpdate { stage, status: StageStatus::Done },
        });
    }
    ada.unread.drain(..ada.unread.len() - 1);
    insta::assert_snapshot!(ada.transcript(), @r"
    Deploying
    [x] Names reserved
    [ ] Network and addresses
    [x] Keys handed over
    [ ] Disks
    [ ] Machines started
    [ ] Tested: relay, VM, and a stranger refused
    ");

    ada.run_ends(RunOutcome::Deployed { link: Some(SecretRef(99)) });
    assert!(ada.held.is_empty(), "credentials are forgotten at the end");
    insta::assert_snapshot!(ada.transcript(), @r"
    Deploying
    [x] Names reserved
    [x] Network and addresses
    [x] Keys handed over
    [x] Disks
    [x] Machines started
    [x] Tested: relay, VM, and a stranger refused
    Your relay is ready. I checked it and your VM: both answer, and a call without a key is refused.

    This is your link. Anyone who has it owns the relay, so keep it to yourself. I do not store it.
    (the link to your relay)
    Open it in a browser to talk to it; in a terminal, textslash chat does the same.
    Then just write, for example: clone my repository and run its tests

    Both machines stop when you do not use them and wake when you write. I have forgotten your token and key. /teardown removes everything.
      [Status]
    ");

    ada.event(Event::LinkSent);
    ada.bot_restarts();
    assert_eq!(ada.transcript(), "");
}

#[test]
fn a_sandbox_lends_its_credentials() {
    let mut ada = ConversationWorld::new();
    ada.offers = vec![(SecretKind::FlyToken, SecretRef(77))];
    ada.held.insert(SecretRef(77));
    ada.says("/start");
    ada.reads_question("ready-made");
    ada.taps("Use sandbox one");
    ada.token_is_good();
    ada.reads_question("Which Anthropic API key");
    ada.taps("Shell agent, no key");
    ada.reads_question("Where should it run?");
    ada.says("1");
    ada.says("2");
    ada.says("yes");
    let spec = ada.expects_deploy();
    assert_eq!((spec.agent, spec.size), (AgentKind::Shell, MachineSize::Medium));
}

#[test]
fn the_organisation_is_asked_for_only_when_there_are_several() {
    let mut ada = ConversationWorld::new();
    ada.says("hi");
    ada.pastes(Vendor::Fly);
    let mut two = account(OrganisationStatus::Active);
    two.organisations.push(organisation("work", OrganisationStatus::Active));
    ada.token_is(Ok(two));
    ada.reads_question("several organisations");
    ada.taps("work");
    ada.reads_question("Which Anthropic API key");
    ada.says("/back");
    ada.reads_question("several organisations");
}

#[test]
fn back_goes_to_exactly_the_previous_question_and_forgets_nothing() {
    let mut ada = ConversationWorld::at_the_review();
    for question in ["How large", "Where should it run?", "Which Anthropic API key", "token"] {
        ada.says("/back");
        ada.reads_question(question);
    }
    ada.says("/back");
    ada.reads("no earlier question");
    ada.reads_question("token");

    ada.taps("Keep my answer");
    ada.reads_question("This is the plan");
}

#[test]
fn changing_an_answer_leads_back_to_the_plan() {
    let mut ada = ConversationWorld::at_the_review();
    ada.taps("Change an answer");
    ada.reads_question("Which answer");
    ada.taps("Name");
    ada.says("Not A Name");
    ada.reads("That name does not work");
    ada.reads_question("What should I call it?");
    ada.says("lab");
    ada.reads_question("Name: lab");
}

#[test]
fn another_account_asks_again_only_for_what_it_does_not_have() {
    let mut ada = ConversationWorld::at_the_review();
    ada.taps("Change an answer");
    ada.taps("Token");
    ada.pastes(Vendor::Fly);
    let mut elsewhere = account(OrganisationStatus::Active);
    elsewhere.regions.remove(0);
    ada.token_is(Ok(elsewhere));
    ada.reads_question("Where should it run?");
    ada.says("IAD");
    ada.reads_question("This is the plan");
}

#[test]
fn a_stale_button_is_answered_with_the_current_question() {
    let mut ada = ConversationWorld::at_the_review();
    let old = ada.button("Deploy");
    ada.taps("Change an answer");
    ada.unread.clear();
    ada.event(Event::ButtonTapped(old));
    ada.reads("earlier question");
    ada.reads_question("Which answer");
}

#[test]
fn every_refused_token_is_told_why_and_asked_for_again() {
    for rejection in every_rejection() {
        let mut ada = ConversationWorld::new();
        ada.says("hi");
        let secret = ada.pastes(None);
        ada.token_is(Err(rejection.clone()));
        ada.expects(&Effect::ForgetCredential(secret));
        let reason = ada.texts()[0].clone();
        assert!(reason.len() > 20 && reason.ends_with('.'), "{rejection:?}: {reason}");
        ada.reads_question("I need a token");
    }
}

pub(super) fn every_rejection() -> Vec<CredentialRejection> {
    vec![
        CredentialRejection::Empty,
        CredentialRejection::TooLong,
        CredentialRejection::Malformed,
        CredentialRejection::OtherVendor { vendor: Vendor::Telegram },
        CredentialRejection::Truncated,
        CredentialRejection::DischargeMissing,
        CredentialRejection::Expired { at_ms: 1_790_000_000_000 },
        CredentialRejection::ReadOnly,
        CredentialRejection::AppScoped,
        CredentialRejection::NotNarrowable,
        CredentialRejection::OtherOrganisation { expected: "ada".into() },
        CredentialRejection::OtherAddress { expected: "@ada_bot".into() },
        CredentialRejection::Subscription,
        CredentialRejection::RefusedByVendor,
        CredentialRejection::VendorUnreachable,
        CredentialRejection::NotOffered,
    ]
}

#[test]
pub(super) fn every_rejection_has_a_sentence_of_its_own() {
    let text = |rejection| {
        let message = Message::Rejected { asked: Some(Question::Token), rejection };
        messages::text(Locale::English, &message)
    };
    let texts: BTreeSet<String> = every_rejection().into_iter().map(text).collect();
    assert_eq!(texts.len(), every_rejection().len(), "{texts:#?}");
}

#[test]
fn a_missing_payment_method_waits_for_the_person() {
    let mut ada = ConversationWorld::new();
    ada.says("hi");
    ada.pastes(Vendor::Fly);
    let link = "https://fly.io/dashboard/ada/billing".to_owned();
    ada.token_is(Ok(account(OrganisationStatus::PaymentNeeded { link: link.clone() })));
    assert!(ada.texts().contains(&link), "the link stands alone: {:?}", ada.texts());
    ada.reads_question("payment method");

    ada.taps("Done, check again");
    ada.token_is(Err(CredentialRejection::VendorUnreachable));
    ada.reads_question("payment method");
    ada.taps("Done, check again");
    ada.token_is_good();
    ada.reads_question("Which Anthropic API key");
}

#[test]
fn a_trial_is_told_its_limits_and_offered_only_what_it_may_have() {
    let mut ada = ConversationWorld::new();
    ada.says("hi");
    ada.pastes(Vendor::Fly);
    ada.token_is(Ok(account(OrganisationStatus::Trial)));
    ada.reads("five minutes");
    ada.taps("Shell agent, no key");
    ada.says("fra");
    ada.reads("no such region");
    ada.says("ams");
    ada.reads_question("How large");
    assert!(!ada.buttons.iter().any(|(label, _)| label == "Large"), "{:?}", ada.buttons);
}

#[test]
fn a_key_that_comes_early_is_used() {
    let mut ada = ConversationWorld::new();
    ada.says("hi");
    ada.pastes(Vendor::Anthropic);
    ada.reads("I will need it");
    ada.key_is_good();
    ada.reads_question("I need a token");
    ada.pastes(Vendor::Fly);
    ada.token_is_good();
    ada.reads_question("Where should it run?");
}

#[test]
fn a_credential_out_of_place_is_erased_and_forgotten() {
    let mut ada = ConversationWorld::at_the_review();
    let secret = ada.pastes(Vendor::Twilio);
    ada.expects(&Effect::DeleteMessage);
    ada.expects(&Effect::ForgetCredential(secret));
    ada.reads("do not need one now");
    ada.reads_question("This is the plan");
}

#[test]
fn every_deletion_has_a_receipt() {
    for (outcome, words) in [
        (DeletionOutcome::Deleted, "I deleted your message"),
        (DeletionOutcome::Refused, "does not let me"),
        (DeletionOutcome::Unanswered, "has not answered"),
    ] {
        let mut ada = ConversationWorld::new();
        ada.says("hi");
        ada.pastes(Vendor::Fly);
        ada.expects(&Effect::DeleteMessage);
        ada.event(Event::MessageDeleted { message: "1".into(), outcome });
        ada.reads(words);
    }
}

#[test]
fn what_is_not_the_persons_own_answers_nothing_and_the_question_stays() {
    for (event, words) in [
        (Event::ForwardedArrived, "was forwarded"),
        (Event::UnsupportedArrived, "only read text"),
        (Event::EditedTooLate, "before you edited it"),
        (Event::SecretExposed(Exposure::Forwarded), "make a new one"),
        (Event::SecretExposed(Exposure::Quoted), "that you quote"),
        (Event::SecretExposed(Exposure::Edited), "before you edited it"),
        (Event::SecretExposed(Exposure::Elsewhere), "only from the text"),
    ] {
        let mut ada = ConversationWorld::at_the_review();
        ada.unread.clear();
        let is_secret = matches!(event, Event::SecretExposed(_));
        ada.event(event);
        let erased = ada.unread.iter().filter(|it| **it == Effect::DeleteMessage).count();
        assert_eq!(erased, usize::from(is_secret), "{words}");
        ada.reads(words);
        ada.reads_question("This is the plan");
    }
}

#[test]
fn a_chat_that_cannot_forget_says_so() {
    let mut ada = ConversationWorld::new();
    ada.capabilities.deletes_theirs = false;
    ada.says("hi");
    ada.pastes(Vendor::Fly);
    ada.reads("stays in its history");
    assert!(!ada.unread.contains(&Effect::DeleteMessage));
}

#[test]
fn an_open_question_expires_with_a_word_and_its_secrets() {
    let mut ada = ConversationWorld::at_the_review();
    ada.minutes_pass(29);
    assert_eq!(ada.transcript(), "");
    ada.minutes_pass(1);
    assert!(ada.held.is_empty());
    ada.reads_question("half an hour");

    ada.says("/deploy");
    ada.reads_question("I need a token");
    ada.pastes(Vendor::Fly);
    ada.token_is_good();
    ada.pastes(Vendor::Anthropic);
    ada.key_is_good();
    ada.reads_question("This is the plan");
}

#[test]
fn after_a_restart_only_the_lost_secret_is_asked_for() {
    let mut ada = ConversationWorld::at_the_review();
    ada.bot_restarts();
    ada.reads("I no longer hold your Fly.io token");
    ada.reads_question("I need a token");
    ada.pastes(Vendor::Fly);
    ada.token_is_good();
    ada.reads("I no longer hold your Anthropic key");
    ada.unread.clear();
    ada.pastes(Vendor::Anthropic);
    ada.key_is_good();
    ada.reads_question("This is the plan");
}

#[test]
fn a_failed_run_offers_to_retry_to_keep_and_to_remove() {
    for cause in [
        FailureCause::TokenRefused,
        FailureCause::PaymentNeeded,
        FailureCause::AccountHeld,
        FailureCause::NoCapacity,
        FailureCause::InDoubt,
        FailureCause::RetryLater { after_ms: None },
        FailureCause::NameTaken,
        FailureCause::NotFound,
        FailureCause::LockedByOther,
        FailureCause::ClockSkew,
        FailureCause::InvalidRequest,
    ] {
        let mut ada = ConversationWorld::deploying();
        ada.run_ends(stopped(cause));
        ada.reads_question("my-relay-3333333333");
        let failed = ada.state.clone();

        ada.taps("Try again");
        if cause == FailureCause::TokenRefused {
            ada.reads_question("I need a token");
        } else {
            assert!(matches!(ada.unread.last(), Some(Effect::Resume { .. })), "{cause:?}");
        }

        ada.state = failed.clone();
        ada.event(Event::ButtonTapped(Choice::Keep.id(failed.serial)));
        ada.reads_question("/teardown");

        ada.state = failed.clone();
        ada.event(Event::ButtonTapped(Choice::Remove.id(failed.serial)));
        assert!(matches!(
            ada.state.phase,
            Phase::Running { .. } | Phase::Asking { purpose: Purpose::Teardown { .. }, .. }
        ));
    }
}

#[test]
fn a_restart_in_the_middle_asks_for_the_token_and_goes_on() {
    let mut ada = ConversationWorld::deploying();
    let run = ada.runs[0].spec.id.clone();
    ada.bot_restarts();
    ada.reads("restarted in the middle");
    ada.reads_question("token");
    let token = ada.pastes(Vendor::Fly);
    let organisation = Some("ada".to_owned());
    ada.expects(&Effect::Check { kind: SecretKind::FlyToken, secret: token, organisation });
    ada.token_is_good();
    let key = ada.pastes(Vendor::Anthropic);
    ada.key_is_good();
    let with = RunCredentials { token, model_key: Some(key), channel_key: None };
    ada.expects(&Effect::Resume { run, with });
}

#[test]
fn a_link_that_was_lost_can_be_made_anew() {
    let mut ada = ConversationWorld::deploying();
    ada.run_ends(RunOutcome::Deployed { link: Some(SecretRef(99)) });
    ada.unread.clear();
    ada.bot_restarts();
    ada.reads_question("I can make a new one");
    ada.taps("New link");
    ada.reads_question("token");
}

#[test]
fn cancelling_a_deployment_asks_first() {
    let mut ada = ConversationWorld::deploying();
    ada.says("/cancel");
    ada.reads_question("Stop it and remove everything");
    ada.taps("Keep going");
    ada.reads_question("carry on");
    ada.says("/cancel");
    ada.taps("Remove everything");
    assert!(matches!(ada.unread.last(), Some(Effect::Teardown { .. })), "{:#?}", ada.unread);
}

#[test]
fn one_who_has_a_deployment_is_told_before_making_another() {
    let mut ada = ConversationWorld::deploying();
    ada.run_ends(RunOutcome::Deployed { link: Some(SecretRef(99)) });
    ada.says("/deploy");
    ada.reads("You have a deployment already");
    ada.taps("Deploy another one");
    ada.reads_question("I need a token");
}

#[test]
fn a_fourth_deployment_within_a_day_waits_and_says_until_when() {
    let mut ada = ConversationWorld::at_the_review();
    let hour_ms = 60 * MINUTE_MS;
    ada.begun.by_person_ms = [1, 2, 23].map(|hours| ada.now_ms - hours * hour_ms).to_vec();
    ada.taps("Deploy");
    ada.reads("You have started 3 deployments within a day");
    ada.reads_question("This is the plan");

    ada.begun.by_person_ms[2] -= hour_ms;
    ada.taps("Deploy");
    ada.expects_deploy();
}

#[test]
fn an_organisation_has_a_quota_however_many_people_share_it() {
    let mut ada = ConversationWorld::at_the_review();
    ada.begun.in_organisation_ms = vec![ada.now_ms - MINUTE_MS; 6];
    ada.taps("Deploy");
    ada.reads("6 deployments were started in this organisation within a day");
    ada.reads_question("This is the plan");

    ada.begun.in_organisation_ms.pop();
    ada.taps("Deploy");
    ada.expects_deploy();
}

#[test]
fn the_bot_has_a_quota_for_all_and_tells_nobody_of_others() {
    let mut ada = ConversationWorld::at_the_review();
    ada.begun.by_all_ms = vec![ada.now_ms; Quotas::PUBLIC.all];
    ada.taps("Deploy");
    ada.reads("for all people together, and today's are used up");
    ada.reads("from 2027-01-16 08:00 UTC on");
    ada.reads_question("This is the plan");
    assert!(!ada.unread.iter().any(|effect| matches!(effect, Effect::Deploy { .. })));
}

#[test]
fn who_is_a_moment_too_late_reads_the_plan_again_and_nothing_was_made() {
    let mut ada = ConversationWorld::deploying();
    let used_up =
        QuotaExceeded { scope: QuotaScope::Organisation, max: 6, from_ms: ada.now_ms + MINUTE_MS };
    ada.event(Event::QuotaReached { run: DeploymentId::from_random([9; 10]), used_up });
    assert_eq!(ada.unread, [], "it is about another run");
    ada.event(Event::QuotaReached { run: ada.fresh.clone(), used_up });
    ada.reads("started in this organisation");
    ada.reads_question("This is the plan");
    ada.taps("Deploy");
    ada.expects_deploy();
}

#[test]
fn who_goes_on_or_removes_is_never_told_to_wait() {
    for (label, expected) in [("Try again", "Resume"), ("Remove everything", "Teardown")] {
        let mut ada = ConversationWorld::deploying();
        ada.begun.by_person_ms = vec![ada.now_ms; 3];
        ada.begun.in_organisation_ms = vec![ada.now_ms; 6];
        ada.begun.by_all_ms = vec![ada.now_ms; Quotas::PUBLIC.all];
        ada.run_ends(stopped(FailureCause::NoCapacity));
        ada.taps(label);
        assert!(format!("{:?}", ada.unread.last()).contains(expected), "{:#?}", ada.unread);
    }
}
