//! Fly's bearer tokens: macaroons, a chain of HMACs over MessagePack. Every holder can add a
//! caveat, and none can remove one. This module is pure.
//!
//! Wire format as in superfly/macaroon: a label, then the standard base64 of
//! `[nonce, location, caveats, tail]`. The first tail is the HMAC-SHA256 of the nonce under the
//! issuer's key; each caveat's tail is the HMAC of that caveat under the tail before it.

use base64::Engine;
use base64::alphabet::STANDARD as ALPHABET;
use base64::engine::DecodePaddingMode;
use base64::engine::general_purpose::{GeneralPurpose, GeneralPurposeConfig, STANDARD};
use hmac::{Hmac, KeyInit, Mac};
use rmp::encode::{self, ByteBuf};
use sha2::Sha256;
use zeroize::Zeroizing;

pub use self::caveat::Caveat;
use self::caveat::EncodedCaveat;
use self::reader::{MessagePackError, MessagePackReader};

mod caveat;
mod reader;
#[cfg(test)]
mod tests;

/// Allowed actions, one bit each ([`Caveat::READ`] and so on).
pub type ActionMask = u16;

/// The longest single token that is read, in characters. Whole organisation tokens measure about
/// 700; this leaves room for hundreds of caveats and keeps the work on a hostile one small.
pub const TOKEN_MAX: usize = 16 * 1024;

/// Bytes of a signature.
const TAIL: usize = 32;

/// The location in Fly's permission tokens.
pub const PERMISSION_LOCATION: &str = "https://api.fly.io/v1";

/// One token: its issuer, its location and its restrictions. Its holder may use it, so it has
/// neither `Debug` nor `Display`.
#[derive(Clone)]
pub struct Macaroon {
    label: MacaroonLabel,
    nonce: Vec<u8>,
    kid: Vec<u8>,
    proof: bool,
    location: String,
    caveats: Vec<EncodedCaveat>,
    tail: Zeroizing<[u8; TAIL]>,
}

/// A refusal to read a token.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DecodeError {
    /// Neither label nor form of a macaroon.
    #[error("not a Fly token")]
    NotAToken,
    /// The beginning of a token, whose end is missing.
    #[error("the end of the token is missing")]
    CutOff,
    /// Longer than [`TOKEN_MAX`].
    #[error("too long for a Fly token")]
    TooLong,
}

#[derive(Clone, Copy)]
enum MacaroonLabel {
    Permission1,
    Discharge1,
    V2,
}

impl MacaroonLabel {
    const ALL: [Self; 3] = [Self::Permission1, Self::Discharge1, Self::V2];

    fn word(self) -> &'static str {
        match self {
            Self::Permission1 => "fm1r_",
            Self::Discharge1 => "fm1a_",
            Self::V2 => "fm2_",
        }
    }

    fn split(text: &str) -> Option<(Self, &str)> {
        Self::ALL.iter().find_map(|label| Some((*label, text.strip_prefix(label.word())?)))
    }
}

impl Macaroon {
    /// A new token without caveats, signed with the issuer's key, as only the issuer can make it.
    pub fn mint(key: &[u8], kid: &[u8], random: [u8; 16], location: &str) -> Self {
        let mut nonce = ByteBuf::new();
        let Ok(_) = encode::write_array_len(&mut nonce, 3);
        let Ok(()) = encode::write_bin(&mut nonce, kid);
        let Ok(()) = encode::write_bin(&mut nonce, &random);
        let Ok(()) = encode::write_bool(&mut nonce, false);
        let nonce = nonce.into_vec();
        Self {
            label: MacaroonLabel::V2,
            tail: sign(key, &nonce),
            nonce,
            kid: kid.to_owned(),
            proof: false,
            location: location.to_owned(),
            caveats: Vec::new(),
        }
    }

    /// Whether a text claims to be a macaroon, by its label alone.
    pub fn is_labelled(text: &str) -> bool {
        MacaroonLabel::split(text).is_some()
    }

    /// Reads one token (`fm2_...`), without scheme and without its neighbours in a bundle.
    pub fn decode(text: &str) -> Result<Self, DecodeError> {
        if text.len() > TOKEN_MAX {
            return Err(DecodeError::TooLong);
        }
        let (label, text) = MacaroonLabel::split(text).ok_or(DecodeError::NotAToken)?;
        let bytes = Zeroizing::new(unbase64(text)?);
        match reader::value_len(&bytes) {
            Ok(length) if length == bytes.len() => {}
            Err(MessagePackError::CutOff) => return Err(DecodeError::CutOff),
            Ok(_) | Err(MessagePackError::Malformed) => return Err(DecodeError::NotAToken),
        }
        Self::read(label, &mut MessagePackReader(&bytes)).ok_or(DecodeError::NotAToken)
    }

