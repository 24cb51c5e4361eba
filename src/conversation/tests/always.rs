//! What holds in every state for every input.

use proptest::prelude::*;

use super::channels::serving;
use super::*;
use crate::conversation::choice::Command;
use crate::conversation::understand::{Reading, reading};

/// One conversation in each phase.
pub(super) fn every_phase() -> Vec<Ada> {
    let idle = Ada::new();
    let mut asking = Ada::new();
    asking.says("hi");
    let mut checking = Ada::new();
    checking.says("hi");
    checking.pastes(Vendor::Fly);
    let mut changing = Ada::at_the_review();
    changing.taps("Change an answer");
    let mut stopping = Ada::deploying();
    stopping.says("/cancel");
    let mut failed = Ada::deploying();
    failed.run_ends(stopped(Cause::NoRoom));
    let mut deployed = Ada::deploying();
    deployed.run_ends(RunEnd::Deployed { link: SecretRef(99) });
    let mut confirming = Ada::deploying();
    confirming.run_ends(RunEnd::Deployed { link: SecretRef(99) });
    confirming.says("/teardown");
    let mut choosing = Ada::deploying();
    choosing.run_ends(RunEnd::Deployed { link: SecretRef(99) });
    let mut second = choosing.runs[0].clone();
    second.spec.id = DeploymentId::from_random([5; 10]);
    choosing.runs.push(second);
    choosing.says("/teardown");
    let mut forgetting = Ada::new();
    forgetting.says("hi");
    forgetting.says("/forget");
    let mut finding = Ada::new();
    finding.says("/teardown");
    finding.pastes(Vendor::Fly);
    finding.token_is_good();
    let mut found = Ada::at_the_review();
    found.taps("Deploy");
    let spec = Box::new(found.expects_deploy());
    found.runs.clear();
    found.state.phase =
        Phase::ChoosingFound { found: vec![Found { spec, roles: vec![Role::Relay] }] };
    let mut keyless = Ada::on(RelayChannel::Telegram);
    keyless.asked_for_the_channel_key();
    let mut addresses = Ada::on(RelayChannel::WhatsApp);
    addresses.asked_for_the_channel_key();
    addresses.pastes(Vendor::Twilio);
    addresses.chat_is(Ok(chat_account(&["+14155238886", "+49301234567"])));
    let mut taken = Ada::on(RelayChannel::Telegram);
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
        Ada::at_the_review(),
        changing,
        Ada::deploying(),
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
pub(super) fn was_answered(ada: &Ada, input: &str) {
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
        for command in Command::ALL {
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
            ada.event(Event::Tapped(format!("/{word}")));
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
            ada.event(Event::Tapped(id));
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
    let mut ada = Ada::new();
    ada.says("hi");
    let read = |ada: &Ada, line: &str| {
        let context = Context {
            now_ms: ada.now_ms,
            locale: ada.locale(),
            capabilities: &ada.capabilities,
            clouds: CLOUDS,
            person: "4711",
            channels: ada.channels,
            agents: ada.agents,
            offers: &ada.offers,
            held: &ada.held,
            runs: &ada.runs,
            is_known: true,
            removed: 0,
            begun: &ada.begun,
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
        assert_eq!(read(&ada, line), Reading::Line, "{line}");
    }
    for line in ["", "hunter2", "/unknown", "FlyV1 whatever"] {
        assert!(matches!(read(&ada, line), Reading::Secret(_)), "{line}");
    }
    let idle = Ada::new();
    assert_eq!(read(&idle, "hunter2"), Reading::Line);
    let token = format!("my token: fm2_{}", "a".repeat(200));
    assert_eq!(read(&idle, &token), Reading::Secret(Some(Vendor::Fly)));
}

#[derive(Clone, Debug)]
enum Act {
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

fn an_act() -> impl Strategy<Value = Act> {
    let commands: Vec<String> = Command::ALL.iter().map(|c| format!("/{}", c.word())).collect();
    prop_oneof![
        4 => prop::sample::select(commands).prop_map(Act::Say),
        2 => prop::sample::select(vec!["yes", "1", "2", "ams", "small", "back", "lab"])
            .prop_map(|line| Act::Say(line.to_owned())),
        1 => any::<String>().prop_map(Act::Say),
        8 => (0usize..9).prop_map(Act::Tap),
        1 => any::<String>().prop_map(Act::TapJunk),
        4 => (0usize..4).prop_map(Act::Paste),
        6 => (0usize..9).prop_map(Act::Check),
        2 => (0usize..4).prop_map(Act::Progress),
        2 => (0usize..4).prop_map(Act::End),
        1 => (0usize..3).prop_map(Act::Find),
        1 => (0u64..45).prop_map(Act::Pass),
        1 => Just(Act::Restart),
        1 => Just(Act::LinkTold),
        2 => (0usize..5).prop_map(Act::NotTaken),
        1 => Just(Act::EraseFailed),
        1 => Just(Act::FormReused),
        1 => Just(Act::FormDeclined),
    ]
}

/// Plays one act; true when it was the person's, who must get an answer.
fn play(ada: &mut Ada, act: Act) -> bool {
    let run = ada.runs.first().map_or(ada.fresh.clone(), |run| run.spec.id.clone());
    match act {
        Act::Say(line) => ada.says(&line),
        Act::Tap(place) => {
            let id = ada.buttons.get(place).map_or("nothing".to_owned(), |(_, id)| id.clone());
            ada.event(Event::Tapped(id));
        }
        Act::TapJunk(id) => ada.event(Event::Tapped(id)),
        Act::Paste(which) => {
            let vendors =
                [None, Some(Vendor::Fly), Some(Vendor::Anthropic), Some(Vendor::Telegram)];
            ada.pastes(vendors[which]);
        }
        Act::Check(which) => {
            check(ada, which);
            return false;
        }
        Act::Progress(which) => {
            let (stage, mark) = [
                (Stage::Apps, Mark::Done),
                (Stage::Machines, Mark::Moving),
                (Stage::Storage, Mark::Ahead),
                (Stage::Proof, Mark::Started),
            ][which];
            ada.event(Event::Progressed { run, stage, mark });
            return false;
        }
        Act::End(which) => {
            let end = match which {
                0 => RunEnd::Deployed { link: SecretRef(99) },
                1 => RunEnd::Removed(Vec::new()),
                2 => stopped(Cause::TokenRefused),
                _ => stopped(Cause::NoRoom),
            };
            ada.event(Event::Ended { run, end });
            return false;
        }
        Act::Find(which) => {
            let result = match which {
                0 => Ok(Vec::new()),
                1 => Err(Cause::InDoubt),
                _ => Ok(ada
                    .runs
                    .iter()
                    .map(|run| Found { spec: Box::new(run.spec.clone()), roles: vec![Role::Vm] })
                    .collect()),
            };
            ada.event(Event::Found(result));
            return false;
        }
        Act::Pass(minutes) => {
            ada.minutes_pass(minutes);
            return false;
        }
        Act::Restart => {
            ada.bot_restarts();
            return false;
        }
        Act::LinkTold => {
            ada.event(Event::LinkTold);
            return false;
        }
        Act::NotTaken(which) => ada.event(
            [
                Event::ForwardedArrived,
                Event::UnsupportedArrived,
                Event::EditedTooLate,
                Event::SecretExposed(Exposure::Forwarded),
                Event::SecretExposed(Exposure::Edited),
            ][which]
                .clone(),
        ),
        Act::EraseFailed => {
            ada.event(Event::Erased { message: "1".into(), outcome: Erasure::Refused })
        }
        Act::FormReused => ada.event(Event::FormReused),
        Act::FormDeclined => ada.event(Event::FormDeclined),
    }
    true
}

fn check(ada: &mut Ada, which: usize) {
    let secret = match &ada.state.phase {
        Phase::Asking { checking: Some(checking), .. } => checking.secret,
        _ => SecretRef(1),
    };
    let mut two = account(Standing::Good);
    two.organisations.push(organisation("work", Standing::Trial));
    let payment = Standing::PaymentNeeded { link: "https://fly.io".into() };
    let result = match which {
        0 => Ok(Opened::Account(account(Standing::Good))),
        1 => Ok(Opened::Account(two)),
        2 => Ok(Opened::Model),
        3 => Ok(Opened::Account(account(payment))),
        4 => Err(Rejection::Refused),
        6 => Ok(Opened::Chat(chat_account(&["@ada_bot"]))),
        7 => Ok(Opened::Chat(chat_account(&["+14155238886", "+49301234567"]))),
        8 => Ok(Opened::Chat(serving("@ada_bot", "old.example"))),
        _ => Err(Rejection::OutOfReach),
    };
    ada.event(Event::Checked { secret, result });
}

proptest! {
    #[test]
    fn whatever_happens_the_person_is_answered_and_the_state_can_be_stored(
        acts in prop::collection::vec(an_act(), 1..60), on in prop::sample::select(&RelayChannel::ALL)
    ) {
        let mut ada = Ada::on(on);
        for act in acts {
            ada.unread.clear();
            let told = format!("{act:?}");
            if play(&mut ada, act) {
                was_answered(&ada, &told);
            }
            if let Some(Effect::Deploy { .. }) = ada.unread.iter().find(|it| matches!(it, Effect::Deploy { .. })) {
                ada.expects_deploy();
            }
        }
    }
}
