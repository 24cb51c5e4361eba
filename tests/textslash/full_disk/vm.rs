//! The VM's files, records and notes on a full disk.

use std::path::Path;
use std::sync::Arc;

use textslash::clock::Clock;
use textslash::protocol::{TurnEvent, TurnFailure, WithheldReason};
use textslash::secret::{Audience, Secret, SecretKind};
use textslash::spec::{AgentKind, DeploymentId};
use textslash::vm::agent::{Agent, Prompt};
use textslash::vm::agents::shell::Shell;
use textslash::vm::directory::VmDirectory;
use textslash::vm::exchange::FileExchange;
use textslash::vm::ids::{SessionId, TurnId};
use textslash::vm::turns::{TurnParams, TurnRefusal};
use textslash::vm::{Vm, VmLimits, VmSettings};
use url::Url;

use super::{SmallDisk, names};

fn vm_on(data_dir: &Path) -> Vm {
    let secret =
        |kind| Arc::new(Secret::new(kind, "a key".to_owned(), Audience::of(["relay.test"])));
    let settings = VmSettings {
        deployment: DeploymentId::from_random([7; DeploymentId::LENGTH]),
        data_dir: data_dir.to_owned(),
        agent: AgentKind::Shell,
        link_key: secret(SecretKind::LinkKey),
        model_proxy_url: Url::parse("http://relay.test").unwrap(),
        agent_user: None,
        claude_bin: "claude".into(),
        limits: VmLimits::default(),
    };
    Vm::start(settings, Clock::system()).unwrap()
}

fn id(turn: &str) -> TurnId {
    TurnId::try_from(turn).unwrap()
}

async fn run(vm: &Vm, turn: &str, line: &str) -> Result<Vec<TurnEvent>, TurnRefusal> {
    let ask = TurnParams {
        turn: id(turn),
        session: SessionId::try_from("session").unwrap(),
        text: line.to_owned(),
        files: Vec::new(),
        citations: Vec::new(),
        after: 0,
        model_token: None,
    };
    let mut attached = vm.turns().ask(ask).await?;
    let mut events = Vec::new();
    while let Some(event) = attached.next().await {
        events.push(event);
    }
    vm.turns().none_running().await;
    Ok(events)
}

#[tokio::test]
async fn a_file_of_the_person_is_taken_whole_or_refused() {
    let story = "vm::a_file_of_the_person_is_taken_whole_or_refused";
    let Some(disk) = SmallDisk::mount(story, 4096) else { return };
    let exchange = FileExchange::new(VmDirectory::open(&disk.at, None).unwrap());
    let inbox = disk.at.join("workspace/inbox");
    std::fs::create_dir(&inbox).unwrap();
    disk.fill();

    for size in [1, 700_000, 5_000_000] {
        let refused = exchange.receive(&id("1"), "a.bin", &vec![7; size]).await;

        assert!(refused.is_err(), "{refused:?}");
        assert_eq!(names(&inbox), [""; 0], "{size}");
    }

    disk.make_room();
    let path = exchange.receive(&id("1"), "a.bin", &vec![7; 700_000]).await.unwrap();
    assert!(std::fs::read(disk.at.join("workspace").join(path)).unwrap() == vec![7; 700_000]);
}

#[tokio::test]
async fn a_file_of_the_agent_stays_in_the_outbox_until_its_copy_is_whole() {
    let story = "vm::a_file_of_the_agent_stays_in_the_outbox_until_its_copy_is_whole";
    let Some(disk) = SmallDisk::mount(story, 4096) else { return };
    let vm = vm_on(&disk.at);
    disk.fill();
    disk.make_some_room(900_000);
    let outbox = disk.at.join("workspace/outbox");

    let line = "mkdir outbox; head -c 600000 /dev/zero >outbox/zeros.bin";
    let events = run(&vm, "1", line).await.unwrap();

    let is_sent = |event: &TurnEvent| matches!(event, TurnEvent::File { .. });
    assert!(!events.iter().any(is_sent), "{events:?}");
    let told = TurnEvent::Withheld {
        reason: WithheldReason::NoRoom,
        names: vec!["zeros.bin".to_owned()],
        count: 1,
    };
    assert!(events.contains(&told), "{events:?}");
    assert_eq!(std::fs::metadata(outbox.join("zeros.bin")).unwrap().len(), 600_000);
    assert_eq!(names(&disk.at.join("files")), [""; 0]);

    disk.make_room();
    let events = run(&vm, "2", "true").await.unwrap();
    let sent = TurnEvent::File { index: 0, name: "zeros.bin".to_owned(), bytes: 600_000 };
    assert_eq!(events, [sent, TurnEvent::Done]);
    let kept = vm.exchange().open_copy(&id("2"), 0).await.unwrap();
    let kept = std::io::read_to_string(kept).unwrap();
    assert!(kept == "\0".repeat(600_000), "{} bytes were kept", kept.len());
    assert_eq!(names(&outbox), [""; 0]);
}

