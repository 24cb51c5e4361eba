use std::path::Path;

use adapters::chat::{ChatId, Outbound, UserId};
use sqlx::AnyPool;

use super::*;
use crate::conversation::ConversationState;
use crate::journal::JournalEntry;
use crate::random::Random;
use crate::spec::DeploymentId;
use crate::store::conversations::{ConversationStep, Conversations, SaveOutcome};
use crate::store::runs::Runs;
use crate::store::{self, SCHEMA};

const DAY_MS: u64 = 24 * 60 * 60 * 1000;
const NOW_MS: u64 = 1_800_000_000_000;

struct ErasureWorld {
    pool: AnyPool,
    database: Database,
    runs: Runs,
    conversations: Conversations,
    directory: tempfile::TempDir,
}

impl ErasureWorld {
    async fn new() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let pool = store::open(&directory.path().join("bot.db"), &SCHEMA).await.unwrap();
        Self {
            database: pool.clone().into(),
            runs: Runs::new(pool.clone()),
            conversations: Conversations::new(pool.clone(), "telegram"),
            pool,
            directory,
        }
    }

    /// A run with this outcome, or with none.
    async fn run(&self, number: u8, owner: &str, at_ms: u64, end: Option<RunEnd>) -> DeploymentId {
        let spec = store::runs::tests::spec(number);
        let id = spec.id.clone();
        let opened = [JournalEntry::Created { spec: Box::new(spec) }];
        assert!(self.runs.open(&id, owner, at_ms, &opened).await.unwrap());
        if let Some(end) = end {
            let (mut lease, _) = self.runs.lease(&id).await.unwrap().unwrap();
            lease.append(at_ms, &[JournalEntry::Ended { end }]).await.unwrap();
        }
        id
    }

    async fn step(
        &self,
        who: &str,
        id: &str,
        forgets: Option<&str>,
        seq: i64,
    ) -> anyhow::Result<SaveOutcome> {
        let step = ConversationStep {
            chat: &ChatId(who.to_owned()),
            person: &UserId(who.to_owned()),
            state: &ConversationState::default(),
            inbound: Some(&InboundId(id.to_owned())),
            version: None,
            outbound: &[Outbound::text(format!("key-{seq}"), format!("dear {who}"))],
            first_seq: seq,
            at_ms: NOW_MS,
            invitation: None,
            deletes: &[],
            deleted: None,
            wrong_code_of: None,
            forgets,
        };
        self.conversations.save(&step).await
    }

    async fn rows(&self, table: &str) -> i64 {
        let count = format!("SELECT COUNT(*) FROM {table}");
        let row = sqlx::query(sqlx::AssertSqlSafe(count)).fetch_one(&self.pool).await.unwrap();
        row.try_get(0).unwrap()
    }

    fn holds(&self, text: &str) -> bool {
        files(self.directory.path()).iter().any(|all| all.contains(text))
    }
}

/// Their content as text, without loss, because names are ASCII.
fn files(directory: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(directory).unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
    entries.map(|entry| text(std::fs::read(entry.unwrap().path()).unwrap())).collect()
}

#[tokio::test]
async fn a_forgotten_person_leaves_no_data_and_others_keep_theirs() {
    let world = ErasureWorld::new().await;
    let gone = world.run(5, "telegram:ada-4711", NOW_MS - 2 * DAY_MS, Some(RunEnd::Removed)).await;
    let others = world.run(6, "telegram:bob-4712", NOW_MS, None).await;
    world.step("ada-4711", "update-1", None, 0).await.unwrap();
    world.step("bob-4712", "update-2", None, 0).await.unwrap();
    assert!(world.holds("ada-4711") && world.holds(gone.as_ref()), "the hunt is blind");

    world.step("ada-4711", "update-3", Some("telegram:ada-4711"), 1).await.unwrap();
    assert_eq!(world.runs.list(Some("telegram:ada-4711")).await.unwrap(), []);
    assert!(world.conversations.load(&ChatId("ada-4711".into())).await.unwrap().forgotten);
    world.conversations.sent(&ChatId("ada-4711".into()), 0).await.unwrap();
    assert_eq!(world.rows("conversations").await, 2, "the receipt is not sent yet");
    world.conversations.sent(&ChatId("ada-4711".into()), 1).await.unwrap();
    assert_eq!((world.rows("conversations").await, world.rows("outbound").await), (1, 1));
    assert_eq!((world.rows("runs").await, world.rows("begun").await), (1, 0));
    assert!(world.conversations.is_seen(&InboundId("update-3".into())).await.unwrap());

    vacuum(&world.database).await.unwrap();
    assert!(!world.holds("ada-4711") && !world.holds(gone.as_ref()));
    assert!(!world.holds("update-1"), "no number of a message is stored");
    assert!(world.holds("bob-4712") && world.holds(others.as_ref()));
}

/// Rows of all lengths, as conversations make them: pages split and are filled again.
async fn many_people_chat(world: &ErasureWorld, people: &[String]) {
    let chance = Random::seeded(1);
    let filler = |max: u16| "x".repeat(usize::from(u16::from_le_bytes(chance.bytes()) % max));
    let mut transaction = world.pool.begin().await.unwrap();
    for round in 0..3 {
        for person in people {
            let words = sqlx::query(
                "INSERT INTO conversations (channel, chat, person, state, messages, updated_at_ms)
                 VALUES ('telegram', $1, $1, $2, 0, 0)
                 ON CONFLICT (channel, chat) DO UPDATE SET state = excluded.state",
            );
            let words = words.bind(person).bind(filler(900));
            words.execute(&mut *transaction).await.unwrap();
            for answer in 0..3 {
                let said = sqlx::query(
                    "INSERT INTO outbound (channel, chat, seq, message)
                     VALUES ('telegram', $1, $2, $3)",
                );
                let said = said.bind(person).bind(3 * round + answer);
                let said = said.bind(format!("{person}{}", filler(1_500)));
                said.execute(&mut *transaction).await.unwrap();
            }
        }
        for person in people {
            let sent = sqlx::query("DELETE FROM outbound WHERE chat = $1").bind(person);
            sent.execute(&mut *transaction).await.unwrap();
        }
    }
    transaction.commit().await.unwrap();
}

