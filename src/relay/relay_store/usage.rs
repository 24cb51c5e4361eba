//! Tokens, counted for each day (UTC). What a call may cost is reserved before it is sent, and
//! replaced by what it did cost as far as its answer tells.

use sqlx::Row;

use super::RelayStore;

/// The length of a day, in milliseconds.
const DAY_MS: u64 = 86_400_000;

/// Tokens that a model reads and writes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TokenCounts {
    /// Read, from the cache or not, and written to the cache.
    pub input: u64,
    /// Written as an answer.
    pub output: u64,
}

impl TokenCounts {
    /// Of all classes.
    pub fn total(self) -> u64 {
        self.input.saturating_add(self.output)
    }
}

/// A day of the count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UsageDay(i64);

impl UsageDay {
    /// The day (UTC) of this moment, in Unix milliseconds.
    pub fn of(now_ms: u64) -> Self {
        Self(i64::try_from(now_ms / DAY_MS).unwrap_or(i64::MAX))
    }
}

impl RelayStore {
    /// Reserves what a call may cost, unless the day's `limit` is used or reserved already. Then
    /// nothing is reserved, and the answer is `false`.
    ///
    /// A call that is let through can exceed the limit by what it costs itself, but calls side by
    /// side cannot exceed it together.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn reserve(&self, day: UsageDay, tokens: u64, limit: u64) -> anyhow::Result<bool> {
        sqlx::query(
            "INSERT INTO usage (day, input_tokens, output_tokens) VALUES ($1, 0, 0)
             ON CONFLICT (day) DO NOTHING",
        )
        .bind(day.0)
        .execute(&self.pool)
        .await?;
        // One statement looks and reserves, so that no other call comes in between.
        let reserved = sqlx::query(
            "UPDATE usage SET reserved_tokens = reserved_tokens + $2
             WHERE day = $1 AND input_tokens + output_tokens + reserved_tokens < $3",
        )
        .bind(day.0)
        .bind(i64::try_from(tokens)?)
        .bind(i64::try_from(limit)?)
        .execute(&self.pool)
        .await?
        .rows_affected();
        Ok(reserved > 0)
    }

    /// Adds what was used on this day, and takes back `released` of what was reserved for it.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn count(
        &self,
        day: UsageDay,
        used: TokenCounts,
        released: u64,
    ) -> anyhow::Result<()> {
        sqlx::query(
            "INSERT INTO usage (day, input_tokens, output_tokens) VALUES ($1, $2, $3)
             ON CONFLICT (day) DO UPDATE SET
             input_tokens = input_tokens + excluded.input_tokens,
             output_tokens = output_tokens + excluded.output_tokens,
             reserved_tokens = max(reserved_tokens - $4, 0)",
        )
        .bind(day.0)
        .bind(i64::try_from(used.input)?)
        .bind(i64::try_from(used.output)?)
        .bind(i64::try_from(released)?)
        .execute(&self.pool)
        .await?;
        Ok(())
    }

    /// What counts against the limit of this day: used, and reserved for answers that have not
    /// told.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn spent_on(&self, day: UsageDay) -> anyhow::Result<u64> {
        let sum = "SELECT coalesce(sum(input_tokens + output_tokens + reserved_tokens), 0)
                   FROM usage WHERE day = $1";
        let row = sqlx::query(sum).bind(day.0).fetch_one(&self.pool).await?;
        Ok(u64::try_from(row.try_get::<i64, _>(0)?)?)
    }

    /// Everything that was ever used.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn usage(&self) -> anyhow::Result<TokenCounts> {
        let sum =
            "SELECT coalesce(sum(input_tokens), 0), coalesce(sum(output_tokens), 0) FROM usage";
        let row = sqlx::query(sum).fetch_one(&self.pool).await?;
        Ok(TokenCounts {
            input: u64::try_from(row.try_get::<i64, _>(0)?)?,
            output: u64::try_from(row.try_get::<i64, _>(1)?)?,
        })
    }
}
