//! Conditions of an account by name, so that a user can try those that are rare in a real one.

use super::accounts::{BillingProfile, Organisations};
use super::regions;

/// The words for [`Organisations::set_face`], each with its meaning.
pub const FACES: [(&str, &str); 9] = [
    ("paid", "a payment method is on file, and all is well"),
    ("trial", "a free trial: machines are stopped after five minutes"),
    ("trial-ended", "the free trial is over"),
    ("no-card", "there is no payment method, so there is no machine"),
    ("one-machine", "there is no payment method; a second machine is refused"),
    ("held", "every change is refused until the vendor has looked at the account"),
    ("suspended", "every call is refused"),
    ("full-region", "the nearest region has no room for machines"),
    ("full", "no region has room for machines"),
];

impl Organisations {
    /// Puts our organisation into one of [`FACES`]; false when `word` is none of them.
    pub fn set_face(&self, word: &str) -> bool {
        let (profile, full) = match word {
            "paid" => (BillingProfile::Paid, Vec::new()),
            "trial" => (BillingProfile::Trial, Vec::new()),
            "trial-ended" => (BillingProfile::TrialEnded, Vec::new()),
            "no-card" => (BillingProfile::NoCard, Vec::new()),
            "one-machine" => (BillingProfile::OneMachine, Vec::new()),
            "held" => (BillingProfile::HighRisk, Vec::new()),
            "suspended" => (BillingProfile::Suspended, Vec::new()),
            "full-region" => (BillingProfile::Paid, vec![regions::NEAREST]),
            "full" => (BillingProfile::Paid, regions::codes()),
            _ => return false,
        };
        self.set_billing_profile(profile);
        self.set_no_machines_in(&full);
        true
    }
}
