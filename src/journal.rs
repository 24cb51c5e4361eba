//! What was intended and what came of it. The journal is append-only; a run's state is its replay.
//! This module is pure: the store keeps the entries, the provisioner writes them.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::plan::{Facts, Known, StepId};
use crate::spec::{Region, Spec};

#[cfg(test)]
mod tests;

/// One line of a run's journal. No field can hold a secret or text written by a person or a vendor.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "entry", rename_all = "snake_case")]
pub enum Entry {
    /// The run exists; every name is chosen. Always the first entry, before the first call.
    Opened {
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
    /// It was made, and a look did not show it: it is gone, or lists lag behind. Observe before acting
    /// again.
    Missed {
        /// Which step.
        step: StepId,
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
    /// Given values that only this process holds; doing it again replaces them.
    HandOver,
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

/// What is known of a step from the journal alone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StepState {
    /// Never intended, so it cannot exist.
    Untouched,
    /// Intended, without an outcome yet. After a restart this is as good as in doubt.
    Intended(Action),
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
    facts: Known,
    /// Creates without a known effect, and whether another one followed.
    doubtful: BTreeMap<StepId, bool>,
    adopted: bool,
    turned: bool,
    full: bool,
    proven: bool,
    end: Option<End>,
}

/// A journal that no run can have written: the entry does not fit what stands before it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("entry {seq} of the journal does not fit what stands before it: {why}")]
pub struct Illegal {
    /// Counted from 0.
    pub seq: usize,
    /// Which rule it breaks.
    pub why: &'static str,
}

/// The word with which a `Failed` entry says that the region has no room.
pub const NO_ROOM: &str = "no_room";

impl Run {
    /// The state that these entries lead to.
    ///
    /// # Errors
    /// When an entry does not fit the ones before it.
    pub fn replay<'a>(entries: impl IntoIterator<Item = &'a Entry>) -> Result<Self, Illegal> {
        let mut entries = entries.into_iter().enumerate();
        let Some((_, Entry::Opened { spec })) = entries.next() else {
            return Err(Illegal { seq: 0, why: "a journal begins with Opened" });
        };
        let mut run = Self::opened(spec.as_ref().clone())?;
        for (seq, entry) in entries {
            run.apply(entry).map_err(|why| Illegal { seq, why })?;
        }
        Ok(run)
    }

    fn opened(spec: Spec) -> Result<Self, Illegal> {
        let region = spec.regions.first().cloned();
        Ok(Self {
            region: region.ok_or(Illegal { seq: 0, why: "a spec names a region" })?,
            spec,
            steps: BTreeMap::new(),
            facts: Known::new(),
            doubtful: BTreeMap::new(),
            adopted: false,
            turned: false,
            full: false,
            proven: false,
            end: None,
        })
    }

    /// Takes one more entry.
    ///
    /// # Errors
    /// The rule it breaks; the run is then unchanged.
    pub fn apply(&mut self, entry: &Entry) -> Result<(), &'static str> {
        self.fits(entry)?;
        match entry {
            Entry::Opened { .. } => {}
            Entry::Adopted => self.adopted = true,
            Entry::Intended { step, action } => {
                if *action == Action::Create {
                    self.doubtful.entry(step.clone()).and_modify(|repeated| *repeated = true);
                }
                self.steps.insert(step.clone(), StepState::Intended(*action));
            }
            Entry::Done { step, action, facts } => {
                let explained = self.doubtful.get(step) == Some(&false);
                if explained || *action == Action::Delete {
                    self.doubtful.remove(step);
                }
                let state = if *action == Action::Delete {
                    self.facts.remove(step);
                    StepState::Absent
                } else {
                    self.facts.insert(step.clone(), facts.clone());
                    StepState::Done(facts.clone())
                };
                self.steps.insert(step.clone(), state);
            }
            Entry::Failed { step, cause, .. } => {
                self.full |= cause == NO_ROOM;
                self.steps.insert(step.clone(), StepState::Failed);
            }
            Entry::InDoubt { step, action } => {
                if *action == Action::Create {
                    self.doubtful.entry(step.clone()).or_insert(false);
                }
                self.steps.insert(step.clone(), StepState::InDoubt);
            }
            Entry::Missed { step } => {
                self.steps.insert(step.clone(), StepState::InDoubt);
            }
            Entry::Placed { region } => {
                self.region = region.clone();
                self.full = false;
            }
            Entry::Turned => self.turned = true,
            Entry::Ended { end } => self.proven |= *end == End::Deployed,
        }
        self.end = if let Entry::Ended { end } = entry { Some(*end) } else { None };
        Ok(())
    }

