use proptest::prelude::*;

use super::*;
use crate::cloud::Observation;
use crate::journal::JournalEntry;
use crate::plan::{ID, Stage};
use crate::spec::{
    AgentKind, CloudKind, DeploymentId, DeploymentName, Images, MachineSize, RelayChannel, Spec,
};

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

fn opened() -> JournalEntry {
    let region = |word: &str| Region::try_from(word.to_owned()).unwrap();
    let spec = Spec {
        id: DeploymentId::from_random([7; DeploymentId::LENGTH]),
        name: DeploymentName::nearest_to("ada"),
        cloud: CloudKind::Fly,
        organisation: "personal".to_owned(),
        regions: vec![region("ams"), region("lhr")],
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
    };
    JournalEntry::Created { spec: Box::new(spec) }
}

/// A reconciler and its journal, without a cloud: the test chooses the answer of each call.
struct ReconcilerWorld {
    reconciler: Reconciler,
    journal: Vec<JournalEntry>,
    now_ms: u64,
}

impl ReconcilerWorld {
    fn new(journal: Vec<JournalEntry>) -> Self {
        let run = Run::replay(&journal).unwrap();
        let mut drive = Self { reconciler: Reconciler::new(plan(), run), journal, now_ms: 0 };
        drive.write(drive.reconciler.unconfirmed_entries());
        drive
    }

    fn write(&mut self, entries: Vec<JournalEntry>) {
        for entry in entries {
            self.reconciler.apply(&entry).unwrap();
            self.journal.push(entry);
        }
    }

    fn start_call(&mut self, id: &StepId, call: &StepCall) {
        self.write(Reconciler::intent(id, call).into_iter().collect());
        self.reconciler.start_call(id, call, self.now_ms);
    }

    fn record_result(&mut self, id: &StepId, answer: CallResult) {
        let at = ResultTime { now_ms: self.now_ms, jitter: 255 };
        let entries = self.reconciler.record_result(id, answer, at);
        self.write(entries);
    }

    /// The next decision once every pause is over.
    fn next(&mut self) -> Decision {
        match self.reconciler.next(self.now_ms) {
            Decision::Wait { until_ms: Some(until_ms) } => {
                assert!(until_ms > self.now_ms, "a pause that is over is no pause");
                self.now_ms = until_ms;
                self.reconciler.next(self.now_ms)
            }
            next => next,
        }
    }

    /// The only move that comes next, begun.
    fn only(&mut self) -> (StepId, StepCall) {
        let Decision::Start(mut moves) = self.next() else { panic!("nothing to do") };
        assert_eq!(moves.len(), 1, "{moves:?}");
        let (id, call) = moves.swap_remove(0);
        self.start_call(&id, &call);
        (id, call)
    }

    /// The app is made; the keys and the volume are next.
    fn with_an_app() -> Self {
        let mut drive = Self::new(vec![opened()]);
        assert_eq!(drive.only(), (APP, StepCall::Create));
        drive.record_result(&APP, CallResult::Created(Ok(Facts::new())));
        drive
    }
}

fn facts(id: &str) -> Facts {
    Facts::from([(ID.to_owned(), id.to_owned())])
}

#[test]
fn every_ready_step_starts_at_once_and_none_before_its_dependencies() {
    let mut drive = ReconcilerWorld::with_an_app();

    let Decision::Start(moves) = drive.next() else { panic!("nothing to do") };

    assert_eq!(moves, [(KEYS, StepCall::HandOver), (VOLUME, StepCall::Create)]);
}

#[test]
fn a_doubtful_create_of_a_unique_name_is_looked_for_and_then_repeated() {
    let mut drive = ReconcilerWorld::new(vec![opened()]);
    drive.only();
    drive.record_result(&APP, CallResult::Created(Err(FailureCause::InDoubt)));

    assert_eq!(drive.only(), (APP, StepCall::Observe));
    drive.record_result(&APP, CallResult::Observed(Ok(Observation::Absent)));
    assert_eq!(drive.only(), (APP, StepCall::Create));
    assert!(drive.now_ms < SETTLE_MS);
}

#[test]
fn a_doubtful_create_without_a_unique_name_is_not_repeated_before_it_must_have_appeared() {
    let mut drive = ReconcilerWorld::with_an_app();
    drive.start_call(&KEYS, &StepCall::HandOver);
    drive.start_call(&VOLUME, &StepCall::Create);
    drive.record_result(&VOLUME, CallResult::Created(Err(FailureCause::InDoubt)));

    loop {
        let (id, call) = drive.only();
        assert_eq!(id, VOLUME);
        if call == StepCall::Create {
            break;
        }
        assert_eq!(call, StepCall::Observe);
        drive.record_result(&VOLUME, CallResult::Observed(Ok(Observation::Absent)));
    }
    assert!(drive.now_ms >= SETTLE_MS);
}

