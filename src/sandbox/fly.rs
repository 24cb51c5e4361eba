//! A simulated Fly.io: the Machines API, the organisations of its REST and GraphQL APIs, and the
//! machines behind them. It logs every request, and checks more than the vendor does.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use parking_lot::Mutex;

use crate::clock::Clock;
use crate::random::Random;

use super::machines::MachineRuntime;
pub use accounts::{BillingProfile, FlyOrganisation, Organisations};
use app_table::AppTable;
pub use bill::Bill;
pub use billing_profiles::FACES;
use call_log::CallLog;
pub use call_log::LoggedCall;
use inventory::Lookalikes;
pub use inventory::{Inventory, nothing};
pub use lag::ReadLag;
pub use latency::Latency;
use life::MachineLife;
use machine_table::MachineTable;
pub use mint::TokenKind;
pub use proxy::{AppProxy, AppRoute, RouteError};
pub use tokens::MintedToken;
use tokens::TokenIssuer;
use world::SharedWorld;

mod accounts;
mod addresses;
mod admission;
mod app_table;
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
mod machine_table;
mod machines;
mod metadata;
mod mint;
mod organisations;
mod proxy;
mod regions;
mod secrets;
mod state;
#[cfg(test)]
mod tests;
mod tokens;
mod volumes;
mod world;

/// The parts from which [`SimulatedFly::new`] makes a cloud.
pub struct SimulatedFlySettings {
    /// The source of timestamps and expiry.
    pub clock: Clock,
    /// The source of ids, keys and every choice.
    pub random: Random,
    /// Runs the processes of machines.
    pub runtime: Arc<dyn MachineRuntime>,
    /// The delays of calls.
    pub latency: Latency,
    /// The delay between a write and the reads that show it.
    pub lag: ReadLag,
    /// The images that exist; `None` accepts every image that is pinned by digest.
    pub images: Option<BTreeSet<String>>,
}

impl SimulatedFlySettings {
    /// A cloud without delays and without lag that accepts any pinned image.
    pub fn prompt(clock: Clock, random: Random, runtime: Arc<dyn MachineRuntime>) -> Self {
        Self { clock, random, runtime, latency: Latency::NONE, lag: ReadLag::None, images: None }
    }
}

/// The simulated Fly.io.
pub struct SimulatedFly {
    world: Arc<SharedWorld>,
    organisations: Arc<Organisations>,
    issuer: TokenIssuer,
    apps: AppTable,
    machines: Arc<MachineTable>,
    proxy: Arc<AppProxy>,
    runtime: Arc<dyn MachineRuntime>,
    latency: Latency,
    images: Option<BTreeSet<String>>,
    call_log: CallLog,
    lookalikes: Mutex<Lookalikes>,
}

impl SimulatedFly {
    /// A cloud in which nothing exists yet, with two organisations: [`FlyOrganisation::OURS`] and
    /// [`FlyOrganisation::OTHER`].
    pub fn new(settings: SimulatedFlySettings) -> Arc<Self> {
        let SimulatedFlySettings { clock, random, runtime, latency, lag, images } = settings;
        let ours_and_other = [FlyOrganisation::OURS, FlyOrganisation::OTHER];
        let issuer = TokenIssuer::new(random.clone(), ours_and_other.map(|it| it.number));
        let organisations = Arc::new(Organisations::new(random.clone()));
        let world = Arc::new(SharedWorld::new(clock, random, lag));
        let machines = Arc::new(MachineTable::new(world.clone()));
        let proxy = AppProxy::new(|network_of| {
            Arc::new_cyclic(|me| MachineLife {
                world: world.clone(),
                machines: machines.clone(),
                organisations: organisations.clone(),
                runtime: runtime.clone(),
                latency,
                network_of,
                me: me.clone(),
            })
        });
        Arc::new(Self {
            apps: AppTable::new(world.clone()),
            world,
            organisations,
            issuer,
            machines,
            proxy,
            runtime,
            latency,
            images,
            call_log: CallLog::default(),
            lookalikes: Mutex::default(),
        })
    }

    /// The APIs: `/v1` (api.machines.dev), `/api/v1` and `/graphql` (api.fly.io).
    pub fn router(self: &Arc<Self>) -> Router {
        admission::router(self)
    }

    /// The organisations, with their billing profiles and limits.
    pub fn organisations(&self) -> &Organisations {
        &self.organisations
    }

    /// Adds an organisation, for which tokens can be minted.
    pub fn add_organisation(&self, organisation: FlyOrganisation) {
        self.issuer.add(organisation.number);
        self.organisations.add(organisation);
    }

    /// The proxy in front of the apps.
    pub fn proxy(&self) -> &Arc<AppProxy> {
        &self.proxy
    }

    /// The runtime of the machines' processes.
    pub fn runtime(&self) -> &dyn MachineRuntime {
        self.runtime.as_ref()
    }

    /// Sets the delay after which reads show later writes.
    pub fn set_lag(&self, lag: ReadLag) {
        self.world.set_lag(lag);
    }

    /// Every request so far.
    pub fn calls(&self) -> Vec<LoggedCall> {
        self.call_log.calls()
    }

    /// Requests that no correct client makes: unknown routes, unknown fields, too many calls.
    pub fn violations(&self) -> Vec<String> {
        self.call_log.violations()
    }

    /// The cost so far and for a month.
    pub fn bill(&self) -> Bill {
        self.world.bill()
    }

    /// Everything that exists now, without the lag of reads.
    pub fn inventory(&self) -> Inventory {
        let lookalikes = self.lookalikes.lock();
        lookalikes.inventory_of_others(&self.world.state())
    }

    /// Puts fifty apps into our organisation whose names and networks resemble ours.
    pub fn add_lookalikes(&self) {
        let added = Lookalikes::add(&self.apps, &self.world);
        *self.lookalikes.lock() = added;
    }

    /// Whether every look-alike is as it was at first.
    pub fn lookalikes_untouched(&self) -> bool {
        let lookalikes = self.lookalikes.lock();
        lookalikes.are_untouched(&self.world.state())
    }

    /// Removes an app with everything in it, as a person does in the dashboard.
    pub async fn remove_by_hand(&self, app: &str) {
        apps::remove(self, app).await;
    }

    /// Makes every token that was handed out worthless.
    pub fn revoke_all_tokens(&self) {
        self.issuer.revoke_all();
    }
}

async fn pause(ms: u64) {
    if ms > 0 {
        tokio::time::sleep(Duration::from_millis(ms)).await;
    }
}

/// A time in unix milliseconds as Fly writes it (RFC 3339).
fn written(ms: u64) -> String {
    use time::format_description::well_known::Rfc3339;
    time::OffsetDateTime::from_unix_timestamp_nanos(i128::from(ms) * 1_000_000)
        .ok()
        .and_then(|at| at.format(&Rfc3339).ok())
        .unwrap_or_default()
}
