//! Both languages: which is spoken, and that neither lacks a word.

use super::*;
use crate::conversation::choice::ChatCommand;
use crate::conversation::credential_entry::CredentialEntry;
use crate::conversation::messages::{DeploymentSummary, PageLink};
use crate::deployment::{Goal, RemovedResource, RunFailure};
use crate::plan::StepId;
use crate::pricing;
use crate::quota::QuotaScope;

pub(super) const KINDS: [SecretKind; 5] = [
    SecretKind::FlyToken,
    SecretKind::ModelKey,
    SecretKind::TelegramToken,
    SecretKind::DiscordToken,
    SecretKind::TwilioKey,
];

#[test]
fn a_hint_chooses_the_language_and_is_remembered() {
    let mut ada = ConversationWorld::new();
    ada.hint = Some("de-AT");
    ada.says("hi");
    ada.reads("Hallo, ich bin textslash");
    ada.hint = None;
    ada.bot_restarts();
    ada.says("/help");
    ada.reads("diese Liste");
}

#[test]
fn a_language_that_was_chosen_wins_over_the_hint() {
    let mut ada = ConversationWorld::new();
    ada.hint = Some("en-GB");
    ada.says("hi");
    ada.says("/language");
    ada.reads("Which language");
    ada.unread.clear();
    ada.event(Event::ButtonTapped(Choice::Language(Locale::German).id(0)));
    ada.reads("ab jetzt auf Deutsch");
    ada.reads_question("Organization Token");
    ada.says("/LANGUAGE@textslash_bot English");
    ada.reads("English it is");
    ada.hint = Some("de");
    ada.says("/help");
    ada.reads("this list");
}

/// F39 of the field cases, and faces of the same kind.
#[test]
fn the_usual_spellings_of_a_choice_are_taken_where_money_is_at_stake() {
    for spelling in [
        "1.",
        "1)",
        "１",
        "1️⃣",
        "#1",
        "option 1",
        "1. Deploy",
        "Deploy.",
        "*Deploy*",
        "Yes please",
        "yes!",
        "Yes.",
        "yep",
        "👍",
        "ja bitte",
        "١",
        "(1)",
    ] {
        let mut ada = ConversationWorld::at_the_review();
        ada.says(spelling);
        ada.expects_deploy();
    }
    for unclear in ["yes?", "1?", "not yes", "1.5", "-1", "yes but smaller", "1. London"] {
        let mut ada = ConversationWorld::at_the_review();
        ada.says(unclear);
        ada.reads("choose one of these");
    }
    let mut ada = ConversationWorld::at_the_review();
    ada.says("No, thanks.");
    assert!(!ada.transcript().contains("choose one of these"), "a no is an answer");
}

#[test]
fn an_answer_is_understood_in_either_language() {
    let mut ada = ConversationWorld::at_the_review();
    ada.says("ja");
    ada.expects_deploy();
    let mut ada = ConversationWorld::at_the_review();
    ada.says("Antwort ändern");
    ada.reads_question("Which answer");
}

#[test]
fn hints_lead_to_the_nearest_language() {
    for (hint, locale) in [
        (Some("de"), Locale::German),
        (Some("DE_ch"), Locale::German),
        (Some("en-US"), Locale::English),
        (Some("den"), Locale::English),
        (Some(""), Locale::English),
        (None, Locale::English),
    ] {
        assert_eq!(Locale::of_hint(hint), locale, "{hint:?}");
    }
}

#[test]
fn a_state_of_the_version_before_can_be_read() {
    let mut stored = serde_json::to_value(ConversationState::default()).unwrap();
    stored.as_object_mut().unwrap().retain(|key, _| key != "locale" && key != "spoken");
    stored["answers"].as_object_mut().unwrap().remove("chat");
    assert_eq!(
        serde_json::from_value::<ConversationState>(stored).unwrap(),
        ConversationState::default()
    );
}

