//! The records of the simulated cloud.

use std::collections::BTreeMap;
use std::fmt;

use serde_json::{Map, Value, json};

use super::lag::LaggingStore;

/// Everything in every organisation.
#[derive(Default)]
pub struct FlyState {
    /// Apps by name: names are unique across all organisations.
    pub apps: LaggingStore<FlyApp>,
    /// Volumes by id.
    pub volumes: LaggingStore<FlyVolume>,
    /// Machines by id.
    pub machines: LaggingStore<FlyMachine>,
    /// The last number given out, for ids and addresses.
    pub serial: u64,
}

/// An app, with its addresses and secrets.
#[derive(Clone)]
pub struct FlyApp {
    /// The id in Fly's answers.
    pub id: String,
    /// The id in tokens.
    pub number: u64,
    /// Globally unique.
    pub name: String,
    /// The organisation's slug.
    pub organisation: String,
    /// The private network; `default` unless another was asked for.
    pub network: String,
    /// Addresses, oldest first.
    pub addresses: Vec<AppAddress>,
    /// Secrets by name.
    pub secrets: BTreeMap<String, AppSecret>,
    /// Counts the writes to the secrets.
    pub secrets_version: u64,
    /// Deleted, but not gone yet.
    pub leaving: bool,
}

/// An address of an app.
#[derive(Clone, Debug)]
pub struct AppAddress {
    /// The address itself.
    pub ip: String,
    /// The kind.
    pub kind: AddressKind,
    /// Unix milliseconds.
    pub created_ms: u64,
}

/// The kind of an address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AddressKind {
    /// Public, of this app alone, $2 a month.
    V4,
    /// Public, shared among many apps, free.
    SharedV4,
    /// Public, free.
    V6,
    /// Flycast, in this private network.
    PrivateV6 {
        /// The private network from which the address is reachable.
        network: String,
    },
}

impl AddressKind {
    /// The word in requests.
    pub fn word(&self) -> &'static str {
        match self {
            Self::V4 => "v4",
            Self::SharedV4 => "shared_v4",
            Self::V6 => "v6",
            Self::PrivateV6 { .. } => "private_v6",
        }
    }

    /// Reachable from outside.
    pub fn is_public(&self) -> bool {
        !matches!(self, Self::PrivateV6 { .. })
    }
}

/// A secret of an app.
#[derive(Clone)]
pub struct AppSecret {
    /// The value, for the machine.
    pub value: String,
    /// The digest, for readers.
    pub digest: String,
    /// Unix milliseconds of the last write.
    pub updated_ms: u64,
}

/// A volume.
#[derive(Clone)]
pub struct FlyVolume {
    /// An id that begins with `vol_`.
    pub id: String,
    /// The app it belongs to.
    pub app: String,
    /// The name in the request; not unique.
    pub name: String,
    /// The region.
    pub region: String,
    /// In GB.
    pub size_gb: u64,
    /// Encrypted at rest.
    pub encrypted: bool,
    /// Days that snapshots are kept.
    pub snapshot_retention: u64,
    /// Snapshots every day.
    pub auto_backup_enabled: bool,
    /// The time since which it waits for its destruction, in unix milliseconds.
    pub leaving_since_ms: Option<u64>,
    /// The id of the machine that mounts it.
    pub machine: Option<String>,
    /// Unix milliseconds.
    pub created_ms: u64,
}

/// A machine.
#[derive(Clone)]
pub struct FlyMachine {
    /// Fourteen characters of hexadecimal.
    pub id: String,
    /// The app it belongs to.
    pub app: String,
    /// Unique in its app.
    pub name: String,
    /// The region.
    pub region: String,
    /// The current state.
    pub state: MachineState,
    /// As the client sent it.
    pub config: Map<String, Value>,
    /// Its version: another one after each update.
    pub instance_id: String,
    /// Its own address in the private network.
    pub private_ip: String,
    /// Secrets of at least this version reach it; without one, those that reads show at its start.
    pub secrets_version_min: Option<u64>,
    /// Its events, newest first.
    pub events: Vec<MachineEvent>,
    /// The lease of a writer.
    pub lease: Option<MachineLease>,
    /// The number of starts so far; calls for an earlier start have no effect.
    pub run: u64,
    /// Restarts since the last clean exit.
    pub retries: u64,
    /// Unix milliseconds.
    pub created_ms: u64,
    /// Unix milliseconds.
    pub updated_ms: u64,
}

/// The state of a machine, in Fly's words.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MachineState {
    Created,
    Starting,
    Started,
    Stopping,
    Stopped,
    Suspended,
    Destroying,
    Destroyed,
}

impl fmt::Display for MachineState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Created => "created",
            Self::Starting => "starting",
            Self::Started => "started",
            Self::Stopping => "stopping",
            Self::Stopped => "stopped",
            Self::Suspended => "suspended",
            Self::Destroying => "destroying",
            Self::Destroyed => "destroyed",
        })
    }
}

/// Something that happened to a machine.
#[derive(Clone)]
pub struct MachineEvent {
    pub id: String,
    /// `launch`, `start`, `exit`, `stop`, ...
    pub kind: &'static str,
    /// The state that it led to.
    pub status: MachineState,
    /// `user`, `flyd`, `proxy`.
    pub source: &'static str,
    /// More about it: an exit's code.
    pub request: Value,
    /// Unix milliseconds.
    pub at_ms: u64,
}

/// A machine reserved for one writer.
#[derive(Clone)]
pub struct MachineLease {
    /// The nonce that the writer sends.
    pub nonce: String,
    /// The end of the lease, in unix milliseconds.
    pub until_ms: u64,
    pub description: String,
}

impl FlyMachine {
    /// The metadata in the config.
    pub fn metadata(&self) -> Map<String, Value> {
        self.config.get("metadata").and_then(Value::as_object).cloned().unwrap_or_default()
    }

    /// Its mounts: volume and path.
    pub fn mounts(&self) -> Vec<(String, String)> {
        mounts(&self.config)
    }

    /// Whether traffic may start it.
    pub fn wakes_on_traffic(&self) -> bool {
        self.services().iter().any(|service| service["autostart"] == json!(true))
    }

    /// The ports it serves through the proxy.
    pub fn services(&self) -> Vec<Value> {
        self.config.get("services").and_then(Value::as_array).cloned().unwrap_or_default()
    }

    /// Whether the machine is not destroyed.
    pub fn exists(&self) -> bool {
        self.state != MachineState::Destroyed
    }

    /// Its memory, as asked for.
    pub fn memory_mb(&self) -> u64 {
        self.config.get("guest").and_then(|guest| guest["memory_mb"].as_u64()).unwrap_or(256)
    }

    /// Its processors, as asked for.
    pub fn cpus(&self) -> u64 {
        self.config.get("guest").and_then(|guest| guest["cpus"].as_u64()).unwrap_or(1)
    }
}

/// The mounts of a config: volume and path.
pub fn mounts(config: &Map<String, Value>) -> Vec<(String, String)> {
    let text = |mount: &Value, key: &str| mount[key].as_str().unwrap_or_default().to_owned();
    config
        .get("mounts")
        .and_then(Value::as_array)
        .map(|mounts| mounts.iter().map(|m| (text(m, "volume"), text(m, "path"))).collect())
        .unwrap_or_default()
}
