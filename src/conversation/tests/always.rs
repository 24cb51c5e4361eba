//! What holds in every state for every input.

use proptest::prelude::*;

use super::channels::serving;
use super::*;
use crate::conversation::choice::ChatCommand;
use crate::conversation::reading::{LineKind, reading};
use crate::deployment::{FoundDeployment, StageStatus, StageUpdate};

/// One conversation in each phase.
pub(super) fn every_phase() -> Vec<ConversationWorld> {
    let idle = ConversationWorld::new();
    let mut asking = ConversationWorld::new();
    asking.says("hi");
    let mut checking = ConversationWorld::new();
    checking.says("hi");
    checking.pastes(Vendor::Fly);
    let mut changing = ConversationWorld::at_the_review();
    changing.taps("Change an answer");
    let mut stopping = ConversationWorld::deploying();
    stopping.says("/cancel");
    let mut failed = ConversationWorld::deploying();
    failed.run_ends(stopped(FailureCause::NoCapacity));
    let mut deployed = ConversationWorld::deploying();
    deployed.run_ends(RunOutcome::Deployed { link: Some(SecretRef(99)) });
    let mut confirming = ConversationWorld::deploying();
    confirming.run_ends(RunOutcome::Deployed { link: Some(SecretRef(99)) });
    confirming.says("/teardown");
    let mut choosing = ConversationWorld::deploying();
    choosing.run_ends(RunOutcome::Deployed { link: Some(SecretRef(99)) });
    let mut second = choosing.runs[0].clone();
    second.spec.id = DeploymentId::from_random([5; 10]);
    choosing.runs.push(second);
    choosing.says("/teardown");
    let mut forgetting = ConversationWorld::new();
    forgetting.says("hi");
    forgetting.says("/forget");
    let mut finding = ConversationWorld::new();
    finding.says("/teardown");
    finding.pastes(Vendor::Fly);
    finding.token_is_good();
    let mut found = ConversationWorld::at_the_review();
    found.taps("Deploy");
    let spec = Box::new(found.expects_deploy());
    found.runs.clear();
    found.state.phase =
        Phase::ChoosingFound { found: vec![FoundDeployment { spec, roles: vec![Role::Relay] }] };
    let mut keyless = ConversationWorld::on(RelayChannel::Telegram);
    keyless.asked_for_the_channel_key();
    let mut addresses = ConversationWorld::on(RelayChannel::WhatsApp);
    addresses.asked_for_the_channel_key();
    addresses.pastes(Vendor::Twilio);
    addresses.chat_is(Ok(chat_account(&["+14155238886", "+49301234567"])));
    let mut taken = ConversationWorld::on(RelayChannel::Telegram);
    taken.asked_for_the_channel_key();
    taken.pastes(Vendor::Telegram);
    taken.chat_is(Ok(serving("@ada_bot", "old.example")));
    let mut all = vec![
        keyless,
        addresses,
        taken,
        idle,
        asking,
        checking,
        ConversationWorld::at_the_review(),
        changing,
        ConversationWorld::deploying(),
        stopping,
        failed,
        deployed,
        confirming,
        choosing,
        forgetting,
        finding,
        found,
    ];
    all.iter_mut().for_each(|ada| ada.unread.clear());
    all
}

#[track_caller]
pub(super) fn was_answered(ada: &ConversationWorld, input: &str) {
    let questions = ada.unread.iter().filter(|effect| match effect {
        Effect::Say(saying) => {
            saying.awaits.is_some() || messages::text(Locale::English, &saying.message).is_empty()
        }
        _ => false,
    });
    assert!(questions.count() <= 1, "two questions after {input:?}: {:#?}", ada.texts());
    let answered = ada.unread.iter().any(|it| matches!(it, Effect::Say(_) | Effect::Show { .. }));
    assert!(answered, "silence after {input:?} in {:?}", ada.state.phase);
    assert!(ada.texts().iter().all(|text| !text.is_empty()), "an empty message after {input:?}");
}

#[test]
fn every_command_is_answered_in_every_state_in_every_spelling() {
    for place in 0..every_phase().len() {
        for command in ChatCommand::ALL {
            let word = command.word();
            for line in [
                format!("/{word}"),
                format!("  /{} ", word.to_uppercase()),
                format!("/{word}@textslash_bot"),
            ] {
                let mut ada = every_phase().remove(place);
                ada.says(&line);
                was_answered(&ada, &line);
            }
            let mut ada = every_phase().remove(place);
            ada.event(Event::ButtonTapped(format!("/{word}")));
            was_answered(&ada, word);
        }
    }
}

