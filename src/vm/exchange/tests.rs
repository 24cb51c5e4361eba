use std::io::Read;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::symlink;
use std::path::Path;

use nix::sys::stat::Mode;
use nix::unistd::mkfifo;

use super::*;
use crate::protocol::TurnEvent;

/// Longer than a busy machine takes for anything here.
const PATIENCE: Duration = Duration::from_secs(60);

struct ExchangeWorld {
    dir: tempfile::TempDir,
    exchange: FileExchange,
}

impl ExchangeWorld {
    fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let directory = VmDirectory::open(dir.path(), None).unwrap();
        Self { exchange: FileExchange::new(directory), dir }
    }

    async fn kept(&self, index: usize) -> io::Result<Vec<u8>> {
        let mut bytes = Vec::new();
        self.exchange.open_copy(&turn("1"), index).await?.read_to_end(&mut bytes)?;
        Ok(bytes)
    }

    fn workspace(&self) -> PathBuf {
        self.dir.path().join("workspace")
    }

    fn leaves(&self, name: impl AsRef<Path>, bytes: &[u8]) {
        std::fs::create_dir_all(self.workspace().join("outbox")).unwrap();
        std::fs::write(self.workspace().join("outbox").join(name), bytes).unwrap();
    }

    async fn outbox(&self) -> OutboxListing {
        self.exchange.outbox(Instant::now() + PATIENCE).await
    }

    async fn keeps(&self, index: usize, left: &OutboxFile) -> Result<u64, WithheldReason> {
        self.exchange.store_copy(&turn("1"), index, left, Instant::now() + PATIENCE).await
    }
}

fn turn(id: &str) -> TurnId {
    TurnId::try_from(id).unwrap()
}

#[tokio::test]
async fn a_file_is_where_it_is_said_to_be_whatever_it_is_called() {
    let world = ExchangeWorld::new();
    for (name, bytes) in [
        ("photo.jpg", &b"\xff\xd8 not text \0"[..]),
        ("../../escape.sh", b"echo"),
        ("$(touch ran) `touch ran`; touch ran.txt", b"x"),
        ("empty", b""),
    ] {
        let path = world.exchange.receive(&turn("0123456789ab"), name, bytes).await.unwrap();

        assert!(path.starts_with("inbox/012345-"), "{path}");
        assert_eq!(std::fs::read(world.workspace().join(&path)).unwrap(), bytes, "{path}");
    }
    assert!(!world.workspace().join("ran").exists());
    let large = vec![7; FILE_BYTES_MAX];
    let path = world.exchange.receive(&turn("large"), "large.bin", &large).await.unwrap();
    assert!(std::fs::read(world.workspace().join(path)).unwrap() == large, "harmed");
}

#[tokio::test]
async fn the_same_file_of_the_same_turn_is_there_once() {
    let world = ExchangeWorld::new();
    let first = world.exchange.receive(&turn("1"), "a.txt", b"one").await.unwrap();
    let again = world.exchange.receive(&turn("1"), "a.txt", b"one").await.unwrap();
    let other = world.exchange.receive(&turn("2"), "a.txt", b"two").await.unwrap();

    assert_eq!(first, again);
    assert_ne!(first, other);
    assert_eq!(std::fs::read_dir(world.workspace().join("inbox")).unwrap().count(), 2);
}

#[tokio::test]
async fn what_the_agent_left_is_kept_out_of_its_reach_and_put_away() {
    let world = ExchangeWorld::new();
    assert_eq!(world.outbox().await, OutboxListing::default());
    world.leaves("report.pdf", b"pages");
    world.leaves("a name\nin 2 lines", b"x");
    world.leaves(".hidden", b"dot");

    let left = world.outbox().await.files;
    let names: Vec<_> = left.iter().map(|left| (left.shown(), left.bytes)).collect();
    let expected = [(".hidden", 3), ("a name in 2 lines", 1), ("report.pdf", 5)];
    assert_eq!(names, expected.map(|(name, bytes)| (name.to_owned(), bytes)));
    for (index, left) in left.iter().enumerate() {
        assert_eq!(world.keeps(index, left).await, Ok(left.bytes));
        world.exchange.put_away(left).await;
    }

    assert_eq!(world.outbox().await, OutboxListing::default());
    assert_eq!(world.kept(2).await.unwrap(), b"pages");
    assert!(world.kept(3).await.is_err());
    assert_eq!(std::fs::read(world.workspace().join("sent/report.pdf")).unwrap(), b"pages");
}

