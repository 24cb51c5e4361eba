//! A pasted Fly token: cleaned, judged offline, and narrowed. This module is pure.

use std::time::Duration;

use zeroize::Zeroizing;

use super::macaroon::{ActionMask, Caveat, DecodeError, Macaroon, PERMISSION_LOCATION};
use crate::credential_format::{CredentialRejection, JoinedPaste, Vendor, recognise};

#[cfg(test)]
mod tests;

/// The longest paste that is read, in bytes. An organisation's token with its discharges measures
/// about 700 characters; a bundle of several organisations stays far below.
pub const PASTE_MAX: usize = 32 * 1024;

/// The time for which a token of ours stays valid. A deploy takes minutes; this leaves time to fix
/// a payment method in between, and a stolen token opens nothing after it.
pub const WINDOW: Duration = Duration::from_secs(2 * 60 * 60);

/// The tolerated difference between Fly's clock and ours for a token that is "not yet valid".
const SKEW_MAX_S: i64 = 300;

/// The actions in an organisation that a deployment needs.
const NEEDED: ActionMask = Caveat::WRITE | Caveat::CREATE | Caveat::DELETE;

/// The words before a token; with these letters in front of it, each is followed by the rest.
const LABELS: [&str; 4] = ["fm1r_", "fm1a_", "fm2_", "fo1_"];

/// A bundle of macaroons that opens an organisation: permissions and what discharges them.
pub struct FlyToken {
    macaroons: Vec<Macaroon>,
}

/// The interface of Fly that a token goes to; they differ in the scheme they expect.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FlyApi {
    /// The Machines API: `FlyV1`.
    Machines,
    /// REST on api.fly.io: `Bearer`, as flyctl does even for macaroons.
    Platform,
}

impl FlyApi {
    /// The value of `Authorization` for a bundle of macaroons (fly-go, `tokens/tokens.go`).
    pub fn authorization(self, bundle: &str) -> Zeroizing<String> {
        let scheme = match self {
            Self::Machines => "FlyV1 ",
            Self::Platform => "Bearer ",
        };
        Zeroizing::new([scheme, bundle].concat())
    }
}

/// The offline judgement of a pasted token. Only Fly can check its signature.
///
/// A bundle is accepted when one of its permissions suffices; otherwise the refusal is about the
/// first. A permission whose time has not come counts as [`CredentialRejection::RefusedByVendor`].
/// [`CredentialRejection::RefusedByVendor`].
pub fn parse_pasted(pasted: &str, now_ms: u64) -> Result<FlyToken, CredentialRejection> {
    if pasted.trim().is_empty() {
        return Err(CredentialRejection::Empty);
    }
    if pasted.len() > PASTE_MAX {
        return Err(CredentialRejection::TooLong);
    }
    let texts = split(pasted);
    if texts.is_empty() {
        return Err(match recognise(pasted) {
            None | Some(Vendor::Fly) => CredentialRejection::Malformed,
            Some(vendor) => CredentialRejection::OtherVendor { vendor },
        });
    }
    let token = FlyToken::of(&texts)?;
    token.judge_any(i64::try_from(now_ms / 1000).unwrap_or(i64::MAX))?;
    Ok(token)
}

/// The tokens in a paste, without schemes, quotes, white space and other text around them. An
/// underscore occurs in their labels only, so that a label always starts a new one. A comma may be
/// written as in a URL.
fn split(pasted: &str) -> Vec<Zeroizing<String>> {
    let parts = pasted.split([',', ';']).flat_map(|part| part.split("%2C"));
    parts.flat_map(|part| part.split("%2c")).flat_map(split_at_labels).collect()
}

/// A token knows its own length, so it is told from words behind it by decoding.
fn split_at_labels(part: &str) -> Vec<Zeroizing<String>> {
    let joined = JoinedPaste::of(part, |c| c.is_ascii_alphanumeric() || "+/=_-".contains(c));
    let mut starts: Vec<_> = LABELS
        .iter()
        .flat_map(|label| joined.text.match_indices(label).map(|(start, _)| start))
        .collect();
    starts.sort_unstable();
    let ends = starts.iter().skip(1).copied().chain([joined.text.len()]);
    let tokens = starts.iter().zip(ends).map(|(start, end)| {
        let whole = joined.candidates(*start, end).find(|it| Macaroon::decode(it).is_ok());
        whole.unwrap_or(&joined.text[*start..end]).to_owned().into()
    });
    tokens.collect()
}

impl FlyToken {
    /// Reads a bundle that was accepted before, as [`FlyToken::text`] wrote it.
    pub fn read(bundle: &str) -> Result<Self, CredentialRejection> {
        Self::of(&split(bundle))
    }

    /// OAuth tokens beside macaroons are dropped: they cannot be narrowed, and a narrowed bundle
    /// that still held one would be narrowed in name only.
    fn of(texts: &[Zeroizing<String>]) -> Result<Self, CredentialRejection> {
        let macaroons: Vec<_> = texts
            .iter()
            .filter(|text| Macaroon::is_labelled(text))
            .map(|text| Macaroon::decode(text))
            .collect::<Result<_, _>>()
            .map_err(|error| match error {
                DecodeError::NotAToken => CredentialRejection::Malformed,
                DecodeError::CutOff => CredentialRejection::Truncated,
                DecodeError::TooLong => CredentialRejection::TooLong,
            })?;
        if macaroons.is_empty() {
            return Err(CredentialRejection::NotNarrowable);
        }
        Ok(Self { macaroons })
    }

