use super::*;
use crate::conversation::{ConversationState, Phase};
use crate::invitation::{
    Invitation, WRONG_CODES_ALL_MAX, WRONG_CODES_PERSON_MAX, WRONG_CODES_WINDOW_MS, WrongCodes,
};
use crate::store::{self, erasure};

const NOON_MS: u64 = 1_800_000_000_000;

struct ConversationStoreWorld {
    conversations: Conversations,
    _directory: tempfile::TempDir,
}

impl ConversationStoreWorld {
    async fn new() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let pool = store::open(&directory.path().join("db"), &store::SCHEMA).await.unwrap();
        Self { conversations: Conversations::new(pool, "console"), _directory: directory }
    }

    async fn step(
        &self,
        inbound: Option<&str>,
        phase: Phase,
        first_seq: i64,
        at_ms: u64,
    ) -> SaveOutcome {
        let state = ConversationState { phase, ..ConversationState::default() };
        let inbound = inbound.map(|id| InboundId(id.to_owned()));
        let step = ConversationStep {
            chat: &chat(),
            person: &UserId("ada".into()),
            state: &state,
            inbound: inbound.as_ref(),
            version: None,
            outbound: &[Outbound::text(format!("m{first_seq}"), "hello")],
            first_seq,
            at_ms,
            invitation: None,
            deletes: &[],
            deleted: None,
            wrong_code_of: None,
            forgets: None,
        };
        self.conversations.save(&step).await.unwrap()
    }
}

fn chat() -> ChatId {
    ChatId("1".into())
}

#[tokio::test]
async fn a_message_that_comes_twice_changes_nothing_the_second_time() {
    let database = ConversationStoreWorld::new().await;
    assert_eq!(database.step(Some("m1"), Phase::Review, 0, 1).await, SaveOutcome::New);
    assert_eq!(database.step(Some("m1"), Phase::Changing, 1, 2).await, SaveOutcome::Duplicate);

    let stored = database.conversations.load(&chat()).await.unwrap();
    assert_eq!((stored.state.phase, stored.messages), (Phase::Review, 1));
    assert_eq!(database.conversations.unsent(&chat()).await.unwrap().len(), 1);
    assert!(database.conversations.is_seen(&InboundId("m1".into())).await.unwrap());
    assert!(!database.conversations.is_seen(&InboundId("m2".into())).await.unwrap());
}

#[tokio::test]
async fn a_message_is_new_whatever_number_came_before() {
    // Telegram numbers afresh after a quiet week, and its messages may come out of order.
    let database = ConversationStoreWorld::new().await;
    for id in ["700", "9", "8", "701"] {
        assert!(!database.conversations.is_seen(&InboundId(id.into())).await.unwrap(), "{id}");
        assert_eq!(database.step(Some(id), Phase::Idle, 0, 1).await, SaveOutcome::New, "{id}");
    }
}

#[tokio::test]
async fn outbound_messages_wait_in_order_until_they_are_sent() {
    let database = ConversationStoreWorld::new().await;
    database.step(Some("m1"), Phase::Idle, 0, 1).await;
    database.step(None, Phase::Idle, 1, 2).await;
    database.conversations.sent(&chat(), 0).await.unwrap();

    let unsent = database.conversations.unsent(&chat()).await.unwrap();
    assert_eq!(unsent, [(1, Outbound::text("m1", "hello"))]);
}

#[tokio::test]
async fn a_person_out_of_reach_is_not_written_to_without_end() {
    let database = ConversationStoreWorld::new().await;
    for seq in 0..OUTBOUND_MAX + 20 {
        database.step(None, Phase::Idle, seq, 1).await;
    }
    let unsent = database.conversations.unsent(&chat()).await.unwrap();
    assert_eq!(i64::try_from(unsent.len()).unwrap(), OUTBOUND_MAX);
}

#[tokio::test]
async fn very_old_messages_are_forgotten_and_recent_ones_are_not() {
    let database = ConversationStoreWorld::new().await;
    database.step(Some("old"), Phase::Idle, 0, 1).await;
    database.step(Some("recent"), Phase::Idle, 1, SEEN_TTL_MS).await;
    database.step(Some("new"), Phase::Idle, 2, SEEN_TTL_MS + 2).await;

    let seen =
        async |id: &str| database.conversations.is_seen(&InboundId(id.into())).await.unwrap();
    assert_eq!((seen("old").await, seen("recent").await, seen("new").await), (false, true, true));
}

