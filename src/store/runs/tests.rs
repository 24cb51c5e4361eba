use sqlx::AnyPool;
use tempfile::TempDir;

use super::*;
use crate::quota::{DAY_MS, QuotaScope};
use crate::spec::{
    AgentKind, CloudKind, DeploymentName, Images, MachineSize, Region, RelayChannel,
};
use crate::store;

async fn database() -> (TempDir, AnyPool) {
    let directory = tempfile::tempdir().unwrap();
    let pool = store::open(&directory.path().join("runs.db"), &store::SCHEMA).await.unwrap();
    (directory, pool)
}

pub(in crate::store) fn spec(seed: u8) -> Spec {
    Spec {
        id: DeploymentId::from_random([seed; DeploymentId::LENGTH]),
        name: DeploymentName::nearest_to("ada"),
        cloud: CloudKind::Fly,
        organisation: "personal".to_owned(),
        regions: vec![Region::try_from("ams".to_owned()).unwrap()],
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

fn region(code: &str) -> Region {
    Region::try_from(code.to_owned()).unwrap()
}

fn opened(spec: &Spec) -> [JournalEntry; 1] {
    [JournalEntry::Created { spec: Box::new(spec.clone()) }]
}

#[tokio::test]
async fn appended_entries_are_there_for_the_next_driver() {
    let (_directory, pool) = database().await;
    let (runs, ada) = (Runs::new(pool), spec(1));
    assert!(runs.open(&ada.id, "ada", 7, &opened(&ada)).await.unwrap());
    assert!(!runs.open(&ada.id, "eve", 8, &opened(&ada)).await.unwrap(), "it exists");

    let (mut lease, entries) = runs.lease(&ada.id).await.unwrap().unwrap();
    assert_eq!(entries, opened(&ada));
    lease.append(9, &[JournalEntry::TeardownStarted, JournalEntry::TeardownStarted]).await.unwrap();
    lease.append(9, &[]).await.unwrap();

    let (lease, entries) = runs.lease(&ada.id).await.unwrap().unwrap();
    assert_eq!(entries.len(), 3);
    assert_eq!(lease.seq(), 3);
    assert!(runs.lease(&spec(2).id).await.unwrap().is_none(), "there is no such run");
}

#[tokio::test]
async fn only_the_last_driver_may_append() {
    let (_directory, pool) = database().await;
    let (runs, ada) = (Runs::new(pool), spec(1));
    runs.open(&ada.id, "ada", 7, &opened(&ada)).await.unwrap();
    let (mut earlier, _) = runs.lease(&ada.id).await.unwrap().unwrap();
    let (mut later, _) = runs.lease(&ada.id).await.unwrap().unwrap();

    let refused = earlier.append(8, &[JournalEntry::TeardownStarted]).await;

    assert!(matches!(refused, Err(AppendError::Fenced)));
    assert_eq!(runs.journal(&ada.id).await.unwrap().len(), 1);
    later.append(8, &[JournalEntry::TeardownStarted]).await.unwrap();
}

#[tokio::test]
async fn a_list_shows_whose_runs_they_are_and_how_they_ended() {
    let (_directory, pool) = database().await;
    let runs = Runs::new(pool);
    for (seed, owner) in [(1, "ada"), (2, "grace"), (3, "ada")] {
        let spec = spec(seed);
        runs.open(&spec.id, owner, u64::from(10 - seed), &opened(&spec)).await.unwrap();
    }
    let (mut lease, _) = runs.lease(&spec(1).id).await.unwrap().unwrap();
    lease.append(20, &[JournalEntry::Ended { end: RunEnd::Deployed }]).await.unwrap();

    let of_ada = runs.list(Some("ada")).await.unwrap();
    let listed: Vec<_> = of_ada.iter().map(|run| (run.opened_at_ms, run.end)).collect();
    assert_eq!(listed, [(7, None), (9, Some(RunEnd::Deployed))], "oldest first");
    assert_eq!(of_ada[1].spec, spec(1));
    assert_eq!(runs.list(None).await.unwrap().len(), 3);

    lease.append(21, &[JournalEntry::TeardownStarted]).await.unwrap();
    assert_eq!(runs.list(Some("ada")).await.unwrap()[1].end, None, "it is driven again");
}

#[tokio::test]
async fn a_list_shows_the_region_in_force_first() {
    let (_directory, pool) = database().await;
    let runs = Runs::new(pool);
    let regions = ["ams", "fra", "cdg"].map(region).to_vec();
    let ada = Spec { regions, ..spec(1) };
    runs.open(&ada.id, "ada", 7, &opened(&ada)).await.unwrap();
    let (mut lease, _) = runs.lease(&ada.id).await.unwrap().unwrap();
    let moves = ["fra", "cdg"].map(|code| JournalEntry::RegionChanged { region: region(code) });
    lease.append(8, &moves).await.unwrap();

    let listed = runs.list(None).await.unwrap().remove(0);
    assert_eq!(listed.spec.regions, ["cdg", "ams", "fra"].map(region));
}

#[tokio::test]
async fn only_runs_that_were_removed_long_ago_are_erased() {
    let (_directory, pool) = database().await;
    let runs = Runs::new(pool);
    for (seed, ended_at_ms, end) in [
        (1, 50, RunEnd::Removed),
        (2, 51, RunEnd::Removed),
        (3, 20, RunEnd::Deployed),
        (4, 20, RunEnd::Stuck),
    ] {
        let spec = spec(seed);
        runs.open(&spec.id, "ada", 7, &opened(&spec)).await.unwrap();
        let (mut lease, _) = runs.lease(&spec.id).await.unwrap().unwrap();
        lease
            .append(ended_at_ms, &[JournalEntry::TeardownStarted, JournalEntry::Ended { end }])
            .await
            .unwrap();
    }
    let (mut held, _) = runs.lease(&spec(1).id).await.unwrap().unwrap();

    runs.erase_removed(51).await.unwrap();

    let left: Vec<_> = runs.list(None).await.unwrap().into_iter().map(|run| run.spec).collect();
    let expected: Vec<_> = [2, 3, 4].map(spec).to_vec();
    assert!(expected.iter().all(|spec| left.contains(spec)) && left.len() == 3, "{left:?}");
    assert!(runs.journal(&spec(1).id).await.unwrap().is_empty());
    assert_eq!(runs.journal(&spec(2).id).await.unwrap().len(), 3);
    let late = held.append(60, &[JournalEntry::TeardownStarted]).await;
    assert!(matches!(late, Err(AppendError::Fenced)), "nobody writes to what is erased");
}

const HOUR_MS: u64 = 60 * 60 * 1000;

const QUOTAS: Quotas = Quotas { person: 9, organisation: 2, all: 3 };

fn within(organisation: impl Into<Option<u64>>) -> QuotaKey {
    QuotaKey { quotas: QUOTAS, organisation: organisation.into() }
}

async fn begin(runs: &Runs, seed: u8, at_ms: u64, organisation: Option<u64>) -> StartOutcome {
    let spec = spec(seed);
    runs.start(&spec.id, "ada", at_ms, &opened(&spec), within(organisation)).await.unwrap()
}

#[tokio::test]
async fn a_quota_that_is_used_up_leaves_nothing_on_record_and_is_free_again_a_day_later() {
    let (_directory, pool) = database().await;
    let runs = Runs::new(pool);
    let full =
        |scope, max, from_ms| StartOutcome::QuotaExceeded(QuotaExceeded { scope, max, from_ms });
    assert_eq!(begin(&runs, 1, 10, Some(7)).await, StartOutcome::Created);
    assert_eq!(begin(&runs, 1, 11, Some(7)).await, StartOutcome::Exists);
    assert_eq!(begin(&runs, 2, 20, Some(7)).await, StartOutcome::Created);
    let organisation_full = full(QuotaScope::Organisation, 2, DAY_MS + HOUR_MS);
    assert_eq!(begin(&runs, 3, 30, Some(7)).await, organisation_full);
    assert_eq!(
        begin(&runs, 4, 40, None).await,
        StartOutcome::Created,
        "of which nobody knows where it is"
    );
    assert_eq!(begin(&runs, 5, 50, Some(8)).await, full(QuotaScope::All, 3, DAY_MS + HOUR_MS));
    assert_eq!(runs.list(None).await.unwrap().len(), 3);

    let begun = runs.recent_starts(within(7), 60).await.unwrap();
    assert_eq!((begun.in_organisation_ms, begun.by_all_ms), (vec![20, 10], vec![40, 20, 10]));
    let next_day_ms = 10 + DAY_MS;
    assert_eq!(begin(&runs, 6, next_day_ms, Some(7)).await, StartOutcome::Created);
    assert_eq!(
        begin(&runs, 7, next_day_ms, Some(7)).await,
        full(QuotaScope::All, 3, DAY_MS + HOUR_MS)
    );
}

#[tokio::test]
async fn people_who_begin_at_the_same_moment_do_not_exceed_a_quota() {
    let (_directory, pool) = database().await;
    let runs = Runs::new(pool);
    let began = (0..20).map(|seed| begin(&runs, seed, 10, Some(7)));
    let began = futures::future::join_all(began).await;
    let made = began.iter().filter(|it| **it == StartOutcome::Created).count();
    assert_eq!((made, runs.list(None).await.unwrap().len()), (2, 2));
}

#[tokio::test]
async fn a_start_counts_for_its_day_after_the_erasure_of_its_record() {
    let (_directory, pool) = database().await;
    let runs = Runs::new(pool.clone());
    for seed in [1, 2] {
        begin(&runs, seed, 10, Some(7)).await;
        let (mut lease, _) = runs.lease(&spec(seed).id).await.unwrap().unwrap();
        lease.append(11, &[JournalEntry::Ended { end: RunEnd::Removed }]).await.unwrap();
    }
    runs.erase_removed(12).await.unwrap();
    assert_eq!(runs.list(None).await.unwrap(), []);
    assert!(matches!(begin(&runs, 3, 20, Some(7)).await, StartOutcome::QuotaExceeded(_)));

    let rows = sqlx::query("SELECT organisation FROM openings").fetch_all(&pool).await.unwrap();
    let prints: Vec<String> = rows.iter().map(|row| row.get(0)).collect();
    assert!(prints.iter().all(|print| print.len() == 4), "{prints:?}");
    runs.erase_openings(9 + 2 * DAY_MS).await.unwrap();
    assert!(sqlx::query("SELECT 1 FROM openings").fetch_optional(&pool).await.unwrap().is_some());
    runs.erase_openings(10 + 2 * DAY_MS).await.unwrap();
    assert!(sqlx::query("SELECT 1 FROM openings").fetch_optional(&pool).await.unwrap().is_none());
}

/// A database with the run of a journal that an earlier program wrote.
async fn opened_with(journal: &str) -> (TempDir, AnyPool, Runs) {
    let (directory, pool) = database().await;
    let runs = Runs::new(pool.clone());
    let entries: Vec<JournalEntry> =
        journal.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let JournalEntry::Created { spec } = &entries[0] else { panic!("a journal begins otherwise") };
    runs.open(&spec.id, "ada", 7, &entries).await.unwrap();
    (directory, pool, runs)
}

/// Fills in a column as its migration does.
async fn fill_in(pool: &AnyPool, migration: &str) {
    let (_, statement) = migration.split_once("UPDATE").unwrap();
    sqlx::query(sqlx::AssertSqlSafe(format!("UPDATE{statement}"))).execute(pool).await.unwrap();
}

#[tokio::test]
async fn a_run_that_moved_before_the_update_is_still_listed_in_its_region() {
    let journal = include_str!("../../journal/tests/moved.jsonl");
    let (_directory, pool, runs) = opened_with(journal).await;
    assert_eq!(runs.list(None).await.unwrap()[0].spec.regions[0], region("ams"));

    fill_in(&pool, include_str!("../migrations/0008_region.sql")).await;

    let after = runs.list(None).await.unwrap();
    assert_eq!(after[0].spec.regions, ["lhr", "ams"].map(region));
}

#[tokio::test]
async fn a_removal_that_began_before_the_update_is_still_listed_as_one() {
    let journal = include_str!("../../journal/tests/moved.jsonl");
    let (_directory, pool, runs) = opened_with(journal).await;
    let forget = "UPDATE runs SET removal_only = 0";
    sqlx::query(forget).execute(&pool).await.unwrap();

    fill_in(&pool, include_str!("../migrations/0009_removal.sql")).await;

    assert!(runs.list(None).await.unwrap()[0].is_removal_only);
}

#[tokio::test]
async fn a_run_is_listed_as_removed_only_once_its_removal_has_begun() {
    let (_directory, pool) = database().await;
    let runs = Runs::new(pool);
    let ada = spec(1);
    let created = JournalEntry::Created { spec: Box::new(ada.clone()) };
    runs.open(&ada.id, "ada", 7, &[created]).await.unwrap();
    assert!(!runs.list(None).await.unwrap()[0].is_removal_only);

    let (mut lease, _) = runs.lease(&ada.id).await.unwrap().unwrap();
    lease.append(8, &[JournalEntry::TeardownStarted]).await.unwrap();
    lease.append(9, &[JournalEntry::Ended { end: RunEnd::Stuck }]).await.unwrap();

    assert!(runs.list(None).await.unwrap()[0].is_removal_only);
}
