use sqlx::AnyPool;
use tempfile::TempDir;

use super::*;
use crate::spec::{AgentKind, CloudKind, Images, Name, Region, RelayChannel, Size};
use crate::store;

async fn database() -> (TempDir, AnyPool) {
    let directory = tempfile::tempdir().unwrap();
    let pool = store::open(&directory.path().join("runs.db"), &store::SCHEMA).await.unwrap();
    (directory, pool)
}

pub(in crate::store) fn spec(seed: u8) -> Spec {
    Spec {
        id: DeploymentId::from_random([seed; DeploymentId::LENGTH]),
        name: Name::near("ada"),
        cloud: CloudKind::Fly,
        organisation: "personal".to_owned(),
        regions: vec![Region::try_from("ams".to_owned()).unwrap()],
        size: Size::Small,
        vm_volume_gb: 3,
        channel: RelayChannel::Web,
        owner: RelayChannel::link_holder(),
        address: None,
        locale: String::new(),
        agent: AgentKind::Shell,
        images: Images {
            relay: format!("relay@sha256:{}", "1".repeat(64)),
            vm: format!("vm@sha256:{}", "2".repeat(64)),
        },
    }
}

fn opened(spec: &Spec) -> [Entry; 1] {
    [Entry::Opened { spec: Box::new(spec.clone()) }]
}

#[tokio::test]
async fn what_is_appended_is_there_for_the_next_driver() {
    let (_directory, pool) = database().await;
    let (runs, ada) = (Runs::new(pool), spec(1));
    assert!(runs.open(&ada.id, "ada", 7, &opened(&ada)).await.unwrap());
    assert!(!runs.open(&ada.id, "eve", 8, &opened(&ada)).await.unwrap(), "it exists");

    let (mut lease, entries) = runs.lease(&ada.id).await.unwrap().unwrap();
    assert_eq!(entries, opened(&ada));
    lease.append(9, &[Entry::Turned, Entry::Turned]).await.unwrap();
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

    let refused = earlier.append(8, &[Entry::Turned]).await;

    assert!(matches!(refused, Err(AppendError::Fenced)));
    assert_eq!(runs.journal(&ada.id).await.unwrap().len(), 1);
    later.append(8, &[Entry::Turned]).await.unwrap();
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
    lease.append(20, &[Entry::Ended { end: End::Deployed }]).await.unwrap();

    let of_ada = runs.list(Some("ada")).await.unwrap();
    let told: Vec<_> = of_ada.iter().map(|run| (run.opened_at_ms, run.end)).collect();
    assert_eq!(told, [(7, None), (9, Some(End::Deployed))], "oldest first");
    assert_eq!(of_ada[1].spec, spec(1));
    assert_eq!(runs.list(None).await.unwrap().len(), 3);

    lease.append(21, &[Entry::Turned]).await.unwrap();
    assert_eq!(runs.list(Some("ada")).await.unwrap()[1].end, None, "it is driven again");
}

#[tokio::test]
async fn a_list_shows_the_region_in_force_first() {
    let (_directory, pool) = database().await;
    let runs = Runs::new(pool);
    let region = |code: &str| Region::try_from(code.to_owned()).unwrap();
    let regions = ["ams", "fra", "cdg"].map(region).to_vec();
    let ada = Spec { regions, ..spec(1) };
    runs.open(&ada.id, "ada", 7, &opened(&ada)).await.unwrap();
    let (mut lease, _) = runs.lease(&ada.id).await.unwrap().unwrap();
    let moves = ["fra", "cdg"].map(|code| Entry::Placed { region: region(code) });
    lease.append(8, &moves).await.unwrap();

    let listed = runs.list(None).await.unwrap().remove(0);
    assert_eq!(listed.spec.regions, ["cdg", "ams", "fra"].map(region));
}

#[tokio::test]
async fn what_was_removed_long_ago_is_erased_and_nothing_else() {
    let (_directory, pool) = database().await;
    let runs = Runs::new(pool);
    for (seed, ended_at_ms, end) in
        [(1, 50, End::Removed), (2, 51, End::Removed), (3, 20, End::Deployed), (4, 20, End::Stuck)]
    {
        let spec = spec(seed);
        runs.open(&spec.id, "ada", 7, &opened(&spec)).await.unwrap();
        let (mut lease, _) = runs.lease(&spec.id).await.unwrap().unwrap();
        lease.append(ended_at_ms, &[Entry::Turned, Entry::Ended { end }]).await.unwrap();
    }
    let (mut held, _) = runs.lease(&spec(1).id).await.unwrap().unwrap();

    runs.erase_removed(51).await.unwrap();

    let left: Vec<_> = runs.list(None).await.unwrap().into_iter().map(|run| run.spec).collect();
    let expected: Vec<_> = [2, 3, 4].map(spec).to_vec();
    assert!(expected.iter().all(|spec| left.contains(spec)) && left.len() == 3, "{left:?}");
    assert!(runs.journal(&spec(1).id).await.unwrap().is_empty());
    assert_eq!(runs.journal(&spec(2).id).await.unwrap().len(), 3);
    let late = held.append(60, &[Entry::Turned]).await;
    assert!(matches!(late, Err(AppendError::Fenced)), "nobody writes to what is erased");
}
