//! Conversations, the messages that were seen, and the messages to send. A step of a conversation
//! changes all three in one transaction. Only a digest of a seen message is kept, which identifies
//! no person.

use adapters::chat::{ChatId, InboundId, MessageRef, Outbound, UserId};
use anyhow::Context;
use sqlx::any::AnyRow;
use sqlx::{AnyConnection, Connection, Row};

use crate::conversation::ConversationState;
use crate::invitation::Invitation;

use super::erasure::{erase_runs, message_fingerprint};
use super::{Database, invitations};

mod deletions;
#[cfg(test)]
mod tests;

pub use deletions::PendingDeletion;

/// The time for which a seen message is remembered, in milliseconds. Telegram and Twilio stop
/// delivering again after a day; a week leaves room for a service that was down.
pub const SEEN_TTL_MS: u64 = 7 * 24 * 60 * 60 * 1000;

/// Messages that wait for one chat. A person who cannot be reached needs the last messages, not
/// all.
pub const OUTBOUND_MAX: i64 = 100;

/// The conversations of one channel.
#[derive(Clone)]
pub struct Conversations {
    database: Database,
    channel: String,
}

/// A conversation as it is stored.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct StoredConversation {
    /// The person; `None` in a new conversation.
    pub person: Option<UserId>,
    /// The state.
    pub state: ConversationState,
    /// The number of messages that we ever sent in it, which is the number of the next one.
    pub messages: i64,
    /// The person was forgotten; the conversation is kept until they have been told.
    pub forgotten: bool,
}

/// One step of a conversation.
#[derive(Debug)]
pub struct ConversationStep<'a> {
    pub chat: &'a ChatId,
    /// The person.
    pub person: &'a UserId,
    /// The new state.
    pub state: &'a ConversationState,
    /// The message of a person that caused it, if one did.
    pub inbound: Option<&'a InboundId>,
    /// A digest of the message's text, which detects an edit without a change of the text.
    pub version: Option<&'a InboundId>,
    /// The messages to send.
    pub outbound: &'a [Outbound],
    /// The number of the first of `outbound`.
    pub first_seq: i64,
    /// The time, in unix milliseconds.
    pub at_ms: u64,
    /// The invitation that admits the person by this step.
    pub invitation: Option<&'a Invitation>,
    /// Messages of the person's that are to be deleted from here on.
    pub deletes: &'a [MessageRef],
    /// The message whose deletion has ended, where the step says so.
    pub deleted: Option<&'a str>,
    /// The owner that the person counts as, where this step was a wrong code.
    pub wrong_code_of: Option<&'a str>,
    /// The owner whose runs are erased, where this step forgets the person.
    pub forgets: Option<&'a str>,
}

/// The result of saving a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SaveOutcome {
    /// It is durable.
    New,
    /// The same message, or the end of the same deletion, had caused a step before; nothing was
    /// changed.
    Duplicate,
    /// The invitation is used up; nothing was changed.
    InvitationUsedUp,
}

impl Conversations {
    /// The conversations of this channel in this database, whose schema is
    /// [`crate::store::SCHEMA`].
    pub fn new(database: impl Into<Database>, channel: &str) -> Self {
        Self { database: database.into(), channel: channel.to_owned() }
    }

