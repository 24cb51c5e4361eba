//! A simulated Fly.io: the Machines API, the organisations of its REST and GraphQL APIs, and what
//! runs behind them. It forgets nothing, and checks more than the vendor does.

use std::collections::BTreeSet;
use std::sync::{Arc, Weak};
use std::time::Duration;

use parking_lot::{Mutex, MutexGuard};
use tokio::sync::watch;

use crate::clock::Clock;
use crate::random::Random;

use super::machines::MachineRuntime;
pub use bill::Bill;
pub use call_log::LoggedCall;
pub use inventory::{Inventory, nothing};
pub use lag::ReadLag;
pub use latency::Latency;
use state::FlyState;
pub use tokens::MintedToken;
use tokens::TokenIssuer;

mod accounts;
mod addresses;
mod apps;
mod bill;
mod billing_profiles;
mod call_log;
mod errors;
mod inventory;
mod lag;
mod latency;
mod life;
mod limits;
mod machines;
mod metadata;
mod mint;
mod organisations;
mod regions;
mod secrets;
mod state;
#[cfg(test)]
mod tests;
mod tokens;
mod volumes;

pub use accounts::{BillingProfile, FlyOrganisation};
pub use billing_profiles::FACES;
pub use life::{AppRoute, RouteError};
pub use mint::TokenKind;

/// What a simulated Fly.io is made with.
pub struct SimulatedFlySettings {
    /// Stamps and expiry.
    pub clock: Clock,
    /// Ids, keys and every choice.
    pub random: Random,
    /// What machines run on.
    pub runtime: Arc<dyn MachineRuntime>,
    /// How long things take.
    pub latency: Latency,
    /// How far reads lag behind writes.
    pub lag: ReadLag,
    /// The images that exist; `None` accepts every image that is pinned by digest.
    pub images: Option<BTreeSet<String>>,
}

impl SimulatedFlySettings {
    /// At once, without lag, any pinned image.
    pub fn prompt(clock: Clock, random: Random, runtime: Arc<dyn MachineRuntime>) -> Self {
        Self { clock, random, runtime, latency: Latency::NONE, lag: ReadLag::None, images: None }
    }
}

/// The simulated Fly.io.
pub struct SimulatedFly {
    clock: Clock,
    random: Random,
    runtime: Arc<dyn MachineRuntime>,
    latency: Latency,
    images: Option<BTreeSet<String>>,
    issuer: TokenIssuer,
    state: Mutex<FlyState>,
    lag: Mutex<ReadLag>,
    accounts: Mutex<Vec<accounts::OrganisationState>>,
    call_log: Mutex<call_log::CallLog>,
    costs: Mutex<bill::AccruedCosts>,
    lookalikes: Mutex<inventory::Lookalikes>,
    changed: watch::Sender<u64>,
    me: Weak<Self>,
}

impl SimulatedFly {
    /// A cloud in which nothing exists yet, with two organisations: [`FlyOrganisation::OURS`] and
    /// [`FlyOrganisation::OTHER`].
    pub fn new(settings: SimulatedFlySettings) -> Arc<Self> {
        let SimulatedFlySettings { clock, random: chance, runtime, latency, lag, images } =
            settings;
        let accounts = accounts::OrganisationState::all();
        let issuer =
            TokenIssuer::new(chance.clone(), accounts.iter().map(|a| a.organisation.number));
        Arc::new_cyclic(|me| Self {
            clock,
            random: chance,
            runtime,
            latency,
            images,
            issuer,
            state: Mutex::default(),
            lag: Mutex::new(lag),
            accounts: Mutex::new(accounts),
            call_log: Mutex::default(),
            costs: Mutex::default(),
            lookalikes: Mutex::default(),
            changed: watch::Sender::new(0),
            me: me.clone(),
        })
    }

    /// From now on, reads lag this far behind writes.
    pub fn set_lag(&self, lag: ReadLag) {
        *lock(&self.lag) = lag;
    }

    /// What machines run on.
    pub fn runtime(&self) -> &dyn MachineRuntime {
        self.runtime.as_ref()
    }

    fn now_ms(&self) -> u64 {
        self.clock.now_ms()
    }

    fn world(&self) -> MutexGuard<'_, FlyState> {
        lock(&self.state)
    }

    /// Changes the world, with time and lag for its writes, and wakes whoever waits for a change.
    fn write<R>(&self, change: impl FnOnce(&mut FlyState, WriteTime) -> R) -> R {
        let when = WriteTime { now_ms: self.now_ms(), lag_ms: self.draw_lag_ms() };
        let mut world = self.world();
        lock(&self.costs).settle(&world, when.now_ms);
        let result = change(&mut world, when);
        drop(world);
        self.changed.send_modify(|changes| *changes += 1);
        result
    }

    fn draw_lag_ms(&self) -> u64 {
        let lag = *lock(&self.lag);
        match lag {
            ReadLag::None | ReadLag::UpToMs(0) => 0,
            ReadLag::FixedMs(ms) => ms,
            ReadLag::UpToMs(ms) => u64::from_be_bytes(self.random.bytes()) % ms,
        }
    }

    /// A choice among what a client must be ready for.
    fn draw(&self) -> u8 {
        let [draw] = self.random.bytes();
        draw
    }

    fn id<const BYTES: usize>(&self) -> String {
        hex::encode(self.random.bytes::<BYTES>())
    }

    /// 26 characters, as Fly's versions and events have.
    fn version_id(&self) -> String {
        format!("01{}", self.id::<12>().to_uppercase())
    }

    /// Runs beside the requests, for as long as this cloud exists.
    fn spawn<F>(&self, work: impl FnOnce(Arc<Self>) -> F)
    where
        F: Future<Output = ()> + Send + 'static,
    {
        if let Some(fly) = self.me.upgrade() {
            tokio::spawn(work(fly));
        }
    }
}

/// When a write happens, and how long reads take to notice.
#[derive(Clone, Copy)]
struct WriteTime {
    now_ms: u64,
    lag_ms: u64,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock()
}

async fn pause(ms: u64) {
    if ms > 0 {
        tokio::time::sleep(Duration::from_millis(ms)).await;
    }
}

/// Unix milliseconds as Fly writes times.
fn written(ms: u64) -> String {
    use time::format_description::well_known::Rfc3339;
    time::OffsetDateTime::from_unix_timestamp_nanos(i128::from(ms) * 1_000_000)
        .ok()
        .and_then(|at| at.format(&Rfc3339).ok())
        .unwrap_or_default()
}
