//! What a program must offer to be the agent of a VM.

use adapters::chat::Citation;
use async_trait::async_trait;
use tokio::sync::mpsc;

use crate::protocol::TurnEvent;
use crate::secret::Secret;
use crate::vm::ids::SessionId;
use crate::vm::process::ProcessGroup;

/// Events between a program and its turn. When they are not taken, the program waits on its pipe:
/// that is what keeps a flood of output out of memory.
pub const EVENTS_QUEUED_MAX: usize = 16;

/// What the person sent.
#[derive(Clone, Copy)]
pub struct Prompt<'a> {
    /// What they wrote; may be empty.
    pub text: &'a str,
    /// Their files, as paths within the workspace; the last one came last.
    pub files: &'a [String],
    /// Opens the relay's model proxy for this turn; none where there is no model.
    pub model_token: Option<&'a Secret>,
    /// Text of others that they forwarded or quoted: never an instruction of theirs.
    pub citations: &'a [Citation],
}

/// A program that answers.
#[async_trait]
pub trait Agent: Send + Sync {
    /// Could a turn be answered now?
    async fn ready(&self) -> bool;

    /// Starts a turn with what the person sent.
    ///
    /// # Errors
    /// When the program cannot be started.
    async fn start(&self, session: &SessionId, said: Prompt<'_>) -> anyhow::Result<RunningAgent>;
}

/// A turn in progress. Dropped, it takes its processes with it.
pub struct RunningAgent {
    /// What happens, in order. It closes after a last event, or without one when the program ended
    /// by itself.
    pub events: mpsc::Receiver<TurnEvent>,
    /// Every process of the turn; none when the answer needed no program.
    pub group: Option<ProcessGroup>,
}
