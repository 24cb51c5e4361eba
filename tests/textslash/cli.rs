//! The roles for scripts: flags and environment in, JSON and exit codes out.

mod channels;
mod ends;
mod help;
mod refusals;

use std::collections::BTreeMap;
use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use serde_json::Value;
use tempfile::TempDir;
use textslash::sandbox::{Sandbox, SandboxOptions};

use crate::program::{self, Program, ProgramExit};

/// Simulated vendors in this process, whose machines are real processes of the real program, and a
/// directory for what the roles keep.
struct CliWorld {
    sandbox: Sandbox,
    dir: TempDir,
}

impl CliWorld {
    async fn new() -> Self {
        Self::running(program::PATH.as_ref(), tempfile::tempdir().unwrap()).await
    }

    /// Its machines start, and never answer.
    async fn of_silence() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let program = dir.path().join("silence");
        std::fs::write(&program, "#!/bin/sh\nexec sleep 1000\n").unwrap();
        std::fs::set_permissions(&program, Permissions::from_mode(0o755)).unwrap();
        Self::running(&program, dir).await
    }

    async fn running(program: &Path, dir: TempDir) -> Self {
        let options = SandboxOptions::this_program().unwrap();
        let sandbox =
            Sandbox::start(SandboxOptions { program: program.to_owned(), ..options }).await;
        Self { sandbox: sandbox.unwrap(), dir }
    }

    /// With this account from the start.
    async fn with_face(face: &str) -> Self {
        let world = Self::new().await;
        assert!(world.sandbox.fly().organisations().set_face(face));
        world
    }

    fn environment(&self) -> BTreeMap<String, String> {
        let image = |of| format!("registry.test/{of}@sha256:{}", "0".repeat(64));
        let urls = self.sandbox.base_urls().into_iter();
        let more = [
            ("FLY_API_TOKEN", self.sandbox.fly_token().to_owned()),
            ("TEXTSLASH_RELAY_IMAGE", image("relay")),
            ("TEXTSLASH_VM_IMAGE", image("vm")),
            ("TEXTSLASH_ALLOW_SANDBOX", "1".to_owned()),
        ];
        urls.chain(more).map(|(name, value)| (name.to_owned(), value)).collect()
    }

    fn start_with(&self, arguments: &[&str], more: &[(&str, &str)]) -> Program {
        let mut environment = self.environment();
        environment.extend(more.iter().map(|(name, value)| (name.to_string(), value.to_string())));
        let environment: Vec<_> = environment.into_iter().collect();
        Program::start(self.dir.path(), arguments, &environment)
    }

    async fn run_with(&self, arguments: &[&str], more: &[(&str, &str)]) -> ProgramExit {
        self.start_with(arguments, more).end().await
    }

    async fn run(&self, arguments: &[&str]) -> ProgramExit {
        self.run_with(arguments, &[]).await
    }

    /// Deploys with the shell agent; what it prints.
    async fn deploys(&self, name: &str) -> Value {
        let deploy = ["deploy", "--name", name, "--agent", "shell", "--yes", "--json"];
        self.run(&deploy).await.succeeds()
    }
}

impl ProgramExit {
    /// The one document on standard output, of a role that ended well.
    fn succeeds(&self) -> Value {
        assert_eq!(self.code, 0, "{}\n{}", self.out, self.err);
        self.document()
    }

    /// The one document on standard output.
    fn document(&self) -> Value {
        serde_json::from_str(&self.out).unwrap_or_else(|_| panic!("{}\n{}", self.out, self.err))
    }
}

