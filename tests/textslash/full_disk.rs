//! Every writer of the program on a full disk: what it writes is there whole, or the caller is
//! told.

#[path = "../kill/disk.rs"]
mod disk;
mod relay;
mod vm;

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::Command;

use bytes::Bytes;
use sqlx::Row;
use textslash::clock::Clock;
use textslash::files::{is_full, write_whole};
use textslash::probation::{PROBATION_MS, Probation};
use textslash::store;

use disk::LimitedDisk;

/// Set in a test that runs again as root of a user namespace, where it may mount.
const UNSHARED: &str = "TEXTSLASH_TEST_UNSHARED";

const UNSHARE: [&str; 4] = ["--user", "--map-root-user", "--mount", "--"];

/// A small disk of a test.
struct SmallDisk {
    disk: LimitedDisk,
    at: PathBuf,
    _dir: tempfile::TempDir,
}

impl SmallDisk {
    /// `None` when the story of this name is over: told in a user namespace, or skipped.
    fn mount(story: &str, kib: u32) -> Option<Self> {
        let dir = tempfile::tempdir().unwrap();
        let at = dir.path().join("disk");
        if let Some(disk) = LimitedDisk::mount(&at, kib).unwrap() {
            return Some(Self { disk, at, _dir: dir });
        }
        let may_unshare = Command::new("unshare").args(UNSHARE).arg("true").status();
        let is_unshared = std::env::var_os(UNSHARED).is_some();
        if is_unshared || !may_unshare.is_ok_and(|status| status.success()) {
            println!("skipped: this platform lets the test mount no small disk");
            return None;
        }
        let mut again = Command::new("unshare");
        again.args(UNSHARE).arg(std::env::current_exe().unwrap()).args(["--exact", "--nocapture"]);
        let told = again.arg(format!("full_disk::{story}")).env(UNSHARED, "1").output().unwrap();
        assert!(told.status.success(), "{}", String::from_utf8_lossy(&told.stdout));
        None
    }

    fn fill(&self) {
        self.disk.fill().unwrap();
    }

    fn make_room(&self) {
        self.disk.make_room().unwrap();
    }

    /// Of a full disk, frees only so much.
    fn make_some_room(&self, bytes: u64) {
        let filling = File::options().write(true).open(self.at.join("filling")).unwrap();
        filling.set_len(filling.metadata().unwrap().len() - bytes).unwrap();
    }
}

fn names(directory: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(directory).into_iter().flatten();
    let mut names: Vec<_> =
        entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

#[tokio::test]
async fn a_file_is_there_whole_or_as_it_was_before() {
    let story = "a_file_is_there_whole_or_as_it_was_before";
    let Some(disk) = SmallDisk::mount(story, 4096) else { return };
    let file = disk.at.join("file");
    write_whole(&file, Bytes::from_static(b"old")).await.unwrap();
    disk.fill();

    for size in [1, 4096, 600_000, 3_000_000] {
        let error = write_whole(&file, vec![7; size].into()).await.unwrap_err();

        assert!(is_full(&error), "{size}: {error}");
        assert_eq!(std::fs::read(&file).unwrap(), b"old", "{size}");
        assert_eq!(names(&disk.at), ["file", "filling"], "{size}");
    }

    disk.make_room();
    write_whole(&file, vec![7; 3_000_000].into()).await.unwrap();
    assert!(std::fs::read(&file).unwrap() == vec![7; 3_000_000], "harmed");
}

#[tokio::test]
async fn a_row_is_there_or_its_statement_failed() {
    let Some(disk) = SmallDisk::mount("a_row_is_there_or_its_statement_failed", 1024) else {
        return;
    };
    let path = disk.at.join("bot.db");
    let database = store::open(&path, &store::SCHEMA).await.unwrap();
    sqlx::query("CREATE TABLE rows (id INTEGER PRIMARY KEY, body BLOB)")
        .execute(&database)
        .await
        .unwrap();
    disk.fill();
    disk.make_some_room(100_000);

    let mut stored = Vec::new();
    let mut failed = 0;
    for id in 0..40_i64 {
        let insert = sqlx::query("INSERT INTO rows VALUES ($1, randomblob(10000))").bind(id);
        match insert.execute(&database).await {
            Ok(_) => stored.push(id),
            Err(_) => failed += 1,
        }
    }
    assert!(failed > 0, "the disk was not full");
    database.close().await;
    disk.make_room();

    let database = store::open(&path, &store::SCHEMA).await.unwrap();
    let rows = sqlx::query("SELECT id FROM rows WHERE length(body) = 10000 ORDER BY id");
    let rows = rows.fetch_all(&database).await.unwrap();
    let found: Vec<i64> = rows.iter().map(|row| row.get(0)).collect();
    assert_eq!(found, stored);
}

#[test]
fn a_probation_is_noted_or_refused_and_so_is_its_end() {
    let story = "a_probation_is_noted_or_refused_and_so_is_its_end";
    let Some(disk) = SmallDisk::mount(story, 64) else { return };
    let open = || Probation::open(&disk.at, Clock::system(), PROBATION_MS, None);
    disk.fill();

    assert!(open().is_err());
    assert_eq!(names(&disk.at), ["filling"]);

    disk.make_room();
    let noted = std::fs::read_to_string(disk.at.join("first_start_ms"));
    assert!(noted.is_err(), "{noted:?}");
    let probation = open().unwrap();
    disk.fill();
    let is_committed = probation.commit().is_ok();
    assert_eq!(probation.is_committed(), is_committed);
    assert_eq!(open().unwrap().is_committed(), is_committed);
}
