//! Files that the agent left, as a turn tells of them.

use super::*;
use crate::protocol::WithheldReason;
use crate::vm::exchange::FILES_MAX;

fn sent(events: &[TurnEvent]) -> Vec<&str> {
    let names = events.iter().filter_map(|event| match event {
        TurnEvent::File { name, .. } => Some(name.as_str()),
        _ => None,
    });
    names.collect()
}

fn withheld(reason: WithheldReason, names: &[&str], count: usize) -> TurnEvent {
    let names = names.iter().map(|name| (*name).to_owned()).collect();
    TurnEvent::Withheld { reason, names, count }
}

#[tokio::test]
async fn a_turn_sends_a_few_files_and_says_how_many_wait() {
    let dir = tempfile::tempdir().unwrap();
    let vm = vm_in(dir.path());
    let long = "x".repeat(240);
    let line =
        format!("mkdir outbox; cd outbox; for n in $(seq 1000 2200); do echo >$n-{long}; done");

    let events = rest(begin(&vm, "1", &line).await).await;

    assert_eq!(sent(&events).len(), FILES_MAX);
    let shown = |n| format!("{n}-{}", &long[..95]);
    let names = [shown(1010), shown(1011), shown(1012)];
    let waiting =
        withheld(WithheldReason::TooMany, &names.each_ref().map(String::as_str), 1_201 - FILES_MAX);
    assert_eq!(events[FILES_MAX..], [waiting, TurnEvent::Done]);
    let again = rest(begin(&vm, "2", "true").await).await;
    assert_eq!(sent(&again).first(), Some(&shown(1010).as_str()), "the next ones follow");
}

#[tokio::test]
async fn unreadable_files_are_told_of_and_do_not_hold_back_the_others() {
    let dir = tempfile::tempdir().unwrap();
    // Root could read them.
    let is_root = nix::unistd::geteuid().is_root();
    let agent_user = is_root.then(|| AgentUser::named("nobody").unwrap());
    let settings = VmSettings { agent_user, ..settings(dir.path(), VmLimits::default()) };
    let vm = Vm::start(settings, Clock::system()).unwrap();
    let line = "mkdir outbox; cd outbox; for n in $(seq 10 29); do echo >$n; done; chmod 0 *; \
                echo hi >readable; mkdir folder";

    let events = rest(begin(&vm, "1", line).await).await;

    let file = TurnEvent::File { index: 0, name: "readable".to_owned(), bytes: 3 };
    let expected = [
        file,
        withheld(WithheldReason::NotPlain, &["folder"], 1),
        withheld(WithheldReason::Unreadable, &["10", "11", "12"], 20),
        TurnEvent::Done,
    ];
    assert_eq!(events, expected);
}
