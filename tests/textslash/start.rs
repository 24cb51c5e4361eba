//! A relay's process from its start: the rights that it keeps, and the damage that it notices.

use std::fs;
use std::net::{Ipv4Addr, TcpListener};
use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
use std::path::Path;

use adapters::web::client::{ClientEvent, RelayLink, WebClient};
use tempfile::TempDir;

use crate::program::{PATIENCE, Program};

const OWNER_KEY: &str = "3f786850e387550fdab836ed7e6dc881de23001b4fd6d9a0c5b2e78f10a94c63";
const LINK_KEY: &str = "89e6c98d92887913cadf06b2adb97f26cde4849b7a10f3c58d2e6b914fa7053d";

struct StartedRelay {
    program: Program,
    port: u16,
}

impl StartedRelay {
    /// Starts one in this directory; every name in `more` comes on top.
    async fn start(data_dir: &Path, more: &[(&str, &str)]) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let port = listener.local_addr().unwrap().port();
        drop(listener);
        let mut environment: Vec<(String, String)> = [
            ("LISTEN_HOST", "127.0.0.1"),
            ("TEXTSLASH_LOG", "info"),
            ("TEXTSLASH_DEPLOYMENT", "0123456789"),
            ("TEXTSLASH_CHANNEL", "web"),
            ("TEXTSLASH_OWNER", "owner"),
            ("TEXTSLASH_AGENT", "shell"),
            ("TEXTSLASH_VM_URL", "http://127.0.0.1:9"),
            ("TEXTSLASH_MODEL_URL", "http://127.0.0.1:9"),
            ("TEXTSLASH_ALLOW_SANDBOX", "1"),
            ("OWNER_KEY", OWNER_KEY),
            ("LINK_KEY", LINK_KEY),
        ]
        .iter()
        .chain(more)
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
        .collect();
        environment.push(("PORT".to_owned(), port.to_string()));
        environment.push(("DATA_DIR".to_owned(), data_dir.to_str().unwrap().to_owned()));
        let program = Program::start(data_dir.parent().unwrap(), &["relay"], &environment);
        program.err.until("the relay listens").await;
        Self { program, port }
    }

    fn client(&self) -> WebClient {
        let link = format!("http://127.0.0.1:{}/chat#{OWNER_KEY}", self.port);
        WebClient::connect(RelayLink::parse(&link).unwrap())
    }

    async fn health(&self) -> (u16, String) {
        let answer = reqwest::get(format!("http://127.0.0.1:{}/health", self.port)).await.unwrap();
        (answer.status().as_u16(), answer.text().await.unwrap())
    }

    fn status(&self, name: &str) -> String {
        let status = fs::read_to_string(format!("/proc/{}/status", self.program.id())).unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix(name)).unwrap();
        line.trim_start_matches(':').trim().to_owned()
    }
}

/// A directory that every user may pass through.
fn open_directory() -> TempDir {
    let dir = tempfile::tempdir().unwrap();
    fs::set_permissions(dir.path(), fs::Permissions::from_mode(0o755)).unwrap();
    dir
}

