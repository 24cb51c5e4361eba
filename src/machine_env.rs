//! The settings of a deployed machine: clouds write them, roles read them. Keys among them travel
//! through the cloud's secret store or sealed, never in the open environment of a machine.

use crate::spec::{Role, Spec};

/// The deployment that the machine belongs to.
pub const DEPLOYMENT: &str = "TEXTSLASH_DEPLOYMENT";

/// The agent that the deployment runs.
pub const AGENT: &str = "TEXTSLASH_AGENT";

/// The directory that outlives the process.
pub const DATA_DIR: &str = "DATA_DIR";

/// The port that the role serves.
pub const PORT: &str = "PORT";

/// The time of day, in unix milliseconds, until which the machine must be committed. Its server
/// exits then, even when it was made after everybody who could commit it was gone.
pub const PROBATION_UNTIL: &str = "TEXTSLASH_PROBATION_UNTIL_MS";

/// The channel that the relay speaks.
pub const CHANNEL: &str = "TEXTSLASH_CHANNEL";

/// The immutable id of the relay's owner on its channel.
pub const OWNER: &str = "TEXTSLASH_OWNER";

/// The language of the relay.
pub const LOCALE: &str = "TEXTSLASH_LOCALE";

/// The bot or number that the relay answers at.
pub const ADDRESS: &str = "TEXTSLASH_ADDRESS";

/// The VM, as the relay finds it.
pub const VM_URL: &str = "TEXTSLASH_VM_URL";

/// The model API that the relay forwards to.
pub const MODEL_URL: &str = "TEXTSLASH_MODEL_URL";

/// The port of the relay's model proxy.
pub const MODEL_PROXY_PORT: &str = "MODEL_PROXY_PORT";

/// Tokens of all classes that the agent may use in a day.
pub const DAILY_TOKENS: &str = "TEXTSLASH_DAILY_TOKENS";

/// The relay, as the internet finds it.
pub const PUBLIC_URL: &str = "TEXTSLASH_PUBLIC_URL";

/// The relay's model proxy, as the VM finds it.
pub const MODEL_PROXY_URL: &str = "TEXTSLASH_MODEL_PROXY_URL";

/// The key with which relay and VM sign their calls.
pub const LINK_KEY: &str = "LINK_KEY";

/// The key of the relay's web channel.
pub const OWNER_KEY: &str = "OWNER_KEY";

/// The key of the channel that the relay speaks.
pub const CHANNEL_KEY: &str = "CHANNEL_KEY";

/// The owner's model key.
pub const MODEL_KEY: &str = "MODEL_KEY";

/// The keys of a role. Those that its spec does not need are not set.
pub const fn keys_of(role: Role) -> &'static [&'static str] {
    match role {
        Role::Relay => &[LINK_KEY, OWNER_KEY, CHANNEL_KEY, MODEL_KEY],
        Role::Vm => &[LINK_KEY],
    }
}

/// The machine itself, as its cloud lays it out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MachineLayout {
    /// The port that the role serves.
    pub port: u16,
    /// The port of a relay's model proxy.
    pub model_proxy_port: u16,
    /// The directory that outlives the process.
    pub data_dir: &'static str,
    /// The VM, as the relay finds it.
    pub vm_url: String,
    /// The relay, as the internet finds it.
    pub public_url: String,
    /// The relay's model proxy, as the VM finds it.
    pub model_proxy_url: String,
    /// The model API that the relay forwards to.
    pub model_url: String,
    /// The time until which the machine must be committed, in unix milliseconds.
    pub probation_until_ms: u64,
}

/// The open settings of a role's machine, by name.
pub fn settings(spec: &Spec, role: Role, layout: &MachineLayout) -> Vec<(&'static str, String)> {
    let common = [
        (PROBATION_UNTIL, layout.probation_until_ms.to_string()),
        (PORT, layout.port.to_string()),
        (DATA_DIR, layout.data_dir.to_owned()),
        (DEPLOYMENT, spec.id.to_string()),
        (AGENT, spec.agent.word().to_owned()),
    ];
    let own = match role {
        Role::Relay => vec![
            (CHANNEL, spec.channel.word().to_owned()),
            (OWNER, spec.owner.clone()),
            (LOCALE, spec.locale.clone()),
            (ADDRESS, spec.address.clone().unwrap_or_default()),
            (VM_URL, layout.vm_url.clone()),
            (MODEL_URL, layout.model_url.clone()),
            (MODEL_PROXY_PORT, layout.model_proxy_port.to_string()),
            (DAILY_TOKENS, spec.daily_tokens.to_string()),
            (PUBLIC_URL, layout.public_url.clone()),
        ],
        Role::Vm => vec![(MODEL_PROXY_URL, layout.model_proxy_url.clone())],
    };
    common.into_iter().chain(own).collect()
}
