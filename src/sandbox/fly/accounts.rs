//! The organisations of the simulated cloud, and what each may do.

use std::borrow::Cow;

use axum::http::StatusCode;

use super::errors::FlyApiError;
use super::{SimulatedFly, lock};

/// An organisation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FlyOrganisation {
    /// As tokens name it.
    pub number: u64,
    /// As calls name it.
    pub slug: Cow<'static, str>,
    /// As people read it.
    pub name: Cow<'static, str>,
}

impl FlyOrganisation {
    /// The person's.
    pub const OURS: Self = Self::called(4711, "personal", "Ada Lovelace");
    /// Somebody else's.
    pub const OTHER: Self = Self::called(815, "acme", "Acme");

    const fn called(number: u64, slug: &'static str, name: &'static str) -> Self {
        Self { number, slug: Cow::Borrowed(slug), name: Cow::Borrowed(name) }
    }

    /// One of many.
    pub fn numbered(number: u64) -> Self {
        let (slug, name) = (format!("org-{number}"), format!("Organisation {number}"));
        Self { number, slug: slug.into(), name: name.into() }
    }
}

/// How the cloud stands to an organisation.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum BillingProfile {
    /// A card is on file.
    #[default]
    Paid,
    /// Free for a week; machines are stopped after five minutes.
    Trial,
    /// The week is over.
    TrialEnded,
    /// No card: no machine.
    NoCard,
    /// No card: one machine, and no second one.
    OneMachine,
    /// Every write is refused until a person at Fly has looked.
    HighRisk,
    /// Every call is refused.
    Suspended,
}

/// How long a machine of a trial runs.
pub(super) const TRIAL_RUN_MS: u64 = 300_000;

/// An organisation and its standing.
pub(super) struct OrganisationState {
    pub organisation: FlyOrganisation,
    pub billing_profile: BillingProfile,
    /// Where its quota is used up.
    pub over_quota_in: Vec<String>,
    /// Where there is no room for anybody's machines.
    pub no_machines_in: Vec<String>,
    /// Where there is no room for anybody's volumes.
    pub no_volumes_in: Vec<String>,
}

impl OrganisationState {
    pub fn of(organisation: FlyOrganisation) -> Self {
        Self {
            organisation,
            billing_profile: BillingProfile::default(),
            over_quota_in: Vec::new(),
            no_machines_in: Vec::new(),
            no_volumes_in: Vec::new(),
        }
    }

    pub fn all() -> Vec<Self> {
        [FlyOrganisation::OURS, FlyOrganisation::OTHER].map(Self::of).into()
    }

    /// The word for it in `billing_status`.
    pub fn billing_status(&self) -> &'static str {
        match self.billing_profile {
            BillingProfile::Paid | BillingProfile::HighRisk => "CURRENT",
            BillingProfile::Trial => "TRIAL_ACTIVE",
            BillingProfile::TrialEnded => "TRIAL_ENDED",
            BillingProfile::NoCard | BillingProfile::OneMachine => "SOURCE_REQUIRED",
            BillingProfile::Suspended => "SUSPENDED",
        }
    }
}

impl SimulatedFly {
    /// There is one organisation more from now on.
    pub fn add_organisation(&self, organisation: FlyOrganisation) {
        self.issuer.add(organisation.number);
        lock(&self.accounts).push(OrganisationState::of(organisation));
    }

    /// From now on, the cloud shows our organisation this face.
    pub fn show(&self, face: BillingProfile) {
        self.ours(|account| account.billing_profile = face);
    }

    /// Our organisation has used up its quota in these regions.
    pub fn set_over_quota_in(&self, regions: &[&str]) {
        self.ours(|account| account.over_quota_in = owned(regions));
    }

    /// These regions have no room for machines.
    pub fn set_no_machines_in(&self, regions: &[&str]) {
        self.ours(|account| account.no_machines_in = owned(regions));
    }

    /// These regions have no room for volumes.
    pub fn set_no_volumes_in(&self, regions: &[&str]) {
        self.ours(|account| account.no_volumes_in = owned(regions));
    }

    fn ours(&self, change: impl FnOnce(&mut OrganisationState)) {
        self.account(&FlyOrganisation::OURS.slug, change);
    }

    pub(super) fn account<R>(
        &self,
        slug: &str,
        look: impl FnOnce(&mut OrganisationState) -> R,
    ) -> Option<R> {
        lock(&self.accounts).iter_mut().find(|account| account.organisation.slug == slug).map(look)
    }

    /// The organisation that a slug names.
    pub(super) fn organisation(&self, slug: &str) -> Result<FlyOrganisation, FlyApiError> {
        self.account(slug, |account| account.organisation.clone())
            .ok_or_else(|| FlyApiError::new(StatusCode::NOT_FOUND, "Could not find Organization"))
    }

    /// Refuses what the organisation's standing does not allow at all.
    pub(super) fn check_standing(&self, slug: &str, writes: bool) -> Result<(), FlyApiError> {
        let draw = self.draw();
        match self.account(slug, |account| account.billing_profile.clone()) {
            Some(BillingProfile::Suspended) => Err(FlyApiError::suspended()),
            Some(BillingProfile::HighRisk) if writes => Err(FlyApiError::high_risk(draw)),
            _ => Ok(()),
        }
    }

    /// Refuses a new machine that the organisation may not have here.
    pub(super) fn check_room_for_machine(
        &self,
        slug: &str,
        region: &str,
        machines: usize,
    ) -> Result<(), FlyApiError> {
        let draw = self.draw();
        let decide = |account: &mut OrganisationState| {
            let is_in = |regions: &[String]| regions.iter().any(|full| full == region);
            match account.billing_profile {
                BillingProfile::NoCard => return Err(FlyApiError::payment_needed(slug, draw)),
                BillingProfile::OneMachine if machines > 0 => {
                    return Err(FlyApiError::second_machine_needs_payment(slug, draw));
                }
                BillingProfile::TrialEnded => return Err(FlyApiError::trial_ended(draw)),
                _ => {}
            }
            if is_in(&account.over_quota_in) {
                return Err(FlyApiError::over_quota(&account.organisation.name, region));
            }
            if is_in(&account.no_machines_in) {
                return Err(FlyApiError::no_machine_capacity(draw));
            }
            Ok(())
        };
        self.account(slug, decide).unwrap_or(Ok(()))
    }
}

fn owned(regions: &[&str]) -> Vec<String> {
    regions.iter().map(|&region| region.to_owned()).collect()
}
