//! Tokens of the simulated accounts: minted as Fly mints them, verified link by link, every caveat
//! enforced. A caveat that is not understood is a refusal.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use parking_lot::Mutex;

use crate::cloud::fly::macaroon::{ActionMask, Caveat, Macaroon, PERMISSION_LOCATION};
use crate::random::Random;

use super::errors::FlyApiError;

/// The location in the discharges of real organisation tokens.
const AUTH_LOCATION: &str = "https://api.fly.io/aaa/v1";

/// The lifetime of a minted token: a year, in seconds.
const LIFETIME_S: i64 = 365 * 24 * 3600;

/// The action of a request and its resources.
#[derive(Clone, Copy, Debug, Default)]
pub struct AccessRequest<'a> {
    /// The organisation's numeric id.
    pub organisation: Option<u64>,
    /// The app's numeric id.
    pub app: Option<u64>,
    /// The machine's id.
    pub machine: Option<&'a str>,
    /// The volume's id.
    pub volume: Option<&'a str>,
    /// The actions.
    pub mask: ActionMask,
}

/// The caller of a request: its permission tokens that are valid now.
#[derive(Clone)]
pub struct TokenCaller(Arc<Vec<HeldToken>>);

enum HeldToken {
    Macaroon { organisation: u64, token: Macaroon },
    OAuth,
}

impl TokenCaller {
    /// The numeric ids of the organisations that these tokens open, of those that exist.
    pub fn organisations(&self, existing: &[u64]) -> Vec<u64> {
        let opens = |id: &u64| {
            self.0.iter().any(|held| match held {
                HeldToken::Macaroon { organisation, .. } => organisation == id,
                HeldToken::OAuth => true,
            })
        };
        existing.iter().copied().filter(opens).collect()
    }

    /// The apps that these tokens are narrowed to, by numeric id; `None` when they are not.
    pub fn narrowed_to_apps(&self) -> Option<BTreeSet<u64>> {
        self.0.iter().find_map(|held| match held {
            HeldToken::Macaroon { token, .. } => token.caveats().find_map(|caveat| match caveat {
                Caveat::Apps(apps) => Some(apps.keys().copied().collect()),
                _ => None,
            }),
            HeldToken::OAuth => None,
        })
    }

    /// Whether these tokens allow this.
    pub fn may(&self, access: AccessRequest<'_>) -> Result<(), FlyApiError> {
        let allowed = self.0.iter().any(|held| match held {
            HeldToken::Macaroon { organisation, token } => {
                access.organisation.is_none_or(|wanted| wanted == *organisation)
                    && token.caveats().all(|caveat| permits(caveat, access))
            }
            HeldToken::OAuth => true,
        });
        if allowed { Ok(()) } else { Err(FlyApiError::unauthorized()) }
    }
}

/// Whether a caveat of a valid token allows this. Time and discharges were checked before.
fn permits(caveat: &Caveat, access: AccessRequest<'_>) -> bool {
    let covers = |mask: ActionMask| access.mask & !mask == 0;
    match caveat {
        Caveat::Organization { id, mask } => {
            access.organisation.is_none_or(|wanted| wanted == *id) && covers(*mask)
        }
        Caveat::Apps(apps) => access.app.and_then(|app| apps.get(&app)).is_some_and(|m| covers(*m)),
        Caveat::Machines(machines) => {
            access.machine.and_then(|id| machines.get(id)).is_some_and(|m| covers(*m))
        }
        Caveat::Volumes(volumes) => {
            access.volume.and_then(|id| volumes.get(id)).is_some_and(|m| covers(*m))
        }
        Caveat::Action(mask) => covers(*mask),
        Caveat::ValidityWindow { .. } | Caveat::ThirdParty { .. } => true,
        Caveat::Mutations(_)
        | Caveat::BindToParent(_)
        | Caveat::FromMachine(_)
        | Caveat::Other { .. } => false,
    }
}

/// Issues and verifies tokens.
pub struct TokenIssuer {
    random: Random,
    keys: Mutex<BTreeMap<u64, [u8; 32]>>,
    discharge_keys: Mutex<BTreeMap<Vec<u8>, [u8; 32]>>,
    oauth: Mutex<BTreeSet<String>>,
    revoked: Mutex<BTreeSet<Vec<u8>>>,
}

impl TokenIssuer {
    /// An issuer for these organisations.
    pub fn new(random: Random, organisations: impl IntoIterator<Item = u64>) -> Self {
        let keys = organisations.into_iter().map(|id| (id, random.bytes())).collect();
        let keys = Mutex::new(keys);
        Self {
            random,
            keys,
            discharge_keys: Mutex::default(),
            oauth: Mutex::default(),
            revoked: Mutex::default(),
        }
    }

    /// Adds an organisation.
    pub fn add(&self, organisation: u64) {
        let key = self.random.bytes();
        lock(&self.keys).insert(organisation, key);
    }

