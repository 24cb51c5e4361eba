//! The calls between provisioner, relay and VM, and the proof of who made each.
//!
//! Machines of neighbouring releases talk to each other: a call names its [`VERSION`], a machine
//! accepts the one before, and readers skip fields and events that they do not know.
//!
//! Every call carries an HMAC-SHA256 over direction, method, path with query, time, nonce and the
//! SHA-256 digest of its body. The signature names the digest, so the receiver verifies the head
//! before it reads the body, and checks the body against the digest while it arrives. It refuses
//! calls that are unsigned, altered, older than [`SKEW_MAX_MS`] or seen before.
//!
//! The VM serves:
//! - `POST /turns` with a [`TurnRequest`]: starts the turn, or attaches to it when its id is known,
//!   and streams [`TurnEvent`]s as one JSON line each
//! - `PUT /turns/{id}/inbox/{name}`: a file of the person's for the agent; the answer is a
//!   [`SavedFile`]
//! - `GET /turns/{id}/outbox/{index}`: a file of the agent's that a [`TurnEvent::File`] told of
//! - `POST /turns/{id}/cancel`: stops it with all its processes, or before it begins
//! - `GET /ready`: 200 when the agent can answer; the body is a [`Health`]
//! - `POST /commit`: the deployment is proven and may stay
//! - `GET /health` (unsigned): a [`Health`]

use std::fmt;

use adapters::chat::Citation;
use hmac::{Hmac, KeyInit, Mac};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::collections::HashMap;
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

use crate::secret::{Audience, Secret, SecretKind};

#[cfg(test)]
mod tests;

/// The version of these calls; raised when the release before would misread one.
pub const VERSION: u32 = 2;

/// The oldest version that is accepted: the one before, so that relay and VM can be replaced one
/// after the other.
pub const VERSION_MIN: u32 = VERSION - 1;

/// The header in which a caller names its [`VERSION`]. Callers of version 1 send none.
pub const VERSION_HEADER: &str = "x-textslash-protocol";

/// Whether a caller that sends this [`VERSION_HEADER`] is understood. A newer caller understands
/// the answers of the version before, so it is accepted.
pub fn is_understood(version: Option<&str>) -> bool {
    match version {
        None => VERSION_MIN <= 1,
        Some(version) => version.parse::<u32>().is_ok_and(|version| version >= VERSION_MIN),
    }
}

/// The header that carries what [`sign`] makes.
pub const SIGNATURE_HEADER: &str = "x-textslash-signature";

/// How far two clocks may differ: a minute covers machines that were suspended and have not yet
/// heard the time. A signature from a clock that is ahead is valid for up to twice as long.
pub const SKEW_MAX_MS: u64 = 60_000;

/// Nonces remembered at once: a thousand calls a minute is far beyond one person's chat. When it
/// is full, calls are refused rather than an old nonce forgotten.
pub const NONCES_MAX: usize = 4096;

/// How long a machine serves before it is committed, in milliseconds: a deploy takes minutes, and a
/// person's retry a few more.
pub const PROBATION_MS: u64 = 30 * 60_000;

/// Who calls whom; part of what is signed, so that a call cannot be turned around.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// Turns, readiness, commit.
    RelayToVm,
    /// Proof that the caller is the provisioner: `/ready` and `/commit` of the relay.
    ProvisionerToRelay,
}

impl Direction {
    fn word(self) -> &'static str {
        match self {
            Self::RelayToVm => "relay-to-vm",
            Self::ProvisionerToRelay => "provisioner-to-relay",
        }
    }
}

/// A call that is to be signed.
#[derive(Clone, Copy, Debug)]
pub struct SignedCall<'a> {
    /// Who calls whom.
    pub direction: Direction,
    /// `GET`, `POST`.
    pub method: &'a str,
    /// Path with query, as on the request line.
    pub path: &'a str,
    /// The whole body.
    pub body: &'a [u8],
}

/// The part of a call that is known before its body.
#[derive(Clone, Copy, Debug)]
pub struct CallHead<'a> {
    /// Who calls whom.
    pub direction: Direction,
    /// `GET`, `POST`.
    pub method: &'a str,
    /// Path with query, as on the request line.
    pub path: &'a str,
}

impl<'a> SignedCall<'a> {
    /// The call without its body.
    pub fn head(&self) -> CallHead<'a> {
        CallHead { direction: self.direction, method: self.method, path: self.path }
    }
}

/// The SHA-256 digest of a body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BodyDigest([u8; 32]);

impl BodyDigest {
    /// The digest of this body.
    pub fn of(body: &[u8]) -> Self {
        Self(Sha256::digest(body).into())
    }
}

/// Computes a [`BodyDigest`] while the body arrives.
#[derive(Clone, Default)]
pub struct BodyHasher(Sha256);

