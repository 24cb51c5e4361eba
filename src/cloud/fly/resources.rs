//! The resources of a deployment: two apps, each with addresses, keys, a volume and a machine.

use super::wire::MachineGuest;
use crate::cloud::Observation;
use crate::plan::Facts;
use crate::spec::{Role, Spec};

pub(super) mod address;
pub(super) mod app;
pub(super) mod machine;
pub(super) mod secrets;
#[cfg(test)]
mod tests;
pub(super) mod volume;

/// States of a resource that needs no further call. A deleted volume stays listed for a day.
const GONE: [&str; 5] =
    ["destroyed", "destroying", "pending_destroy", "scheduling_destroy", "deleted"];

/// The memory of a relay, in MB: the smallest is enough.
const RELAY_GUEST: MachineGuest = MachineGuest { cpu_kind: "shared", cpus: 1, memory_mb: 256 };

fn guest(spec: &Spec, role: Role) -> MachineGuest {
    match role {
        Role::Relay => RELAY_GUEST,
        Role::Vm => MachineGuest {
            cpu_kind: "shared",
            cpus: spec.size.cpus(),
            memory_mb: spec.size.memory_mb(),
        },
    }
}

fn is_gone(state: &str) -> bool {
    GONE.contains(&state)
}

/// Whether a reply is of this region; one that names none counts as such.
fn is_in(region: Option<&str>, wanted: &str) -> bool {
    region.is_none_or(|region| region == wanted)
}

/// The resources, those that are as this run needs them first; outdated when none is.
fn sorted<T>(all: Vec<T>, fits: impl Fn(&T) -> bool, facts: impl Fn(T) -> Facts) -> Observation {
    let (good, rest): (Vec<_>, Vec<_>) = all.into_iter().partition(fits);
    let outdated = good.is_empty() && !rest.is_empty();
    let all: Vec<Facts> = good.into_iter().chain(rest).map(facts).collect();
    match all.is_empty() {
        true => Observation::Absent,
        false if outdated => Observation::Outdated(all),
        false => Observation::Present(all),
    }
}