/// A sandbox of another process, reached by nothing but the lines that it prints.
#[tokio::test]
async fn the_whole_way_with_the_lines_that_a_served_sandbox_prints() {
    let dir = tempfile::tempdir().unwrap();
    let sandbox = Program::start(dir.path(), &["sandbox", "--serve"], &[]);
    sandbox.err.until("The vendors are up").await;
    let lines = sandbox.out.so_far();
    let settings: Vec<_> = lines.lines().map(|line| line.split_once('=').unwrap()).collect();
    let settings: Vec<_> = settings.iter().map(|(n, v)| (n.to_string(), v.to_string())).collect();
    let run = async |arguments: &[&str]| {
        Program::start(dir.path(), arguments, &settings).end().await.succeeds()
    };

    let deployed = run(&[
        "deploy",
        "--name",
        "lilach",
        "--email",
        "lilach@example.com",
        "--agent",
        "shell",
        "--yes",
        "--json",
    ])
    .await;
    assert_eq!((&deployed["name"], &deployed["status"]), (&"lilach".into(), &"ready".into()));
    for machine in ["relay", "vm"] {
        assert!(!deployed[machine]["machine"].as_str().unwrap().is_empty(), "{deployed}");
    }

    let list = run(&["list", "--json"]).await;
    assert_eq!(list[0]["owner"], "lilach@example.com");
    assert_eq!(list[0]["state"], "deployed");
    assert_eq!(list[0]["id"], deployed["id"]);

    let status = run(&["status", "lilach", "--json"]).await;
    assert_eq!(status["relay_healthy"], true);

    let link = deployed["link"].as_str().unwrap().to_owned();
    let mut settings_with_link = settings.clone();
    settings_with_link.push(("TEXTSLASH_LINK".to_owned(), link));
    let mut chat = Program::start(dir.path(), &["chat"], &settings_with_link);
    chat.types("echo sum $((40 + 2))").await;
    chat.out.until("sum 42").await;
    assert_eq!(chat.end().await.code, 0);

    let removed = run(&["teardown", "lilach", "--yes", "--json"]).await;
    assert_eq!(removed["deployments"][0]["id"], deployed["id"]);
    assert_eq!(removed["deployments"][0]["removed"].as_array().unwrap().len(), 6);
    assert_eq!(run(&["list", "--json"]).await[0]["state"], "removed");

    sandbox.signal(nix::sys::signal::Signal::SIGTERM);
    let ended = sandbox.end().await;
    assert!(ended.err.contains("The simulated account is empty"), "{}", ended.err);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_teardown_needs_nothing_but_a_token() {
    let world = CliWorld::new().await;
    world.deploys("one").await;
    world.deploys("two").await;
    world.sandbox.fly().add_lookalikes();
    let elsewhere = tempfile::tempdir().unwrap();
    let elsewhere = elsewhere.path().to_str().unwrap();

    let ended =
        world.run_with(&["teardown", "--yes", "--json"], &[("TEXTSLASH_DATA", elsewhere)]).await;

    let document = ended.succeeds();
    let mut names: Vec<_> = document["deployments"].as_array().unwrap().iter().collect();
    names.sort_by_key(|it| it["name"].to_string());
    assert_eq!((&names[0]["name"], &names[1]["name"]), (&"one".into(), &"two".into()));
    assert!(world.sandbox.fly().lookalikes_untouched());
    assert_eq!(world.sandbox.fly().runtime().running(), Vec::<String>::new());

    let again = world.run_with(&["teardown", "--yes"], &[("TEXTSLASH_DATA", elsewhere)]).await;
    assert_eq!(again.code, 0);
    assert!(again.err.contains("Nothing of mine is in this account"), "{}", again.err);
}

#[tokio::test(flavor = "multi_thread")]
async fn people_read_sentences_where_programs_read_json() {
    let world = CliWorld::new().await;

    let deployed = world.run(&["deploy", "--agent", "shell", "--yes"]).await;
    assert_eq!(deployed.code, 0, "{}", deployed.err);
    assert!(deployed.out.starts_with("Deployed and proven: my\n"), "{}", deployed.out);
    assert_eq!(deployed.out.matches("/chat#").count(), 1, "{}", deployed.out);
    assert!(deployed.err.contains("For 30 days:"), "{}", deployed.err);

    let status = world.run(&["status", "my"]).await;
    assert!(status.out.contains("relay: healthy"), "{}", status.out);

    let removed = world.run(&["teardown", "my", "--yes"]).await;
    assert!(removed.out.contains("Everything is gone"), "{}", removed.out);

    let id = world.run(&["list", "--json"]).await.succeeds()[0]["id"].clone();
    let status = world.run(&["status", id.as_str().unwrap()]).await;
    assert_eq!(status.code, 0);
    assert!(status.out.contains("relay: removed"), "{}", status.out);
}
