//! The bodies of the Machines API: requests with the fields of its OpenAPI description and no
//! others, replies with the fields that came.

use std::collections::BTreeMap;

use serde::{Deserialize, Deserializer, Serialize};

/// Text by name.
pub(super) type StringMap = BTreeMap<&'static str, String>;

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
    /// The machine that will mount it, so that Fly chooses a host with room for both.
    pub(super) compute: MachineGuest,
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
    pub(super) init: MachineInit,
    pub(super) guest: MachineGuest,
    pub(super) env: StringMap,
    pub(super) mounts: [VolumeMount<'a>; 1],
    pub(super) services: [MachineService; 1],
    pub(super) restart: RestartPolicy,
    pub(super) auto_destroy: bool,
    pub(super) metadata: StringMap,
}

#[derive(Serialize)]
pub(super) struct MachineInit {
    pub(super) cmd: [&'static str; 1],
}

#[derive(Clone, Copy, Serialize)]
pub(super) struct MachineGuest {
    pub(super) cpu_kind: &'static str,
    pub(super) cpus: u32,
    pub(super) memory_mb: u32,
}

#[derive(Serialize)]
pub(super) struct VolumeMount<'a> {
    pub(super) volume: &'a str,
    pub(super) path: &'static str,
}

#[derive(Serialize)]
pub(super) struct MachineService {
    pub(super) protocol: &'static str,
    pub(super) internal_port: u16,
    pub(super) autostart: bool,
    pub(super) autostop: &'static str,
    pub(super) min_machines_running: u32,
    pub(super) ports: Vec<ServicePort>,
}

#[derive(Serialize)]
pub(super) struct ServicePort {
    pub(super) port: u16,
    pub(super) handlers: &'static [&'static str],
}

#[derive(Serialize)]
pub(super) struct RestartPolicy {
    pub(super) policy: &'static str,
    pub(super) max_retries: u32,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct AppBody {
    pub(super) id: Option<String>,
    pub(super) internal_numeric_id: Option<u64>,
    pub(super) name: Option<String>,
    pub(super) network: Option<String>,
    pub(super) status: Option<String>,
    pub(super) organization: Option<AppOrganisationBody>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct AppOrganisationBody {
    pub(super) slug: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct AppListBody {
    #[serde(deserialize_with = "or_default")]
    pub(super) apps: Vec<AppBody>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct AddressBody {
    pub(super) ip: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct AddressListBody {
    #[serde(deserialize_with = "or_default")]
    pub(super) ips: Vec<AddressBody>,
}

/// Both spellings are in the description, and either or both may come.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct SecretsBody {
    pub(super) version: Option<u64>,
    #[serde(rename = "Version")]
    pub(super) version_deprecated: Option<u64>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct VolumeBody {
    pub(super) id: Option<String>,
    pub(super) name: Option<String>,
    pub(super) region: Option<String>,
    pub(super) state: Option<String>,
    pub(super) attached_machine_id: Option<String>,
    pub(super) created_at: Option<String>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct MachineBody {
    pub(super) id: Option<String>,
    pub(super) name: Option<String>,
    pub(super) region: Option<String>,
    pub(super) state: Option<String>,
    pub(super) created_at: Option<String>,
    pub(super) config: Option<MachineConfigBody>,
    /// Stands in for `config` while the host cannot be reached.
    pub(super) incomplete_config: Option<MachineConfigBody>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct MachineConfigBody {
    #[serde(deserialize_with = "or_default")]
    pub(super) metadata: BTreeMap<String, Option<String>>,
}

impl MachineBody {
    /// One entry of its metadata, from whichever configuration came.
    pub(super) fn metadata(&self, key: &str) -> Option<&str> {
        let configs = [&self.config, &self.incomplete_config];
        configs.into_iter().flatten().find_map(|config| config.metadata.get(key)?.as_deref())
    }
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct TokenListBody {
    #[serde(deserialize_with = "or_default")]
    pub(super) tokens: Vec<TokenBody>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct TokenBody {
    pub(super) org_slug: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct OrganisationListBody {
    #[serde(deserialize_with = "or_default")]
    pub(super) organizations: Vec<OrganisationBody>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct OrganisationBody {
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
pub(super) struct RegionListBody {
    #[serde(rename = "Regions", deserialize_with = "or_default")]
    real: Vec<RegionBody>,
    #[serde(rename = "regions", deserialize_with = "or_default")]
    described: Vec<RegionBody>,
    #[serde(rename = "Nearest")]
    nearest_real: Option<String>,
    #[serde(rename = "nearest")]
    nearest_described: Option<String>,
}

impl RegionListBody {
    pub(super) fn all(&self) -> impl Iterator<Item = &RegionBody> {
        self.real.iter().chain(&self.described)
    }

    pub(super) fn nearest(&self) -> Option<&String> {
        self.nearest_real.as_ref().or(self.nearest_described.as_ref())
    }
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct RegionBody {
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
pub(super) struct NullableList<T>(Option<Vec<T>>);

impl<T> From<NullableList<T>> for Vec<T> {
    fn from(list: NullableList<T>) -> Self {
        list.0.unwrap_or_default()
    }
}

/// The default value where Fly sends `null` in place of a value.
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
pub(super) struct ExecBody<'a> {
    pub(super) command: &'a [&'a str],
    /// In seconds.
    pub(super) timeout: u32,
}

/// The result of a command.
#[derive(Deserialize)]
pub(super) struct ExecResult {
    pub(super) exit_code: Option<i64>,
}
