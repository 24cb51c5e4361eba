//! What a deployment costs a month, from a dated price table. This module is pure.

use serde::{Deserialize, Serialize};

use crate::spec::{CloudKind, Region, Spec};

#[cfg(test)]
mod tests;

/// Where the prices below come from, for the person who wants to check them.
pub const SOURCE: &str = "https://fly.io/docs/about/pricing/";

/// When they were last compared with [`SOURCE`].
pub const AS_OF: &str = "2026-11-20";

/// The relay's machine: one shared CPU and this much memory.
pub const RELAY_MEMORY_MB: u32 = 256;

/// The relay's volume.
pub const RELAY_VOLUME_GB: u32 = 1;

/// A running shared CPU with its 256 MB for 30 days in Ashburn, in tenths of a cent.
const SHARED_CPU_MILLS: u64 = 2185;

/// Memory that a shared CPU includes.
const INCLUDED_MB_PER_CPU: u32 = 256;

/// A further GB of a running machine's memory for 30 days in Ashburn, in tenths of a cent.
const MEMORY_GB_MILLS: u64 = 6015;

/// A GB of a volume, used or not, in tenths of a cent a month.
const VOLUME_GB_MILLS: u64 = 150;

/// A GB of a stopped machine's root filesystem, in tenths of a cent a month.
const STOPPED_ROOTFS_GB_MILLS: u64 = 150;

/// Shared IPv4, IPv6 and private addresses; all that a deployment has. A dedicated IPv4 address
/// would be $2.
const ADDRESSES_MILLS: u64 = 0;

/// What the relay's root filesystem takes, in MB: the image is one static binary; rounded up.
const RELAY_ROOTFS_MB: u64 = 64;

/// What the VM's root filesystem takes, in MB: the image with the agent and its tools; rounded up.
const VM_ROOTFS_MB: u64 = 1024;

/// What a running machine costs in a region relative to Ashburn, in thousandths.
const REGION_MARKUPS: [(&str, u64); 18] = [
    ("ams", 1038),
    ("arn", 1038),
    ("bom", 1077),
    ("cdg", 1135),
    ("dfw", 1250),
    ("ewr", 1000),
    ("fra", 1154),
    ("gru", 1615),
    ("iad", 1000),
    ("jnb", 1303),
    ("lax", 1200),
    ("lhr", 1135),
    ("nrt", 1308),
    ("ord", 1250),
    ("sin", 1269),
    ("sjc", 1192),
    ("syd", 1269),
    ("yyz", 1115),
];

/// For a region that the table does not know: the dearest of those it does, so that nobody pays
/// more than was said.
const UNKNOWN_REGION_MARKUP: u64 = 1615;

/// What a deployment costs for 30 days, in US cents.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Quote {
    /// What is paid for.
    pub lines: Vec<QuoteLine>,
    /// With both machines stopped all the time.
    pub idle_cents: u64,
    /// With both machines running day and night.
    pub always_on_cents: u64,
}

/// One thing that is paid for, in US cents for 30 days.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct QuoteLine {
    /// What it is.
    pub what: CostItem,
    /// What it costs.
    pub cents: u64,
}

/// What is paid for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CostItem {
    /// The relay's machine, if it ran day and night.
    RelayRunning,
    /// The VM's machine, if it ran day and night.
    VmRunning,
    /// Both volumes, always.
    Volumes {
        /// Their size together.
        gb: u32,
    },
    /// The root filesystems of both machines, while they are stopped.
    StoppedRootfs,
    Addresses,
}

/// What this deployment costs a month, at most: in the dearest of the regions that it may end up
/// in.
pub fn quote(spec: &Spec) -> Quote {
    match spec.cloud {
        CloudKind::Fly => {
            let dearest = spec.regions.iter().max_by_key(|region| markup(Some(region)));
            fly(dearest, spec)
        }
    }
}

fn fly(region: Option<&Region>, spec: &Spec) -> Quote {
    let (size, volumes_gb) = (spec.size, RELAY_VOLUME_GB + spec.vm_volume_gb);
    let relay = machine_mills(1, RELAY_MEMORY_MB, region);
    let vm = machine_mills(size.cpus(), size.memory_mb(), region);
    let volumes = u64::from(volumes_gb) * VOLUME_GB_MILLS;
    let rootfs = (RELAY_ROOTFS_MB + VM_ROOTFS_MB) * STOPPED_ROOTFS_GB_MILLS / 1024;
    // A relay that holds a connection never stops.
    let relay_idle = if spec.channel.holds_connection() { relay } else { 0 };
    let line = |what, mills| QuoteLine { what, cents: cents(mills) };
    Quote {
        lines: vec![
            line(CostItem::RelayRunning, relay),
            line(CostItem::VmRunning, vm),
            line(CostItem::Volumes { gb: volumes_gb }, volumes),
            line(CostItem::StoppedRootfs, rootfs),
            line(CostItem::Addresses, ADDRESSES_MILLS),
        ],
        idle_cents: cents(relay_idle + volumes + rootfs + ADDRESSES_MILLS),
        always_on_cents: cents(relay + vm + volumes + ADDRESSES_MILLS),
    }
}

/// What a running machine with shared CPUs costs for 30 days, in tenths of a cent.
fn machine_mills(cpus: u32, memory_mb: u32, region: Option<&Region>) -> u64 {
    let extra_mb = memory_mb.saturating_sub(cpus * INCLUDED_MB_PER_CPU);
    let ashburn = u64::from(cpus) * SHARED_CPU_MILLS + u64::from(extra_mb) * MEMORY_GB_MILLS / 1024;
    ashburn * markup(region) / 1000
}

fn markup(region: Option<&Region>) -> u64 {
    let known = |region: &Region| {
        REGION_MARKUPS.iter().find(|(code, _)| *code == region.as_ref()).map(|(_, markup)| *markup)
    };
    region.and_then(known).unwrap_or(UNKNOWN_REGION_MARKUP)
}

fn cents(mills: u64) -> u64 {
    (mills + 5) / 10
}
