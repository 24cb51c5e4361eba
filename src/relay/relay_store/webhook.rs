//! Where the owner is spoken with, and where their bot led before this relay.

use adapters::chat::ChatId;
use sqlx::Row;

use super::RelayStore;

impl RelayStore {
    /// Remembers where the bot led, if that is not remembered yet: the first one is the one to go
    /// back to.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn note_pointing(&self, before: Option<&str>) -> anyhow::Result<()> {
        sqlx::query(
            "INSERT INTO pointing (one, before) VALUES (1, $1) ON CONFLICT (one) DO NOTHING",
        )
        .bind(before)
        .execute(&self.pool)
        .await?;
        Ok(())
    }

    /// The chats that were spoken in: where the owner may have written meanwhile.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn chats(&self) -> anyhow::Result<Vec<ChatId>> {
        let rows = sqlx::query("SELECT DISTINCT chat FROM inbox").fetch_all(&self.pool).await?;
        rows.iter().map(|row| Ok(ChatId(row.try_get(0)?))).collect()
    }

    /// Where the bot led before, if anywhere.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn pointed_before(&self) -> anyhow::Result<Option<String>> {
        let row = sqlx::query("SELECT before FROM pointing").fetch_optional(&self.pool).await?;
        Ok(row.map(|row| row.try_get(0)).transpose()?.flatten())
    }
}
