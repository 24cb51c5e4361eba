//! Messages of ours, written down before they are sent.

use adapters::chat::{ChatId, MessageRef, Outbound};
use sqlx::{AnyConnection, Row};

use super::{OutgoingFile, RelayStore, sent_as};

/// A message, or a new form of one, that the channel has not taken yet.
#[derive(Debug)]
pub struct OutboxMessage {
    /// What to send; the caption, where there is a file.
    pub message: Outbound,
    /// The file to send; its bytes are at [`RelayStore::bytes_of`].
    pub file: Option<OutgoingFile>,
    /// Where to.
    pub chat: ChatId,
    /// The message it became when it was sent before.
    pub sent_as: Option<MessageRef>,
    /// Which form this is.
    pub revision: i64,
}

impl RelayStore {
    /// Writes a message to be sent, or the new form of the one with this key.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn post(&self, chat: &ChatId, message: &Outbound, now_ms: u64) -> anyhow::Result<()> {
        let posted = async {
            let mut connection = self.pool.connection().await?;
            put(&mut connection, chat, message, now_ms).await
        };
        self.pool.whole(posted).await?;
        self.messages.notify_one();
        Ok(())
    }

    /// Writes down that the file kept under this key is to be sent, once for each key.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn post_file(
        &self,
        chat: &ChatId,
        key: &str,
        file: &OutgoingFile,
        now_ms: u64,
    ) -> anyhow::Result<()> {
        sqlx::query(
            "INSERT INTO outbox (key, chat, text, file, at_ms) VALUES ($1, $2, '', $3, $4)
             ON CONFLICT (key) DO NOTHING",
        )
        .bind(key)
        .bind(&chat.0)
        .bind(serde_json::to_string(file)?)
        .bind(i64::try_from(now_ms)?)
        .execute(&self.pool)
        .await?;
        self.messages.notify_one();
        Ok(())
    }

    /// The oldest message that was not sent in its latest form.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn unsent(&self) -> anyhow::Result<Option<OutboxMessage>> {
        let row = sqlx::query(
            "SELECT key, chat, text, file, message, revision FROM outbox
             WHERE sent_revision < revision ORDER BY seq LIMIT 1",
        );
        let Some(row) = row.fetch_optional(&self.pool).await? else { return Ok(None) };
        let chat = ChatId(row.try_get("chat")?);
        let sent_as = sent_as(&row, &chat)?;
        let message =
            Outbound::text(row.try_get::<String, _>("key")?, row.try_get::<String, _>("text")?);
        let file: Option<String> = row.try_get("file")?;
        let file = file.map(|file| serde_json::from_str(&file)).transpose()?;
        Ok(Some(OutboxMessage { message, file, sent_as, chat, revision: row.try_get("revision")? }))
    }

    /// This form of the message was sent (or can never be), and became that message.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn sent(
        &self,
        unsent: &OutboxMessage,
        message: Option<&MessageRef>,
    ) -> anyhow::Result<()> {
        sqlx::query(
            "UPDATE outbox SET message = $1, sent_revision = max(sent_revision, $2) WHERE key = $3",
        )
        .bind(message.map(|message| message.id.clone()))
        .bind(unsent.revision)
        .bind(&unsent.message.key)
        .execute(&self.pool)
        .await?;
        if unsent.file.is_some() {
            self.sending.remove(&unsent.message.key).await;
        }
        Ok(())
    }

    /// The message is gone from the chat: send it as a new one.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn lost(&self, unsent: &OutboxMessage) -> anyhow::Result<()> {
        sqlx::query("UPDATE outbox SET message = NULL WHERE key = $1")
            .bind(&unsent.message.key)
            .execute(&self.pool)
            .await?;
        Ok(())
    }
}

pub(super) async fn put(
    connection: &mut AnyConnection,
    chat: &ChatId,
    message: &Outbound,
    now_ms: u64,
) -> anyhow::Result<()> {
    sqlx::query(
        "INSERT INTO outbox (key, chat, text, at_ms) VALUES ($1, $2, $3, $4)
         ON CONFLICT (key) DO UPDATE SET text = excluded.text, revision = revision + 1
         WHERE text <> excluded.text",
    )
    .bind(&message.key)
    .bind(&chat.0)
    .bind(&message.text)
    .bind(i64::try_from(now_ms)?)
    .execute(connection)
    .await?;
    Ok(())
}
