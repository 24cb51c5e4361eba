//! Twilio's signature on a webhook: base64(HMAC-SHA1(auth token, URL, then each parameter's name
//! and value, sorted by name, without separators)).

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use sha1::Sha1;
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;
use url::form_urlencoded;

/// The signed content besides the URL.
#[derive(Clone, Copy, Debug)]
pub enum SignedContent<'a> {
    /// The parameters of a form.
    Form(&'a [(String, String)]),
    /// A body of another kind, whose SHA-256 stands in the URL as `bodySHA256`.
    Body(&'a [u8]),
}

/// Whether Twilio signed this for `url`, tried with and without its standard port: Twilio has
/// signed both.
///
/// SHA-1 is what Twilio uses; no header can choose another.
pub fn verify(auth_token: &str, url: &str, signed: SignedContent<'_>, signature: &str) -> bool {
    let Ok(shown) = STANDARD.decode(signature) else { return false };
    if let SignedContent::Body(body) = signed
        && !names_body(url, body)
    {
        return false;
    }
    variants(url).iter().any(|url| {
        let made = mac(auth_token, url, signed);
        bool::from(made.as_slice().ct_eq(&shown))
    })
}

/// The signature itself, as Twilio makes it.
pub fn sign(auth_token: &str, url: &str, signed: SignedContent<'_>) -> String {
    STANDARD.encode(mac(auth_token, url, signed))
}

fn mac(auth_token: &str, url: &str, signed: SignedContent<'_>) -> Vec<u8> {
    let Ok(mut mac) = Hmac::<Sha1>::new_from_slice(auth_token.as_bytes()) else {
        unreachable!("HMAC takes keys of any length")
    };
    mac.update(url.as_bytes());
    if let SignedContent::Form(form) = signed {
        let mut pairs: Vec<_> = form.iter().collect();
        pairs.sort();
        pairs.dedup();
        for (name, value) in pairs {
            mac.update(name.as_bytes());
            mac.update(value.as_bytes());
        }
    }
    mac.finalize().into_bytes().to_vec()
}

fn names_body(url: &str, body: &[u8]) -> bool {
    let query = url.split_once('?').map_or("", |(_, query)| query);
    let named = form_urlencoded::parse(query.as_bytes()).find(|(name, _)| name == "bodySHA256");
    let named = named.and_then(|(_, hash)| hex::decode(hash.as_bytes()).ok());
    named.is_some_and(|named| Sha256::digest(body).as_slice().ct_eq(&named).into())
}

/// The URL unchanged, without its port, and with the standard one.
fn variants(url: &str) -> Vec<String> {
    let Some((scheme, rest)) = url.split_once("://") else { return vec![url.to_owned()] };
    let (authority, path) = rest.split_at(rest.find(['/', '?']).unwrap_or(rest.len()));
    let (user, host) = match authority.rsplit_once('@') {
        Some((user, host)) => (format!("{user}@"), host),
        None => (String::new(), authority),
    };
    let is_port = |port: &&str| !port.is_empty() && port.bytes().all(|b| b.is_ascii_digit());
    let bare =
        host.rsplit_once(':').filter(|(_, port)| is_port(port)).map_or(host, |(host, _)| host);
    let standard = if scheme == "https" { 443 } else { 80 };
    vec![
        url.to_owned(),
        format!("{scheme}://{user}{bare}{path}"),
        format!("{scheme}://{user}{bare}:{standard}{path}"),
    ]
}
