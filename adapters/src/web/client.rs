//! The other end of the web channel, for terminals.

use std::time::Duration;

use tokio::sync::{Mutex, mpsc};
use tokio::task::AbortHandle;
use zeroize::Zeroizing;

use super::TEXT_MAX;
use super::timeouts::ClientTimeouts;
use crate::chat::Outbound;

mod connection;
mod link;
mod outbox;
mod talk;
#[cfg(test)]
mod tests;
mod tls;

pub use link::{LinkError, RelayLink};
pub use talk::{TalkEnd, talk};

use outbox::{ClientOutbox, UnacknowledgedCount};

/// Events that wait to be shown; the connection is not read meanwhile.
const EVENTS_MAX: usize = 256;

/// Lines that wait to be taken over by the connection; [`WebClient::say`] waits then.
const COMMANDS_MAX: usize = 16;

/// A client of one relay, which reconnects by itself unless the relay sleeps. Dropping it closes
/// the connection.
pub struct WebClient {
    commands: mpsc::Sender<ClientCommand>,
    events: Mutex<mpsc::Receiver<ClientEvent>>,
    unacknowledged: UnacknowledgedCount,
    connection: AbortHandle,
}

/// An event for a client.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ClientEvent {
    /// A new message.
    Message(Outbound),
    /// The new form of a message that was seen.
    Edited(Outbound),
    /// The message of this key was removed.
    Deleted(String),
    /// An answer is on its way.
    Typing,
    /// The relay is reached, for the first time or again.
    Connected,
    /// The connection was lost, or none could be made; the client keeps trying.
    Reconnecting,
    /// The relay stopped because nobody uses it. The next line wakes it.
    Asleep,
    /// This line was refused and is not sent again; the reason is a sentence.
    NotTaken(String),
    /// The relay refuses the client; the reason is a sentence. The last event.
    Refused(String),
}

/// A refusal to send a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EnqueueError {
    /// Longer than [`TEXT_MAX`] bytes.
    #[error("That line is too long and was not sent. Send it in smaller parts.")]
    TooLong,
    /// The relay has refused us.
    #[error("The chat has ended.")]
    Ended,
}

/// A line or tap to send exactly once.
enum ClientCommand {
    Say { text: Zeroizing<String>, secret: bool },
    Tap { button: String, message: Option<String> },
}

impl WebClient {
    /// Starts to connect. Must be called within a tokio runtime.
    pub fn connect(link: RelayLink) -> Self {
        Self::waiting(link, ClientTimeouts::default())
    }

    fn waiting(link: RelayLink, waits: ClientTimeouts) -> Self {
        let (commands, received) = mpsc::channel(COMMANDS_MAX);
        let (events, shown) = mpsc::channel(EVENTS_MAX);
        let unacknowledged = UnacknowledgedCount::default();
        let outbox = ClientOutbox::new(unacknowledged.clone());
        let connection = tokio::spawn(connection::keep(link, waits, received, events, outbox));
        let connection = connection.abort_handle();
        Self { commands, events: Mutex::new(shown), unacknowledged, connection }
    }

    /// Sends a line, now or when the relay is reached again; waits while too many are unsent.
    pub async fn say(&self, text: Zeroizing<String>) -> Result<(), EnqueueError> {
        self.say_as(text, false).await
    }

    /// Sends a credential that was typed unseen.
    pub async fn enter_secret(&self, text: Zeroizing<String>) -> Result<(), EnqueueError> {
        self.say_as(text, true).await
    }

    /// Taps a button of a message, named by its key.
    pub async fn tap(&self, button: String, message: Option<String>) -> Result<(), EnqueueError> {
        self.command(ClientCommand::Tap { button, message }).await
    }

    /// The next event; `None` after [`ClientEvent::Refused`].
    pub async fn next(&self) -> Option<ClientEvent> {
        self.events.lock().await.recv().await
    }

    /// Waits until the relay has every line, at most for `at_most`. True when it has.
    pub async fn flush(&self, at_most: Duration) -> bool {
        let mut unacknowledged = self.unacknowledged.subscribe();
        let all = unacknowledged.wait_for(|left| *left == 0);
        tokio::time::timeout(at_most, all).await.is_ok_and(|all| all.is_ok())
    }

    async fn say_as(&self, text: Zeroizing<String>, secret: bool) -> Result<(), EnqueueError> {
        if text.len() > TEXT_MAX {
            return Err(EnqueueError::TooLong);
        }
        self.command(ClientCommand::Say { text, secret }).await
    }

    async fn command(&self, command: ClientCommand) -> Result<(), EnqueueError> {
        let permit = self.commands.reserve().await.map_err(|_| EnqueueError::Ended)?;
        self.unacknowledged.send_modify(|left| *left += 1);
        permit.send(command);
        Ok(())
    }
}

impl Drop for WebClient {
    fn drop(&mut self) {
        self.connection.abort();
    }
}
