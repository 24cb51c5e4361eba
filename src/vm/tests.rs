mod life;
mod logs;
mod outbox;
mod processes;

use std::path::Path;

use async_trait::async_trait;
use tokio::sync::mpsc;

use super::agent::{Prompt, RunningAgent};
use super::ids::{SessionId, TurnId};
use super::turns::{TURNS_RUNNING_MAX, TurnParams, TurnRefusal, TurnSubscription};
use super::*;
use crate::protocol::{TurnEvent, TurnFailure};
use crate::secret::{Audience, SecretKind};

const NOON_MS: u64 = 1_700_000_000_000;

fn settings(data_dir: &Path, limits: VmLimits) -> VmSettings {
    let secret = |kind, value: &str| {
        Arc::new(Secret::new(kind, value.to_owned(), Audience::of(["relay.test"])))
    };
    VmSettings {
        deployment: DeploymentId::from_random([7; DeploymentId::LENGTH]),
        data_dir: data_dir.to_owned(),
        agent: AgentKind::Shell,
        link_key: secret(SecretKind::LinkKey, "the link key"),
        model_proxy_url: Url::parse("http://relay.test").unwrap(),
        agent_user: None,
        claude_bin: "claude".into(),
        limits,
    }
}

fn vm_in(data_dir: &Path) -> Vm {
    vm_with(data_dir, VmLimits::default())
}

fn vm_with(data_dir: &Path, limits: VmLimits) -> Vm {
    Vm::start(settings(data_dir, limits), Clock::system()).unwrap()
}

fn ask(turn: &str, session: &str, text: &str, after: usize) -> TurnParams {
    TurnParams {
        turn: TurnId::try_from(turn).unwrap(),
        session: SessionId::try_from(session).unwrap(),
        text: text.to_owned(),
        files: Vec::new(),
        citations: Vec::new(),
        after,
        model_token: None,
    }
}

async fn begin(vm: &Vm, turn: &str, text: &str) -> TurnSubscription {
    vm.turns().ask(ask(turn, "a", text, 0)).await.unwrap()
}

async fn rest(mut turn: TurnSubscription) -> Vec<TurnEvent> {
    let mut events = Vec::new();
    while let Some(event) = turn.next().await {
        events.push(event);
    }
    events
}

async fn run(vm: &Vm, turn: &str, text: &str) -> (String, TurnEvent) {
    said(rest(begin(vm, turn, text).await).await)
}

fn said(mut events: Vec<TurnEvent>) -> (String, TurnEvent) {
    let last = events.pop().unwrap();
    let text = events
        .into_iter()
        .map(|event| match event {
            TurnEvent::Text { text } => text,
            other => panic!("{other:?}"),
        })
        .collect();
    (text, last)
}

fn failed(reason: TurnFailure) -> TurnEvent {
    TurnEvent::Failed { reason }
}

