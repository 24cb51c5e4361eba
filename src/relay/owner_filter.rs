//! The one gate: its owner in private passes, nobody else.

use std::collections::HashSet;

use adapters::chat::{ChatType, Inbound, UserId};
use parking_lot::Mutex;

use crate::spec::is_same_person;

/// Strangers remembered as told; beyond it, new ones are not answered at all.
const STRANGERS_MAX: usize = 1_000;

pub(super) struct OwnerFilter {
    owner: UserId,
    notified: Mutex<HashSet<UserId>>,
}

/// What to do with a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Access {
    /// It is the owner's.
    Owner,
    /// A stranger who has not been told yet.
    RejectOnce,
    /// Nobody to answer.
    Ignore,
}

impl OwnerFilter {
    pub(super) fn new(owner: UserId) -> Self {
        Self { owner, notified: Mutex::default() }
    }

    pub(super) fn access(&self, inbound: &Inbound) -> Access {
        match inbound.place {
            ChatType::Private if is_same_person(&inbound.from.0, &self.owner.0) => Access::Owner,
            ChatType::Private if self.is_new(&inbound.from) => Access::RejectOnce,
            ChatType::Private | ChatType::Group => Access::Ignore,
        }
    }

    fn is_new(&self, stranger: &UserId) -> bool {
        let mut told = self.notified.lock();
        told.len() < STRANGERS_MAX && told.insert(stranger.clone())
    }
}
