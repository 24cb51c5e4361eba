//! The log of a VM, as a log collector reads it.

use serde_json::{Value, json};

use super::*;
use crate::telemetry::tests::{CapturedLog, span_field};

#[tokio::test]
async fn the_lines_of_two_turns_that_run_at_once_can_be_told_apart() {
    let log = CapturedLog::start();
    let dir = tempfile::tempdir().unwrap();
    let (vm, mut started) = scripted_vm(dir.path(), VmLimits::default());
    let one = vm.turns().ask(ask("1", "main", "secret words", 0)).await.unwrap();
    let events_of_one = started.recv().await.unwrap();
    let other = vm.turns().ask(ask("2", "aside", "secret words", 0)).await.unwrap();
    let events_of_other = started.recv().await.unwrap();
    let refused = vm.turns().ask(ask("3", "main", "secret words", 0)).await.err();
    assert_eq!(refused, Some(TurnRefusal::SessionBusy));

    events_of_other.send(TurnEvent::Done).await.unwrap();
    assert_eq!(rest(other).await, [TurnEvent::Done]);
    events_of_one.send(TurnEvent::Text { text: "secret words".into() }).await.unwrap();
    events_of_one.send(TurnEvent::Done).await.unwrap();
    rest(one).await;
    vm.turns().none_running().await;

    let lines = log.lines();
    let told: Vec<[Value; 3]> = lines
        .iter()
        .map(|line| {
            let message = line["fields"]["message"].clone();
            [message, span_field(line, "session"), span_field(line, "turn")]
        })
        .collect();
    let expected = [
        ["a turn begins", "main", "1"],
        ["a turn begins", "aside", "2"],
        ["a turn was not begun", "main", "3"],
        ["a turn has ended", "aside", "2"],
        ["a turn has ended", "main", "1"],
    ];
    assert_eq!(told, expected.map(|line| line.map(|word| json!(word))));
    assert!(!serde_json::to_string(&lines).unwrap().contains("secret words"), "{lines:?}");
}
