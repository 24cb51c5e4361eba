//! What a relay and a VM are told by the machine they were deployed on.

use std::net::IpAddr;
use std::path::PathBuf;
use std::sync::Arc;

use adapters::chat::UserId;
use anyhow::{Context, bail};
use nix::unistd::geteuid;
use url::Url;
use zeroize::Zeroizing;

use super::{ALLOW_SANDBOX, Environment, daily_tokens, keys, vendors};
use crate::chat_service::ChatServiceProfile;
use crate::machine_env;
use crate::messages::Locale;
use crate::secret::{Audience, Secret, SecretKind};
use crate::spec::{AgentKind, DeploymentId, RelayChannel, Role};
use crate::vm::firewall::AgentFirewall;
use crate::vm::process::AgentUser;
use crate::{relay, vm};

/// Where Fly's proxy looks for the process.
pub(super) const DEFAULT_PORT: &str = "8080";

/// Where the VM looks for the relay's model proxy. No service of the cloud leads there.
const PROXY_PORT: &str = "8081";

/// Every address of the machine, version 6 and 4: Fly's proxy uses the private version 6.
pub(super) const DEFAULT_LISTEN_HOST: &str = "::";

/// Where a role listens.
pub struct ListenAddress {
    host: IpAddr,
    port: u16,
}

impl ListenAddress {
    /// `LISTEN_HOST` and `PORT`.
    ///
    /// # Errors
    /// When either is not what it should be.
    pub fn read(environment: &Environment<'_>) -> anyhow::Result<Self> {
        Self::socket_address(environment, machine_env::PORT, DEFAULT_PORT)
    }

    /// `LISTEN_HOST` and `MODEL_PROXY_PORT`.
    ///
    /// # Errors
    /// When either is not what it should be.
    pub fn of_model_proxy(environment: &Environment<'_>) -> anyhow::Result<Self> {
        Self::socket_address(environment, machine_env::MODEL_PROXY_PORT, PROXY_PORT)
    }

    fn socket_address(
        environment: &Environment<'_>,
        name: &str,
        default: &str,
    ) -> anyhow::Result<Self> {
        let host = environment.or("LISTEN_HOST", DEFAULT_LISTEN_HOST);
        let port = environment.or(name, default);
        Ok(Self {
            host: host.parse().context("LISTEN_HOST is not an IP address")?,
            port: port.parse().with_context(|| format!("{name} is not a port number"))?,
        })
    }

    /// Opens the port.
    ///
    /// # Errors
    /// When it is taken.
    pub async fn open(&self) -> anyhow::Result<tokio::net::TcpListener> {
        let listener = tokio::net::TcpListener::bind((self.host, self.port)).await;
        listener.with_context(|| format!("cannot listen on port {}", self.port))
    }
}

/// What the relay's machine says.
///
/// # Errors
/// When a setting is missing or wrong, an owner who is not an id of the channel, or a key that can
/// be guessed.
pub fn relay_settings(environment: &Environment<'_>) -> anyhow::Result<relay::RelaySettings> {
    let model_url = vendors::vendor_url(environment, machine_env::MODEL_URL)?;
    let to_model = Audience::of([model_url.authority()]);
    let model_key = if agent(environment)?.needs_model() {
        let key = environment.secret(machine_env::MODEL_KEY, SecretKind::ModelKey, to_model)?;
        Some(Arc::new(key))
    } else {
        None
    };
    let channel = channel(environment)?;
    keys::check(environment, machine_env::keys_of(Role::Relay))?;
    Ok(relay::RelaySettings {
        owner: owner(environment, channel)?,
        sleeps: !channel.holds_connection(),
        locale: Locale::of_hint(environment.get(machine_env::LOCALE).as_deref()),
        deployment: deployment(environment)?,
        data_dir: data_dir(environment)?,
        public_url: match environment.get(machine_env::PUBLIC_URL) {
            Some(_) => Some(url(environment, machine_env::PUBLIC_URL)?),
            None => None,
        },
        vm_url: url(environment, machine_env::VM_URL)?,
        model_url,
        link_key: key(environment, machine_env::LINK_KEY, SecretKind::LinkKey)?,
        model_key,
        daily_tokens: daily_tokens(environment)?,
        limits: relay::RelayLimits {
            probation_until_ms: probation_until_ms(environment)?,
            ..relay::RelayLimits::default()
        },
    })
}

/// A relay obeys its owner alone; without one it would obey anybody.
fn owner(environment: &Environment<'_>, channel: RelayChannel) -> anyhow::Result<UserId> {
    let id = environment.or(machine_env::OWNER, "");
    if !channel.is_owner_id(&id) {
        bail!(
            "this relay has no owner: set TEXTSLASH_OWNER to the owner's id on {}, which is {}",
            channel.word(),
            channel.owner_id_form()
        );
    }
    Ok(UserId(id))
}

/// The channel that a relay was deployed for, with what it needs.
pub enum ChannelSettings {
    /// A link.
    Web,
    /// A Telegram bot.
    Telegram {
        /// The bot's token.
        key: Arc<Secret>,
        /// Where the internet finds this relay.
        public_url: Url,
    },
    /// A Discord bot.
    Discord {
        /// The bot's token.
        key: Arc<Secret>,
    },
    /// A WhatsApp number of a Twilio account.
    WhatsApp {
        /// The account's id and Auth Token.
        key: Arc<Secret>,
        /// The number.
        number: String,
        /// Where the internet finds this relay.
        public_url: Url,
    },
}

