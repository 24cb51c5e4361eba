//! The processes of a turn: what they see, and how they end.

use nix::errno::Errno;
use nix::sys::signal::killpg;
use nix::unistd::Pid;

use super::*;

/// Begins a turn that says its process group and goes on for ever.
async fn endless(vm: &Vm, turn: &str, line: &str) -> (TurnSubscription, Pid) {
    let mut turn = begin(vm, turn, &format!("echo $$; {line}")).await;
    let group = next_text(&mut turn).await.trim().parse().unwrap();
    (turn, Pid::from_raw(group))
}

#[tokio::test]
async fn where_the_vm_is_root_its_agent_is_not_and_cannot_look_into_what_the_vm_keeps() {
    if !nix::unistd::geteuid().is_root() {
        println!("skipped: only root can start programs as somebody else");
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let nobody = AgentUser::named("nobody").unwrap();
    let settings =
        VmSettings { agent_user: Some(nobody), ..settings(dir.path(), VmLimits::default()) };
    let vm = Vm::start(settings, Clock::system()).unwrap();

    let line = "id -un; echo mine >file && cat file; ls ../turns; cat /proc/$PPID/environ";
    let (text, last) = run(&vm, "1", line).await;

    assert!(text.starts_with("nobody\nmine\n"), "{text}");
    assert_eq!(text.matches("Permission denied").count(), 2, "{text}");
    assert_eq!(last, TurnEvent::Done);
    assert!(AgentUser::named("root").is_err());
    assert!(AgentUser::named("no-such-user").is_err());
}

#[tokio::test]
async fn cancel_ends_every_process_of_the_turn() {
    let dir = tempfile::tempdir().unwrap();
    let vm = vm_with(dir.path(), VmLimits { stop_grace_ms: 200, ..VmLimits::default() });
    for (id, line) in [
        ("1", "sleep 1000 & sleep 1000"),
        ("2", "trap '' TERM; sleep 1000 & sleep 1000; sleep 1000"),
        ("3", "(sleep 1000 & sleep 1000) & wait"),
    ] {
        let (turn, group) = endless(&vm, id, line).await;
        assert_eq!(killpg(group, None), Ok(()));

        vm.turns().cancel(&TurnId::try_from(id).unwrap()).await.unwrap();
        let events = rest(turn).await;
        vm.turns().none_running().await;

        assert_eq!(events, [failed(TurnFailure::Stopped)]);
        gone(group).await;
        vm.turns().cancel(&TurnId::try_from(id).unwrap()).await.unwrap();
        assert_eq!(rest(begin(&vm, id, line).await).await.last(), events.last(), "it is over");
    }
}

#[tokio::test]
async fn a_turn_that_is_asked_for_after_it_was_cancelled_is_not_run() {
    let dir = tempfile::tempdir().unwrap();
    let vm = vm_in(dir.path());
    vm.turns().cancel(&TurnId::try_from("1").unwrap()).await.unwrap();

    for vm in [vm, vm_in(dir.path())] {
        let late = rest(begin(&vm, "1", "echo ran >ran").await).await;
        assert_eq!(late, [failed(TurnFailure::Stopped)]);
        assert!(!dir.path().join("workspace/ran").exists());
    }
}

#[tokio::test]
async fn a_turn_whose_cancel_cannot_be_written_is_not_run_when_there_is_room_again() {
    let dir = tempfile::tempdir().unwrap();
    let vm = vm_in(dir.path());
    let (turns, away) = (dir.path().join("turns"), dir.path().join("away"));
    std::fs::rename(&turns, &away).unwrap();
    let cancelled = vm.turns().cancel(&TurnId::try_from("1").unwrap()).await;
    assert!(cancelled.is_err());
    std::fs::rename(&away, &turns).unwrap();

    let late = vm.turns().ask(ask("1", "a", "echo ran >ran", 0)).await.err();
    assert_eq!(late, Some(TurnRefusal::DiskFailed));
    assert_eq!(run(&vm, "2", "ls").await, (String::new(), TurnEvent::Done));
}

/// The processes of a group that can still do something: a dead one that no parent has collected
/// cannot.
fn alive_in(group: Pid) -> Vec<String> {
    let processes = std::fs::read_dir("/proc").unwrap().flatten();
    let stats = processes.filter_map(|it| std::fs::read_to_string(it.path().join("stat")).ok());
    let is_alive = |stat: &String| {
        let (_, fields) = stat.rsplit_once(')').unwrap();
        let fields: Vec<_> = fields.split_whitespace().collect();
        fields[2] == group.to_string() && !["Z", "X"].contains(&fields[0])
    };
    stats.filter(is_alive).collect()
}

#[tokio::test]
async fn no_process_of_a_turn_is_alive_when_its_last_event_is_told() {
    const STUBBORN: &str = "(trap '' TERM; while :; do sleep 1000; done)";
    let dir = tempfile::tempdir().unwrap();
    let limits = VmLimits { stop_grace_ms: 50, turn_timeout_ms: 3000, ..VmLimits::default() };
    let vm = vm_with(dir.path(), limits);
    for (id, line) in [
        ("stopped", format!("{STUBBORN} & {STUBBORN}")),
        ("too-long", format!("{STUBBORN} & {STUBBORN}")),
        ("crashed", format!("{STUBBORN} & kill -9 $$")),
        ("done", format!("{STUBBORN} &")),
    ] {
        let (turn, group) = endless(&vm, id, &line).await;
        if id == "stopped" {
            vm.turns().cancel(&TurnId::try_from(id).unwrap()).await.unwrap();
        }
        assert!(rest(turn).await.last().unwrap().is_last());
        assert_eq!(alive_in(group), Vec::<String>::new(), "{id}");
    }
}

/// A killed process is there until its parent has asked for its end.
async fn gone(group: Pid) {
    while killpg(group, None) != Err(Errno::ESRCH) {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn what_a_turn_leaves_in_the_background_ends_with_it() {
    let dir = tempfile::tempdir().unwrap();
    let vm = vm_in(dir.path());

    let (turn, group) = endless(&vm, "1", "sleep 1000 &").await;

    assert_eq!(rest(turn).await, [TurnEvent::Done]);
    gone(group).await;
}

#[tokio::test]
async fn a_turn_that_takes_too_long_is_ended() {
    let dir = tempfile::tempdir().unwrap();
    let vm = vm_with(dir.path(), VmLimits { turn_timeout_ms: 2000, ..VmLimits::default() });

    let (turn, group) = endless(&vm, "1", "sleep 1000").await;

    assert_eq!(rest(turn).await, [failed(TurnFailure::TimedOut)]);
    gone(group).await;
}

#[tokio::test]
async fn nothing_of_our_environment_reaches_the_agent() {
    let dir = tempfile::tempdir().unwrap();
    let vm = vm_in(dir.path());
    assert!(std::env::var_os("CARGO_MANIFEST_DIR").is_some(), "something to leak");

    let (text, _) = run(&vm, "1", r"env; tr '\0' '\n' </proc/$$/environ").await;

    let mut names: Vec<_> = text.lines().filter_map(|line| Some(line.split_once('=')?.0)).collect();
    names.sort_unstable();
    names.dedup();
    let expected = ["HOME", "LANG", "OLDPWD", "PATH", "PWD", "SHLVL", "TERM", "_"];
    assert!(names.contains(&"PATH"), "{text}");
    assert!(names.iter().all(|name| expected.contains(name)), "{names:?}");
}

#[tokio::test]
async fn a_session_whose_note_is_no_file_starts_in_the_workspace() {
    let dir = tempfile::tempdir().unwrap();
    let vm = vm_in(dir.path());
    let workspace = format!("{}\n", dir.path().join("workspace").display());
    for (turn, again, trick) in [
        ("pipe", "1", "mkfifo \"$0\""),
        ("link", "2", "echo / >../target; ln -s \"$PWD/../target\" \"$0\""),
    ] {
        let line = format!("trap - EXIT; rm -f \"$0\"; {trick}");
        assert_eq!(run(&vm, turn, &line).await.1, TurnEvent::Done);
        let (place, _) = run(&vm, again, "rm \"$0\"; pwd").await;
        assert_eq!(place, workspace, "{turn}");
    }
}
