//! What an account can be like, by words: to try what is hard to come by in a real one.

use super::accounts::Face;
use super::{Fly, regions};

/// Words for [`Fly::show_face`], and what they mean.
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

impl Fly {
    /// From now on, our organisation is like this; whether `word` is one of [`FACES`].
    pub fn show_face(&self, word: &str) -> bool {
        let (face, full) = match word {
            "paid" => (Face::Paid, Vec::new()),
            "trial" => (Face::Trial, Vec::new()),
            "trial-ended" => (Face::TrialEnded, Vec::new()),
            "no-card" => (Face::NoCard, Vec::new()),
            "one-machine" => (Face::OneMachine, Vec::new()),
            "held" => (Face::HighRisk, Vec::new()),
            "suspended" => (Face::Suspended, Vec::new()),
            "full-region" => (Face::Paid, vec![regions::NEAREST]),
            "full" => (Face::Paid, regions::codes()),
            _ => return false,
        };
        self.show(face);
        self.set_no_machines_in(&full);
        true
    }
}
