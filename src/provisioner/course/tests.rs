use proptest::prelude::*;

use super::*;
use crate::cloud::Observation;
use crate::journal::Entry;
use crate::plan::{ID, Stage};
use crate::spec::{AgentKind, CloudKind, DeploymentId, Images, Name, RelayChannel, Size, Spec};

const APP: StepId = StepId::new("app");
const KEYS: StepId = StepId::new("keys");
const VOLUME: StepId = StepId::new("volume");
const MACHINE: StepId = StepId::new("machine");
const HEALTHY: StepId = StepId::new("healthy");

fn plan() -> Plan {
    let resource =
        |placed, unique| StepKind::Resource { undo: Undo::Delete, placed, costs: placed, unique };
    let step = |id: StepId, kind, needs: &[StepId]| Step {
        id,
        kind,
        needs: needs.to_vec(),
        role: None,
        stage: Stage::Apps,
    };
    Plan::new(vec![
        step(APP, resource(false, true), &[]),
        step(KEYS, StepKind::Handover { with: APP }, &[APP]),
        step(VOLUME, resource(true, false), &[APP]),
        step(MACHINE, resource(true, true), &[KEYS, VOLUME]),
        step(HEALTHY, StepKind::Gate { patience_ms: 2 * SETTLE_MS }, &[MACHINE]),
    ])
}

fn opened() -> Entry {
    let region = |word: &str| Region::try_from(word.to_owned()).unwrap();
    let spec = Spec {
        id: DeploymentId::from_random([7; DeploymentId::LENGTH]),
        name: Name::near("ada"),
        cloud: CloudKind::Fly,
        organisation: "personal".to_owned(),
        regions: vec![region("ams"), region("lhr")],
        size: Size::Small,
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
    };
    Entry::Opened { spec: Box::new(spec) }
}

/// A course and its journal, without a cloud: the test says what each call answers.
struct Drive {
    course: Course,
    journal: Vec<Entry>,
    now_ms: u64,
}

impl Drive {
    fn new(journal: Vec<Entry>) -> Self {
        let run = Run::replay(&journal).unwrap();
        let mut drive = Self { course: Course::new(plan(), run), journal, now_ms: 0 };
        drive.write(drive.course.doubts());
        drive
    }

    fn write(&mut self, entries: Vec<Entry>) {
        for entry in entries {
            self.course.apply(&entry).unwrap();
            self.journal.push(entry);
        }
    }

    fn begin(&mut self, id: &StepId, what: &Move) {
        self.write(Course::intent(id, what).into_iter().collect());
        self.course.begin(id, what, self.now_ms);
    }

    fn absorb(&mut self, id: &StepId, answer: Answer) {
        let at = Moment { now_ms: self.now_ms, jitter: 255 };
        let entries = self.course.absorb(id, answer, at);
        self.write(entries);
    }

    /// What comes next once every pause is over.
    fn next(&mut self) -> Next {
        match self.course.next(self.now_ms) {
            Next::Wait { until_ms: Some(until_ms) } => {
                assert!(until_ms > self.now_ms, "a pause that is over is no pause");
                self.now_ms = until_ms;
                self.course.next(self.now_ms)
            }
            next => next,
        }
    }

    /// The only move that comes next, begun.
    fn only(&mut self) -> (StepId, Move) {
        let Next::Go(mut moves) = self.next() else { panic!("nothing to do") };
        assert_eq!(moves.len(), 1, "{moves:?}");
        let (id, what) = moves.swap_remove(0);
        self.begin(&id, &what);
        (id, what)
    }

    /// The app is made; the keys and the volume are next.
    fn with_an_app() -> Self {
        let mut drive = Self::new(vec![opened()]);
        assert_eq!(drive.only(), (APP, Move::Create));
        drive.absorb(&APP, Answer::Created(Ok(Facts::new())));
        drive
    }
}

fn facts(id: &str) -> Facts {
    Facts::from([(ID.to_owned(), id.to_owned())])
}

