//! Edits: a line is taken once, in the form that it had when its turn came.

use adapters::chat::{Attachment, Inbound, InboundContent, MessageEdit};
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use super::reception::bounded;
use super::relay_store::{EditOutcome, NewInboxMessage};
use super::{Relay, messages};

/// How old a message may be whose edit counts as the message itself, in milliseconds: services
/// deliver what was missed within a day. Beyond it, the message may have been taken and forgotten.
const UNSEEN_AGE_MAX_MS: u64 = 24 * 60 * 60 * 1000;

impl Relay {
    pub(super) async fn take_edit(
        &self,
        inbound: &Inbound,
        edit: &MessageEdit,
    ) -> anyhow::Result<()> {
        let (text, file) = match &inbound.content {
            InboundContent::Text(text) => (text.trim(), None),
            InboundContent::File(file) => (file.caption.trim(), Some(file.as_ref())),
            // A live location is edited every few seconds, and was answered in its first form.
            _ => return Ok(()),
        };
        let is_committed = self.probation.is_committed();
        let command = self.command_in(inbound, text, file).filter(|_| is_committed);
        let digest = self.digest(text, file);
        let new = NewInboxMessage {
            id: &inbound.id,
            chat: &inbound.chat,
            text,
            file,
            citations: &bounded(&inbound.context.citations),
            digest: &digest,
            turn: "",
            is_command: command.is_some(),
        };
        match (self.store.edit(&edit.original, &new).await?, command) {
            (EditOutcome::Unchanged, _) | (EditOutcome::Replaced(_), None) => Ok(()),
            (EditOutcome::Replaced(line), Some(command)) => self.run_command(command, &line).await,
            (EditOutcome::Unknown, _) if self.is_recent(edit) => {
                let mut original = inbound.clone();
                original.id = edit.original.clone();
                original.context.edit = None;
                self.take_message(&original).await
            }
            (EditOutcome::Unknown | EditOutcome::AlreadyTaken, _) => {
                self.decline(inbound, messages::EDITED_TOO_LATE.said(self.locale())).await?;
                self.store.note_version(&edit.original, &digest).await
            }
        }
    }

    fn is_recent(&self, edit: &MessageEdit) -> bool {
        self.clock.now_ms().saturating_sub(edit.sent_at_ms) <= UNSEEN_AGE_MAX_MS
    }

    /// Tells one form of a line from another after its text is erased. Without the key, nobody can
    /// find out the text by trying.
    pub(super) fn digest(&self, text: &str, file: Option<&Attachment>) -> String {
        let key = self.settings.link_key.expose().as_bytes();
        let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(key) else {
            unreachable!("HMAC takes keys of any length")
        };
        mac.update(text.as_bytes());
        if let Some(file) = file {
            mac.update(format!("\0{}\0{:?}", file.name, file.bytes).as_bytes());
        }
        hex::encode(mac.finalize().into_bytes())
    }
}
