//! A deployment as a graph of resources and gates. This module knows no vendor: a cloud writes the
//! plan, the provisioner drives it.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::spec::Role;

/// The name of a step within its plan (`relay-app`), stable across restarts.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct StepId(pub Cow<'static, str>);

impl StepId {
    /// A step of a plan written in code.
    pub const fn new(word: &'static str) -> Self {
        Self(Cow::Borrowed(word))
    }
}

impl std::fmt::Display for StepId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

/// The fact that tells two resources of one step apart: the vendor's id.
pub const ID: &str = "id";

/// What is known of a step that is done: ids, addresses, versions. Never a secret.
pub type Facts = BTreeMap<String, String>;

/// The facts that are known, by name.
pub fn known_facts<const N: usize>(facts: [(&str, Option<String>); N]) -> Facts {
    facts.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?))).collect()
}

/// What is known of every step so far.
pub type StepFacts = BTreeMap<StepId, Facts>;

/// One node of a plan.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// Its name.
    pub id: StepId,
    /// What it is.
    pub kind: StepKind,
    /// The steps that must be done before it.
    pub needs: Vec<StepId>,
    /// The part of the deployment it belongs to, if one.
    pub role: Option<Role>,
    /// How a person sees it in the progress message; several steps may share one.
    pub stage: Stage,
}

impl Step {
    /// Whether it stands in a region.
    pub fn is_regional(&self) -> bool {
        matches!(self.kind, StepKind::Resource { placed: true, .. })
    }

    /// Whether its name is unique where it stands.
    pub fn is_unique(&self) -> bool {
        matches!(self.kind, StepKind::Resource { unique: true, .. })
    }

    /// Whether it goes away by itself when something else does.
    pub fn is_deleted_with_another(&self) -> bool {
        matches!(self.kind, StepKind::Resource { undo: Undo::With(_), .. })
    }

    /// Whether there can be a second one beside it: where names are not unique, a request that the
    /// network delivered twice makes two, and a person may make another.
    pub fn can_duplicate(&self) -> bool {
        matches!(self.kind, StepKind::Resource { undo: Undo::Delete, unique: false, .. })
    }

    /// Whether it costs money while it exists.
    pub fn costs_money(&self) -> bool {
        matches!(self.kind, StepKind::Resource { costs: true, .. })
    }
}

/// What a step is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StepKind {
    /// Something that exists in the account once the step is done.
    Resource {
        /// How it goes away.
        undo: Undo,
        /// It stands in a region and must be made anew when the run moves to another one.
        placed: bool,
        /// It costs money while it exists.
        costs: bool,
        /// Its name is unique where it stands, so that a repeated create cannot make a second one.
        unique: bool,
    },
    /// Values that only this process holds, handed to a resource. Handing over again replaces them,
    /// so a resumed run, which holds new ones, does it again. They go away with `with`.
    Handover {
        /// The resource that takes them.
        with: StepId,
    },
    /// A fact that must hold before what needs it may start. It is waited for, leaves nothing
    /// behind, and holds only in the process that saw it: a resumed run passes it again.
    Gate {
        /// How long it may take, in milliseconds.
        patience_ms: u64,
    },
}

/// How a resource goes away.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Undo {
    /// By a call of its own.
    Delete,
    /// Together with this other resource.
    With(StepId),
}

/// A line of the progress message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Stage {
    /// Reserving names.
    Apps,
    /// Addresses and a network of its own.
    Network,
    /// Handing over the keys.
    Secrets,
    Storage,
    Machines,
    /// Proof: health, a round trip to the agent, and a refused stranger.
    Proof,
}

/// A graph of steps, in an order in which every step stands after what it needs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plan {
    steps: Vec<Step>,
    /// All that each step needs, directly or not.
    foundations: BTreeMap<StepId, BTreeSet<StepId>>,
}

impl Plan {
    /// A plan of these steps.
    ///
    /// # Panics
    /// When a step needs one that does not stand before it, or two share a name: a plan is written
    /// in code, so this is a bug and every test of that cloud finds it.
    pub fn new(steps: Vec<Step>) -> Self {
        let mut foundations: BTreeMap<StepId, BTreeSet<StepId>> = BTreeMap::new();
        for step in &steps {
            let mut under = BTreeSet::new();
            for need in &step.needs {
                let below = foundations.get(need);
                assert!(
                    below.is_some(),
                    "{} needs {need}, which does not stand before it",
                    step.id
                );
                under.extend(below.into_iter().flatten().cloned());
                under.insert(need.clone());
            }
            if let StepKind::Resource { undo: Undo::With(parent), .. }
            | StepKind::Handover { with: parent } = &step.kind
            {
                let known = foundations.contains_key(parent);
                assert!(known, "{} goes with {parent}, unknown before it", step.id);
            }
            let twin = foundations.insert(step.id.clone(), under);
            assert!(twin.is_none(), "two steps are called {}", step.id);
        }
        Self { steps, foundations }
    }

    /// Every step, each after what it needs.
    pub fn steps(&self) -> &[Step] {
        &self.steps
    }

    /// Whether `id` needs `other`, directly or not.
    pub fn depends_on(&self, id: &StepId, other: &StepId) -> bool {
        self.foundations.get(id).is_some_and(|under| under.contains(other))
    }

    /// The resources that go away by a call of their own.
    pub fn deletable(&self) -> impl Iterator<Item = &Step> {
        self.steps
            .iter()
            .filter(|step| matches!(step.kind, StepKind::Resource { undo: Undo::Delete, .. }))
    }

    /// The step of this name.
    pub fn step(&self, id: &StepId) -> Option<&Step> {
        self.steps.iter().find(|step| step.id == *id)
    }
}
