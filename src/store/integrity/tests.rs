use std::io::{Seek, SeekFrom, Write};

use sqlx::AnyPool;
use tempfile::TempDir;

use super::*;
use crate::store;

struct IntegrityWorld {
    dir: TempDir,
    pool: AnyPool,
    integrity: Arc<Integrity>,
}

impl IntegrityWorld {
    /// A database of a few hundred pages, all of which are in its file.
    async fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("some.db");
        let pool = store::open(&path, &store::SCHEMA).await.unwrap();
        sqlx::query("CREATE TABLE lines (id INTEGER PRIMARY KEY, text TEXT UNIQUE)")
            .execute(&pool)
            .await
            .unwrap();
        let integrity = Integrity::watch(&path).await.unwrap();
        let world = Self { dir, pool, integrity };
        world.write(1_000).await;
        world.execute("PRAGMA wal_checkpoint(TRUNCATE)").await;
        assert_eq!(world.integrity.check().await, Ok(()));
        world
    }

    fn path(&self) -> PathBuf {
        self.dir.path().join("some.db")
    }

    async fn execute(&self, statement: &'static str) {
        self.pool.fetch_all(statement).await.unwrap();
    }

    async fn write(&self, lines: u32) {
        let mut transaction = self.pool.begin().await.unwrap();
        for _ in 0..lines {
            sqlx::query("INSERT INTO lines (text) VALUES (hex(randomblob(100)))")
                .execute(&mut *transaction)
                .await
                .unwrap();
        }
        transaction.commit().await.unwrap();
    }

    fn overwrite(&self, at: u64, bytes: &[u8]) {
        let mut file = std::fs::OpenOptions::new().write(true).open(self.path()).unwrap();
        file.seek(SeekFrom::Start(at)).unwrap();
        file.write_all(bytes).unwrap();
    }
}

#[tokio::test]
async fn work_of_every_kind_is_no_damage() {
    let world = IntegrityWorld::new().await;
    for _ in 0..3 {
        world.write(2_000).await;
        assert_eq!(world.integrity.check().await, Ok(()));
        world.execute("DELETE FROM lines").await;
        assert_eq!(world.integrity.check().await, Ok(()));
        world.execute("VACUUM").await;
        assert_eq!(world.integrity.check().await, Ok(()));
        world.execute("PRAGMA wal_checkpoint(TRUNCATE)").await;
        assert_eq!(world.integrity.check().await, Ok(()));
        assert_eq!(world.integrity.probe().await, Ok(()));
    }
}

#[tokio::test]
async fn a_file_that_is_deleted_or_replaced_is_noticed_before_the_next_acknowledgement() {
    type Harm = fn(&Path);
    let harms: [(Harm, Damage); 5] = [
        (|path| std::fs::remove_file(path).unwrap(), Damage::Gone),
        (|path| std::fs::remove_file(log_of(path)).unwrap(), Damage::Gone),
        (|path| std::fs::rename(path, path.with_extension("away")).unwrap(), Damage::Gone),
        (
            |path| {
                std::fs::copy(path, path.with_extension("copy")).unwrap();
                std::fs::rename(path.with_extension("copy"), path).unwrap();
            },
            Damage::Replaced,
        ),
        (
            |path| {
                std::fs::write(path.with_extension("new"), "").unwrap();
                std::fs::rename(path.with_extension("new"), path).unwrap();
            },
            Damage::Replaced,
        ),
    ];
    for (harm, damage) in harms {
        let world = IntegrityWorld::new().await;
        harm(&world.path());
        // The write succeeds.
        let _ = sqlx::query("INSERT INTO lines (text) VALUES ('lost')").execute(&world.pool).await;
        assert_eq!(world.integrity.check().await, Err(damage));
        assert_eq!(world.integrity.probe().await, Err(UnhealthyReason::Damaged(damage)));
        assert_eq!(world.integrity.damaged().await, damage);
    }
}

#[tokio::test]
async fn damage_to_a_file_is_noticed_though_its_pages_are_cached() {
    type Harm = fn(&IntegrityWorld);
    let harms: [Harm; 4] = [
        |world| world.overwrite(0, &[0xa5; 4_096]),
        |world| world.overwrite(8 * 4_096, &[0xa5; 8 * 4_096]),
        |world| std::fs::write(world.path(), "").unwrap(),
        |world| {
            let file = std::fs::OpenOptions::new().write(true).open(world.path()).unwrap();
            file.set_len(3 * 4_096).unwrap();
        },
    ];
    for (number, harm) in harms.into_iter().enumerate() {
        let world = IntegrityWorld::new().await;
        world.execute("SELECT count(*) FROM lines").await;
        harm(&world);
        let _ = sqlx::query("INSERT INTO lines (text) VALUES ('lost')").execute(&world.pool).await;
        assert_eq!(world.integrity.check().await, Err(Damage::Corrupt), "harm {number}");
        assert_eq!(world.integrity.check().await, Err(Damage::Corrupt), "for good");
        let finding = inspect(&world.path(), START_CHECK_MAX).await.unwrap();
        // An empty file counts as a new database.
        let is_empty = std::fs::metadata(world.path()).unwrap().len() == 0;
        assert!(finding != IntegrityResult::Sound || is_empty, "harm {number}");
    }
}

#[tokio::test]
async fn a_check_has_its_time_and_no_more() {
    let world = IntegrityWorld::new().await;
    let path = world.path();
    assert_eq!(inspect(&path, START_CHECK_MAX).await.unwrap(), IntegrityResult::Sound);
    assert_eq!(inspect(&path, Duration::ZERO).await.unwrap(), IntegrityResult::Unfinished);
    let none = path.with_extension("none");
    assert_eq!(inspect(&none, START_CHECK_MAX).await.unwrap(), IntegrityResult::Missing);
    std::fs::write(&none, "").unwrap();
    assert_eq!(inspect(&none, START_CHECK_MAX).await.unwrap(), IntegrityResult::Sound, "a new one");
    std::fs::write(&none, "no database at all, but long enough to be one").unwrap();
    assert_eq!(inspect(&none, START_CHECK_MAX).await.unwrap(), IntegrityResult::Damaged);
}

#[tokio::test]
async fn many_questions_about_health_are_one_write() {
    let world = IntegrityWorld::new().await;
    let log_bytes = || std::fs::metadata(log_of(&world.path())).unwrap().len();
    assert_eq!(world.integrity.probe().await, Ok(()));
    let after_one = log_bytes();
    assert!(after_one > 0, "a probe writes");
    for _ in 0..100 {
        assert_eq!(world.integrity.probe().await, Ok(()));
    }
    assert_eq!(log_bytes(), after_one);
}

#[tokio::test]
async fn a_database_that_takes_no_writes_is_unhealthy_within_its_time() {
    let world = IntegrityWorld::new().await;
    let mut writer = world.pool.acquire().await.unwrap();
    writer.execute("BEGIN IMMEDIATE").await.unwrap();
    let since = Instant::now();
    assert!(world.integrity.probe().await.is_err());
    assert!(since.elapsed() < 2 * PROBE_MAX + PROBE_MAX);
    assert_eq!(world.integrity.check().await, Ok(()), "but it is not damaged");
}
