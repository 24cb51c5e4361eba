//! Messages that hold a credential, from the step that found it to the step with the result of the
//! deletion.

use adapters::chat::{ChatId, MessageRef, UserId};
use sqlx::any::AnyRow;
use sqlx::{AnyConnection, Row};

use super::{ConversationStep, Conversations};

/// A message that is to be deleted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PendingDeletion {
    pub message: MessageRef,
    /// The time of the step that found it, in unix milliseconds.
    pub at_ms: u64,
}

impl Conversations {
    /// The messages of a chat that are to be deleted, oldest first.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn pending_deletions(&self, chat: &ChatId) -> anyhow::Result<Vec<PendingDeletion>> {
        let read = |row: &AnyRow| {
            let message = MessageRef { chat: chat.clone(), id: row.try_get(0)? };
            Ok(PendingDeletion { message, at_ms: u64::try_from(row.try_get::<i64, _>(1)?)? })
        };
        self.database
            .whole(async {
                let rows = sqlx::query(
                    "SELECT message, at_ms FROM deletions WHERE channel = $1 AND chat = $2
                     ORDER BY at_ms",
                )
                .bind(&self.channel)
                .bind(&chat.0)
                .fetch_all(&mut *self.database.connection().await?)
                .await?;
                rows.iter().map(read).collect()
            })
            .await
    }

    /// The chats in which messages are to be deleted, with their people.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn chats_with_deletions(&self) -> anyhow::Result<Vec<(ChatId, UserId)>> {
        self.database
            .whole(async {
                let rows = sqlx::query(
                    "SELECT chat, min(person) FROM deletions WHERE channel = $1 GROUP BY chat",
                )
                .bind(&self.channel)
                .fetch_all(&mut *self.database.connection().await?)
                .await?;
                let read = |row: &AnyRow| Ok((ChatId(row.try_get(0)?), UserId(row.try_get(1)?)));
                rows.iter().map(read).collect()
            })
            .await
    }

    /// Ends the deletion of this message, whose person has no conversation any more; false if it
    /// had ended before.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn end_deletion(&self, chat: &ChatId, message: &str) -> anyhow::Result<bool> {
        self.database
            .whole(async {
                let mut connection = self.database.connection().await?;
                end(&mut connection, &self.channel, chat, message).await
            })
            .await
    }
}

/// Records the messages that a step found.
pub(super) async fn begin(
    connection: &mut AnyConnection,
    channel: &str,
    step: &ConversationStep<'_>,
) -> anyhow::Result<()> {
    for message in step.deletes {
        sqlx::query(
            "INSERT INTO deletions (channel, chat, message, person, at_ms)
             VALUES ($1, $2, $3, $4, $5) ON CONFLICT (channel, chat, message) DO NOTHING",
        )
        .bind(channel)
        .bind(&step.chat.0)
        .bind(&message.id)
        .bind(&step.person.0)
        .bind(i64::try_from(step.at_ms)?)
        .execute(&mut *connection)
        .await?;
    }
    Ok(())
}

/// Ends a deletion; false if there is none.
pub(super) async fn end(
    connection: &mut AnyConnection,
    channel: &str,
    chat: &ChatId,
    message: &str,
) -> anyhow::Result<bool> {
    let ended =
        sqlx::query("DELETE FROM deletions WHERE channel = $1 AND chat = $2 AND message = $3")
            .bind(channel)
            .bind(&chat.0)
            .bind(message)
            .execute(connection)
            .await?;
    Ok(ended.rows_affected() == 1)
}
