//! The admission of connections, and their numbers.

use std::time::Duration;

use axum::http::{HeaderMap, Uri, header};
use tokio::sync::oneshot;
use tokio::time::Instant;

/// Clients of one owner at once: every device twice over. The one that was quiet longest makes
/// room.
pub(super) const SOCKETS_MAX: usize = 16;

/// Connections at once that have not shown the key yet. The one that came first makes room, so that
/// a crowd cannot keep the owner out.
pub(super) const STRANGERS_MAX: usize = 32;

/// Wrong keys in one [`WINDOW`] that get a sentence as their answer; more than a person would
/// paste.
const WRONG_KEYS_MAX: u32 = 10;

/// The time over which wrong keys are counted.
const WINDOW: Duration = Duration::from_secs(60);

#[derive(Default)]
pub(super) struct ClientAdmission {
    /// Oldest first.
    unverified: Vec<ClientSlot>,
    wrong_keys: u32,
    window_start: Option<Instant>,
    next_ticket: u64,
    verified: Vec<ClientSlot>,
}

struct ClientSlot {
    ticket: u64,
    heard_at: Instant,
    /// Dropped to ask this connection to close.
    _stay: oneshot::Sender<()>,
}

/// A client's place, before or after it has shown the key.
pub(super) struct ClientTicket {
    pub(super) number: u64,
    /// Ends when another connection needs the place.
    pub(super) leave: oneshot::Receiver<()>,
}

impl ClientAdmission {
    /// Admits a connection that has not shown a key yet.
    pub(super) fn admit_unverified(&mut self, now: Instant) -> ClientTicket {
        if self.unverified.len() == STRANGERS_MAX {
            self.unverified.remove(0);
        }
        let (place, ticket) = self.place(now);
        self.unverified.push(place);
        ticket
    }

    /// Removes a connection that has shown a key or is gone.
    pub(super) fn step_aside(&mut self, ticket: u64) {
        self.unverified.retain(|stranger| stranger.ticket != ticket);
    }

    /// Counts a wrong key; true while such a key gets a sentence as its answer.
    pub(super) fn count_wrong_key(&mut self, now: Instant) -> bool {
        if self.window_start.is_none_or(|start| now - start >= WINDOW) {
            self.window_start = Some(now);
            self.wrong_keys = 0;
        }
        self.wrong_keys = self.wrong_keys.saturating_add(1);
        self.wrong_keys <= WRONG_KEYS_MAX
    }

    pub(super) fn admit_verified(&mut self, now: Instant) -> ClientTicket {
        if self.verified.len() == SOCKETS_MAX
            && let Some((quietest, _)) =
                self.verified.iter().enumerate().min_by_key(|(_, guest)| guest.heard_at)
        {
            self.verified.swap_remove(quietest);
        }
        let (place, ticket) = self.place(now);
        self.verified.push(place);
        ticket
    }

    fn place(&mut self, now: Instant) -> (ClientSlot, ClientTicket) {
        let number = self.next_ticket;
        self.next_ticket += 1;
        let (stay, leave) = oneshot::channel();
        (ClientSlot { ticket: number, heard_at: now, _stay: stay }, ClientTicket { number, leave })
    }

    /// Marks this client as the last active one.
    pub(super) fn touch(&mut self, ticket: u64, now: Instant) {
        if let Some(guest) = self.verified.iter_mut().find(|guest| guest.ticket == ticket) {
            guest.heard_at = now;
        }
    }

    pub(super) fn let_out(&mut self, ticket: u64) {
        self.verified.retain(|guest| guest.ticket != ticket);
    }

    #[cfg(test)]
    pub(super) fn guests(&self) -> usize {
        self.verified.len()
    }
}

/// Whether the page that opens this socket is one of ours. A browser names the page's origin, and
/// otherwise sends cookies and reaches private networks for any page. Terminals name none.
pub(super) fn is_same_origin(headers: &HeaderMap) -> bool {
    let Some(origin) = headers.get(header::ORIGIN) else { return true };
    let origin = origin.to_str().ok().and_then(|origin| origin.parse::<Uri>().ok());
    let host = headers.get(header::HOST).and_then(|host| host.to_str().ok());
    match (origin.as_ref().and_then(Uri::authority), host) {
        (Some(origin), Some(host)) => origin.as_str().eq_ignore_ascii_case(host),
        _ => false,
    }
}
