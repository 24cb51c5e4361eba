use std::fs;
use std::sync::Arc;

use adapters::chat::InboundId;
use adapters::web::{MessageLog, PostedMessage};
use tempfile::TempDir;

use super::*;
use crate::relay::relay_store::copy::CopyOutcome;
use crate::relay::relay_store::{AcceptOutcome, NewInboxMessage};

const COPIED_MS: u64 = 1_700_000_000_000;

struct RestoreWorld {
    dir: TempDir,
}

impl RestoreWorld {
    fn new() -> Self {
        Self { dir: tempfile::tempdir().unwrap() }
    }

    async fn open(&self) -> Arc<RelayStore> {
        RelayStore::open(self.dir.path()).await.unwrap()
    }

    fn files(&self) -> CopyFiles {
        CopyFiles::beside(self.dir.path())
    }

    /// A ledger that knows the line `before` from its copy, and the line `after` from itself alone.
    async fn with_copy(&self) -> Arc<RelayStore> {
        let ledger = self.open().await;
        fs::write(self.dir.path().join("first_start_ms"), "1").unwrap();
        settled(&ledger, "before").await;
        assert_eq!(ledger.copy_daily(COPIED_MS).await.unwrap(), CopyOutcome::Made);
        settled(&ledger, "after").await;
        ledger
    }

    fn break_database(&self) {
        fs::write(self.files().database(), "no database any more").unwrap();
    }

    fn names(&self) -> Vec<String> {
        let entries = fs::read_dir(self.dir.path()).unwrap();
        let mut names: Vec<_> =
            entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.retain(|name| name.starts_with("relay.") && !name.ends_with("-shm"));
        names.sort();
        names
    }
}

async fn accepted(ledger: &RelayStore, id: &str) -> AcceptOutcome {
    let (inbound, chat) = (InboundId(id.into()), ChatId("chat".into()));
    let new = NewInboxMessage {
        id: &inbound,
        chat: &chat,
        text: id,
        file: None,
        citations: &[],
        digest: id,
        turn: id,
        is_command: false,
    };
    ledger.accept(new, 1).await.unwrap()
}

async fn settled(ledger: &RelayStore, id: &str) {
    let AcceptOutcome::Waiting { line, .. } = accepted(ledger, id).await else {
        panic!("{id} is known")
    };
    ledger.complete(&line, &[], 1).await.unwrap();
}

async fn knows(ledger: &RelayStore, id: &str) -> bool {
    ledger.has_inbound(&InboundId(id.into())).await.unwrap()
}

#[tokio::test]
async fn a_broken_database_is_replaced_by_its_copy_and_kept_aside() {
    type Harm = fn(&RestoreWorld);
    let harms: [Harm; 4] = [
        RestoreWorld::break_database,
        |world| fs::write(world.files().database(), "").unwrap(),
        |world| remove_database(&world.files().database()).unwrap(),
        |world| fs::remove_file(world.files().database()).unwrap(),
    ];
    for (number, harm) in harms.into_iter().enumerate() {
        let world = RestoreWorld::new();
        drop(world.with_copy().await);
        harm(&world);

        let ledger = world.open().await;

        let restored = ledger.restored().await.unwrap().unwrap();
        assert_eq!(restored.from_ms, Some(COPIED_MS), "harm {number}");
        assert!(restored.until_ms <= restored.moment_ms && !restored.is_reported, "{restored:?}");
        assert!(knows(&ledger, "before").await && !knows(&ledger, "after").await);
        assert!(world.files().copy().exists(), "it is kept until there is a newer one");

        settled(&ledger, "after").await;
        drop(ledger);
        let again = world.open().await;
        assert_eq!(again.restored().await.unwrap(), Some(restored), "a sound one is not replaced");
        assert!(knows(&again, "after").await);
    }
}

#[tokio::test]
async fn of_broken_databases_the_last_one_is_kept() {
    let world = RestoreWorld::new();
    drop(world.with_copy().await);
    for _ in 0..3 {
        world.break_database();
        drop(world.open().await);
    }
    let expected = ["relay.copy", "relay.db", "relay.db.broken"];
    let mut names = world.names();
    names.retain(|name| !name.ends_with("-wal"));
    assert_eq!(names, expected);
}

