//! What is known of a cloud account before anything is created in it, and why a call to a cloud
//! fails. This module is pure.

use serde::{Deserialize, Serialize};

use crate::spec::{MachineSize, Region, RelayChannel};

#[cfg(test)]
mod tests;

/// Regions that are tried in turn: each takes minutes to say that it is full, and the person waits.
const REGIONS_TRIED_MAX: usize = 3;

/// The largest machine of a trial account has two CPUs (Fly.io's free trial page).
const TRIAL_CPUS_MAX: u32 = 2;

/// What is known of an account before anything is created in it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Account {
    /// The organisations that the credential opens; at least one.
    pub organisations: Vec<Organisation>,
    /// Where machines can be had.
    pub regions: Vec<RegionOffer>,
    /// The region that the vendor calls nearest to us, if it says so.
    pub nearest: Option<Region>,
}

/// One organisation of an account.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Organisation {
    /// As used in calls.
    pub slug: String,
    /// As people read it.
    pub name: String,
    /// The vendor's number of it, which tells it from others: a slug like `personal` is
    /// everybody's. None where the vendor would not say.
    #[serde(default)]
    pub number: Option<u64>,
    /// Whether it may create machines.
    pub standing: OrganisationStatus,
}

/// Whether an organisation may create machines, as far as it can be known beforehand.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OrganisationStatus {
    /// Nothing speaks against it, or the vendor would not say.
    #[serde(rename = "good")]
    Active,
    /// A free trial: machines are stopped after five minutes.
    Trial,
    /// A payment method is missing; the link leads to where it is added.
    PaymentNeeded {
        /// The billing page.
        link: String,
    },
    /// Held for review by the vendor, or suspended.
    #[serde(rename = "held")]
    UnderReview {
        /// Where the person can ask.
        link: String,
    },
}

impl Account {
    /// Whether the credential opens the organisation of this slug.
    pub fn has_organisation(&self, slug: &str) -> bool {
        self.organisations.iter().any(|organisation| organisation.slug == slug)
    }

    /// The regions that an organisation of this standing can have machines in, the nearest first.
    pub fn regions_for(&self, standing: &OrganisationStatus) -> Vec<&RegionOffer> {
        let can_have =
            |offer: &&RegionOffer| *standing != OrganisationStatus::Trial || !offer.paid_only;
        let mut regions: Vec<_> = self.regions.iter().filter(can_have).collect();
        regions.sort_by_key(|offer| Some(&offer.region) != self.nearest.as_ref());
        regions
    }
}

impl Account {
    /// This region and, in case it is full, those nearest to it: a few at most. Without
    /// knowing where it is, only itself.
    pub fn regions_around(&self, first: &Region, standing: &OrganisationStatus) -> Vec<Region> {
        let place_of = |offer: &RegionOffer| offer.place;
        let home = self.regions.iter().find(|offer| offer.region == *first).and_then(place_of);
        let mut others: Vec<(f64, &Region)> = self
            .regions_for(standing)
            .into_iter()
            .filter(|offer| offer.region != *first)
            .filter_map(|offer| Some((home?.distance(offer.place?), &offer.region)))
            .collect();
        others.sort_by(|(one, _), (other, _)| one.total_cmp(other));
        let others = others.into_iter().map(|(_, region)| region);
        [first].into_iter().chain(others).take(REGIONS_TRIED_MAX).cloned().collect()
    }
}

impl GeoPoint {
    /// From degrees.
    pub fn of_degrees(latitude: f64, longitude: f64) -> Self {
        let millidegrees = |degrees: f64| (degrees * 1000.0).round() as i32;
        Self { latitude_mdeg: millidegrees(latitude), longitude_mdeg: millidegrees(longitude) }
    }

    /// How far another place is, as an angle at the centre of the earth (the haversine formula).
    fn distance(self, other: Self) -> f64 {
        let radians = |mdeg: i32| (f64::from(mdeg) / 1000.0).to_radians();
        let (one, two) = (radians(self.latitude_mdeg), radians(other.latitude_mdeg));
        let across = radians(other.longitude_mdeg) - radians(self.longitude_mdeg);
        let haversine = |angle: f64| (angle / 2.0).sin().powi(2);
        2.0 * (haversine(two - one) + one.cos() * two.cos() * haversine(across)).sqrt().asin()
    }
}

impl OrganisationStatus {
    /// The sizes that an organisation of this standing can have.
    pub fn sizes(&self) -> Vec<MachineSize> {
        let can_have = |size: &MachineSize| *self != Self::Trial || size.cpus() <= TRIAL_CPUS_MAX;
        MachineSize::ALL.into_iter().filter(can_have).collect()
    }
}

/// What is known of a person's account with a chat service, which the relay is to speak through.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChatAccount {
    /// Where people find it: the bot's name (`@ada_bot`), or each number that can be used
    /// (`+14155238886`), the usual one first; at least one.
    pub addresses: Vec<ChatAddress>,
}