#[tokio::test]
async fn a_relay_that_starts_as_root_hands_its_volume_over_and_gives_root_up_for_good() {
    if !nix::unistd::geteuid().is_root() {
        println!("skipped: only root can give its rights up");
        return;
    }
    let dir = open_directory();
    let data = dir.path().join("data");
    fs::create_dir(&data).unwrap();
    // A release that ran as root has left its files.
    let older = StartedRelay::start(&data, &[]).await;
    assert_eq!(older.status("Uid"), "0\t0\t0\t0");
    older.program.signal(nix::sys::signal::Signal::SIGTERM);
    older.program.end().await;
    let outside = dir.path().join("outside");
    fs::write(&outside, "").unwrap();
    symlink(&outside, data.join("link")).unwrap();

    let relay = StartedRelay::start(&data, &[("TEXTSLASH_USER", "nobody")]).await;

    let nobody = nix::unistd::User::from_name("nobody").unwrap().unwrap();
    let ids = |id: u32| [id; 4].map(|id| id.to_string()).join("\t");
    assert_eq!(relay.status("Uid"), ids(nobody.uid.as_raw()));
    assert_eq!(relay.status("Gid"), ids(nobody.gid.as_raw()));
    assert_eq!(relay.status("Groups"), "");
    assert_eq!(relay.status("NoNewPrivs"), "1");
    for name in ["CapInh", "CapPrm", "CapEff", "CapAmb"] {
        assert_eq!(relay.status(name), "0000000000000000", "{name}");
    }
    assert_eq!(relay.health().await.0, 200);
    for entry in fs::read_dir(&data).unwrap() {
        let entry = entry.unwrap();
        let owner = fs::symlink_metadata(entry.path()).unwrap().uid();
        assert_eq!(owner, nobody.uid.as_raw(), "{}", entry.path().display());
    }
    assert_eq!(fs::metadata(&outside).unwrap().uid(), 0, "no link is followed");
    // A process that leaves no core belongs to root in /proc.
    let process = format!("/proc/{}", relay.program.id());
    assert_eq!(fs::metadata(format!("{process}/environ")).unwrap().uid(), 0);
    let limits = fs::read_to_string(format!("{process}/limits")).unwrap();
    let cores = limits.lines().find(|line| line.starts_with("Max core file size")).unwrap();
    assert_eq!(cores.split_whitespace().nth(4), Some("0"), "{cores}");
}

#[tokio::test]
async fn a_process_that_would_stay_root_does_not_start() {
    if !nix::unistd::geteuid().is_root() {
        println!("skipped: only root would stay root");
        return;
    }
    let dir = open_directory();
    let data = dir.path().join("data");
    for (role, name) in [("relay", "DATA_DIR"), ("bot", "TEXTSLASH_DATA")] {
        let environment = [(name.to_owned(), data.to_str().unwrap().to_owned())];
        let ended = Program::start(dir.path(), &[role], &environment).end().await;
        assert_eq!(ended.code, 1);
        assert!(ended.err.contains("set TEXTSLASH_USER"), "{}", ended.err);
        assert!(!data.exists());
    }
}

/// What happens to the database file of a relay that runs.
type DatabaseDamage = fn(&Path);

const HARMS: [(&str, DatabaseDamage); 3] = [
    ("deleted", |database| fs::remove_file(database).unwrap()),
    ("replaced", |database| {
        let other = database.with_extension("other");
        fs::copy(database, &other).unwrap();
        fs::rename(other, database).unwrap();
    }),
    ("overwritten", |database| {
        let bytes = fs::metadata(database).unwrap().len();
        let garbage = vec![0xa5; usize::try_from(bytes).unwrap()];
        let file = fs::OpenOptions::new().write(true).open(database).unwrap();
        std::os::unix::fs::FileExt::write_all_at(&file, &garbage, 0).unwrap();
    }),
];

#[tokio::test]
async fn a_relay_whose_database_file_is_harmed_takes_nothing_more_and_ends() {
    for (name, harm) in HARMS {
        let dir = open_directory();
        let data = dir.path().join("data");
        fs::create_dir(&data).unwrap();
        fs::write(data.join("committed"), "").unwrap();
        let relay = StartedRelay::start(&data, &[]).await;
        let client = relay.client();
        assert_eq!(client.next().await, Some(ClientEvent::Connected));
        assert_eq!(relay.health().await.0, 200);

        harm(&data.join("relay.db"));

        let (status, body) = relay.health().await;
        assert_eq!(status, 503, "{name}: {body}");
        assert!(body.contains("the database file"), "{name}: {body}");
        drop(client);
        let StartedRelay { mut program, .. } = relay;
        program.ends_input();
        let ended = tokio::time::timeout(PATIENCE, program.end()).await.unwrap();
        assert_eq!(ended.code, 1, "{name}: {}", ended.err);
        assert!(ended.err.contains("nothing is acknowledged any more"), "{name}: {}", ended.err);
    }
}
