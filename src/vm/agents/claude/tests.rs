use super::*;

#[tokio::test]
async fn what_a_crashed_program_leaves_in_the_background_does_not_hold_its_turn() {
    for left in ["sleep 1000 >/dev/null", "sleep 1000 2>/dev/null", "sleep 1000"] {
        let mut program = Command::new("sh");
        program.args(["-c", &format!("echo no login >&2; {left} & exit 1")]).process_group(0);
        program.stdout(Stdio::piped()).stderr(Stdio::piped());
        let (mut child, _group) = ProcessGroup::spawn(&mut program).unwrap();
        let (stdout, stderr) = (child.stdout.take().unwrap(), child.stderr.take().unwrap());
        let (sender, mut events) = mpsc::channel(EVENTS_QUEUED_MAX);

        pump(child, stdout, stderr, sender, Duration::from_millis(200)).await;

        let complaint = TurnEvent::Text { text: "no login\n".to_owned() };
        let crashed = TurnEvent::Failed { reason: TurnFailure::AgentCrashed };
        assert_eq!(events.recv().await, Some(complaint), "{left}");
        assert_eq!(events.recv().await, Some(crashed), "{left}");
    }
}