    fn read(label: MacaroonLabel, reader: &mut MessagePackReader<'_>) -> Option<Self> {
        if reader.array_len()? != 4 {
            return None;
        }
        let nonce = reader.raw()?;
        let (kid, proof) = read_nonce(&mut MessagePackReader(nonce))?;
        let location = reader.text()?.to_owned();
        let caveats = EncodedCaveat::read_all(reader)?;
        let tail = Zeroizing::new(reader.bytes()?.try_into().ok()?);
        Some(Self { label, nonce: nonce.to_owned(), kid, proof, location, caveats, tail })
    }

    /// The token as text. What was decoded and not changed comes out byte for byte the same.
    pub fn encode(&self) -> Zeroizing<String> {
        let mut bytes = ByteBuf::new();
        let Ok(_) = encode::write_array_len(&mut bytes, 4);
        bytes.as_mut_vec().extend_from_slice(&self.nonce);
        let Ok(()) = encode::write_str(&mut bytes, &self.location);
        EncodedCaveat::write_all(&self.caveats, &mut bytes);
        let Ok(()) = encode::write_bin(&mut bytes, self.tail.as_slice());
        let bytes = Zeroizing::new(bytes.into_vec());
        let base64 = Zeroizing::new(STANDARD.encode(bytes.as_slice()));
        Zeroizing::new([self.label.word(), base64.as_str()].concat())
    }

    /// Adds a restriction. It needs no key and cannot be undone. A restriction that the token has
    /// already is not added again, as in the official library.
    ///
    /// A finished proof ([`Macaroon::is_proof`]) is closed: attenuated, it is no longer valid.
    pub fn attenuate(&mut self, caveat: Caveat) {
        let caveat = EncodedCaveat::new(caveat);
        if !self.caveats.contains(&caveat) {
            self.tail = sign(self.tail.as_slice(), &caveat.signed());
            self.caveats.push(caveat);
        }
    }

    /// Whether it was signed with this key and nothing was changed since. What its caveats demand
    /// is another question.
    pub fn verify(&self, key: &[u8]) -> bool {
        let mut tail = sign(key, &self.nonce);
        for caveat in &self.caveats {
            tail = sign(tail.as_slice(), &caveat.signed());
        }
        if self.proof {
            tail = sign(b"proof-signature-finalization", tail.as_slice());
        }
        subtle::ConstantTimeEq::ct_eq(tail.as_slice(), self.tail.as_slice()).into()
    }

    /// The service that checks it: [`PERMISSION_LOCATION`], or the place that issued a discharge.
    pub fn location(&self) -> &str {
        &self.location
    }

    /// The id of the signing key; of a discharge, the ticket that it answers.
    pub fn kid(&self) -> &[u8] {
        &self.kid
    }

    /// Whether it is a discharge to which no caveat can be added.
    pub fn is_proof(&self) -> bool {
        self.proof
    }

    /// Its restrictions, in the order of signing.
    pub fn caveats(&self) -> impl Iterator<Item = &Caveat> {
        self.caveats.iter().map(EncodedCaveat::caveat)
    }
}

/// The key id and whether it is a proof; the third field came later than the other two.
fn read_nonce(reader: &mut MessagePackReader<'_>) -> Option<(Vec<u8>, bool)> {
    let fields = reader.array_len()?;
    let kid = reader.bytes()?.to_owned();
    reader.bytes()?;
    match fields {
        2 => Some((kid, false)),
        3 => Some((kid, reader.boolean()?)),
        _ => None,
    }
}

/// Padding is often lost when a token is copied, and says nothing.
fn unbase64(text: &str) -> Result<Vec<u8>, DecodeError> {
    const LENIENT: GeneralPurpose = GeneralPurpose::new(
        &ALPHABET,
        GeneralPurposeConfig::new()
            .with_decode_padding_mode(DecodePaddingMode::Indifferent)
            .with_decode_allow_trailing_bits(true),
    );
    LENIENT.decode(text).map_err(|error| match error {
        base64::DecodeError::InvalidLength(_) => DecodeError::CutOff,
        _ => DecodeError::NotAToken,
    })
}

fn sign(key: &[u8], message: &[u8]) -> Zeroizing<[u8; TAIL]> {
    let Ok(mac) = Hmac::<Sha256>::new_from_slice(key) else {
        unreachable!("HMAC takes keys of any length")
    };
    Zeroizing::new(mac.chain_update(message).finalize().into_bytes().into())
}
