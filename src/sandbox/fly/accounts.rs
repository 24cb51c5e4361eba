//! The organisations of the simulated cloud, with their billing profiles and limits.

use std::borrow::Cow;

use axum::http::StatusCode;
use parking_lot::Mutex;

use crate::random::Random;

use super::errors::FlyApiError;
use super::tokens::TokenCaller;

/// An organisation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FlyOrganisation {
    /// The id in tokens.
    pub number: u64,
    /// The name in calls and URLs.
    pub slug: Cow<'static, str>,
    /// The display name.
    pub name: Cow<'static, str>,
}

impl FlyOrganisation {
    /// The organisation that a test or the sandbox deploys to.
    pub const OURS: Self = Self::called(4711, "personal", "Ada Lovelace");
    /// An organisation of other people.
    pub const OTHER: Self = Self::called(815, "acme", "Acme");

    const fn called(number: u64, slug: &'static str, name: &'static str) -> Self {
        Self { number, slug: Cow::Borrowed(slug), name: Cow::Borrowed(name) }
    }

    /// An organisation with a slug and a name made of its number.
    pub fn numbered(number: u64) -> Self {
        let (slug, name) = (format!("org-{number}"), format!("Organisation {number}"));
        Self { number, slug: slug.into(), name: name.into() }
    }
}

/// The payment and trust status of an organisation, which decides what Fly allows it.
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

/// The running time after which Fly stops a machine of a trial, in milliseconds.
pub(super) const TRIAL_RUN_MS: u64 = 300_000;

/// An organisation with its billing profile and limits.
pub(super) struct OrganisationState {
    pub organisation: FlyOrganisation,
    pub billing_profile: BillingProfile,
    /// The regions in which its quota is used up.
    pub over_quota_in: Vec<String>,
    /// The regions without room for machines.
    pub no_machines_in: Vec<String>,
    /// The regions without room for volumes.
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

    /// The value of `billing_status` in Fly's answers.
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

/// Every organisation of the cloud.
pub struct Organisations {
    random: Random,
    all: Mutex<Vec<OrganisationState>>,
}

impl Organisations {
    /// [`FlyOrganisation::OURS`] and [`FlyOrganisation::OTHER`].
    pub(super) fn new(random: Random) -> Self {
        let all = [FlyOrganisation::OURS, FlyOrganisation::OTHER].map(OrganisationState::of);
        Self { random, all: Mutex::new(all.into()) }
    }

    pub(super) fn add(&self, organisation: FlyOrganisation) {
        self.all.lock().push(OrganisationState::of(organisation));
    }

    /// Changes the billing profile of our organisation.
    pub fn set_billing_profile(&self, profile: BillingProfile) {
        self.ours(|account| account.billing_profile = profile);
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

    /// Reads or changes one organisation; `None` when there is none of this slug.
    pub(super) fn account<R>(
        &self,
        slug: &str,
        look: impl FnOnce(&mut OrganisationState) -> R,
    ) -> Option<R> {
        self.all.lock().iter_mut().find(|account| account.organisation.slug == slug).map(look)
    }

    pub(super) fn named(&self, slug: &str) -> Result<FlyOrganisation, FlyApiError> {
        self.account(slug, |account| account.organisation.clone())
            .ok_or_else(|| FlyApiError::new(StatusCode::NOT_FOUND, "Could not find Organization"))
    }

    /// The organisations that the caller's tokens open.
    pub(super) fn of(&self, caller: &TokenCaller) -> Vec<FlyOrganisation> {
        let all: Vec<FlyOrganisation> =
            self.all.lock().iter().map(|account| account.organisation.clone()).collect();
        let numbers: Vec<u64> = all.iter().map(|organisation| organisation.number).collect();
        let opened = caller.organisations(&numbers);
        all.into_iter().filter(|organisation| opened.contains(&organisation.number)).collect()
    }

    /// Refuses every call, or every write, where the billing profile says so.
    pub(super) fn check_standing(&self, slug: &str, writes: bool) -> Result<(), FlyApiError> {
        let draw = self.draw();
        match self.account(slug, |account| account.billing_profile.clone()) {
            Some(BillingProfile::Suspended) => Err(FlyApiError::suspended()),
            Some(BillingProfile::HighRisk) if writes => Err(FlyApiError::high_risk(draw)),
            _ => Ok(()),
        }
    }

    /// Refuses a new machine in `region` to an organisation with this many `machines`.
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

    fn draw(&self) -> u8 {
        let [draw] = self.random.bytes();
        draw
    }
}

fn owned(regions: &[&str]) -> Vec<String> {
    regions.iter().map(|&region| region.to_owned()).collect()
}