#[test]
fn all_that_is_ready_goes_at_once_and_nothing_before_what_it_needs() {
    let mut drive = Drive::with_an_app();

    let Next::Go(moves) = drive.next() else { panic!("nothing to do") };

    assert_eq!(moves, [(KEYS, Move::HandOver), (VOLUME, Move::Create)]);
}

#[test]
fn a_doubtful_create_of_a_unique_name_is_looked_for_and_then_repeated() {
    let mut drive = Drive::new(vec![opened()]);
    drive.only();
    drive.absorb(&APP, Answer::Created(Err(Cause::InDoubt)));

    assert_eq!(drive.only(), (APP, Move::Observe));
    drive.absorb(&APP, Answer::Observed(Ok(Observation::Absent)));
    assert_eq!(drive.only(), (APP, Move::Create));
    assert!(drive.now_ms < SETTLE_MS);
}

#[test]
fn a_doubtful_create_without_a_unique_name_is_not_repeated_before_it_must_have_appeared() {
    let mut drive = Drive::with_an_app();
    drive.begin(&KEYS, &Move::HandOver);
    drive.begin(&VOLUME, &Move::Create);
    drive.absorb(&VOLUME, Answer::Created(Err(Cause::InDoubt)));

    loop {
        let (id, what) = drive.only();
        assert_eq!(id, VOLUME);
        if what == Move::Create {
            break;
        }
        assert_eq!(what, Move::Observe);
        drive.absorb(&VOLUME, Answer::Observed(Ok(Observation::Absent)));
    }
    assert!(drive.now_ms >= SETTLE_MS);
}

#[test]
fn a_process_that_died_in_a_create_looks_before_it_acts() {
    let intended = Entry::Intended { step: APP, action: crate::journal::Action::Create };
    let mut drive = Drive::new(vec![opened(), intended]);

    assert_eq!(drive.only(), (APP, Move::Observe));
}

#[test]
fn of_two_the_one_in_use_is_kept() {
    let mut drive = Drive::with_an_app();
    drive.begin(&KEYS, &Move::HandOver);
    drive.absorb(&KEYS, Answer::HandedOver(Ok(Facts::new())));
    drive.begin(&VOLUME, &Move::Create);
    drive.absorb(&VOLUME, Answer::Created(Ok(facts("b"))));
    assert_eq!(drive.only(), (MACHINE, Move::Create));
    drive.absorb(&MACHINE, Answer::Created(Ok(facts("m"))));
    let Next::Go(moves) = drive.next() else { panic!("nothing to do") };
    assert_eq!(moves, [(VOLUME, Move::Observe), (HEALTHY, Move::Pass)]);
    drive.begin(&VOLUME, &Move::Observe);
    drive.begin(&HEALTHY, &Move::Pass);

    let two = vec![facts("a"), facts("b")];
    drive.absorb(&VOLUME, Answer::Observed(Ok(Observation::Present(two))));

    assert_eq!(drive.only(), (VOLUME, Move::Delete(facts("a"))));
}

#[test]
fn a_gate_whose_ground_stays_missing_is_asked_no_longer_than_a_list_may_lag() {
    let mut drive = Drive::with_an_app();
    drive.begin(&KEYS, &Move::HandOver);
    drive.absorb(&KEYS, Answer::HandedOver(Ok(Facts::new())));
    drive.begin(&VOLUME, &Move::Create);
    drive.absorb(&VOLUME, Answer::Created(Ok(facts("v"))));
    drive.begin(&VOLUME, &Move::Observe);
    drive.absorb(&VOLUME, Answer::Observed(Ok(Observation::Present(vec![facts("v")]))));
    assert_eq!(drive.only(), (MACHINE, Move::Create));
    drive.absorb(&MACHINE, Answer::Created(Ok(facts("m"))));

    let stopped = loop {
        match drive.next() {
            Next::Go(moves) => {
                assert_eq!(moves, [(HEALTHY, Move::Pass)]);
                drive.begin(&HEALTHY, &Move::Pass);
                drive.absorb(&HEALTHY, Answer::Passed(Err(Cause::Missing)));
            }
            stopped => break stopped,
        }
    };

    assert_eq!(stopped, Next::Stop { step: HEALTHY, cause: Cause::Missing });
    assert!((SETTLE_MS..SETTLE_MS + 5_000).contains(&drive.now_ms), "{}", drive.now_ms);
}