impl BodyHasher {
    /// The next part of the body.
    pub fn update(&mut self, part: &[u8]) {
        self.0.update(part);
    }

    /// Whether the parts together are the body of this digest.
    pub fn is(self, digest: &BodyDigest) -> bool {
        self.0.finalize().ct_eq(&digest.0).into()
    }
}

/// Why a call is refused. The caller learns none of it but "refused".
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CallRefusal {
    /// No signature, or not in our form.
    #[error("unsigned")]
    Unsigned,
    /// Signed with another key, or altered.
    #[error("wrong signature")]
    WrongSignature,
    /// Too old, or from the future.
    #[error("stale")]
    Expired,
    /// Seen before.
    #[error("replayed")]
    Replayed,
    /// More calls a minute than we remember.
    #[error("too many calls")]
    NonceStoreFull,
}

/// The value of [`SIGNATURE_HEADER`] for this call: `v2.TIME.NONCE.DIGEST.MAC`.
pub fn sign(key: &[u8], call: SignedCall<'_>, now_ms: u64, nonce: [u8; 16]) -> String {
    let nonce = hex::encode(nonce);
    let digest = hex::encode(BodyDigest::of(call.body).0);
    let mac = mac(key, call.head(), now_ms, &nonce, &digest).finalize().into_bytes();
    format!("v2.{now_ms}.{nonce}.{digest}.{}", hex::encode(mac))
}

fn mac(key: &[u8], call: CallHead<'_>, at_ms: u64, nonce: &str, digest: &str) -> Hmac<Sha256> {
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(key) else {
        unreachable!("HMAC takes keys of any length")
    };
    let at_ms = at_ms.to_string();
    for part in [call.direction.word(), call.method, call.path, &at_ms, nonce, digest] {
        mac.update(part.as_bytes());
        mac.update(b"\n");
    }
    mac
}

/// Checks signatures and remembers nonces.
#[derive(Debug, Default)]
pub struct CallVerifier {
    /// The time of each signature, by its nonce.
    seen: HashMap<String, u64>,
    /// The latest time of a signature whose nonce was forgotten. Older ones stay refused, though a
    /// clock that is set back would make them valid again.
    forgotten_at_ms: Option<u64>,
}

impl CallVerifier {
    /// Accepts a call once, if it was signed with `key` about now. Its body must have the digest
    /// that is returned.
    ///
    /// # Errors
    /// When the call is not to be obeyed; nothing of its body needs to be read then.
    pub fn verify(
        &mut self,
        key: &[u8],
        call: CallHead<'_>,
        header: Option<&str>,
        now_ms: u64,
    ) -> Result<BodyDigest, CallRefusal> {
        let mut parts = header.ok_or(CallRefusal::Unsigned)?.split('.');
        let (Some("v2"), Some(at_ms), Some(nonce), Some(digest), Some(proof), None) =
            (parts.next(), parts.next(), parts.next(), parts.next(), parts.next(), parts.next())
        else {
            return Err(CallRefusal::Unsigned);
        };
        let at_ms: u64 = at_ms.parse().map_err(|_| CallRefusal::Unsigned)?;
        let proof = hex::decode(proof).map_err(|_| CallRefusal::Unsigned)?;
        let mut body = [0; 32];
        hex::decode_to_slice(digest, &mut body).map_err(|_| CallRefusal::Unsigned)?;
        mac(key, call, at_ms, nonce, digest)
            .verify_slice(&proof)
            .map_err(|_| CallRefusal::WrongSignature)?;
        self.forget(now_ms);
        let is_forgotten = self.forgotten_at_ms.is_some_and(|forgotten_ms| at_ms <= forgotten_ms);
        if at_ms.abs_diff(now_ms) > SKEW_MAX_MS || is_forgotten {
            return Err(CallRefusal::Expired);
        }
        if self.seen.contains_key(nonce) {
            return Err(CallRefusal::Replayed);
        }
        if self.seen.len() >= NONCES_MAX {
            return Err(CallRefusal::NonceStoreFull);
        }
        self.seen.insert(nonce.to_owned(), at_ms);
        Ok(BodyDigest(body))
    }

    /// Forgets the nonces of signatures that are not valid any more.
    fn forget(&mut self, now_ms: u64) {
        let forgotten_at_ms = &mut self.forgotten_at_ms;
        self.seen.retain(|_, at_ms| {
            let is_over = at_ms.saturating_add(SKEW_MAX_MS) < now_ms;
            if is_over {
                *forgotten_at_ms = (*forgotten_at_ms).max(Some(*at_ms));
            }
            !is_over
        });
    }
}

/// The build that runs: what the image was built with (`TEXTSLASH_BUILD`), else the version.
pub const BUILD: &str = match option_env!("TEXTSLASH_BUILD") {
    Some(build) => build,
    None => env!("CARGO_PKG_VERSION"),
};