#[tokio::test]
async fn channels_do_not_see_each_other() {
    let database = ConversationStoreWorld::new().await;
    database.step(Some("m1"), Phase::Review, 0, 1).await;
    let other = Conversations::new(database.conversations.database.clone(), "web");

    assert_eq!(other.load(&chat()).await.unwrap(), StoredConversation::default());
    assert!(!other.is_seen(&InboundId("m1".into())).await.unwrap());
    assert_eq!(database.conversations.all().await.unwrap().len(), 1);
    assert!(other.all().await.unwrap().is_empty());
}

#[tokio::test]
async fn a_step_whose_end_is_not_known_can_be_saved_again() {
    let database = ConversationStoreWorld::new().await;
    for _ in 0..2 {
        database.step(None, Phase::Idle, 0, 0).await;
    }
    assert_eq!(database.conversations.unsent(&chat()).await.unwrap().len(), 1);
}

#[tokio::test]
async fn the_last_place_of_an_invitation_admits_one_of_two_people() {
    let database = ConversationStoreWorld::new().await;
    let invitation = Invitation { code: "friends-0123456789".to_owned(), people: 1 };
    let comes = async |who: &str, id: &str| {
        let state = ConversationState { is_let_in: true, ..ConversationState::default() };
        let step = ConversationStep {
            chat: &ChatId(who.to_owned()),
            person: &UserId(who.to_owned()),
            state: &state,
            inbound: Some(&InboundId(id.to_owned())),
            version: None,
            outbound: &[Outbound::text("m", "That invitation works.")],
            first_seq: 0,
            at_ms: 1,
            invitation: Some(&invitation),
            deletes: &[],
            deleted: None,
            wrong_code_of: None,
            forgets: None,
        };
        database.conversations.save(&step).await.unwrap()
    };
    // Both were decided while there was a place.
    assert_eq!(comes("ada", "m1").await, SaveOutcome::New);
    assert_eq!(comes("ada", "m1").await, SaveOutcome::Duplicate, "which takes no second place");
    assert_eq!(comes("bob", "m2").await, SaveOutcome::InvitationUsedUp);

    let bob = ChatId("bob".to_owned());
    let conversations = &database.conversations;
    assert_eq!(conversations.load(&bob).await.unwrap(), StoredConversation::default());
    assert!(conversations.unsent(&bob).await.unwrap().is_empty());
    assert!(!conversations.is_seen(&InboundId("m2".into())).await.unwrap(), "it is decided again");
    let offers = invitations::offers(&conversations.database, &[invitation]).await.unwrap();
    assert_eq!(offers[0].let_in, 1);
}

#[tokio::test]
async fn a_deletion_stays_on_record_until_its_one_receipt() {
    let database = ConversationStoreWorld::new().await;
    let conversations = database.conversations.clone();
    let step = async |deletes: &[MessageRef], deleted: Option<&str>, seq: i64| {
        let step = ConversationStep {
            chat: &chat(),
            person: &UserId("ada".into()),
            state: &ConversationState::default(),
            inbound: None,
            version: None,
            outbound: &[Outbound::text(format!("m{seq}"), "hello")],
            first_seq: seq,
            at_ms: 5,
            invitation: None,
            deletes,
            deleted,
            wrong_code_of: None,
            forgets: None,
        };
        conversations.save(&step).await.unwrap()
    };
    let message = MessageRef { chat: chat(), id: "7".into() };
    assert_eq!(step(std::slice::from_ref(&message), None, 0).await, SaveOutcome::New);
    let pending = conversations.pending_deletions(&chat()).await.unwrap();
    assert_eq!(pending, [PendingDeletion { message, at_ms: 5 }]);
    let chats = conversations.chats_with_deletions().await.unwrap();
    assert_eq!(chats, [(chat(), UserId("ada".into()))]);

    assert_eq!(step(&[], Some("7"), 1).await, SaveOutcome::New);
    assert_eq!(step(&[], Some("7"), 2).await, SaveOutcome::Duplicate);
    assert_eq!(conversations.pending_deletions(&chat()).await.unwrap(), []);
    assert_eq!(conversations.unsent(&chat()).await.unwrap().len(), 2);
}

