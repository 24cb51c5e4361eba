//! How long a VM stays up.

use super::*;
use crate::probation::LATE_PATIENCE_MS;

#[tokio::test(start_paused = true)]
async fn silence_is_filled_with_heartbeats_that_are_not_kept() {
    let dir = tempfile::tempdir().unwrap();
    let (vm, mut turns) = scripted_vm(dir.path(), VmLimits::default());
    let mut turn = begin(&vm, "1", "").await;
    let events = turns.recv().await.unwrap();

    for _ in 0..3 {
        let start = Instant::now();
        assert_eq!(turn.next().await, Some(TurnEvent::Heartbeat));
        assert!(start.elapsed() >= Duration::from_millis(HEARTBEAT_MS));
    }
    drop(events);

    assert_eq!(rest(turn).await, [failed(TurnFailure::AgentCrashed)]);
    let again = rest(begin(&vm, "1", "").await).await;
    assert_eq!(again, [failed(TurnFailure::AgentCrashed)]);
}

#[tokio::test(start_paused = true)]
async fn a_vm_is_idle_after_its_last_turn_and_not_before() {
    let dir = tempfile::tempdir().unwrap();
    let (vm, mut turns) = scripted_vm(dir.path(), VmLimits::default());
    vm.probation().commit().unwrap();
    let start = Instant::now();
    let turn = begin(&vm, "1", "").await;
    let events = turns.recv().await.unwrap();
    let long = Duration::from_millis(5 * IDLE_MS);

    let script = async {
        tokio::time::sleep(long).await;
        events.send(TurnEvent::Done).await.unwrap();
    };
    let (over, ()) = tokio::join!(vm.wait_for_exit(std::future::pending()), script);

    assert_eq!(over, VmExit::Idle);
    assert!(start.elapsed() >= long + Duration::from_millis(IDLE_MS), "{:?}", start.elapsed());
    assert_eq!(rest(turn).await, [TurnEvent::Done]);
    let refused = vm.turns().ask(ask("2", "a", "", 0)).await.err();
    assert_eq!(refused, Some(TurnRefusal::Closing), "the next start takes it");
}

#[tokio::test(start_paused = true)]
async fn a_vm_that_nobody_commits_serves_half_an_hour_and_then_no_more() {
    let dir = tempfile::tempdir().unwrap();
    let limits = VmLimits { idle_ms: u64::MAX / 4, ..VmLimits::default() };
    let half_an_hour = Duration::from_millis(PROBATION_MS);
    let start = Instant::now();
    let (vm, _turns) = scripted_vm(dir.path(), limits);
    assert!(vm.probation().serves());
    let clock = vm.clock.clone();

    assert_eq!(vm.wait_for_exit(std::future::pending()).await, VmExit::NotCommitted);
    assert!(start.elapsed() >= half_an_hour);
    assert!(!vm.probation().serves());

    let again = Vm::start(settings(dir.path(), limits), clock.clone()).unwrap();
    let start = Instant::now();
    assert!(!again.probation().serves(), "a restart is no new chance");
    assert_eq!(again.wait_for_exit(std::future::pending()).await, VmExit::NotCommitted);
    let patience = Duration::from_millis(LATE_PATIENCE_MS);
    assert!((patience..half_an_hour / 2).contains(&start.elapsed()), "{:?}", start.elapsed());

    again.probation().commit().unwrap();
    let committed = Vm::start(settings(dir.path(), limits), clock).unwrap();
    assert!(committed.probation().serves());
    let a_year = tokio::time::sleep(365 * 48 * half_an_hour);
    assert_eq!(committed.wait_for_exit(a_year).await, VmExit::Stopped);
}

#[tokio::test]
async fn a_turn_whose_agent_never_starts_can_be_stopped_and_has_its_time() {
    let dir = tempfile::tempdir().unwrap();
    let directory = VmDirectory::open(dir.path(), None).unwrap();
    let limits = VmLimits { turn_timeout_ms: 50, ..VmLimits::default() };
    for (limits, reason) in
        [(VmLimits::default(), TurnFailure::Stopped), (limits, TurnFailure::TimedOut)]
    {
        let turns = Turns::new(directory.clone(), Arc::new(StuckAgent), limits);
        let turn = format!("{reason:?}");
        let asked = turns.ask(ask(&turn, "a", "", 0)).await.unwrap();
        if reason == TurnFailure::Stopped {
            turns.cancel(&TurnId::try_from(turn.as_str()).unwrap()).await.unwrap();
        }
        assert_eq!(rest(asked).await, [failed(reason)]);
    }
}

#[tokio::test]
async fn a_stopped_turn_leaves_its_files_to_the_next_one() {
    let dir = tempfile::tempdir().unwrap();
    let (vm, mut turns) = scripted_vm(dir.path(), VmLimits::default());
    let outbox = dir.path().join("workspace/outbox");
    let first = begin(&vm, "1", "").await;
    let _running = turns.recv().await.unwrap();
    std::fs::create_dir_all(&outbox).unwrap();
    std::fs::write(outbox.join("report.txt"), "whole").unwrap();

    vm.turns().cancel(&TurnId::try_from("1").unwrap()).await.unwrap();
    assert_eq!(rest(first).await, [failed(TurnFailure::Stopped)]);
    assert!(outbox.join("report.txt").exists());

    let second = begin(&vm, "2", "").await;
    turns.recv().await.unwrap().send(TurnEvent::Done).await.unwrap();
    let file = TurnEvent::File { index: 0, name: "report.txt".to_owned(), bytes: 5 };
    assert_eq!(rest(second).await, [file, TurnEvent::Done]);
}

/// An agent that is never done with starting.
struct StuckAgent;

#[async_trait]
impl Agent for StuckAgent {
    async fn ready(&self) -> bool {
        true
    }

    async fn start(&self, _: &SessionId, _: Prompt<'_>) -> anyhow::Result<RunningAgent> {
        std::future::pending().await
    }
}
