//! How many bytes of bodies a process holds in memory at once.
//!
//! A body takes its part as it grows, not when it is announced: a caller that sends slowly holds
//! only what it has sent.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

#[cfg(test)]
mod tests;

/// How long a body waits for its first room: longer than a slow one may take to arrive, so that it
/// is served after it.
pub const WAIT_MAX: Duration = Duration::from_secs(75);

/// How long a body that holds room waits for more: two that each wait for the other's must not wait
/// long.
const GROW_WAIT_MAX: Duration = Duration::from_secs(5);

/// Bytes that the bodies of one process share.
#[derive(Clone, Debug)]
pub struct BodyBudget {
    free: Arc<Semaphore>,
    bytes_max: usize,
}

/// The part of a budget that one body takes; given back when dropped.
#[derive(Debug)]
pub struct BudgetPermit {
    budget: BodyBudget,
    held: Option<OwnedSemaphorePermit>,
}

/// No room became free in time, or there is never so much.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("too many bodies are on their way at once")]
pub struct BudgetExhausted;

impl BodyBudget {
    /// A budget of this many bytes.
    pub fn new(bytes_max: usize) -> Self {
        Self { free: Arc::new(Semaphore::new(bytes_max)), bytes_max }
    }

    /// The part of a body that is still empty.
    pub fn begin(&self) -> BudgetPermit {
        BudgetPermit { budget: self.clone(), held: None }
    }

    /// The part of a body of which so much is held.
    ///
    /// # Errors
    /// See [`BudgetPermit::grow`].
    pub async fn hold(&self, bytes: usize) -> Result<BudgetPermit, BudgetExhausted> {
        let mut held = self.begin();
        held.grow(bytes).await?;
        Ok(held)
    }

    /// Bytes that nobody holds.
    pub fn free(&self) -> usize {
        self.free.available_permits()
    }
}

impl BudgetPermit {
    /// Takes more of the budget.
    ///
    /// # Errors
    /// When there is no room within [`WAIT_MAX`]; for a body that holds some, within a few seconds.
    pub async fn grow(&mut self, bytes: usize) -> Result<(), BudgetExhausted> {
        let held = self.held.as_ref().map_or(0, OwnedSemaphorePermit::num_permits);
        if held + bytes > self.budget.bytes_max {
            return Err(BudgetExhausted);
        }
        let bytes = u32::try_from(bytes).map_err(|_| BudgetExhausted)?;
        let more = self.budget.free.clone().acquire_many_owned(bytes);
        let wait = if held == 0 { WAIT_MAX } else { GROW_WAIT_MAX };
        let more = tokio::time::timeout(wait, more).await.map_err(|_| BudgetExhausted)?;
        let more = more.map_err(|_| BudgetExhausted)?;
        match &mut self.held {
            Some(held) => held.merge(more),
            None => self.held = Some(more),
        }
        Ok(())
    }
}
