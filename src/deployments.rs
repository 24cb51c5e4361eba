//! The service under every face of the program: chat, command line and API judge credentials,
//! begin and drive runs, and find, list and remove deployments through it.

use std::sync::Arc;

use tokio::sync::mpsc;

use crate::account::CheckedCredential;
use crate::chat_service::ChatServices;
use crate::clock::Clock;
use crate::cloud::{Cloud, CloudError, Clouds, DeploymentKeys, UnknownCloud};
use crate::credential_format::CredentialRejection;
use crate::deployment::{FoundDeployment, Goal, Outcome, StageUpdate};
use crate::journal::Run;
use crate::model::ModelVendor;
use crate::provisioner::{DriveError, Provisioner, QuotaKey, RunSummary};
use crate::quota::{QuotaExceeded, RecentStarts};
use crate::random::Random;
use crate::secret::{Audience, Secret, SecretKind};
use crate::spec::{CloudKind, DeploymentId, Spec};
use crate::store::Database;

pub use active_runs::{DriveStop, NewDrive, RunEvent, RunResult, RunWatch};

use active_runs::ActiveRuns;

mod active_runs;

/// The vendors that deployments need.
#[derive(Clone)]
pub struct VendorClients {
    /// The clouds on offer.
    pub clouds: Clouds,
    /// The chat services that relays speak through.
    pub chat_services: ChatServices,
    /// The vendor of the model.
    pub model: Arc<dyn ModelVendor>,
}

/// Deployments of everybody, in every cloud.
#[derive(Clone)]
pub struct Deployments {
    provisioner: Provisioner,
    vendors: VendorClients,
    random: Random,
    active: ActiveRuns,
}

/// The credentials of one run, each judged.
#[derive(Clone)]
pub struct RunSecrets {
    /// Opens the cloud account.
    pub token: Arc<Secret>,
    /// The model key, if the agent needs one.
    pub model_key: Option<Arc<Secret>>,
    /// The key of the channel that the relay speaks, if it needs one.
    pub channel_key: Option<Arc<Secret>>,
}

/// An account that is open for one deployment, and the keys that it is given.
pub struct OpenedAccount {
    /// The account.
    pub cloud: Arc<dyn Cloud>,
    /// The keys.
    pub keys: DeploymentKeys,
}

impl Deployments {
    /// The deployments on record in this database, whose schema is [`crate::store::SCHEMA`].
    pub fn new(
        database: impl Into<Database>,
        clock: Clock,
        random: Random,
        vendors: VendorClients,
    ) -> Self {
        let provisioner = Provisioner::new(database, clock, random.clone());
        Self { provisioner, vendors, random, active: ActiveRuns::default() }
    }

    /// The clouds on offer.
    pub fn clouds(&self) -> &Clouds {
        &self.vendors.clouds
    }

    /// Judges a pasted credential without a call, and returns it as narrow as it can be made.
    ///
    /// # Errors
    /// When it is no credential of this kind, or opens too little.
    pub fn check_format(
        &self,
        kind: SecretKind,
        pasted: &str,
    ) -> Result<Arc<Secret>, CredentialRejection> {
        let vendors = &self.vendors;
        match kind {
            SecretKind::ModelKey => vendors.model.check_format(pasted),
            _ => match (vendors.clouds.of_token(kind), vendors.chat_services.of_key(kind)) {
                (Some(provider), _) => provider.check_format(pasted),
                (None, Some(service)) => service.check_format(pasted),
                (None, None) => Err(CredentialRejection::NotOffered),
            },
        }
    }

    /// Asks the vendor what a judged credential opens.
    ///
    /// # Errors
    /// When the vendor refuses it or does not answer.
    pub async fn check(
        &self,
        judged: &Arc<Secret>,
    ) -> Result<CheckedCredential, CredentialRejection> {
        let (kind, vendors) = (judged.kind(), &self.vendors);
        match kind {
            SecretKind::ModelKey => {
                vendors.model.check(judged).await.map(|()| CheckedCredential::Model)
            }
            _ => match (vendors.clouds.of_token(kind), vendors.chat_services.of_key(kind)) {
                (Some(provider), _) => provider.check(judged).await.map(CheckedCredential::Account),
                (None, Some(service)) => service.check(judged).await.map(CheckedCredential::Chat),
                (None, None) => Err(CredentialRejection::NotOffered),
            },
        }
    }