#[test]
fn every_button_of_every_state_works_and_fits() {
    for place in 0..every_phase().len() {
        let count = every_phase().remove(place).buttons.len();
        for button in 0..count {
            let mut ada = every_phase().remove(place);
            let (label, id) = ada.buttons[button].clone();
            assert!(id.len() <= 64, "{id}");
            ada.event(Event::ButtonTapped(id));
            was_answered(&ada, &label);
        }
    }
}

#[test]
fn every_state_answers_nonsense_and_credentials() {
    for place in 0..every_phase().len() {
        for line in ["", "   ", "🦀", "\u{0}\u{7}", "0", "99", "deploy my cat", &"x".repeat(5000)]
        {
            let mut ada = every_phase().remove(place);
            ada.says(line);
            was_answered(&ada, line);
        }
        for vendor in [
            None,
            Some(Vendor::Fly),
            Some(Vendor::Anthropic),
            Some(Vendor::Telegram),
            Some(Vendor::Discord),
            Some(Vendor::Twilio),
        ] {
            let mut ada = every_phase().remove(place);
            ada.pastes(vendor);
            was_answered(&ada, "a credential");
        }
    }
}

#[test]
fn a_line_is_a_secret_where_one_is_awaited_unless_it_is_plainly_not() {
    let mut ada = ConversationWorld::new();
    ada.says("hi");
    let read = |ada: &ConversationWorld, line: &str| {
        let context = ConversationContext {
            now_ms: ada.now_ms,
            locale: ada.locale(),
            capabilities: &ada.capabilities,
            clouds: CLOUDS,
            person: "4711",
            channels: ada.channels,
            agents: ada.agents,
            model_key_page: MODEL_KEY_PAGE,
            chat_guides: &chat_guides(),
            lent_secrets: &ada.offers,
            held_secrets: &ada.held,
            runs: &ada.runs,
            is_known: true,
            removed: 0,
            recent_starts: &ada.begun,
            quotas: Quotas::PUBLIC,
            invitations: None,
            wrong_codes: WrongCodes::default(),
            images: &ada.images,
            daily_tokens: Spec::DAILY_TOKENS,
            fresh: &ada.fresh,
        };
        reading(&ada.state, &context, line)
    };
    for line in ["/start friends-0123456789", "/help", "/CANCEL@textslash_bot", "cancel", "1"] {
        assert_eq!(read(&ada, line), LineKind::Text, "{line}");
    }
    for line in ["", "hunter2", "/unknown", "FlyV1 whatever"] {
        assert!(matches!(read(&ada, line), LineKind::Secret(_)), "{line}");
    }
    let idle = ConversationWorld::new();
    assert_eq!(read(&idle, "hunter2"), LineKind::Text);
    let token = format!("my token: fm2_{}", "a".repeat(200));
    assert_eq!(read(&idle, &token), LineKind::Secret(Some(Vendor::Fly)));
}

#[derive(Clone, Debug)]
enum RandomAction {
    Say(String),
    Tap(usize),
    TapJunk(String),
    Paste(usize),
    Check(usize),
    Progress(usize),
    End(usize),
    Find(usize),
    Pass(u64),
    Restart,
    LinkTold,
    NotTaken(usize),
    EraseFailed,
    FormReused,
    FormDeclined,
}

fn an_act() -> impl Strategy<Value = RandomAction> {
    let commands: Vec<String> = ChatCommand::ALL.iter().map(|c| format!("/{}", c.word())).collect();
    prop_oneof![
        4 => prop::sample::select(commands).prop_map(RandomAction::Say),
        2 => prop::sample::select(vec!["yes", "1", "2", "ams", "small", "back", "lab"])
            .prop_map(|line| RandomAction::Say(line.to_owned())),
        1 => any::<String>().prop_map(RandomAction::Say),
        8 => (0usize..9).prop_map(RandomAction::Tap),
        1 => any::<String>().prop_map(RandomAction::TapJunk),
        4 => (0usize..4).prop_map(RandomAction::Paste),
        6 => (0usize..9).prop_map(RandomAction::Check),
        2 => (0usize..4).prop_map(RandomAction::Progress),
        2 => (0usize..4).prop_map(RandomAction::End),
        1 => (0usize..3).prop_map(RandomAction::Find),
        1 => (0u64..45).prop_map(RandomAction::Pass),
        1 => Just(RandomAction::Restart),
        1 => Just(RandomAction::LinkTold),
        2 => (0usize..5).prop_map(RandomAction::NotTaken),
        1 => Just(RandomAction::EraseFailed),
        1 => Just(RandomAction::FormReused),
        1 => Just(RandomAction::FormDeclined),
    ]
}

