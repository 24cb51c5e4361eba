//! What every log of the web channel promises, in memory and on disk.

use std::sync::Arc;

use adapters::chat::{AnswerKind, Button, Outbound};
use adapters::web::{LogChange, LogEntry, MemoryLog, MessageLog, PostedFile, PostedMessage};
use bytes::Bytes;
use textslash::relay::relay_store::RelayStore;
use tokio::task::JoinSet;

/// Every log there is, empty, and the directory that one of them lives in.
async fn logs() -> (tempfile::TempDir, Vec<Arc<dyn MessageLog>>) {
    let dir = tempfile::tempdir().unwrap();
    let ledger = RelayStore::open(dir.path()).await.unwrap();
    (dir, vec![Arc::new(MemoryLog::default()), ledger])
}

fn put(seq: u64, key: &str, text: &str) -> LogEntry {
    LogEntry { seq, change: LogChange::Put(Outbound::text(key, text).into()) }
}

fn removed(seq: u64, key: &str) -> LogEntry {
    LogEntry { seq, change: LogChange::Removed(key.into()) }
}

#[tokio::test]
async fn a_log_has_the_latest_form_of_every_message_in_the_order_of_change() {
    let (_dir, logs) = logs().await;
    for log in logs {
        assert_eq!(log.head().await, Ok(0));
        assert_eq!(log.after(0, 10).await, Ok(vec![]));
        for (seq, (key, text)) in (1..).zip([("a", "A"), ("b", "B"), ("c", "C"), ("a", "A2")]) {
            assert_eq!(log.put(&Outbound::text(key, text).into()).await, Ok(seq));
        }
        let all = [put(2, "b", "B"), put(3, "c", "C"), put(4, "a", "A2")];
        for (after, max, expected) in [
            (0, 10, &all[..]),
            (0, 2, &all[..2]),
            (2, 10, &all[1..]),
            (3, 1, &all[2..]),
            (4, 10, &[]),
            (u64::MAX, usize::MAX, &[]),
        ] {
            assert_eq!(log.after(after, max).await.unwrap(), expected, "{max} after {after}");
        }
        assert_eq!(log.head().await, Ok(4));
    }
}

#[tokio::test]
async fn a_removed_message_is_a_note_until_it_is_put_again() {
    let (_dir, logs) = logs().await;
    for log in logs {
        assert_eq!(log.remove("a").await, Ok(None));
        log.put(&Outbound::text("a", "A").into()).await.unwrap();
        assert_eq!(log.contains("a").await, Ok(true));

        assert_eq!(log.remove("a").await, Ok(Some(2)));
        assert_eq!(log.contains("a").await, Ok(false));
        assert_eq!(log.remove("a").await, Ok(None));
        assert_eq!(log.after(0, 10).await, Ok(vec![removed(2, "a")]));

        assert_eq!(log.put(&Outbound::text("a", "again").into()).await, Ok(3));
        assert_eq!(log.contains("a").await, Ok(true));
        assert_eq!(log.after(0, 10).await, Ok(vec![put(3, "a", "again")]));
        assert_eq!(log.head().await, Ok(3));
    }
}

#[tokio::test]
async fn of_two_who_remove_a_message_one_has_done_it() {
    let (_dir, logs) = logs().await;
    for log in logs {
        log.put(&Outbound::text("a", "A").into()).await.unwrap();
        let (one, other) = tokio::join!(log.remove("a"), log.remove("a"));
        assert_eq!([one, other].iter().filter(|removed| **removed == Ok(Some(2))).count(), 1);
        assert_eq!(log.head().await, Ok(2));
    }
}

#[tokio::test]
async fn a_message_comes_back_whole() {
    let (_dir, logs) = logs().await;
    for log in logs {
        let message = Outbound::text("key: \u{0} '\"", "e\u{301} \u{0} \n {\"a\":1} 👩‍👩‍👧‍👦")
            .with_buttons(vec![Button::new("yes:1", "Yes, do"), Button::new("no", "")])
            .asking(AnswerKind::Secret);
        log.put(&message.clone().into()).await.unwrap();
        let stands = LogEntry { seq: 1, change: LogChange::Put(message.into()) };
        assert_eq!(log.after(0, 1).await, Ok(vec![stands]));
    }
}

#[tokio::test]
async fn who_reads_along_while_many_write_misses_nothing() {
    const WRITERS: u64 = 4;
    const EACH: u64 = 25;
    let (_dir, logs) = logs().await;
    for log in logs {
        let mut writers = JoinSet::new();
        for writer in 0..WRITERS {
            let log = log.clone();
            writers.spawn(async move {
                for n in 0..EACH {
                    let key = format!("{writer}-{n}");
                    log.put(&Outbound::text(key, "text").into()).await.unwrap();
                }
            });
        }
        let (mut seen, mut last) = (0, 0);
        while seen < WRITERS * EACH {
            for entry in log.after(last, 7).await.unwrap() {
                assert_eq!(entry.seq, last + 1, "an entry was skipped or came twice");
                last = entry.seq;
                seen += 1;
            }
            while let Some(written) = writers.try_join_next() {
                written.unwrap();
            }
            tokio::task::yield_now().await;
        }
    }
}

#[tokio::test]
async fn a_log_on_disk_goes_on_after_a_restart() {
    let dir = tempfile::tempdir().unwrap();
    let before = RelayStore::open(dir.path()).await.unwrap();
    before.put(&Outbound::text("a", "A").into()).await.unwrap();
    before.put(&Outbound::text("b", "B").into()).await.unwrap();
    drop(before);

    let after = RelayStore::open(dir.path()).await.unwrap();
    assert_eq!(after.head().await, Ok(2));
    assert_eq!(after.put(&Outbound::text("a", "A2").into()).await, Ok(3));
    assert_eq!(after.after(0, 10).await, Ok(vec![put(2, "b", "B"), put(3, "a", "A2")]));
}

#[tokio::test]
async fn bytes_are_there_until_they_are_given_up() {
    let (_dir, logs) = logs().await;
    for log in logs {
        assert_eq!(log.file("a").await, Ok(None));
        log.keep_file("a", &Bytes::from_static(b"\xff\0one")).await.unwrap();
        log.keep_file("b", &Bytes::from_static(b"two")).await.unwrap();
        log.keep_file("a", &Bytes::from_static(b"one again")).await.unwrap();

        assert_eq!(log.file("a").await, Ok(Some(Bytes::from_static(b"one again"))));
        assert_eq!(log.file("b").await, Ok(Some(Bytes::from_static(b"two"))));
    }
}

#[tokio::test]
async fn a_message_keeps_what_is_known_of_its_file() {
    let (_dir, logs) = logs().await;
    for log in logs {
        let file = PostedFile {
            id: "f".into(),
            name: "photo.png".into(),
            media_type: "image/png".into(),
            bytes: 7,
        };
        let posted =
            PostedMessage { message: Outbound::text("a", "A"), file: Some(Box::new(file)) };
        log.put(&posted).await.unwrap();
        let stands = LogEntry { seq: 1, change: LogChange::Put(posted) };
        assert_eq!(log.after(0, 10).await, Ok(vec![stands]));
    }
}
