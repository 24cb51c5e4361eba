//! What was intended and what came of it. The journal is append-only; a run's state is its replay.
//! This module is pure: the store keeps the entries, the provisioner writes them.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::account::FailureKind;
use crate::plan::{Facts, StepFacts, StepId};
use crate::spec::{Region, Spec};

#[cfg(test)]
mod tests;

/// One line of a run's journal. No field can hold a secret or text written by a person or a vendor.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "entry", rename_all = "snake_case")]
pub enum JournalEntry {
    /// The run exists; every name is chosen. Always the first entry, before the first call.
    #[serde(rename = "opened")]
    Created {
        /// What was asked for.
        spec: Box<Spec>,
    },
    /// The run was opened for a deployment found in an account without any record of it: every
    /// resource of its plan may exist.
    Adopted,
    /// About to act. Durable before the call is made.
    Intended {
        /// On which step.
        step: StepId,
        /// To do what.
        action: StepAction,
    },
    /// It happened, and this is what is known of it.
    Done {
        /// Which step.
        step: StepId,
        /// What happened.
        action: StepAction,
        /// Ids, addresses, versions.
        facts: Facts,
    },
    /// It certainly did not happen.
    Failed {
        /// Which step.
        step: StepId,
        /// What did not happen.
        action: StepAction,
        /// The kind of failure.
        cause: FailureKind,
    },
    /// Nobody knows whether it happened: observe before acting again.
    InDoubt {
        /// Which step.
        step: StepId,
        /// What may have happened.
        action: StepAction,
    },
    /// It was made, and a look did not show it: it is gone, or lists lag behind. Observe before
    /// acting again.
    #[serde(rename = "missed")]
    NotListed {
        /// Which step.
        step: StepId,
    },
    /// The run moved to another region; what stood in the old one was removed first.
    #[serde(rename = "placed")]
    RegionChanged {
        /// Where it goes on.
        region: Region,
    },
    /// The run now removes what it made.
    #[serde(rename = "turned")]
    TeardownStarted,
    /// The run ended.
    Ended { end: RunEnd },
}

/// What a step is put through.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StepAction {
    Create,
    Delete,
    /// Given values that only this process holds; doing it again replaces them.
    HandOver,
}

/// The three legal ends of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RunEnd {
    /// Deployed and proven.
    Deployed,
    /// Nothing is left, observed.
    Removed,
    /// Something is left; the list says exactly what, and teardown removes it later.
    Stuck,
}

/// What is known of a step from the journal alone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StepState {
    /// Never intended, so it cannot exist.
    Untouched,
    /// Intended, without an outcome yet. After a restart this is as good as in doubt.
    Intended(StepAction),
    /// It is there, with these facts.
    Done(Facts),
    /// It is not there, observed.
    Absent,
    /// The last attempt certainly did not happen.
    Failed,
    /// The last attempt may have happened.
    InDoubt,
}

/// A run as its journal tells it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Run {
    spec: Spec,
    region: Region,
    steps: BTreeMap<StepId, StepState>,
    facts: StepFacts,
    /// Creates without a known effect, and whether another one followed.
    unconfirmed: BTreeMap<StepId, bool>,
    adopted: bool,
    is_teardown: bool,
    is_region_full: bool,
    proven: bool,
    end: Option<RunEnd>,
}

/// A journal that no run can have written: the entry does not fit what stands before it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("entry {seq} of the journal does not fit what stands before it: {why}")]
pub struct InvalidJournal {
    /// Counted from 0.
    pub seq: usize,
    /// Which rule it breaks.
    pub why: &'static str,
}

