//! The bodies of the Machines API: requests with the fields of its OpenAPI description and no others,
//! replies with whatever of them came.

use std::collections::BTreeMap;

use serde::{Deserialize, Deserializer, Serialize};

/// Text by name.
pub(super) type Map = BTreeMap<&'static str, String>;

#[derive(Serialize)]
pub(super) struct CreateApp<'a> {
    pub(super) name: &'a str,
    pub(super) org_slug: &'a str,
    pub(super) network: &'a str,
}

#[derive(Serialize)]
pub(super) struct AssignAddress<'a> {
    #[serde(rename = "type")]
    pub(super) kind: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) network: Option<&'a str>,
}

#[derive(Serialize)]
pub(super) struct SetSecrets<'a> {
    pub(super) values: BTreeMap<&'static str, &'a str>,
}

#[derive(Serialize)]
pub(super) struct CreateVolume<'a> {
    pub(super) name: &'static str,
    pub(super) region: &'a str,
    pub(super) size_gb: u32,
    pub(super) encrypted: bool,
    /// What will run beside it, so that a host with room for both is chosen.
    pub(super) compute: Guest,
}

#[derive(Serialize)]
pub(super) struct CreateMachine<'a> {
    pub(super) name: &'static str,
    pub(super) region: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) min_secrets_version: Option<u64>,
    pub(super) config: MachineConfig<'a>,
}

#[derive(Serialize)]
pub(super) struct MachineConfig<'a> {
    pub(super) image: &'a str,
    pub(super) init: Init,
    pub(super) guest: Guest,
    pub(super) env: Map,
    pub(super) mounts: [Mount<'a>; 1],
    pub(super) services: [Service; 1],
    pub(super) restart: Restart,
    pub(super) auto_destroy: bool,
    pub(super) metadata: Map,
}

#[derive(Serialize)]
pub(super) struct Init {
    pub(super) cmd: [&'static str; 1],
}

#[derive(Clone, Copy, Serialize)]
pub(super) struct Guest {
    pub(super) cpu_kind: &'static str,
    pub(super) cpus: u32,
    pub(super) memory_mb: u32,
}

#[derive(Serialize)]
pub(super) struct Mount<'a> {
    pub(super) volume: &'a str,
    pub(super) path: &'static str,
}

#[derive(Serialize)]
pub(super) struct Service {
    pub(super) protocol: &'static str,
    pub(super) internal_port: u16,
    pub(super) autostart: bool,
    pub(super) autostop: &'static str,
    pub(super) min_machines_running: u32,
    pub(super) ports: Vec<Port>,
}

#[derive(Serialize)]
pub(super) struct Port {
    pub(super) port: u16,
    pub(super) handlers: &'static [&'static str],
}

#[derive(Serialize)]
pub(super) struct Restart {
    pub(super) policy: &'static str,
    pub(super) max_retries: u32,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct App {
    pub(super) id: Option<String>,
    pub(super) internal_numeric_id: Option<u64>,
    pub(super) name: Option<String>,
    pub(super) network: Option<String>,
    pub(super) status: Option<String>,
    pub(super) organization: Option<AppOrganization>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct AppOrganization {
    pub(super) slug: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Apps {
    #[serde(deserialize_with = "or_default")]
    pub(super) apps: Vec<App>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Address {
    pub(super) ip: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Addresses {
    #[serde(deserialize_with = "or_default")]
    pub(super) ips: Vec<Address>,
}

/// Both spellings are in the description, and either or both may come.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct SecretsSet {
    pub(super) version: Option<u64>,
    #[serde(rename = "Version")]
    pub(super) version_deprecated: Option<u64>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Volume {
    pub(super) id: Option<String>,
    pub(super) name: Option<String>,
    pub(super) region: Option<String>,
    pub(super) state: Option<String>,
    pub(super) attached_machine_id: Option<String>,
    pub(super) created_at: Option<String>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Machine {
    pub(super) id: Option<String>,
    pub(super) name: Option<String>,
    pub(super) region: Option<String>,
    pub(super) state: Option<String>,
    pub(super) created_at: Option<String>,
    pub(super) config: Option<Config>,
    /// Stands in for `config` while the host cannot be reached.
    pub(super) incomplete_config: Option<Config>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Config {
    #[serde(deserialize_with = "or_default")]
    pub(super) metadata: BTreeMap<String, Option<String>>,
}

impl Machine {
    /// One entry of its metadata, from whichever configuration came.
    pub(super) fn metadata(&self, key: &str) -> Option<&str> {
        let configs = [&self.config, &self.incomplete_config];
        configs.into_iter().flatten().find_map(|config| config.metadata.get(key)?.as_deref())
    }
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Tokens {
    #[serde(deserialize_with = "or_default")]
    pub(super) tokens: Vec<Token>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Token {
    pub(super) org_slug: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Organisations {
    #[serde(deserialize_with = "or_default")]
    pub(super) organizations: Vec<Organisation>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Organisation {
    pub(super) slug: Option<String>,
    pub(super) raw_slug: Option<String>,
    #[serde(deserialize_with = "number_or_text")]
    pub(super) internal_numeric_id: Option<u64>,
    pub(super) name: Option<String>,
    pub(super) billing_status: Option<String>,
}

/// Capitalised in reality, lower case in the description.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Regions {
    #[serde(rename = "Regions", deserialize_with = "or_default")]
    real: Vec<Region>,
    #[serde(rename = "regions", deserialize_with = "or_default")]
    described: Vec<Region>,
    #[serde(rename = "Nearest")]
    nearest_real: Option<String>,
    #[serde(rename = "nearest")]
    nearest_described: Option<String>,
}

impl Regions {
    pub(super) fn all(&self) -> impl Iterator<Item = &Region> {
        self.real.iter().chain(&self.described)
    }

    pub(super) fn nearest(&self) -> Option<&String> {
        self.nearest_real.as_ref().or(self.nearest_described.as_ref())
    }
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Region {
    pub(super) code: Option<String>,
    pub(super) name: Option<String>,
    pub(super) deprecated: Option<bool>,
    pub(super) requires_paid_plan: Option<bool>,
    pub(super) latitude: Option<f64>,
    pub(super) longitude: Option<f64>,
}

/// A list that may be `null`, as Go writes an empty one.
#[derive(Debug, Deserialize)]
#[serde(transparent)]
pub(super) struct List<T>(Option<Vec<T>>);

impl<T> From<List<T>> for Vec<T> {
    fn from(list: List<T>) -> Self {
        list.0.unwrap_or_default()
    }
}

/// `null` where something else was promised.
fn or_default<'de, D, T>(from: D) -> Result<T, D::Error>
where
    D: Deserializer<'de>,
    T: Default + Deserialize<'de>,
{
    Option::deserialize(from).map(Option::unwrap_or_default)
}

/// A number, which GraphQL writes as text; none for anything else.
fn number_or_text<'de, D: Deserializer<'de>>(from: D) -> Result<Option<u64>, D::Error> {
    let value = serde_json::Value::deserialize(from)?;
    Ok(value.as_u64().or_else(|| value.as_str()?.parse().ok()))
}

/// `POST …/exec`.
#[derive(Serialize)]
pub(super) struct Exec<'a> {
    pub(super) command: &'a [&'a str],
    /// In seconds.
    pub(super) timeout: u32,
}

/// How a command ended.
#[derive(Deserialize)]
pub(super) struct Executed {
    pub(super) exit_code: Option<i64>,
}
