//! The cost of calls, in tokens, against the limit of a day. Everything that a call may cost or did
//! cost is counted here.

use std::sync::Arc;

use serde::Deserialize;

use super::meter::UsageReading;
use crate::relay::relay_store::{RelayStore, TokenCounts, UsageDay};

#[cfg(test)]
mod tests;

/// Most input of one call, in tokens: above the largest context that the vendor offers (1,000,000).
const INPUT_TOKENS_MAX: u64 = 1 << 20;

/// Most output of one call, in tokens: above what the vendor's models write (128,000).
const OUTPUT_TOKENS_MAX: u64 = 1 << 18;

/// The part of a request that bounds its answer.
#[derive(Deserialize)]
struct MessageBound {
    max_tokens: Option<u64>,
}

/// What a message with this body can cost at most. A token is at least a byte of the body; a body
/// that cannot be read is taken for the worst.
pub(super) fn cost_max(body: &[u8]) -> TokenCounts {
    let bytes = u64::try_from(body.len()).unwrap_or(u64::MAX);
    let bound =
        serde_json::from_slice::<MessageBound>(body).ok().and_then(|bound| bound.max_tokens);
    TokenCounts {
        input: bytes.min(INPUT_TOKENS_MAX),
        output: bound.unwrap_or(OUTPUT_TOKENS_MAX).min(OUTPUT_TOKENS_MAX),
    }
}

/// What is reserved for one call. Dropped, it leaves the rest reserved: nobody knows what the call
/// cost.
pub(super) struct Reservation {
    store: Arc<RelayStore>,
    day: UsageDay,
    held: TokenCounts,
}

impl Reservation {
    /// Reserves for one call; `None` when the day's limit is reached.
    ///
    /// # Errors
    /// When the database fails.
    pub(super) async fn make(
        ledger: Arc<RelayStore>,
        now_ms: u64,
        cost: TokenCounts,
        limit: u64,
    ) -> anyhow::Result<Option<Self>> {
        let day = UsageDay::of(now_ms);
        let is_made = ledger.reserve(day, cost.total(), limit).await?;
        Ok(is_made.then_some(Self { store: ledger, day, held: cost }))
    }

    /// Counts what an answer tells, and gives back what was reserved for what is known now.
    ///
    /// # Errors
    /// When the database fails.
    pub(super) async fn settle(&mut self, reading: &UsageReading) -> anyhow::Result<()> {
        let mut released = 0;
        if reading.is_input_known {
            released += std::mem::take(&mut self.held.input);
        }
        if reading.is_output_known {
            released += std::mem::take(&mut self.held.output);
        }
        self.store.count(self.day, reading.used, released).await
    }

    /// Gives all of it back: the call cost nothing.
    ///
    /// # Errors
    /// When the database fails.
    pub(super) async fn cancel(mut self) -> anyhow::Result<()> {
        let released = std::mem::take(&mut self.held).total();
        self.store.count(self.day, TokenCounts::default(), released).await
    }
}