#[test]
fn the_menu_fits_and_speaks_both_languages() {
    let menu = messages::menu();
    assert_eq!(menu.len(), ChatCommand::ALL.len());
    for entry in menu {
        let word = &entry.word;
        assert!(word.len() <= 32 && word.bytes().all(|b| b.is_ascii_lowercase()), "{word}");
        let languages: Vec<_> = entry.meanings.iter().map(|(code, _)| code.as_str()).collect();
        assert_eq!(languages, ["en", "de"]);
        let fits = |text: &String| (1..=100).contains(&text.chars().count());
        assert!(entry.meanings.iter().all(|(_, text)| fits(text)), "{word}");
    }
}

#[test]
fn every_label_fits_a_button_everywhere() {
    let mut choices = vec![
        Choice::Cloud(CloudKind::Fly),
        Choice::Offer,
        Choice::KeepAnswer,
        Choice::MakeBot("textslash_4711_bot".into()),
        Choice::TakeOver,
        Choice::AnotherAddress,
        Choice::CheckAgain,
        Choice::Deploy,
        Choice::Change,
        Choice::Retry,
        Choice::Keep,
        Choice::Remove,
        Choice::KeepGoing,
        Choice::ConfirmTeardown,
        Choice::ConfirmForget,
        Choice::NewLink(DeploymentId::from_random([1; 10])),
        Choice::NewKeys(DeploymentId::from_random([1; 10])),
        Choice::Resume(DeploymentId::from_random([1; 10])),
        Choice::DeployAnother,
    ];
    choices.extend(ChatCommand::ALL.map(Choice::Command));
    choices.extend(Locale::ALL.map(Choice::Language));
    choices.extend(AgentKind::ALL.map(Choice::Agent));
    choices.extend(RelayChannel::ALL.map(Choice::Channel));
    choices.extend(MachineSize::ALL.map(Choice::Size));
    choices.extend(QUESTIONS.map(Choice::Answer));
    for choice in choices {
        assert!(choice.id(u32::MAX).len() <= 64);
        for locale in Locale::ALL {
            let label = messages::label(locale, &choice);
            assert!((1..=20).contains(&label.chars().count()), "{label}");
        }
    }
}

const QUESTIONS: [Question; 13] = [
    Question::Invitation,
    Question::Cloud,
    Question::Token,
    Question::Organisation,
    Question::Billing,
    Question::Model,
    Question::Channel,
    Question::ChannelKey,
    Question::Address,
    Question::TakeOver,
    Question::Name,
    Question::Region,
    Question::Size,
];

#[test]
fn each_word_that_chooses_a_text_has_a_text_of_its_own() {
    const STAGES: [Stage; 6] = [
        Stage::Apps,
        Stage::Network,
        Stage::Secrets,
        Stage::Storage,
        Stage::Machines,
        Stage::Proof,
    ];
    for locale in Locale::ALL {
        let label = |choice| messages::label(locale, &choice);
        let families: [Vec<String>; 8] = [
            ChatCommand::ALL.map(|it| label(Choice::Command(it))).into(),
            QUESTIONS.map(|it| label(Choice::Answer(it))).into(),
            RelayChannel::ALL.map(|it| label(Choice::Channel(it))).into(),
            AgentKind::ALL.map(|it| label(Choice::Agent(it))).into(),
            MachineSize::ALL.map(|it| label(Choice::Size(it))).into(),
            KINDS.map(|kind| messages::text(locale, &Message::Checking { kind })).into(),
            STAGES.map(|it| messages::stage(locale, it, Goal::Deployed)).into(),
            STAGES.map(|it| messages::stage(locale, it, Goal::Removed)).into(),
        ];
        for family in families {
            let distinct: BTreeSet<_> = family.iter().collect();
            assert_eq!(distinct.len(), family.len(), "{family:?}");
        }
    }
}

