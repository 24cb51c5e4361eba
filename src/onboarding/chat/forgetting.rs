//! A person who was forgotten: what is held of them goes at once, where to send the receipt goes
//! with it.

use crate::conversation::messages::Message;
use crate::conversation::{Event, receipt_of};
use crate::store::conversations::StoredConversation;

use super::{ChatTask, HostedForms};

impl ChatTask {
    /// Wipes what is in memory of this person beside the conversation.
    pub(super) fn erase_held(&mut self) {
        let shared = &self.bot_channel.shared;
        shared.vault.forget_all(&self.owner);
        if let Some(HostedForms { forms, .. }) = &shared.settings.forms {
            forms.forget(self.bot_channel.channel.name(), &self.chat);
        }
        self.runner.drop_pending_link();
        shared.erased.notify_one();
    }

    /// There is a conversation that what happens may change.
    pub(super) fn is_on_record(&self) -> bool {
        self.stored.person.is_some() && !self.stored.forgotten
    }

    /// Nothing is put on record that the person did not bring about. What they have to know is said
    /// all the same.
    pub(super) async fn tell_without_a_record(&mut self, event: &Event) {
        let message = match event {
            Event::MessageDeleted { message, outcome } => {
                match self.bot_channel.conversations.end_deletion(&self.chat, message).await {
                    Ok(true) => receipt_of(*outcome, self.bot_channel.channel.capabilities()),
                    Ok(false) => return,
                    Err(error) => return tracing::error!("a deletion stays on record: {error:#}"),
                }
            }
            Event::MessagesDropped => Message::TooMuchAtOnce,
            _ => return,
        };
        self.outbox.say_now(self.locale, &message).await;
    }

    /// Lets go of a conversation that the database has let go of: see [`Conversations::sent`].
    ///
    /// [`Conversations::sent`]: crate::store::conversations::Conversations::sent
    pub(super) fn reset_conversation(&mut self) {
        if self.stored.forgotten && self.outbox.is_drained() {
            self.stored = StoredConversation::default();
            self.bot_channel.shared.erased.notify_one();
        }
    }
}
