//! The clock, the randomness and the records that every part of the simulated cloud shares.

use parking_lot::{Mutex, MutexGuard};
use tokio::sync::watch;

use crate::clock::Clock;
use crate::random::Random;

use super::bill::{AccruedCosts, Bill};
use super::lag::ReadLag;
use super::state::FlyState;

/// Every write goes through [`SharedWorld::write`], which charges for the time before it and wakes
/// the tasks that wait for a change.
pub(super) struct SharedWorld {
    clock: Clock,
    random: Random,
    state: Mutex<FlyState>,
    lag: Mutex<ReadLag>,
    costs: Mutex<AccruedCosts>,
    /// The number of writes so far.
    changes: watch::Sender<u64>,
}

/// The time of a write, and the delay after which reads show it.
#[derive(Clone, Copy)]
pub(super) struct WriteTime {
    pub now_ms: u64,
    pub lag_ms: u64,
}

impl SharedWorld {
    pub fn new(clock: Clock, random: Random, lag: ReadLag) -> Self {
        Self {
            clock,
            random,
            state: Mutex::default(),
            lag: Mutex::new(lag),
            costs: Mutex::default(),
            changes: watch::Sender::new(0),
        }
    }

    pub fn now_ms(&self) -> u64 {
        self.clock.now_ms()
    }

    pub fn state(&self) -> MutexGuard<'_, FlyState> {
        self.state.lock()
    }

    pub fn write<R>(&self, change: impl FnOnce(&mut FlyState, WriteTime) -> R) -> R {
        let when = WriteTime { now_ms: self.now_ms(), lag_ms: self.draw_lag_ms() };
        let mut state = self.state();
        self.costs.lock().settle(&state, when.now_ms);
        let result = change(&mut state, when);
        drop(state);
        self.changes.send_modify(|changes| *changes += 1);
        result
    }

    pub fn changes(&self) -> watch::Receiver<u64> {
        self.changes.subscribe()
    }

    pub fn set_lag(&self, lag: ReadLag) {
        *self.lag.lock() = lag;
    }

    pub fn bill(&self) -> Bill {
        let state = self.state();
        self.costs.lock().bill(&state, self.now_ms())
    }

    /// Chooses among the answers for which a client must be ready.
    pub fn draw(&self) -> u8 {
        let [draw] = self.random.bytes();
        draw
    }

    /// A random id in hexadecimal, of twice as many characters as `BYTES`.
    pub fn id<const BYTES: usize>(&self) -> String {
        hex::encode(self.random.bytes::<BYTES>())
    }

    /// 26 characters, as Fly's versions and events have.
    pub fn version_id(&self) -> String {
        format!("01{}", self.id::<12>().to_uppercase())
    }

    fn draw_lag_ms(&self) -> u64 {
        let lag = *self.lag.lock();
        match lag {
            ReadLag::None | ReadLag::UpToMs(0) => 0,
            ReadLag::FixedMs(ms) => ms,
            ReadLag::UpToMs(ms) => u64::from_be_bytes(self.random.bytes()) % ms,
        }
    }
}