/// At least one message of each kind, with whatever changes its words.
fn samples() -> Vec<Message> {
    let spec = Box::new(ConversationWorld::deploying().runs[0].spec.clone());
    let run = spec.id.clone();
    let quote = pricing::quote(&spec);
    let summary = |standing| DeploymentSummary {
        spec: spec.clone(),
        standing,
        opened_at_ms: 1_800_000_000_000,
        quote: quote.clone(),
    };
    let standings = [
        DeploymentStatus::InProgress,
        DeploymentStatus::Deployed,
        DeploymentStatus::Removed,
        DeploymentStatus::Stuck,
    ];
    let failure = RunFailure {
        cause: FailureCause::InDoubt,
        step: Some(StepId("relay-healthy".into())),
        remaining: Some(remains()),
    };
    let gone =
        vec![RemovedResource { step: StepId::new("vm-app"), name: "my-vm".into(), gone_at_ms: 0 }];
    let found = vec!["ada's".to_owned()];
    let mut all = vec![
        Message::Welcome,
        Message::WelcomeBack,
        Message::Help,
        Message::AskLanguage,
        Message::LanguageChosen,
        Message::PrivateOnly,
        Message::OurTrouble,
        Message::TooMuchAtOnce,
        Message::NothingToCancel,
        Message::NothingBefore,
        Message::StaleButton,
        Message::StillWorking,
        Message::StillChecking,
        Message::CheckInterrupted,
        Message::SecretsExpired,
        Message::ForwardedArrived,
        Message::UnsupportedArrived,
        Message::EditedTooLate,
        Message::SecretExposed { exposure: Exposure::Forwarded },
        Message::SecretExposed { exposure: Exposure::Quoted },
        Message::SecretExposed { exposure: Exposure::Edited },
        Message::SecretExposed { exposure: Exposure::Elsewhere },
        Message::PastedDeleted,
        Message::EraseFailed { unanswered: true },
        Message::EraseFailed { unanswered: false },
        Message::PastedStays,
        Message::PastedScrubbed,
        Message::UnexpectedSecret,
        Message::KeyAccepted,
        Message::TokenAccepted { organisations: found.clone() },
        Message::ChatAccepted { addresses: found },
        Message::Trial,
        Message::TrialChannel,
        Message::AskCloud,
        Message::AskOrganisation,
        Message::AskChannel,
        Message::AskInvitation,
        Message::LetIn,
        Message::ClosedForNow,
        Message::AskAddress,
        Message::AskTakeOver { address: "@a".into(), host: "b.example".into() },
        Message::AskName,
        Message::AskRegion { count: 3 },
        Message::AskSize { quotes: vec![(MachineSize::Small, quote.clone())] },
        Message::Review { spec: spec.clone(), quote: quote.clone() },
        Message::AskChange,
        Message::AlreadyDeployed { runs: standings.map(summary).to_vec() },
        Message::Status { runs: standings.map(summary).to_vec() },
        Message::NoDeployments,
        Message::ConfirmForget { traces: TRACES },
        Message::NeededToRemove { runs: standings.map(summary).to_vec() },
        Message::NothingOnRecord,
        receipt(None, true),
        Message::NoRecord,
        Message::ChooseRun,
        Message::ChooseFound,
        Message::Searching,
        Message::NothingFound,
        Message::FindFailed { cause: FailureCause::NotFound },
        Message::ConfirmTeardown { spec: None },
        Message::ConfirmTeardown { spec: Some(spec) },
        Message::AskStop,
        Message::KeptGoing,
        Message::Failed { goal: Goal::Removed, failure },
        Message::Kept { remaining: None },
        Message::Kept { remaining: Some(Vec::new()) },
        Message::Kept { remaining: Some(remains()) },
        Message::Ready,
        Message::RelayLink { run: run.clone(), key: SecretRef(1) },
        Message::FirstSteps,
        Message::PointByHand,
        Message::WebhookUrl { run },
        Message::RemovedMeanwhile,
        Message::FormNotConfirmed,
        Message::FormClosed,
        Message::FormDeclined,
        Message::Receipt { gone },
        Message::Interrupted { goal: Goal::Deployed },
        Message::Interrupted { goal: Goal::Removed },
    ];
    for yes in [true, false] {
        all.push(Message::NotLetIn { used_up: yes });
        all.push(Message::Cancelled { deployed: yes });
        all.push(Message::FormReused { running: yes });
        all.push(Message::LinkLost { needs_key: yes });
        all.push(Message::AskBilling { held: yes, window: true });
        all.push(Message::AskBilling { held: yes, window: false });
    }
    all.push(Message::TooManyCodes { until_ms: 1_800_000_000_000 });
    for again in
        [ChatCommand::Deploy, ChatCommand::Teardown, ChatCommand::Forget, ChatCommand::Status]
    {
        all.push(Message::Expired { again });
    }
    for scope in [QuotaScope::Person, QuotaScope::Organisation, QuotaScope::All] {
        all.push(Message::EnoughToday { used_up: QuotaExceeded { scope, max: 3, from_ms: 0 } });
    }
    for kind in KINDS {
        all.push(Message::EarlySecret { kind });
        all.push(Message::SecretLost { kind });
        all.push(Message::Checking { kind });
    }
    for asked in QUESTIONS {
        for rejection in deploying::every_rejection() {
            all.push(Message::Rejected { asked: Some(asked), rejection });
        }
    }
    for channel in RelayChannel::ALL {
        all.extend(samples_on(channel));
    }
    all
}

