//! How a credential is asked for, as far as it depends on what a channel can do.

use adapters::channel::{Capabilities, SecretEntry};

/// How a credential gets in on a channel, and what becomes of one that is pasted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CredentialEntry {
    /// The safest way in.
    pub way: SecretEntry,
    /// A button opens a page of ours within the service.
    pub opens_pages: bool,
    /// A pasted credential can be deleted.
    pub deletes_theirs: bool,
    /// Only the service's copy of a pasted credential can be deleted.
    pub scrubs_theirs: bool,
}

impl CredentialEntry {
    /// As these capabilities allow.
    pub fn of(can: &Capabilities) -> Self {
        Self {
            way: can.secret_entry,
            opens_pages: can.opens_pages,
            deletes_theirs: can.deletes_theirs,
            scrubs_theirs: can.scrubs_theirs,
        }
    }

    /// The service lets us write only for a day after the person did. So it is wherever credentials
    /// come through a form alone.
    pub fn may_not_write_first(self) -> bool {
        self.way == SecretEntry::Form
    }
}