async fn next_text(turn: &mut TurnSubscription) -> String {
    match turn.next().await {
        Some(TurnEvent::Text { text }) => text,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_line_is_run_and_its_output_told_in_order() {
    let dir = tempfile::tempdir().unwrap();
    let vm = vm_in(dir.path());

    let all = run(&vm, "1", "echo one; echo two >&2; printf three").await;
    let code = run(&vm, "2", "echo no; exit 3").await;
    let syntax = run(&vm, "3", "if").await;

    assert_eq!(all, ("one\ntwo\nthree".to_owned(), TurnEvent::Done));
    assert_eq!(code, ("no\n\n[exit code 3]".to_owned(), TurnEvent::Done));
    assert!(syntax.0.contains("[exit code 2]"), "{syntax:?}");
    assert!(vm.ready().await);
}

#[tokio::test]
async fn a_turn_asked_for_five_times_runs_once() {
    let dir = tempfile::tempdir().unwrap();
    let vm = vm_in(dir.path());
    let line = "echo ran >>count; echo hello; cat count";

    let together = futures::future::join_all(
        (0..5).map(|_| async { rest(begin(&vm, "1", line).await).await }),
    )
    .await;
    let later = rest(begin(&vm, "1", line).await).await;
    let after_a_restart = rest(begin(&vm_in(dir.path()), "1", line).await).await;

    let (text, last) = said(later.clone());
    assert_eq!((text.as_str(), last), ("hello\nran\n", TurnEvent::Done));
    assert!(together.iter().all(|events| *events == later), "{together:?}");
    assert_eq!(after_a_restart, later);
}

#[tokio::test]
async fn who_comes_back_gets_exactly_the_rest() {
    let dir = tempfile::tempdir().unwrap();
    let vm = vm_in(dir.path());
    let (program, mut scripted) = ScriptedAgent::new();
    let directory = VmDirectory::open(dir.path(), None).unwrap();
    let turns = Turns::new(directory, Arc::new(program), VmLimits::default());
    let mut first = turns.ask(ask("1", "a", "", 0)).await.unwrap();
    let events = scripted.recv().await.unwrap();
    let tools: Vec<_> = (0..5)
        .map(|n| TurnEvent::Tool { name: format!("tool {n}"), detail: String::new() })
        .collect();
    for tool in &tools {
        events.send(tool.clone()).await.unwrap();
        assert_eq!(first.next().await.as_ref(), Some(tool));
    }

    let second = turns.ask(ask("1", "a", "", 2)).await.unwrap();
    events.send(TurnEvent::Done).await.unwrap();
    let second = rest(second).await;

    let all = [tools, vec![TurnEvent::Done]].concat();
    assert_eq!(second, all[2..]);
    turns.none_running().await;
    for after in 0..all.len() {
        let again = vm.turns().ask(ask("1", "a", "", after)).await.unwrap();
        assert_eq!(rest(again).await, all[after..], "after {after}");
    }
    let too_many = vm.turns().ask(ask("1", "a", "", 99)).await.unwrap();
    assert_eq!(rest(too_many).await, [TurnEvent::Done], "the end is always told");
}

#[tokio::test]
async fn a_turn_whose_process_died_is_interrupted_and_never_run_again() {
    let dir = tempfile::tempdir().unwrap();
    let vm = vm_in(dir.path());
    let line = "echo ran >>count; echo begun; sleep 1000";
    let mut turn = begin(&vm, "1", line).await;
    assert_eq!(next_text(&mut turn).await, "begun\n");

    drop(vm);
    assert_eq!(turn.next().await, None);

    for _ in 0..2 {
        let vm = vm_in(dir.path());
        let again = run(&vm, "1", line).await;
        assert_eq!(again, ("begun\n".to_owned(), failed(TurnFailure::Interrupted)));
        let count = run(&vm, "2", "cat count").await;
        assert_eq!(count, ("ran\n".to_owned(), TurnEvent::Done));
    }
}

#[tokio::test]
async fn a_record_torn_by_a_crash_is_read_up_to_the_tear() {
    let dir = tempfile::tempdir().unwrap();
    let vm = vm_in(dir.path());
    for (turn, torn, known) in [
        ("empty", "", ""),
        ("half", "{\"type\":\"text\",\"text\":\"one\"}\n{\"type\":\"te", "one"),
        ("unended", "{\"type\":\"text\",\"text\":\"one\"}\n{\"type\":\"done\"}", "one"),
        ("garbage", "\0\0\0\0", ""),
    ] {
        std::fs::write(dir.path().join(format!("turns/{turn}.jsonl")), torn).unwrap();
        for _ in 0..2 {
            let again = run(&vm, turn, "echo never").await;
            assert_eq!(again, (known.to_owned(), failed(TurnFailure::Interrupted)), "{turn}");
        }
    }
}

#[tokio::test]
async fn a_flood_is_cut_and_said_to_be() {
    for line in ["yes", "yes ä", "while :; do printf 'ä%s' ''; done"] {
        let dir = tempfile::tempdir().unwrap();
        let output_max_bytes = if line.starts_with("yes") { OUTPUT_BYTES_MAX } else { 1001 };
        let vm = vm_with(dir.path(), VmLimits { output_max_bytes, ..VmLimits::default() });

        let (text, last) = run(&vm, "1", line).await;

        let (told, said) = text.rsplit_once('\n').unwrap();
        assert_eq!(said, "[stopped: this is more output than a turn may have]");
        assert!((output_max_bytes - 1..=output_max_bytes).contains(&told.len()), "{}", told.len());
        assert_eq!(last, TurnEvent::Done);
    }
}

#[tokio::test]
async fn a_reader_that_does_not_read_holds_nobody() {
    let dir = tempfile::tempdir().unwrap();
    let vm = vm_in(dir.path());

    let slow = begin(&vm, "1", "head -c 500000 /dev/zero | tr '\\0' x").await;
    vm.turns().none_running().await;

    assert_eq!(said(rest(slow).await), ("x".repeat(500_000), TurnEvent::Done));
}

#[tokio::test]
async fn garbage_becomes_text_that_commands_no_terminal() {
    let dir = tempfile::tempdir().unwrap();
    let vm = vm_in(dir.path());

    let small = run(&vm, "1", r"printf 'a\377b\000c\033[31md\r\n\303\244'").await;
    let (random, last) = run(&vm, "2", "head -c 200000 /dev/urandom").await;

    assert_eq!(small, ("a\u{fffd}bcd\nä".to_owned(), TurnEvent::Done));
    assert_eq!(last, TurnEvent::Done);
    assert!(random.contains('\u{fffd}'));
    assert!(!random.chars().any(|c| c.is_control() && c != '\n' && c != '\t'));
}

#[tokio::test]
async fn long_input_is_run_and_longer_input_is_explained() {
    let dir = tempfile::tempdir().unwrap();
    let vm = vm_in(dir.path());

    let long = run(&vm, "1", &format!("x='{}'; echo ${{#x}}", "🦀".repeat(25_000))).await;
    let longer = run(&vm, "2", &"x".repeat(500_000)).await;
    let nul = run(&vm, "3", "echo a\0b").await;

    assert!(long.0 == "100000\n" || long.0 == "25000\n", "{long:?}");
    for answer in [longer, nul] {
        assert!(answer.0.starts_with("That cannot be one command line"), "{answer:?}");
        assert_eq!(answer.1, TurnEvent::Done);
    }
}

#[tokio::test]
async fn a_session_stays_where_it_went_across_restarts() {
    let dir = tempfile::tempdir().unwrap();
    let vm = vm_in(dir.path());
    run(&vm, "1", "mkdir -p sub && cd sub").await;

    drop(vm);
    let vm = vm_in(dir.path());
    let (here, _) = run(&vm, "2", "pwd").await;
    let (elsewhere, _) = said(rest(vm.turns().ask(ask("3", "b", "pwd", 0)).await.unwrap()).await);
    run(&vm, "4", "rmdir \"$PWD\"").await;
    let (back, _) = run(&vm, "5", "pwd").await;

    let workspace = dir.path().join("workspace");
    assert_eq!(here, format!("{}\n", workspace.join("sub").display()));
    assert_eq!(elsewhere, format!("{}\n", workspace.display()));
    assert_eq!(back, elsewhere, "the directory is gone");
}

#[tokio::test]
async fn a_session_has_one_turn_at_a_time_and_a_vm_a_few() {
    let dir = tempfile::tempdir().unwrap();
    let vm = vm_in(dir.path());
    let mut running = Vec::new();
    for n in 0..TURNS_RUNNING_MAX {
        let n = n.to_string();
        running.push(vm.turns().ask(ask(&n, &n, "sleep 1000", 0)).await.unwrap());
    }

    let busy = vm.turns().ask(ask("x", "0", "true", 0)).await.err();
    let full = vm.turns().ask(ask("x", "y", "true", 0)).await.err();
    vm.close().await;
    let closing = vm.turns().ask(ask("x", "y", "true", 0)).await.err();

    assert_eq!(busy, Some(TurnRefusal::SessionBusy));
    assert_eq!(full, Some(TurnRefusal::Full));
    assert_eq!(closing, Some(TurnRefusal::Closing));
    for turn in running {
        assert_eq!(rest(turn).await, [failed(TurnFailure::Interrupted)]);
    }
}

#[tokio::test]
async fn an_agent_that_cannot_be_started_or_says_no_end_has_crashed() {
    let dir = tempfile::tempdir().unwrap();
    let settings = VmSettings {
        agent: AgentKind::Claude,
        agent_user: None,
        claude_bin: "/nowhere/claude".into(),
        ..settings(dir.path(), VmLimits::default())
    };
    let vm = Vm::start(settings, Clock::system()).unwrap();

    assert!(!vm.ready().await);
    assert_eq!(run(&vm, "1", "hi").await, (String::new(), failed(TurnFailure::AgentCrashed)));
}

#[test]
fn ids_that_could_be_paths_are_none() {
    for text in ["", ".", "..", "a/b", "../x", "a\0", "a.b", "ä", "a b", &"x".repeat(65)] {
        assert!(TurnId::try_from(text).is_err(), "{text:?}");
        assert!(SessionId::try_from(text).is_err(), "{text:?}");
    }
    for text in ["a", "0b5c-1_Z", &"x".repeat(64)] {
        assert!(TurnId::try_from(text).is_ok(), "{text:?}");
    }
}

/// An agent that says what the test says.
struct ScriptedAgent(mpsc::UnboundedSender<mpsc::Sender<TurnEvent>>);

impl ScriptedAgent {
    fn new() -> (Self, mpsc::UnboundedReceiver<mpsc::Sender<TurnEvent>>) {
        let (started, turns) = mpsc::unbounded_channel();
        (Self(started), turns)
    }
}

#[async_trait]
impl Agent for ScriptedAgent {
    async fn ready(&self) -> bool {
        true
    }

    async fn start(&self, _: &SessionId, _: Prompt<'_>) -> anyhow::Result<RunningAgent> {
        let (sender, events) = mpsc::channel(1);
        self.0.send(sender)?;
        Ok(RunningAgent { events, group: None })
    }
}

fn scripted_vm(
    dir: &Path,
    limits: VmLimits,
) -> (Vm, mpsc::UnboundedReceiver<mpsc::Sender<TurnEvent>>) {
    let (agent, turns) = ScriptedAgent::new();
    let directory = VmDirectory::open(dir, None).unwrap();
    let clock = Clock::from_tokio(NOON_MS);
    (Vm::with_agent(settings(dir, limits), directory, Arc::new(agent), clock).unwrap(), turns)
}
