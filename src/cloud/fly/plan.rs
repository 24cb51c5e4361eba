//! The plan of a deployment on Fly: two apps, each with keys, a volume and a machine, and the proof
//! that they work. Only what needs the answer of another step waits for it.

use crate::plan::{Plan, Stage, Step, StepId, StepKind, Undo};
use crate::spec::Role;

#[cfg(test)]
mod tests;

/// What a step is about, as far as the account has to know.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum FlyStep {
    App,
    SharedV4,
    PublicV6,
    PrivateV6,
    Keys,
    Volume,
    Machine,
    Started,
    NarrowToken,
    RelayHealthy,
    AgentReady,
    StrangerRefused,
    Committed,
}

/// Minutes for things that Fly does at once, in milliseconds.
const SHORT_MS: u64 = 2 * 60_000;

/// A name takes up to a few minutes to be known, a certificate half a minute.
const HEALTH_MS: u64 = 5 * 60_000;

/// A cold pull of two gigabytes has been seen to take ten minutes.
const PULL_MS: u64 = 12 * 60_000;

/// A step's word, its part, the app it belongs to, its stage, and what it needs.
type StepRow = (&'static str, FlyStep, Option<Role>, Stage, &'static [&'static str]);

const ROWS: [StepRow; 19] = {
    use FlyStep as P;
    use Stage as S;
    const RELAY: Option<Role> = Some(Role::Relay);
    const VM: Option<Role> = Some(Role::Vm);
    [
        ("relay-app", P::App, RELAY, S::Apps, &[]),
        ("vm-app", P::App, VM, S::Apps, &[]),
        ("narrow-token", P::NarrowToken, None, S::Apps, &["relay-app", "vm-app"]),
        ("relay-ipv4", P::SharedV4, RELAY, S::Network, &["relay-app"]),
        ("relay-ipv6", P::PublicV6, RELAY, S::Network, &["relay-app"]),
        ("relay-private", P::PrivateV6, RELAY, S::Network, &["relay-app"]),
        ("vm-private", P::PrivateV6, VM, S::Network, &["vm-app"]),
        ("relay-keys", P::Keys, RELAY, S::Secrets, &["relay-app"]),
        ("vm-keys", P::Keys, VM, S::Secrets, &["vm-app"]),
        ("relay-volume", P::Volume, RELAY, S::Storage, &["relay-app"]),
        ("vm-volume", P::Volume, VM, S::Storage, &["vm-app"]),
        ("relay-machine", P::Machine, RELAY, S::Machines, &["relay-keys", "relay-volume"]),
        ("vm-machine", P::Machine, VM, S::Machines, &["vm-keys", "vm-volume"]),
        ("relay-started", P::Started, RELAY, S::Machines, &["relay-machine"]),
        ("vm-started", P::Started, VM, S::Machines, &["vm-machine"]),
        (
            "relay-healthy",
            P::RelayHealthy,
            RELAY,
            S::Proof,
            &["relay-started", "relay-ipv4", "relay-ipv6"],
        ),
        (
            "agent-ready",
            P::AgentReady,
            VM,
            S::Proof,
            &["relay-healthy", "relay-private", "vm-started", "vm-private"],
        ),
        ("stranger-refused", P::StrangerRefused, None, S::Proof, &["relay-healthy", "vm-private"]),
        (
            "committed",
            P::Committed,
            None,
            S::Proof,
            &["narrow-token", "agent-ready", "stranger-refused"],
        ),
    ]
};

/// The plan. It is the same for every spec.
pub(super) fn plan() -> Plan {
    Plan::new(ROWS.iter().map(step).collect())
}

fn step((word, part, role, stage, needs): &StepRow) -> Step {
    let app = || app_step(role.unwrap_or(Role::Relay));
    let address = |unique| StepKind::Resource {
        undo: Undo::With(app()),
        placed: false,
        costs: false,
        unique,
    };
    let kind = match part {
        FlyStep::App => {
            StepKind::Resource { undo: Undo::Delete, placed: false, costs: false, unique: true }
        }
        FlyStep::SharedV4 => address(true),
        FlyStep::PublicV6 | FlyStep::PrivateV6 => address(false),
        FlyStep::Volume | FlyStep::Machine => StepKind::Resource {
            undo: Undo::Delete,
            placed: true,
            costs: true,
            unique: *part == FlyStep::Machine,
        },
        FlyStep::Keys => StepKind::Handover { with: app() },
        FlyStep::Started => StepKind::Gate { patience_ms: PULL_MS },
        FlyStep::RelayHealthy | FlyStep::AgentReady => StepKind::Gate { patience_ms: HEALTH_MS },
        FlyStep::NarrowToken | FlyStep::StrangerRefused | FlyStep::Committed => {
            StepKind::Gate { patience_ms: SHORT_MS }
        }
    };
    Step {
        id: StepId::new(word),
        kind,
        needs: needs.iter().map(|need| StepId::new(need)).collect(),
        role: *role,
        stage: *stage,
    }
}

/// What a step of this name is about, and in which app; `None` for a step of another plan.
pub(super) fn part(id: &StepId) -> Option<(FlyStep, Role)> {
    let (_, part, role, _, _) = ROWS.iter().find(|(word, ..)| *word == id.0)?;
    Some((*part, role.unwrap_or(Role::Relay)))
}

/// The step that makes the app of this role.
pub(super) fn app_step(role: Role) -> StepId {
    match role {
        Role::Relay => StepId::new("relay-app"),
        Role::Vm => StepId::new("vm-app"),
    }
}

/// The step that hands this app its keys.
pub(super) fn keys_step(role: Role) -> StepId {
    match role {
        Role::Relay => StepId::new("relay-keys"),
        Role::Vm => StepId::new("vm-keys"),
    }
}

/// The step that makes this app's volume.
pub(super) fn volume_step(role: Role) -> StepId {
    match role {
        Role::Relay => StepId::new("relay-volume"),
        Role::Vm => StepId::new("vm-volume"),
    }
}

/// The step that makes this app's machine.
pub(super) fn machine_step(role: Role) -> StepId {
    match role {
        Role::Relay => StepId::new("relay-machine"),
        Role::Vm => StepId::new("vm-machine"),
    }
}
