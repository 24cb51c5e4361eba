//! What the roles that deploy work with: vendors, clock, chance and the database.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context, bail};
use textslash::chat_service::ChatServices;
use textslash::clock::Clock;
use textslash::cloud::fly::FlyProvider;
use textslash::cloud::{Cloud, Clouds};
use textslash::config::{Environment, VendorEndpoints};
use textslash::deployment::{Goal, Outcome, StageUpdate};
use textslash::deployments::{Deployments, VendorClients};
use textslash::http::{NetworkTransport, SharedTransport};
use textslash::model::anthropic::Anthropic;
use textslash::onboarding::{self, Catalogue, HostedForms, Onboarding};
use textslash::random::Random;
use textslash::secret::Secret;
use textslash::spec::DeploymentId;
use textslash::store::integrity::{IntegrityResult, START_CHECK_MAX, inspect};
use textslash::store::{self, Database};
use tokio::sync::mpsc;

use crate::report;

/// The owner of what is deployed from this machine without saying for whom.
pub const HERE: &str = "console:console";

pub struct Connections {
    pub transport: SharedTransport,
    pub vendors: VendorClients,
    pub clock: Clock,
    pub random: Random,
    pub database: Database,
}

impl Connections {
    /// Opens the database in `data_dir`; the vendors are called when they are needed.
    pub async fn open(vendors: VendorEndpoints, data_dir: &Path) -> anyhow::Result<Self> {
        let transport: SharedTransport = Arc::new(NetworkTransport::new()?);
        let (clock, chance) = (Clock::system(), Random::system()?);
        let fly = FlyProvider::new(transport.clone(), vendors.fly, clock.clone(), chance.clone());
        let clouds = Clouds::of([Arc::new(fly) as _]);
        let stores = clouds.secret_stores();
        let model = Anthropic::new(transport.clone(), vendors.model, stores.clone());
        let chat_services = ChatServices::new(transport.clone(), vendors.chat_services, stores);
        let path = data_dir.join("textslash.db");
        refuse_damage(&path).await?;
        let database = store::open_watched(&path, &store::SCHEMA).await?;
        let vendors = VendorClients { clouds, chat_services, model: Arc::new(model) };
        Ok(Self { transport, vendors, clock, random: chance, database })
    }

    /// Those that the environment of this process names.
    pub async fn of_environment(environment: &Environment<'_>) -> anyhow::Result<Self> {
        Self::open(VendorEndpoints::read(environment)?, &data_dir(environment)?).await
    }

    /// An onboarding bot on them: what people can choose from, and the credentials that they are
    /// lent.
    pub fn onboarding(
        &self,
        catalogue: Catalogue,
        lent: Vec<Arc<Secret>>,
        forms: Option<HostedForms>,
    ) -> Onboarding {
        Onboarding::new(onboarding::OnboardingSettings {
            database: self.database.clone(),
            clock: self.clock.clone(),
            random: self.random.clone(),
            vendors: self.vendors.clone(),
            catalogue,
            lent,
            forms,
        })
    }

    /// Drives a deployment to its goal, and says each step on the way.
    pub async fn drive(
        &self,
        id: &DeploymentId,
        goal: Goal,
        cloud: &dyn Cloud,
    ) -> anyhow::Result<Outcome> {
        let (progress, told) = mpsc::channel(StageUpdate::CHANNEL);
        let deployments = self.deployments();
        let drive = async {
            let outcome = deployments.drive(id, goal, cloud, &progress).await;
            drop(progress);
            outcome
        };
        let (outcome, ()) = tokio::join!(drive, report::tell_progress(goal, told));
        Ok(outcome?)
    }

    /// The deployments on record here.
    pub fn deployments(&self) -> Deployments {
        let (clock, random) = (self.clock.clone(), self.random.clone());
        Deployments::new(self.database.clone(), clock, random, self.vendors.clone())
    }
}

/// The journals in it say what stands in people's accounts, so no older copy takes its place by
/// itself.
async fn refuse_damage(path: &Path) -> anyhow::Result<()> {
    match inspect(path, START_CHECK_MAX).await? {
        IntegrityResult::Missing | IntegrityResult::Sound => Ok(()),
        IntegrityResult::Unfinished => {
            tracing::warn!(path = %path.display(), "the database is too large to check in time");
            Ok(())
        }
        IntegrityResult::Damaged => bail!(
            "the database {path} is damaged: put a sound copy of it in its place (on Fly, `fly \
             volumes snapshots list VOLUME` and `fly volumes create --snapshot-id ID`), or save \
             what can be read with `sqlite3 {path} .recover | sqlite3 recovered.db` and move \
             recovered.db there; remove {path}-wal and {path}-shm with the damaged file",
            path = path.display()
        ),
    }
}

/// `TEXTSLASH_DATA`, or the place that the XDG base directory specification names.
pub fn data_dir(environment: &Environment<'_>) -> anyhow::Result<PathBuf> {
    if let Some(data) = environment.get("TEXTSLASH_DATA") {
        return Ok(data.into());
    }
    if let Some(data) = environment.get("XDG_DATA_HOME") {
        return Ok(PathBuf::from(data).join("textslash"));
    }
    let home = environment.require("HOME").context("set TEXTSLASH_DATA to a directory of yours")?;
    Ok(PathBuf::from(home).join(".local/share/textslash"))
}
