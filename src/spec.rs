//! What was asked for: a deployment's cloud, place, size and names. Nothing here is secret, so all
//! of it may be stored and logged.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::secret::SecretKind;

mod owner;

pub use owner::is_same_person;

#[cfg(test)]
mod tests;

/// Everything needed to deploy, except the credentials.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Spec {
    /// Chosen at random before the first call; every name carries it.
    pub id: DeploymentId,
    /// What the person calls it: the readable part of the names.
    pub name: DeploymentName,
    /// Which cloud.
    pub cloud: CloudKind,
    /// The account within the cloud: Fly's organisation slug.
    pub organisation: String,
    /// Where to deploy, best first; the later ones are tried when the earlier are full.
    pub regions: Vec<Region>,
    /// The VM's machine.
    pub size: MachineSize,
    /// The VM's volume, in GB.
    pub vm_volume_gb: u32,
    /// The channel that the relay speaks.
    pub channel: RelayChannel,
    /// The only person the relay obeys: their immutable id on that channel. `owner` on the web
    /// channel, where whoever holds the link is the owner.
    #[serde(default = "RelayChannel::link_holder")]
    pub owner: String,
    /// Where the owner finds the relay on that channel: a bot's name (`@ada_bot`), a number
    /// (`+14155238886`). None on the web channel.
    #[serde(default)]
    pub address: Option<String>,
    /// The language that the relay speaks (ISO 639-1); empty for the usual one.
    #[serde(default)]
    pub locale: String,
    /// The agent that the VM runs.
    pub agent: AgentKind,
    /// Tokens of all classes that the agent may use in a day (UTC).
    #[serde(default = "Spec::daily_tokens")]
    pub daily_tokens: u64,
    /// What to run, by digest.
    pub images: Images,
}

impl Spec {
    /// The VM's volume when nothing is said: a workspace with a few repositories and their builds.
    pub const VM_VOLUME_GB: u32 = 10;

    /// Tokens of a day when nothing is said: a day of steady work with a small context.
    pub const DAILY_TOKENS: u64 = 5_000_000;

    fn daily_tokens() -> u64 {
        Self::DAILY_TOKENS
    }

    /// The name of the app that plays this role, globally unique by its random part.
    pub fn app(&self, role: Role) -> String {
        format!("{}-{}-{}", self.name, role.word(), self.id)
    }

    /// The private network that relay and VM share with nobody.
    pub fn network(&self) -> String {
        self.id.network()
    }
}

/// The two parts of a deployment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Speaks with the owner, holds the keys.
    Relay,
    /// Runs the agent.
    Vm,
}

impl Role {
    /// Both, in the order in which a person meets them.
    pub const ALL: [Self; 2] = [Self::Relay, Self::Vm];

    /// The word in names and metadata.
    pub fn word(self) -> &'static str {
        match self {
            Self::Relay => "relay",
            Self::Vm => "vm",
        }
    }
}

/// The random part of every name of one deployment: ten characters, 50 bits.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct DeploymentId(String);

impl DeploymentId {
    /// Crockford's base 32 in lower case: 32 characters, none of which look alike.
    pub const ALPHABET: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";
    /// Characters of an id, five bits each.
    pub const LENGTH: usize = 10;

    /// An id from this much chance.
    pub fn from_random(bytes: [u8; Self::LENGTH]) -> Self {
        Self(bytes.iter().map(|b| char::from(Self::ALPHABET[usize::from(b % 32)])).collect())
    }

    /// The id that a network of ours is named after; `None` for every other network.
    pub fn of_network(network: &str) -> Option<Self> {
        Self::try_from(network.strip_prefix("textslash-")?.to_owned()).ok()
    }

    /// The private network of this deployment.
    pub fn network(&self) -> String {
        format!("textslash-{self}")
    }
}

impl TryFrom<String> for DeploymentId {
    type Error = InvalidText;

