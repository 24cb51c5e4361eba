use super::*;
use crate::spec::{
    AgentKind, CloudKind, DeploymentId, DeploymentName, Images, MachineSize, RelayChannel, Spec,
};

const APP: StepId = StepId::new("app");
const VOLUME: StepId = StepId::new("volume");
const KEYS: StepId = StepId::new("keys");

fn spec() -> Spec {
    Spec {
        id: DeploymentId::from_random([7; DeploymentId::LENGTH]),
        name: DeploymentName::nearest_to("ada"),
        cloud: CloudKind::Fly,
        organisation: "personal".to_owned(),
        regions: ["ams", "lhr"].map(region).to_vec(),
        size: MachineSize::Small,
        vm_volume_gb: 3,
        channel: RelayChannel::Web,
        owner: RelayChannel::link_holder(),
        address: None,
        locale: String::new(),
        agent: AgentKind::Shell,
        daily_tokens: Spec::DAILY_TOKENS,
        images: Images {
            relay: format!("relay@sha256:{}", "1".repeat(64)),
            vm: format!("vm@sha256:{}", "2".repeat(64)),
        },
    }
}

fn region(word: &str) -> Region {
    Region::try_from(word.to_owned()).unwrap()
}

fn opened() -> JournalEntry {
    JournalEntry::Created { spec: Box::new(spec()) }
}

fn intended(step: StepId, action: StepAction) -> JournalEntry {
    JournalEntry::Intended { step, action }
}

fn done(step: StepId, action: StepAction) -> JournalEntry {
    let id = format!("{step}-1");
    JournalEntry::Done { step, action, facts: Facts::from([("id".to_owned(), id)]) }
}

fn failed(step: StepId, action: StepAction, cause: FailureKind) -> JournalEntry {
    JournalEntry::Failed { step, action, cause }
}

fn in_doubt(step: StepId, action: StepAction) -> JournalEntry {
    JournalEntry::InDoubt { step, action }
}

/// A life with a doubt, a full region, a deployment and its removal.
fn a_long_life() -> Vec<JournalEntry> {
    use StepAction::{Create, Delete, HandOver};
    vec![
        opened(),
        intended(APP, Create),
        in_doubt(APP, Create),
        intended(APP, Create),
        done(APP, Create),
        intended(KEYS, HandOver),
        intended(VOLUME, Create),
        done(KEYS, HandOver),
        failed(VOLUME, Create, FailureKind::NoCapacity),
        done(VOLUME, Delete),
        JournalEntry::RegionChanged { region: region("lhr") },
        intended(VOLUME, Create),
        done(VOLUME, Create),
        JournalEntry::Ended { end: RunEnd::Deployed },
        intended(KEYS, HandOver),
        done(KEYS, HandOver),
        JournalEntry::Ended { end: RunEnd::Deployed },
        JournalEntry::NotListed { step: APP },
        JournalEntry::TeardownStarted,
        intended(VOLUME, Delete),
        in_doubt(VOLUME, Delete),
        intended(VOLUME, Delete),
        intended(VOLUME, Delete),
        done(VOLUME, Delete),
        JournalEntry::Ended { end: RunEnd::Stuck },
        JournalEntry::TeardownStarted,
        intended(APP, Delete),
        done(APP, Delete),
        JournalEntry::Ended { end: RunEnd::Removed },
        JournalEntry::TeardownStarted,
        JournalEntry::Ended { end: RunEnd::Removed },
    ]
}

#[test]
fn each_prefix_of_a_legal_journal_is_a_legal_state() {
    let life = a_long_life();
    for length in 1..=life.len() {
        assert!(Run::replay(&life[..length]).is_ok(), "the first {length} entries");
    }
}

#[test]
fn a_replay_tells_what_is_known_of_each_step() {
    let life = a_long_life();
    let after = |length| Run::replay(&life[..length]).unwrap();
    let facts = |id: &str| Facts::from([("id".to_owned(), id.to_owned())]);

    assert_eq!(after(1).state(&APP), StepState::Untouched);
    assert_eq!(after(2).state(&APP), StepState::Intended(StepAction::Create));
    assert_eq!(after(2).open_intents().count(), 1);
    assert_eq!(after(3).state(&APP), StepState::InDoubt);
    assert_eq!(after(5).state(&APP), StepState::Done(facts("app-1")));
    assert_eq!(after(9).state(&VOLUME), StepState::Failed);
    assert_eq!(after(10).state(&VOLUME), StepState::Absent);
    assert_eq!(after(21).facts()[&VOLUME], facts("volume-1"), "until it is seen to be gone");
    assert_eq!(after(24).facts().get(&VOLUME), None);
}

#[test]
fn a_create_stays_in_doubt_until_it_is_seen_or_known_to_be_gone() {
    let mut run = Run::replay(&a_long_life()[..3]).unwrap();
    assert!(run.is_create_unconfirmed(&APP));

    for entry in [
        intended(APP, StepAction::Create),
        failed(APP, StepAction::Create, FailureKind::RetryLater),
    ] {
        run.apply(&entry).unwrap();
        assert!(run.is_create_unconfirmed(&APP), "the first one may still have happened");
    }
    run.apply(&intended(APP, StepAction::Create)).unwrap();
    run.apply(&done(APP, StepAction::Create)).unwrap();
    assert!(run.is_create_unconfirmed(&APP), "one of the two made it, and the other may come late");
    run.apply(&done(APP, StepAction::Delete)).unwrap();
    assert!(!run.is_create_unconfirmed(&APP));
}