#[tokio::test]
async fn nothing_that_was_open_in_the_copy_runs_or_is_sent_again() {
    let world = RestoreWorld::new();
    let ledger = world.open().await;
    accepted(&ledger, "open").await;
    let message = Outbound::text("answer", "sent since");
    ledger.post(&ChatId("chat".into()), &message, 1).await.unwrap();
    assert_eq!(ledger.copy_daily(COPIED_MS).await.unwrap(), CopyOutcome::Busy);
    let copy = world.dir.path().join("older");
    sqlx::query("VACUUM INTO $1")
        .bind(copy.to_str().unwrap())
        .execute(ledger.database())
        .await
        .unwrap();
    drop(ledger);
    fs::rename(copy, world.files().copy()).unwrap();
    world.break_database();

    let ledger = world.open().await;

    assert!(ledger.first().await.unwrap().is_none());
    assert!(ledger.unsent().await.unwrap().is_none());
    assert!(matches!(accepted(&ledger, "open").await, AcceptOutcome::Completed));
}

#[tokio::test]
async fn without_a_sound_copy_it_starts_anew() {
    for copy in [None, Some("no database either")] {
        let world = RestoreWorld::new();
        drop(world.with_copy().await);
        fs::remove_file(world.files().copy()).unwrap();
        if let Some(content) = copy {
            fs::write(world.files().copy(), content).unwrap();
        }
        world.break_database();

        let ledger = world.open().await;

        let restored = ledger.restored().await.unwrap().unwrap();
        assert_eq!(restored.from_ms, None);
        assert!(!knows(&ledger, "before").await);
        assert!(ledger.last_chat().await.unwrap().is_none());
        assert_eq!(ledger.copy_daily(COPIED_MS).await.unwrap(), CopyOutcome::Made);
    }
}

#[tokio::test]
async fn a_start_that_was_cut_off_anywhere_is_made_good_by_the_next() {
    let world = RestoreWorld::new();
    drop(world.with_copy().await);
    // Killed while a copy was made, while another was put in place, and before the last step.
    fs::write(world.dir.path().join("relay.copy.part"), "half a copy").unwrap();
    fs::write(world.files().restoring(), "half a database").unwrap();
    fs::rename(world.files().database(), world.files().broken()).unwrap();

    let ledger = world.open().await;

    assert!(knows(&ledger, "before").await);
    assert_eq!(ledger.restored().await.unwrap().unwrap().from_ms, Some(COPIED_MS));
    let a_day_later = COPIED_MS + 2 * 24 * 60 * 60 * 1000;
    assert_eq!(ledger.copy_daily(a_day_later).await.unwrap(), CopyOutcome::Made);
    assert!(!world.dir.path().join("relay.copy.part").exists());
}

#[tokio::test]
async fn a_first_start_restores_nothing() {
    let world = RestoreWorld::new();
    let ledger = world.open().await;
    assert_eq!(ledger.restored().await.unwrap(), None);
}

#[tokio::test]
async fn nothing_erased_survives_beside_the_database() {
    let world = RestoreWorld::new();
    drop(world.with_copy().await);
    world.break_database();
    let ledger = world.open().await;
    let key = "the-key";
    let posted = PostedMessage::from(Outbound::text(key, "a secret that goes"));
    ledger.put(&posted).await.unwrap();
    let a_day_later = COPIED_MS + 2 * 24 * 60 * 60 * 1000;
    assert_eq!(ledger.copy_daily(a_day_later).await.unwrap(), CopyOutcome::Made);
    let holds_it = |path: std::path::PathBuf| {
        let bytes = fs::read(path).unwrap();
        bytes.windows(18).any(|window| window == b"a secret that goes")
    };
    assert!(holds_it(world.files().copy()), "the test can see it");

    ledger.remove(key).await.unwrap();

    assert!(!world.files().copy().exists() && !world.files().broken().exists());
    assert_eq!(ledger.copy_daily(a_day_later).await.unwrap(), CopyOutcome::Made);
    assert!(!holds_it(world.files().copy()));
}