    fn try_from(text: String) -> Result<Self, InvalidText> {
        let well_formed =
            text.len() == Self::LENGTH && text.bytes().all(|b| Self::ALPHABET.contains(&b));
        if well_formed { Ok(Self(text)) } else { Err(InvalidText("a deployment id")) }
    }
}

/// What a person calls a deployment: 1 to 20 of `a-z 0-9 -`, a letter first, no dash last.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct DeploymentName(String);

impl DeploymentName {
    /// Keeps the longest app name (`name-relay-` and ten characters) well under Fly's 63.
    pub const LENGTH_MAX: usize = 20;

    /// The nearest name to what a person is called; `my` when nothing of it can be kept.
    pub fn nearest_to(text: &str) -> Self {
        let kept: String = text
            .to_lowercase()
            .chars()
            .map(|c| if c.is_ascii_alphanumeric() { c } else { '-' })
            .skip_while(|c| !c.is_ascii_lowercase())
            .take(Self::LENGTH_MAX)
            .collect();
        let kept = kept.trim_end_matches('-');
        Self(if kept.is_empty() { "my" } else { kept }.to_owned())
    }
}

impl TryFrom<String> for DeploymentName {
    type Error = InvalidText;

    fn try_from(text: String) -> Result<Self, InvalidText> {
        let well_formed = (1..=Self::LENGTH_MAX).contains(&text.len())
            && text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
            && text.starts_with(|c: char| c.is_ascii_lowercase())
            && !text.ends_with('-');
        if well_formed { Ok(Self(text)) } else { Err(InvalidText("a name")) }
    }
}

/// Text that is not what it should be. It names the kind and never repeats the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not {0}")]
pub struct InvalidText(pub &'static str);

macro_rules! text_of {
    ($($kind:ty),*) => {$(
        impl fmt::Display for $kind {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
        impl From<$kind> for String {
            fn from(value: $kind) -> Self {
                value.0
            }
        }
        impl AsRef<str> for $kind {
            fn as_ref(&self) -> &str {
                &self.0
            }
        }
    )*};
}

text_of!(DeploymentId, DeploymentName, Region);

/// The cloud that a deployment goes to.
#[derive(
    Clone,
    Copy,
    Debug,
    Default,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Serialize,
    Deserialize,
    strum::IntoStaticStr,
    strum::EnumString,
    strum::VariantArray,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum CloudKind {
    #[default]
    Fly,
}

impl CloudKind {
    /// The word in flags, button ids and texts.
    pub fn word(self) -> &'static str {
        self.into()
    }

    /// The credential that opens an account in it.
    pub fn token(self) -> SecretKind {
        match self {
            Self::Fly => SecretKind::FlyToken,
        }
    }

    /// The cloud whose accounts a credential of this kind opens, if any.
    pub fn of_token(kind: SecretKind) -> Option<Self> {
        use strum::VariantArray;
        Self::VARIANTS.iter().copied().find(|cloud| cloud.token() == kind)
    }
}

/// A place as the cloud names it (`ams`, `iad`): lower-case letters and digits.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Region(String);

impl TryFrom<String> for Region {
    type Error = InvalidText;

    fn try_from(text: String) -> Result<Self, InvalidText> {
        let well_formed = (2..=12).contains(&text.len())
            && text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-');
        if well_formed { Ok(Self(text)) } else { Err(InvalidText("a region")) }
    }
}

/// The VM's machine.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MachineSize {
    /// One shared CPU and 1 GB: enough to chat and to edit.
    Small,
    /// Two shared CPUs and 2 GB: builds small projects.
    #[default]
    Medium,
    /// Four shared CPUs and 4 GB: builds larger projects.
    Large,
}

impl MachineSize {
    /// All sizes, smallest first.
    pub const ALL: [Self; 3] = [Self::Small, Self::Medium, Self::Large];

    /// Shared CPUs.
    pub fn cpus(self) -> u32 {
        match self {
            Self::Small => 1,
            Self::Medium => 2,
            Self::Large => 4,
        }
    }