#[tokio::test]
async fn nothing_is_left_in_pages_that_were_split_and_freed() {
    let world = ErasureWorld::new().await;
    let chance = Random::seeded(2);
    let person = |_| format!("person-{:010}", u32::from_le_bytes(chance.bytes()));
    let people: Vec<String> = (0..600).map(person).collect();
    many_people_chat(&world, &people).await;
    let (gone, stay): (Vec<_>, Vec<_>) = (0..).zip(people).partition(|(place, _)| place % 2 == 0);
    let mut transaction = world.pool.begin().await.unwrap();
    for (_, person) in &gone {
        let gone = sqlx::query("DELETE FROM conversations WHERE chat = $1").bind(person);
        gone.execute(&mut *transaction).await.unwrap();
    }
    transaction.commit().await.unwrap();
    let found = |all: &[(usize, String)]| {
        let files = files(world.directory.path()).concat();
        all.iter().filter(|(_, it)| files.contains(it.as_str())).count()
    };
    assert!(found(&gone) > 0, "the hunt is blind");
    vacuum(&world.database).await.unwrap();
    assert_eq!((found(&gone), found(&stay)), (0, stay.len()));
}

#[tokio::test]
async fn a_run_that_still_stands_is_never_erased() {
    let world = ErasureWorld::new().await;
    world.run(1, "telegram:ada", NOW_MS, Some(RunEnd::Removed)).await;
    for (number, end) in [(2, None), (3, Some(RunEnd::Stuck)), (4, Some(RunEnd::Deployed))] {
        let id = world.run(number, "telegram:ada", NOW_MS, end).await;
        let refused = world.step("ada", &format!("m-{number}"), Some("telegram:ada"), 0).await;
        assert!(refused.is_err(), "{end:?}");
        assert!(!world.conversations.is_seen(&InboundId(format!("m-{number}"))).await.unwrap());
        assert_eq!(world.runs.list(Some("telegram:ada")).await.unwrap().len(), 2, "{end:?}");
        for table in ["journal WHERE run", "runs WHERE id"] {
            let gone = sqlx::AssertSqlSafe(format!("DELETE FROM {table} = $1"));
            sqlx::query(gone).bind(id.as_ref()).execute(&world.pool).await.unwrap();
        }
    }
}

#[tokio::test]
async fn a_start_counts_for_a_day_after_its_person_is_forgotten() {
    let world = ErasureWorld::new().await;
    for (number, ago_ms) in [(1, 2 * DAY_MS), (2, DAY_MS - 1), (3, 0)] {
        world.run(number, "telegram:ada", NOW_MS - ago_ms, Some(RunEnd::Removed)).await;
    }
    world.step("ada", "m1", Some("telegram:ada"), 0).await.unwrap();

    let mut counted = erased_starts(&world.database, "telegram:ada", NOW_MS).await.unwrap();
    counted.sort_unstable();
    assert_eq!(counted, [NOW_MS - DAY_MS + 1, NOW_MS]);
    assert!(erased_starts(&world.database, "telegram:bob", NOW_MS).await.unwrap().is_empty());
    assert_eq!(erased_starts(&world.database, "telegram:ada", NOW_MS + 1).await.unwrap(), [NOW_MS]);
    erase_expired(&world.database, NOW_MS + DAY_MS).await.unwrap();
    assert_eq!(world.rows("begun").await, 0);
}

#[tokio::test]
async fn a_person_who_cannot_be_reached_is_forgotten_all_the_same() {
    let world = ErasureWorld::new().await;
    world.step("ada", "m1", Some("telegram:ada"), 0).await.unwrap();
    world.step("bob", "m2", None, 0).await.unwrap();
    erase_expired(&world.database, NOW_MS + DAY_MS - 1).await.unwrap();
    assert_eq!((world.rows("conversations").await, world.rows("outbound").await), (2, 2));
    erase_expired(&world.database, NOW_MS + DAY_MS).await.unwrap();
    assert_eq!((world.rows("conversations").await, world.rows("outbound").await), (1, 1));
}

#[tokio::test]
async fn a_person_who_writes_before_the_receipt_is_sent_is_known_again() {
    let world = ErasureWorld::new().await;
    world.step("ada", "m1", Some("telegram:ada"), 0).await.unwrap();
    world.step("ada", "m2", None, 1).await.unwrap();
    world.conversations.sent(&ChatId("ada".into()), 1).await.unwrap();
    assert!(!world.conversations.load(&ChatId("ada".into())).await.unwrap().forgotten);
    assert_eq!(world.rows("conversations").await, 1);
}

#[test]
fn thousands_share_a_persons_print() {
    let prints: std::collections::BTreeSet<String> =
        (0..300_000).map(|number| person_fingerprint(&format!("telegram:{number}"))).collect();
    assert!(prints.len() <= 65_536, "{}", prints.len());
    let message = |id: &str| message_fingerprint("telegram", &InboundId(id.into()));
    assert_ne!(message("1"), message("2"));
    assert_ne!(message("1"), message_fingerprint("discord", &InboundId("1".into())));
}
