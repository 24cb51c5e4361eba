//! What an account can be like, by words: to try what is hard to come by in a real one.

use super::accounts::BillingProfile;
use super::{SimulatedFly, regions};

/// Words for [`SimulatedFly::set_billing_profile`], and what they mean.
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

impl SimulatedFly {
    /// From now on, our organisation is like this; whether `word` is one of [`FACES`].
    pub fn set_billing_profile(&self, word: &str) -> bool {
        let (face, full) = match word {
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
        self.show(face);
        self.set_no_machines_in(&full);
        true
    }
}
