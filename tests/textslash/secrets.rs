//! No secret is anywhere but where it has to be, while the real program deploys, talks and removes,
//! and logs as much as it can.

mod egress;
mod hunt;
mod memory;
mod panics;
mod redirects;
mod sinks;
mod taps;

use std::collections::BTreeMap;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use textslash::sandbox::{Sandbox, SandboxOptions};

use crate::program::processes::ProcessEntry;
use crate::program::{self, Program};
use hunt::{SecretHunt, files};

/// Stands in for Claude Code: writes down what it was given, and answers.
const AGENT: &str = r#"#!/bin/sh
[ "$1" = --version ] && exit
cat >/dev/null
env >seen-by-the-agent
text='[{"type":"text","text":"all seen"}]'
echo '{"type":"assistant","message":{"id":"1","content":'"$text"'},"parent_tool_use_id":null}'
echo '{"type":"result","subtype":"success","is_error":false,"result":"all seen"}'
"#;

/// What a process was started with.
struct ProcessStart {
    command: String,
    environment: BTreeMap<String, String>,
}

impl ProcessStart {
    fn of(process: &ProcessEntry) -> Self {
        let environment = std::fs::read(process.directory().join("environ")).unwrap();
        let environment = String::from_utf8(environment).unwrap();
        let settings = environment.split('\0').filter_map(|setting| setting.split_once('='));
        let settings = settings.map(|(name, value)| (name.to_owned(), value.to_owned()));
        Self { command: process.command.clone(), environment: settings.collect() }
    }

    /// The relay and the VM among the processes below this one.
    fn machines(root: u32) -> [Self; 2] {
        let below = ProcessEntry::below(root);
        ["relay", "vm"].map(|role| {
            let mut of_role = below.iter().filter(|it| it.command.trim_end().ends_with(role));
            Self::of(of_role.next().unwrap_or_else(|| panic!("no {role} in {below:?}")))
        })
    }

    fn environment(&self) -> String {
        self.environment.iter().map(|(name, value)| format!("{name}={value}\n")).collect()
    }
}

/// Only root may read what a VM was started with: it hides that from its children.
fn may_look() -> bool {
    let may = nix::unistd::geteuid().is_root();
    if !may {
        println!("skipped: only root can read the environment of the machines");
    }
    may
}

/// The token as it was pasted, its parts, and what every part keeps when it is narrowed.
fn of_fly_token(token: &str) -> Vec<(&str, &str)> {
    let parts = token.trim_start_matches("FlyV1 ").split(',');
    let mut secrets = vec![("Fly token", token)];
    for part in parts {
        secrets.push(("part of the Fly token", part.trim_start_matches("fm2_")));
        secrets.push(("beginning of a Fly token", &part[16..56]));
        secrets.push(("end of a Fly token", &part[part.len() - 40..]));
    }
    secrets
}

fn executable(dir: &Path) -> String {
    let path = dir.join("agent");
    std::fs::write(&path, AGENT).unwrap();
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
    path.to_str().unwrap().to_owned()
}

/// What the agent wrote down of its environment, on a volume below this directory.
fn seen_by_the_agent(volumes: &Path) -> PathBuf {
    let seen = files(volumes).into_iter().find(|it| it.ends_with("workspace/seen-by-the-agent"));
    seen.expect("the agent has run")
}