/// Plays one act; true when it was the person's, who must get an answer.
fn play(ada: &mut ConversationWorld, act: RandomAction) -> bool {
    let run = ada.runs.first().map_or(ada.fresh.clone(), |run| run.spec.id.clone());
    match act {
        RandomAction::Say(line) => ada.says(&line),
        RandomAction::Tap(place) => {
            let id = ada.buttons.get(place).map_or("nothing".to_owned(), |(_, id)| id.clone());
            ada.event(Event::ButtonTapped(id));
        }
        RandomAction::TapJunk(id) => ada.event(Event::ButtonTapped(id)),
        RandomAction::Paste(which) => {
            let vendors =
                [None, Some(Vendor::Fly), Some(Vendor::Anthropic), Some(Vendor::Telegram)];
            ada.pastes(vendors[which]);
        }
        RandomAction::Check(which) => {
            check(ada, which);
            return false;
        }
        RandomAction::Progress(which) => {
            let (stage, mark) = [
                (Stage::Apps, StageStatus::Done),
                (Stage::Machines, StageStatus::ChangingRegion),
                (Stage::Storage, StageStatus::Pending),
                (Stage::Proof, StageStatus::Running),
            ][which];
            ada.event(Event::RunProgressed { run, update: StageUpdate { stage, status: mark } });
            return false;
        }
        RandomAction::End(which) => {
            let end = match which {
                0 => RunOutcome::Deployed { link: Some(SecretRef(99)) },
                1 => RunOutcome::Removed(Vec::new()),
                2 => stopped(FailureCause::TokenRefused),
                _ => stopped(FailureCause::NoCapacity),
            };
            ada.event(Event::RunEnded { run, end });
            return false;
        }
        RandomAction::Find(which) => {
            let result = match which {
                0 => Ok(Vec::new()),
                1 => Err(FailureCause::InDoubt),
                _ => Ok(ada
                    .runs
                    .iter()
                    .map(|run| FoundDeployment {
                        spec: Box::new(run.spec.clone()),
                        roles: vec![Role::Vm],
                    })
                    .collect()),
            };
            ada.event(Event::AccountSearched(result));
            return false;
        }
        RandomAction::Pass(minutes) => {
            ada.minutes_pass(minutes);
            return false;
        }
        RandomAction::Restart => {
            ada.bot_restarts();
            return false;
        }
        RandomAction::LinkTold => {
            ada.event(Event::LinkSent);
            return false;
        }
        RandomAction::NotTaken(which) => ada.event(
            [
                Event::ForwardedArrived,
                Event::UnsupportedArrived,
                Event::EditedTooLate,
                Event::SecretExposed(Exposure::Forwarded),
                Event::SecretExposed(Exposure::Edited),
            ][which]
                .clone(),
        ),
        RandomAction::EraseFailed => ada.event(Event::MessageDeleted {
            message: "1".into(),
            outcome: DeletionOutcome::Refused,
        }),
        RandomAction::FormReused => ada.event(Event::FormReused),
        RandomAction::FormDeclined => ada.event(Event::FormDeclined),
    }
    true
}

fn check(ada: &mut ConversationWorld, which: usize) {
    let secret = match &ada.state.phase {
        Phase::Asking { checking: Some(checking), .. } => checking.secret,
        _ => SecretRef(1),
    };
    let mut two = account(OrganisationStatus::Active);
    two.organisations.push(organisation("work", OrganisationStatus::Trial));
    let payment = OrganisationStatus::PaymentNeeded { link: "https://fly.io".into() };
    let result = match which {
        0 => Ok(CheckedCredential::Account(account(OrganisationStatus::Active))),
        1 => Ok(CheckedCredential::Account(two)),
        2 => Ok(CheckedCredential::Model),
        3 => Ok(CheckedCredential::Account(account(payment))),
        4 => Err(CredentialRejection::RefusedByVendor),
        6 => Ok(CheckedCredential::Chat(chat_account(&["@ada_bot"]))),
        7 => Ok(CheckedCredential::Chat(chat_account(&["+14155238886", "+49301234567"]))),
        8 => Ok(CheckedCredential::Chat(serving("@ada_bot", "old.example"))),
        _ => Err(CredentialRejection::VendorUnreachable),
    };
    ada.event(Event::CredentialChecked { secret, result });
}

proptest! {
    #[test]
    fn whatever_happens_the_person_is_answered_and_the_state_can_be_stored(
        acts in prop::collection::vec(an_act(), 1..60),
        on in prop::sample::select(&RelayChannel::ALL)
    ) {
        let mut ada = ConversationWorld::on(on);
        for act in acts {
            ada.unread.clear();
            let told = format!("{act:?}");
            if play(&mut ada, act) {
                was_answered(&ada, &told);
            }
            if ada.unread.iter().any(|it| matches!(it, Effect::Deploy { .. })) {
                ada.expects_deploy();
            }
        }
    }
}