#[tokio::test]
async fn a_turn_that_cannot_be_recorded_says_so_and_its_record_stays_readable() {
    let story = "vm::a_turn_that_cannot_be_recorded_says_so_and_its_record_stays_readable";
    let Some(disk) = SmallDisk::mount(story, 1024) else { return };
    let vm = vm_on(&disk.at);
    for (turn, room) in [("none", 0), ("one", 4096), ("more", 40_000), ("most", 150_000)] {
        disk.fill();
        disk.make_some_room(room);

        let line = "head -c 200000 /dev/zero | tr '\\0' x";
        let events = run(&vm, turn, line).await.unwrap();
        disk.make_room();

        let failed = |reason| TurnEvent::Failed { reason };
        assert_eq!(events.last(), Some(&failed(TurnFailure::DiskFailed)), "{turn}");
        let again = run(&vm_on(&disk.at), turn, line).await.unwrap();
        let (last, recorded) = again.split_last().unwrap();
        assert_eq!(recorded, &events[..events.len() - 1], "{turn}");
        let ends = [failed(TurnFailure::DiskFailed), failed(TurnFailure::Interrupted)];
        assert!(ends.contains(last), "{turn}: {last:?}");
    }
}

#[tokio::test]
async fn what_is_recorded_after_an_event_that_did_not_fit_is_readable() {
    let story = "vm::what_is_recorded_after_an_event_that_did_not_fit_is_readable";
    let Some(disk) = SmallDisk::mount(story, 1024) else { return };
    let vm = vm_on(&disk.at);
    disk.fill();
    disk.make_some_room(60_000);

    let line = "mkdir outbox; echo hi >outbox/a.txt; trap 'rm -f ../filling; exit' TERM PIPE; \
                while :; do echo more and more and more and more; done";
    let events = run(&vm, "1", line).await.unwrap();
    let again = run(&vm_on(&disk.at), "1", line).await.unwrap();

    let sent = TurnEvent::File { index: 0, name: "a.txt".to_owned(), bytes: 3 };
    let last = TurnEvent::Failed { reason: TurnFailure::DiskFailed };
    assert!(events.ends_with(&[sent, last]), "{:?}", events.last());
    assert_eq!(again, events);
}

#[tokio::test]
async fn a_shell_that_cannot_note_its_directory_says_so_and_keeps_the_last_note() {
    let story = "vm::a_shell_that_cannot_note_its_directory_says_so_and_keeps_the_last_note";
    let Some(disk) = SmallDisk::mount(story, 1024) else { return };
    let directory = VmDirectory::open(&disk.at, None).unwrap();
    let shell = Shell::new(directory);
    let session = SessionId::try_from("session").unwrap();
    let run = async |text: &str| {
        let mut running = shell
            .start(&session, Prompt { text, files: &[], citations: &[], model_token: None })
            .await
            .unwrap();
        let mut said = String::new();
        while let Some(event) = running.events.recv().await {
            if let TurnEvent::Text { text } = event {
                said.push_str(&text);
            }
        }
        said
    };
    assert_eq!(run("mkdir one two; cd one").await, "");
    disk.fill();

    let told = run("cd ../two").await;

    assert!(told.contains("[the disk is full"), "{told:?}");
    assert_eq!(run("pwd").await.lines().next(), disk.at.join("workspace/one").to_str());
    assert_eq!(names(&disk.at.join("shell")), ["session"]);
}