#[test]
fn once_proven_a_run_deletes_no_volume_beside_its_own() {
    use Observation::{Outdated, Present};
    let cases = [
        (Present(vec![facts("restored"), facts("v")]), Some("v")),
        (Outdated(vec![facts("restored"), facts("v")]), Some("v")),
        (Present(vec![facts("restored"), facts("another")]), Some("restored")),
        (Outdated(vec![facts("restored")]), None),
    ];
    for (seen, held) in cases {
        let mut drive = Drive::with_an_app();
        drive.begin(&VOLUME, &Move::Create);
        drive.absorb(&VOLUME, Answer::Created(Ok(facts("v"))));
        drive.write(vec![Entry::Ended { end: crate::journal::End::Deployed }]);
        let mut drive = Drive::new(drive.journal);
        assert_eq!(drive.only(), (APP, Move::Observe));
        drive.absorb(&APP, Answer::Observed(Ok(Present(vec![facts("a")]))));
        drive.begin(&KEYS, &Move::HandOver);

        let made = loop {
            let now_ms = drive.now_ms;
            match drive.course.next(now_ms) {
                Next::Wait { until_ms: None } => break None,
                Next::Wait { until_ms: Some(until_ms) } => drive.now_ms = until_ms,
                Next::Go(moves) if moves == [(VOLUME, Move::Observe)] => {
                    drive.begin(&VOLUME, &Move::Observe);
                    drive.absorb(&VOLUME, Answer::Observed(Ok(seen.clone())));
                }
                next => break Some(next),
            }
        };

        match held {
            Some(id) => {
                assert_eq!((made, drive.course.known()[&VOLUME].clone()), (None, facts(id)))
            }
            None => assert_eq!(made, Some(Next::Go(vec![(VOLUME, Move::Create)]))),
        }
    }
}

#[test]
fn a_wait_that_the_vendor_asks_for_is_kept_within_a_bound() {
    for (asked_ms, kept) in [(60_000, true), (RETRY_AFTER_MAX_MS + 1, false)] {
        let mut drive = Drive::new(vec![opened()]);
        drive.only();
        let later = Cause::Later { after_ms: Some(asked_ms) };
        drive.absorb(&APP, Answer::Created(Err(later)));

        match drive.course.next(0) {
            Next::Wait { until_ms: Some(until_ms) } => assert!(kept && until_ms >= asked_ms),
            next => assert_eq!((next, kept), (Next::Stop { step: APP, cause: later }, false)),
        }
    }
}

#[test]
fn what_only_a_person_can_mend_stops_the_run_when_all_in_flight_is_back() {
    let mut drive = Drive::with_an_app();
    drive.begin(&KEYS, &Move::HandOver);
    drive.begin(&VOLUME, &Move::Create);
    drive.absorb(&KEYS, Answer::HandedOver(Err(Cause::TokenRefused)));

    assert_eq!(drive.course.next(0), Next::Wait { until_ms: None });
    drive.absorb(&VOLUME, Answer::Created(Ok(facts("v"))));

    assert_eq!(drive.course.next(0), Next::Stop { step: KEYS, cause: Cause::TokenRefused });
}