    fn fits(&self, entry: &Entry) -> Result<(), &'static str> {
        if self.end == Some(End::Removed) && *entry != Entry::Turned {
            return Err("after a removal only another removal follows");
        }
        match entry {
            Entry::Opened { .. } => Err("a run is opened once"),
            Entry::Adopted if self.steps.is_empty() && !self.turned => Ok(()),
            Entry::Adopted => Err("a run is adopted before anything else"),
            Entry::Intended { action: Action::Delete, step } => match self.state(step) {
                StepState::Untouched => Err("what was never made is not deleted"),
                StepState::Intended(Action::Create) => Err("an intent waits for its outcome"),
                _ => Ok(()),
            },
            Entry::Intended { action, step } => match self.state(step) {
                _ if self.turned || self.adopted => Err("a run that removes makes nothing"),
                StepState::Intended(_) => Err("an intent waits for its outcome"),
                StepState::Done(_) if *action == Action::Create => Err("it is made already"),
                _ => Ok(()),
            },
            Entry::Done { step, .. } if self.state(step) == StepState::Untouched => {
                Err("an outcome follows an intent")
            }
            Entry::Done { .. } => Ok(()),
            Entry::Failed { step, action, .. } | Entry::InDoubt { step, action } => {
                let expected = StepState::Intended(*action);
                if self.state(step) == expected {
                    Ok(())
                } else {
                    Err("an outcome follows its intent")
                }
            }
            Entry::Missed { step } => match self.state(step) {
                StepState::Done(_) => Ok(()),
                _ => Err("what was never made is not missed"),
            },
            Entry::Placed { .. } if self.turned || self.adopted => {
                Err("a run that removes does not move")
            }
            Entry::Placed { .. } | Entry::Turned => Ok(()),
            Entry::Ended { end: End::Removed } if !self.turned => {
                Err("a removal is turned to first")
            }
            Entry::Ended { end: End::Deployed } if self.turned => Err("a removal deploys nothing"),
            Entry::Ended { .. } if self.open_intents().next().is_some() => {
                Err("an intent waits for its outcome")
            }
            Entry::Ended { .. } => Ok(()),
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

    /// Whether an earlier create may have happened, or may yet happen, without our having seen it. Being
    /// there explains one create only: where another followed the doubtful one, either may have made
    /// it, and the other may still come late.
    pub fn create_in_doubt(&self, step: &StepId) -> bool {
        match self.steps.get(step) {
            None => self.adopted,
            Some(StepState::Intended(Action::Create)) => true,
            Some(_) => self.doubtful.contains_key(step),
        }
    }

    /// The facts of every step that was made and is not known to be gone.
    pub fn known(&self) -> &Known {
        &self.facts
    }

    /// Intents without an outcome: the process that had them died.
    pub fn open_intents(&self) -> impl Iterator<Item = (&StepId, Action)> {
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
    pub fn is_turned(&self) -> bool {
        self.turned
    }

    /// Whether the region in force had no room.
    pub fn is_full(&self) -> bool {
        self.full
    }

    /// Whether it was ever deployed and proven: its volumes may hold what a person wrote.
    pub fn was_proven(&self) -> bool {
        self.proven
    }

    /// How it ended, if it has.
    pub fn end(&self) -> Option<End> {
        self.end
    }
}