const TRACES: PersonTraces = PersonTraces { removed: 2, credentials: 1 };

fn receipt(service: Option<RelayChannel>, begun_counts: bool) -> Message {
    Message::Forgotten {
        traces: TRACES,
        service,
        begun_counts,
        let_in: begun_counts,
        wrong_codes: begun_counts,
        at_ms: 1_800_000_000_000,
    }
}

fn samples_on(channel: RelayChannel) -> Vec<Message> {
    let entry = CredentialEntry::of(&ConversationWorld::on(channel).capabilities);
    let address = Some("@ada_bot".to_owned());
    let mut all = vec![Message::Privacy { entry }, Message::ChannelFirstSteps { channel }];
    for yes in [true, false] {
        all.push(receipt(Some(channel), yes));
        let address = address.clone();
        all.push(Message::ChannelReady { channel, address: address.clone(), by_hand: yes });
        all.push(Message::AskToken { offered: yes, deploying: true, entry });
        all.push(Message::AskToken { offered: yes, deploying: false, entry });
        all.push(Message::AskModel { offered: yes, shell: !yes, entry });
        let expected = address.filter(|_| yes);
        all.push(Message::AskChannelKey {
            channel,
            offered: false,
            makes_bots: yes,
            entry,
            expected,
        });
        all.push(Message::AskChannelKey {
            channel,
            offered: true,
            makes_bots: yes,
            entry,
            expected: None,
        });
    }
    all
}

#[test]
fn every_message_has_words_of_its_own_in_every_language() {
    for message in samples() {
        let [english, german] = Locale::ALL.map(|locale| messages::text(locale, &message));
        assert!(!english.trim().is_empty() && !german.trim().is_empty(), "{message:?}");
        assert_ne!(english, german, "{message:?}");
        for text in [english, german] {
            assert_eq!(crate::credential_format::recognise(&text), None, "{text}");
            assert!(!text.contains("  "), "words that ran apart: {text}");
        }
    }
}

#[test]
fn a_page_is_a_link_and_nothing_else_in_every_language() {
    for page in [
        PageLink::CloudTokens(CloudKind::Fly),
        PageLink::Vendor("https://t.me/BotFather".into()),
        PageLink::Relay("https://t.me/ada_bot".into()),
    ] {
        let [english, german] =
            Locale::ALL.map(|locale| messages::text(locale, &Message::Page(page.clone())));
        assert_eq!(english, german);
        assert!(english.starts_with("https://") && !english.contains(char::is_whitespace));
    }
}
