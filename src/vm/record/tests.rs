use std::path::PathBuf;

use super::*;

const ONE: &str = "{\"type\":\"text\",\"text\":\"one\"}\n";
const DONE: &str = "{\"type\":\"done\"}\n";
const INTERRUPTED: &str = "{\"type\":\"failed\",\"reason\":\"interrupted\"}\n";

fn text(text: &str) -> TurnEvent {
    TurnEvent::Text { text: text.to_owned() }
}

fn interrupted() -> TurnEvent {
    TurnEvent::Failed { reason: TurnFailure::Interrupted }
}

struct RecordWorld {
    _dir: tempfile::TempDir,
    path: PathBuf,
}

impl RecordWorld {
    fn new(bytes: impl AsRef<[u8]>) -> Self {
        let kept = Self::nothing();
        std::fs::write(&kept.path, bytes).unwrap();
        kept
    }

    fn nothing() -> Self {
        let dir = tempfile::tempdir().unwrap();
        Self { path: dir.path().join("turn.jsonl"), _dir: dir }
    }

    async fn read(&self) -> Option<Vec<TurnEvent>> {
        TurnRecord::interrupted(&self.path).await.unwrap()
    }

    fn bytes(&self) -> String {
        String::from_utf8(std::fs::read(&self.path).unwrap()).unwrap()
    }
}

#[tokio::test]
async fn a_torn_line_is_cut_and_the_end_stands_in_its_place() {
    let long = format!("{{\"type\":\"text\",\"text\":\"{}", "x".repeat(5_000));
    let torn = [
        "",
        "{",
        "{\"type\":\"te",
        "{\"type\":\"done\"}",
        "{\"type\":\"failed\",\"reason\":\"stopped\"}",
        "{\"type\":\"unheard of\"}\n",
        "\0\0\0\0",
        "\0\0\0\0\n{\"type\":\"done\"}\n",
        "\n",
        long.as_str(),
    ];
    for torn in torn {
        for (whole, events) in [("", vec![]), (ONE, vec![text("one")])] {
            let kept = RecordWorld::new(format!("{whole}{torn}"));
            let expected = [events, vec![interrupted()]].concat();
            for _ in 0..3 {
                assert_eq!(kept.read().await, Some(expected.clone()), "{torn:?}");
                assert_eq!(kept.bytes(), format!("{whole}{INTERRUPTED}"), "{torn:?}");
            }
        }
    }
}

#[tokio::test]
async fn a_letter_torn_in_its_middle_is_cut_too() {
    let mut bytes = "{\"type\":\"text\",\"text\":\"ü".as_bytes().to_vec();
    bytes.pop();
    let kept = RecordWorld::new(bytes);
    assert_eq!(kept.read().await, Some(vec![interrupted()]));
    assert_eq!(kept.bytes(), INTERRUPTED);
}

#[tokio::test]
async fn a_record_with_an_end_stays_as_it_is() {
    for end in [DONE, INTERRUPTED] {
        let whole = format!("{ONE}{end}");
        let kept = RecordWorld::new(&whole);
        for _ in 0..2 {
            assert_eq!(kept.read().await.unwrap().len(), 2);
            assert_eq!(kept.bytes(), whole);
        }
    }
}

#[tokio::test]
async fn a_turn_that_never_began_has_no_record_and_gets_none() {
    let kept = RecordWorld::nothing();
    assert_eq!(kept.read().await, None);
    assert!(!kept.path.exists());
}

#[tokio::test]
async fn a_record_is_made_once_and_each_event_is_in_the_file_at_once() {
    let kept = RecordWorld::nothing();
    let mut record = TurnRecord::create(&kept.path).await.unwrap();
    record.append(&text("one")).await.unwrap();
    assert_eq!(kept.bytes(), ONE);
    record.append(&TurnEvent::Done).await.unwrap();
    assert_eq!(kept.bytes(), format!("{ONE}{DONE}"));

    let again = TurnRecord::create(&kept.path).await.err().unwrap();
    assert_eq!(again.kind(), io::ErrorKind::AlreadyExists);
    assert_eq!(kept.bytes(), format!("{ONE}{DONE}"));
}
