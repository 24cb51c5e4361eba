//! Tokens, counted per day.

use sqlx::Row;

use super::Ledger;

/// The length of a day, in milliseconds.
const DAY_MS: u64 = 86_400_000;

/// What the model read and wrote.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tokens {
    /// Read, from the cache or not.
    pub input: u64,
    /// Written.
    pub output: u64,
}

impl Ledger {
    /// Adds to what was used on this day.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn count(&self, tokens: Tokens, now_ms: u64) -> anyhow::Result<()> {
        sqlx::query(
            "INSERT INTO usage (day, input_tokens, output_tokens) VALUES ($1, $2, $3)
             ON CONFLICT (day) DO UPDATE SET
             input_tokens = input_tokens + excluded.input_tokens,
             output_tokens = output_tokens + excluded.output_tokens",
        )
        .bind(i64::try_from(now_ms / DAY_MS)?)
        .bind(i64::try_from(tokens.input)?)
        .bind(i64::try_from(tokens.output)?)
        .execute(&self.pool)
        .await?;
        Ok(())
    }

    /// Everything that was ever used.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn usage(&self) -> anyhow::Result<Tokens> {
        let sum =
            "SELECT coalesce(sum(input_tokens), 0), coalesce(sum(output_tokens), 0) FROM usage";
        let row = sqlx::query(sum).fetch_one(&self.pool).await?;
        Ok(Tokens {
            input: u64::try_from(row.try_get::<i64, _>(0)?)?,
            output: u64::try_from(row.try_get::<i64, _>(1)?)?,
        })
    }
}