#[tokio::test]
async fn wrong_codes_count_for_a_day_even_after_their_person_is_forgotten() {
    let database = ConversationStoreWorld::new().await;
    let conversations = &database.conversations;
    let sends = async |who: &str, number: usize, at_ms: u64, forgets: bool| {
        let step = ConversationStep {
            chat: &ChatId(who.to_owned()),
            person: &UserId(who.to_owned()),
            state: &ConversationState::default(),
            inbound: Some(&InboundId(format!("{who}-{number}"))),
            version: None,
            outbound: &[],
            first_seq: 0,
            at_ms,
            invitation: None,
            deletes: &[],
            deleted: None,
            wrong_code_of: (!forgets).then_some(who),
            forgets: forgets.then_some(who),
        };
        conversations.save(&step).await.unwrap()
    };
    let counted = async |who: &str, at_ms| {
        invitations::wrong_codes(&conversations.database, who, at_ms).await.unwrap()
    };
    for number in 0..WRONG_CODES_PERSON_MAX {
        let at_ms = NOON_MS + u64::try_from(number).unwrap();
        assert_eq!(counted("web:eve", at_ms).await.person_limit_at_ms, None, "{number}");
        assert_eq!(sends("web:eve", number, at_ms, false).await, SaveOutcome::New);
        assert_eq!(
            sends("web:eve", number, at_ms, false).await,
            SaveOutcome::Duplicate,
            "counts once"
        );
    }
    let later_ms = NOON_MS + 60_000;
    sends("web:eve", WRONG_CODES_PERSON_MAX, later_ms, true).await;
    let eve = counted("web:eve", later_ms).await;
    assert_eq!(
        (eve.by_person, eve.person_limit_at_ms),
        (true, Some(NOON_MS)),
        "although forgotten"
    );
    assert_eq!(counted("web:ada", later_ms).await, WrongCodes::default());

    let rows = async || {
        let connection = &mut *conversations.database.connection().await.unwrap();
        let rows =
            sqlx::query("SELECT print FROM wrong_codes").fetch_all(connection).await.unwrap();
        rows.iter().map(|row| row.get::<String, _>(0)).collect::<Vec<_>>()
    };
    let kept = rows().await;
    assert_eq!(kept.len(), WRONG_CODES_PERSON_MAX);
    assert!(kept.iter().all(|print| print.len() == 6), "many people share a print: {kept:?}");
    let day_ms = later_ms + WRONG_CODES_WINDOW_MS;
    assert_eq!(counted("web:eve", day_ms).await, WrongCodes::default());
    erasure::erase_expired(&conversations.database, day_ms).await.unwrap();
    assert_eq!(rows().await, Vec::<String>::new());
}

#[tokio::test]
async fn wrong_codes_of_all_people_together_have_a_limit_too() {
    let database = ConversationStoreWorld::new().await;
    let conversations = &database.conversations;
    let many = "WITH RECURSIVE it(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM it WHERE n < $1)
                INSERT INTO wrong_codes (print, at_ms) SELECT 'p' || n, $2 FROM it";
    let insert = async |count: usize, at_ms: u64| {
        let connection = &mut *conversations.database.connection().await.unwrap();
        let insert = sqlx::query(many).bind(i64::try_from(count).unwrap());
        insert.bind(i64::try_from(at_ms).unwrap()).execute(connection).await.unwrap();
    };
    let limit = async || {
        let counted = invitations::wrong_codes(&conversations.database, "web:ada", NOON_MS);
        counted.await.unwrap().all_limit_at_ms
    };
    insert(WRONG_CODES_ALL_MAX - 1, NOON_MS - 1).await;
    assert_eq!(limit().await, None);
    insert(1, NOON_MS).await;
    assert_eq!(limit().await, Some(NOON_MS - 1));
}
