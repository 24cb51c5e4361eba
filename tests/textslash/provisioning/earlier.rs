//! Runs that an earlier build began. Their journals are the golden ones of `src/journal/tests`.

use std::collections::BTreeMap;

use textslash::cloud::fly::FlyAccount;
use textslash::cloud::{Cloud, Observation, StepContext};
use textslash::deployment::{Goal, Outcome};
use textslash::journal::{JournalEntry, Run, StepAction};
use textslash::plan::{Facts, StepFacts, StepId};
use textslash::sandbox::fly::Latency;
use textslash::spec::{Region, Spec};

use super::world::{DeployWorld, TestDatabase};

const JOURNALS: [&str; 2] = [
    include_str!("../../../src/journal/tests/moved.jsonl"),
    include_str!("../../../src/journal/tests/removed-by-two.jsonl"),
];

/// A moment at which the earlier build died.
struct DeathPoint {
    journal: Vec<JournalEntry>,
    run: Run,
    /// Whether the calls that it had sent and not heard of had their effect.
    open_calls_happened: bool,
}

#[tokio::test]
async fn a_run_that_an_earlier_build_began_is_resumed_at_any_entry_and_torn_down() {
    let database = TestDatabase::new().await;
    let (mut deployed, mut removed) = (0, 0);
    for point in JOURNALS.into_iter().flat_map(death_points) {
        removed += 1;
        let ada = left_by_an_earlier_build(&database, removed, &point).await;
        if !point.run.is_teardown() {
            let told = ada.drive_on(Goal::Deployed).await;
            assert!(matches!(told, Outcome::Deployed(_)), "{:?}: {told:?}", point.journal);
            ada.expect_deployed();
            deployed += 1;
        }

        let told = ada.removes().await;

        assert!(matches!(told, Outcome::Removed(_)), "{:?}: {told:?}", point.journal);
        ada.expect_nothing();
        ada.expect_good_manners();
    }
    assert!(deployed > 50 && removed - deployed > 10, "{deployed} of {removed} were deployed");
}

/// Every entry after which the run is not as it was before.
fn death_points(journal: &str) -> Vec<DeathPoint> {
    let entries: Vec<JournalEntry> =
        journal.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let mut points: Vec<DeathPoint> = Vec::new();
    for length in 1..=entries.len() {
        let journal = entries[..length].to_vec();
        let run = Run::replay(&journal).unwrap();
        if points.iter().any(|point| point.run == run) {
            continue;
        }
        if run.open_intents().next().is_some() {
            let (journal, run) = (journal.clone(), run.clone());
            points.push(DeathPoint { journal, run, open_calls_happened: true });
        }
        points.push(DeathPoint { journal, run, open_calls_happened: false });
    }
    points
}

/// A journal in the database, and in Fly all that it tells of.
async fn left_by_an_earlier_build(
    database: &TestDatabase,
    seed: u64,
    point: &DeathPoint,
) -> DeployWorld {
    let mut ada = DeployWorld::with(database.clone(), seed, Latency::NONE);
    // Each run has an id of its own, so that all of them fit into one database.
    ada.spec = Spec { id: ada.spec.id, ..point.run.spec().clone() };
    let mut earlier = EarlierProcess::in_account(&ada);
    let mut stored = vec![JournalEntry::Created { spec: Box::new(ada.spec.clone()) }];
    for entry in &point.journal[1..] {
        stored.push(earlier.brings_about(entry.clone()).await);
    }
    if point.open_calls_happened {
        earlier.open_calls_happen().await;
    }
    ada.remembers(&stored).await;
    ada.restarts().await;
    ada
}

/// Does to Fly what a journal says was done to it.
struct EarlierProcess {
    account: FlyAccount,
    spec: Spec,
    region: Region,
    there: StepFacts,
    open: BTreeMap<StepId, StepAction>,
}

impl EarlierProcess {
    fn in_account(ada: &DeployWorld) -> Self {
        Self {
            account: ada.account(),
            spec: ada.spec.clone(),
            region: ada.spec.regions[0].clone(),
            there: StepFacts::new(),
            open: BTreeMap::new(),
        }
    }

    /// The entry, with the ids that things have in this Fly.
    async fn brings_about(&mut self, mut entry: JournalEntry) -> JournalEntry {
        match &mut entry {
            JournalEntry::Intended { step, action } => {
                self.open.insert(step.clone(), *action);
            }
            JournalEntry::Done { step, action, facts } => {
                self.open.remove(step);
                let here = self.act(step, *action).await;
                let names = |facts: &Facts| facts.keys().cloned().collect::<Vec<_>>();
                assert_eq!(names(&here), names(facts), "{step} {action:?}");
                *facts = here;
            }
            JournalEntry::InDoubt { step, action } => {
                self.open.remove(step);
                // An accepted deletion is in doubt until a look confirms it.
                if *action == StepAction::Delete {
                    self.act(step, StepAction::Delete).await;
                }
            }
            JournalEntry::Failed { step, .. } => {
                self.open.remove(step);
            }
            JournalEntry::RegionChanged { region } => self.region = region.clone(),
            _ => {}
        }
        entry
    }

    async fn open_calls_happen(&mut self) {
        for (step, action) in std::mem::take(&mut self.open) {
            let is_refused = action == StepAction::Create && self.there.contains_key(&step);
            if !is_refused {
                self.act(&step, action).await;
            }
        }
    }

    async fn act(&mut self, step: &StepId, action: StepAction) -> Facts {
        let here = StepContext { spec: &self.spec, region: &self.region, facts: &self.there };
        let is_there = self.there.get(step);
        let facts = match (action, is_there) {
            (StepAction::Create, Some(_)) => match self.account.observe(&here, step).await {
                Ok(Observation::Present(mut found)) => found.remove(0),
                other => panic!("{step}: {other:?}"),
            },
            (StepAction::Create | StepAction::HandOver, _) => {
                self.account.create(&here, step).await.unwrap()
            }
            (StepAction::Delete, Some(found)) => {
                self.account.delete(&here, step, found).await.unwrap();
                self.there.remove(step);
                return Facts::new();
            }
            (StepAction::Delete, None) => return Facts::new(),
        };
        self.there.insert(step.clone(), facts.clone());
        facts
    }
}