#[test]
fn what_is_missed_is_made_anew_and_what_was_known_of_it_is_kept() {
    let made = [opened(), intended(APP, StepAction::Create), done(APP, StepAction::Create)];
    let mut run = Run::replay(&made).unwrap();
    run.apply(&JournalEntry::NotListed { step: APP }).unwrap();

    assert_eq!(run.state(&APP), StepState::InDoubt);
    assert!(run.facts().contains_key(&APP), "nobody has seen it gone");
    assert!(!run.is_create_unconfirmed(&APP), "its create was answered");
    assert!(run.apply(&intended(APP, StepAction::Create)).is_ok());
}

#[test]
fn a_full_region_is_remembered_until_the_run_moves() {
    let life = a_long_life();
    let after = |length| Run::replay(&life[..length]).unwrap();

    assert!(!after(8).is_region_full());
    assert!(after(9).is_region_full());
    assert_eq!(*after(9).region(), region("ams"));
    assert!(!after(11).is_region_full());
    assert_eq!(*after(11).region(), region("lhr"));
}

#[test]
fn a_run_that_was_once_proven_is_so_for_ever() {
    let life = a_long_life();
    let after = |length| Run::replay(&life[..length]).unwrap();

    assert!(!after(13).was_proven());
    for length in 14..=life.len() {
        assert!(after(length).was_proven(), "the first {length} entries");
    }
}

#[test]
fn an_adopted_run_assumes_that_everything_may_exist() {
    let mut run = Run::replay(&[opened(), JournalEntry::Adopted]).unwrap();

    assert_eq!(run.state(&VOLUME), StepState::InDoubt);
    assert!(run.is_create_unconfirmed(&VOLUME));
    assert!(run.apply(&intended(VOLUME, StepAction::Create)).is_err());
    assert!(run.apply(&intended(VOLUME, StepAction::Delete)).is_ok());
}

#[test]
fn what_no_run_can_have_written_is_refused() {
    use StepAction::{Create, Delete, HandOver};
    let cases = [
        vec![],
        vec![JournalEntry::TeardownStarted],
        vec![opened(), opened()],
        vec![opened(), done(APP, Create)],
        vec![opened(), in_doubt(APP, Create)],
        vec![opened(), intended(APP, Delete)],
        vec![opened(), intended(APP, Create), intended(APP, Create)],
        vec![opened(), intended(APP, Create), intended(APP, Delete)],
        vec![opened(), intended(APP, Create), failed(APP, Delete, FailureKind::RetryLater)],
        vec![opened(), intended(APP, Create), JournalEntry::Ended { end: RunEnd::Deployed }],
        vec![opened(), intended(APP, Create), done(APP, Create), intended(APP, Create)],
        vec![opened(), JournalEntry::TeardownStarted, intended(KEYS, HandOver)],
        vec![
            opened(),
            JournalEntry::TeardownStarted,
            JournalEntry::RegionChanged { region: region("lhr") },
        ],
        vec![
            opened(),
            JournalEntry::TeardownStarted,
            JournalEntry::Ended { end: RunEnd::Deployed },
        ],
        vec![opened(), JournalEntry::Ended { end: RunEnd::Removed }],
        vec![
            opened(),
            JournalEntry::TeardownStarted,
            JournalEntry::Ended { end: RunEnd::Removed },
            intended(APP, Delete),
        ],
        vec![opened(), intended(APP, Create), JournalEntry::Adopted],
        vec![opened(), JournalEntry::NotListed { step: APP }],
        vec![opened(), intended(APP, Create), JournalEntry::NotListed { step: APP }],
    ];
    for entries in cases {
        let refused = Run::replay(&entries).unwrap_err();
        assert_eq!(refused.seq, entries.len().saturating_sub(1), "{entries:?}");
    }
}

#[test]
fn every_entry_survives_being_stored() {
    for entry in a_long_life() {
        let stored = serde_json::to_string(&entry).unwrap();
        assert_eq!(serde_json::from_str::<JournalEntry>(&stored).unwrap(), entry);
    }
}

/// Journals that the build of commit 10452c7 wrote: one of a run that changed its region, one of a
/// removal by two processes.
const STORED: [&str; 2] =
    [include_str!("tests/moved.jsonl"), include_str!("tests/removed-by-two.jsonl")];

#[test]
fn a_journal_of_an_earlier_build_is_read_and_would_be_written_the_same() {
    for stored in STORED {
        let mut entries = Vec::<JournalEntry>::new();
        for line in stored.lines() {
            let entry = serde_json::from_str(line).unwrap_or_else(|why| panic!("{why}: {line}"));
            assert_eq!(serde_json::to_string(&entry).unwrap(), line);
            entries.push(entry);
            Run::replay(&entries).unwrap();
        }
        let run = Run::replay(&entries).unwrap();
        assert_eq!(run.end(), Some(RunEnd::Removed));
    }
}