    /// A conversation; a new one if there is none, or if it was stored by a build whose words we no
    /// longer know.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn load(&self, chat: &ChatId) -> anyhow::Result<StoredConversation> {
        self.database
            .whole(async {
                let row = sqlx::query(
                    "SELECT person, state, messages, forgotten FROM conversations
             WHERE channel = $1 AND chat = $2",
                )
                .bind(&self.channel)
                .bind(&chat.0)
                .fetch_optional(&mut *self.database.connection().await?)
                .await?;
                row.map_or_else(|| Ok(StoredConversation::default()), |row| stored(&row))
            })
            .await
    }

    /// Every conversation of this channel, oldest first.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn all(&self) -> anyhow::Result<Vec<(ChatId, StoredConversation)>> {
        self.database
            .whole(async {
                let rows = sqlx::query(
                    "SELECT person, state, messages, forgotten, chat FROM conversations WHERE \
                     channel = $1
                     ORDER BY updated_at_ms",
                )
                .bind(&self.channel)
                .fetch_all(&mut *self.database.connection().await?)
                .await?;
                let read = |row: &AnyRow| Ok((ChatId(row.try_get(4)?), stored(row)?));
                rows.iter().map(read).collect()
            })
            .await
    }

    /// Whether a message was seen before.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn is_seen(&self, id: &InboundId) -> anyhow::Result<bool> {
        self.database
            .whole(async {
                // A version before this one kept the id itself, for as long as any is kept.
                let row =
                    sqlx::query("SELECT 1 FROM inbound WHERE channel = $1 AND id IN ($2, $3)")
                        .bind(&self.channel)
                        .bind(message_fingerprint(&self.channel, id))
                        .bind(&id.0)
                        .fetch_optional(&mut *self.database.connection().await?)
                        .await?;
                Ok(row.is_some())
            })
            .await
    }

    /// Remembers a message as seen that causes no step.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn see(&self, id: &InboundId, at_ms: u64) -> anyhow::Result<()> {
        self.database
            .whole(async {
                self.record_inbound(&mut *self.database.connection().await?, id, at_ms)
                    .await
                    .map(drop)
            })
            .await?;
        Ok(self.database.intact().await?)
    }

    /// Makes a step durable, all of it or nothing.
    ///
    /// # Errors
    /// When the database fails; nothing was changed then, or all of it, so the same step may be
    /// saved again.
    pub async fn save(&self, step: &ConversationStep<'_>) -> anyhow::Result<SaveOutcome> {
        let saved = self
            .database
            .whole(async {
                let mut connection = self.database.connection().await?;
                let mut transaction = connection.begin().await?;
                if let Some(id) = step.inbound
                    && !self.record_inbound(&mut transaction, id, step.at_ms).await?
                {
                    return Ok(SaveOutcome::Duplicate);
                }
                if let Some(invitation) = step.invitation
                    && !invitations::let_in(&mut transaction, invitation).await?
                {
                    transaction.rollback().await?;
                    return Ok(SaveOutcome::InvitationUsedUp);
                }
                if let Some(message) = step.deleted
                    && !deletions::end(&mut transaction, &self.channel, step.chat, message).await?
                {
                    return Ok(SaveOutcome::Duplicate);
                }
                deletions::begin(&mut transaction, &self.channel, step).await?;
                if let Some(version) = step.version {
                    self.record_inbound(&mut transaction, version, step.at_ms).await?;
                }
                if let Some(owner) = step.wrong_code_of {
                    invitations::note_wrong_code(&mut transaction, owner, step.at_ms).await?;
                }
                if let Some(owner) = step.forgets {
                    erase_runs(&mut transaction, owner, step.at_ms).await?;
                }
                self.write(&mut transaction, step).await?;
                for (seq, message) in (step.first_seq..).zip(step.outbound) {
                    sqlx::query(
                        "INSERT INTO outbound (channel, chat, seq, message) VALUES ($1, $2, $3, $4)
                         ON CONFLICT (channel, chat, seq) DO UPDATE SET message = excluded.message",
                    )
                    .bind(&self.channel)
                    .bind(&step.chat.0)
                    .bind(seq)
                    .bind(serde_json::to_string(message)?)
                    .execute(&mut *transaction)
                    .await?;
                }
                transaction.commit().await.context("cannot store the conversation")?;
                Ok::<_, anyhow::Error>(SaveOutcome::New)
            })
            .await?;
        self.database.intact().await?;
        Ok(saved)
    }

    /// Remembers an inbound message; false if it was seen before. Deletes those older than
    /// [`SEEN_TTL_MS`].
    async fn record_inbound(
        &self,
        connection: &mut AnyConnection,
        id: &InboundId,
        at_ms: u64,
    ) -> anyhow::Result<bool> {
        let noted = sqlx::query(
            "INSERT INTO inbound (channel, id, seen_at_ms) VALUES ($1, $2, $3)
             ON CONFLICT (channel, id) DO NOTHING",
        )
        .bind(&self.channel)
        .bind(message_fingerprint(&self.channel, id))
        .bind(i64::try_from(at_ms)?)
        .execute(&mut *connection)
        .await?
        .rows_affected();
        sqlx::query("DELETE FROM inbound WHERE seen_at_ms < $1")
            .bind(i64::try_from(at_ms.saturating_sub(SEEN_TTL_MS))?)
            .execute(connection)
            .await?;
        Ok(noted == 1)
    }

    async fn write(
        &self,
        connection: &mut AnyConnection,
        step: &ConversationStep<'_>,
    ) -> anyhow::Result<()> {
        let next = step.first_seq + i64::try_from(step.outbound.len())?;
        sqlx::query(
            "INSERT INTO conversations
             (channel, chat, person, state, messages, updated_at_ms, forgotten)
             VALUES ($1, $2, $3, $4, $5, $6, $7)
             ON CONFLICT (channel, chat) DO UPDATE SET person = excluded.person,
             state = excluded.state, messages = excluded.messages,
             updated_at_ms = excluded.updated_at_ms, forgotten = excluded.forgotten",
        )
        .bind(&self.channel)
        .bind(&step.chat.0)
        .bind(&step.person.0)
        .bind(serde_json::to_string(step.state)?)
        .bind(next)
        .bind(i64::try_from(step.at_ms)?)
        .bind(i64::from(step.forgets.is_some()))
        .execute(&mut *connection)
        .await?;
        sqlx::query("DELETE FROM outbound WHERE channel = $1 AND chat = $2 AND seq < $3")
            .bind(&self.channel)
            .bind(&step.chat.0)
            .bind(next - OUTBOUND_MAX)
            .execute(connection)
            .await?;
        Ok(())
    }

    /// The messages to send to a chat, in order.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn unsent(&self, chat: &ChatId) -> anyhow::Result<Vec<(i64, Outbound)>> {
        self.database
            .whole(async {
                let rows = sqlx::query(
            "SELECT seq, message FROM outbound WHERE channel = $1 AND chat = $2 ORDER BY seq",
        )
        .bind(&self.channel)
        .bind(&chat.0)
        .fetch_all(&mut *self.database.connection().await?)
        .await?;
                let read = |row: &AnyRow| {
                    let message: String = row.try_get(1)?;
                    Ok((row.try_get(0)?, serde_json::from_str(&message).context("not a message")?))
                };
                rows.iter().map(read).collect()
            })
            .await
    }

    /// Removes the messages up to this one, which were sent or never can be. The last one to a
    /// forgotten person removes their conversation, too.
    ///
    /// # Errors
    /// When the database fails; nothing was changed then, or all of it.
    pub async fn sent(&self, chat: &ChatId, seq: i64) -> anyhow::Result<()> {
        self.database
            .whole(async {
                let mut connection = self.database.connection().await?;
                let mut transaction = connection.begin().await?;
                sqlx::query("DELETE FROM outbound WHERE channel = $1 AND chat = $2 AND seq <= $3")
                    .bind(&self.channel)
                    .bind(&chat.0)
                    .bind(seq)
                    .execute(&mut *transaction)
                    .await?;
                sqlx::query(
                    "DELETE FROM conversations WHERE channel = $1 AND chat = $2 AND forgotten = 1
                     AND NOT EXISTS (SELECT 1 FROM outbound WHERE channel = $1 AND chat = $2)",
                )
                .bind(&self.channel)
                .bind(&chat.0)
                .execute(&mut *transaction)
                .await?;
                Ok(transaction.commit().await?)
            })
            .await
    }
}

fn stored(row: &AnyRow) -> anyhow::Result<StoredConversation> {
    let state: String = row.try_get(1)?;
    Ok(StoredConversation {
        person: Some(UserId(row.try_get(0)?)),
        state: serde_json::from_str(&state).unwrap_or_default(),
        messages: row.try_get(2)?,
        forgotten: row.try_get::<i64, _>(3)? == 1,
    })
}
