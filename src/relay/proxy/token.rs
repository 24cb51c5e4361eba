//! The token that opens the model proxy for the running turn and for nothing after it.
//!
//! It is derived from the link key and the turn's random id. A relay that restarts while the turn
//! runs therefore knows the same token again, and nothing that opens anything is stored. It is
//! valid as long as the database calls its turn unfinished.

use hmac::{Hmac, KeyInit, Mac};
use http::HeaderMap;
use http::header::{AUTHORIZATION, HeaderName, HeaderValue};
use sha2::Sha256;
use subtle::ConstantTimeEq;
use tokio::sync::watch;
use zeroize::Zeroizing;

use crate::protocol::TurnToken;
use crate::relay::Relay;
use crate::secret::Secret;

/// Where the agent shows its token; never passed on.
pub(super) const X_API_KEY: HeaderName = HeaderName::from_static("x-api-key");

/// Characters of a token: 256 bits in hexadecimal.
const TOKEN_CHARS: usize = 64;

/// The token of the turn with this id.
fn token_of(link_key: &Secret, turn: &str) -> Zeroizing<String> {
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(link_key.expose().as_bytes()) else {
        unreachable!("HMAC takes keys of any length")
    };
    mac.update(b"model-proxy\n");
    mac.update(turn.as_bytes());
    Zeroizing::new(hex::encode(mac.finalize().into_bytes()))
}

/// The token that a call shows, if it could be one.
pub(super) fn shown(headers: &HeaderMap) -> Option<Zeroizing<String>> {
    let bearer = headers.get(AUTHORIZATION).map(HeaderValue::as_bytes);
    let bearer = bearer.and_then(|value| value.strip_prefix(b"Bearer "));
    let shown = headers.get(X_API_KEY).map(HeaderValue::as_bytes).or(bearer)?;
    let shown = std::str::from_utf8(shown).ok()?;
    (shown.len() == TOKEN_CHARS).then(|| Zeroizing::new(shown.to_owned()))
}

/// The right of one call to go on: it ends with the call's turn.
pub(super) struct TurnAccess {
    token: Zeroizing<String>,
    turns_ended: watch::Receiver<u64>,
}

impl TurnAccess {
    /// Returns when the turn is over, or its end cannot be ruled out.
    pub(super) async fn over(&mut self, relay: &Relay) {
        while self.turns_ended.changed().await.is_ok() {
            if !matches!(relay.opens_proxy(&self.token).await, Ok(true)) {
                return;
            }
        }
    }
}

impl Relay {
    /// The token that the VM is given for this turn; `None` where there is no model.
    pub fn turn_token(&self, turn: &str) -> Option<TurnToken> {
        self.settings.model_key.as_ref()?;
        Some(TurnToken::new(token_of(&self.settings.link_key, turn)))
    }

    /// Whether this is the token of the turn that runs, on a relay that may serve.
    ///
    /// # Errors
    /// When the database fails.
    pub(super) async fn opens_proxy(&self, shown: &str) -> anyhow::Result<bool> {
        if !self.probation.serves() {
            return Ok(false);
        }
        let Some(turn) = self.store.running_turn().await? else { return Ok(false) };
        let token = token_of(&self.settings.link_key, &turn);
        Ok(bool::from(shown.as_bytes().ct_eq(token.as_bytes())))
    }

    /// Begins to watch for the end of the turn whose token is shown.
    pub(super) fn turn_access(&self, token: Zeroizing<String>) -> TurnAccess {
        TurnAccess { token, turns_ended: self.turns_ended.subscribe() }
    }

    /// Ends the calls of turns that are over.
    pub(crate) fn end_calls(&self) {
        self.turns_ended.send_modify(|turns| *turns = turns.wrapping_add(1));
    }
}