    /// Puts a new deployment on record, before the first call. Returns the quota that is used up,
    /// if one is; nothing is on record then.
    ///
    /// # Errors
    /// When the spec names no region, the id is in use, or the database fails.
    pub async fn begin(
        &self,
        spec: &Spec,
        owner: &str,
        within: Option<QuotaKey>,
    ) -> anyhow::Result<Result<(), QuotaExceeded>> {
        match within {
            Some(within) => self.provisioner.open_within_quota(spec, owner, within).await,
            None => self.provisioner.open(spec, owner).await.map(|_| Ok(())),
        }
    }

    /// Opens the account of a deployment, with new keys for it.
    ///
    /// # Errors
    /// When this program does not deploy to its cloud.
    pub fn open(&self, spec: &Spec, secrets: RunSecrets) -> Result<OpenedAccount, UnknownCloud> {
        let provider = self.vendors.clouds.get(spec.cloud)?;
        let RunSecrets { token, model_key, channel_key } = secrets;
        let stores = Audience::of(provider.secret_stores());
        let keys = DeploymentKeys::candidates(&self.random, model_key, channel_key, &stores);
        Ok(OpenedAccount { cloud: provider.open(token, keys.clone()), keys })
    }

    /// Opens an account to look and to remove.
    ///
    /// # Errors
    /// When this program does not deploy to this cloud.
    pub fn open_for_teardown(
        &self,
        cloud: CloudKind,
        token: Arc<Secret>,
    ) -> Result<Arc<dyn Cloud>, UnknownCloud> {
        Ok(self.vendors.clouds.get(cloud)?.open_for_teardown(token))
    }

    /// Drives a run to its goal in this account, or until only the person can help.
    ///
    /// # Errors
    /// As of [`Provisioner::drive`].
    pub async fn drive(
        &self,
        run: &DeploymentId,
        goal: Goal,
        cloud: &dyn Cloud,
        progress: &mpsc::Sender<StageUpdate>,
    ) -> Result<Outcome, DriveError> {
        self.provisioner.drive(run, goal, cloud, progress).await
    }

    /// Begins a drive that goes on without its watchers; `None` while this process drives the run
    /// already.
    pub fn start(&self, drive: NewDrive) -> Option<RunWatch> {
        self.active.start(self.provisioner.clone(), drive)
    }

    /// Watches the drive of a run from its beginning. `None` when this process has none, or its end
    /// was collected.
    pub fn watch(&self, run: &DeploymentId) -> Option<RunWatch> {
        self.active.watch(run)
    }

    /// Stops the drive of a run, and returns when it has stopped. A stopped drive is like a crashed
    /// one: the next carries on from the journal.
    pub async fn stop(&self, run: &DeploymentId) {
        self.active.stop(run).await;
    }

    /// Waits until every drive that is under way now has ended.
    pub async fn ended(&self) {
        self.active.ended().await;
    }

    /// Stops every drive without waiting for it, as a crash does.
    pub fn abandon(&self) {
        self.active.abandon();
    }

    /// Every deployment on record, or every one of an owner, oldest first.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn list(&self, owner: Option<&str>) -> anyhow::Result<Vec<RunSummary>> {
        self.provisioner.runs(owner).await
    }

    /// The run of one deployment, as its journal tells it.
    ///
    /// # Errors
    /// When the database fails or holds what is not a journal.
    pub async fn run(&self, id: &DeploymentId) -> anyhow::Result<Option<Run>> {
        self.provisioner.run(id).await
    }

    /// When deployments were begun that count towards these quotas now, by anybody.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn recent_starts(&self, within: QuotaKey) -> anyhow::Result<RecentStarts> {
        self.provisioner.recent_starts(within).await
    }

    /// Every deployment of ours in the account that this token opens, on record or not.
    ///
    /// # Errors
    /// When the token opens no cloud of ours, or the cloud does not answer.
    pub async fn find(&self, token: Arc<Secret>) -> Result<Vec<FoundDeployment>, CloudError> {
        match self.vendors.clouds.of_token(token.kind()) {
            Some(provider) => provider.open_for_teardown(token).find().await,
            None => Err(CloudError::token_refused("it is no token of a cloud")),
        }
    }

    /// Puts a deployment on record that was found without any; it can only be removed. One that is
    /// on record is left as it is.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn adopt(
        &self,
        found: &FoundDeployment,
        owner: &str,
    ) -> anyhow::Result<DeploymentId> {
        self.provisioner.adopt(found, owner).await
    }

    /// The relay of a deployment, as the internet finds it; `None` when this program does not
    /// deploy to its cloud.
    pub fn relay_url(&self, spec: &Spec) -> Option<String> {
        Some(self.vendors.clouds.get(spec.cloud).ok()?.relay_url(spec))
    }

    /// Erases the records of deployments that were removed long enough ago.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn erase_removed(&self) -> anyhow::Result<()> {
        self.provisioner.erase_removed().await
    }
}