#[test]
fn a_removal_goes_backwards_and_looks_again_at_the_end() {
    let mut drive = Drive::with_an_app();
    drive.begin(&VOLUME, &Move::Create);
    drive.absorb(&VOLUME, Answer::Created(Ok(facts("v"))));
    let mut drive = Drive::new(drive.journal);
    drive.write(vec![Entry::Turned]);

    let mut there = BTreeMap::from([(APP, facts("a")), (VOLUME, facts("v"))]);
    let mut deleted = Vec::new();
    let mut looks = 0;
    loop {
        let moves = match drive.next() {
            Next::Go(moves) => moves,
            Next::Reached => break,
            next => panic!("{next:?}"),
        };
        for (id, what) in moves {
            drive.begin(&id, &what);
            let answer = match what {
                Move::Delete(_) => {
                    there.remove(&id);
                    deleted.push(id.clone());
                    looks = 0;
                    Answer::Deleted(Ok(()))
                }
                _ => {
                    looks += 1;
                    let seen = there.get(&id).cloned().map(|facts| vec![facts]);
                    Answer::Observed(Ok(seen.map_or(Observation::Absent, Observation::Present)))
                }
            };
            drive.absorb(&id, answer);
        }
    }
    assert_eq!(deleted, [VOLUME, APP]);
    assert_eq!(looks, 3, "the app is gone, and then both are looked for once more");
}

/// An answer drawn from everything that a cloud can say.
fn answer(what: &Move, draw: u8) -> Answer {
    const CAUSES: [Cause; 6] = [
        Cause::InDoubt,
        Cause::Later { after_ms: None },
        Cause::Later { after_ms: Some(5_000) },
        Cause::Missing,
        Cause::Taken,
        Cause::NoRoom,
    ];
    let cause = CAUSES[usize::from(draw / 2) % CAUSES.len()];
    let fails = draw % 2 == 1;
    let said = |facts| if fails { Err(cause) } else { Ok(facts) };
    match what {
        Move::Create => Answer::Created(said(facts("one"))),
        Move::HandOver => Answer::HandedOver(said(Facts::new())),
        Move::Delete(_) => Answer::Deleted(if fails { Err(cause) } else { Ok(()) }),
        Move::Pass if draw.is_multiple_of(4) => Answer::Passed(Ok(None)),
        Move::Pass => Answer::Passed(said(Facts::new()).map(Some)),
        Move::Observe => Answer::Observed(match draw % 7 {
            0 | 1 => Ok(Observation::Absent),
            2 => Ok(Observation::Leaving),
            3 => Ok(Observation::Outdated(vec![facts("old")])),
            4 => Ok(Observation::Present(vec![facts("one"), facts("two")])),
            5 => Ok(Observation::Present(vec![facts("one")])),
            _ => Err(cause),
        }),
    }
}

proptest! {
    /// Whatever the cloud says: every drive ends, its journal is legal, and no create is repeated
    /// without a look in between.
    #[test]
    fn any_answers_lead_to_an_end(
        draws in prop::collection::vec(any::<u8>(), 64),
        turns in any::<bool>(),
        dies_after in 0..40_usize,
    ) {
        let mut drive = Drive::new(vec![opened()]);
        let mut looked: BTreeMap<StepId, bool> = BTreeMap::new();
        let mut draws = draws.into_iter().cycle();
        for round in 0..2_000 {
            if round == dies_after {
                drive = Drive::new(drive.journal);
                if turns {
                    drive.write(vec![Entry::Turned]);
                }
            }
            let moves = match drive.next() {
                Next::Go(moves) => moves,
                Next::Place(region) => {
                    drive.write(vec![Entry::Placed { region }]);
                    continue;
                }
                Next::Wait { .. } => continue,
                Next::Reached | Next::Stop { .. } => {
                    if round < dies_after {
                        continue;
                    }
                    return Ok(());
                }
            };
            for (id, what) in &moves {
                if *what == Move::Create {
                    prop_assert!(looked.insert(id.clone(), false).unwrap_or(true), "{id}");
                }
                drive.begin(id, what);
            }
            for (id, what) in &moves {
                if *what == Move::Observe {
                    looked.insert(id.clone(), true);
                }
                drive.absorb(id, answer(what, draws.next().unwrap_or_default()));
                prop_assert!(Run::replay(&drive.journal).is_ok());
            }
        }
        prop_assert!(false, "it goes on for ever");
    }
}