    fn permissions(&self) -> impl Iterator<Item = &Macaroon> {
        self.macaroons.iter().filter(|macaroon| is_permission(macaroon))
    }

    fn judge_any(&self, now_s: i64) -> Result<(), CredentialRejection> {
        let mut verdicts = self.permissions().map(|permission| self.judge_one(permission, now_s));
        let first = verdicts.next().unwrap_or(Err(CredentialRejection::Malformed));
        if first.is_ok() || verdicts.any(|verdict| verdict.is_ok()) { Ok(()) } else { first }
    }

    fn judge_one(&self, permission: &Macaroon, now_s: i64) -> Result<(), CredentialRejection> {
        let discharges =
            self.discharges(permission).ok_or(CredentialRejection::DischargeMissing)?;
        for macaroon in discharges.into_iter().chain([permission]) {
            judge_window(macaroon, now_s)?;
        }
        if permission.caveats().any(is_scoped) {
            return Err(CredentialRejection::AppScoped);
        }
        if permission.caveats().any(is_read_only) {
            return Err(CredentialRejection::ReadOnly);
        }
        Ok(())
    }

    /// The discharges of a permission's third-party caveats; `None` when one is missing.
    fn discharges(&self, permission: &Macaroon) -> Option<Vec<&Macaroon>> {
        let tickets = permission.caveats().filter_map(|caveat| match caveat {
            Caveat::ThirdParty { ticket, .. } => Some(ticket.as_slice()),
            _ => None,
        });
        tickets.map(|ticket| self.macaroons.iter().find(|other| other.kid() == ticket)).collect()
    }

    /// The same bundle with every permission restricted further. Discharges stay as they are: one
    /// that is bound to its permission is bound to all that is narrower than that, too.
    pub fn attenuated(&self, caveats: &[Caveat]) -> Self {
        let mut macaroons = self.macaroons.clone();
        for permission in macaroons.iter_mut().filter(|macaroon| is_permission(macaroon)) {
            caveats.iter().for_each(|caveat| permission.attenuate(caveat.clone()));
        }
        Self { macaroons }
    }

    /// Restricted to `length` from now.
    pub fn narrowed_to_window(&self, now_ms: u64, length: Duration) -> Self {
        let now_s = i64::try_from(now_ms / 1000).unwrap_or(i64::MAX);
        let length_s = i64::try_from(length.as_secs()).unwrap_or(i64::MAX);
        self.attenuated(&[Caveat::ValidityWindow {
            not_before: now_s.saturating_sub(SKEW_MAX_S),
            not_after: now_s.saturating_add(length_s),
        }])
    }

    /// Restricted to these apps, by their numeric ids.
    pub fn narrowed_to_apps(&self, ids: impl IntoIterator<Item = u64>, mask: ActionMask) -> Self {
        self.attenuated(&[Caveat::Apps(ids.into_iter().map(|id| (id, mask)).collect())])
    }

    /// The number of the organisation that all permissions are for, where it is one: Fly has signed
    /// it.
    pub fn only_organisation(&self) -> Option<u64> {
        let mut numbers = self.permissions().map(|permission| {
            permission.caveats().find_map(|caveat| match caveat {
                Caveat::Organization { id, .. } => Some(*id),
                _ => None,
            })
        });
        let first = numbers.next()??;
        numbers.all(|other| other == Some(first)).then_some(first)
    }

    /// The bundle as text, without a scheme.
    pub fn text(&self) -> Zeroizing<String> {
        let mut text = Zeroizing::new(String::new());
        for macaroon in &self.macaroons {
            if !text.is_empty() {
                text.push(',');
            }
            text.push_str(&macaroon.encode());
        }
        text
    }
}

fn is_permission(macaroon: &Macaroon) -> bool {
    macaroon.location() == PERMISSION_LOCATION
}

/// The latest start and the earliest end, in unix seconds.
fn window(macaroon: &Macaroon) -> (Option<i64>, Option<i64>) {
    let windows = || {
        macaroon.caveats().filter_map(|caveat| match caveat {
            Caveat::ValidityWindow { not_before, not_after } => Some((*not_before, *not_after)),
            _ => None,
        })
    };
    (windows().map(|window| window.0).max(), windows().map(|window| window.1).min())
}

fn judge_window(macaroon: &Macaroon, now_s: i64) -> Result<(), CredentialRejection> {
    match window(macaroon) {
        (_, Some(end)) if end <= now_s => Err(CredentialRejection::Expired { at_ms: unix_ms(end) }),
        (Some(start), _) if start > now_s.saturating_add(SKEW_MAX_S) => {
            Err(CredentialRejection::RefusedByVendor)
        }
        _ => Ok(()),
    }
}

fn unix_ms(unix_s: i64) -> u64 {
    u64::try_from(unix_s).unwrap_or(0).saturating_mul(1000)
}

/// Restricted to less than an organisation. App 0 stands for every app.
fn is_scoped(caveat: &Caveat) -> bool {
    match caveat {
        Caveat::Apps(apps) => !apps.contains_key(&0),
        Caveat::Machines(_) | Caveat::Volumes(_) | Caveat::Mutations(_) => true,
        Caveat::FromMachine(_) | Caveat::Other { kind: Caveat::COMMANDS, .. } => true,
        _ => false,
    }
}

fn is_read_only(caveat: &Caveat) -> bool {
    match caveat {
        Caveat::Organization { mask, .. } | Caveat::Action(mask) => mask & NEEDED != NEEDED,
        Caveat::Apps(apps) => apps.values().any(|mask| mask & NEEDED != NEEDED),
        _ => false,
    }
}
