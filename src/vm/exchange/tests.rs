use std::os::unix::fs::symlink;

use tokio::io::AsyncReadExt;

use super::*;

struct World {
    dir: tempfile::TempDir,
    exchange: Exchange,
}

impl World {
    fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let directory = Directory::open(dir.path(), None).unwrap();
        Self { exchange: Exchange::new(directory), dir }
    }

    async fn kept(&self, index: usize) -> io::Result<Vec<u8>> {
        let mut bytes = Vec::new();
        self.exchange.kept(&turn("1"), index).await?.read_to_end(&mut bytes).await?;
        Ok(bytes)
    }

    fn workspace(&self) -> PathBuf {
        self.dir.path().join("workspace")
    }

    fn leaves(&self, name: &str, bytes: &[u8]) {
        std::fs::create_dir_all(self.workspace().join("outbox")).unwrap();
        std::fs::write(self.workspace().join("outbox").join(name), bytes).unwrap();
    }
}

fn turn(id: &str) -> TurnId {
    TurnId::try_from(id).unwrap()
}

#[tokio::test]
async fn a_file_is_where_it_is_said_to_be_whatever_it_is_called() {
    let world = World::new();
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
    let world = World::new();
    let first = world.exchange.receive(&turn("1"), "a.txt", b"one").await.unwrap();
    let again = world.exchange.receive(&turn("1"), "a.txt", b"one").await.unwrap();
    let other = world.exchange.receive(&turn("2"), "a.txt", b"two").await.unwrap();

    assert_eq!(first, again);
    assert_ne!(first, other);
    assert_eq!(std::fs::read_dir(world.workspace().join("inbox")).unwrap().count(), 2);
}

#[tokio::test]
async fn what_the_agent_left_is_kept_out_of_its_reach_and_put_away() {
    let world = World::new();
    assert_eq!(world.exchange.outbox().await.unwrap(), []);
    world.leaves("report.pdf", b"pages");
    world.leaves("a name\nin 2 lines", b"x");

    let left = world.exchange.outbox().await.unwrap();
    let names: Vec<_> = left.iter().map(|left| (left.name.as_str(), left.bytes)).collect();
    assert_eq!(names, [("a name\nin 2 lines", 1), ("report.pdf", 5)]);
    for (index, left) in left.iter().enumerate() {
        world.exchange.keep(&turn("1"), index, left).await.unwrap();
        world.exchange.put_away(left).await;
    }

    assert_eq!(world.exchange.outbox().await.unwrap(), []);
    assert_eq!(world.kept(1).await.unwrap(), b"pages");
    assert!(world.kept(2).await.is_err());
    assert_eq!(std::fs::read(world.workspace().join("sent/report.pdf")).unwrap(), b"pages");
}

#[tokio::test]
async fn links_folders_and_names_that_are_options_reach_nothing() {
    let world = World::new();
    world.leaves("-n", b"dash");
    let outbox = world.workspace().join("outbox");
    symlink(world.dir.path().join("turns"), outbox.join("link to a folder")).unwrap();
    symlink("/etc/hostname", outbox.join("link")).unwrap();
    std::fs::create_dir(outbox.join("folder")).unwrap();

    let left = world.exchange.outbox().await.unwrap();
    assert_eq!(left, [Left { name: "-n".to_owned(), bytes: 4 }]);
    world.exchange.keep(&turn("1"), 0, &left[0]).await.unwrap();
    assert_eq!(world.kept(0).await.unwrap(), b"dash");
}

#[tokio::test]
async fn a_file_too_large_to_travel_is_told_of_and_not_copied() {
    let world = World::new();
    world.leaves("film.mp4", &[]);
    let film = std::fs::File::options().write(true).open(world.workspace().join("outbox/film.mp4"));
    film.unwrap().set_len(FILE_BYTES_MAX as u64 + 1).unwrap();

    let left = world.exchange.outbox().await.unwrap();
    world.exchange.keep(&turn("1"), 0, &left[0]).await.unwrap();

    assert_eq!(left[0].bytes, FILE_BYTES_MAX as u64 + 1);
    assert!(world.kept(0).await.is_err());
}

#[tokio::test]
async fn a_full_folder_goes_in_parts() {
    let world = World::new();
    for n in 0..FILES_MAX + 3 {
        world.leaves(&format!("{n:02}"), b"x");
    }
    assert_eq!(world.exchange.outbox().await.unwrap().len(), FILES_MAX);
}
