//! A terminal's voice and a relay, connected.

use std::time::Duration;

use super::{ClientEvent, EnqueueError, WebClient};
use crate::chat::InboundContent;
use crate::console::Voice;

/// The time that the last lines may take to reach the relay once the input has ended.
const FLUSH_MAX: Duration = Duration::from_secs(30);

/// The end of [`talk`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TalkEnd {
    /// The input ended, and the relay has every line.
    InputEnded,
    /// The input ended, and the last lines may not have reached the relay.
    Unsent,
    /// The relay refused us; the reason was shown.
    Refused,
}

/// Carries lines from the terminal to the relay and messages back, until one of them ends.
pub async fn talk(voice: &Voice, client: &WebClient) -> TalkEnd {
    tokio::select! {
        end = carry_lines(voice, client) => end,
        () = show_events(voice, client) => TalkEnd::Refused,
    }
}

async fn carry_lines(voice: &Voice, client: &WebClient) -> TalkEnd {
    while let Some(content) = voice.next().await {
        let said = match content {
            InboundContent::Text(text) => client.say(text).await,
            InboundContent::Secret(text) => client.enter_secret(text).await,
            InboundContent::Tap { button, message } => {
                client.tap(button, message.map(|message| message.id)).await
            }
            // A terminal sends none.
            InboundContent::File(_) | InboundContent::Unsupported => continue,
        };
        match said {
            Ok(()) => {}
            Err(error @ EnqueueError::TooLong) => voice.notice(&error.to_string()),
            // The cause is among the events, which end this talk.
            Err(EnqueueError::Ended) => std::future::pending().await,
        }
    }
    match client.flush(FLUSH_MAX).await {
        true => TalkEnd::InputEnded,
        false => TalkEnd::Unsent,
    }
}

async fn show_events(voice: &Voice, client: &WebClient) {
    let mut lost = false;
    while let Some(event) = client.next().await {
        match event {
            ClientEvent::Message(message) | ClientEvent::Edited(message) => {
                voice.show(&message.key, &message);
            }
            ClientEvent::Deleted(key) => {
                voice.delete(&key);
            }
            ClientEvent::Typing => voice.typing(),
            ClientEvent::Reconnecting => {
                lost = true;
                voice.notice("The connection is lost; trying again. What you write is kept.");
            }
            ClientEvent::Asleep => {
                lost = false;
                voice.notice("Your relay sleeps; write and it wakes.");
            }
            ClientEvent::Connected if lost => {
                lost = false;
                voice.notice("Connected again.");
            }
            ClientEvent::Connected => {}
            ClientEvent::NotTaken(reason) | ClientEvent::Refused(reason) => voice.notice(&reason),
        }
    }
}