/// What `GET /health` and `GET /ready` answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Health {
    /// The deployment this machine belongs to: a 200 from somebody else's app proves nothing.
    pub deployment: String,
    /// The build that runs ([`BUILD`]).
    pub build: String,
    /// `relay` or `vm`.
    pub role: String,
    /// The [`VERSION`] of the machine. Version 1 does not say.
    #[serde(default = "version_one")]
    pub protocol: u32,
    /// The network of a VM's agent, where it is to be restricted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub agent_network: Option<AgentNetwork>,
}

fn version_one() -> u32 {
    1
}

/// The network of an agent that is to be restricted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AgentNetwork {
    /// The agent reaches the internet, and what it needs of the private network.
    Restricted,
    /// It could not be restricted.
    Open,
}

/// Opens the relay's model proxy for one turn. It is written into the signed call that begins the
/// turn, and printed nowhere.
#[derive(Clone, Serialize, Deserialize)]
#[serde(transparent)]
pub struct TurnToken(Zeroizing<String>);

impl TurnToken {
    /// The token of a turn.
    pub fn new(token: Zeroizing<String>) -> Self {
        Self(token)
    }

    /// The token as a credential that only `audience` may see.
    pub fn into_secret(self, audience: Audience) -> Secret {
        Secret::new(SecretKind::ModelProxyToken, self.0, audience)
    }
}

impl fmt::Debug for TurnToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TurnToken")
    }
}

/// Asks for a turn of the agent.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct TurnRequest {
    /// Chosen by the relay; the same id is the same turn, however often it is asked for.
    pub turn: String,
    /// The agent's session: turns of one session remember each other.
    pub session: String,
    /// What the person wrote.
    pub text: String,
    /// Files that came with it or before it, as paths within the workspace.
    #[serde(default)]
    pub files: Vec<String>,
    /// Text of others that the person forwarded or quoted: data, never the person's own words.
    #[serde(default)]
    pub citations: Vec<Citation>,
    /// Events already received, heartbeats not counted: the stream goes on after this many.
    #[serde(default)]
    pub after: usize,
    /// Opens the model proxy until the relay has the turn's last event; none where there is no
    /// model.
    #[serde(default)]
    pub model_token: Option<TurnToken>,
}

/// Where a file of the person's lies.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SavedFile {
    /// Within the workspace.
    pub path: String,
}

/// One line of a turn's stream. The last one is always `Done` or `Failed`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum TurnEvent {
    /// More of the answer.
    Text {
        /// To append.
        text: String,
    },
    /// The agent uses a tool.
    Tool {
        /// The tool's name.
        name: String,
        /// What it is used on, in one short line.
        detail: String,
    },
    /// The agent left a file for the person.
    File {
        /// Which of the turn's files, from 0.
        index: usize,
        /// As the agent called it.
        name: String,
        /// Its size; beyond [`FILE_BYTES_MAX`](crate::files::FILE_BYTES_MAX) it cannot be fetched.
        bytes: u64,
    },
    /// Files that the agent left and that do not go to the person with this turn.
    Withheld {
        /// Why, as the relay branches on it.
        reason: WithheldReason,
        /// A few of their names.
        names: Vec<String>,
        /// How many there are; at least so many where there are thousands.
        count: usize,
    },
    /// Still working: sent when nothing else was for a while.
    Heartbeat,
    /// The turn ended well.
    Done,
    /// The turn ended otherwise.
    Failed {
        /// Why, as the relay branches on it.
        reason: TurnFailure,
    },
    /// An event of a later version; it means nothing here.
    #[serde(other)]
    Unknown,
}

impl TurnEvent {
    /// Nothing follows it.
    pub fn is_last(&self) -> bool {
        matches!(self, Self::Done | Self::Failed { .. })
    }
}

/// Why a file of the agent is not sent. It stays where it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WithheldReason {
    /// The outbox is no folder, or cannot be listed.
    NoOutbox,
    /// A folder, a link, a pipe: only plain files are sent.
    NotPlain,
    /// The agent's user may not read it, or it went away.
    Unreadable,
    /// The disk has no room for the copy that is sent.
    NoRoom,
    /// Handing out took too long.
    TooSlow,
    /// A turn sends only so many.
    TooMany,
    /// A reason of a later version.
    #[serde(other)]
    Unknown,
}

/// Why a turn ended without an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TurnFailure {
    /// The person stopped it.
    Stopped,
    /// It took longer than a turn may.
    TimedOut,
    /// The agent could not be started or ended by itself.
    AgentCrashed,
    /// The model refused: no credit, wrong key, overloaded. The text before it says more.
    ModelRefused,
    /// The VM was restarted in the middle of it.
    Interrupted,
    /// The VM's disk is full or fails, so the answer could not be kept.
    DiskFailed,
    /// A reason of a later version.
    #[serde(other)]
    Unknown,
}