/// The token that the agent was given for its turn.
fn token_of_the_agent(volumes: &Path) -> String {
    let seen = std::fs::read_to_string(seen_by_the_agent(volumes)).unwrap();
    let token = seen.lines().find_map(|line| line.strip_prefix("ANTHROPIC_API_KEY="));
    token.expect("the agent has a token").to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn secrets_are_nowhere_but_where_they_have_to_be() {
    if !may_look() {
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("data");
    let extra_env = [("CLAUDE_BIN", executable(dir.path())), ("TEXTSLASH_LOG", "trace".into())];
    let extra_env = extra_env.map(|(name, value)| (name.to_owned(), value)).into();
    let options = SandboxOptions::this_program().unwrap();
    let options = SandboxOptions { program: program::PATH.into(), extra_env, ..options };
    let sandbox = Sandbox::start(options).await.unwrap();
    let digest = "0".repeat(64);
    let settings = sandbox.base_urls().into_iter().chain([
        ("FLY_API_TOKEN", sandbox.fly_token().to_owned()),
        ("ANTHROPIC_API_KEY", sandbox.model_key().to_owned()),
        ("TEXTSLASH_RELAY_IMAGE", format!("registry.test/relay@sha256:{digest}")),
        ("TEXTSLASH_VM_IMAGE", format!("registry.test/vm@sha256:{digest}")),
        ("TEXTSLASH_ALLOW_SANDBOX", "1".to_owned()),
        ("TEXTSLASH_DATA", data.to_str().unwrap().to_owned()),
        ("TEXTSLASH_LOG", "trace".to_owned()),
    ]);
    let mut settings: Vec<_> = settings.map(|(name, value)| (name.to_owned(), value)).collect();

    let deploy = Program::start(dir.path(), &["deploy", "--yes", "--name", "canary"], &settings);
    deploy.err.until("Names reserved").await;
    let deploy_command = std::fs::read(format!("/proc/{}/cmdline", deploy.id())).unwrap();
    let deployed = deploy.end().await;
    assert_eq!(deployed.code, 0, "{}", deployed.err);
    let link = deployed.out.lines().find(|line| line.contains("/chat#")).unwrap();
    settings.push(("TEXTSLASH_LINK".to_owned(), link.to_owned()));
    let mut chat = Program::start(dir.path(), &["chat"], &settings);
    chat.types("look around").await;
    chat.out.until("all seen").await;
    let chat_command = std::fs::read(format!("/proc/{}/cmdline", chat.id())).unwrap();
    let chatted = chat.end().await;

    let [relay, vm] = machines_of(&sandbox);
    let owner_key = link.split_once('#').unwrap().1;
    assert_eq!(relay.environment["OWNER_KEY"], owner_key);
    assert_eq!(relay.environment["MODEL_KEY"], sandbox.model_key());
    let volumes = sandbox.directory();
    let token = token_of_the_agent(volumes);
    let mut secrets = of_fly_token(sandbox.fly_token());
    secrets.extend([
        ("model key", sandbox.model_key()),
        ("owner key", owner_key),
        ("link key", &relay.environment["LINK_KEY"]),
        ("token of the turn", &token),
    ]);
    let hunt = SecretHunt::of(&secrets);

    // Where they have to be, they are found: the hunt is not blind.
    assert_eq!(hunt.found(deployed.out.as_bytes()), ["owner key"]);
    let known = ["model key", "owner key", "link key"];
    assert_eq!(hunt.found(relay.environment().as_bytes()), known);
    assert_eq!(hunt.found(vm.environment().as_bytes()), ["link key"]);
    assert_eq!(deployed.out.matches(owner_key).count(), 1);

    let on_record = SecretHunt::of(&[("the relay's image", "registry.test/relay@sha256:")]);
    assert!(!on_record.files(&data).is_empty(), "the database is not where it was looked for");

    // The agent is given the token that works at the relay only, and during its turn only.
    let seen = seen_by_the_agent(volumes);
    assert_eq!(hunt.found(&std::fs::read(&seen).unwrap()), ["token of the turn"]);
    std::fs::remove_file(seen).unwrap();

    for machine in sandbox.fly().runtime().running() {
        let logged = sandbox.fly().runtime().output(&machine);
        assert!(logged.contains("INFO"), "{machine} logs nothing: {logged}");
        hunt.finds_nothing("what a machine logged", logged);
    }
    assert!(files(volumes).iter().any(|it| it.to_string_lossy().ends_with(".db")));
    assert_eq!(hunt.files(volumes), Vec::<String>::new());
    assert_eq!(hunt.files(dir.path()), Vec::<String>::new());
    for (place, content) in [
        ("what deploy said and logged", deployed.err.as_bytes()),
        ("the chat", chatted.out.as_bytes()),
        ("what chat logged", chatted.err.as_bytes()),
        ("the command line of deploy", &deploy_command),
        ("the command line of chat", &chat_command),
        ("the command line of the relay", relay.command.as_bytes()),
        ("the command line of the VM", vm.command.as_bytes()),
    ] {
        assert!(!content.is_empty() || place == "what chat logged", "{place} is empty");
        hunt.finds_nothing(place, content);
    }

    let removed = Program::start(dir.path(), &["teardown", "canary", "--yes"], &settings);
    let removed = removed.end().await;
    assert_eq!(removed.code, 0, "{}", removed.err);
    hunt.finds_nothing("what teardown said and logged", [removed.out, removed.err].concat());
    assert_eq!(hunt.files(dir.path()), Vec::<String>::new());

    // Planted where they were hunted, they would have been found.
    std::fs::write(data.join("planted"), hex::encode(sandbox.fly_token())).unwrap();
    assert!(!hunt.files(dir.path()).is_empty());
}

#[tokio::test]
async fn no_core_is_ever_dumped() {
    let dir = tempfile::tempdir().unwrap();
    let sandbox = Program::start(dir.path(), &["sandbox", "--serve"], &[]);
    sandbox.err.until("The vendors are up").await;
    let limits = std::fs::read_to_string(format!("/proc/{}/limits", sandbox.id())).unwrap();
    let core = limits.lines().find(|line| line.starts_with("Max core file size")).unwrap();
    let (soft, hard) = (core.split_whitespace().nth(4), core.split_whitespace().nth(5));
    assert_eq!((soft, hard), (Some("0"), Some("0")), "{core}");
}

/// The processes of this sandbox's machines; others of this program may run beside them.
fn machines_of(sandbox: &Sandbox) -> [ProcessStart; 2] {
    let all = ProcessEntry::below(std::process::id());
    let directory = sandbox.directory().to_string_lossy().into_owned();
    let ours = |it: &&ProcessEntry| it.command.starts_with(program::PATH);
    let ours: Vec<_> = all.iter().filter(ours).map(ProcessStart::of).collect();
    let mut ours: Vec<_> =
        ours.into_iter().filter(|it| it.environment().contains(&directory)).collect();
    ours.sort_by(|one, other| one.command.cmp(&other.command));
    ours.try_into().unwrap_or_else(|_| panic!("not a relay and a VM"))
}

#[tokio::test]
async fn a_conversation_shows_the_link_once_and_keeps_no_secret() {
    if !may_look() {
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let agent = executable(dir.path());
    let script = dir.path().join("script.txt");
    let lines = "? Write hi to begin\nhi\n? Use sandbox one\n1\n? Shell agent, no key\n1\n\
                 ? London\n1\n? Medium\n2\n? Deploy?\n1\n\
                 ? This is your own relay\nlook around\n? all seen\n/bot\n\
                 ? nothing any more\n";
    std::fs::write(&script, lines).unwrap();
    let words = ["--log", "trace", "sandbox", "--script", script.to_str().unwrap()];
    let settings = [("CLAUDE_BIN".to_owned(), agent)];
    let sandbox = Program::start(dir.path(), &words, &settings);
    sandbox.out.until("> /bot").await;

    let [relay, vm] = ProcessStart::machines(sandbox.id());
    let token = token_of_the_agent(dir.path());
    let keys = ["OWNER_KEY", "MODEL_KEY", "LINK_KEY"];
    let mut secrets = keys.map(|name| (name, relay.environment[name].as_str())).to_vec();
    secrets.push(("token of the turn", &token));
    let hunt = SecretHunt::of(&secrets);
    assert_eq!(hunt.found(vm.environment().as_bytes()), ["LINK_KEY"]);

    let seen = seen_by_the_agent(dir.path());
    assert_eq!(hunt.found(&std::fs::read(&seen).unwrap()), ["token of the turn"]);
    std::fs::remove_file(seen).unwrap();

    // Whatever the token is: this is how every one begins.
    let databases = files(dir.path());
    let databases = databases.iter().filter(|it| it.to_string_lossy().contains(".db"));
    let mut read = 0;
    for file in databases {
        let content = std::fs::read(file).unwrap();
        let text = String::from_utf8_lossy(&content);
        assert!(!text.contains("fm2_lJ") && !text.contains("sk-ant-api"), "{}", file.display());
        read += 1;
    }
    assert!(read >= 2, "a database of the bot and one of the relay");
    assert_eq!(hunt.files(dir.path()), Vec::<String>::new());
    for process in ProcessEntry::below(sandbox.id()) {
        hunt.finds_nothing("a command line", process.command);
    }

    sandbox.signal(nix::sys::signal::Signal::SIGINT);
    let ended = sandbox.end().await;
    assert_eq!(hunt.found(ended.out.as_bytes()), ["OWNER_KEY"]);
    assert_eq!(ended.out.matches(secrets[0].1).count(), 1);
    assert!(!ended.out.contains("fm2_lJ") && !ended.err.contains("fm2_lJ"));
    hunt.finds_nothing("standard error", &ended.err);
}