#[test]
fn a_process_that_died_in_a_create_looks_before_it_acts() {
    let intended = JournalEntry::Intended { step: APP, action: crate::journal::StepAction::Create };
    let mut drive = ReconcilerWorld::new(vec![opened(), intended]);

    assert_eq!(drive.only(), (APP, StepCall::Observe));
}

#[test]
fn the_duplicate_in_use_is_kept() {
    let mut drive = ReconcilerWorld::with_an_app();
    drive.start_call(&KEYS, &StepCall::HandOver);
    drive.record_result(&KEYS, CallResult::HandedOver(Ok(Facts::new())));
    drive.start_call(&VOLUME, &StepCall::Create);
    drive.record_result(&VOLUME, CallResult::Created(Ok(facts("b"))));
    assert_eq!(drive.only(), (MACHINE, StepCall::Create));
    drive.record_result(&MACHINE, CallResult::Created(Ok(facts("m"))));
    let Decision::Start(moves) = drive.next() else { panic!("nothing to do") };
    assert_eq!(moves, [(VOLUME, StepCall::Observe), (HEALTHY, StepCall::PollGate)]);
    drive.start_call(&VOLUME, &StepCall::Observe);
    drive.start_call(&HEALTHY, &StepCall::PollGate);

    let two = vec![facts("a"), facts("b")];
    drive.record_result(&VOLUME, CallResult::Observed(Ok(Observation::Present(two))));

    assert_eq!(drive.only(), (VOLUME, StepCall::Delete(facts("a"))));
}

#[test]
fn a_gate_whose_ground_stays_missing_is_asked_no_longer_than_a_list_may_lag() {
    let mut drive = ReconcilerWorld::with_an_app();
    drive.start_call(&KEYS, &StepCall::HandOver);
    drive.record_result(&KEYS, CallResult::HandedOver(Ok(Facts::new())));
    drive.start_call(&VOLUME, &StepCall::Create);
    drive.record_result(&VOLUME, CallResult::Created(Ok(facts("v"))));
    drive.start_call(&VOLUME, &StepCall::Observe);
    drive.record_result(&VOLUME, CallResult::Observed(Ok(Observation::Present(vec![facts("v")]))));
    assert_eq!(drive.only(), (MACHINE, StepCall::Create));
    drive.record_result(&MACHINE, CallResult::Created(Ok(facts("m"))));

    let stopped = loop {
        match drive.next() {
            Decision::Start(moves) => {
                assert_eq!(moves, [(HEALTHY, StepCall::PollGate)]);
                drive.start_call(&HEALTHY, &StepCall::PollGate);
                drive.record_result(&HEALTHY, CallResult::GatePolled(Err(FailureCause::NotFound)));
            }
            stopped => break stopped,
        }
    };

    assert_eq!(stopped, Decision::Stop { step: HEALTHY, cause: FailureCause::NotFound });
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
        let mut drive = ReconcilerWorld::with_an_app();
        drive.start_call(&VOLUME, &StepCall::Create);
        drive.record_result(&VOLUME, CallResult::Created(Ok(facts("v"))));
        drive.write(vec![JournalEntry::Ended { end: crate::journal::RunEnd::Deployed }]);
        let mut drive = ReconcilerWorld::new(drive.journal);
        assert_eq!(drive.only(), (APP, StepCall::Observe));
        drive.record_result(&APP, CallResult::Observed(Ok(Present(vec![facts("a")]))));
        drive.start_call(&KEYS, &StepCall::HandOver);

        let made = loop {
            let now_ms = drive.now_ms;
            match drive.reconciler.next(now_ms) {
                Decision::Wait { until_ms: None } => break None,
                Decision::Wait { until_ms: Some(until_ms) } => drive.now_ms = until_ms,
                Decision::Start(moves) if moves == [(VOLUME, StepCall::Observe)] => {
                    drive.start_call(&VOLUME, &StepCall::Observe);
                    drive.record_result(&VOLUME, CallResult::Observed(Ok(seen.clone())));
                }
                next => break Some(next),
            }
        };

        match held {
            Some(id) => {
                assert_eq!((made, drive.reconciler.facts()[&VOLUME].clone()), (None, facts(id)))
            }
            None => assert_eq!(made, Some(Decision::Start(vec![(VOLUME, StepCall::Create)]))),
        }
    }
}

#[test]
fn a_wait_that_the_vendor_asks_for_is_kept_within_a_bound() {
    for (asked_ms, kept) in [(60_000, true), (RETRY_AFTER_MAX_MS + 1, false)] {
        let mut drive = ReconcilerWorld::new(vec![opened()]);
        drive.only();
        let later = FailureCause::RetryLater { after_ms: Some(asked_ms) };
        drive.record_result(&APP, CallResult::Created(Err(later)));

        match drive.reconciler.next(0) {
            Decision::Wait { until_ms: Some(until_ms) } => assert!(kept && until_ms >= asked_ms),
            next => assert_eq!((next, kept), (Decision::Stop { step: APP, cause: later }, false)),
        }
    }
}

