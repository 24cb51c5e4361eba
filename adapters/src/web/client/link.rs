//! The link that opens a web channel.

use std::fmt;

use tokio_tungstenite::tungstenite::http::Uri;
use zeroize::Zeroizing;

/// Longest link; ours are below a hundred characters.
const LINK_MAX: usize = 4 * 1024;

/// `https://host/chat#KEY`: the address of a relay, and the key that opens it.
///
/// `Display` and `Debug` leave the key out.
#[derive(Clone)]
pub struct RelayLink {
    secure: bool,
    host: String,
    port: u16,
    authority: String,
    path: String,
    key: Zeroizing<String>,
}

/// A malformed link; the text is a sentence for the person.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LinkError {
    /// Not an address at all.
    #[error("That is not a link. It looks like https://NAME.fly.dev/chat#KEY.")]
    Malformed,
    /// Something else than `http` or `https`.
    #[error("The link must start with https://.")]
    Scheme,
    /// `http` to another machine.
    #[error("The link must start with https://, or anybody on the way could read the chat.")]
    Insecure,
    /// No key after `#`.
    #[error("The link has no key after the # sign. Copy the whole link.")]
    NoKey,
}

impl RelayLink {
    /// Reads a link as a person pastes it.
    pub fn parse(link: &str) -> Result<Self, LinkError> {
        let link = link.trim();
        if link.len() > LINK_MAX {
            return Err(LinkError::Malformed);
        }
        let (address, key) = link.split_once('#').unwrap_or((link, ""));
        let address: Uri = address.parse().map_err(|_| LinkError::Malformed)?;
        let (host, authority) = match (address.host(), address.authority()) {
            (Some(host), Some(authority))
                if !host.is_empty() && !authority.as_str().contains('@') =>
            {
                (host.trim_matches(['[', ']']).to_ascii_lowercase(), authority.to_string())
            }
            _ => return Err(LinkError::Malformed),
        };
        let secure = match address.scheme_str() {
            Some("https") => true,
            Some("http") if is_loopback(&host) => false,
            Some("http") => return Err(LinkError::Insecure),
            Some(_) => return Err(LinkError::Scheme),
            None => return Err(LinkError::Malformed),
        };
        if key.is_empty() {
            return Err(LinkError::NoKey);
        }
        let port = address.port_u16().unwrap_or(if secure { 443 } else { 80 });
        let path = address.path().trim_end_matches('/').to_owned();
        Ok(Self { secure, host, port, authority, path, key: key.to_owned().into() })
    }

    pub(super) fn key(&self) -> &str {
        &self.key
    }

    pub(super) fn socket_url(&self) -> String {
        let scheme = if self.secure { "wss" } else { "ws" };
        format!("{scheme}://{}{}/socket", self.authority, self.path)
    }

    /// The address to connect to: names under `localhost` are this machine, whatever its resolver
    /// says.
    pub(super) fn address(&self) -> (&str, u16) {
        let is_local = self.host == "localhost" || self.host.ends_with(".localhost");
        (if is_local { "127.0.0.1" } else { &self.host }, self.port)
    }
}

fn is_loopback(host: &str) -> bool {
    host == "localhost"
        || host.ends_with(".localhost")
        || host.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback())
}

impl fmt::Display for RelayLink {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scheme = if self.secure { "https" } else { "http" };
        write!(f, "{scheme}://{}{}", self.authority, self.path)
    }
}

impl fmt::Debug for RelayLink {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Link({self})")
    }
}
