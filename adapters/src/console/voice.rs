//! The interface of one conversation partner.

use super::{InboundContent, Outbound, Voice};

impl Voice {
    /// The next input of the person for this voice; `None` when the input has ended.
    ///
    /// The number or the label of an offered button is a [`InboundContent::Tap`]; an answer to a
    /// message that asks for a credential is a [`InboundContent::Secret`] unless it starts with
    /// `/`.
    pub async fn next(&self) -> Option<InboundContent> {
        let line = self.lines.lock().await.recv().await?;
        Some(self.shared.state().understand(self.index, line))
    }

    /// Shows a message. A key that was shown before is edited instead.
    pub fn show(&self, key: &str, message: &Outbound) {
        self.shared.state().show(self.index, key, message);
    }

    /// Replaces a message: in place while it is the last thing on a screen, else by printing what
    /// changed. Returns whether such a message is known.
    pub fn edit(&self, key: &str, message: &Outbound) -> bool {
        self.shared.state().edit(self.index, key, message)
    }

    /// Takes a message back, and off the screen while it is the last thing on it. Returns whether
    /// such a message is known.
    pub fn delete(&self, key: &str) -> bool {
        self.shared.state().delete(self.index, key)
    }

    /// Shows that an answer is on its way, until one is shown.
    pub fn typing(&self) {
        self.shared.state().set_typing(self.index);
    }

    /// Prints a line that belongs to no voice, such as "connection lost".
    pub fn notice(&self, text: &str) {
        self.shared.state().notice(text);
    }

    /// Whether messages are drawn over rather than printed again.
    pub fn is_interactive(&self) -> bool {
        self.shared.state().is_interactive()
    }
}