#[tokio::test]
async fn a_name_that_is_no_text_is_sent_like_any_other() {
    let world = ExchangeWorld::new();
    let name = OsStr::from_bytes(b"caf\xe9 \xff.txt");
    world.leaves(name, b"coffee");

    let left = world.outbox().await.files;

    assert_eq!(left[0].shown(), "caf\u{fffd} \u{fffd}.txt");
    assert_eq!(world.keeps(0, &left[0]).await, Ok(6));
    world.exchange.put_away(&left[0]).await;
    assert_eq!(world.outbox().await, OutboxListing::default());
    assert_eq!(std::fs::read(world.workspace().join("sent").join(name)).unwrap(), b"coffee");
}

#[tokio::test]
async fn what_is_no_plain_file_is_withheld_and_reaches_nothing() {
    let world = ExchangeWorld::new();
    world.leaves("-n", b"dash");
    let outbox = world.workspace().join("outbox");
    symlink(world.dir.path().join("turns"), outbox.join("link to a folder")).unwrap();
    symlink("/etc/hostname", outbox.join("link")).unwrap();
    symlink("nowhere", outbox.join("link to nothing")).unwrap();
    std::fs::create_dir(outbox.join("folder")).unwrap();
    mkfifo(&outbox.join("pipe"), Mode::S_IRWXU).unwrap();

    let left = world.outbox().await;

    assert_eq!(left.files, [OutboxFile { name: "-n".into(), bytes: 4 }]);
    let withheld = TurnEvent::Withheld {
        reason: WithheldReason::NotPlain,
        names: ["folder", "link", "link to a folder"].map(str::to_owned).to_vec(),
        count: 5,
    };
    assert_eq!(left.withheld.events().collect::<Vec<_>>(), [withheld]);
    assert_eq!(world.keeps(0, &left.files[0]).await, Ok(4));
    assert_eq!(world.kept(0).await.unwrap(), b"dash");
}

#[tokio::test]
async fn an_outbox_that_is_no_folder_is_withheld_as_a_whole() {
    let world = ExchangeWorld::new();
    let outbox = world.workspace().join("outbox");
    symlink(world.dir.path().join("turns"), &outbox).unwrap();
    let linked = world.outbox().await;
    std::fs::remove_file(&outbox).unwrap();
    std::fs::write(&outbox, "text").unwrap();
    let file = world.outbox().await;
    std::fs::remove_file(&outbox).unwrap();
    mkfifo(&outbox, Mode::S_IRWXU).unwrap();
    let pipe = world.outbox().await;

    for outbox in [linked, file, pipe] {
        assert_eq!(outbox, OutboxListing::without_files(WithheldReason::NoOutbox));
    }
}

#[tokio::test]
async fn a_file_that_is_gone_or_has_become_a_pipe_is_not_waited_for() {
    let world = ExchangeWorld::new();
    world.leaves("gone", b"x");
    let left = world.outbox().await.files;
    let path = world.workspace().join("outbox/gone");
    std::fs::remove_file(&path).unwrap();
    assert_eq!(world.keeps(0, &left[0]).await, Err(WithheldReason::Unreadable));

    mkfifo(&path, Mode::S_IRWXU).unwrap();
    let deadline = Instant::now() + Duration::from_millis(200);
    let kept = world.exchange.store_copy(&turn("1"), 0, &left[0], deadline).await;

    assert_eq!(kept, Err(WithheldReason::TooSlow));
    assert!(world.kept(0).await.is_err());
}

#[tokio::test]
async fn a_file_too_large_to_travel_is_told_of_and_not_copied() {
    let world = ExchangeWorld::new();
    world.leaves("film.mp4", &[]);
    let before = world.outbox().await.files;
    let film = File::options().write(true).open(world.workspace().join("outbox/film.mp4"));
    film.unwrap().set_len(FILE_BYTES_MAX as u64 + 1).unwrap();
    let after = world.outbox().await.files;

    for left in [before, after] {
        assert_eq!(world.keeps(0, &left[0]).await, Ok(FILE_BYTES_MAX as u64 + 1));
        assert!(world.kept(0).await.is_err());
    }
}

#[tokio::test]
async fn names_of_any_length_in_total_are_listed() {
    let world = ExchangeWorld::new();
    for n in 0..1_201 {
        world.leaves(format!("{n:04}{}", "x".repeat(240)), b"x");
    }

    let outbox = world.outbox().await;

    assert_eq!(outbox.files.len(), 1_201);
    assert!(outbox.files.is_sorted());
    assert_eq!(outbox.withheld, WithheldFiles::default());
}