    /// Memory, in MB.
    pub fn memory_mb(self) -> u32 {
        self.cpus() * 1024
    }

    /// The word in flags and button ids.
    pub fn word(self) -> &'static str {
        match self {
            Self::Small => "small",
            Self::Medium => "medium",
            Self::Large => "large",
        }
    }
}

impl FromStr for MachineSize {
    type Err = InvalidText;

    /// From its [`word`](Size::word).
    fn from_str(word: &str) -> Result<Self, InvalidText> {
        let known = Self::ALL.into_iter().find(|size| size.word() == word);
        known.ok_or(InvalidText("a size: small, medium or large"))
    }
}

/// The channel that a relay speaks with its owner.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RelayChannel {
    /// A link that opens the chat in a browser or a terminal: no third party.
    Web,
    /// A Telegram bot of the person's own.
    Telegram,
    /// A Discord bot of the person's own.
    Discord,
    /// A WhatsApp number of the person's own Twilio account.
    #[serde(rename = "whatsapp")]
    WhatsApp,
}

impl RelayChannel {
    /// All channels, the usual one first.
    pub const ALL: [Self; 4] = [Self::Web, Self::Telegram, Self::Discord, Self::WhatsApp];

    /// The owner's id on the web channel.
    pub fn link_holder() -> String {
        "owner".to_owned()
    }

    /// The word in settings and button ids, which is also the adapter's name.
    pub fn word(self) -> &'static str {
        match self {
            Self::Web => "web",
            Self::Telegram => "telegram",
            Self::Discord => "discord",
            Self::WhatsApp => "whatsapp",
        }
    }

    /// The credential that the relay needs to speak it; none for the web channel.
    pub fn key(self) -> Option<SecretKind> {
        match self {
            Self::Web => None,
            Self::Telegram => Some(SecretKind::TelegramToken),
            Self::Discord => Some(SecretKind::DiscordToken),
            Self::WhatsApp => Some(SecretKind::TwilioKey),
        }
    }

    /// The channel that a credential of this kind opens, if any.
    pub fn of_key(kind: SecretKind) -> Option<Self> {
        Self::ALL.into_iter().find(|channel| channel.key() == Some(kind))
    }

    /// The relay holds a connection to it, and so must stay up: nothing would wake it.
    pub fn holds_connection(self) -> bool {
        self == Self::Discord
    }
}

impl FromStr for RelayChannel {
    type Err = InvalidText;

    fn from_str(word: &str) -> Result<Self, InvalidText> {
        let known = Self::ALL.into_iter().find(|channel| channel.word() == word);
        known.ok_or(InvalidText("a channel: web, telegram, discord or whatsapp"))
    }
}

/// The program that answers on the VM.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AgentKind {
    /// Claude Code.
    Claude,
    /// Runs each line in a shell; needs no model.
    Shell,
}

impl AgentKind {
    /// All agents.
    pub const ALL: [Self; 2] = [Self::Claude, Self::Shell];

    /// The word in flags and settings.
    pub fn word(self) -> &'static str {
        match self {
            Self::Claude => "claude",
            Self::Shell => "shell",
        }
    }

    /// It answers with a model, and so needs a model key.
    pub fn needs_model(self) -> bool {
        match self {
            Self::Claude => true,
            Self::Shell => false,
        }
    }
}

impl FromStr for AgentKind {
    type Err = InvalidText;

    /// From its [`word`](AgentKind::word).
    fn from_str(word: &str) -> Result<Self, InvalidText> {
        let known = Self::ALL.into_iter().find(|agent| agent.word() == word);
        known.ok_or(InvalidText("an agent: claude or shell"))
    }
}

/// What the machines run: public images, pinned by digest.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Images {
    /// The relay's image.
    pub relay: String,
    /// The VM's image, with the agent in it.
    pub vm: String,
}

impl Images {
    /// The image of this role.
    pub fn of(&self, role: Role) -> &str {
        match role {
            Role::Relay => &self.relay,
            Role::Vm => &self.vm,
        }
    }
}
