//! The organisations of the simulated cloud, and what each may do.

use axum::http::StatusCode;

use super::errors::Refusal;
use super::{Fly, lock};

/// An organisation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Organisation {
    /// As tokens name it.
    pub number: u64,
    /// As calls name it.
    pub slug: &'static str,
    /// As people read it.
    pub name: &'static str,
}

impl Organisation {
    /// The person's.
    pub const OURS: Self = Self { number: 4711, slug: "personal", name: "Ada Lovelace" };
    /// Somebody else's.
    pub const OTHER: Self = Self { number: 815, slug: "acme", name: "Acme" };
}

/// How the cloud stands to an organisation.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Face {
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
pub(super) struct Account {
    pub organisation: Organisation,
    pub face: Face,
    /// Where its quota is used up.
    pub over_quota_in: Vec<String>,
    /// Where there is no room for anybody's machines.
    pub no_machines_in: Vec<String>,
    /// Where there is no room for anybody's volumes.
    pub no_volumes_in: Vec<String>,
}

impl Account {
    pub fn all() -> Vec<Self> {
        let account = |organisation| Self {
            organisation,
            face: Face::default(),
            over_quota_in: Vec::new(),
            no_machines_in: Vec::new(),
            no_volumes_in: Vec::new(),
        };
        vec![account(Organisation::OURS), account(Organisation::OTHER)]
    }

    /// The word for it in `billing_status`.
    pub fn billing_status(&self) -> &'static str {
        match self.face {
            Face::Paid | Face::HighRisk => "CURRENT",
            Face::Trial => "TRIAL_ACTIVE",
            Face::TrialEnded => "TRIAL_ENDED",
            Face::NoCard | Face::OneMachine => "SOURCE_REQUIRED",
            Face::Suspended => "SUSPENDED",
        }
    }
}

impl Fly {
    /// From now on, the cloud shows our organisation this face.
    pub fn show(&self, face: Face) {
        self.ours(|account| account.face = face);
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

    fn ours(&self, change: impl FnOnce(&mut Account)) {
        self.account(Organisation::OURS.slug, change);
    }

    pub(super) fn account<R>(&self, slug: &str, look: impl FnOnce(&mut Account) -> R) -> Option<R> {
        lock(&self.accounts).iter_mut().find(|account| account.organisation.slug == slug).map(look)
    }

    /// The organisation that a slug names.
    pub(super) fn organisation(&self, slug: &str) -> Result<Organisation, Refusal> {
        self.account(slug, |account| account.organisation)
            .ok_or_else(|| Refusal::new(StatusCode::NOT_FOUND, "Could not find Organization"))
    }

    /// Refuses what the organisation's standing does not allow at all.
    pub(super) fn check_standing(&self, slug: &str, writes: bool) -> Result<(), Refusal> {
        let draw = self.draw();
        match self.account(slug, |account| account.face.clone()) {
            Some(Face::Suspended) => Err(Refusal::suspended()),
            Some(Face::HighRisk) if writes => Err(Refusal::high_risk(draw)),
            _ => Ok(()),
        }
    }

    /// Refuses a new machine that the organisation may not have here.
    pub(super) fn check_room_for_machine(
        &self,
        slug: &str,
        region: &str,
        machines: usize,
    ) -> Result<(), Refusal> {
        let draw = self.draw();
        let decide = |account: &mut Account| {
            let organisation = account.organisation;
            let is_in = |regions: &[String]| regions.iter().any(|full| full == region);
            match account.face {
                Face::NoCard => return Err(Refusal::payment_needed(slug, draw)),
                Face::OneMachine if machines > 0 => {
                    return Err(Refusal::second_machine_needs_payment(slug, draw));
                }
                Face::TrialEnded => return Err(Refusal::trial_ended(draw)),
                _ => {}
            }
            if is_in(&account.over_quota_in) {
                return Err(Refusal::over_quota(organisation.name, region));
            }
            if is_in(&account.no_machines_in) {
                return Err(Refusal::no_machine_capacity(draw));
            }
            Ok(())
        };
        self.account(slug, decide).unwrap_or(Ok(()))
    }
}

fn owned(regions: &[&str]) -> Vec<String> {
    regions.iter().map(|&region| region.to_owned()).collect()
}
