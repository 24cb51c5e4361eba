//! The one gate: its owner in private passes, nobody else.

use std::collections::HashSet;

use adapters::chat::{Inbound, Place, UserId};
use parking_lot::Mutex;

/// Strangers remembered as told; beyond it, new ones are not answered at all.
const STRANGERS_MAX: usize = 1_000;

pub(super) struct Gate {
    owner: UserId,
    told: Mutex<HashSet<UserId>>,
}

/// What to do with a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Passage {
    /// It is the owner's.
    Owner,
    /// A stranger who has not been told yet.
    TellOnce,
    /// Nobody to answer.
    Ignore,
}

impl Gate {
    pub(super) fn new(owner: UserId) -> Self {
        Self { owner, told: Mutex::default() }
    }

    pub(super) fn judge(&self, inbound: &Inbound) -> Passage {
        match inbound.place {
            Place::Private if inbound.from == self.owner => Passage::Owner,
            Place::Private if self.is_new(&inbound.from) => Passage::TellOnce,
            Place::Private | Place::Group => Passage::Ignore,
        }
    }

    fn is_new(&self, stranger: &UserId) -> bool {
        let mut told = self.told.lock();
        told.len() < STRANGERS_MAX && told.insert(stranger.clone())
    }
}
