//! The times that either end waits for the other.

use std::time::Duration;

#[derive(Clone, Copy, Debug)]
pub(super) struct ClientTimeouts {
    /// For a client to reach the relay and be answered: one that sleeps has to wake first.
    pub(super) connect: Duration,
    /// For a client to say hello: one round trip on a bad phone connection.
    pub(super) hello: Duration,
    /// Between two questions to a silent client whether it is there; well under the minute after
    /// which proxies drop a quiet connection.
    pub(super) ping: Duration,
    /// Silence after which the other end is gone: three unanswered pings.
    pub(super) silence: Duration,
    /// For one frame to leave; a slower reader reconnects and catches up from the log.
    pub(super) write: Duration,
    /// For a client to receive the close frame; it has every entry by then.
    pub(super) farewell: Duration,
}

impl Default for ClientTimeouts {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(30),
            hello: Duration::from_secs(10),
            ping: Duration::from_secs(20),
            silence: Duration::from_secs(65),
            write: Duration::from_secs(15),
            farewell: Duration::from_secs(2),
        }
    }
}
