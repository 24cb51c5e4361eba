//! Edits of lines: a line that no turn has taken yet is replaced, any other stays as it was taken.

use adapters::chat::InboundId;
use sqlx::Row;

use super::{InboxMessage, NewInboxMessage, RelayStore, citations_json, line};

/// What an edit finds.
#[derive(Debug)]
pub enum EditOutcome {
    /// No line with this id ever came.
    Unknown,
    /// The line waited; this is its new form.
    Replaced(InboxMessage),
    /// The words are the same as before.
    Unchanged,
    /// A turn or an answer has taken the line in its earlier form.
    AlreadyTaken,
}

impl RelayStore {
    /// Replaces the line of this id while it waits behind another one. The first line in the queue
    /// counts as taken.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn edit(
        &self,
        original: &InboundId,
        new: &NewInboxMessage<'_>,
    ) -> anyhow::Result<EditOutcome> {
        let row = sqlx::query("SELECT digest FROM inbox WHERE id = $1").bind(&original.0);
        let Some(row) = row.fetch_optional(&self.pool).await? else {
            return Ok(EditOutcome::Unknown);
        };
        if row.try_get::<Option<String>, _>("digest")?.as_deref() == Some(new.digest) {
            return Ok(EditOutcome::Unchanged);
        }
        let row = sqlx::query(
            "UPDATE inbox SET text = $1, file = $2, citations = $3, digest = $4, is_command = $5
             WHERE id = $6 AND is_settled = 0 AND is_command = 0 AND seq >
             (SELECT min(seq) FROM inbox WHERE is_settled = 0 AND is_command = 0)
             RETURNING *",
        )
        .bind(new.text)
        .bind(new.file.map(serde_json::to_string).transpose()?)
        .bind(citations_json(new.citations)?)
        .bind(new.digest)
        .bind(i64::from(new.is_command))
        .bind(&original.0)
        .fetch_optional(&self.pool)
        .await?;
        row.as_ref()
            .map_or(Ok(EditOutcome::AlreadyTaken), |row| Ok(EditOutcome::Replaced(line(row)?)))
    }

    /// The owner was told of this form of a line, so that the same form is not told of again.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn note_version(&self, original: &InboundId, digest: &str) -> anyhow::Result<()> {
        sqlx::query("UPDATE inbox SET digest = $1 WHERE id = $2")
            .bind(digest)
            .bind(&original.0)
            .execute(&self.pool)
            .await?;
        Ok(())
    }
}
