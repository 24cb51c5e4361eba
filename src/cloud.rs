//! The interface of a cloud: [`Provider`] judges its credentials and opens accounts, and the
//! provisioner drives a plan in an account through [`Cloud`].

use std::collections::BTreeMap;
use std::sync::Arc;

use async_trait::async_trait;

pub use crate::account::{Account, FailureCause, Organisation, OrganisationStatus, RegionOffer};
use crate::credential_format::CredentialRejection;
use crate::deployment::FoundDeployment;
use crate::plan::{Facts, Plan, StepFacts, StepId};
use crate::random::Random;
use crate::secret::{Audience, Secret, SecretKind};
use crate::spec::{CloudKind, Region, Spec};

pub use self::plan_table::{Gate, Handover, PlanRow, Resource, TabledAccount};

pub mod fly;
mod plan_table;

/// One cloud, for everybody.
#[async_trait]
pub trait Provider: Send + Sync {
    /// The cloud that this is.
    fn kind(&self) -> CloudKind;

    /// Judges a pasted credential without a call, and returns it as narrow as it can be made
    /// offline.
    ///
    /// # Errors
    /// When it cannot be a credential of this cloud, or opens too little.
    fn check_format(&self, pasted: &str) -> Result<Arc<Secret>, CredentialRejection>;

    /// Asks the cloud about a credential that [`Self::check_format`] returned.
    ///
    /// # Errors
    /// [`CredentialRejection::RefusedByVendor`] when the cloud refuses it,
    /// [`CredentialRejection::VendorUnreachable`] when it gives no usable answer.
    async fn check(&self, token: &Arc<Secret>) -> Result<Account, CredentialRejection>;

    /// Opens an account to deploy into, with the keys of one deployment.
    fn open(&self, token: Arc<Secret>, keys: DeploymentKeys) -> Arc<dyn Cloud>;

    /// Opens an account to look and to remove, which needs no keys.
    fn open_for_teardown(&self, token: Arc<Secret>) -> Arc<dyn Cloud>;

    /// The hosts (as in a URL's authority) that store the keys of a deployment.
    fn secret_stores(&self) -> Vec<String>;

    /// The environment variable from which a command reads the credential.
    fn token_setting(&self) -> &'static str;

    /// The public address of a deployment's relay, without a slash at its end.
    fn relay_url(&self, spec: &Spec) -> String;
}

/// The clouds that this process deploys to.
#[derive(Clone)]
pub struct Clouds {
    providers: Arc<BTreeMap<CloudKind, Arc<dyn Provider>>>,
    kinds: Arc<[CloudKind]>,
}

impl Clouds {
    /// These clouds.
    pub fn of(providers: impl IntoIterator<Item = Arc<dyn Provider>>) -> Self {
        let providers: BTreeMap<_, _> = providers.into_iter().map(|it| (it.kind(), it)).collect();
        let kinds = providers.keys().copied().collect();
        Self { providers: Arc::new(providers), kinds }
    }

    /// The kinds of these clouds, the usual one first.
    pub fn kinds(&self) -> &[CloudKind] {
        &self.kinds
    }

    /// The provider of this cloud.
    ///
    /// # Errors
    /// When this process does not deploy to it.
    pub fn get(&self, kind: CloudKind) -> Result<&dyn Provider, UnknownCloud> {
        self.providers.get(&kind).map(AsRef::as_ref).ok_or(UnknownCloud(kind))
    }

    /// The provider whose credentials are of this kind, if any.
    pub fn of_token(&self, kind: SecretKind) -> Option<&dyn Provider> {
        self.get(CloudKind::of_token(kind)?).ok()
    }

    /// The hosts that store the keys of deployments.
    pub fn secret_stores(&self) -> Vec<String> {
        self.providers.values().flat_map(|provider| provider.secret_stores()).collect()
    }
}

/// A deployment is in a cloud that this process does not deploy to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("this program was not set up for the cloud {}", .0.word())]
pub struct UnknownCloud(pub CloudKind);

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

    /// The page on which a person can see a resource that remains; `None` for other steps.
    fn link(&self, spec: &Spec, step: &StepId) -> Option<String>;
}

/// The credentials that a deployment needs in its own account. All but the model key are made by
/// us, for one deployment, and held only in memory: a run that resumes makes new ones.
#[derive(Clone)]
pub struct DeploymentKeys {
    /// The person's model key; none for the shell agent.
    pub model_key: Option<Arc<Secret>>,
    /// The key of the channel that the relay speaks; none for the web channel.
    pub channel_key: Option<Arc<Secret>>,
    /// The key of the relay's web channel; its holder is the owner.
    pub owner_key: Arc<Secret>,
    /// The key with which relay, VM and provisioner sign.
    pub link_key: Arc<Secret>,
}

impl DeploymentKeys {
    /// New keys for one deployment, which only `audience` (the cloud's secret store) may see.
    pub fn candidates(
        random: &Random,
        model_key: Option<Arc<Secret>>,
        channel_key: Option<Arc<Secret>>,
        audience: &Audience,
    ) -> Self {
        let make = |kind| Arc::new(Secret::new(kind, random.key(), audience.clone()));
        Self {
            model_key,
            channel_key,
            owner_key: make(SecretKind::OwnerKey),
            link_key: make(SecretKind::LinkKey),
        }
    }
}

/// The state of a run at a call for one of its steps.
#[derive(Clone, Copy, Debug)]
pub struct StepContext<'a> {
    /// The specification of the deployment.
    pub spec: &'a Spec,
    /// The region in force (the first of the spec's, or the one a run moved to).
    pub region: &'a Region,
    /// The facts of the steps that are done.
    pub facts: &'a StepFacts,
}

/// The result of looking for a resource.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Observation {
    /// It is not there.
    Absent,
    /// It is being deleted and needs no further call.
    Leaving,
    /// It is there: the facts of each one that matches, the one to keep first.
    Present(Vec<Facts>),
    /// It is there but not as this run needs it (made with other keys, in another region): to be
    /// deleted and made anew.
    Outdated(Vec<Facts>),
}

/// A failed call, for the log: cause, the vendor's request id, and a scrubbed, shortened message.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{cause:?}: {detail}")]
pub struct CloudError {
    /// The cause, which decides the next move.
    pub cause: FailureCause,
    /// The vendor's words without any credential, at most [`CloudError::DETAIL_MAX`] characters.
    pub detail: String,
}

impl CloudError {
    /// The cloud, or a simulated one, refuses the token.
    pub fn token_refused(detail: &str) -> Self {
        Self { cause: FailureCause::TokenRefused, detail: detail.to_owned() }
    }

    /// Long enough for every known vendor message, short enough for a log line.
    pub const DETAIL_MAX: usize = 300;

    /// A call that the program should not have made.
    pub fn our_fault(detail: &str) -> Self {
        Self { cause: FailureCause::InvalidRequest, detail: detail.to_owned() }
    }
}
