//! The cost of everything that exists, at prices near Fly's: exact enough to show that a machine
//! was left running.

use super::state::{AddressKind, FlyMachine, FlyState, MachineState};

/// US cents a month of a shared processor with its 256 MB, of a further GB of memory, of a GB of
/// volume, and of a dedicated IPv4 address.
const CPU_CENTS: f64 = 194.0;
const MEMORY_GB_CENTS: f64 = 500.0;
const VOLUME_GB_CENTS: f64 = 15.0;
const IPV4_CENTS: f64 = 200.0;

const MONTH_MS: f64 = 30.0 * 24.0 * 3_600_000.0;

/// Costs in US cents.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Bill {
    /// From the start of the simulation until now.
    pub so_far_cents: f64,
    /// For a month in which everything stays as it is.
    pub per_month_cents: f64,
}

/// The costs up to the last change.
#[derive(Default)]
pub(super) struct AccruedCosts {
    cents: f64,
    settled_ms: Option<u64>,
}

impl AccruedCosts {
    /// Charges for the time since the last change.
    #[expect(clippy::cast_precision_loss, reason = "milliseconds of a run are small")]
    pub fn settle(&mut self, world: &FlyState, now_ms: u64) {
        let since_ms = self.settled_ms.replace(now_ms).unwrap_or(now_ms);
        let passed_ms = now_ms.saturating_sub(since_ms) as f64;
        self.cents += per_month_cents(world) * passed_ms / MONTH_MS;
    }

    pub fn bill(&mut self, world: &FlyState, now_ms: u64) -> Bill {
        self.settle(world, now_ms);
        Bill { so_far_cents: self.cents, per_month_cents: per_month_cents(world) }
    }
}

#[expect(clippy::cast_precision_loss, reason = "sizes in GB are small")]
fn per_month_cents(world: &FlyState) -> f64 {
    let runs = |machine: &&FlyMachine| machine.state == MachineState::Started;
    let machines: f64 = world.machines.all().filter(runs).map(machine_cents).sum();
    let live = world.volumes.all().filter(|volume| volume.leaving_since_ms.is_none());
    let volumes: f64 = live.map(|volume| volume.size_gb as f64 * VOLUME_GB_CENTS).sum();
    let addresses = world.apps.all().flat_map(|app| &app.addresses);
    let dedicated = addresses.filter(|address| address.kind == AddressKind::V4).count();
    machines + volumes + dedicated as f64 * IPV4_CENTS
}

#[expect(clippy::cast_precision_loss, reason = "processors and megabytes are small")]
fn machine_cents(machine: &FlyMachine) -> f64 {
    let (cpus, memory_mb) = (machine.cpus(), machine.memory_mb());
    let further_mb = memory_mb.saturating_sub(256 * cpus) as f64;
    cpus as f64 * CPU_CENTS + further_mb / 1024.0 * MEMORY_GB_CENTS
}
