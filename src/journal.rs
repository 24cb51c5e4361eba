//! What was intended and what came of it. The journal is append-only; a run's state is its replay.
//! This module is pure: the store keeps the entries, the provisioner writes them.

use serde::{Deserialize, Serialize};

use crate::plan::{Facts, StepId};
use crate::spec::{Region, Spec};

/// One line of a run's journal. No field can hold a secret or text written by a person or a vendor.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "entry", rename_all = "snake_case")]
pub enum Entry {
    /// The run exists; every name is chosen. Always the first entry, before the first call.
    Opened {
        /// What was asked for.
        spec: Box<Spec>,
    },
    /// About to act. Durable before the call is made.
    Intended {
        /// On which step.
        step: StepId,
        /// To do what.
        action: Action,
    },
    /// It happened, and this is what is known of it.
    Done {
        /// Which step.
        step: StepId,
        /// What happened.
        action: Action,
        /// Ids, addresses, versions.
        facts: Facts,
    },
    /// It certainly did not happen.
    Failed {
        /// Which step.
        step: StepId,
        /// What did not happen.
        action: Action,
        /// Why, as a word of the cloud's closed list of causes.
        cause: String,
    },
    /// Nobody knows whether it happened: observe before acting again.
    InDoubt {
        /// Which step.
        step: StepId,
        /// What may have happened.
        action: Action,
    },
    /// The run moved to another region; what stood in the old one was removed first.
    Placed {
        /// Where it goes on.
        region: Region,
    },
    /// The run now removes what it made.
    Turned,
    /// The run ended.
    Ended {
        /// How.
        end: End,
    },
}

/// What a step is put through.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Action {
    /// Made.
    Create,
    /// Unmade.
    Delete,
}

/// The three legal ends of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum End {
    /// Deployed and proven.
    Deployed,
    /// Nothing is left, observed.
    Removed,
    /// Something is left; the list says exactly what, and teardown removes it later.
    Stuck,
}