#[test]
fn a_failure_for_the_person_stops_the_run_once_all_calls_have_answered() {
    let mut drive = ReconcilerWorld::with_an_app();
    drive.start_call(&KEYS, &StepCall::HandOver);
    drive.start_call(&VOLUME, &StepCall::Create);
    drive.record_result(&KEYS, CallResult::HandedOver(Err(FailureCause::TokenRefused)));

    assert_eq!(drive.reconciler.next(0), Decision::Wait { until_ms: None });
    drive.record_result(&VOLUME, CallResult::Created(Ok(facts("v"))));

    assert_eq!(
        drive.reconciler.next(0),
        Decision::Stop { step: KEYS, cause: FailureCause::TokenRefused }
    );
}

#[test]
fn a_removal_goes_backwards_and_looks_again_at_the_end() {
    let mut drive = ReconcilerWorld::with_an_app();
    drive.start_call(&VOLUME, &StepCall::Create);
    drive.record_result(&VOLUME, CallResult::Created(Ok(facts("v"))));
    let mut drive = ReconcilerWorld::new(drive.journal);
    drive.write(vec![JournalEntry::TeardownStarted]);

    let mut there = BTreeMap::from([(APP, facts("a")), (VOLUME, facts("v"))]);
    let mut deleted = Vec::new();
    let mut looks = 0;
    loop {
        let moves = match drive.next() {
            Decision::Start(moves) => moves,
            Decision::Finished => break,
            next => panic!("{next:?}"),
        };
        for (id, call) in moves {
            drive.start_call(&id, &call);
            let answer = match call {
                StepCall::Delete(_) => {
                    there.remove(&id);
                    deleted.push(id.clone());
                    looks = 0;
                    CallResult::Deleted(Ok(()))
                }
                _ => {
                    looks += 1;
                    let seen = there.get(&id).cloned().map(|facts| vec![facts]);
                    CallResult::Observed(Ok(seen.map_or(Observation::Absent, Observation::Present)))
                }
            };
            drive.record_result(&id, answer);
        }
    }
    assert_eq!(deleted, [VOLUME, APP]);
    assert_eq!(looks, 3, "the app is gone, and then both are looked for once more");
}

/// An answer drawn from all answers of a cloud.
fn answer(call: &StepCall, draw: u8) -> CallResult {
    const CAUSES: [FailureCause; 6] = [
        FailureCause::InDoubt,
        FailureCause::RetryLater { after_ms: None },
        FailureCause::RetryLater { after_ms: Some(5_000) },
        FailureCause::NotFound,
        FailureCause::NameTaken,
        FailureCause::NoCapacity,
    ];
    let cause = CAUSES[usize::from(draw / 2) % CAUSES.len()];
    let fails = draw % 2 == 1;
    let said = |facts| if fails { Err(cause) } else { Ok(facts) };
    match call {
        StepCall::Create => CallResult::Created(said(facts("one"))),
        StepCall::HandOver => CallResult::HandedOver(said(Facts::new())),
        StepCall::Delete(_) => CallResult::Deleted(if fails { Err(cause) } else { Ok(()) }),
        StepCall::PollGate if draw.is_multiple_of(4) => CallResult::GatePolled(Ok(None)),
        StepCall::PollGate => CallResult::GatePolled(said(Facts::new()).map(Some)),
        StepCall::Observe => CallResult::Observed(match draw % 7 {
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
    /// For all answers of the cloud: every drive ends, its journal is legal, and no create is
    /// repeated without a look in between.
    #[test]
    fn any_answers_lead_to_an_end(
        draws in prop::collection::vec(any::<u8>(), 64),
        turns in any::<bool>(),
        dies_after in 0..40_usize,
    ) {
        let mut drive = ReconcilerWorld::new(vec![opened()]);
        let mut looked: BTreeMap<StepId, bool> = BTreeMap::new();
        let mut draws = draws.into_iter().cycle();
        for round in 0..2_000 {
            if round == dies_after {
                drive = ReconcilerWorld::new(drive.journal);
                if turns {
                    drive.write(vec![JournalEntry::TeardownStarted]);
                }
            }
            let moves = match drive.next() {
                Decision::Start(moves) => moves,
                Decision::ChangeRegion(region) => {
                    drive.write(vec![JournalEntry::RegionChanged { region }]);
                    continue;
                }
                Decision::Wait { .. } => continue,
                Decision::Finished | Decision::Stop { .. } => {
                    if round < dies_after {
                        continue;
                    }
                    return Ok(());
                }
            };
            for (id, call) in &moves {
                if *call == StepCall::Create {
                    prop_assert!(looked.insert(id.clone(), false).unwrap_or(true), "{id}");
                }
                drive.start_call(id, call);
            }
            for (id, call) in &moves {
                if *call == StepCall::Observe {
                    looked.insert(id.clone(), true);
                }
                drive.record_result(id, answer(call, draws.next().unwrap_or_default()));
                prop_assert!(Run::replay(&drive.journal).is_ok());
            }
        }
        prop_assert!(false, "it goes on for ever");
    }
}