/// One way to a relay on a chat service.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChatAddress {
    /// As people write it.
    pub name: String,
    /// What it serves already (the host of its webhook), and would serve no more.
    pub serves: Option<String>,
    /// There is no interface that points it at the relay: the person does it by hand.
    pub by_hand: bool,
}

/// The facts about a chat service that people are told.
#[derive(Clone, Copy, Debug)]
pub struct ChatGuide {
    /// The channel that a relay speaks through it.
    pub channel: RelayChannel,
    /// The pages on which a key is made, in the order of their use.
    pub key_pages: &'static [&'static str],
    /// The page on which the owner writes to a relay at this address, if there is one.
    pub chat_page: fn(&str) -> Option<String>,
    /// The address that no interface leads to a relay, if there is one.
    pub manual: Option<ManualAddress>,
}

/// An address that a person leads to a relay by hand.
#[derive(Clone, Copy, Debug)]
pub struct ManualAddress {
    /// As people write it.
    pub name: &'static str,
    /// The page on which it is led.
    pub page: &'static str,
}

/// A point on the earth, in thousandths of a degree.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct GeoPoint {
    /// North of the equator.
    pub latitude_mdeg: i32,
    /// East of Greenwich.
    pub longitude_mdeg: i32,
}

/// A region that machines can be had in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RegionOffer {
    /// As used in calls.
    pub region: Region,
    /// As people read it.
    pub name: String,
    /// Only for paying accounts.
    pub paid_only: bool,
    /// Where it is, if the vendor says so.
    #[serde(default)]
    pub place: Option<GeoPoint>,
}

/// Why a call to a cloud did not do what it should. Named after what the caller does next.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FailureCause {
    /// The token is refused (revoked, expired, out of scope): ask for another one.
    TokenRefused,
    /// The account needs a payment method or credit: show the billing link and wait for the person.
    PaymentNeeded,
    /// The account is under review by the vendor: only the person and the vendor can clear it.
    AccountHeld,
    /// No room here, or a quota of this region: go to the next region.
    #[serde(rename = "no_room")]
    NoCapacity,
    /// Nobody knows whether it happened: observe.
    InDoubt,
    /// It certainly did not happen; the same call may succeed later.
    #[serde(rename = "later")]
    RetryLater {
        /// What the vendor asked for in `Retry-After`, if it did, in milliseconds.
        after_ms: Option<u64>,
    },
    /// A name of ours belongs to somebody else, or what is there is not ours.
    #[serde(rename = "taken")]
    NameTaken,
    /// What was asked about or acted on is not there.
    #[serde(rename = "missing")]
    NotFound,
    /// Somebody else works on the deployment: wait until they are done.
    #[serde(rename = "elsewhere")]
    LockedByOther,
    /// The clock here is wrong, so that nothing we sign is believed: whoever runs us sets it.
    #[serde(rename = "clock_off")]
    ClockSkew,
    /// The request was wrong, or the image cannot be had: a bug of ours, which retrying does not
    /// mend.
    #[serde(rename = "our_fault")]
    InvalidRequest,
}

impl FailureCause {
    /// The kind, without the details of the one call.
    pub fn kind(self) -> FailureKind {
        match self {
            Self::TokenRefused => FailureKind::TokenRefused,
            Self::PaymentNeeded => FailureKind::PaymentNeeded,
            Self::AccountHeld => FailureKind::AccountHeld,
            Self::NoCapacity => FailureKind::NoCapacity,
            Self::InDoubt => FailureKind::InDoubt,
            Self::RetryLater { .. } => FailureKind::RetryLater,
            Self::NameTaken => FailureKind::NameTaken,
            Self::NotFound => FailureKind::NotFound,
            Self::LockedByOther => FailureKind::LockedByOther,
            Self::ClockSkew => FailureKind::ClockSkew,
            Self::InvalidRequest => FailureKind::InvalidRequest,
        }
    }
}

/// A [`FailureCause`] as the journal keeps it. The stored words never change.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FailureKind {
    /// The token was refused.
    TokenRefused,
    /// The account needed a payment method or credit.
    PaymentNeeded,
    /// The vendor was reviewing the account.
    AccountHeld,
    /// The region had no room.
    #[serde(rename = "no_room")]
    NoCapacity,
    /// The effect of the call was unknown.
    InDoubt,
    /// The same call could succeed later.
    #[serde(rename = "later")]
    RetryLater,
    /// A name belonged to somebody else.
    #[serde(rename = "taken")]
    NameTaken,
    /// The resource did not exist.
    #[serde(rename = "missing")]
    NotFound,
    /// Another process or person was at work on the deployment.
    #[serde(rename = "elsewhere")]
    LockedByOther,
    /// The clock of this process was wrong.
    #[serde(rename = "clock_off")]
    ClockSkew,
    /// The request was wrong.
    #[serde(rename = "our_fault")]
    InvalidRequest,
}

/// The thing that a checked credential opens.
#[derive(Clone, Debug, PartialEq)]
pub enum CheckedCredential {
    /// A cloud account.
    Account(Account),
    /// A model.
    Model,
    /// An account with a chat service.
    Chat(ChatAccount),
}