impl Run {
    /// The state that these entries lead to.
    ///
    /// # Errors
    /// When an entry does not fit the ones before it.
    pub fn replay<'a>(
        entries: impl IntoIterator<Item = &'a JournalEntry>,
    ) -> Result<Self, InvalidJournal> {
        let mut entries = entries.into_iter().enumerate();
        let Some((_, JournalEntry::Created { spec })) = entries.next() else {
            return Err(InvalidJournal { seq: 0, why: "a journal begins with Opened" });
        };
        let mut run = Self::created(spec.as_ref().clone())?;
        for (seq, entry) in entries {
            run.apply(entry).map_err(|why| InvalidJournal { seq, why })?;
        }
        Ok(run)
    }

    fn created(spec: Spec) -> Result<Self, InvalidJournal> {
        let region = spec.regions.first().cloned();
        Ok(Self {
            region: region.ok_or(InvalidJournal { seq: 0, why: "a spec names a region" })?,
            spec,
            steps: BTreeMap::new(),
            facts: StepFacts::new(),
            unconfirmed: BTreeMap::new(),
            adopted: false,
            is_teardown: false,
            is_region_full: false,
            proven: false,
            end: None,
        })
    }

    /// Takes one more entry.
    ///
    /// # Errors
    /// The rule it breaks; the run is then unchanged.
    pub fn apply(&mut self, entry: &JournalEntry) -> Result<(), &'static str> {
        self.check_entry(entry)?;
        match entry {
            JournalEntry::Created { .. } => {}
            JournalEntry::Adopted => self.adopted = true,
            JournalEntry::Intended { step, action } => {
                if *action == StepAction::Create {
                    self.unconfirmed.entry(step.clone()).and_modify(|repeated| *repeated = true);
                }
                self.steps.insert(step.clone(), StepState::Intended(*action));
            }
            JournalEntry::Done { step, action, facts } => {
                let explained = self.unconfirmed.get(step) == Some(&false);
                if explained || *action == StepAction::Delete {
                    self.unconfirmed.remove(step);
                }
                let state = if *action == StepAction::Delete {
                    self.facts.remove(step);
                    StepState::Absent
                } else {
                    self.facts.insert(step.clone(), facts.clone());
                    StepState::Done(facts.clone())
                };
                self.steps.insert(step.clone(), state);
            }
            JournalEntry::Failed { step, cause, .. } => {
                self.is_region_full |= *cause == FailureKind::NoCapacity;
                self.steps.insert(step.clone(), StepState::Failed);
            }
            JournalEntry::InDoubt { step, action } => {
                if *action == StepAction::Create {
                    self.unconfirmed.entry(step.clone()).or_insert(false);
                }
                self.steps.insert(step.clone(), StepState::InDoubt);
            }
            JournalEntry::NotListed { step } => {
                self.steps.insert(step.clone(), StepState::InDoubt);
            }
            JournalEntry::RegionChanged { region } => {
                self.region = region.clone();
                self.is_region_full = false;
            }
            JournalEntry::TeardownStarted => self.is_teardown = true,
            JournalEntry::Ended { end } => self.proven |= *end == RunEnd::Deployed,
        }
        self.end = if let JournalEntry::Ended { end } = entry { Some(*end) } else { None };
        Ok(())
    }

    fn check_entry(&self, entry: &JournalEntry) -> Result<(), &'static str> {
        if self.end == Some(RunEnd::Removed) && *entry != JournalEntry::TeardownStarted {
            return Err("after a removal only another removal follows");
        }
        match entry {
            JournalEntry::Created { .. } => Err("a run is opened once"),
            JournalEntry::Adopted if self.steps.is_empty() && !self.is_teardown => Ok(()),
            JournalEntry::Adopted => Err("a run is adopted before anything else"),
            JournalEntry::Intended { action: StepAction::Delete, step } => match self.state(step) {
                StepState::Untouched => Err("what was never made is not deleted"),
                StepState::Intended(StepAction::Create) => Err("an intent waits for its outcome"),
                _ => Ok(()),
            },
            JournalEntry::Intended { action, step } => match self.state(step) {
                _ if self.is_teardown || self.adopted => Err("a run that removes makes nothing"),
                StepState::Intended(_) => Err("an intent waits for its outcome"),
                StepState::Done(_) if *action == StepAction::Create => Err("it is made already"),
                _ => Ok(()),
            },
            JournalEntry::Done { step, .. } if self.state(step) == StepState::Untouched => {
                Err("an outcome follows an intent")
            }
            JournalEntry::Done { .. } => Ok(()),
            JournalEntry::Failed { step, action, .. } | JournalEntry::InDoubt { step, action } => {
                let expected = StepState::Intended(*action);
                if self.state(step) == expected {
                    Ok(())
                } else {
                    Err("an outcome follows its intent")
                }
            }
            JournalEntry::NotListed { step } => match self.state(step) {
                StepState::Done(_) => Ok(()),
                _ => Err("what was never made is not missed"),
            },
            JournalEntry::RegionChanged { .. } if self.is_teardown || self.adopted => {
                Err("a run that removes does not move")
            }
            JournalEntry::RegionChanged { .. } | JournalEntry::TeardownStarted => Ok(()),
            JournalEntry::Ended { end: RunEnd::Removed } if !self.is_teardown => {
                Err("a removal is turned to first")
            }
            JournalEntry::Ended { end: RunEnd::Deployed } if self.is_teardown => {
                Err("a removal deploys nothing")
            }
            JournalEntry::Ended { .. } if self.open_intents().next().is_some() => {
                Err("an intent waits for its outcome")
            }
            JournalEntry::Ended { .. } => Ok(()),
        }
    }

    /// What was asked for.
    pub fn spec(&self) -> &Spec {
        &self.spec
    }

    /// The region in force.
    pub fn region(&self) -> &Region {
        &self.region
    }

    /// What is known of a step.
    pub fn state(&self, step: &StepId) -> StepState {
        let unknown = if self.adopted { StepState::InDoubt } else { StepState::Untouched };
        self.steps.get(step).cloned().unwrap_or(unknown)
    }

    /// Whether an earlier create may have happened, or may yet happen, without our having seen it.
    /// Being there explains one create only: where another followed the doubtful one, either may
    /// have made it, and the other may still come late.
    pub fn is_create_unconfirmed(&self, step: &StepId) -> bool {
        match self.steps.get(step) {
            None => self.adopted,
            Some(StepState::Intended(StepAction::Create)) => true,
            Some(_) => self.unconfirmed.contains_key(step),
        }
    }

    /// The facts of every step that was made and is not known to be gone.
    pub fn facts(&self) -> &StepFacts {
        &self.facts
    }

    /// Intents without an outcome: the process that had them died.
    pub fn open_intents(&self) -> impl Iterator<Item = (&StepId, StepAction)> {
        self.steps.iter().filter_map(|(id, state)| match state {
            StepState::Intended(action) => Some((id, *action)),
            _ => None,
        })
    }

    /// Whether it was opened for a deployment without any record: it can only be removed.
    pub fn is_adopted(&self) -> bool {
        self.adopted
    }

    /// Whether the run removes what it made.
    pub fn is_teardown(&self) -> bool {
        self.is_teardown
    }

    /// Whether the region in force had no room.
    pub fn is_region_full(&self) -> bool {
        self.is_region_full
    }

    /// Whether it was ever deployed and proven: its volumes may hold what a person wrote.
    pub fn was_proven(&self) -> bool {
        self.proven
    }

    /// How it ended, if it has.
    pub fn end(&self) -> Option<RunEnd> {
        self.end
    }
}
