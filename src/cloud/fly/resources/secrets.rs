//! The keys of an app, handed to Fly's secret store. They go away with the app.

use async_trait::async_trait;

use super::app::App;
use crate::cloud::fly::account::FlyAccount;
use crate::cloud::fly::errors::CallFailure;
use crate::cloud::{CloudError, Handover, StepContext};
use crate::machine_env;
use crate::plan::{Facts, Stage, Step, StepId, StepKind, known_facts};
use crate::secret::Secret;
use crate::spec::Role;

/// The keys of the app of this role.
pub(in crate::cloud::fly) struct AppSecrets(pub Role);

/// The version of an app's secrets, which Fly raises each time that they are set.
pub(super) struct SecretsFacts {
    pub(super) version: u64,
}

const VERSION: &str = "version";

impl SecretsFacts {
    pub(in crate::cloud::fly) fn into_facts(self) -> Facts {
        known_facts([(VERSION, Some(self.version.to_string()))])
    }

    /// The facts of the secrets of this role, once they are handed over.
    pub(super) fn known(here: &StepContext<'_>, role: Role) -> Option<Self> {
        let version = here.facts.get(&AppSecrets::id(role))?.get(VERSION)?;
        Some(Self { version: version.parse().ok()? })
    }
}

impl AppSecrets {
    pub(super) fn id(role: Role) -> StepId {
        match role {
            Role::Relay => StepId::new("relay-keys"),
            Role::Vm => StepId::new("vm-keys"),
        }
    }
}

#[async_trait]
impl Handover<FlyAccount> for AppSecrets {
    fn step(&self) -> Step {
        Step {
            id: Self::id(self.0),
            kind: StepKind::Handover { with: App::id(self.0) },
            needs: vec![App::id(self.0)],
            role: Some(self.0),
            stage: Stage::Secrets,
        }
    }

    async fn hand_over(
        &self,
        account: &FlyAccount,
        here: &StepContext<'_>,
    ) -> Result<Facts, CloudError> {
        let app = account.app(here.spec, self.0);
        let keys = account.keys()?;
        let mut secrets: Vec<(&str, &Secret)> = vec![(machine_env::LINK_KEY, &keys.link_key)];
        if self.0 == Role::Relay {
            secrets.push((machine_env::OWNER_KEY, &keys.owner_key));
            secrets.extend(keys.channel_key.as_deref().map(|key| (machine_env::CHANNEL_KEY, key)));
            secrets.extend(keys.model_key.as_deref().map(|key| (machine_env::MODEL_KEY, key)));
        }
        let answer = account.client.set_secrets(&account.token(), app.segment()?, &secrets).await;
        let set = app.settled(answer)?;
        let version = set.version.or(set.version_deprecated);
        let version = version.ok_or_else(|| CallFailure::fact_missing(VERSION))?;
        Ok(SecretsFacts { version }.into_facts())
    }
}