/// The channel that a relay speaks.
///
/// # Errors
/// When it is none that a relay can speak, or its key or address is missing.
pub fn relay_channel(environment: &Environment<'_>) -> anyhow::Result<ChannelSettings> {
    let channel = channel(environment)?;
    let endpoints = vendors::chat_services(environment)?;
    let apis = ChatServiceProfile::of_channel(channel).map_or(&[][..], |profile| profile.apis);
    let key = |kind| {
        let audience = endpoints.audience(apis);
        let key = environment.secret(machine_env::CHANNEL_KEY, kind, audience)?;
        Ok::<_, anyhow::Error>(Arc::new(key))
    };
    let public_url = || url(environment, machine_env::PUBLIC_URL);
    Ok(match channel {
        RelayChannel::Web => ChannelSettings::Web,
        RelayChannel::Telegram => ChannelSettings::Telegram {
            key: key(SecretKind::TelegramToken)?,
            public_url: public_url()?,
        },
        RelayChannel::Discord => ChannelSettings::Discord { key: key(SecretKind::DiscordToken)? },
        RelayChannel::WhatsApp => ChannelSettings::WhatsApp {
            key: key(SecretKind::TwilioKey)?,
            number: environment.require(machine_env::ADDRESS)?,
            public_url: public_url()?,
        },
    })
}

/// What opens the relay's web channel.
///
/// # Errors
/// When it is not set: a relay that anybody could open must not start.
pub fn owner_key(environment: &Environment<'_>) -> anyhow::Result<Zeroizing<String>> {
    environment.require(machine_env::OWNER_KEY).map(Zeroizing::new)
}

/// What the VM's machine says.
///
/// # Errors
/// When a setting is missing or wrong.
pub fn vm_settings(environment: &Environment<'_>) -> anyhow::Result<vm::VmSettings> {
    let model_proxy_url = url(environment, machine_env::MODEL_PROXY_URL)?;
    keys::check(environment, machine_env::keys_of(Role::Vm))?;
    Ok(vm::VmSettings {
        deployment: deployment(environment)?,
        data_dir: data_dir(environment)?,
        agent: agent(environment)?,
        link_key: key(environment, machine_env::LINK_KEY, SecretKind::LinkKey)?,
        model_proxy_url,
        agent_user: agent_user(environment, geteuid().is_root())?,
        claude_bin: PathBuf::from(environment.or("CLAUDE_BIN", "claude")),
        limits: vm::VmLimits {
            probation_until_ms: probation_until_ms(environment)?,
            ..vm::VmLimits::default()
        },
    })
}

/// An agent that runs as root reads every key of this process.
pub(super) fn agent_user(
    environment: &Environment<'_>,
    is_root: bool,
) -> anyhow::Result<Option<AgentUser>> {
    match environment.get("TEXTSLASH_AGENT_USER") {
        Some(name) => Ok(Some(AgentUser::named(&name).context("TEXTSLASH_AGENT_USER")?)),
        None if is_root && !environment.flag(ALLOW_SANDBOX)? => bail!(
            "this VM runs as root, and its agent would read every key: set TEXTSLASH_AGENT_USER \
             to the user that agents run as, such as agent"
        ),
        None => Ok(None),
    }
}

/// The rules for the network of a VM's agent; `None` outside the VM's image.
///
/// # Errors
/// When a setting is missing or wrong.
pub fn agent_firewall(environment: &Environment<'_>) -> anyhow::Result<Option<AgentFirewall>> {
    match environment.get("TEXTSLASH_AGENT_FIREWALL").as_deref() {
        None | Some("0") => return Ok(None),
        Some("1") => {}
        Some(_) => anyhow::bail!("TEXTSLASH_AGENT_FIREWALL is neither 0 nor 1"),
    }
    let user = agent_user(environment, geteuid().is_root())?.context(
        "TEXTSLASH_AGENT_FIREWALL needs a user whose network it restricts: set \
         TEXTSLASH_AGENT_USER",
    )?;
    Ok(Some(AgentFirewall::new(user, url(environment, machine_env::MODEL_PROXY_URL)?)))
}

fn key(environment: &Environment<'_>, name: &str, kind: SecretKind) -> anyhow::Result<Arc<Secret>> {
    Ok(Arc::new(environment.secret(name, kind, Audience::nobody())?))
}

fn channel(environment: &Environment<'_>) -> anyhow::Result<RelayChannel> {
    environment.require(machine_env::CHANNEL)?.parse().context(machine_env::CHANNEL)
}

fn deployment(environment: &Environment<'_>) -> anyhow::Result<DeploymentId> {
    let id = environment.require(machine_env::DEPLOYMENT)?;
    DeploymentId::try_from(id).context(machine_env::DEPLOYMENT)
}

/// Not set on machines that an earlier version made: their probation counts from their first start
/// alone.
fn probation_until_ms(environment: &Environment<'_>) -> anyhow::Result<Option<u64>> {
    let Some(text) = environment.get(machine_env::PROBATION_UNTIL) else { return Ok(None) };
    text.parse()
        .map(Some)
        .with_context(|| format!("{} is not a time in milliseconds", machine_env::PROBATION_UNTIL))
}

/// The directory that outlives a relay or a VM.
///
/// # Errors
/// When it is not set.
pub fn data_dir(environment: &Environment<'_>) -> anyhow::Result<PathBuf> {
    environment.require(machine_env::DATA_DIR).map(PathBuf::from)
}

fn agent(environment: &Environment<'_>) -> anyhow::Result<AgentKind> {
    environment.require(machine_env::AGENT)?.parse().context(machine_env::AGENT)
}

fn url(environment: &Environment<'_>, name: &str) -> anyhow::Result<Url> {
    vendors::parse_url(name, &environment.require(name)?)
}
