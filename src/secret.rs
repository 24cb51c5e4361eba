//! A credential that cannot be printed, stored or sent to the wrong host.

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

pub mod strength;

#[cfg(test)]
mod tests;

/// A credential: no `Debug`, no `Display`, no `Serialize`, no `Clone`; wiped when dropped.
///
/// It is shared by reference ([`Arc<Secret>`]) and leaves the process only through
/// [`Secret::expose_for_host`], which names the host that will see it.
///
/// ```
/// use textslash::secret::{Audience, Secret, SecretKind};
/// let key = Secret::new(SecretKind::ModelKey, "sk-ant".to_owned(), Audience::of(["api.test"]));
/// assert_eq!(key.expose_for_host("api.test"), Ok("sk-ant"));
/// ```
///
/// It cannot be printed,
///
/// ```compile_fail,E0277
/// fn prints(key: &textslash::secret::Secret) { println!("{key}"); }
/// ```
///
/// nor logged, in itself or in what holds it,
///
/// ```compile_fail,E0277
/// fn logs(key: &textslash::secret::Secret) { println!("{key:?}"); }
/// ```
/// ```compile_fail,E0277
/// #[derive(Debug)]
/// struct Request { key: textslash::secret::Secret }
/// ```
///
/// nor stored,
///
/// ```compile_fail,E0277
/// fn stores(key: &textslash::secret::Secret) -> String { serde_json::to_string(key).unwrap() }
/// ```
///
/// nor copied,
///
/// ```compile_fail,E0599
/// fn copies(key: textslash::secret::Secret) -> textslash::secret::Secret { key.clone() }
/// ```
///
/// nor compared in a time that tells how much of a guess is right.
///
/// ```compile_fail,E0369
/// fn compares(a: &textslash::secret::Secret, b: &textslash::secret::Secret) -> bool { a == b }
/// ```
pub struct Secret {
    kind: SecretKind,
    value: Zeroizing<String>,
    audience: Audience,
}

/// The thing that a credential opens. A kind may be stored and printed; a credential may not.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Serialize,
    Deserialize,
    strum::IntoStaticStr,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "kebab-case")]
pub enum SecretKind {
    /// A text that was pasted and not judged yet.
    Unjudged,
    /// A Fly.io token: the person's cloud account.
    FlyToken,
    /// An Anthropic API key: the person's model account.
    ModelKey,
    /// The key in the link to a relay's web channel: whoever holds it is the owner.
    OwnerKey,
    /// A Telegram bot's token.
    TelegramToken,
    /// A Discord bot's token.
    DiscordToken,
    /// A Twilio account's SID and Auth Token, in that order, with white space between.
    TwilioKey,
    /// What relay and VM sign their calls to each other with.
    LinkKey,
    /// What the agent shows to the relay's model proxy; it opens nothing else, and nothing after
    /// its turn.
    ModelProxyToken,
}

impl SecretKind {
    /// The word for it in texts and forms.
    pub fn word(self) -> &'static str {
        self.into()
    }
}

/// Stands for a credential that is held in memory elsewhere; may be stored and logged, and opens
/// nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct SecretRef(pub u64);

/// The hosts that may see a credential (`host` or `host:port`, as in a URL's authority).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Audience(Arc<[String]>);

/// A credential was about to be sent to a host that must not see it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a {kind:?} must not be sent to {host}")]
pub struct WrongAudience {
    /// What would have leaked.
    pub kind: SecretKind,
    /// Where to.
    pub host: String,
}

impl Audience {
    /// Exactly these authorities.
    pub fn of(hosts: impl IntoIterator<Item = impl Into<String>>) -> Self {
        Self(hosts.into_iter().map(Into::into).collect())
    }

    /// Nobody: the credential never leaves this process.
    pub fn nobody() -> Self {
        Self(Arc::new([]))
    }

    fn contains(&self, host: &str) -> bool {
        self.0.iter().any(|allowed| allowed.eq_ignore_ascii_case(host))
    }
}

impl Secret {
    /// Takes ownership of a credential that only `audience` may see.
    pub fn new(kind: SecretKind, value: impl Into<Zeroizing<String>>, audience: Audience) -> Self {
        Self { kind, value: value.into(), audience }
    }

    /// What it opens.
    pub fn kind(&self) -> SecretKind {
        self.kind
    }

    /// The credential itself, for a request to `host` (a URL's authority).
    pub fn expose_for_host(&self, host: &str) -> Result<&str, WrongAudience> {
        if self.audience.contains(host) {
            Ok(&self.value)
        } else {
            Err(WrongAudience { kind: self.kind, host: host.to_owned() })
        }
    }

    /// The credential itself, for work inside this process (parsing, cutting, signing, comparing).
    /// What is made of it stays in this process or becomes a [`Secret`] of its own.
    pub fn expose(&self) -> &str {
        &self.value
    }
}
