//! What a cloud account must offer so that the provisioner can drive a plan in it.

use std::sync::Arc;

use async_trait::async_trait;

pub use crate::account::{Account, FailureCause, Organisation, OrganisationStatus, RegionOffer};
use crate::plan::{Facts, Plan, StepFacts, StepId};
use crate::random::Random;
use crate::secret::{Audience, Secret, SecretKind};
use crate::spec::{DeploymentId, Region, Role, Spec};

pub mod fly;

/// An account in a cloud, opened with a credential.
///
/// Only resources that carry the deployment's random id in name and network or metadata are ever
/// adopted or deleted.
#[async_trait]
pub trait Cloud: Send + Sync {
    /// The plan for this spec.
    fn plan(&self, spec: &Spec) -> Plan;

    /// Looks whether a resource exists. All that match are returned, so that a double is seen.
    async fn observe(
        &self,
        here: &StepContext<'_>,
        step: &StepId,
    ) -> Result<Observation, CloudError>;

    /// Makes a resource, or hands over. One request, no retry.
    async fn create(&self, here: &StepContext<'_>, step: &StepId) -> Result<Facts, CloudError>;

    /// Unmakes one observed resource. One request, no retry. Gone already is success.
    async fn delete(
        &self,
        here: &StepContext<'_>,
        step: &StepId,
        found: &Facts,
    ) -> Result<(), CloudError>;

    /// Asks a gate once. `Ok(None)` is "not yet".
    async fn poll_gate(
        &self,
        here: &StepContext<'_>,
        gate: &StepId,
    ) -> Result<Option<Facts>, CloudError>;

    /// Every deployment of ours in this account, found by names and metadata alone.
    async fn find(&self) -> Result<Vec<FoundDeployment>, CloudError>;

    /// Where a person can look at a resource that remains.
    fn link(&self, spec: &Spec, step: &StepId) -> String;
}

/// The credentials that a deployment needs in its own account. All but the model key are made by
/// us, for one deployment, and held only in memory: a run that resumes makes new ones.
#[derive(Clone)]
pub struct DeploymentKeys {
    /// The person's model key; none for the shell agent.
    pub model_key: Option<Arc<Secret>>,
    /// The key of the channel that the relay speaks; none for the web channel.
    pub channel_key: Option<Arc<Secret>>,
    /// Whoever holds it owns the relay's web channel.
    pub owner_key: Arc<Secret>,
    /// What relay, VM and provisioner sign with.
    pub link_key: Arc<Secret>,
}

impl DeploymentKeys {
    /// New keys for one deployment, which only `audience` (the cloud's secret store) may see.
    pub fn candidates(
        chance: &Random,
        model_key: Option<Arc<Secret>>,
        channel_key: Option<Arc<Secret>>,
        audience: &Audience,
    ) -> Self {
        let make = |kind| Arc::new(Secret::new(kind, chance.key(), audience.clone()));
        Self {
            model_key,
            channel_key,
            owner_key: make(SecretKind::OwnerKey),
            link_key: make(SecretKind::LinkKey),
        }
    }
}

/// Where a run stands when a step is put through something.
#[derive(Clone, Copy, Debug)]
pub struct StepContext<'a> {
    /// What was asked for.
    pub spec: &'a Spec,
    /// The region in force (the first of the spec's, or the one a run moved to).
    pub region: &'a Region,
    /// What is known of the steps that are done.
    pub facts: &'a StepFacts,
}

/// What was seen of a resource.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Observation {
    /// It is not there.
    Absent,
    /// It is on its way out and needs no further call.
    Leaving,
    /// It is there: the facts of each one that matches, the one to keep first.
    Present(Vec<Facts>),
    /// It is there but not as this run needs it (made with other keys, in another region): to be
    /// deleted and made anew.
    Outdated(Vec<Facts>),
}

/// A deployment found in an account without any record of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FoundDeployment {
    /// Its id, from name and network.
    pub id: DeploymentId,
    /// The spec as far as names and machines tell; enough to tear it down.
    pub spec: Spec,
    /// Which of its apps are there.
    pub roles: Vec<Role>,
}

/// A failed call, for the log: cause, the vendor's request id, and a scrubbed, shortened message.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{cause:?}: {detail}")]
pub struct CloudError {
    /// What to do next.
    pub cause: FailureCause,
    /// The vendor's words without any credential, at most [`CloudError::DETAIL_MAX`] characters.
    pub detail: String,
}

impl CloudError {
    /// Long enough for every known vendor message, short enough for a log line.
    pub const DETAIL_MAX: usize = 300;
}