    /// A token for a whole organisation, narrowed by `caveats`, with its discharge, as a person
    /// pastes it.
    pub fn mint(
        &self,
        organisation: u64,
        mask: ActionMask,
        caveats: Vec<Caveat>,
        now_ms: u64,
    ) -> MintedToken {
        let key = lock(&self.keys).get(&organisation).copied().unwrap_or_default();
        let kid = organisation.to_be_bytes();
        let mut permission = Macaroon::mint(&key, &kid, self.random.bytes(), PERMISSION_LOCATION);
        permission.attenuate(Caveat::Organization { id: organisation, mask });
        let ticket = self.random.bytes::<32>().to_vec();
        permission.attenuate(Caveat::ThirdParty {
            location: AUTH_LOCATION.to_owned(),
            verifier_key: self.random.bytes::<48>().to_vec(),
            ticket: ticket.clone(),
        });
        let now_s = seconds(now_ms);
        if !caveats.iter().any(|caveat| matches!(caveat, Caveat::ValidityWindow { .. })) {
            permission.attenuate(Caveat::ValidityWindow {
                not_before: now_s - 60,
                not_after: now_s + LIFETIME_S,
            });
        }
        for caveat in caveats {
            permission.attenuate(caveat);
        }
        let discharge_key = self.random.bytes();
        let discharge = Macaroon::mint(&discharge_key, &ticket, self.random.bytes(), AUTH_LOCATION);
        lock(&self.discharge_keys).insert(ticket, discharge_key);
        MintedToken {
            permission: permission.encode().to_string(),
            discharge: discharge.encode().to_string(),
        }
    }

    /// A token of the older kind, which opens everything and cannot be narrowed.
    pub fn mint_oauth(&self) -> String {
        let token = format!("fo1_{}", self.random.key().as_str());
        lock(&self.oauth).insert(token.clone());
        token
    }

    /// Makes every token of an organisation that exists now worthless.
    pub fn revoke_all(&self) {
        let mut revoked = lock(&self.revoked);
        revoked.extend(lock(&self.discharge_keys).keys().cloned());
    }

    /// Reads an `Authorization` header and keeps the tokens that hold now.
    pub fn authenticate(
        &self,
        header: Option<&str>,
        now_ms: u64,
    ) -> Result<TokenCaller, FlyApiError> {
        let bundle = without_scheme(header.unwrap_or_default());
        let texts: Vec<&str> =
            bundle.split(',').map(str::trim).filter(|text| !text.is_empty()).collect();
        if texts.is_empty() {
            return Err(FlyApiError::token_missing());
        }
        let tokens: Vec<Macaroon> =
            texts.iter().filter_map(|text| Macaroon::decode(text).ok()).collect();
        let mut held = Vec::new();
        for text in &texts {
            if lock(&self.oauth).contains(*text) {
                held.push(HeldToken::OAuth);
            }
        }
        for token in tokens.iter().filter(|token| token.location() == PERMISSION_LOCATION) {
            if let Some(organisation) = self.organisation_of(token, &tokens, now_ms) {
                held.push(HeldToken::Macaroon { organisation, token: token.clone() });
            }
        }
        if held.is_empty() {
            return Err(FlyApiError::token_invalid());
        }
        Ok(TokenCaller(Arc::new(held)))
    }

    /// The organisation of a token whose signature, times and discharges hold.
    fn organisation_of(&self, token: &Macaroon, all: &[Macaroon], now_ms: u64) -> Option<u64> {
        let organisation = u64::from_be_bytes(token.kid().try_into().ok()?);
        let key = lock(&self.keys).get(&organisation).copied()?;
        let signed = token.verify(&key);
        (signed && self.holds(token, all, now_ms)).then_some(organisation)
    }

    fn holds(&self, token: &Macaroon, all: &[Macaroon], now_ms: u64) -> bool {
        let now_s = seconds(now_ms);
        token.caveats().all(|caveat| match caveat {
            Caveat::ValidityWindow { not_before, not_after } => {
                (*not_before..=*not_after).contains(&now_s)
            }
            Caveat::ThirdParty { ticket, .. } => {
                !lock(&self.revoked).contains(ticket) && self.discharged(ticket, all, now_ms)
            }
            _ => true,
        })
    }

    fn discharged(&self, ticket: &[u8], all: &[Macaroon], now_ms: u64) -> bool {
        let Some(key) = lock(&self.discharge_keys).get(ticket).copied() else { return false };
        let answers =
            |token: &&Macaroon| token.kid() == ticket && token.location() == AUTH_LOCATION;
        all.iter().filter(answers).any(|token| token.verify(&key) && self.holds(token, all, now_ms))
    }
}

/// A token and the discharge that it needs.
pub struct MintedToken {
    permission: String,
    discharge: String,
}

impl MintedToken {
    /// Both, as the dashboard shows them.
    pub fn text(&self) -> String {
        format!("FlyV1 {},{}", self.permission, self.discharge)
    }

    /// The permission token alone: what is left when only the part before the comma is copied.
    pub fn without_discharge(&self) -> String {
        format!("FlyV1 {}", self.permission)
    }

    /// As when the end was not copied.
    pub fn cut_off(&self) -> String {
        let end = self.permission.len() - 40;
        format!("FlyV1 {}", &self.permission[..end])
    }

    /// With one character of the signature changed.
    pub fn forged(&self) -> String {
        let (head, tail) = self.permission.split_at(self.permission.len() - 10);
        let (first, rest) = tail.split_at(1);
        let other = if first == "A" { "B" } else { "A" };
        format!("FlyV1 {head}{other}{rest},{}", self.discharge)
    }
}

/// Fly strips the scheme words, however many there are.
fn without_scheme(header: &str) -> &str {
    let mut rest = header.trim();
    while let Some((word, after)) = rest.split_once(' ') {
        if !word.eq_ignore_ascii_case("FlyV1") && !word.eq_ignore_ascii_case("Bearer") {
            break;
        }
        rest = after.trim_start();
    }
    rest
}

fn seconds(ms: u64) -> i64 {
    i64::try_from(ms / 1000).unwrap_or(i64::MAX)
}

fn lock<T>(mutex: &Mutex<T>) -> parking_lot::MutexGuard<'_, T> {
    mutex.lock()
}
