//! `textslash sandbox`, as a newcomer meets it.

use std::path::Path;

use futures::future::join_all;
use nix::sys::signal::Signal;
use tempfile::TempDir;

use crate::program::processes::{ProcessEntry, gone};
use crate::program::{Program, ProgramExit};

const EMPTY: &str = "The simulated account is empty, and no process is left.";
const REMAINS: &str = "This was still in the simulated account; it is gone with the sandbox:";

/// From the first word to the plan that is agreed to.
const TO_DEPLOY: &str = "\
? Write hi to begin
hi
? Use sandbox one
1
? Shell agent, no key
2
? London
1
? Medium
2
? Deploy?
1
";

struct SandboxProgram {
    dir: TempDir,
    program: Program,
}

impl SandboxProgram {
    fn start(arguments: &[&str]) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let arguments = [&["sandbox"], arguments].concat();
        let program = Program::start(dir.path(), &arguments, &[]);
        Self { dir, program }
    }

    fn play(script: &str) -> Self {
        Self::play_for(script, "60")
    }

    fn play_for(script: &str, patience: &str) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("script.txt");
        std::fs::write(&file, script).unwrap();
        let words = ["sandbox", "--patience", patience, "--script", file.to_str().unwrap()];
        let program = Program::start(dir.path(), &words, &[]);
        Self { dir, program }
    }

    fn machines(&self) -> Vec<ProcessEntry> {
        let machines = ProcessEntry::below(self.program.id());
        let role = |role: &str| machines.iter().any(|it| it.command.trim_end().ends_with(role));
        assert!(role("relay") && role("vm"), "{machines:?}");
        machines
    }

    async fn end(self) -> ProgramExit {
        let ended = self.program.end().await;
        assert_eq!(left_in(self.dir.path()), Vec::<String>::new());
        assert_eq!(ProcessEntry::told_of(self.dir.path()), []);
        ended
    }
}

fn left_in(dir: &Path) -> Vec<String> {
    let names = std::fs::read_dir(dir).unwrap();
    let names = names.map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned());
    names.filter(|name| name.starts_with("textslash-sandbox-")).collect()
}

#[tokio::test]
async fn a_newcomer_deploys_talks_and_removes_everything() {
    let tour = std::fs::read_to_string(".ci/tour.txt").unwrap();
    let sandbox = SandboxProgram::play(&tour);

    let ended = sandbox.end().await;

    assert_eq!(ended.code, 0, "{}\n{}", ended.out, ended.err);
    for read in ["Deploy?", "Your relay is ready", "hello from workspace", "Everything is gone"] {
        assert!(ended.out.contains(read), "{read:?} is not in:\n{}", ended.out);
    }
    let receipt = ended.out.split_once("Everything is gone").unwrap().1;
    for resource in
        ["Relay app", "VM app", "Relay's disk", "VM's disk", "Relay's machine", "VM's machine"]
    {
        let line = receipt.lines().find(|line| line.starts_with(&format!("{resource}: ")));
        assert!(line.is_some_and(|line| line.contains(" - gone 2")), "{resource} in {receipt}");
    }
    assert_eq!(ended.err.trim(), EMPTY);
}

#[tokio::test]
async fn a_script_that_waits_in_vain_says_what_for() {
    let sandbox = SandboxProgram::play_for("hi\n? pigs that fly\n", "1");

    let ended = sandbox.end().await;

    assert_eq!(ended.code, 1);
    assert!(ended.err.contains("waited in vain for: pigs that fly"), "{}", ended.err);
}

#[tokio::test]
async fn a_script_that_is_not_there_is_named() {
    let ended = SandboxProgram::start(&["--script", "no-such-file"]).end().await;

    assert_eq!(ended.code, 1);
    assert!(ended.err.contains("no-such-file"), "{}", ended.err);
}

#[tokio::test]
async fn input_that_ends_in_the_middle_of_a_deploy_leaves_no_process() {
    let mut sandbox = SandboxProgram::start(&[]);
    for (wait, line) in [
        ("Write hi to begin", "hi"),
        ("Use sandbox one", "1"),
        ("Shell agent, no key", "2"),
        ("London", "1"),
        ("Medium", "2"),
        ("Deploy?", "1"),
    ] {
        sandbox.program.out.until(wait).await;
        sandbox.program.types(line).await;
    }
    sandbox.program.out.until("Names reserved").await;
    sandbox.program.ends_input();

    let ended = sandbox.end().await;

    assert_eq!(ended.code, 0, "{}", ended.err);
    assert!(ended.err.contains(REMAINS), "{}", ended.err);
}

#[tokio::test]
async fn input_that_never_comes_ends_it_well() {
    let ended = SandboxProgram::start(&[]).end().await;

    assert_eq!(ended.code, 0, "{}", ended.err);
    assert!(ended.err.contains(EMPTY), "{}", ended.err);
}

#[tokio::test]
async fn an_interruption_at_any_moment_ends_every_process_and_says_what_remains() {
    let moments =
        [("[ ] Names reserved", ""), ("[x] Disks", REMAINS), ("This is your own relay", REMAINS)];
    let all = moments.into_iter().flat_map(|(moment, said)| {
        [Signal::SIGINT, Signal::SIGTERM].map(|signal| interrupted(moment, said, signal))
    });
    join_all(all).await;

    let (before_yes, _) = TO_DEPLOY.split_once("? Deploy?").unwrap();
    for script in ["", before_yes] {
        interrupted_at(script, "Write hi to begin", EMPTY, Signal::SIGINT).await;
    }
    interrupted_at(before_yes, "Deploy?", EMPTY, Signal::SIGTERM).await;
}

async fn interrupted(moment: &str, said: &str, signal: Signal) {
    interrupted_at(TO_DEPLOY, moment, said, signal).await;
}

async fn interrupted_at(script: &str, moment: &str, said: &str, signal: Signal) {
    let sandbox = SandboxProgram::play(&format!("{script}? nothing any more"));
    sandbox.program.out.until(moment).await;
    let processes = ProcessEntry::below(sandbox.program.id());
    sandbox.program.signal(signal);

    let ended = sandbox.end().await;

    assert_eq!(ended.code, 130, "{signal} at {moment:?}: {}", ended.err);
    assert!(ended.err.contains(said), "{signal} at {moment:?}: {}", ended.err);
    gone(&processes).await;
}

#[tokio::test]
async fn machines_end_by_themselves_when_their_sandbox_is_killed() {
    let mut sandbox = SandboxProgram::start(&[]);
    for (wait, line) in [
        ("Write hi to begin", "hi"),
        ("Use sandbox one", "1"),
        ("Shell agent, no key", "2"),
        ("London", "1"),
        ("Medium", "2"),
        ("Deploy?", "1"),
        ("This is your own relay", "echo begun; sleep 1000"),
    ] {
        sandbox.program.out.until(wait).await;
        sandbox.program.types(line).await;
    }
    sandbox.program.out.until_after("[relay]", "begun").await;
    let processes = sandbox.machines();
    assert!(ProcessEntry::told_of(sandbox.dir.path()).contains(&processes[0]));
    assert!(processes.iter().any(|it| it.command.contains("sleep 1000")), "{processes:?}");

    sandbox.program.signal(Signal::SIGKILL);

    assert_eq!(sandbox.program.end().await.code, -9);
    gone(&processes).await;
}
